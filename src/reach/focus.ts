import { matches } from '../model/index.ts';
import type { Direction, LabelSelector } from '../model/index.ts';
import type { AddressRange } from '../net/index.ts';
import type { Group } from './groups.ts';
import type { End } from './types.ts';

/** Which connections a map keeps. Several ends of one list are alternatives; different conditions must all hold. */
export interface Focus {
  readonly from?: readonly End[];
  readonly to?: readonly End[];
  /** One of the two ends. */
  readonly peer?: readonly End[];
  /**
   * Seen from `peer`, `namespace` and `selector`: connections to them (`ingress`) or from them (`egress`). Without any
   * of these, seen from the cluster.
   */
  readonly direction?: Direction;
  /** An end in this namespace. */
  readonly namespace?: string;
  /** An end whose pod labels match. */
  readonly selector?: LabelSelector;
}

/** A focus held against peers. `outside` ends are asked with their ranges, all others as groups. */
export interface FocusTest {
  readonly isFocused: boolean;
  /** Whether every connection between peers of the cluster is kept, so that none has to be asked about. */
  readonly keepsAll: boolean;
  /** Whether `keeps` depends on which addresses outside it is asked about. */
  readonly tellsAddressesApart: boolean;
  readonly keeps: (from: Group | readonly AddressRange[], to: Group | readonly AddressRange[]) => boolean;
  /**
   * What connections from a peer ask of the other peer: a set of conditions as bits, so that sources that ask the same
   * share their targets; -1 when none is kept. For peers of the cluster, the same as `keeps`.
   */
  readonly demands: (from: Group) => number;
  readonly meets: (to: Group, demands: number) => boolean;
  /** Whether a peer belongs to what the focus names, with or without connections. */
  readonly names: (peer: Group) => boolean;
}

type Side = Group | readonly AddressRange[];

/** Makes the test of a focus. */
export function focusTest(focus: Focus): FocusTest {
  const { from, to, peer, direction, namespace, selector } = focus;
  const conditions: ((side: Side) => boolean)[] = [];
  if (peer !== undefined) conditions.push(anyOf(peer));
  if (namespace !== undefined) conditions.push((side) => isGroup(side) && side.namespaces.has(namespace));
  if (selector !== undefined) {
    conditions.push((side) => isGroup(side) && side.pods.some((pod) => matches(selector, pod.labels)));
  }
  const fromTest = from === undefined ? undefined : anyOf(from);
  const toTest = to === undefined ? undefined : anyOf(to);
  const inCluster = (side: Side): boolean => isGroup(side);
  const keeps = (source: Side, destination: Side): boolean => {
    if (fromTest !== undefined && !fromTest(source)) return false;
    if (toTest !== undefined && !toTest(destination)) return false;
    if (conditions.length === 0) {
      if (direction === 'ingress') return inCluster(destination);
      return direction === 'egress' ? inCluster(source) : true;
    }
    return conditions.every((condition) => {
      if (direction === 'ingress') return condition(destination);
      return direction === 'egress' ? condition(source) : condition(source) || condition(destination);
    });
  };
  const everyCondition = 2 ** conditions.length - 1;
  const demands = (source: Group): number => {
    if (fromTest !== undefined && !fromTest(source)) return -1;
    if (direction === 'ingress') return everyCondition;
    let missing = 0;
    for (const [i, condition] of conditions.entries()) if (!condition(source)) missing += 2 ** i;
    return direction === 'egress' && missing !== 0 ? -1 : missing;
  };
  const meets = (destination: Group, asked: number): boolean =>
    (toTest === undefined || toTest(destination)) &&
    conditions.every((condition, i) => Math.floor(asked / 2 ** i) % 2 === 0 || condition(destination));
  const isFocused = fromTest !== undefined || toTest !== undefined || conditions.length > 0;
  return {
    isFocused,
    keepsAll: !isFocused && direction === undefined,
    tellsAddressesApart: [...(from ?? []), ...(to ?? []), ...(peer ?? [])].some(
      ({ kind }) => kind === 'outside',
    ),
    keeps,
    demands,
    meets,
    names: (group) =>
      (fromTest?.(group) ?? toTest?.(group) ?? true) && conditions.every((condition) => condition(group)),
  };
}

function isGroup(side: Side): side is Group {
  return 'peer' in side;
}

function anyOf(ends: readonly End[]): (side: Side) => boolean {
  const workloads = new Set<unknown>();
  const nodes = new Set<string>();
  const ranges: AddressRange[] = [];
  for (const end of ends) {
    if (end.kind === 'outside') ranges.push(...end.ranges);
    else if (end.kind === 'nodes') for (const node of end.nodes) nodes.add(node.name);
    else for (const pod of end.pods) workloads.add(pod);
  }
  return (side) => {
    if (!isGroup(side)) {
      return side.some((range) =>
        ranges.some(
          (asked) => asked.family === range.family && asked.first <= range.last && range.first <= asked.last,
        ),
      );
    }
    if (side.node !== undefined) return nodes.has(side.node.name);
    return side.pods.some((pod) => workloads.has(pod));
  };
}
