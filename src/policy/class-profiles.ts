import { Numbers } from './lists.ts';
import { PairMap } from './pair-map.ts';
import { openProfile } from './parts.ts';
import type { ClassProfile } from './parts.ts';
import { anyPeer } from './peers.ts';
import { everything } from './port-table.ts';
import { SequenceTable } from './sequences.ts';

/**
 * The profiles of one direction, equal ones once, in numbers that stand one behind the other; each is made into an object
 * when somebody asks for it.
 */
export class ClassProfiles {
  /** By profile: its entries, as a sequence of peers that are each followed by their ports. */
  readonly #sequenceOf = new Numbers();
  readonly #tiers = new Numbers();
  readonly #sequences = new SequenceTable();
  /** By sequence: the profile that isolates, is without tiers and has these entries; -1 where there is none. */
  readonly #isolating = new Numbers();
  readonly #made: (ClassProfile | undefined)[] = [];
  /** By profile: 1 where it isolates. */
  readonly #isolated = new Numbers();

  constructor() {
    // `openProfile`: of classes that nothing isolates and of which no tier speaks.
    this.#sequences.intern(Int32Array.of(anyPeer, everything), 0, 2);
    this.#isolating.push(-1);
    this.#add(0, 0, 0);
  }

  get length(): number {
    return this.#tiers.length;
  }

  #add(sequence: number, tiers: number, isolated: number): number {
    this.#isolated.push(isolated);
    this.#sequenceOf.push(sequence);
    this.#tiers.push(tiers);
    return this.length - 1;
  }

  /** The profile that isolates, with the first `length` numbers of some: peers, each followed by its ports. */
  intern(items: Int32Array, length: number): number {
    const sequence = this.#sequences.intern(items, 0, length);
    if (sequence === this.#isolating.length) this.#isolating.push(-1);
    const known = this.#isolating.items[sequence]!;
    return known >= 0 ? known : (this.#isolating.items[sequence] = this.#add(sequence, 0, 1));
  }

  /**
   * Gives profiles the tiers of their classes; afterwards nothing is interned any more. The first list of tiers that classes of a
   * profile have becomes part of it, and only for others is it there once more: profiles that no class has would cost as much
   * as those that some have.
   *
   * @param profileOf - by class: its profile; gets the one with its tiers
   * @param lists - by class: its list of tiers
   */
  addTiers(profileOf: Int32Array, lists: Int32Array): void {
    const first = new Int32Array(this.length).fill(-1);
    // It is known by its number.
    first[openProfile] = 0;
    const others = new PairMap();
    for (let c = 0; c < lists.length; c++) {
      const profile = profileOf[c]!;
      const list = lists[c]!;
      if (first[profile] === list) continue;
      if (first[profile]! < 0) {
        first[profile] = list;
        this.#tiers.items[profile] = list;
        continue;
      }
      const id = others.getOrAdd(profile, list, this.length);
      if (id === this.length)
        this.#add(this.#sequenceOf.items[profile]!, list, this.#isolated.items[profile]!);
      profileOf[c] = id;
    }
  }

  isolates(profile: number): boolean {
    return this.#isolated.items[profile] === 1;
  }

  /** The list of a profile's tiers, which are asked before and after (corners 53 and 60); 0 where they say nothing. */
  tiersOf(profile: number): number {
    return this.#tiers.items[profile]!;
  }

  /** Peers, each followed by its ports; those of a profile stand from `start` to before `end`. */
  get entries(): Int32Array {
    return this.#sequences.items;
  }

  start(profile: number): number {
    return this.#sequences.start(this.#sequenceOf.items[profile]!);
  }

  end(profile: number): number {
    return this.#sequences.start(this.#sequenceOf.items[profile]! + 1);
  }

  get(profile: number): ClassProfile {
    let made = this.#made[profile];
    if (made === undefined) {
      const peers: number[] = [];
      const ports: number[] = [];
      const end = this.end(profile);
      for (let i = this.start(profile); i < end; i += 2) {
        peers.push(this.entries[i]!);
        ports.push(this.entries[i + 1]!);
      }
      made = { isolated: this.isolates(profile), peers, ports, tiers: this.tiersOf(profile) };
      this.#made[profile] = made;
    }
    return made;
  }
}
