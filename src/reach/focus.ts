import { matches } from '../model/index.ts';
import type { ClusterNode, Direction, LabelSelector, Pod, PodTable } from '../model/index.ts';
import type { AddressRange } from '../net/index.ts';
import { serviceId } from '../entry/index.ts';
import type { Entry } from '../entry/index.ts';
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

/**
 * What a side of a connection is, as far as a focus asks: a set of bits, `fromBit` and `toBit` where it passes these
 * conditions or there are none, `clusterBit` for pods and nodes, and one bit from `firstCondition` on for each of the others.
 */
export type Traits = number;

const fromBit = 1;
const toBit = 2;
const clusterBit = 4;
const firstCondition = 8;

/** The pods that a focus is held against, as the classes of a compiled policy have them. */
export interface Pods {
  readonly table: PodTable;
  /** The row in the table of each pod. */
  readonly rows: Int32Array;
  readonly indexOf: (pod: Pod) => number;
}

/** A focus held against peers. */
export interface FocusTest {
  readonly isFocused: boolean;
  /** Whether every connection between peers of the cluster is kept, so that none has to be asked about. */
  readonly keepsAll: boolean;
  /** Whether `keeps` depends on which addresses outside it is asked about. */
  readonly tellsAddressesApart: boolean;
  /** By number of a pod: its traits; those of all its pods together are a peer's. */
  readonly ofPods: (classes: Pods) => Int32Array;
  /** Those of a peer by what it is beside its pods: a namespace, a node, addresses outside. */
  readonly ofNamespace: (namespace: string) => Traits;
  readonly ofNode: (node: ClusterNode) => Traits;
  readonly ofRanges: (ranges: readonly AddressRange[]) => Traits;
  readonly ofEntry: (entry: Entry) => Traits;
  /** Whether connections from one peer to another are kept. */
  readonly keeps: (from: Traits, to: Traits) => boolean;
  /**
   * What connections from a peer ask of the other peer of the cluster: a set of conditions, so that sources that ask the
   * same share their targets; -1 when none is kept. The same as `keeps`.
   */
  readonly demands: (from: Traits) => number;
  readonly meets: (to: Traits, demands: number) => boolean;
  /** Whether a peer belongs to what the focus names, with or without connections. */
  readonly names: (peer: Traits) => boolean;
}

/** Makes the test of a focus. */
export function focusTest(focus: Focus): FocusTest {
  const { from, to, peer, direction, namespace, selector } = focus;
  const conditions: Side[] = [];
  if (peer !== undefined) conditions.push(anyOf(peer));
  if (namespace !== undefined) {
    conditions.push({
      ...nobody,
      pods: ({ table, rows }) => {
        const wanted = table.vocabulary.namespaces.find(namespace);
        return wanted < 0 ? undefined : (i) => table.namespace[rows[i]!] === wanted;
      },
      namespace: (name) => name === namespace,
      entry: (entry) => entry.namespace === namespace,
    });
  }
  if (selector !== undefined) conditions.push({ ...nobody, pods: (classes) => matching(selector, classes) });
  const fromTest = from === undefined ? undefined : anyOf(from);
  const toTest = to === undefined ? undefined : anyOf(to);
  const all = (firstCondition << conditions.length) - firstCondition;
  const traits = (holds: (side: Side) => boolean, base: number): Traits => {
    let bits = base;
    if (fromTest === undefined || holds(fromTest)) bits |= fromBit;
    if (toTest === undefined || holds(toTest)) bits |= toBit;
    for (const [i, condition] of conditions.entries()) if (holds(condition)) bits |= firstCondition << i;
    return bits;
  };
  const keeps = (source: Traits, destination: Traits): boolean => {
    if ((source & fromBit) === 0 || (destination & toBit) === 0) return false;
    if (conditions.length === 0) {
      if (direction === 'ingress') return (destination & clusterBit) !== 0;
      return direction === 'egress' ? (source & clusterBit) !== 0 : true;
    }
    const held =
      direction === 'ingress' ? destination : direction === 'egress' ? source : source | destination;
    return (held & all) === all;
  };
  const isFocused = fromTest !== undefined || toTest !== undefined || conditions.length > 0;
  return {
    isFocused,
    keepsAll: !isFocused && direction === undefined,
    tellsAddressesApart: [...(from ?? []), ...(to ?? []), ...(peer ?? [])].some(
      ({ kind }) => kind === 'outside',
    ),
    ofPods: (classes) => {
      const found = new Int32Array(classes.rows.length).fill(traits(never, clusterBit));
      const add = (side: Side | undefined, bit: number): void => {
        const holds = side?.pods(classes);
        if (holds === undefined) return;
        for (let i = 0; i < found.length; i++) if (holds(i)) found[i]! |= bit;
      };
      add(fromTest, fromBit);
      add(toTest, toBit);
      for (const [i, condition] of conditions.entries()) add(condition, firstCondition << i);
      return found;
    },
    ofNamespace: (name) => traits((side) => side.namespace(name), clusterBit),
    ofNode: (node) => traits((side) => side.node(node), clusterBit),
    ofRanges: (ranges) => traits((side) => side.ranges(ranges), 0),
    ofEntry: (entry) => traits((side) => side.entry(entry), 0),
    keeps,
    demands: (source) => {
      if ((source & fromBit) === 0) return -1;
      if (direction === 'ingress') return all;
      const missing = all & ~source;
      return direction === 'egress' && missing !== 0 ? -1 : missing;
    },
    meets: (destination, asked) => (destination & toBit) !== 0 && (destination & asked) === asked,
    names: (traits_) =>
      (fromTest !== undefined
        ? (traits_ & fromBit) !== 0
        : toTest === undefined || (traits_ & toBit) !== 0) && (traits_ & all) === all,
  };
}

