import { unreachable } from '../errors.ts';
import type { Direction, Pod } from '../model/index.ts';
import { formatAddress } from '../net/index.ts';
import type { Address, AddressRange, PortSet } from '../net/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { allowedPorts, byText } from './allowed.ts';
import type { DeniedQuestion } from './nearest-candidates.ts';
import type { End, NearMiss } from './types.ts';

/** A list of what opens is not longer than this: nobody makes a change that opens more in order to open one pair. */
const mostOpened = 10_000;

/** Nor are more pairs of workloads looked at. */
const mostLooked = 2_000_000;

/** An end with its class in the probe; -1 for whom no policy selects, nor any selector means. */
export interface ProbeEnd {
  readonly end: PolicyEnd;
  readonly c: number;
}

/** What opens for one direction of some subjects. */
export interface Side {
  readonly direction: Direction;
  readonly subjects: readonly Unit[];
  readonly others: readonly Unit[];
  /** What opens between ends of two units that are not exempt. */
  readonly gain: (from: Unit, to: Unit) => PortSet;
  readonly engine: CompiledPolicy;
}

/** Ends that no policy tells apart, before or after. */
export interface Unit {
  readonly example: PolicyEnd;
  /** Its class in the second engine; -1 for whom no policy selects, nor any selector means. */
  readonly second: number;
  /** Some of each workload; see `Units`. */
  readonly ends: PolicyEnd[];
}

/** The unit of one end alone. */
export function unitOf(end: PolicyEnd): Unit {
  return { example: end, second: -1, ends: [end] };
}

/** An end to ask about in place of all of its unit. */
export function endOf({ example, second }: Unit): ProbeEnd {
  return { end: example, c: second };
}

/**
 * The pods of one engine by their classes in it and in a second one, which has them too and in the same order. Of each workload a unit has some
 * pods, apart from those asked about: two, so that replicas are held against one another, and one more that runs elsewhere
 * than the first, so that for every node one is left that this node is not exempt for (corner 42); of host-network pods
 * those of each node.
 */
export class Units {
  readonly all: readonly Unit[];
  readonly #bySecond = new Map<number, Unit[]>();

  constructor(first: CompiledPolicy, second: CompiledPolicy, asked: DeniedQuestion) {
    const isFrom = membership(asked.fromEnd);
    const isTo = membership(asked.toEnd);
    const units = new Map<number, Unit>();
    const seen = new Map<string, { readonly first: Pod; count: number; isElsewhere: boolean }>();
    const { classes } = first.parts;
    const others = second.parts.classes;
    let at = 0;
    for (const [i, pod] of classes.pods.entries()) {
      while (others.pods[at] !== pod) at++;
      const c = classes.classOf[i]!;
      const d = others.classOf[at]!;
      const key = c * others.size + d;
      const end: PolicyEnd = { kind: 'pod', pod };
      let unit = units.get(key);
      if (unit === undefined) {
        units.set(key, (unit = { example: end, second: others.host[d] === 1 ? -1 : d, ends: [] }));
        const list = this.#bySecond.get(d);
        if (list === undefined) this.#bySecond.set(d, [unit]);
        else list.push(unit);
      }
      const { workload, hostNetwork, node } = pod;
      const kind = `${key} ${isFrom(end) || isTo(end)} ${hostNetwork ? (node ?? '') : ''} ${workload}`;
      const known = seen.get(kind);
      if (known === undefined) {
        seen.set(kind, { first: pod, count: 1, isElsewhere: false });
        unit.ends.push(end);
        continue;
      }
      const isNews = known.count < 2 || (!known.isElsewhere && node !== known.first.node);
      if (node !== known.first.node) known.isElsewhere = true;
      if (!isNews) continue;
      known.count++;
      unit.ends.push(end);
    }
    this.all = [...units.values()];
  }

  /** Those of a class of the second engine. */
  ofSecond(c: number): readonly Unit[] {
    return this.#bySecond.get(c) ?? [];
  }
}

/** What was found to open, up to the most that is looked at. */
export class Found {
  readonly #opened = new Map<string, { readonly from: string; readonly to: string; set: PortSet }>();
  #looked = 0;
  hasMore = false;

  look(): void {
    if (++this.#looked > mostLooked) this.hasMore = true;
  }

  add(from: string, to: string, set: PortSet): void {
    if (set.isEmpty) return;
    const key = `${from} ${to}`;
    const known = this.#opened.get(key);
    if (known !== undefined) known.set = known.set.union(set);
    else if (this.#opened.size < mostOpened) this.#opened.set(key, { from, to, set });
    else this.hasMore = true;
  }

  list(): NearMiss['alsoOpens'] {
    return [...this.#opened.values()]
      .sort((a, b) => byText(a.from, b.from) || byText(a.to, b.to))
      .map(({ from, to, set }) => ({ from, to, allowed: allowedPorts(set) }));
  }
}

/** What answers call an end whose connections open. */
export function idOf(end: PolicyEnd): string {
  switch (end.kind) {
    case 'pod':
      return end.pod.workload;
    case 'node':
      return `node/${end.node.name}`;
    case 'address':
      return formatAddress(end.address);
  }
}

/** Whether an operand of the question stands for an end. */
export function membership(end: End): (candidate: PolicyEnd) => boolean {
  const members = new Set<unknown>();
  if (end.kind === 'pods' || end.kind === 'service') for (const pod of end.pods) members.add(pod);
  if (end.kind === 'nodes') for (const node of end.nodes) members.add(node);
  return (candidate) => {
    if (candidate.kind === 'pod') return members.has(candidate.pod);
    return candidate.kind === 'node' && members.has(candidate.node);
  };
}

/** The addresses by which an operand of the question is also known outside: of nodes and host-network pods too. */
export function rangesOf(end: End): readonly AddressRange[] {
  const single = ({ family, value }: Address): AddressRange => ({ family, first: value, last: value });
  switch (end.kind) {
    case 'outside':
      return end.ranges;
    case 'nodes':
      return end.nodes.flatMap((node) => node.addresses.map(single));
    case 'pods':
    case 'service':
      return end.pods.flatMap((pod) => pod.addresses.map(single));
    case 'entry':
      return [];
    default:
      return unreachable(end);
  }
}
