import { cidrOfRange, families, formatAddress, formatCidr, lastOf } from '../net/index.ts';
import type { AddressRange } from '../net/index.ts';
import type { Direction } from '../model/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import type { Group } from './groups.ts';

/** What a group may use to or from some addresses: the union over its pods, and whether some pod may less. */
export interface OutsideAccess {
  readonly ports: number;
  readonly partial: boolean;
}

/** Addresses outside that every peer of the map treats alike. */
export interface OutsidePeer {
  readonly id: string;
  readonly ranges: readonly AddressRange[];
  /** By direction and index of the group: what it may use. */
  readonly access: (direction: Direction, group: number) => OutsideAccess;
}

/** The id of a set of addresses: the CIDR, else `first-last`, with `+n` when n more ranges follow. */
export function rangesId(ranges: readonly AddressRange[]): string {
  if (isInternet(ranges)) return 'internet';
  const [first] = ranges;
  if (first === undefined) return '';
  const cidr = cidrOfRange(first);
  const { family } = first;
  const text =
    cidr === undefined
      ? `${formatAddress({ family, value: first.first })}-${formatAddress({ family, value: first.last })}`
      : formatCidr(cidr);
  return ranges.length > 1 ? `${text}+${ranges.length - 1}` : text;
}

/** Whether ranges are all addresses of both families. */
export function isInternet(ranges: readonly AddressRange[]): boolean {
  return (
    ranges.length === 2 &&
    families.every((family, i) => {
      const range = ranges[i]!;
      return range.family === family && range.first === 0n && range.last === lastOf(family);
    })
  );
}

/** What one group may use with every part of the address space. */
interface Profile {
  /** By part: index in `values`. */
  readonly at: Int32Array | number;
  readonly values: readonly OutsideAccess[];
}

/**
 * The address space, cut at the bounds of every ipBlock of the input and put together again where all groups agree:
 * addresses alike in all connections are one peer.
 */
export function outsidePeers(policy: CompiledPolicy, groups: readonly Group[]): readonly OutsidePeer[] {
  const parts = families.flatMap((family) => policy.addressParts(family));
  const profiles = new Map<string, Profile>();
  const profileOf = { ingress: [] as Profile[], egress: [] as Profile[] };
  for (const direction of ['ingress', 'egress'] as const) {
    for (const group of groups)
      profileOf[direction].push(profileFor(policy, direction, group, parts, profiles));
  }

  // Partition refinement: parts begin alike, and every profile that is not the same everywhere tells some apart.
  const mark = new Int32Array(parts.length);
  let next = 1;
  for (const profile of profiles.values()) {
    if (typeof profile.at === 'number') continue;
    const split = new Map<string, number>();
    for (let i = 0; i < parts.length; i++) {
      const key = `${mark[i]!}:${profile.at[i]!}`;
      let to = split.get(key);
      if (to === undefined) split.set(key, (to = next++));
      mark[i] = to;
    }
  }

  const members = new Map<number, number[]>();
  for (let i = 0; i < parts.length; i++) {
    const list = members.get(mark[i]!);
    if (list === undefined) members.set(mark[i]!, [i]);
    else list.push(i);
  }
  return [...members.values()].map((list) => {
    const ranges = joined(list.map((i) => parts[i]!));
    const example = list[0]!;
    return {
      id: rangesId(ranges),
      ranges,
      access: (direction, group) => {
        const { at, values } = profileOf[direction][group]!;
        return values[typeof at === 'number' ? at : at[example]!]!;
      },
    };
  });
}

/** Ranges in ascending order, with neighbours joined. */
export function joined(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const result: AddressRange[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last !== undefined && last.family === range.family && last.last + 1n === range.first) {
      result[result.length - 1] = { ...last, last: range.last };
    } else {
      result.push(range);
    }
  }
  return result;
}

function profileFor(
  policy: CompiledPolicy,
  direction: Direction,
  group: Group,
  parts: readonly AddressRange[],
  known: Map<string, Profile>,
): Profile {
  const { classes, profileOf, ports } = policy.parts;
  if (group.node !== undefined) {
    // Nodes are peers of pods only: what they do outside no policy decides.
    return { at: 0, values: [{ ports: 0, partial: false }] };
  }
  // Classes on the host network have the open profile; a family that a pod lacks is no connection.
  const keys = new Map<string, { readonly c: number; readonly family: number }>();
  for (const c of group.classes.keys()) {
    const family = classes.family[c]!;
    keys.set(`${profileOf[direction][c]!}/${family}`, { c, family });
  }
  const key = `${direction}:${[...keys.keys()].sort().join(',')}`;
  let profile = known.get(key);
  if (profile !== undefined) return profile;

  const columns = [...keys.values()].map(({ c, family }) => {
    const segments = policy.outside(direction, c);
    let at = 0;
    return parts.map((part) => {
      while (segments[at]!.family !== part.family || segments[at]!.last < part.first) at++;
      const bit = part.family === 'IPv4' ? 1 : 2;
      return (family & bit) === 0 ? 0 : segments[at]!.ports;
    });
  });
  const values: OutsideAccess[] = [];
  const ids = new Map<string, number>();
  const at = new Int32Array(parts.length);
  for (let i = 0; i < parts.length; i++) {
    let union = 0;
    for (const column of columns) union = ports.union(union, column[i]!);
    const partial = columns.some((column) => column[i] !== union);
    const valueKey = `${union}:${partial}`;
    let id = ids.get(valueKey);
    if (id === undefined) {
      ids.set(valueKey, (id = values.length));
      values.push({ ports: union, partial });
    }
    at[i] = id;
  }
  if (values.length === 0) values.push({ ports: 0, partial: false });
  profile = { at: values.length === 1 ? 0 : at, values };
  known.set(key, profile);
  return profile;
}
