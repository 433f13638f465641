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

// All protocols stand on one line, in the order of `protocols`, each with 65536 places; port 0 is never in a set, so that
// ranges of two protocols never touch. Behind the last comes one place for every protocol that the API cannot name.
const lane = highest + 1;
const unnamedPlace = protocols.length * lane + lowest;

/** What a pass over two sets keeps, by whether the first has it (1) and the second (2). */
type Keep = readonly [neither: false, first: boolean, second: boolean, both: boolean];
const inEither: Keep = [false, true, true, true];
const inBoth: Keep = [false, false, false, true];
const inFirstAlone: Keep = [false, true, false, false];

/**
 * A set of (protocol, port), kept as sorted ranges that neither overlap nor touch: equal sets have equal keys.
 *
 * `other` stands for every protocol that the API cannot name (ICMP and the rest, corner 33), all at once. Ports run
 * from 1 to 65535.
 */
export class PortSet {
  static readonly none: PortSet = new PortSet([]);
  /** Every protocol that the API cannot name, and no port of the others. */
  static readonly unnamed: PortSet = new PortSet([unnamedPlace, unnamedPlace + 1]);
  static readonly all: PortSet = new PortSet([
    ...protocols.flatMap((_, i) => [i * lane + lowest, (i + 1) * lane]),
    ...PortSet.unnamed.bounds,
  ]);

  /**
   * Where the set begins and where it ends, ascending, in turns: places on one line of all protocols, those of `protocols[i]`
   * from i × 65536 on, and behind them the one of `other`. Equal sets have equal bounds.
   */
  readonly bounds: readonly number[];
  #key: string | undefined;

  private constructor(bounds: readonly number[]) {
    this.bounds = bounds;
  }

  /** The set with these bounds, which are as `bounds` of some set. */
  static ofBounds(bounds: readonly number[]): PortSet {
    return bounds.length === 0 ? PortSet.none : new PortSet(bounds);
  }

  /** One protocol's ports from `from` to `to`, both included; none when the range is empty. */
  static range(protocol: Protocol, from: number, to: number): PortSet {
    const first = Math.max(from, lowest);
    const last = Math.min(to, highest);
    const start = protocols.indexOf(protocol) * lane;
    return first > last ? PortSet.none : new PortSet([start + first, start + last + 1]);
  }

  /** Every port of one protocol. */
  static everyPort(protocol: Protocol): PortSet {
    return PortSet.range(protocol, lowest, highest);
  }

  /** The union of several sets; none when there are none. */
  static union(sets: Iterable<PortSet>): PortSet {
    const starts: number[] = [];
    const ends: number[] = [];
    for (const { bounds } of sets) {
      for (let i = 0; i < bounds.length; i += 2) {
        starts.push(bounds[i]!);
        ends.push(bounds[i + 1]!);
      }
    }
    return PortSet.ofBounds(merged(starts, ends));
  }

  /** Equal sets have equal keys, and different sets different ones. */
  get key(): string {
    this.#key ??=
      protocols
        .map((protocol) =>
          this.ranges(protocol)
            .map(({ from, to }) => `${from}-${to}`)
            .join(','),
        )
        .join(';') + (this.other ? '+' : '');
    return this.#key;
  }

  /** Whether it has every protocol that the API cannot name. */
  get other(): boolean {
    return this.bounds.at(-1) === unnamedPlace + 1;
  }

  get isEmpty(): boolean {
    return this.bounds.length === 0;
  }

  get isAll(): boolean {
    return this.equals(PortSet.all);
  }

  /** The ranges of one protocol, sorted, neither overlapping nor touching. */
  ranges(protocol: Protocol): readonly PortRange[] {
    const start = protocols.indexOf(protocol) * lane;
    const { bounds } = this;
    const ranges: PortRange[] = [];
    for (let i = 0; i < bounds.length && bounds[i]! < start + lane; i += 2)
      if (bounds[i]! >= start) ranges.push({ from: bounds[i]! - start, to: bounds[i + 1]! - 1 - start });
    return ranges;
  }

  has(protocol: Protocol, port: number): boolean {
    if (port < lowest || port > highest) return false;
    const place = protocols.indexOf(protocol) * lane + port;
    const { bounds } = this;
    for (let i = 0; i < bounds.length && bounds[i]! <= place; i += 2) if (place < bounds[i + 1]!) return true;
    return false;
  }

  /** The number of (protocol, port) points, `other` not counted. */
  get size(): number {
    let size = this.other ? -1 : 0;
    for (let i = 0; i < this.bounds.length; i += 2) size += this.bounds[i + 1]! - this.bounds[i]!;
    return size;
  }

  equals(that: PortSet): boolean {
    const [a, b] = [this.bounds, that.bounds];
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }

  includes(that: PortSet): boolean {
    return that.minus(this).isEmpty;
  }

  union(that: PortSet): PortSet {
    if (that.isEmpty || this === that) return this;
    return this.isEmpty ? that : this.#kept(that, inEither);
  }

  intersect(that: PortSet): PortSet {
    return this === that ? this : this.#kept(that, inBoth);
  }

  /** What this set has and `that` has not. */
  minus(that: PortSet): PortSet {
    return this.isEmpty || that.isEmpty ? this : this.#kept(that, inFirstAlone);
  }

  /** One pass over the bounds of both: a set is entered and left in turns. */
  #kept(that: PortSet, keep: Keep): PortSet {
    const [a, b] = [this.bounds, that.bounds];
    const bounds: number[] = [];
    for (let i = 0, j = 0; i < a.length || j < b.length;) {
      const place = j === b.length || a[i]! < b[j]! ? a[i]! : b[j]!;
      if (a[i] === place) i++;
      if (b[j] === place) j++;
      const isKept = keep[(i & 1) + (j & 1) * 2]!;
      if (isKept !== ((bounds.length & 1) === 1)) bounds.push(place);
    }
    return PortSet.ofBounds(bounds);
  }
}

/** The bounds of ranges that may overlap and touch, in any order. */
function merged(starts: readonly number[], ends: readonly number[]): readonly number[] {
  const order = Array.from(starts.keys());
  let isSorted = true;
  for (let i = 1; i < starts.length; i++) isSorted &&= starts[i - 1]! <= starts[i]!;
  if (!isSorted) order.sort((a, b) => starts[a]! - starts[b]!);
  const bounds: number[] = [];
  for (const i of order) {
    const last = bounds.length - 1;
    if (last > 0 && starts[i]! <= bounds[last]!) bounds[last] = Math.max(bounds[last]!, ends[i]!);
    else bounds.push(starts[i]!, ends[i]!);
  }
  return bounds;
}
