import { cidrOfRange, families, formatAddress, formatCidr, parseRange } from '../net/index.ts';
import { subtract, wholeFamily, type AddressRange } from '../net/index.ts';
import type { MapPeer } from '../reach/index.ts';
import { visible } from './text.ts';

/** Words that answers use for themselves, so that a workload of that name keeps its namespace. */
const reserved: ReadonlySet<string> = new Set(['internet', 'everyone', 'all', 'each other', 'node']);

const capitalA = 0x41;
const capitalZ = 0x5a;

/** The parts of `namespace/Kind/name`; `undefined` for ids of another shape. */
export function partsOf(
  id: string,
): { readonly namespace: string; readonly kind: string; readonly name: string } | undefined {
  const first = namespaceLength(id);
  if (first < 0) return undefined;
  const second = id.indexOf('/', first + 1);
  return { namespace: id.slice(0, first), kind: id.slice(first + 1, second), name: id.slice(second + 1) };
}

/** How long the namespace is in `namespace/Kind/name`; -1 for ids of another shape. */
function namespaceLength(id: string): number {
  const first = id.indexOf('/');
  if (first <= 0 || !id.includes('/', first + 1)) return -1;
  // `ingress/ns/name` is an entry point and `10.0.0.0/8` is none of ours: kinds begin with a capital letter.
  const letter = id.charCodeAt(first + 1);
  return letter < capitalA || letter > capitalZ ? -1 : first;
}

/** `app/Deployment/backend` as `app/backend`; other ids as they are. Not checked for being unambiguous. */
export function briefId(id: string): string {
  const parts = partsOf(id);
  return visible(parts === undefined ? id : `${parts.namespace}/${parts.name}`);
}

/** As `briefId` of the peer of a map that stands without its fellows: all addresses of a family are the internet. */
export function briefPeer(id: string): string {
  const family = families.find((each) => id === rangeText(wholeFamily(each)));
  return family === undefined ? briefId(id) : `internet (${family})`;
}

/** How one answer speaks of its peers: the shortest names that no two of them share. */
export interface Names {
  /** For people: `backend`, `app/backend` or `app/Deployment/backend`; addresses as `internet` or CIDRs. */
  readonly short: (id: string) => string;
  /** For a command line: as `short`, but never without namespace. */
  readonly operand: (id: string) => string;
  /** The namespace of a workload or pod, of a namespace itself; `undefined` for other peers. Told the peer, it need not look. */
  readonly namespaceOf: (id: string, peer?: MapPeer) => string | undefined;
}

/** What an answer speaks of in one namespace; looked through when one of these is first named, for most never are. */
class Crowd {
  readonly namespace: string;
  readonly peers: MapPeer[] = [];
  readonly others: string[] = [];
  #byId: ReadonlyMap<string, MapPeer> | undefined;
  #kinds: ReadonlyMap<string, string> | undefined;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  get byId(): ReadonlyMap<string, MapPeer> {
    return (this.#byId ??= new Map(this.peers.map((peer) => [peer.id, peer])));
  }

  /** By name: its kind, or `several`. */
  get kinds(): ReadonlyMap<string, string> {
    if (this.#kinds === undefined) {
      const kinds = new Map<string, string>();
      const use = (id: string): void => {
        const parts = partsOf(id);
        if (parts === undefined) return;
        const kind = kinds.get(parts.name);
        if (kind === undefined) kinds.set(parts.name, parts.kind);
        else if (kind !== parts.kind) kinds.set(parts.name, several);
      };
      for (const { id } of this.peers) use(id);
      for (const id of this.others) use(id);
      this.#kinds = kinds;
    }
    return this.#kinds;
  }
}

/** What an answer speaks of, by namespace. */
class Crowds {
  readonly #byNamespace = new Map<string, Crowd>();
  /** Ids of one namespace mostly follow each other. */
  #last: Crowd | undefined;

  /** How many namespaces there are. */
  get size(): number {
    return this.#byNamespace.size;
  }

  /** The crowd that an id belongs to; `undefined` for ids of another shape than `namespace/Kind/name`. */
  add(id: string): Crowd | undefined {
    const length = namespaceLength(id);
    if (length < 0) return undefined;
    let crowd = this.#find(id, length);
    if (crowd === undefined) {
      const namespace = id.slice(0, length);
      this.#byNamespace.set(namespace, (crowd = new Crowd(namespace)));
    }
    return (this.#last = crowd);
  }

  /** The same; `undefined` too where there is none yet. */
  find(id: string): Crowd | undefined {
    const length = namespaceLength(id);
    if (length < 0) return undefined;
    const crowd = this.#find(id, length);
    if (crowd !== undefined) this.#last = crowd;
    return crowd;
  }

  #find(id: string, length: number): Crowd | undefined {
    const last = this.#last?.namespace;
    if (last?.length === length && id.startsWith(last)) return this.#last;
    return this.#byNamespace.get(id.slice(0, length));
  }
}

/** In place of a kind, which begins with a capital letter. */
const several = 'several';

/**
 * Names for the peers of a map.
 *
 * @param others - ids that the answer also speaks of, and that must not be confused with its peers
 */
