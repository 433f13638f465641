import type { Cluster, Diagnostic, Pod } from '../model/index.ts';
import { families, joined, lastOf, parseRange, PortSet } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import { compile, profiles, readingIds, readingRows, withReading } from '../policy/index.ts';
import type { CompiledPolicy, Profile, ProfileName, ReadingId } from '../policy/index.ts';
import { allowedPorts, byText } from './allowed.ts';
import { Answer, isInBlocks } from './differing.ts';
import type { EndPair } from './differing.ts';
import { frameOf, map, MapTooLargeError, mostConnections, streamedMap } from './map.ts';
import type { MapQuery } from './map.ts';
import { narrowed } from './narrow.ts';
import { rangesId, rangeText } from './outside.ts';
import { profileDiagnostics, touches } from './profile-unknown.ts';
import { portSet } from './allowed.ts';
import { apiVersion } from './types.ts';
import type { AllowedPorts, ConnectivityMap, MapConnection, MapPeer } from './types.ts';

/** A connection that two profiles answer differently. */
export interface ProfileDifference {
  readonly from: string;
  readonly to: string;
  /** By profile: what may be used. */
  readonly allowed: { readonly [profile: string]: AllowedPorts | 'none' };
  /** By profile: what is ambiguous under it beside, where something is (corner 60). */
  readonly ambiguous?: { readonly [profile: string]: AllowedPorts };
  /** The difference is one of this family only, where the pair shares both. */
  readonly family?: Family;
  /** The profiles under which some pair of the two ends may less. */
  readonly partial?: readonly ProfileName[];
  /** Ids of the behaviours that cause it: each alone, put as the second profile has it, changes the first one's answer. */
  readonly because: readonly ReadingId[];
  /** No behaviour changes it alone: those of `because` do so together. */
  readonly together?: true;
}

/** A behaviour that causes differences, and what the two profiles make of it. */
export interface ComparedBehaviour {
  readonly id: ReadingId;
  readonly question: string;
  /** The corner of the specification that leaves it open. */
  readonly corner: number;
  /** By profile: what it does, in words. */
  readonly values: { readonly [profile: string]: string };
  /** How many of the differences it causes. */
  readonly differences: number;
}

