import { PortSet, protocols } from '../net/index.ts';
import type { Protocol } from '../net/index.ts';
import type { Direction, Ports, TierPorts } from '../model/index.ts';
import { PairMap } from './pair-map.ts';
import type { Reading } from './profile.ts';
import { portsOfRule, readsPortsPlainly } from './profiles/reading.ts';

/** Ids of the two sets that every table has. */
export const nothing = 0;
export const everything = 1;

// Realistic clusters have a few dozen sets, some have hundreds: their pairs are looked up in a square, rarer ones in a map.
const leastSquare = 64;
const mostSquare = 1024;

/** What the ports of a rule mean before a destination is known: fixed ports, and names that each pod resolves. */
interface PortSpec {
  readonly fixed: number;
  /** Ids of (protocol, name), ascending. */
  readonly names: readonly number[];
}

/**
 * Port sets as small numbers: equal sets have one id, and union and intersection are look-ups after the first time.
 *
 * The same for *specs* (fixed ports and names) and *port maps* (what the names mean on some pods).
 */
export class PortTable {
  readonly #sets: PortSet[] = [];
  readonly #ids = new Map<string, number>();
  readonly #unions = new PairMemo();
  readonly #intersections = new PairMemo();

  readonly #names = new Map<string, number>();
  readonly #specs: PortSpec[] = [];
  readonly #specIds = new Map<string, number>();
  readonly #reading: Reading;
  readonly #isPlain: boolean;
  readonly #specOfText = new Map<string, number>();
  /** By protocol and first port, and by last port: of rules that say no more. */
  readonly #specOfRange = new PairMap();
  readonly #portMaps: ReadonlyMap<number, number>[] = [new Map()];
  readonly #portMapIds = new Map<string, number>([['', 0]]);
  /** By spec and port map. */
  readonly #resolved = new PairMap();
  /** Ids that `keep` has taken back. */
  readonly #freed = {
    sets: [] as number[],
    specs: [] as number[],
    portMaps: [] as number[],
    names: [] as number[],
  };

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#isPlain = readsPortsPlainly(reading);
    this.intern(PortSet.none);
    this.intern(PortSet.all);
    this.#internSpec(nothing, []);
    this.#internSpec(everything, []);
  }

  /** How many different port sets have been met. */
  get size(): number {
    return this.#ids.size;
  }

  /** How much there is of everything that `keep` can forget. */
  get held(): number {
    return (
      this.#ids.size + this.#specIds.size + this.#specOfText.size + this.#portMapIds.size + this.#names.size
    );
  }

  /** Whether any rule names a port; otherwise what pods declare does not matter (corner 30). */
  get hasNames(): boolean {
    return this.#names.size > 0;
  }

  set(id: number): PortSet {
    return this.#sets[id]!;
  }

  intern(set: PortSet): number {
    let id = this.#ids.get(set.key);
    if (id === undefined) {
      id = this.#freed.sets.pop() ?? this.#sets.length;
      this.#sets[id] = set;
      this.#ids.set(set.key, id);
    }
    return id;
  }

  union(a: number, b: number): number {
    if (a === b || b === nothing || a === everything) return a;
    if (a === nothing || b === everything) return b;
    const known = this.#unions.get(a, b);
    if (known >= 0) return known;
    const id = this.intern(this.set(a).union(this.set(b)));
    this.#unions.set(a, b, id);
    return id;
  }

  /**
   * The union of any number of sets. Of many, only the result is interned: every set on the way there would make a list
   * of rules with a port each quadratic in memory.
   */
  unionOf(ids: Iterable<number>): number {
    const distinct = new Set(ids);
    distinct.delete(nothing);
    if (distinct.has(everything)) return everything;
    if (distinct.size > 3) return this.intern(PortSet.union(Array.from(distinct, (id) => this.set(id))));
    let union = nothing;
    for (const id of distinct) union = this.union(union, id);
    return union;
  }

  intersect(a: number, b: number): number {
    if (a === b || b === everything || a === nothing) return a;
    if (a === everything || b === nothing) return b;
    const known = this.#intersections.get(a, b);
    if (known >= 0) return known;
    const id = this.intern(this.set(a).intersect(this.set(b)));
    this.#intersections.set(a, b, id);
    return id;
  }

  /** What `a` has and `b` has not. */
  minus(a: number, b: number): number {
    if (a === b || a === nothing || b === everything) return nothing;
    if (b === nothing) return a;
    return this.intern(this.set(a).minus(this.set(b)));
  }

  /** The spec of a rule's `ports` (corners 25, 26 and 31). Equal meaning, equal id. */
  specOf(ports: Ports, direction: Direction): number {
    if (this.#isPlain) {
      if (ports.kind === 'all') return everything;
      // Most rules have one port.
      const [only] = ports.ports;
      if (ports.ports.length === 1 && only.kind === 'range') {
        const key = protocols.indexOf(only.protocol) * 0x1_0000 + only.from;
        let spec = this.#specOfRange.get(key, only.to);
        if (spec < 0) this.#specOfRange.add(key, only.to, (spec = this.#specOf(ports, direction)));
        return spec;
      }
    }
    return this.#specOf(ports, direction);
  }

  #specOf(ports: Ports, direction: Direction): number {
    // Few lists are written in many rules: only the first of each is worked out.
    let text = this.#isPlain ? '' : direction;
    for (const entry of ports.kind === 'all' ? [] : ports.ports) {
      if (entry.kind === 'range') text += `${entry.protocol}${entry.from}-${entry.to},`;
      else text += entry.kind === 'named' ? `${entry.protocol}/${entry.name},` : `${entry.protocol},`;
    }
    let id = this.#specOfText.get(text);
    if (id !== undefined) return id;
    const { fixed, named } = portsOfRule(ports, direction, this.#reading);
    const names = new Set(named.map(({ protocol, name }) => this.#nameId(protocol, name)));
    id = this.#internSpec(
      this.intern(fixed),
      [...names].sort((a, b) => a - b),
    );
    this.#specOfText.set(text, id);
    return id;
  }

  /**
   * The spec of a rule of a tier; `undefined` when an entry that no API knows makes the rule fail closed (corner 62). A name
   * stands for the port with whatever protocol it has (corners 57 and 62).
   */
  tierSpecOf(ports: TierPorts): number | undefined {
    if (ports.kind === 'all') return everything;
    const sets: PortSet[] = [];
    const names = new Set<number>();
    for (const entry of ports.ports) {
      switch (entry.kind) {
        case 'unknown':
          return undefined;
        case 'nothing':
          break;
        case 'everyPort':
          sets.push(PortSet.everyPort(entry.protocol));
          break;
        case 'range':
          sets.push(PortSet.range(entry.protocol, entry.from, entry.to));
          break;
        case 'named':
          for (const protocol of protocols) names.add(this.#nameId(protocol, entry.name));
      }
    }
    return this.#internSpec(
      this.intern(PortSet.union(sets)),
      [...names].sort((a, b) => a - b),
    );
  }

  /** The spec that allows what any of some allows. */
  specUnionOf(ids: ReadonlySet<number>): number {
    if (ids.has(everything)) return everything;
    const specs = Array.from(ids, (id) => this.#specs[id]!);
    return this.#internSpec(
      this.unionOf(specs.map(({ fixed }) => fixed)),
      [...new Set(specs.flatMap(({ names }) => names))].sort((m, n) => m - n),
    );
  }

  #internSpec(fixed: number, names: readonly number[]): number {
    const key = `${fixed}:${names.join(',')}`;
    let id = this.#specIds.get(key);
    if (id === undefined) {
      id = this.#freed.specs.pop() ?? this.#specs.length;
      this.#specs[id] = { fixed, names };
      this.#specIds.set(key, id);
    }
    return id;
  }

  #nameId(protocol: Protocol, name: string): number {
    const key = `${protocol}/${name}`;
    let id = this.#names.get(key);
    if (id === undefined) this.#names.set(key, (id = this.#freed.names.pop() ?? this.#names.size));
    return id;
  }

  /** Whether a spec needs a destination to be known. */
  isNamed(spec: number): boolean {
    return this.#specs[spec]!.names.length > 0;
  }

  /** The (protocol, name)s that a spec leaves to each destination, as ids. */
  namesOf(spec: number): readonly number[] {
    return this.#specs[spec]!.names;
  }

  /**
   * The id of what a pod's declared ports mean for the names that rules mention: a name stands for every number that
   * carries it with that protocol (corner 28). Pods whose ports no rule names share map 0.
   *
   * @param learn - whether names that no rule mentions yet count too
   */
  portMap(
    ports: readonly {
      readonly name: string | undefined;
      readonly protocol: Protocol;
      readonly port: number;
    }[],
    learn = false,
  ): number {
    const map = new Map<number, PortSet>();
    for (const { name, protocol, port } of ports) {
      if (name === undefined) continue;
      const id = learn ? this.#nameId(protocol, name) : this.#names.get(`${protocol}/${name}`);
      if (id === undefined) continue;
      map.set(id, (map.get(id) ?? PortSet.none).union(PortSet.range(protocol, port, port)));
    }
    return this.#internMap([...map].map(([name, set]) => [name, this.intern(set)] as const));
  }

  /** What is left of a port map when only some names matter. */
  restrict(portMap: number, names: ReadonlySet<number>): number {
    return this.#internMap([...this.#portMaps[portMap]!].filter(([name]) => names.has(name)));
  }

  #internMap(unsorted: (readonly [name: number, set: number])[]): number {
    if (unsorted.length === 0) return 0;
    const entries = unsorted.sort(([a], [b]) => a - b);
    const key = entries.join(';');
    let id = this.#portMapIds.get(key);
    if (id === undefined) {
      id = this.#freed.portMaps.pop() ?? this.#portMaps.length;
      this.#portMaps[id] = new Map(entries);
      this.#portMapIds.set(key, id);
    }
    return id;
  }

  /** The ports that a spec means on pods with this port map; a name that they lack means none (corner 29). */
  resolve(spec: number, portMap: number): number {
    const { fixed, names } = this.#specs[spec]!;
    if (names.length === 0) return fixed;
    let id = this.#resolved.get(spec, portMap);
    if (id < 0) {
      const map = this.#portMaps[portMap]!;
      id = fixed;
      for (const name of names) id = this.union(id, map.get(name) ?? nothing);
      this.#resolved.add(spec, portMap, id);
    }
    return id;
  }

  /** The fixed ports of a spec alone: what it means where there is no pod to ask (corner 29). */
  fixed(spec: number): number {
    return this.#specs[spec]!.fixed;
  }

  /**
   * Forgets every set, spec and port map but those that somebody still has, and what these need; the others' ids are given out
   * again. What remains keeps its ids.
   */
  keep(used: {
    readonly sets: ReadonlySet<number>;
    readonly specs: ReadonlySet<number>;
    readonly portMaps: ReadonlySet<number>;
  }): void {
    const specs = new Set([nothing, everything, ...used.specs]);
    const portMaps = new Set([0, ...used.portMaps]);
    const sets = new Set([nothing, everything, ...used.sets]);
    const names = new Set<number>();
    for (const id of specs) {
      sets.add(this.#specs[id]!.fixed);
      for (const name of this.#specs[id]!.names) names.add(name);
    }
    for (const id of portMaps) {
      for (const [name, set] of this.#portMaps[id]!) {
        names.add(name);
        sets.add(set);
      }
    }
    forget(this.#ids, sets, this.#freed.sets);
    forget(this.#specIds, specs, this.#freed.specs);
    forget(this.#specOfText, specs, []);
    forget(this.#portMapIds, portMaps, this.#freed.portMaps);
    forget(this.#names, names, this.#freed.names);
    for (const id of this.#freed.sets) this.#sets[id] = PortSet.none;
    for (const id of this.#freed.portMaps) this.#portMaps[id] = new Map();
    this.#specOfRange.clear();
    this.#unions.clear();
    this.#intersections.clear();
    this.#resolved.clear();
  }
}

/** What was worked out of two sets, whichever comes first. */
class PairMemo {
  /** By pair: the id plus 1; 0 where not asked yet. */
  #square = new Int32Array(leastSquare * leastSquare);
  #side = leastSquare;
  readonly #rare = new PairMap();

  /** -1 where not asked yet. */
  get(a: number, b: number): number {
    const side = this.#side;
    if (a < side && b < side) return this.#square[a * side + b]! - 1;
    if (a >= mostSquare || b >= mostSquare) return a < b ? this.#rare.get(a, b) : this.#rare.get(b, a);
    return -1;
  }

  set(a: number, b: number, id: number): void {
    const high = Math.max(a, b);
    if (high >= mostSquare) {
      this.#rare.add(Math.min(a, b), high, id);
      return;
    }
    if (high >= this.#side) this.#widen(high + 1);
    this.#square[a * this.#side + b] = id + 1;
    this.#square[b * this.#side + a] = id + 1;
  }

  clear(): void {
    this.#square.fill(0);
    this.#rare.clear();
  }

  #widen(ids: number): void {
    let side = this.#side;
    while (side < ids) side *= 2;
    const square = new Int32Array(side * side);
    for (let a = 0; a < this.#side; a++)
      square.set(this.#square.subarray(a * this.#side, (a + 1) * this.#side), a * side);
    this.#square = square;
    this.#side = side;
  }
}

/** Deletes the entries whose id is not used any more. */
function forget(ids: Map<string, number>, used: ReadonlySet<number>, freed: number[]): void {
  for (const [key, id] of ids) {
    if (used.has(id)) continue;
    ids.delete(key);
    freed.push(id);
  }
}
