import type { ClusterNode, Direction } from '../model/index.ts';
import { families, formatAddress, joined, parseCidr, PortSet, subtract, wholeFamily } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import { familyBits, has } from '../policy/index.ts';
import type { CompiledPolicy, OutsideSegment, PolicyEnd } from '../policy/index.ts';
import { byText } from './literals.ts';

/** Addresses outside that may use the same ports with some pods. */
export interface OpenAddresses {
  readonly ranges: readonly AddressRange[];
  readonly ports: PortSet;
  readonly reach: 'internet' | 'public' | 'private';
}

/** Nodes of the input that may use the same ports, by their addresses alone. */
export interface OpenNodes {
  /** Sorted. */
  readonly nodes: readonly string[];
  readonly ports: PortSet;
}

/** Who gets through by an address. */
export interface Addressed {
  /** Together they are exactly what is open: an address may use what any range with it may. */
  readonly addresses: readonly OpenAddresses[];
  /** Those that are not among the addresses of the whole internet. */
  readonly nodes: readonly OpenNodes[];
}

/**
 * Blocks that are not routed in the internet: https://www.iana.org/assignments/iana-ipv4-special-registry and
 * https://www.iana.org/assignments/iana-ipv6-special-registry, those that clusters use.
 */
const notPublic: readonly AddressRange[] = [
  // IPv4-mapped addresses, which as text would be read as IPv4.
  { family: 'IPv6', first: 0xffff_0000_0000n, last: 0xffff_ffff_ffffn },
  ...[
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.2.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/3',
    '::/127',
    '2001:db8::/32',
    'fc00::/7',
    'fe80::/10',
    'ff00::/8',
  ].flatMap((text) => parseCidr(text)?.cidr ?? []),
];

const publicRanges: { readonly [family in Family]: readonly AddressRange[] } = {
  IPv4: subtract(wholeFamily('IPv4'), notPublic),
  IPv6: subtract(wholeFamily('IPv6'), notPublic),
};

/** Whom classes whose rules say the same of addresses let through by an address; worked out once for them. */
export class AddressTable {
  readonly #policy: CompiledPolicy;
  readonly #known = new Map<string, Addressed>();
  /** Nodes that all policies of the input treat alike. */
  readonly #nodes: readonly { readonly names: string[]; readonly example: ClusterNode }[];

  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
    const { blocks } = policy.parts;
    const groups = new Map<string, { readonly names: string[]; readonly example: ClusterNode }>();
    for (const node of policy.cluster.nodes.values()) {
      // No ipBlock can be held against a node of which the input has no address.
      if (node.addresses.length === 0) continue;
      const parts = node.addresses.map(({ family, value }) => `${family}${blocks.partOf(family, value)}`);
      // Tiers tell nodes apart by their labels too (corner 63).
      const labels = policy.cluster.tierPolicies.length > 0 ? JSON.stringify([...node.labels]) : '';
      const key = `${parts.join()} ${labels}`;
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { names: [node.name], example: node });
      else known.names.push(node.name);
    }
    this.#nodes = [...groups.values()];
  }

  of(direction: Direction, k: number): Addressed {
    const family = this.#policy.parts.classes.family[k]!;
    const key = `${direction} ${family} ${this.#saidOf(direction, k)}`;
    let found = this.#known.get(key);
    if (found === undefined) {
      const { ports } = this.#policy.parts;
      // Corner 37: addresses of a family that the pod lacks cannot reach it, nor it them.
      const here = this.#policy
        .outside(direction, k)
        .filter((segment) => (family & familyBits[segment.family]) !== 0)
        .map((segment) => ({ ...segment, set: ports.set(segment.ports) }));
      const addresses = addressesOf(here);
      // Without tiers a node is known by its addresses alone.
      const isShut = addresses.length === 0 && this.#policy.cluster.tierPolicies.length === 0;
      const c = this.#policy.parts.classes.host[k] === 1 ? -1 : k;
      const open = (one: PolicyEnd, other: PolicyEnd, each: Family): number =>
        this.#policy.pairs.sideAllowed(direction, one, other, each, c);
      found = { addresses, nodes: isShut ? [] : this.#nodesOf(k, addresses, open) };
      this.#known.set(key, found);
    }
    return found;
  }

  /** What the policies of a class say of addresses and nodes, as text: selectors of pods mean neither (corners 13 and 44). */
  #saidOf(direction: Direction, k: number): string {
    const { profiles, profileOf, peers, classes } = this.#policy.parts;
    const of = profiles[direction];
    const profile = profileOf[direction][k]!;
    const { entries } = of;
    const end = of.end(profile);
    let text = `${classes.host[k]!} ${of.tiersOf(profile)}`;
    for (let i = of.start(profile); i < end; i += 2) {
      const peer = entries[i]!;
      if (peers.definition(peer).kind !== 'pods') text += ` ${peer}:${entries[i + 1]!}`;
    }
    return text;
  }

  /** What some choice among policies of equal priority lets through beyond what every choice does (corner 60). */
  ambiguous(direction: Direction, k: number): Addressed {
    const { possible, parts } = this.#policy;
    if (possible === this.#policy) return { addresses: [], nodes: [] };
    const family = parts.classes.family[k]!;
    const { ports } = parts;
    const segments: Segment[] = [];
    const most = possible.outside(direction, k);
    // Both cover the same addresses in the same order.
    let i = 0;
    for (const sure of this.#policy.outside(direction, k)) {
      for (; i < most.length; i++) {
        const other = most[i]!;
        if (other.family !== sure.family || other.first > sure.last) break;
        const first = other.first > sure.first ? other.first : sure.first;
        const last = other.last < sure.last ? other.last : sure.last;
        const set = ports.set(other.ports).minus(ports.set(sure.ports));
        if ((family & familyBits[sure.family]) !== 0)
          segments.push({ family: sure.family, first, last, ports: other.ports, set });
        if (other.last > sure.last) break;
      }
    }
    const c = possible.parts.classes.host[k] === 1 ? -1 : k;
    const open = (one: PolicyEnd, other: PolicyEnd, each: Family): number =>
      ports.minus(
        possible.pairs.sideAllowed(direction, one, other, each, c),
        this.#policy.pairs.sideAllowed(direction, one, other, each, c),
      );
    return { addresses: addressesOf(segments), nodes: this.#nodesOf(k, [], open) };
  }

  /** The addresses of nodes. */
  rangesOf(names: readonly string[]): readonly AddressRange[] {
    return names.flatMap((name) =>
      (this.#policy.cluster.nodes.get(name)?.addresses ?? []).map(({ family, value }) => ({
        family,
        first: value,
        last: value,
      })),
    );
  }

  #nodesOf(
    k: number,
    open: readonly OpenAddresses[],
    allowed: (subject: PolicyEnd, other: PolicyEnd, family: Family) => number,
  ): readonly OpenNodes[] {
    const { classes, ports } = this.#policy.parts;
    const subject: PolicyEnd = { kind: 'pod', pod: classes.pods[classes.example[k]!]! };
    const covering = open.filter(({ reach }) => reach === 'internet');
    const groups = new Map<number, (readonly string[])[]>();
    for (const { names, example } of this.#nodes) {
      // Without its name it is nobody's own node, which is always let through (corner 42).
      const other: PolicyEnd = { kind: 'node', node: { ...example, name: '' } };
      let set = 0;
      for (const family of families) {
        if (!has(subject, family) || !has(other, family)) continue;
        set = ports.union(set, allowed(subject, other, family));
      }
      const known = groups.get(set);
      if (known === undefined) groups.set(set, [names]);
      else known.push(names);
    }
    return Array.from(groups, ([set, nodes]) => ({ nodes, ports: ports.set(set) }))
      .filter((each) => !each.ports.isEmpty && !covering.some((wide) => wide.ports.includes(each.ports)))
      .map((each) => ({ nodes: each.nodes.flat().sort(byText), ports: each.ports }));
  }
}

