import type { Direction, Pod } from '../model/index.ts';
import { families, PortSet } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import { has } from '../policy/index.ts';
import type { CompiledPolicy, PairAccess, PolicyEnd } from '../policy/index.ts';
import { portSet } from './allowed.ts';
import { endOf } from './groups.ts';
import type { Group } from './groups.ts';
import type { OutsidePeer } from './outside.ts';
import type { MapConnection, MapReason } from './types.ts';

/** One end of a listed connection. */
export type ReasonEnd = { readonly group: Group } | { readonly outside: OutsidePeer };

const mostReasons = 6;

/**
 * Why a listed connection is open, for each side; those that admit more of its ports come first.
 *
 * @param pairs - the pairs of classes of two groups, asked for where no example shows the connection
 */
export function reasons(
  compiled: CompiledPolicy,
  from: ReasonEnd,
  to: ReasonEnd,
  connection: MapConnection,
  pairs: () => PairAccess,
): readonly MapReason[] {
  const policy = connection.ambiguous === true ? compiled.possible : compiled;
  const wanted = portSet(connection.allowed);
  const found = new Map<string, MapReason>();
  const ask = (source: PolicyEnd, destination: PolicyEnd): void => {
    for (const { set, family } of askedOf(compiled, source, destination, wanted, connection)) {
      for (const reason of pairReasons(policy, source, destination, set, family)) {
        const key = `${reason.direction}/${reason.kind}/${reason.policy ?? ''}/${reason.rule ?? ''}`;
        if (!found.has(key)) found.set(key, reason);
      }
    }
  };
  for (const source of examples(from)) {
    for (const destination of examples(to)) ask(source, destination);
  }
  const neighbours = onOneNode(policy, from, to);
  if (neighbours !== undefined) ask(...neighbours);
  if (found.size === 0) {
    for (const [source, destination] of openPairs(policy, from, to, wanted, pairs)) {
      ask(source, destination);
      if (found.size > 0) break;
    }
  }
  const of = (direction: Direction): readonly MapReason[] =>
    [...found.values()].filter((reason) => reason.direction === direction).slice(0, mostReasons);
  return [...of('egress'), ...of('ingress')];
}

/** The ports that a connection lists of a pair; what is ambiguous may be so in one family only. */
function askedOf(
  policy: CompiledPolicy,
  from: PolicyEnd,
  to: PolicyEnd,
  wanted: PortSet,
  { ambiguous }: MapConnection,
): readonly { readonly set: PortSet; readonly family: Family | undefined }[] {
  if (ambiguous !== true) return [{ set: wanted, family: undefined }];
  return families.map((family) => ({
    set: wanted.intersect(policy.possible.allowed(from, to, family).minus(policy.allowed(from, to, family))),
    family,
  }));
}

function examples(end: ReasonEnd): readonly PolicyEnd[] {
  if ('outside' in end) {
    // One of each family, as a pod may have the other only.
    const firsts = new Map(end.outside.ranges.toReversed().map((range) => [range.family, range]));
    return [...firsts.values()].toReversed().map(({ family, first }) => ({
      kind: 'address',
      address: { family, value: first },
    }));
  }
  if (end.group.node !== undefined) return [endOf(end.group)!];
  return end.group.examples.map((pod) => ({ kind: 'pod', pod }));
}

/**
 * Pairs that may be open where no example is. Between groups of pods it is at most one, found by what blocks of classes
 * and sparse peers allow; beside a node or addresses it is every class of the group.
 */
