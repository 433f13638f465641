import type { Cluster, Direction, Ports, TierPorts } from '../model/index.ts';
import { PortSet, protocols } from '../net/index.ts';
import type { Protocol } from '../net/index.ts';
import { portsOfRule } from '../policy/index.ts';
import type { Profile } from '../policy/index.ts';
import { always, ConditionTable, never } from './conditions.ts';
import { byText } from './literals.ts';

/** Ports of one protocol that may be used where they meet a condition on the names that they bear. */
interface ConditionalPorts {
  readonly protocol: Protocol;
  /** Of the table's conditions; neither `never` nor `always`. */
  readonly condition: number;
  readonly within: PortSet;
}

/**
 * What may be used: ports by number, whatever names they bear, and where the destination is a potential pod also ports by
 * name, which it may give to any number (corner 28). No port is in two of these.
 */
export interface Use {
  readonly ports: PortSet;
  /** Ascending by protocol and condition, each pair once. */
  readonly conditional: readonly ConditionalPorts[];
}

/** Ports that bear all of some names at a destination that is not there yet, and none of others. */
export interface NamedUse {
  readonly protocol: Protocol;
  /** Ascending; together with `without` at least one. */
  readonly names: readonly string[];
  readonly without: readonly string[];
  /** Those of the ports which may be used. */
  readonly within: PortSet;
}

/** The use of nothing, in every table. */
export const noUse = 0;
/** The use of every port there is, in every table. */
export const everyUse = 1;

/** By two uses: what one operation makes of them. */
type Combinations = (Map<number, number> | undefined)[];

/** Uses as small numbers: equal ones have one id, and what is asked twice is looked up. */
export class UseTable {
  readonly #uses: Use[] = [];
  readonly #ids = new Map<string, number>();
  readonly #ofSet = new Map<PortSet, number>();
  readonly #ofSpec: (number | undefined)[] = [];
  readonly #ofTierPorts = new WeakMap<TierPorts, number>();
  readonly #unions: Combinations = [];
  readonly #intersections: Combinations = [];
  readonly #differences: Combinations = [];
  readonly #named = new Map<number, readonly NamedUse[]>();
  readonly #conditions: ConditionTable;
  readonly #reading: Profile;

  /**
   * @param reading - what decides where the API leaves open what ports mean
   * @param cluster - whose policies name ports
   */
  constructor(reading: Profile, cluster: Pick<Cluster, 'policies' | 'tierPolicies'>) {
    this.#reading = reading;
    this.#conditions = new ConditionTable(namesIn(cluster));
    this.#intern(PortSet.none, []);
    this.#intern(PortSet.all, []);
  }

  /** Whether some use is less than it should be; then answers about it are not complete. */
  get isCut(): boolean {
    return this.#conditions.isFull;
  }

  use(id: number): Use {
    return this.#uses[id]!;
  }

  /** The use of ports by number alone. */
  of(set: PortSet): number {
    let id = this.#ofSet.get(set);
    if (id === undefined) this.#ofSet.set(set, (id = this.#intern(set, [])));
    return id;
  }

  /**
   * What the ports of a rule mean at a destination that is not there yet (corners 25, 26, 28 and 31).
   *
   * @param direction - that of the rule
   * @param spec - the number that the compiled policy has for these ports: few lists are written in many rules
   */
  ofRule(ports: Ports, direction: Direction, spec: number): number {
    let id = this.#ofSpec[spec];
    if (id === undefined) {
      const { fixed, named } = portsOfRule(ports, direction, this.#reading);
      id = this.#withNames(fixed, (protocol) =>
        named.flatMap((each) => (each.protocol === protocol ? [each.name] : [])),
      );
      this.#ofSpec[spec] = id;
    }
    return id;
  }

