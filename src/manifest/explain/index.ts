export { diagnose } from './diagnose.ts';
export type { Judge } from './diagnose.ts';
export type { Case, Finding, Fix } from './finding.ts';
export { claimsWithin, kindOf, listed, short } from './phrases.ts';
export {
  isNullish,
  isWithin,
  onlyFields,
  recordAt,
  samePath,
  valueAt,
  withField,
  withoutFields,
} from './raw-value.ts';
export {
  claimsAt,
  fieldOutsideParent,
  isEmpty,
  labelInSelector,
  misspelledField,
  selectorFields,
} from './shapes.ts';
export { cidrWords, metadataWords, selectorWords } from './words.ts';
export type { Words } from './words.ts';
