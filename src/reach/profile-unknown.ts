import type { Cluster, Diagnostic, Direction, Peer, Place, PortEntry } from '../model/index.ts';
import { compile, readingRows, withReading } from '../policy/index.ts';
import type { CompiledPolicy, Profile, ReadingId } from '../policy/index.ts';
import { count } from './count.ts';
import { Answer, isInBlocks } from './differing.ts';
import { streamedMap } from './map.ts';
import type { MapQuery } from './map.ts';

// A profile does not know everything: what is unknown is read as `upstream` reads it. Where the input has nothing to do
// with it that is no matter; else it is a note, and an error where another reading would give another answer.

/** More combinations of readings than these are not tried: the answer is then taken to depend on them. */
const mostReadings = 16;

/**
 * Unknown behaviours on which no answer is said to depend: no rule can ask for protocols that the API cannot name (corner
 * 33), and that any of two policies may decide is the answer *ambiguous* already (corner 60).
 */
const covered: ReadonlySet<ReadingId> = new Set<ReadingId>(['allPortsAdmitOthers', 'equalPriority']);

/** A behaviour that a profile does not know, and the first place in the input that has to do with it. */
interface Touched {
  readonly id: ReadingId;
  readonly place: Place;
}

/** What a profile does not know that the input has to do with. */
function touchedBy(cluster: Cluster, profile: Profile): readonly Touched[] {
  return profile.unknown.flatMap((id) => {
    const place = placeOf(cluster, id);
    return place === undefined ? [] : [{ id, place }];
  });
}

/** Whether the input has to do with a behaviour: where it has not, every reading of it gives one answer. */
export function touches(cluster: Cluster, id: ReadingId): boolean {
  return placeOf(cluster, id) !== undefined;
}

/** The same as ids, without what no question about ports can ask for (corner 33). */
export function touchedReadings(cluster: Cluster, profile: Profile): readonly ReadingId[] {
  return touchedBy(cluster, profile).flatMap(({ id }) => (covered.has(id) ? [] : [id]));
}

/**
 * The profiles that a profile may turn out to be: every combination of readings of what is unknown and that the
 * input has to do with, its own left out. `undefined` when they are too many to be tried.
 *
 * Those of `covered` are left alone.
 */
export function otherReadings(cluster: Cluster, profile: Profile): readonly Profile[] | undefined {
  let combinations: readonly Profile[] = [profile];
  for (const id of touchedReadings(cluster, profile)) {
    combinations = combinations.flatMap((each) => readingsOf(each, id));
    if (combinations.length > mostReadings) return undefined;
  }
  return combinations.slice(1);
}

/** A profile with each reading of one behaviour, its own first. */
function readingsOf(profile: Profile, id: ReadingId): readonly Profile[] {
  const values = readingRows[id].values.map(([value]) => value);
  return [
    profile,
    ...values.filter((value) => value !== profile[id]).map((value) => withReading(profile, id, value)),
  ];
}

/**
 * What the profile of a map does not know, as findings: notes, or errors where the map would be another one under another
 * reading.
 *
 * @param what - `counts` for the totals of `count`, else the map that is asked for
 */
export function profileDiagnostics(policy: CompiledPolicy, what: MapQuery | 'counts'): readonly Diagnostic[] {
  const { cluster, profile } = policy;
  const touched = touchedBy(cluster, profile);
  if (touched.length === 0) return [];
  const others = otherReadings(cluster, profile);
  const options = { undecided: policy.parts.assume };
  const differs = (other: Profile): boolean =>
    !isSameAnswer(policy, compile(cluster, { ...options, profile: other }), what);
  const depends = others === undefined || others.some(differs);
  return touched.map(({ id, place }): Diagnostic => {
    const question = readingRows[id].question.replaceAll('`', '');
    // Where the answer depends on several at once, it depends on each.
    const isOpen =
      depends &&
      !covered.has(id) &&
      (others === undefined ||
        touched.length === 1 ||
        readingsOf(profile, id).slice(1).some(differs) ||
        !touched.some((each) => readingsOf(profile, each.id).slice(1).some(differs)));
    return {
      code: 'profile-unknown',
      severity: isOpen ? 'error' : 'note',
      message: isOpen
        ? `profile ${profile.name}: ${id} is not known, and the answer depends on it: ${question}`
        : `profile ${profile.name}: ${id} is not known; answered as upstream reads it: ${question}`,
      ...(isOpen ? { hint: `podwall profiles ${profile.name}` } : {}),
      ...place,
    };
  });
}