export function namesOf(peers: readonly MapPeer[], others: readonly string[] = []): Names {
  const crowds = new Crowds();
  /** Peers that are in no namespace, by id. */
  const rest = new Map<string, MapPeer>();
  for (const peer of peers) {
    const crowd = standsForPods(peer) ? crowds.add(peer.id) : undefined;
    if (crowd === undefined) rest.set(peer.id, peer);
    else crowd.peers.push(peer);
  }
  for (const id of others) if (!rest.has(id)) crowds.add(id)?.others.push(id);
  const find = (id: string): MapPeer | undefined => rest.get(id) ?? crowds.find(id)?.byId.get(id);
  const withKind = (id: string, parts: { readonly namespace: string; readonly name: string }): string => {
    const isShared = crowds.find(id)?.kinds.get(parts.name) === several;
    return isShared ? id : `${parts.namespace}/${parts.name}`;
  };
  const isWorkload = (id: string): boolean => {
    const peer = find(id);
    return peer === undefined || standsForPods(peer);
  };
  const cache = new Map<string, string>();
  const work = (id: string): string => {
    const peer = find(id);
    if (peer?.ranges !== undefined) return addressesText(peer.ranges);
    const parts = isWorkload(id) ? partsOf(id) : undefined;
    if (parts === undefined) return id;
    const operand = withKind(id, parts);
    if (crowds.size !== 1 || operand === id) return operand;
    const namesake = rest.get(parts.name);
    const isOther = namesake !== undefined && !standsForPods(namesake);
    return reserved.has(parts.name) || isOther ? operand : parts.name;
  };
  return {
    short: (id) => {
      let name = cache.get(id);
      if (name === undefined) {
        name = visible(work(id));
        cache.set(id, name);
      }
      return name;
    },
    operand: (id) => {
      const peer = find(id);
      const parts = isWorkload(id) ? partsOf(id) : undefined;
      if (parts !== undefined) return withKind(id, parts);
      return peer?.kind === 'namespace' && !id.endsWith('/*') ? `${id}/*` : id;
    },
    namespaceOf: (id, peer = find(id)) => {
      if (peer === undefined || standsForPods(peer)) return (crowds.find(id) ?? partsOf(id))?.namespace;
      return peer.kind === 'namespace' ? id : undefined;
    },
  };
}

/** Whether the id of a peer is that of a workload or pod. */
function standsForPods({ kind }: MapPeer): boolean {
  return kind === 'workload' || kind === 'pod';
}

/** RFC 1918. */
const privateRanges = '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16';

/** Longer lists of addresses are said by their first and how many more. */
const longestAddresses = 30;

/**
 * Addresses in few words: `internet`, `internet (IPv4)`, `10.0.0.0/8, fd00::/8`, `internet (IPv4) except 10.0.0.0/8`.
 *
 * @param ranges - `[first, last]` in canonical text, as `MapPeer.ranges`
 */
export function addressesText(ranges: readonly (readonly [string, string])[]): string {
  const merged = mergedRanges(ranges);
  const texts: string[] = [];
  const whole: string[] = [];
  const named: string[] = [];
  for (const family of families) {
    const own = merged.filter((range) => range.family === family);
    const gaps = subtract(wholeFamily(family), own);
    if (own.length === 0) continue;
    if (gaps.length === 0) {
      whole.push(family);
    } else if (isMost(own, family) && gaps.length <= 3) {
      const without = gaps.map(rangeText).join(', ');
      texts.push(`internet (${family}) except ${without === privateRanges ? 'private ranges' : without}`);
    } else {
      named.push(...own.map(rangeText));
    }
  }
  if (whole.length === families.length) return 'internet';
  if (named.length > 0) {
    const shown =
      named.slice(0, 2).join(', ').length <= longestAddresses ? named.slice(0, 2) : named.slice(0, 1);
    const more = named.length - shown.length;
    texts.push(shown.join(', ') + (more > 0 ? ` +${more}` : ''));
  }
  return [...whole.map((family) => `internet (${family})`), ...texts].join(', ');
}

/** Whether ranges of a family hold at least half of it: then what is missing says more than what is there. */
function isMost(ranges: readonly AddressRange[], family: AddressRange['family']): boolean {
  const { last } = wholeFamily(family);
  return ranges.reduce((sum, range) => sum + (range.last - range.first + 1n), 0n) * 2n >= last;
}

function rangeText(range: AddressRange): string {
  const address = formatAddress({ family: range.family, value: range.first });
  if (range.first === range.last) return address;
  const cidr = cidrOfRange(range);
  if (cidr !== undefined) return formatCidr(cidr);
  return `${address}-${formatAddress({ family: range.family, value: range.last })}`;
}

function mergedRanges(ranges: readonly (readonly [string, string])[]): readonly AddressRange[] {
  const parsed = ranges.flatMap(([first, last]) => parseRange(first, last) ?? []);
  const merged: AddressRange[] = [];
  for (const family of families) {
    const own = parsed.filter((range) => range.family === family);
    own.sort((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)));
    let open: { first: bigint; last: bigint } | undefined;
    for (const range of own) {
      if (open !== undefined && range.first <= open.last + 1n) {
        if (range.last > open.last) open.last = range.last;
        continue;
      }
      if (open !== undefined) merged.push({ family, ...open });
      open = { first: range.first, last: range.last };
    }
    if (open !== undefined) merged.push({ family, ...open });
  }
  return merged;
}
