import type { MapAnswer, MapConnection, MapPeer, MapReason } from '../reach/index.ts';
import { groupEdges, type Edge, type Group } from './groups.ts';
import { addressesText, namesOf, type Names } from './names.ts';
import { portsText } from './ports.ts';
import { count, number, visible } from './text.ts';

/** One line of a map for people: who, whom, on what, and why. */
export interface MapLine {
  readonly from: string;
  readonly to: string;
  readonly ports: string;
  readonly because: string;
  readonly group: Group;
}

/** A map's connections, indexed for the renderers that are read by people. */
export interface MapView {
  readonly answer: MapAnswer;
  readonly names: Names;
  readonly peers: readonly MapPeer[];
  /** Between peers of the cluster. */
  readonly inside: readonly Edge[];
  readonly toOutside: readonly Edge[];
  readonly fromOutside: readonly Edge[];
  /** Ids of the peers that are addresses, or clients that come from there. */
  readonly outside: ReadonlySet<string>;
  /** From Ingresses, Gateways, Routes and Services. */
  readonly entrances: readonly Edge[];
  readonly connectionOf: (edge: Edge) => MapConnection;
  /** Indices of the peers of each namespace. */
  readonly byNamespace: ReadonlyMap<string, readonly number[]>;
  /** How many peers are pods, workloads or groups of them. */
  readonly clusterPeers: number;
  /** By side of a group: its addresses in words, once they were asked for. */
  readonly addressWords: Map<readonly number[], string>;
}

/** Above this many connections their reasons are no longer asked for one by one. */
const mostReasons = 500;
/** Ranges of ports in one cell before `+9`. */
const mostRanges = 4;

/** Indexes a map. */
export function viewOf(answer: MapAnswer): MapView {
  const { peers, connections } = answer.document;
  const { notIsolated, fromOutside: exposed } = answer.summary;
  const names = namesOf(peers, [...notIsolated.ingress, ...notIsolated.egress, ...exposed]);
  // Most of the largest maps list no connection one by one.
  const indices = new Map(connections.length === 0 ? [] : peers.map((peer, i) => [peer.id, i]));
  const byNamespace = new Map<string, number[]>();
  let last: string | undefined;
  let ofLast: number[] | undefined;
  let clusterPeers = 0;
  for (const [i, peer] of peers.entries()) {
    if (!isOfCluster(peer)) continue;
    clusterPeers++;
    const namespace = names.namespaceOf(peer.id, peer);
    if (namespace === undefined) continue;
    // Peers of one namespace mostly follow each other.
    if (namespace !== last || ofLast === undefined) {
      ofLast = byNamespace.get(namespace);
      if (ofLast === undefined) byNamespace.set(namespace, (ofLast = []));
      last = namespace;
    }
    ofLast.push(i);
  }
  const labelIds = new Map<string, number>();
  const inside: Edge[] = [];
  const toOutside: Edge[] = [];
  const fromOutside: Edge[] = [];
  const entrances: Edge[] = [];
  // Very many connections share what they allow.
  const ports = new Map<MapConnection['allowed'], string>();
  for (const [at, connection] of connections.entries()) {
    const from = indices.get(connection.from);
    const to = indices.get(connection.to);
    if (from === undefined || to === undefined) continue;
    const { allowed } = connection;
    let text = ports.get(allowed);
    if (text === undefined) ports.set(allowed, (text = portsText(allowed, mostRanges)));
    const key = text + limitsOf(connection);
    let label = labelIds.get(key);
    if (label === undefined) {
      label = labelIds.size;
      labelIds.set(key, label);
    }
    const edge = { from, to, label, at };
    if (peers[to]?.kind === 'ip') toOutside.push(edge);
    else if (peers[from]?.kind === 'ip') fromOutside.push(edge);
    else if (peers[from]?.kind === 'entry') entrances.push(edge);
    else inside.push(edge);
  }
  // Only edges of this view are ever asked for; an end of the document serves where there is none.
  const connectionOf = ({ at }: Edge): MapConnection => connections[at] ?? { from: '', to: '', allowed: {} };
  return {
    answer,
    names,
    peers,
    inside,
    toOutside,
    fromOutside,
    entrances,
    outside: outsideOf(peers),
    connectionOf,
    byNamespace,
    clusterPeers,
    addressWords: new Map(),
  };
}

/** Ids of the peers outside that open connections themselves: addresses, and entrances without a controller. */
export function outsideOf(peers: readonly MapPeer[]): ReadonlySet<string> {
  const outside = peers.filter(
    ({ kind, controller }) => kind === 'ip' || (kind === 'entry' && controller === undefined),
  );
  return new Set(outside.map(({ id }) => id));
}