type Segment = OutsideSegment & { readonly set: PortSet };

function addressesOf(segments: readonly Segment[]): readonly OpenAddresses[] {
  const groups = new Map<string, { ports: PortSet; ranges: AddressRange[] }>();
  let everywhere = PortSet.all;
  for (const { family, first, last, set } of segments) {
    everywhere = everywhere.intersect(set);
    const known = groups.get(set.key);
    const range = { family, first, last };
    if (known === undefined) groups.set(set.key, { ports: set, ranges: [range] });
    else known.ranges.push(range);
  }
  const open: OpenAddresses[] = [];
  // What all addresses may use is said once; others are said with all that they may use.
  const add = (ports: PortSet, unjoined: readonly AddressRange[]): void => {
    const ranges = joined(unjoined);
    open.push({ ports, ranges, reach: reachOf(ranges) });
  };
  if (!everywhere.isEmpty) {
    add(
      everywhere,
      segments.map(({ family, first, last }) => ({ family, first, last })),
    );
  }
  for (const { ports, ranges } of groups.values()) {
    if (!ports.isEmpty && !ports.equals(everywhere)) add(ports, ranges);
  }
  return open;
}

function reachOf(ranges: readonly AddressRange[]): OpenAddresses['reach'] {
  let isSome = false;
  for (const family of families) {
    const own = ranges.filter((range) => range.family === family);
    const left = publicRanges[family].flatMap((range) => subtract(range, own));
    if (left.length === 0) return 'internet';
    isSome ||= publicRanges[family].some((range) => own.some((each) => overlap(range, each)));
  }
  return isSome ? 'public' : 'private';
}

function overlap(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** One address of some ranges: a public one, if there is one. */
export function exampleAddress(ranges: readonly AddressRange[]): string {
  for (const range of ranges) {
    for (const known of publicRanges[range.family]) {
      if (!overlap(known, range)) continue;
      const value = known.first > range.first ? known.first : range.first;
      return formatAddress({ family: range.family, value });
    }
  }
  const [first] = ranges;
  return first === undefined ? '' : formatAddress({ family: first.family, value: first.first });
}