/** One condition, held against everything that can be an end. */
interface Side {
  /** A test of pods by number; `undefined` when it means none. */
  readonly pods: (classes: Pods) => ((pod: number) => boolean) | undefined;
  readonly namespace: (name: string) => boolean;
  readonly node: (node: ClusterNode) => boolean;
  readonly ranges: (ranges: readonly AddressRange[]) => boolean;
  readonly entry: (entry: Entry) => boolean;
}

const never = (): boolean => false;
const nobody: Side = { pods: () => undefined, namespace: never, node: never, ranges: never, entry: never };

/** Pods share their labels with others: each set is held against the selector once. */
function matching(selector: LabelSelector, { table, rows }: Pods): (pod: number) => boolean {
  const { labels } = table.vocabulary;
  const known = new Int8Array(labels.limit).fill(-1);
  return (i) => {
    const set = table.labels[rows[i]!]!;
    if (known[set] === -1) known[set] = matches(selector, labels.labels(set)) ? 1 : 0;
    return known[set] === 1;
  };
}

function anyOf(ends: readonly End[]): Side {
  const pods = new Set<Pod>();
  const nodes = new Set<string>();
  const ranges: AddressRange[] = [];
  const entries = new Set<string>();
  for (const end of ends) {
    if (end.kind === 'entry') {
      entries.add(end.entry.id);
      continue;
    }
    // A Service may be an entrance, too.
    if (end.kind === 'service') entries.add(serviceId(end.service));
    if (end.kind === 'outside') ranges.push(...end.ranges);
    else if (end.kind === 'nodes') for (const node of end.nodes) nodes.add(node.name);
    else for (const pod of end.pods) pods.add(pod);
  }
  return {
    pods: (classes) => {
      if (pods.size === 0) return undefined;
      const isAsked = new Uint8Array(classes.rows.length);
      for (const pod of pods) {
        const i = classes.indexOf(pod);
        if (i >= 0) isAsked[i] = 1;
      }
      return (i) => isAsked[i] === 1;
    },
    namespace: never,
    node: ({ name }) => nodes.has(name),
    entry: ({ id }) => entries.has(id),
    ranges: (held) =>
      held.some((range) =>
        ranges.some(
          (asked) => asked.family === range.family && asked.first <= range.last && range.first <= asked.last,
        ),
      ),
  };
}
