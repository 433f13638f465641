import type { Cluster, NetworkPolicy, Peer, TierPolicy } from '../model/index.ts';
import { bitsOf, formatAddress, lastOf, parseCidr, subtract } from '../net/index.ts';
import type { Address, AddressRange, Family } from '../net/index.ts';
import { LabPlanError } from './plan.ts';

/** The link-local addresses of the ends of veths, the same on all of them. */
export const linkAddresses = {
  /** A node's, where a pod is at the other end. */
  ofNodeToPod: { IPv4: '169.254.1.1', IPv6: 'fe80::1' },
  /** A node's and the outside's, where the fabric is at the other end. */
  ofNode: { IPv4: '169.254.1.2', IPv6: 'fe80::2' },
  ofOutside: { IPv4: '169.254.1.4', IPv6: 'fe80::4' },
  ofFabric: { IPv4: '169.254.1.3', IPv6: 'fe80::3' },
} as const satisfies { readonly [end: string]: { readonly [family in Family]: string } };

/**
 * Addresses that no interface can have, or that mean something else on every machine: unspecified, loopback, multicast,
 * broadcast, link-local IPv6, IPv4-mapped; and those of the ends of veths.
 */
const unusable: readonly AddressRange[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.1.0/29',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/127',
  '::ffff:0:0/95',
  'fe80::/10',
  'ff00::/8',
].map(block);

/** An IPv6 block of mapped addresses is written with a prefix below 96, for it is read as IPv4 otherwise. */
function block(text: string): AddressRange {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new LabPlanError(`${text} is no block`);
  return parsed.cidr;
}

/** Whether an interface of the lab can have an address. */
export function isUsable({ family, value }: Address): boolean {
  return !unusable.some((range) => range.family === family && range.first <= value && value <= range.last);
}

/** What makes addresses that mean the same be equal. */
export function keyOf(address: Address): string {
  return formatAddress(address);
}

/** An address with the prefix that means it alone: `10.244.0.5/32`. */
export function hostPrefix(address: Address): string {
  return `${formatAddress(address)}/${bitsOf(address.family)}`;
}

/** Which addresses are given, and to whom more are given from. */
export class AddressPool {
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, bigint>();
  readonly #ranges = new Map<string, AddressRange>();
  readonly #blocks: readonly PolicyBlock[];
  readonly #held: ReadonlySet<string>;

  /**
   * @param blocks - of policies: addresses that are made up lie outside of them where that is possible
   * @param held - addresses that can be taken by who had them, and are not given to others
   */
  constructor(blocks: readonly PolicyBlock[], held: Iterable<Address> = []) {
    this.#blocks = blocks;
    this.#held = new Set(Array.from(held, keyOf));
  }

  isTaken(address: Address): boolean {
    return this.#taken.has(keyOf(address));
  }

  /** Takes an address, unless no interface can have it or somebody has taken it. */
  take(address: Address): boolean {
    if (!isUsable(address) || this.isTaken(address)) return false;
    this.#taken.add(keyOf(address));
    return true;
  }

  /** Takes a free address for pods, nodes or Services. */
  give(use: Use, family: Family): Address {
    const range = this.#rangeOf(use, family);
    const key = `${use} ${family}`;
    // The first address of a range is left alone: people take it for the network's.
    for (let value = this.#next.get(key) ?? range.first + 1n; value <= range.last; value++) {
      this.#next.set(key, value + 1n);
      const address = { family, value };
      if (!this.#held.has(keyOf(address)) && this.take(address)) return address;
    }
    throw new LabPlanError(`there is no ${family} address left for ${use}`);
  }

  /**
   * The first range that the fewest blocks of policies match, so that a made-up address is judged as one that is not known:
   * no block means it. A block for everything but private addresses does not match private ones.
   */
  #rangeOf(use: Use, family: Family): AddressRange {
    const key = `${use} ${family}`;
    let chosen = this.#ranges.get(key);
    if (chosen !== undefined) return chosen;
    let fewest = Infinity;
    for (const range of ranges[use][family].map(block)) {
      const matching = this.#blocks.filter((each) => overlaps(each, range)).length;
      if (matching >= fewest) continue;
      fewest = matching;
      chosen = range;
    }
    if (chosen === undefined) throw new LabPlanError(`there is no ${family} range for ${use}`);
    this.#ranges.set(key, chosen);
    return chosen;
  }
}

/** Whom addresses are made up for. */
export type Use = 'pods' | 'nodes' | 'Services' | 'load balancers';

// What kubeadm, k3s, kind and MetalLB give, ranges for shared use (RFC 6598), for measuring (RFC 2544), for documents.
const ranges: { readonly [use in Use]: { readonly [family in Family]: readonly string[] } } = {
  pods: {
    IPv4: ['10.244.0.0/16', '172.30.0.0/16', '192.168.128.0/18', '100.64.0.0/16', '198.18.0.0/17'],
    IPv6: ['fd00:10:244::/64', 'fd42:244::/64', '2001:db8:244::/64'],
  },
  nodes: {
    IPv4: ['172.18.0.0/16', '10.89.0.0/16', '192.168.192.0/20', '100.65.0.0/16', '198.18.128.0/18'],
    IPv6: ['fd00:172:18::/64', 'fd42:18::/64', '2001:db8:18::/64'],
  },
  Services: {
    IPv4: ['10.96.0.0/16', '172.31.0.0/16', '192.168.208.0/20', '100.66.0.0/16', '198.18.192.0/18'],
    IPv6: ['fd00:10:96::/112', 'fd42:96::/112', '2001:db8:96::/112'],
  },
  'load balancers': {
    IPv4: ['192.0.2.0/24', '198.51.100.0/24', '100.67.0.0/16'],
    IPv6: ['2001:db8:1b::/64', 'fd42:1b::/64'],
  },
};

