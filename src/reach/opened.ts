import type { Direction, NetworkPolicy, Pod } from '../model/index.ts';
import { families, formatAddress } from '../net/index.ts';
import type { Address, AddressRange, PortSet } from '../net/index.ts';
import { has } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { allowedPorts, byText } from './allowed.ts';
import type { DeniedQuestion } from './nearest.ts';
import { joined, rangesId } from './outside.ts';
import type { End, NearMiss } from './types.ts';

/** One changed object, and whose connections it can have opened. */
interface Change {
  readonly policy: NetworkPolicy;
  readonly direction: Direction;
  readonly concerns: 'subjects' | { readonly namespace: string };
}

/**
 * The ends that can differ, some of each kind, apart from those asked about: two pods of each class in both engines, so
 * that replicas are held against one another, and one more that runs elsewhere than the first, so that for every node
 * one is left that this node is not exempt for (corner 42); host-network pods by node and addresses; and the nodes whose
 * address is known.
 */
function representatives(
  before: CompiledPolicy,
  after: CompiledPolicy,
  isAsked: (end: PolicyEnd) => boolean,
): readonly PolicyEnd[] {
  const seen = new Map<string, { readonly first: Pod; count: number; isElsewhere: boolean }>();
  const pods = before.parts.classes.pods.map((pod): PolicyEnd => ({ kind: 'pod', pod }));
  const kept = pods.filter((end) => {
    if (end.kind !== 'pod') return false;
    const { workload, hostNetwork, node, addresses } = end.pod;
    const own = hostNetwork ? `${node} ${addresses.map(formatAddress).join(',')}` : '';
    const key = `${workload}/${before.classOf(end)}/${after.classOf(end)}/${own}/${isAsked(end)}`;
    const known = seen.get(key);
    if (known === undefined) {
      seen.set(key, { first: end.pod, count: 1, isElsewhere: false });
      return true;
    }
    const isNews = known.count < 2 || (!known.isElsewhere && node !== known.first.node);
    if (node !== known.first.node) known.isElsewhere = true;
    if (isNews) known.count++;
    return isNews;
  });
  const nodes = [...before.cluster.nodes.values()].filter(({ addresses }) => addresses.length > 0);
  return [...kept, ...nodes.map((node): PolicyEnd => ({ kind: 'node', node }))];
}

/** What answers call an end whose connections open. */
function idOf(end: PolicyEnd): string {
  switch (end.kind) {
    case 'pod':
      return end.pod.workload;
    case 'node':
      return `node/${end.node.name}`;
    case 'address':
      return formatAddress(end.address);
  }
}

/**
 * What `after` allows and `before` does not, as connections of workloads, nodes and addresses, sorted; what was asked
 * for is left out. Exact: only the ends that the changes concern can differ, and each of their pairs is asked.
 */
export function difference(
  before: CompiledPolicy,
  after: CompiledPolicy,
  changes: readonly Change[],
  asked: DeniedQuestion,
): NearMiss['alsoOpens'] {
  const isFrom = membership(asked.fromEnd);
  const isTo = membership(asked.toEnd);
  const everybody = representatives(before, after, (end) => isFrom(end) || isTo(end));
  const opened = new Map<string, { readonly from: string; readonly to: string; set: PortSet }>();
  const add = (from: string, to: string, set: PortSet): void => {
    if (set.isEmpty) return;
    const key = `${from} ${to}`;
    const known = opened.get(key);
    if (known === undefined) opened.set(key, { from, to, set });
    else known.set = known.set.union(set);
  };
  const pair = (from: PolicyEnd, to: PolicyEnd): void => {
    let set = after.allowed(from, to).minus(before.allowed(from, to));
    if (isFrom(from) && isTo(to)) set = set.minus(asked.ports);
    add(idOf(from), idOf(to), set);
  };
  for (const change of changes) {
    for (const end of everybody) {
      if (end.kind !== 'pod' || !concerns(before, change, end)) continue;
      const selected = change.concerns === 'subjects';
      for (const other of everybody) {
        if (!selected || change.direction === 'egress') pair(end, other);
        if (!selected || change.direction === 'ingress') pair(other, end);
      }
      if (selected) outside(before, after, change.direction, end.pod, asked, add);
    }
  }
  return [...opened.values()]
    .sort((a, b) => byText(a.from, b.from) || byText(a.to, b.to))
    .map(({ from, to, set }) => ({ from, to, allowed: allowedPorts(set) }));
}

function concerns(
  before: CompiledPolicy,
  change: Change,
  end: PolicyEnd & { readonly kind: 'pod' },
): boolean {
  return change.concerns === 'subjects'
    ? before.selecting(end).some(({ policy }) => policy === change.policy)
    : end.pod.namespace === change.concerns.namespace;
}

/** Whether an operand of the question stands for an end. */
function membership(end: End): (candidate: PolicyEnd) => boolean {
  const members = new Set<unknown>();
  if (end.kind === 'pods' || end.kind === 'service') for (const pod of end.pods) members.add(pod);
  if (end.kind === 'nodes') for (const node of end.nodes) members.add(node);
  return (candidate) => {
    if (candidate.kind === 'pod') return members.has(candidate.pod);
    return candidate.kind === 'node' && members.has(candidate.node);
  };
}

/** The addresses by which an operand of the question is also known outside: of nodes and host-network pods too. */
function rangesOf(end: End): readonly AddressRange[] {
  const single = ({ family, value }: Address): AddressRange => ({ family, first: value, last: value });
  switch (end.kind) {
    case 'outside':
      return end.ranges;
    case 'nodes':
      return end.nodes.flatMap((node) => node.addresses.map(single));
    case 'pods':
    case 'service':
      return end.pods.flatMap((pod) => pod.addresses.map(single));
  }
}

function outside(
  before: CompiledPolicy,
  after: CompiledPolicy,
  direction: Direction,
  pod: Pod,
  asked: DeniedQuestion,
  add: (from: string, to: string, set: PortSet) => void,
): void {
  const end: PolicyEnd = { kind: 'pod', pod };
  const stranger = rangesOf(direction === 'ingress' ? asked.fromEnd : asked.toEnd);
  const old = before.outside(direction, before.classOf(end));
  let at = 0;
  const ranges = new Map<string, { set: PortSet; readonly ranges: AddressRange[] }>();
  for (const segment of after.outside(direction, after.classOf(end))) {
    // Corner 37: addresses of a family that the pod lacks cannot reach it, nor it them.
    if (!has(end, segment.family)) continue;
    for (; at < old.length; at++) {
      const other = old[at]!;
      if (other.family !== segment.family) {
        if (families.indexOf(other.family) > families.indexOf(segment.family)) break;
        continue;
      }
      if (other.first > segment.last) break;
      const first = other.first > segment.first ? other.first : segment.first;
      const last = other.last < segment.last ? other.last : segment.last;
      let set = after.parts.ports.set(segment.ports).minus(before.parts.ports.set(other.ports));
      const within = (range: AddressRange): boolean =>
        range.family === segment.family && range.first <= first && last <= range.last;
      if (stranger.some(within)) set = set.minus(asked.ports);
      if (!set.isEmpty && last >= first) {
        const known = ranges.get(set.key);
        if (known === undefined)
          ranges.set(set.key, { set, ranges: [{ family: segment.family, first, last }] });
        else known.ranges.push({ family: segment.family, first, last });
      }
      if (other.last > segment.last) break;
    }
  }
  for (const { set, ranges: list } of ranges.values()) {
    const id = rangesId(joined(list));
    if (direction === 'ingress') add(id, pod.workload, set);
    else add(pod.workload, id, set);
  }
}
