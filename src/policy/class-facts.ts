import type { Direction } from '../model/index.ts';
import type { ClassProfiles } from './class-profiles.ts';
import type { ClassTable } from './classes.ts';

/** Where the facts of a class stand: its families as `familyBits` and the directions isolated, its namespace, its list of groups. */
export const fact = { flags: 0, namespace: 1, subject: 2 } as const;
/** How many places the facts of a class take: a power of two, so that they never reach over two lines of the cache. */
export const factSize = 4;
/** Bits of the flags beside `familyBits`: whether NetworkPolicies isolate the class. */
export const isolatedBits: { readonly [direction in Direction]: number } = { ingress: 4, egress: 8 };

/** What is read of a compiled policy. */
interface Tables {
  readonly classes: ClassTable;
  readonly profiles: { readonly [direction in Direction]: ClassProfiles };
  readonly profileOf: { readonly [direction in Direction]: Int32Array };
  readonly subjectOf: Int32Array;
}

/**
 * What every verdict asks of a class, side by side: of 50,000 classes, most are in no cache of the processor, and each table that
 * is asked is one more wait for memory.
 */
export function classFacts({ classes, profiles, profileOf, subjectOf }: Tables): Int32Array {
  const facts = new Int32Array(classes.size * factSize);
  for (let c = 0; c < classes.size; c++) {
    const at = c * factSize;
    const ingress = profiles.ingress.isolates(profileOf.ingress[c]!) ? isolatedBits.ingress : 0;
    const egress = profiles.egress.isolates(profileOf.egress[c]!) ? isolatedBits.egress : 0;
    facts[at + fact.flags] = classes.family[c]! | ingress | egress;
    facts[at + fact.namespace] = classes.namespace[c]!;
    facts[at + fact.subject] = subjectOf[c]!;
  }
  return facts;
}
