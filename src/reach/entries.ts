import { families, PortSet } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import { noAccess } from '../policy/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { none } from './accesses.ts';
import type { Accesses } from './accesses.ts';
import { allowedPorts, portSet } from './allowed.ts';
import type { AllowedPorts } from './types.ts';

/** A connection that a document lists for two groups, but for their ids. */
export interface Entry {
  readonly allowed: AllowedPorts;
  readonly family: Family | undefined;
  readonly partial: boolean;
  /** What every pair of the two ends has of it; absent where that is not known apart. */
  readonly least?: PortSet;
  /** Whether it depends on which of several policies of equal priority is applied (corner 60). */
  readonly ambiguous?: true;
}

/** The connections that a document lists for two groups: of both families, then what holds for one only. */
export function entriesOf(policy: CompiledPolicy, accesses: Accesses, filter: PortSet): readonly Entry[] {
  if (accesses === none || accesses === noAccess) return [];
  const { ports } = policy.parts;
  const ids = typeof accesses === 'number' ? [accesses] : [...accesses];
  const list = ids.map((id) => policy.accesses.access(id));
  let both = 0;
  for (const access of list) both = ports.union(both, access.both);
  const entries: Entry[] = [];
  const add = (
    set: PortSet,
    of: (access: (typeof list)[number]) => number,
    family: Family | undefined,
  ): void => {
    if (set.isEmpty) return;
    const least = list.reduce((all, access) => all.intersect(ports.set(of(access))), set);
    entries.push({ allowed: allowedPorts(set), family, partial: !least.equals(set), least });
  };
  add(ports.set(both).intersect(filter), (access) => access.both, undefined);
  for (const family of families) {
    const of = (access: (typeof list)[number]): number => (family === 'IPv4' ? access.only4 : access.only6);
    let union = 0;
    for (const access of list) union = ports.union(union, of(access));
    // Cut first: what is asked about may be the same in both families where the rest is not.
    const more = ports.set(ports.minus(union, both)).intersect(filter);
    // Other protocols have no name of their own in a document: what holds for one family is then written whole.
    const written = more.other ? ports.set(ports.union(union, both)).intersect(filter) : more;
    add(written, (access) => ports.union(access.both, of(access)), family);
  }
  return entries;
}

/** What is possible and not sure: of both families, then of one only. */
export function ambiguousEntries(sure: readonly Entry[], possible: readonly Entry[]): readonly Entry[] {
  const inFamily = (entries: readonly Entry[], family: Family, part: (entry: Entry) => PortSet): PortSet =>
    PortSet.union(entries.filter((entry) => entry.family === undefined || entry.family === family).map(part));
  const whole = ({ allowed }: Entry): PortSet => portSet(allowed);
  const least = (entry: Entry): PortSet => entry.least ?? (entry.partial ? PortSet.none : whole(entry));
  const [in4, in6] = families.map((family) =>
    inFamily(possible, family, whole).minus(inFamily(sure, family, whole)),
  ) as [PortSet, PortSet];
  const both = in4.intersect(in6);
  const parts = [
    { set: both, family: undefined },
    { set: in4.minus(both), family: 'IPv4' as const },
    { set: in6.minus(both), family: 'IPv6' as const },
  ];
  return parts
    .filter(({ set }) => !set.isEmpty)
    .map(({ set, family }) => {
      const isIn = (each: Family): boolean => inFamily(possible, each, least).includes(set);
      const partial = !(family === undefined ? families.every(isIn) : isIn(family));
      return { allowed: allowedPorts(set), family, partial, ambiguous: true };
    });
}