function* openPairs(
  policy: CompiledPolicy,
  from: ReasonEnd,
  to: ReasonEnd,
  wanted: PortSet,
  pairs: () => PairAccess,
): Generator<readonly [PolicyEnd, PolicyEnd]> {
  const sources = byClass(from);
  const destinations = byClass(to);
  if (sources === undefined || destinations === undefined) {
    for (const source of firstOfEach(from, sources)) {
      for (const destination of firstOfEach(to, destinations)) yield [source, destination];
    }
    return;
  }
  const matrix = pairs();
  // Very many pairs have one of few accesses, and very many classes one of few rows.
  const openAccesses = new Map<number, boolean>();
  const isOpen = (access: number): boolean => {
    let open = openAccesses.get(access);
    if (open === undefined) {
      const { both, only4, only6 } = policy.accesses.access(access);
      open = [both, only4, only6].some((id) => !policy.parts.ports.set(id).intersect(wanted).isEmpty);
      openAccesses.set(access, open);
    }
    return open;
  };
  const columns = Map.groupBy(destinations.keys(), (d) => matrix.columnOf[d]!);
  const openColumns = new Map<number, readonly (readonly number[])[]>();
  const openFrom = (row: number): readonly (readonly number[])[] => {
    let open = openColumns.get(row);
    if (open === undefined) {
      open = [...columns].filter(([column]) => isOpen(matrix.block(row, column))).map(([, ds]) => ds);
      openColumns.set(row, open);
    }
    return open;
  };
  for (const [s, pods] of sources) {
    const pairWith = (d: number): readonly [PolicyEnd, PolicyEnd] | undefined => {
      const [source] = pods;
      const destination = destinations.get(d)?.find((pod) => pod !== source || pod.replicas > 1);
      if (source === undefined || destination === undefined) return undefined;
      return [
        { kind: 'pod', pod: source },
        { kind: 'pod', pod: destination },
      ];
    };
    const touched = new Map<number, number>();
    matrix.touched(s, (d, access) => {
      if (destinations.has(d)) touched.set(d, access);
    });
    const open = [...touched].filter(([, access]) => isOpen(access)).map(([d]) => d);
    for (const ds of openFrom(matrix.rowOf[s]!)) for (const d of ds) if (!touched.has(d)) open.push(d);
    for (const d of open) {
      const pair = pairWith(d);
      if (pair === undefined) continue;
      yield pair;
      return;
    }
  }
}

/** Pods of a group by class; `undefined` for a node and for addresses. */
function byClass(end: ReasonEnd): ReadonlyMap<number, readonly Pod[]> | undefined {
  return 'outside' in end || end.group.node !== undefined ? undefined : end.group.ofClass;
}

function firstOfEach(
  end: ReasonEnd,
  pods: ReadonlyMap<number, readonly Pod[]> | undefined,
): readonly PolicyEnd[] {
  if (pods === undefined) return examples(end);
  return [...pods.values()].flatMap((list) => list.slice(0, 1)).map((pod) => ({ kind: 'pod', pod }));
}

/** A pair of which one is the other's own node, which examples of each class may miss (corner 42). */
function onOneNode(
  policy: CompiledPolicy,
  from: ReasonEnd,
  to: ReasonEnd,
): readonly [PolicyEnd, PolicyEnd] | undefined {
  if ('outside' in from || 'outside' in to) return undefined;
  // Corner 44: one of the two is a node, or a pod that is one.
  if (![from.group, to.group].some(({ node, hosts }) => node !== undefined || hosts.length > 0))
    return undefined;
  const byNode = new Map<string, PolicyEnd[]>();
  for (const [node, end] of endsWithNodes(from.group)) {
    const ends = byNode.get(node);
    if (ends === undefined) byNode.set(node, [end]);
    else if (ends.length < 2) ends.push(end);
  }
  for (const [node, destination] of endsWithNodes(to.group)) {
    for (const source of byNode.get(node) ?? []) {
      if (policy.exemption(source, destination) === 'node') return [source, destination];
    }
  }
  return undefined;
}

function endsWithNodes({ node, pods }: Group): readonly (readonly [string, PolicyEnd])[] {
  if (node !== undefined) return [[node.name, { kind: 'node', node }]];
  return pods.flatMap((pod) => (pod.node === undefined ? [] : [[pod.node, { kind: 'pod', pod }] as const]));
}

/** Why a pair is open, on some of these ports; empty when it is not. */
export function pairReasons(
  policy: CompiledPolicy,
  from: PolicyEnd,
  to: PolicyEnd,
  wanted: PortSet,
  family: Family | undefined,
): readonly MapReason[] {
  const exempt = policy.exemption(from, to);
  if (exempt === 'self') return [];
  if (exempt === 'node')
    return [
      { direction: 'egress', kind: 'node' },
      { direction: 'ingress', kind: 'node' },
    ];
  if (policy.allowed(from, to, family).intersect(wanted).isEmpty) return [];
  return [
    ...sideReasons(policy, 'egress', from, to, wanted, family),
    ...sideReasons(policy, 'ingress', to, from, wanted, family),
  ];
}