/** `podwall map --compare-profiles A,B -o json`. Everything is sorted, so equal clusters give equal bytes. */
export interface ProfileComparison {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'ProfileComparison';
  /** `pod`, `workload`, `namespace` or `label=KEY`. */
  readonly level: string;
  readonly profiles: readonly [ProfileName, ProfileName];
  /** The ends of the differences. */
  readonly peers: readonly MapPeer[];
  readonly differences: readonly ProfileDifference[];
  readonly behaviours: readonly ComparedBehaviour[];
  readonly notModelled: ConnectivityMap['notModelled'];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The connections that two profiles answer differently, and which behaviours cause it: found by switching one behaviour at
 * a time, so that a cause is a difference of answers and no guess.
 *
 * @throws MapTooLargeError when a map of them has too many connections
 */
export function compareProfiles(
  cluster: Cluster,
  names: readonly [ProfileName, ProfileName],
  query: MapQuery,
): ProfileComparison {
  const asked: MapQuery = { ...query, explain: false };
  const [one, other] = [profiles[names[0]], profiles[names[1]]];
  const policies = [compile(cluster, { profile: one }), compile(cluster, { profile: other })] as const;
  const differing = readingIds.filter((id) => one[id] !== other[id]);
  const comparing = { cluster, names, differing, asked };
  const differences = isInBlocks(asked) ? byBlocks(policies, comparing) : byListing(policies, comparing);
  const frame = frameOf(policies[0], asked);
  return {
    apiVersion,
    kind: 'ProfileComparison',
    level: frame.level,
    profiles: names,
    peers: differences.peers,
    differences: differences.list,
    behaviours: differing.flatMap((id): readonly ComparedBehaviour[] => {
      const caused = differences.list.filter(({ because }) => because.includes(id)).length;
      const { question, corner } = readingRows[id];
      const values = { [names[0]]: readingText(one, id), [names[1]]: readingText(other, id) };
      return caused === 0 ? [] : [{ id, question, corner, values, differences: caused }];
    }),
    notModelled: frame.notModelled,
    diagnostics: [...frame.diagnostics, ...policies.flatMap((policy) => profileDiagnostics(policy, asked))],
  };
}

/** What a profile does in one matter, in words. */
function readingText(profile: Profile, id: ReadingId): string {
  const row: readonly (readonly [string | boolean, string])[] = readingRows[id].values;
  return row.find(([value]) => value === profile[id])![1];
}

/** What a pair may use in one family. */
interface FamilyAccess {
  readonly ports: PortSet;
  /** What policies of equal priority disagree about (corner 60). */
  readonly ambiguous: PortSet;
  readonly partial: boolean;
}

type Access = { readonly [family in Family]: FamilyAccess };

const closed: FamilyAccess = { ports: PortSet.none, ambiguous: PortSet.none, partial: false };

function textOf({ ports, ambiguous, partial }: FamilyAccess): string {
  return `${ports.key} ${ambiguous.key}${partial ? ' partial' : ''}`;
}

/** A difference whose ends are ids, or numbers of joint peers outside. */
interface Found {
  readonly from: string | number;
  readonly to: string | number;
  readonly family: Family | undefined;
  readonly one: FamilyAccess;
  readonly other: FamilyAccess;
  readonly because: readonly ReadingId[];
  readonly together: boolean;
}

/** What is looked at of a map. */
type Listed = Pick<ConnectivityMap, 'peers' | 'connections'>;

/** Whether connections between two ends are looked at; `undefined` stands for every end outside. */
type Keeps = (from: string | undefined, to: string | undefined) => boolean;

interface Switched {
  readonly towards: (id: ReadingId) => Listed;
  readonly back: (id: ReadingId) => Listed;
}

/** Connections that are looked at: maps of many profiles would not fit into memory together. */
function kept(peers: readonly MapPeer[], connections: Iterable<MapConnection>, keeps: Keeps): Listed {
  const isOutside = new Set(peers.filter(({ kind }) => kind === 'ip').map(({ id }) => id));
  const inside = (id: string): string | undefined => (isOutside.has(id) ? undefined : id);
  const list: MapConnection[] = [];
  for (const connection of connections)
    if (keeps(inside(connection.from), inside(connection.to))) list.push(connection);
  return { peers, connections: list };
}

/** What is compared. */
interface Comparing {
  readonly cluster: Cluster;
  readonly names: readonly [ProfileName, ProfileName];
  /** The behaviours in which the profiles differ. */
  readonly differing: readonly ReadingId[];
  readonly asked: MapQuery;
}

type Differences = { readonly list: readonly ProfileDifference[]; readonly peers: readonly MapPeer[] };

/** Finds what differs by blocks of groups, and lists nothing else. */
function byBlocks(
  policies: readonly [CompiledPolicy, CompiledPolicy],
  { cluster, names, differing, asked }: Comparing,
): Differences {
  const [one, other] = [new Answer(policies[0], asked), new Answer(policies[1], asked)];
  const pairs: EndPair[] = [];
  for (const pair of one.differing(other)) {
    if (pairs.push(pair) > mostConnections)
      throw new MapTooLargeError(
        `these maps differ in more than ${mostConnections.toLocaleString('en')} connections`,
      );
  }
  if (pairs.length === 0) return { list: [], peers: [] };
  const documents = [one.listed(pairs), other.listed(pairs)] as const;
  const part = partOf(cluster, [one, other], pairs);
  const answer = (base: Listed, profile: Profile, id: ReadingId, value: Profile): Listed =>
    // What the input has nothing to do with changes nothing.
    touches(cluster, id)
      ? new Answer(compile(part, { profile: withReading(profile, id, value[id]) }), asked).listed(pairs)
      : base;
  const [first, second] = policies.map(({ profile }) => profile) as [Profile, Profile];
  return differencesOf(documents, documents, differing, names, {
    towards: (id) => answer(documents[0], first, id, second),
    back: (id) => answer(documents[1], second, id, first),
  });
}

/** What decides about some pairs: the cluster with the pods of their ends alone, where these are few. */
function partOf(cluster: Cluster, answers: readonly Answer[], pairs: readonly EndPair[]): Cluster {
  const pods = new Set<Pod>();
  const seen = new Set<string>();
  for (const id of pairs.flat()) {
    if (id === undefined || seen.has(id)) continue;
    seen.add(id);
    for (const { found, entrances } of answers) {
      // What comes in through entrances depends on their controllers too.
      if (entrances.has(id)) return cluster;
      const group = found.groupOf(id);
      if (group >= 0) for (const pod of found.groups.get(group).pods) pods.add(pod);
    }
  }
  return pods.size * 2 > cluster.pods.length ? cluster : narrowed(cluster, pods);
}

/** Finds what differs by listing both maps: where nodes or single ports are asked about. */
function byListing(
  policies: readonly [CompiledPolicy, CompiledPolicy],
  { cluster, names, differing, asked }: Comparing,
): Differences {
  const documents = policies.map((policy) => map(policy, asked).document);
  const [first, second] = documents.map(({ peers, connections }) => JSON.stringify([peers, connections]));
  if (first === second) return { list: [], peers: [] };
  const pairs = new Set(
    findAll(documents, [], new JointOutside(documents)).map(({ from, to }) =>
      pairKey(typeof from === 'string' ? from : undefined, typeof to === 'string' ? to : undefined),
    ),
  );
  const keeps: Keeps = (from, to) => pairs.has(pairKey(from, to));
  const answer = (profile: Profile): Listed => {
    const { peers, connections } = streamedMap(compile(cluster, { profile }), asked).document;
    return kept(peers, connections, keeps);
  };
  const [one, other] = policies.map(({ profile }) => profile) as [Profile, Profile];
  const ofPairs = documents.map(({ peers, connections }) => kept(peers, connections, keeps));
  return differencesOf(ofPairs, documents, differing, names, {
    // The first profile with one behaviour of the second, and the second with one of the first.
    towards: (id) => answer(withReading(one, id, other[id])),
    back: (id) => answer(withReading(other, id, one[id])),
  });
}

/** @param whole - whose peers are the ends of the differences */
function differencesOf(
  documents: readonly Listed[],
  whole: readonly Listed[],
  differing: readonly ReadingId[],
  names: readonly [ProfileName, ProfileName],
  { towards, back }: Switched,
): Differences {
  const all = [...documents, ...differing.map(towards)];
  let outside = new JointOutside(all);
  let found = findAll(all, differing, outside);
  if (found.some(({ because }) => because.length === 0)) {
    // No behaviour causes it alone: those whose absence undoes it do so together.
    all.push(...differing.map(back));
    outside = new JointOutside(all);
    found = findAll(all, differing, outside);
  }
  return told(found, names, whole, outside);
}

function pairKey(from: string | undefined, to: string | undefined): string {
  return JSON.stringify([from ?? null, to ?? null]);
}

function findAll(
  documents: readonly Listed[],
  differing: readonly ReadingId[],
  outside: JointOutside,
): readonly Found[] {
  const answers = documents.map((document, i) => answersOf(document, i, outside));
  const [one, other] = [answers[0]!, answers[1]!];
  const found: Found[] = [];
  for (const key of new Set([...one.keys(), ...other.keys()])) {
    const [from, to] = JSON.parse(key) as [string | number, string | number];
    const at = (answer: number, family: Family): FamilyAccess =>
      answers[answer]?.get(key)?.[family] ?? closed;
    const inFamily = families.flatMap((family): readonly Found[] => {
      const [a, b] = [at(0, family), at(1, family)];
      if (textOf(a) === textOf(b)) return [];
      const turns = (start: number, base: FamilyAccess): readonly ReadingId[] =>
        start + differing.length > answers.length
          ? []
          : differing.filter((_, i) => textOf(at(start + i, family)) !== textOf(base));
      const alone = turns(2, a);
      const jointly = alone.length > 0 ? [] : turns(2 + differing.length, b);
      // Where more than the switches tell, all that is different may play a part.
      const isTold = jointly.length > 0 || answers.length <= 2 + differing.length;
      const because = alone.length > 0 ? alone : isTold ? jointly : differing;
      return [{ from, to, family, one: a, other: b, because, together: alone.length === 0 }];
    });
    const [four, six] = inFamily;
    const sameText = ({ one: a, other: b, because }: Found): string =>
      `${textOf(a)} ${textOf(b)} ${because.join()}`;
    if (four !== undefined && six !== undefined && sameText(four) === sameText(six))
      found.push({ ...four, family: undefined });
    else found.push(...inFamily);
  }
  return found;
}

/** By pair of ends: what a map admits in each family. */
function answersOf(
  { connections }: Listed,
  document: number,
  outside: JointOutside,
): ReadonlyMap<string, Access> {
  const answers = new Map<string, Access>();
  for (const { from, to, allowed, family, partial, ambiguous } of connections) {
    const set = portSet(allowed);
    const access: FamilyAccess = {
      ports: ambiguous === true ? PortSet.none : set,
      ambiguous: ambiguous === true ? set : PortSet.none,
      partial: partial === true,
    };
    for (const source of outside.parted(document, from)) {
      for (const destination of outside.parted(document, to)) {
        const key = JSON.stringify([source, destination]);
        const known = answers.get(key) ?? { IPv4: closed, IPv6: closed };
        const joinedIn = (each: Family): FamilyAccess =>
          family !== undefined && family !== each
            ? known[each]
            : {
                ports: known[each].ports.union(access.ports),
                ambiguous: known[each].ambiguous.union(access.ambiguous),
                partial: known[each].partial || access.partial,
              };
        answers.set(key, { IPv4: joinedIn('IPv4'), IPv6: joinedIn('IPv6') });
      }
    }
    if (answers.size > mostConnections) {
      throw new MapTooLargeError(
        `these maps have more than ${mostConnections.toLocaleString('en')} connections to compare`,
      );
    }
  }
  return answers;
}

/** Addresses outside, cut so finely that in every one of some maps each piece is in one peer or in none. */
class JointOutside {
  /** By piece: its ranges, IPv4 first, ascending. */
  readonly pieces: readonly (readonly AddressRange[])[];
  /** By document and id of an `ip` peer: its pieces. */
  readonly #parted: readonly ReadonlyMap<string, readonly number[]>[];

