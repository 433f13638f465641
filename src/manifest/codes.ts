import { entranceCodes } from './entrances/index.ts';
import { networkPolicyCodes } from './network-policy/index.ts';
import { objectCodes } from './objects/index.ts';
import type { CodeDoc } from './raw.ts';
import { byteCodes, textCodes } from './text/index.ts';
import { tierPolicyCodes } from './tier-policy/index.ts';

/** Every diagnostic code that reading can give, with what `podwall help CODE` says about it. */
export const diagnosticCodes: ReadonlyMap<string, CodeDoc> = new Map<string, CodeDoc>([
  ...Object.entries(byteCodes),
  ...Object.entries(textCodes),
  ...Object.entries(objectCodes),
  ...Object.entries(entranceCodes),
  // Codes that both have (names, labels, ports) are told as policies need them.
  ...Object.entries(networkPolicyCodes),
  ...Object.entries(tierPolicyCodes),
]);
