import type { Direction } from '../model/index.ts';
import type { ClassRules } from './class-rules.ts';
import { Numbers } from './lists.ts';
import { PairMap } from './pair-map.ts';
import type { CompiledRules, SubjectGroup } from './parts.ts';

/**
 * What the groups of a base say together in one direction: each peer and spec with how many of their rules have it, so
 * that what is left without a few groups is found by counting.
 */
export class BaseRules {
  readonly #groups: readonly SubjectGroup[];
  readonly #rules: CompiledRules[Direction];
  /** How many policies isolate the direction. */
  #isolating = 0;
  readonly #places = new PairMap();
  /** By place: peer, spec, how many rules have them, and how many of those are left out just now. */
  readonly #peers = new Numbers();
  readonly #specs = new Numbers();
  readonly #counts = new Numbers();
  #left = new Int32Array(0);

  constructor(groups: readonly SubjectGroup[], rules: CompiledRules[Direction], base: readonly number[]) {
    this.#groups = groups;
    this.#rules = rules;
    for (const group of base)
      this.#isolating += this.#forEach(group, (peer, spec) => this.#count(peer, spec));
    this.#left = new Int32Array(this.#peers.length);
  }

  #count(peer: number, spec: number): void {
    const place = this.#places.getOrAdd(peer, spec, this.#peers.length);
    if (place === this.#peers.length) {
      this.#peers.push(peer);
      this.#specs.push(spec);
      this.#counts.push(0);
    }
    this.#counts.items[place]!++;
  }

  /** @returns how many policies of the group isolate the direction */
  #forEach(group: number, visit: (peer: number, spec: number) => void): number {
    const { isolates, starts, specs, peerStarts, peers } = this.#rules;
    let isolating = 0;
    for (const policy of this.#groups[group]!.policies) {
      isolating += isolates[policy]!;
      for (let rule = starts[policy]!; rule < starts[policy + 1]!; rule++) {
        for (let i = peerStarts[rule]!; i < peerStarts[rule + 1]!; i++) visit(peers[i]!, specs[rule]!);
      }
    }
    return isolating;
  }

  /** Adds what the base says without the groups that `steps` holds from `start` to before `end`. */
  add(steps: Int32Array, start: number, end: number, into: ClassRules): void {
    const left = this.#left;
    let isolating = this.#isolating;
    for (let i = start; i < end; i++) {
      isolating -= this.#forEach(steps[i]!, (peer, spec) => {
        left[this.#places.get(peer, spec)]!++;
      });
    }
    // Groups that select for certain alone are in a base (corner 23).
    if (isolating > 0) into.isolate(false);
    for (let place = 0; place < this.#peers.length; place++) {
      if (left[place]! < this.#counts.items[place]!)
        into.specs.addPeer(this.#peers.items[place]!, this.#specs.items[place]!);
    }
    if (end > start) left.fill(0);
  }
}