/** Whether a peer stands for pods. */
export function isOfCluster(peer: MapPeer): boolean {
  return peer.kind !== 'ip' && peer.kind !== 'node' && peer.kind !== 'entry';
}

/** The ports of a connection with what limits them, in words. */
export function portsOf(
  connection: Pick<MapConnection, 'allowed' | 'family' | 'partial' | 'ambiguous'>,
  most = mostRanges,
): string {
  return portsText(connection.allowed, most) + limitsOf(connection);
}

/** What limits the ports of a connection, in words. */
function limitsOf(connection: Pick<MapConnection, 'family' | 'partial' | 'ambiguous'>): string {
  const family = connection.family === undefined ? '' : `, ${connection.family} only`;
  const partial = connection.partial === true ? ', partly' : '';
  const ambiguous = connection.ambiguous === true ? ', ambiguous' : '';
  return family + partial + ambiguous;
}

/** One line per connection; addresses outside that are alike for a peer stand together. */
export function singleLines(view: MapView): readonly MapLine[] {
  const one = (edge: Edge): Group => ({ from: [edge.from], to: [edge.to], label: edge.label, edges: [edge] });
  const groups = [
    ...view.inside.map(one),
    ...merged(view.toOutside, 'from', 'to'),
    ...merged(view.fromOutside, 'to', 'from'),
    ...view.entrances.map(one),
  ];
  return linesOf(view, groups);
}

/**
 * Groups of connections: who has the same access stands together.
 *
 * @param most - while there are no more lines than this, two or three peers that only a number could name stand alone
 */
export function groupedLines(view: MapView, most: number): readonly MapLine[] {
  const groups = [
    ...groupEdges(view.inside, (peer) => kinOf(view, peer)),
    ...groupEdges(view.toOutside, () => []),
    ...groupEdges(view.fromOutside, () => []),
    ...groupEdges(view.entrances, () => []),
  ];
  const unfolded = groups.flatMap((group) =>
    unfold(view, group, 'from').flatMap((part) => unfold(view, part, 'to')),
  );
  return linesOf(view, unfolded.length <= most ? unfolded : groups);
}

/**
 * What a group may leave out for a peer: itself, where that is one pod, which always reaches itself (corner 41). Whether
 * the replicas of a workload or the pods of a namespace reach each other is an answer of its own.
 */
export function kinOf(view: MapView, peer: number): readonly number[] {
  return view.peers[peer]?.pods === 1 ? [peer] : [];
}

/** A number says too little of so few peers. */
const mostUnfolded = 3;

function unfold(view: MapView, group: Group, side: 'from' | 'to'): readonly Group[] {
  const peers = group[side];
  if (peers.length < 2 || peers.length > mostUnfolded) return [group];
  const isVague = /^\d+ /.test(describe(view, peers, group[side === 'from' ? 'to' : 'from']));
  if (!isVague) return [group];
  return peers.map((peer) => {
    const edges = group.edges.filter((edge) => edge[side] === peer);
    const others = side === 'from' ? 'to' : 'from';
    // What the group left out between a peer and itself is left out of its own line too.
    const ends = new Set(edges.map((edge) => edge[others]));
    const kept = group[others].filter((end) => ends.has(end));
    return side === 'from'
      ? { from: [peer], to: kept, label: group.label, edges }
      : { from: kept, to: [peer], label: group.label, edges };
  });
}

/**
 * Lines for groups, with reasons where there are not too many connections to ask about.
 *
 * @param isAcross - the lines stand under a heading that leaves out connections within a namespace
 */
export function linesOf(view: MapView, groups: readonly Group[], isAcross = false): readonly MapLine[] {
  const isAsked = view.answer.document.connections.length <= mostReasons;
  return groups.map((group) => {
    const [first] = group.edges;
    let because: string | undefined;
    const without = (side: readonly number[]): readonly number[] =>
      isAcross ? side : side.filter((peer) => kinOf(view, peer).length > 0);
    const to = describe(view, group.to, without(group.from));
    return {
      from: describe(view, group.from, without(group.to)),
      to: isEachOther(group) ? 'each other' : to,
      ports: first === undefined ? '' : portsOf(view.connectionOf(first)),
      // Worked out where it is shown: a line may stand for very many connections.
      get because() {
        return (because ??= isAsked ? becauseOf(view, group) : '');
      },
      group,
    };
  });
}

/** Whether the two sides are the same several peers. */
function isEachOther({ from, to }: Group): boolean {
  return from.length > 1 && from.length === to.length && from.every((peer, i) => peer === to[i]);
}

