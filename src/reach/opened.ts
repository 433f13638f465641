import type { Direction, NetworkPolicy, Pod } from '../model/index.ts';
import { families } from '../net/index.ts';
import type { AddressRange, PortSet } from '../net/index.ts';
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

/** One pod of each kind that can differ: of each class in both engines, workload and node of host-network pods. */
function representatives(
  before: CompiledPolicy,
  after: CompiledPolicy,
  pods: readonly Pod[],
): readonly Pod[] {
  const seen = new Map<string, Pod>();
  for (const pod of pods) {
    const end: PolicyEnd = { kind: 'pod', pod };
    const key = `${pod.workload}/${before.classOf(end)}/${after.classOf(end)}/${pod.hostNetwork ? pod.node : ''}`;
    if (!seen.has(key)) seen.set(key, pod);
  }
  return [...seen.values()];
}

/**
 * What `after` allows and `before` does not, as connections of workloads and addresses, sorted; the connection that was
 * asked about left out. Exact: only the ends that the changes concern can differ, and each of their pairs is asked.
 */
export function difference(
  before: CompiledPolicy,
  after: CompiledPolicy,
  changes: readonly Change[],
  asked: DeniedQuestion,
): NearMiss['alsoOpens'] {
  const all = before.cluster.pods;
  const everybody = representatives(before, after, all);
  const opened = new Map<string, { readonly from: string; readonly to: string; set: PortSet }>();
  const add = (from: string, to: string, set: PortSet): void => {
    if (set.isEmpty) return;
    const key = `${from} ${to}`;
    const known = opened.get(key);
    if (known === undefined) opened.set(key, { from, to, set });
    else known.set = known.set.union(set);
  };
  const pair = (from: Pod, to: Pod): void => {
    const ends = [{ kind: 'pod', pod: from } as const, { kind: 'pod', pod: to } as const] as const;
    let set = after.allowed(...ends).minus(before.allowed(...ends));
    if (isAsked(asked.fromEnd, from) && isAsked(asked.toEnd, to)) set = set.minus(asked.ports);
    add(from.workload, to.workload, set);
  };
  for (const change of changes) {
    const concerned = everybody.filter((pod) =>
      change.concerns === 'subjects'
        ? before.selecting({ kind: 'pod', pod }).some(({ policy }) => policy === change.policy)
        : pod.namespace === change.concerns.namespace,
    );
    for (const pod of concerned) {
      for (const other of everybody) {
        if (change.concerns !== 'subjects' || change.direction === 'egress') pair(pod, other);
        if (change.concerns !== 'subjects' || change.direction === 'ingress') pair(other, pod);
      }
      if (change.concerns === 'subjects') outside(before, after, change.direction, pod, asked, add);
    }
  }
  return [...opened.values()]
    .sort((a, b) => byText(a.from, b.from) || byText(a.to, b.to))
    .map(({ from, to, set }) => ({ from, to, allowed: allowedPorts(set) }));
}

/** Whether an operand of the question stands for a pod. */
function isAsked(end: End, pod: Pod): boolean {
  return (end.kind === 'pods' || end.kind === 'service') && end.pods.includes(pod);
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
  const old = before.outside(direction, before.classOf(end));
  let at = 0;
  const ranges = new Map<string, { set: PortSet; readonly ranges: AddressRange[] }>();
  for (const segment of after.outside(direction, after.classOf(end))) {
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
      const stranger = direction === 'ingress' ? asked.fromEnd : asked.toEnd;
      const within = (range: AddressRange): boolean =>
        range.family === segment.family && range.first <= first && last <= range.last;
      if (stranger.kind === 'outside' && stranger.ranges.some(within)) set = set.minus(asked.ports);
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