/** A block of a policy with what is cut out of it. */
export interface PolicyBlock {
  readonly cidr: AddressRange;
  readonly except: readonly AddressRange[];
}

function overlaps({ cidr, except }: PolicyBlock, range: AddressRange): boolean {
  if (cidr.family !== range.family || cidr.first > range.last || range.first > cidr.last) return false;
  const shared: AddressRange = {
    family: range.family,
    first: cidr.first > range.first ? cidr.first : range.first,
    last: cidr.last < range.last ? cidr.last : range.last,
  };
  return subtract(shared, except).length > 0;
}

/** All blocks that policies mention. */
export function blocksOf(cluster: Cluster): readonly PolicyBlock[] {
  return [...cluster.policies.flatMap(blocksOfPolicy), ...cluster.tierPolicies.flatMap(blocksOfTier)];
}

function blocksOfPolicy(policy: NetworkPolicy): readonly PolicyBlock[] {
  return [policy.ingress, policy.egress].flatMap((spec) => {
    if (spec.kind === 'unaffected') return [];
    return spec.rules.flatMap(({ peers }) => (peers.kind === 'any' ? [] : peers.peers.filter(isBlock)));
  });
}

function isBlock(peer: Peer): peer is Peer & { readonly kind: 'ipBlock' } {
  return peer.kind === 'ipBlock';
}

function blocksOfTier({ egress, ingress }: TierPolicy): readonly PolicyBlock[] {
  return [...ingress, ...egress].flatMap(({ peers }) =>
    peers.flatMap((peer) =>
      peer.kind === 'networks' ? peer.cidrs.map((cidr) => ({ cidr, except: [] })) : [],
    ),
  );
}

/**
 * Addresses outside that tell the blocks of policies apart: on both sides of every bound of a block or `except` the nearest
 * that is free, and one that stands for the internet.
 *
 * @param pool - what is taken; it takes those that are chosen too
 * @returns by family, the internet first, at most `most` of each; and how many bounds had to be left out
 */
export function outsideAddresses(
  blocks: readonly PolicyBlock[],
  families: readonly Family[],
  pool: AddressPool,
  most: number,
): { readonly addresses: readonly Address[]; readonly leftOut: number } {
  const addresses: Address[] = [];
  let leftOut = 0;
  for (const family of families) {
    const wanted = wantedAddresses(blocks, family);
    const kept = spread(wanted, Math.max(0, most - 1));
    leftOut += wanted.length - kept.length;
    const found: Address[] = [];
    const add = (address: Address | undefined): void => {
      if (address !== undefined && pool.take(address)) found.push(address);
    };
    const internet = wellKnown[family];
    add(nearest({ family, first: internet, last: lastOf(family) }, 'first', pool));
    for (const { range, from } of kept) add(nearest(range, from, pool));
    addresses.push(...found);
  }
  return { addresses, leftOut };
}

/** 203.0.113.10 and 2001:db8:113::10, of the ranges for documents: the internet. */
const wellKnown: { readonly [family in Family]: bigint } = {
  IPv4: block('203.0.113.10/32').first,
  IPv6: block('2001:db8:113::10/128').first,
};

/** A part between two bounds, and from which side of it an address is wanted. */
interface Wanted {
  readonly range: AddressRange;
  readonly from: 'first' | 'last';
}

function wantedAddresses(blocks: readonly PolicyBlock[], family: Family): readonly Wanted[] {
  const bounds = new Set<bigint>();
  for (const { cidr, except } of blocks) {
    for (const range of [cidr, ...except]) {
      if (range.family !== family) continue;
      bounds.add(range.first);
      bounds.add(range.last + 1n);
    }
  }
  bounds.delete(0n);
  bounds.delete(lastOf(family) + 1n);
  const starts = [0n, ...[...bounds].sort((a, b) => (a < b ? -1 : 1))];
  return starts.flatMap((first, i): Wanted[] => {
    const next = starts[i + 1];
    const range = { family, first, last: next === undefined ? lastOf(family) : next - 1n };
    return [
      // A family's own ends are nobody's bounds.
      ...(i === 0 ? [] : [{ range, from: 'first' } as const]),
      ...(next === undefined || range.first === range.last ? [] : [{ range, from: 'last' } as const]),
    ];
  });
}

/** So many of a list, evenly. */
function spread<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]!);
}

/** The free address that is nearest to an end of a range; `undefined` when it has none. */
function nearest(range: AddressRange, from: 'first' | 'last', pool: AddressPool): Address | undefined {
  const { family } = range;
  let value = from === 'first' ? range.first : range.last;
  while (range.first <= value && value <= range.last) {
    const hurdle = unusable.find(
      (each) => each.family === family && each.first <= value && value <= each.last,
    );
    if (hurdle !== undefined) {
      value = from === 'first' ? hurdle.last + 1n : hurdle.first - 1n;
    } else if (pool.isTaken({ family, value })) {
      value += from === 'first' ? 1n : -1n;
    } else {
      return { family, value };
    }
  }
  return undefined;
}

/** The families that blocks name. */
export function familiesOf(blocks: readonly PolicyBlock[]): ReadonlySet<Family> {
  return new Set(blocks.map(({ cidr }) => cidr.family));
}
