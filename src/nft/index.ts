export { compileRuleset, podsOnNode, UnenforceableError } from './compile.ts';
export type { ClosedPolicy, RulesetOptions, RulesetReport } from './compile.ts';
export type { ContestedAddress } from './owners.ts';
export { renderJson, renderText } from './render.ts';
export type { ListingNotes } from './render.ts';
export { firstGeneration } from './ruleset.ts';
export type { Generation, NftRule, Ruleset, RuleSource } from './ruleset.ts';
export type { Json } from './syntax.ts';
