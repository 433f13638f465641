import { PortSet, protocols } from '../net/index.ts';
import type { AllowedPorts } from './types.ts';

/** A port set as documents write it: ports by protocol, protocols by name, or `"all"`. */
export function allowedPorts(set: PortSet): AllowedPorts {
  if (set.isAll) return 'all';
  const named = Object.fromEntries(
    protocols
      .filter((protocol) => set.ranges(protocol).length > 0)
      .map((protocol) => [protocol, set.ranges(protocol).map(({ from, to }) => [from, to] as const)]),
  );
  return set.other ? { ...named, other: true } : named;
}

/** The set that a document's `allowed` means. */
export function portSet(allowed: AllowedPorts): PortSet {
  if (allowed === 'all') return PortSet.all;
  const named = protocols.flatMap((protocol) =>
    (allowed[protocol] ?? []).map(([from, to]) => PortSet.range(protocol, from, to)),
  );
  return PortSet.union(allowed.other === true ? [...named, PortSet.unnamed] : named);
}

/** Orders texts by UTF-16 code units, the order of every id in every document. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