function sideReasons(
  policy: CompiledPolicy,
  direction: Direction,
  subject: PolicyEnd,
  other: PolicyEnd,
  wanted: PortSet,
  family: Family | undefined,
): readonly MapReason[] {
  const shared = families.filter((each) => has(subject, each) && has(other, each));
  const found: MapReason[] = [];
  let left = PortSet.none;
  for (const each of family === undefined ? shared : [family]) {
    const tiers = tierReasons(policy, direction, subject, other, each, wanted);
    found.push(...tiers.reasons);
    left = left.union(tiers.left);
  }
  return [...found, ...networkPolicyReasons(policy, direction, subject, other, left)];
}

/** The rules of tiers that decide about some of the ports, and the ports that are left to the NetworkPolicies. */
function tierReasons(
  policy: CompiledPolicy,
  direction: Direction,
  subject: PolicyEnd,
  other: PolicyEnd,
  family: Family,
  wanted: PortSet,
): { readonly reasons: readonly MapReason[]; readonly left: PortSet } {
  const sayings = policy.pairs.tierSayings(direction, subject, other, family);
  const disagree = policy.pairs.tierDisagreements(direction, subject, other, family);
  const found: MapReason[] = [];
  let left = wanted;
  for (const tier of ['admin', 'baseline'] as const) {
    let open = left;
    let decided = PortSet.none;
    const ofTier = sayings.filter((saying) => saying.tier === tier);
    const byPriority = Map.groupBy(ofTier, ({ priority }) => priority);
    for (const [priority, group] of byPriority) {
      let hit = PortSet.none;
      // What has no priority may stand first (corner 60).
      if (priority === undefined) open = left;
      for (const saying of group) {
        const { origin, name, kind } = policy.cluster.tierPolicies[saying.policy]!;
        for (const { rule, action, ports } of saying.rules) {
          const shared = ports.intersect(open);
          if (shared.isEmpty) continue;
          hit = hit.union(shared);
          if (action === 'accept') decided = decided.union(shared);
          // A rule that denies or passes is told only beside others that lead to something else (corner 60).
          const differing = disagree.get(saying.policy)?.intersect(shared);
          if (action !== 'accept' && (differing === undefined || differing.isEmpty)) continue;
          const place = origin.locate(['spec', direction, rule]);
          found.push({
            direction,
            kind: 'tier',
            policy: `${kind}/${name}`,
            action,
            rule,
            file: place.file,
            line: place.line,
            column: place.column,
          });
        }
      }
      open = open.minus(hit);
    }
    left = left.minus(decided);
    if (tier === 'admin' && policy.isolated(direction, subject)) break;
  }
  return { reasons: found, left };
}

function networkPolicyReasons(
  policy: CompiledPolicy,
  direction: Direction,
  subject: PolicyEnd,
  other: PolicyEnd,
  wanted: PortSet,
): readonly MapReason[] {
  if (wanted.isEmpty) return [];
  if (!policy.isolated(direction, subject)) return [{ direction, kind: 'open' }];
  const found: { readonly reason: MapReason; readonly size: number }[] = [];
  for (const { index, policy: networkPolicy } of policy.selecting(subject)) {
    for (const [rule, ports] of policy.pairs.admittedByRule(
      direction,
      index,
      subject,
      other,
      families.filter((family) => has(subject, family) && has(other, family)),
    )) {
      const shared = policy.parts.ports.set(ports).intersect(wanted);
      if (shared.isEmpty) continue;
      const place = networkPolicy.origin.locate(['spec', direction, rule]);
      found.push({
        size: shared.size,
        reason: {
          direction,
          kind: 'policy',
          policy: `${networkPolicy.namespace}/${networkPolicy.name}`,
          rule,
          file: place.file,
          line: place.line,
          column: place.column,
        },
      });
    }
  }
  return found.sort((a, b) => b.size - a.size).map(({ reason }) => reason);
}