  constructor(documents: readonly Listed[]) {
    const ranges = documents.map(({ peers }) =>
      peers.flatMap((peer) => rangesOf(peer).map((range) => ({ ...range, id: peer.id }))),
    );
    const pieces = new Map<string, AddressRange[]>();
    const parted = documents.map(() => new Map<string, Set<string>>());
    for (const family of families) {
      const own = ranges.map((list) =>
        list.filter((range) => range.family === family).sort((a, b) => (a.first < b.first ? -1 : 1)),
      );
      const starts = own.flatMap((list) => list.flatMap(({ first, last }) => [first, last + 1n]));
      const bounds = [...new Set(starts)].sort((a, b) => (a < b ? -1 : 1));
      const next = documents.map(() => 0);
      for (const [i, first] of bounds.entries()) {
        const last = (bounds[i + 1] ?? lastOf(family) + 1n) - 1n;
        const ids = own.map((list, document) => {
          while (next[document]! < list.length && list[next[document]!]!.last < first) next[document]!++;
          const range = list[next[document]!];
          return range !== undefined && range.first <= first ? range.id : undefined;
        });
        if (last < first || ids.every((id) => id === undefined)) continue;
        const key = JSON.stringify(ids);
        const piece = pieces.get(key);
        if (piece === undefined) pieces.set(key, [{ family, first, last }]);
        else piece.push({ family, first, last });
        for (const [document, id] of ids.entries()) {
          if (id === undefined) continue;
          const known = parted[document]!.get(id);
          if (known === undefined) parted[document]!.set(id, new Set([key]));
          else known.add(key);
        }
      }
    }
    const numbers = new Map([...pieces.keys()].map((key, i) => [key, i]));
    this.pieces = [...pieces.values()];
    this.#parted = parted.map(
      (byId) => new Map([...byId].map(([id, keys]) => [id, Array.from(keys, (key) => numbers.get(key)!)])),
    );
  }

