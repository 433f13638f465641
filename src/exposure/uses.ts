import type { Direction, Ports } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import type { Protocol } from '../net/index.ts';
import { portsOfRule } from '../policy/index.ts';
import type { Profile } from '../policy/index.ts';

/** A port that a destination declares by name, whatever its number is there (corner 28). */
export interface PortName {
  readonly protocol: Protocol;
  readonly name: string;
}

/** Ports that bear all of some names at a destination that is not there yet. */
export interface NamedUse {
  /** Ascending by protocol and name; at least one, all of one protocol. */
  readonly names: readonly PortName[];
  /** Those of the ports that bear the names which may be used. */
  readonly within: PortSet;
}

/** What may be used: ports by number, and where the destination is a potential pod also ports by name. */
export interface Use {
  readonly ports: PortSet;
  /** Ascending by names. */
  readonly named: readonly NamedUse[];
}

/** Ids of the two uses that every table has. */
export const noUse = 0;
export const everyUse = 1;

/** Beyond so many pairs of names, ports that bear two names at once are left out, and `isCut` says so. */
const mostPairs = 4096;

/** Uses as small numbers: equal ones have one id, and what is asked twice is looked up. */
export class UseTable {
  readonly #uses: Use[] = [];
  readonly #ids = new Map<string, number>();
  readonly #ofSet = new Map<PortSet, number>();
  readonly #ofPorts = { ingress: new WeakMap<Ports, number>(), egress: new WeakMap<Ports, number>() };
  readonly #unions = new Map<number, number>();
  readonly #intersections = new Map<number, number>();
  readonly #included = new Map<number, boolean>();
  readonly #reading: Profile;
  #isCut = false;

  /** @param reading - what decides where the API leaves open what ports mean */
  constructor(reading: Profile) {
    this.#reading = reading;
    this.#intern(PortSet.none, new Map());
    this.#intern(PortSet.all, new Map());
  }

  /** Whether some use is less than it should be; then answers about it are not complete. */
  get isCut(): boolean {
    return this.#isCut;
  }

  use(id: number): Use {
    return this.#uses[id]!;
  }

  /** The use of ports by number alone. */
  of(set: PortSet): number {
    let id = this.#ofSet.get(set);
    if (id === undefined) this.#ofSet.set(set, (id = this.#intern(set, new Map())));
    return id;
  }

