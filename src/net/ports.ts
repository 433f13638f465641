/** The protocols that NetworkPolicy can name, in the order of every output (corner 25). */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** All of them, by name. */
export const protocols: readonly Protocol[] = ['SCTP', 'TCP', 'UDP'];

/** Both ends included, as `port` and `endPort` are (corner 31). */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

const lowest = 1;
const highest = 65535;

/**
 * A set of (protocol, port), kept as sorted ranges that neither overlap nor touch: equal sets have equal keys.
 *
 * `other` stands for every protocol that the API cannot name (ICMP and the rest, corner 33), all at once. Ports run
 * from 1 to 65535.
 */
export class PortSet {
  static readonly none: PortSet = new PortSet(new Map(), false);
  static readonly all: PortSet = new PortSet(
    new Map(protocols.map((protocol) => [protocol, [{ from: lowest, to: highest }]])),
    true,
  );

  /** Every protocol that the API cannot name, and no port of the others. */
  static readonly unnamed: PortSet = new PortSet(new Map(), true);

  readonly #ranges: ReadonlyMap<Protocol, readonly PortRange[]>;
  readonly other: boolean;
  /** Equal sets have equal keys, and different sets different ones. */
  readonly key: string;

  private constructor(ranges: ReadonlyMap<Protocol, readonly PortRange[]>, other: boolean) {
    this.#ranges = ranges;
    this.other = other;
    this.key =
      protocols
        .map((protocol) => (ranges.get(protocol) ?? []).map(({ from, to }) => `${from}-${to}`).join(','))
        .join(';') + (other ? '+' : '');
  }

  /** One protocol's ports from `from` to `to`, both included; none when the range is empty. */
  static range(protocol: Protocol, from: number, to: number): PortSet {
    const first = Math.max(from, lowest);
    const last = Math.min(to, highest);
    return first > last
      ? PortSet.none
      : new PortSet(new Map([[protocol, [{ from: first, to: last }]]]), false);
  }

  /** Every port of one protocol. */
  static everyPort(protocol: Protocol): PortSet {
    return PortSet.range(protocol, lowest, highest);
  }

  /** The union of several sets; none when there are none. */
  static union(sets: Iterable<PortSet>): PortSet {
    const ranges = new Map<Protocol, PortRange[]>();
    let other = false;
    for (const set of sets) {
      other ||= set.other;
      for (const [protocol, own] of set.#ranges) {
        const known = ranges.get(protocol);
        if (known === undefined) ranges.set(protocol, [...own]);
        else for (const range of own) known.push(range);
      }
    }
    const merged = protocols.flatMap((protocol) => {
      const list = ranges.get(protocol);
      return list === undefined ? [] : [[protocol, merge(list)] as const];
    });
    return merged.length === 0 && !other ? PortSet.none : new PortSet(new Map(merged), other);
  }

  get isEmpty(): boolean {
    return this.#ranges.size === 0 && !this.other;
  }

  get isAll(): boolean {
    return this.key === PortSet.all.key;
  }

  /** The ranges of one protocol, sorted, neither overlapping nor touching. */
  ranges(protocol: Protocol): readonly PortRange[] {
    return this.#ranges.get(protocol) ?? [];
  }

  has(protocol: Protocol, port: number): boolean {
    return this.ranges(protocol).some(({ from, to }) => from <= port && port <= to);
  }

  /** The number of (protocol, port) points, `other` not counted. */
  get size(): number {
    let size = 0;
    for (const ranges of this.#ranges.values()) for (const { from, to } of ranges) size += to - from + 1;
    return size;
  }

  equals(that: PortSet): boolean {
    return this.key === that.key;
  }

  includes(that: PortSet): boolean {
    return that.minus(this).isEmpty;
  }

  union(that: PortSet): PortSet {
    if (that.isEmpty || this === that) return this;
    if (this.isEmpty) return that;
    return this.#combine(that, this.other || that.other, (a, b) => merge([...a, ...b]));
  }

  intersect(that: PortSet): PortSet {
    if (this === that) return this;
    return this.#combine(that, this.other && that.other, intersection);
  }

  /** What this set has and `that` has not. */
  minus(that: PortSet): PortSet {
    return this.#combine(that, this.other && !that.other, difference);
  }

  #combine(
    that: PortSet,
    other: boolean,
    each: (a: readonly PortRange[], b: readonly PortRange[]) => readonly PortRange[],
  ): PortSet {
    const ranges = new Map<Protocol, readonly PortRange[]>();
    for (const protocol of protocols) {
      const combined = each(this.ranges(protocol), that.ranges(protocol));
      if (combined.length > 0) ranges.set(protocol, combined);
    }
    return new PortSet(ranges, other);
  }
}

function merge(ranges: readonly PortRange[]): readonly PortRange[] {
  const merged: { from: number; to: number }[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  return merged;
}

function intersection(a: readonly PortRange[], b: readonly PortRange[]): readonly PortRange[] {
  const shared: PortRange[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const x = a[i]!;
    const y = b[j]!;
    const from = Math.max(x.from, y.from);
    const to = Math.min(x.to, y.to);
    if (from <= to) shared.push({ from, to });
    if (x.to < y.to) i++;
    else j++;
  }
  return shared;
}

/** What `a` has and `b` has not: `a` cut by everything between the ranges of `b`. */
function difference(a: readonly PortRange[], b: readonly PortRange[]): readonly PortRange[] {
  const gaps: PortRange[] = [];
  let next = lowest;
  for (const { from, to } of b) {
    if (next < from) gaps.push({ from: next, to: from - 1 });
    next = to + 1;
  }
  if (next <= highest) gaps.push({ from: next, to: highest });
  return intersection(a, gaps);
}