  /** The same for a rule of a tier: a name stands for the port with whatever protocol it has (corners 57 and 62). */
  ofTierRule(ports: TierPorts): number {
    if (ports.kind === 'all') return everyUse;
    let id = this.#ofTierPorts.get(ports);
    if (id !== undefined) return id;
    const sets: PortSet[] = [];
    const names: string[] = [];
    for (const entry of ports.ports) {
      if (entry.kind === 'everyPort') sets.push(PortSet.everyPort(entry.protocol));
      if (entry.kind === 'range') sets.push(PortSet.range(entry.protocol, entry.from, entry.to));
      if (entry.kind === 'named') names.push(entry.name);
    }
    id = this.#withNames(PortSet.union(sets), () => names);
    this.#ofTierPorts.set(ports, id);
    return id;
  }

  #withNames(fixed: PortSet, namesOf: (protocol: Protocol) => readonly string[]): number {
    const conditional: ConditionalPorts[] = [];
    for (const protocol of protocols) {
      const condition = this.#conditions.bears([...new Set(namesOf(protocol))]);
      if (condition === never) continue;
      const within = PortSet.everyPort(protocol).minus(fixed);
      if (!within.isEmpty) conditional.push({ protocol, condition, within });
    }
    return this.#intern(fixed, conditional);
  }

  union(a: number, b: number): number {
    if (a === b || b === noUse || a === everyUse) return a;
    if (a === noUse || b === everyUse) return b;
    const [x, y] = a < b ? [a, b] : [b, a];
    return (
      this.#unions[x]?.get(y) ??
      this.#combined(
        this.#unions,
        x,
        y,
        (one, other) => one.union(other),
        (one, other) => this.#conditions.or(one, other),
      )
    );
  }

  intersect(a: number, b: number): number {
    if (a === b || b === everyUse || a === noUse) return a;
    if (a === everyUse || b === noUse) return b;
    const [x, y] = a < b ? [a, b] : [b, a];
    return (
      this.#intersections[x]?.get(y) ??
      this.#combined(
        this.#intersections,
        x,
        y,
        (one, other) => one.intersect(other),
        (one, other) => this.#conditions.and(one, other),
      )
    );
  }

  /** What `a` lets use and `b` does not. */
  minus(a: number, b: number): number {
    if (a === b || a === noUse || b === everyUse) return noUse;
    if (b === noUse) return a;
    return (
      this.#differences[a]?.get(b) ??
      this.#combined(
        this.#differences,
        a,
        b,
        (one, other) => one.minus(other),
        (one, other) => this.#conditions.and(one, this.#conditions.not(other)),
      )
    );
  }

  /** Whether whatever `inner` lets use, `outer` does too, at every destination. */
  includes(outer: number, inner: number): boolean {
    return this.minus(inner, outer) === noUse;
  }

  #combined(
    known: Combinations,
    a: number,
    b: number,
    ofPorts: (x: PortSet, y: PortSet) => PortSet,
    ofConditions: (x: number, y: number) => number,
  ): number {
    const [x, y] = [this.use(a), this.use(b)];
    const id =
      x.conditional.length === 0 && y.conditional.length === 0
        ? this.of(ofPorts(x.ports, y.ports))
        : this.#overlaid(x, y, ofConditions);
    (known[a] ??= new Map<number, number>()).set(b, id);
    return id;
  }

  #overlaid(x: Use, y: Use, ofConditions: (x: number, y: number) => number): number {
    const layers: Layer[] = [];
    const others = layersOf(y);
    for (const one of layersOf(x)) {
      for (const other of others) {
        const condition = ofConditions(one.condition, other.condition);
        if (condition === never) continue;
        const within = one.within.intersect(other.within);
        if (within.isEmpty) continue;
        const protocol = one.protocol ?? other.protocol;
        layers.push({ ...(protocol !== undefined && { protocol }), condition, within });
      }
    }
    return this.#ofLayers(layers);
  }

  #intern(ports: PortSet, parts: readonly ConditionalPorts[]): number {
    const byCondition = new Map<string, ConditionalPorts>();
    for (const part of parts) {
      const key = `${part.protocol} ${part.condition}`;
      const known = byCondition.get(key);
      byCondition.set(key, known === undefined ? part : { ...part, within: known.within.union(part.within) });
    }
    const conditional = [...byCondition.values()].sort(
      (a, b) => byText(a.protocol, b.protocol) || a.condition - b.condition,
    );
    let key = ports.key;
    for (const part of conditional) key += `|${part.protocol} ${part.condition}:${part.within.key}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#uses.length;
      this.#uses.push({ ports, conditional });
      this.#ids.set(key, id);
    }
    return id;
  }

  /**
   * Every port there is, cut so that each of some uses has all of a segment or nothing of it; segments that the same uses have
   * are one. `undefined` where there would be too many.
   */
  segments(ids: Iterable<number>): readonly Segment[] | undefined {
    const asked = [...new Set(ids)].filter((id) => id !== everyUse && id !== noUse);
    const segments = new Map<string, { readonly of: readonly number[]; readonly parts: Layer[] }>();
    const add = (of: readonly number[], part: Layer): void => {
      const key = of.join();
      const known = segments.get(key);
      if (known === undefined) segments.set(key, { of, parts: [part] });
      else known.parts.push(part);
    };
    add(
      asked.filter((id) => this.use(id).ports.other),
      { condition: always, within: PortSet.unnamed },
    );
    for (const protocol of protocols) {
      for (const { ports, having } of intervals(
        protocol,
        asked.map((id) => [id, this.use(id)]),
      )) {
        const within = PortSet.union(ports);
        const constant = [...having].flatMap(([id, condition]) => (condition === always ? [id] : []));
        const named = [...having].filter(([, condition]) => condition !== always);
        let parts: { readonly condition: number; readonly of: readonly number[] }[] = [
          { condition: always, of: constant },
        ];
        for (const [condition, own] of Map.groupBy(named, ([, each]) => each)) {
          const more = own.map(([id]) => id);
          parts = parts.flatMap((part) => [
            { condition: this.#conditions.and(part.condition, condition), of: [...part.of, ...more] },
            { condition: this.#conditions.and(part.condition, this.#conditions.not(condition)), of: part.of },
          ]);
          parts = parts.filter((part) => part.condition !== never);
          if (parts.length > mostSegments) return undefined;
        }
        for (const part of parts)
          add(
            part.of.toSorted((a, b) => a - b),
            { protocol, condition: part.condition, within },
          );
        if (segments.size > mostSegments) return undefined;
      }
    }
    return Array.from(segments.values(), ({ of, parts }) => ({
      use: this.#ofLayers(parts),
      of: new Set(of),
    }));
  }

  #ofLayers(layers: readonly Layer[]): number {
    const conditional: ConditionalPorts[] = [];
    const ports: PortSet[] = [];
    for (const { protocol, condition, within } of layers) {
      if (condition === always || protocol === undefined) ports.push(within);
      else conditional.push({ protocol, condition, within });
    }
    return this.#intern(PortSet.union(ports), conditional);
  }

  /** What a use says of ports by name, in few parts; ascending. */
  namedOf(id: number): readonly NamedUse[] {
    let named = this.#named.get(id);
    if (named === undefined) this.#named.set(id, (named = this.#tellNamed(this.use(id))));
    return named;
  }

  #tellNamed({ conditional }: Use): readonly NamedUse[] {
    const byNames = new Map<string, NamedUse>();
    for (const { protocol, condition, within } of conditional) {
      for (const { names, without } of this.#conditions.partsOf(condition)) {
        const key = `${protocol}/${names.join('&')}!${without.join('&')}`;
        const known = byNames.get(key);
        byNames.set(
          key,
          known === undefined
            ? { protocol, names, without, within }
            : { ...known, within: known.within.union(within) },
        );
      }
    }
    return [...byNames].sort(([a], [b]) => byText(a, b)).map(([, each]) => each);
  }

  /**
   * A port of a use, of TCP if it has one, and the names that it has to bear.
   *
   * @throws RangeError for a use without ports
   */
  portOf(id: number): UsablePort {
    const { ports } = this.use(id);
    const byNumber = portIn(ports);
    if (byNumber.protocol !== undefined) return { ...byNumber, names: [] };
    const [first] = this.namedOf(id).toSorted((a, b) => a.names.length - b.names.length);
    const range = first?.within.ranges(first.protocol)[0];
    if (first !== undefined && range !== undefined)
      return { protocol: first.protocol, port: range.from, names: first.names };
    if (ports.other) return { names: [] };
    throw new RangeError('a line lets something be used');
  }
}

/** One port; neither field where there are only protocols that the API cannot name (corner 33). */
interface OnePort {
  readonly protocol?: Protocol;
  readonly port?: number;
}

/** One port, and the names that it has to bear to be used. */
interface UsablePort extends OnePort {
  readonly names: readonly string[];
}

/** A port of a set, of TCP if it has one. */
export function portIn(ports: PortSet): OnePort {
  for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
    const [range] = ports.ranges(protocol);
    if (range !== undefined) return { protocol, port: range.from };
  }
  return {};
}

/** Ports with the condition under which they may be used. */
interface Layer {
  /** Only of this one; there where the condition is neither `never` nor `always`. */
  readonly protocol?: Protocol;
  readonly condition: number;
  readonly within: PortSet;
}

/** A use that others have all of, or nothing. */
export interface Segment {
  readonly use: number;
  /** Those that have all of it. */
  readonly of: ReadonlySet<number>;
}

/** More segments than these are not made. */
const mostSegments = 4096;

/** A use as parts of every port there is. */
function layersOf({ ports, conditional }: Use): readonly Layer[] {
  const rest = PortSet.all.minus(PortSet.union([ports, ...conditional.map(({ within }) => within)]));
  return [{ condition: always, within: ports }, ...conditional, { condition: never, within: rest }];
}

/** The ports of one protocol, those together that the same uses have under the same conditions; `never` is left out. */
function intervals(
  protocol: Protocol,
  uses: readonly (readonly [id: number, use: Use])[],
): Iterable<{ readonly ports: PortSet[]; readonly having: ReadonlyMap<number, number> }> {
  const events: { readonly at: number; readonly id: number; readonly condition: number }[] = [];
  for (const [id, { ports, conditional }] of uses) {
    for (const layer of [{ protocol, condition: always, within: ports }, ...conditional]) {
      if (layer.protocol !== protocol) continue;
      for (const { from, to } of layer.within.ranges(protocol)) {
        events.push({ at: from, id, condition: layer.condition }, { at: to + 1, id, condition: never });
      }
    }
  }
  // What ends goes first: where a range ends another of the same use may begin.
  events.sort((a, b) => a.at - b.at || Number(a.condition !== never) - Number(b.condition !== never));
  const found = new Map<
    string,
    { readonly ports: PortSet[]; readonly having: ReadonlyMap<number, number> }
  >();
  const having = new Map<number, number>();
  let from = 1;
  const close = (to: number): void => {
    const ports = PortSet.range(protocol, from, to);
    if (ports.isEmpty) return;
    const sorted = [...having].sort(([a], [b]) => a - b);
    const key = sorted.join(';');
    const known = found.get(key);
    if (known === undefined) found.set(key, { ports: [ports], having: new Map(sorted) });
    else known.ports.push(ports);
  };
  for (const { at, id, condition } of events) {
    if (at > from) {
      close(at - 1);
      from = at;
    }
    if (condition === never) having.delete(id);
    else having.set(id, condition);
  }
  close(65535);
  return found.values();
}

/** All names that policies give to ports, sorted. */
function namesIn({ policies, tierPolicies }: Pick<Cluster, 'policies' | 'tierPolicies'>): readonly string[] {
  const names = new Set<string>();
  const add = (ports: Ports | TierPorts): void => {
    for (const entry of ports.kind === 'all' ? [] : ports.ports) {
      if (entry.kind === 'named') names.add(entry.name);
    }
  };
  for (const direction of ['ingress', 'egress'] as const) {
    for (const policy of policies) {
      const spec = policy[direction];
      if (spec.kind === 'isolates') for (const { ports } of spec.rules) add(ports);
    }
    for (const policy of tierPolicies) for (const { ports } of policy[direction]) add(ports);
  }
  return [...names].sort(byText);
}