  /** The pieces of a peer outside; any other end is itself. */
  parted(document: number, id: string): readonly (string | number)[] {
    return this.#parted[document]!.get(id) ?? [id];
  }
}

function rangesOf({ ranges }: MapPeer): readonly AddressRange[] {
  return (ranges ?? []).flatMap(([first, last]) => parseRange(first, last) ?? []);
}

/** The differences as documents have them: pieces of the outside that differ alike are one peer. */
function told(
  found: readonly Found[],
  names: readonly [ProfileName, ProfileName],
  documents: readonly Listed[],
  outside: JointOutside,
): { readonly list: readonly ProfileDifference[]; readonly peers: readonly MapPeer[] } {
  const ofPiece = new Map<number, string[]>();
  for (const { from, to, family, one, other, because } of found) {
    for (const piece of [from, to]) {
      if (typeof piece !== 'number') continue;
      const text = JSON.stringify([
        ...[from, to].map((end) => (end === piece ? null : end)),
        family,
        textOf(one),
        textOf(other),
        because,
      ]);
      const known = ofPiece.get(piece);
      if (known === undefined) ofPiece.set(piece, [text]);
      else known.push(text);
    }
  }
  const alike = new Map<string, number[]>();
  for (const [piece, texts] of ofPiece) {
    const key = texts.sort(byText).join('\n');
    const known = alike.get(key);
    if (known === undefined) alike.set(key, [piece]);
    else known.push(piece);
  }
  const peers = new Map<string, MapPeer>();
  const peerOfPiece = new Map<number, string>();
  for (const pieces of alike.values()) {
    const ranges = joined(pieces.flatMap((piece) => outside.pieces[piece]!).sort(byAddress));
    const id = rangesId(ranges);
    peers.set(id, { id, kind: 'ip', ranges: ranges.map(rangeText) });
    // The others differ as the first does: it speaks for all.
    peerOfPiece.set(pieces[0]!, id);
  }
  const known = new Map(
    documents.flatMap((document) => document.peers.map((peer) => [peer.id, peer] as const)),
  );
  const idOf = (end: string | number): string | undefined => {
    if (typeof end === 'number') return peerOfPiece.get(end);
    peers.set(end, known.get(end)!);
    return end;
  };
  const list = found.flatMap((each): readonly ProfileDifference[] => {
    const [from, to] = [idOf(each.from), idOf(each.to)];
    if (from === undefined || to === undefined) return [];
    const open = [each.one, each.other].flatMap(({ ambiguous }, i) =>
      ambiguous.isEmpty ? [] : [[names[i]!, allowedPorts(ambiguous)] as const],
    );
    const partial = [each.one, each.other].flatMap((access, i) => (access.partial ? [names[i]!] : []));
    return [
      {
        from,
        to,
        allowed: { [names[0]]: allowedIn(each.one), [names[1]]: allowedIn(each.other) },
        ...(open.length === 0 ? {} : { ambiguous: Object.fromEntries(open) }),
        ...(each.family === undefined ? {} : { family: each.family }),
        ...(partial.length === 0 ? {} : { partial }),
        because: each.because,
        ...(each.together ? { together: true } : {}),
      },
    ];
  });
  const keyOf = ({ from, to, family }: ProfileDifference): string => `${from}\n${to}\n${family ?? ''}`;
  return {
    list: list.sort((a, b) => byText(a.from, b.from) || byText(a.to, b.to) || byText(keyOf(a), keyOf(b))),
    peers: [...peers.values()].sort((a, b) => byText(a.id, b.id)),
  };
}

function allowedIn({ ports }: FamilyAccess): AllowedPorts | 'none' {
  return ports.isEmpty ? 'none' : allowedPorts(ports);
}

function byAddress(a: AddressRange, b: AddressRange): number {
  if (a.family !== b.family) return a.family === 'IPv4' ? -1 : 1;
  return a.first < b.first ? -1 : 1;
}