/** Whether two compiled policies of one cluster give the same answer. */
function isSameAnswer(a: CompiledPolicy, b: CompiledPolicy, what: MapQuery | 'counts'): boolean {
  if (what === 'counts') {
    const text = (policy: CompiledPolicy): string => {
      const { pods, byPorts, ambiguous } = count(policy);
      return JSON.stringify([pods, byPorts, ambiguous], (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      );
    };
    return text(a) === text(b);
  }
  const query = { ...what, explain: false };
  if (isInBlocks(query)) return !new Answer(a, query).differs(new Answer(b, query));
  const [one, other] = [streamedMap(a, query).document, streamedMap(b, query).document];
  if (JSON.stringify(one.peers) !== JSON.stringify(other.peers)) return false;
  const rest = other.connections[Symbol.iterator]();
  for (const connection of one.connections) {
    const next = rest.next();
    if (next.done === true || JSON.stringify(next.value) !== JSON.stringify(connection)) return false;
  }
  return rest.next().done === true;
}

/** What a profile does not know, for the notes of an explanation. */
export function profileNotes(cluster: Cluster, profile: Profile): readonly string[] {
  return touchedBy(cluster, profile).map(
    ({ id }) => `profile ${profile.name}: ${id} is not known; answered as upstream reads it`,
  );
}

/** The first place of the input that has to do with a behaviour. */
function placeOf(cluster: Cluster, id: ReadingId): Place | undefined {
  switch (id) {
    case 'ipBlockMatchesPods':
      return cluster.pods.some(({ addresses }) => addresses.length > 0) ? blockPlace(cluster) : undefined;
    case 'ipBlockMatchesNodes':
      return cluster.nodes.size > 0 || cluster.pods.some(({ hostNetwork }) => hostNetwork)
        ? blockPlace(cluster)
        : undefined;
    case 'hostNetworkPods':
      return cluster.pods.find(({ hostNetwork }) => hostNetwork)?.origin.locate([]);
    case 'finishedPods':
      return cluster.finishedPods[0]?.origin.locate(['status', 'phase']);
    case 'nodeToPod':
    case 'podToNode':
      return cluster.pods.find(({ node }) => node !== undefined)?.origin.locate(['spec', 'nodeName']);
    case 'sidecarPorts': {
      const names = new Set(
        cluster.pods.flatMap(({ ports }) => ports.filter(({ sidecar }) => sidecar).map(({ name }) => name)),
      );
      return portPlace(cluster, ({ entry }) => entry.kind === 'named' && names.has(entry.name));
    }
    case 'namedPortsInEgress':
      return portPlace(cluster, ({ entry, direction }) => entry.kind === 'named' && direction === 'egress');
    case 'namedPortOnIpBlock':
      return portPlace(
        cluster,
        ({ entry, direction, peers }) =>
          entry.kind === 'named' && direction === 'egress' && peers.some(({ kind }) => kind === 'ipBlock'),
      );
    case 'endPort':
      return portPlace(cluster, ({ entry }) => entry.kind === 'range' && entry.from < entry.to);
    case 'hostBits':
      return blockPlace(cluster, ({ address }) => address !== undefined);
    case 'sctp':
      return portPlace(cluster, ({ entry }) => entry.protocol === 'SCTP');
    case 'allPortsAdmitOthers':
      return rulePlace(cluster);
    case 'baselineAfterPolicies':
      return cluster.policies.length === 0
        ? undefined
        : cluster.tierPolicies.find(({ tier }) => tier === 'baseline')?.origin.locate([]);
    case 'equalPriority':
      return equalPlace(cluster);
  }
}

/** The first cluster-wide policy whose priority another one before it has. */
function equalPlace(cluster: Cluster): Place | undefined {
  const seen = new Set<string>();
  for (const { tier, priority, origin } of cluster.tierPolicies) {
    const rank = `${tier} ${priority}`;
    if (seen.has(rank)) return origin.locate(['spec', 'priority']);
    seen.add(rank);
  }
  return undefined;
}

/** Every rule that isolates, with its place. */
function* rulesOf(cluster: Cluster) {
  for (const policy of cluster.policies) {
    for (const direction of ['ingress', 'egress'] as const) {
      const spec = policy[direction];
      for (const [index, rule] of (spec.kind === 'isolates' ? spec.rules : []).entries())
        yield { policy, direction, index, rule };
    }
  }
}

/** The first rule without ports. */
function rulePlace(cluster: Cluster): Place | undefined {
  for (const { policy, direction, index, rule } of rulesOf(cluster))
    if (rule.ports.kind === 'all') return policy.origin.locate(['spec', direction, index]);
  return undefined;
}

/** The first ipBlock for which something holds. */
function blockPlace(
  cluster: Cluster,
  holds: (peer: Extract<Peer, { kind: 'ipBlock' }>) => boolean = () => true,
): Place | undefined {
  for (const { policy, direction, index, rule } of rulesOf(cluster)) {
    if (rule.peers.kind === 'any') continue;
    const at = rule.peers.peers.findIndex((peer) => peer.kind === 'ipBlock' && holds(peer));
    if (at >= 0) return policy.origin.locate([...peersPath(direction, index), at, 'ipBlock', 'cidr']);
  }
  return undefined;
}

function peersPath(direction: Direction, index: number): readonly (string | number)[] {
  return ['spec', direction, index, direction === 'ingress' ? 'from' : 'to'];
}

/** The first port entry for which something holds. */
function portPlace(
  cluster: Cluster,
  holds: (port: {
    readonly entry: PortEntry;
    readonly direction: Direction;
    readonly peers: readonly Peer[];
  }) => boolean,
): Place | undefined {
  for (const { policy, direction, index, rule } of rulesOf(cluster)) {
    if (rule.ports.kind === 'all') continue;
    const peers = rule.peers.kind === 'any' ? [] : rule.peers.peers;
    const at = rule.ports.ports.findIndex((entry) => holds({ entry, direction, peers }));
    if (at >= 0) return policy.origin.locate(['spec', direction, index, 'ports', at]);
  }
  return undefined;
}
