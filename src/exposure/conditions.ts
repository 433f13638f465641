/** The condition that no port meets, in every table. */
export const never = 0;
/** The condition that every port meets, in every table. */
export const always = 1;

/** Ports that bear all of some names, and none of others. */
export interface Bearing {
  readonly names: readonly string[];
  readonly without: readonly string[];
}

/** A table does not know more names and conditions than these, nor is one told in more parts. */
const mostNames = 2048;
const mostNodes = 1 << 18;
const mostParts = 4096;
const shift = 0x40_0000;

/**
 * Conditions on the names that a port bears at a pod that is not there, such as "http, and not metrics": equal ones have one id,
 * whatever they were made of.
 *
 * They are reduced ordered decision diagrams (Bryant, Graph-Based Algorithms for Boolean Function Manipulation, 1986): each asks
 * for one name and leads on to two others.
 */
export class ConditionTable {
  readonly #names: readonly string[];
  readonly #indexOf: ReadonlyMap<string, number>;
  /** By id: the name that is asked for, and what is left where it is not borne and where it is. */
  readonly #name: number[] = [Infinity, Infinity];
  readonly #without: number[] = [never, always];
  readonly #with: number[] = [never, always];
  readonly #ids = new Map<string, number>();
  readonly #both = new Map<number, number>();
  readonly #negated = new Map<number, number>([
    [never, always],
    [always, never],
  ]);
  readonly #parts = new Map<number, readonly Bearing[]>();
  #isFull = false;

  /** @param names - all that conditions will be about, each once, in the order in which they are asked for */
  constructor(names: readonly string[]) {
    this.#names = names.slice(0, mostNames);
    this.#indexOf = new Map(this.#names.map((name, i) => [name, i]));
  }

  /** Whether something was too much to work out; then what was asked for is told to be `never`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** That a port bears some of these names. */
  bears(names: readonly string[]): number {
    const asked = names.map((name) => this.#indexOf.get(name) ?? mostNames);
    let id = never;
    for (const index of asked.sort((a, b) => b - a)) {
      if (index < mostNames) id = this.#node(index, id, always);
      else this.#isFull = true;
    }
    return id;
  }

  #node(name: number, without: number, having: number): number {
    if (without === having) return without;
    const key = `${name} ${without} ${having}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#name.length;
      if (id >= mostNodes) {
        this.#isFull = true;
        return never;
      }
      this.#name.push(name);
      this.#without.push(without);
      this.#with.push(having);
      this.#ids.set(key, id);
    }
    return id;
  }

  and(a: number, b: number): number {
    if (a === b || b === always) return a;
    if (a === always) return b;
    if (a === never || b === never) return never;
    const key = Math.min(a, b) * shift + Math.max(a, b);
    let id = this.#both.get(key);
    if (id === undefined) {
      const name = Math.min(this.#name[a]!, this.#name[b]!);
      const [a0, a1] = this.#cofactors(a, name);
      const [b0, b1] = this.#cofactors(b, name);
      id = this.#node(name, this.and(a0, b0), this.and(a1, b1));
      this.#both.set(key, id);
    }
    return id;
  }

  not(a: number): number {
    let id = this.#negated.get(a);
    if (id === undefined) {
      id = this.#node(this.#name[a]!, this.not(this.#without[a]!), this.not(this.#with[a]!));
      this.#negated.set(a, id);
    }
    return id;
  }

  or(a: number, b: number): number {
    if (a === b || b === never) return a;
    if (a === never) return b;
    if (a === always || b === always) return always;
    return this.not(this.and(this.not(a), this.not(b)));
  }

  /** What is left of a condition where a name is not borne, and where it is. */
  #cofactors(id: number, name: number): readonly [without: number, having: number] {
    return this.#name[id] === name ? [this.#without[id]!, this.#with[id]!] : [id, id];
  }

  /**
   * A condition as few parts, none of which the others make needless (Minato, Fast Generation of Prime-Irredundant Covers from
   * Binary Decision Diagrams, 1993).
   */
  partsOf(id: number): readonly Bearing[] {
    let parts = this.#parts.get(id);
    if (parts === undefined) {
      const { cubes } = this.#cover(id, id, new Map<number, Cover>());
      if (cubes.length > mostParts) this.#isFull = true;
      parts = cubes.slice(0, mostParts).map((cube): Bearing => ({
        names: cube.flatMap((literal) => (literal > 0 ? [this.#names[literal - 1]!] : [])),
        without: cube.flatMap((literal) => (literal < 0 ? [this.#names[-literal - 1]!] : [])),
      }));
      this.#parts.set(id, parts);
    }
    return parts;
  }

  /** Cubes that have all of `least`, and nothing beyond `most`. */
  #cover(least: number, most: number, known: Map<number, Cover>): Cover {
    if (least === never) return { cubes: [], id: never };
    if (most === always) return { cubes: [[]], id: always };
    const key = least * shift + most;
    let found = known.get(key);
    if (found !== undefined) return found;
    const name = Math.min(this.#name[least]!, this.#name[most]!);
    const [least0, least1] = this.#cofactors(least, name);
    const [most0, most1] = this.#cofactors(most, name);
    // What can be told only of ports without the name, and only of ports with it; what is left needs no word on it.
    const ofWithout = this.#cover(this.and(least0, this.not(most1)), most0, known);
    const ofWith = this.#cover(this.and(least1, this.not(most0)), most1, known);
    const left = this.or(this.and(least0, this.not(ofWithout.id)), this.and(least1, this.not(ofWith.id)));
    const rest = this.#cover(left, this.and(most0, most1), known);
    const cubes = [
      ...ofWithout.cubes.map((cube) => [-(name + 1), ...cube]),
      ...ofWith.cubes.map((cube) => [name + 1, ...cube]),
      ...rest.cubes,
    ];
    const id = this.or(this.#node(name, ofWithout.id, ofWith.id), rest.id);
    // Beyond the bound what is told is cut anyway.
    found = { cubes: cubes.length > mostParts + 1 ? cubes.slice(0, mostParts + 1) : cubes, id };
    known.set(key, found);
    return found;
  }
}

/** Cubes, as names plus 1, negative where the name must not be borne; and the condition that they are together. */
interface Cover {
  readonly cubes: readonly (readonly number[])[];
  readonly id: number;
}
