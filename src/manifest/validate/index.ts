export { isCleanMetadata } from './clean-metadata.ts';
export { checkByCrd, isFineByCrd } from './crd.ts';
export type { CrdField, CrdRule, CrdSchema } from './crd.ts';
export { FieldErrors, refuses, reportDuplicates } from './field-error.ts';
export type { FieldError, FieldErrorType, Report } from './field-error.ts';
export {
  dnsLabelProblems,
  dnsSubdomainProblems,
  isDnsLabel,
  isDnsSubdomain,
  isLabelKey,
  isLabelValue,
  isPortName,
  isPortNumber,
  labelKeyProblems,
  labelValueProblems,
  portNameProblems,
  portNumberProblems,
} from './names.ts';
export { validateObjectMeta } from './object-meta.ts';
export type { MetaObject } from './object-meta.ts';
export { readCidr, readLabelSelector, selectsEverything } from './read-selector.ts';
export {
  decode,
  int32,
  intOrString,
  isRecord,
  labelSelectorSchema,
  list,
  objectMetaSchema,
  struct,
  text,
} from './schema.ts';
export type { Schema } from './schema.ts';
export { validateLabelSelector } from './selector.ts';
export type { ExpressionObject, SelectorObject } from './selector.ts';