function merged(edges: readonly Edge[], near: 'from' | 'to', far: 'from' | 'to'): readonly Group[] {
  const groups = new Map<string, Edge[]>();
  for (const edge of edges) {
    const key = `${edge[near]} ${edge.label}`;
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [edge]);
    else own.push(edge);
  }
  return [...groups.values()].map((own) => {
    const [first] = own;
    const nears = first === undefined ? [] : [first[near]];
    const fars = own.map((edge) => edge[far]).sort((a, b) => a - b);
    const label = first?.label ?? 0;
    return near === 'from'
      ? { from: nears, to: fars, label, edges: own }
      : { from: fars, to: nears, label, edges: own };
  });
}

/** What peers of a map are called. */
export function nounsOf(level: string): { readonly one: string; readonly many: string } {
  switch (level) {
    case 'pod':
      return { one: 'pod', many: 'pods' };
    case 'workload':
      return { one: 'workload', many: 'workloads' };
    case 'namespace':
      return { one: 'namespace', many: 'namespaces' };
    default:
      return { one: 'label value', many: 'label values' };
  }
}

/** Names that are listed instead of counted take at most so many columns. */
const longestList = 28;

/**
 * Several peers in few words: `backend`, `all 4 in payments`, `12 workloads in shop`, `everyone but shop/db`.
 *
 * @param others - peers of the other side that need not be here for this to be everyone
 */
function describe(view: MapView, set: readonly number[], others: readonly number[]): string {
  const addresses = addressesOf(view, set);
  if (addresses !== undefined) return addresses;
  const ids = set.map((i) => view.peers[i]?.id ?? '');
  const [only = ''] = ids;
  if (ids.length === 1) return view.names.short(only);
  const nouns = nounsOf(view.answer.document.level);
  const total = view.clusterPeers;
  const namespaces = new Set(set.map((i, k) => view.names.namespaceOf(ids[k]!, view.peers[i])));
  const isPlain = set.every((i) => view.peers[i] !== undefined && isOfCluster(view.peers[i]));
  if (isPlain && set.length === total) {
    return view.byNamespace.size > 1 ? 'everyone' : `all ${count(total, nouns.one, nouns.many)}`;
  }
  const listedNames = namesText(
    view,
    ids.slice(0, 4),
    namespaces.size === 1 && nouns.one !== 'namespace' ? [...namespaces][0] : undefined,
  );
  if (ids.length <= 4 && listedNames.length <= longestList) return listedNames;
  // What is missing is said where it is less than what is there.
  const mostMissing = total >= 6 ? 2 : 1;
  if (isPlain && total >= 4 && total - set.length <= mostMissing + others.length && others.length <= 2) {
    const members = new Set([...set, ...others]);
    const missing = view.peers
      .filter((peer, i) => isOfCluster(peer) && !members.has(i))
      .map((peer) => view.names.short(peer.id));
    if (missing.length === 0) return view.byNamespace.size > 1 ? 'everyone' : 'all others';
    if (missing.length <= mostMissing) {
      const named = missing.join(', ');
      return `everyone but ${missing.length > 1 && named.length > longestList ? missing.length : named}`;
    }
  }
  const [namespace] = namespaces;
  if (namespaces.size === 1 && namespace !== undefined && nouns.one !== 'namespace') {
    const whole = view.byNamespace.get(namespace)?.length ?? 0;
    const where = view.byNamespace.size > 1 ? ` in ${visible(namespace)}` : '';
    if (set.length === whole) return `all ${number(whole)}${where}`;
    return `${count(set.length, nouns.one, nouns.many)}${where === '' ? ` of ${number(whole)}` : where}`;
  }
  if (namespaces.has(undefined) || nouns.one === 'namespace') {
    const isMixed = !isPlain;
    return isMixed ? count(set.length, 'end') : count(set.length, nouns.one, nouns.many);
  }
  const names = [...namespaces].map((name) => visible(name ?? ''));
  const whole = [...namespaces].reduce(
    (sum, name) => sum + (name === undefined ? 0 : (view.byNamespace.get(name)?.length ?? 0)),
    0,
  );
  const where =
    names.length === 2 && names.join().length <= longestList / 2
      ? names.join(' and ')
      : `${number(names.length)} namespaces`;
  if (whole === set.length && names.length < view.byNamespace.size) return `all ${number(whole)} in ${where}`;
  return `${count(set.length, nouns.one, nouns.many)} in ${where}`;
}