  /**
   * What the ports of a rule mean at a destination that is not there yet (corners 25, 26, 28 and 31).
   *
   * @param direction - that of the rule
   */
  ofRule(ports: Ports, direction: Direction): number {
    const known = this.#ofPorts[direction];
    let id = known.get(ports);
    if (id !== undefined) return id;
    const { fixed, named } = portsOfRule(ports, direction, this.#reading);
    const byNames = new Map<string, NamedUse>();
    for (const { protocol, name } of named) {
      add(byNames, { names: [{ protocol, name }], within: PortSet.everyPort(protocol) });
    }
    id = this.#intern(fixed, byNames);
    known.set(ports, id);
    return id;
  }

  union(a: number, b: number): number {
    if (a === b || b === noUse || a === everyUse) return a;
    if (a === noUse || b === everyUse) return b;
    return this.#memoised(this.#unions, a, b, (x, y) => {
      const named = new Map<string, NamedUse>();
      for (const each of [...x.named, ...y.named]) add(named, each);
      return this.#intern(x.ports.union(y.ports), named);
    });
  }

  intersect(a: number, b: number): number {
    if (a === b || b === everyUse || a === noUse) return a;
    if (a === everyUse || b === noUse) return b;
    return this.#memoised(this.#intersections, a, b, (x, y) => {
      const named = new Map<string, NamedUse>();
      for (const { names, within } of x.named) add(named, { names, within: within.intersect(y.ports) });
      for (const { names, within } of y.named) add(named, { names, within: within.intersect(x.ports) });
      const isCut = x.named.length * y.named.length > mostPairs;
      if (isCut) this.#isCut = true;
      const others = new Map(isCut ? y.named.map((each) => [keyOf(each.names), each]) : []);
      for (const one of x.named) {
        const same = others.get(keyOf(one.names));
        for (const other of isCut ? (same === undefined ? [] : [same]) : y.named) {
          add(named, {
            names: merged(one.names, other.names),
            within: one.within.intersect(other.within),
          });
        }
      }
      return this.#intern(x.ports.intersect(y.ports), named);
    });
  }

  /** Whether whatever `inner` lets use, `outer` does too, at every destination. */
  includes(outer: number, inner: number): boolean {
    if (outer === inner || outer === everyUse || inner === noUse) return true;
    if (outer === noUse || inner === everyUse) return false;
    const key = outer * 0x400_0000 + inner;
    let is = this.#included.get(key);
    if (is === undefined) this.#included.set(key, (is = includesUse(this.use(outer), this.use(inner))));
    return is;
  }

  #memoised(known: Map<number, number>, a: number, b: number, compute: (x: Use, y: Use) => number): number {
    const key = Math.min(a, b) * 0x400_0000 + Math.max(a, b);
    let id = known.get(key);
    if (id === undefined) known.set(key, (id = compute(this.use(a), this.use(b))));
    return id;
  }

  #intern(ports: PortSet, byNames: ReadonlyMap<string, NamedUse>): number {
    // What may be used by number needs no name.
    const named = [...byNames]
      .map(([key, { names, within }]) => ({ key, names, within: within.minus(ports) }))
      .filter(({ within }) => !within.isEmpty)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const key = `${ports.key}|${named.map((each) => `${each.key}:${each.within.key}`).join('|')}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#uses.length;
      this.#uses.push({ ports, named: named.map(({ names, within }) => ({ names, within })) });
      this.#ids.set(key, id);
    }
    return id;
  }
}

function add(named: Map<string, NamedUse>, { names, within }: NamedUse): void {
  const [first] = names;
  // Names of two protocols are never on one port.
  if (within.isEmpty || first === undefined || names.some(({ protocol }) => protocol !== first.protocol))
    return;
  const own = within.intersect(PortSet.everyPort(first.protocol));
  if (own.isEmpty) return;
  const key = keyOf(names);
  const known = named.get(key);
  named.set(key, { names, within: known === undefined ? own : known.within.union(own) });
}

function keyOf(names: readonly PortName[]): string {
  return names.map(({ protocol, name }) => `${protocol}/${name}`).join('&');
}

function merged(a: readonly PortName[], b: readonly PortName[]): readonly PortName[] {
  const all = new Map([...a, ...b].map(({ protocol, name }) => [`${protocol}/${name}`, { protocol, name }]));
  return [...all].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, name]) => name);
}

function includesUse(outer: Use, inner: Use): boolean {
  if (!outer.ports.includes(inner.ports)) return false;
  return inner.named.every(({ names, within }) => {
    let left = within.minus(outer.ports);
    for (const other of outer.named) {
      const isWider = other.names.every(({ protocol, name }) =>
        names.some((each) => each.protocol === protocol && each.name === name),
      );
      if (isWider) left = left.minus(other.within);
    }
    return left.isEmpty;
  });
}

/** A port of a use, of TCP if it has one, and the names that it has to bear; `undefined` for a use without ports. */
export function portOf({
  ports,
  named,
}: Use):
  { readonly protocol: Protocol; readonly port: number; readonly names: readonly PortName[] } | undefined {
  for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
    const [range] = ports.ranges(protocol);
    if (range !== undefined) return { protocol, port: range.from, names: [] };
  }
  const [first] = named;
  const protocol = first?.names[0]?.protocol;
  const range = protocol === undefined ? undefined : first?.within.ranges(protocol)[0];
  if (first === undefined || protocol === undefined || range === undefined) return undefined;
  return { protocol, port: range.from, names: first.names };
}
