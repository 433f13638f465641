import { Numbers } from './lists.ts';
import { PairMap } from './pair-map.ts';
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
  /** By profile and list of tiers: the profile with both. */
  readonly #tiered = new PairMap();
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

  /** A profile without tiers, with some. */
  withTiers(profile: number, tiers: number): number {
    if (tiers === 0) return profile;
    const id = this.#tiered.getOrAdd(profile, tiers, this.length);
    if (id === this.length)
      this.#add(this.#sequenceOf.items[profile]!, tiers, this.#isolated.items[profile]!);
    return id;
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