/** Addresses outside in few words; `undefined` for other peers. */
function addressesOf(view: MapView, set: readonly number[]): string | undefined {
  const text = view.addressWords.get(set);
  if (text !== undefined) return text;
  if (!set.some((i) => (view.peers[i]?.ranges?.length ?? 0) > 0)) return undefined;
  const found = visible(addressesText(set.flatMap((i) => view.peers[i]?.ranges ?? [])));
  view.addressWords.set(set, found);
  return found;
}

/** `web, db`, or `shop/{web, db}` where all are of one namespace that has to be said. */
function namesText(view: MapView, ids: readonly string[], namespace: string | undefined): string {
  const names = ids.map((id) => view.names.short(id));
  const prefix = `${visible(namespace ?? '')}/`;
  if (namespace === undefined || !names.every((name) => name.startsWith(prefix))) return names.join(', ');
  return `${prefix}{${names.map((name) => name.slice(prefix.length)).join(', ')}}`;
}

/**
 * The reasons of a connection: from the document with `--explain`, else asked for. That an address outside is not
 * isolated goes without saying.
 */
export function reasonsOf(view: MapView, connection: MapConnection): readonly MapReason[] {
  return tellingReasons(connection.because ?? view.answer.because(connection), connection, view.outside);
}

/** Reasons but for those that go without saying. */
export function tellingReasons(
  reasons: readonly MapReason[],
  connection: MapConnection,
  outside: ReadonlySet<string>,
): readonly MapReason[] {
  return reasons.filter(({ kind, direction }) => {
    const subject = direction === 'egress' ? connection.from : connection.to;
    return kind !== 'open' || !outside.has(subject);
  });
}

function becauseOf(view: MapView, group: Group): string {
  const texts = new Set<string>();
  for (const edge of group.edges)
    texts.add(becauseText(reasonsOf(view, view.connectionOf(edge)), view, edge));
  if (texts.size <= 1) return [...texts][0] ?? '';
  const joined = [...texts].join(', ');
  return texts.size === 2 && joined.length <= longestList ? joined : `${texts.size} different reasons`;
}

/** Why a connection is open, in few words: the policies of both sides, or that nothing isolates them. */
function becauseText(reasons: readonly MapReason[], view: MapView, edge: Edge): string {
  if (reasons.some(({ kind }) => kind === 'self')) return 'a pod reaches itself';
  const policies = { egress: new Set<string>(), ingress: new Set<string>() };
  for (const reason of reasons) {
    if (reason.policy !== undefined) policies[reason.direction].add(reason.policy);
  }
  const sides = [policies.egress, policies.ingress].filter((side) => side.size > 0);
  if (sides.length > 0) {
    const all = new Set(sides.flatMap((side) => [...side]));
    const bare = new Set([...all].map(nameOf));
    // Policies stand in the namespace of the pods that they select, so its name rarely says more.
    const name = bare.size === all.size ? nameOf : (policy: string): string => policy;
    const texts = sides.map((side) => {
      const names = [...side].map((policy) => visible(name(policy)));
      return names.length > 2 ? `${names.slice(0, 2).join(', ')} +${names.length - 2}` : names.join(', ');
    });
    return [...new Set(texts)].join(' + ');
  }
  if (reasons.some(({ kind }) => kind === 'node')) return 'a pod and its own node';
  if (view.peers[edge.to]?.kind === 'ip') return 'nothing isolates egress';
  if (view.outside.has(view.peers[edge.from]?.id ?? '')) return 'nothing isolates ingress';
  return reasons.length === 0 ? '' : 'neither is isolated';
}

function nameOf(policy: string): string {
  return policy.slice(policy.indexOf('/') + 1);
}

const actionWords = { accept: 'accepts', deny: 'denies', pass: 'passes' } as const;

/** One reason with its place, for `-o wide` and `--explain`. */
export function reasonText(reason: MapReason): string {
  switch (reason.kind) {
    case 'open':
      return `${reason.direction}: not isolated`;
    case 'self':
      return `${reason.direction}: a pod reaches itself`;
    case 'node':
      return `${reason.direction}: a pod and its own node`;
    case 'policy':
    case 'tier': {
      const action = reason.action === undefined ? '' : ` ${actionWords[reason.action]}`;
      const rule = reason.rule === undefined ? '' : ` rule ${reason.rule + 1}${action}`;
      // A rule in the first line is one of a document that is one line: only the column tells where in it.
      const column = (reason.line ?? 1) === 1 && reason.column !== undefined ? `:${reason.column}` : '';
      const place = reason.file === undefined ? '' : ` (${reason.file}:${reason.line ?? 1}${column})`;
      return visible(`${reason.direction}: ${reason.policy ?? ''}${rule}${place}`);
    }
  }
}
