import { Numbers } from './lists.ts';
import type { CompiledRule } from './parts.ts';

/**
 * The rules of all policies in one direction, in numbers that stand one behind the other; those of a policy are made into
 * objects when somebody asks for them.
 */
export class RuleTable {
  /** By policy: 1 where it isolates the direction (corners 1, 4 and 5). */
  readonly isolates: Uint8Array;
  /** By policy: its first rule; one more entry says where the last one's end. */
  readonly starts: Int32Array;
  readonly #specs = new Numbers();
  /** By rule: where its peers begin; they end where those of the next one begin. */
  readonly #peerStarts = new Numbers();
  readonly #peers = new Numbers();
  #policies = 0;
  readonly #made: (readonly CompiledRule[] | undefined)[] = [];

  constructor(policies: number) {
    this.isolates = new Uint8Array(policies);
    this.starts = new Int32Array(policies + 1);
    this.#peerStarts.push(0);
  }

  /** How many policies there are. */
  get length(): number {
    return this.isolates.length;
  }

  /** The spec of each rule. */
  get specs(): Int32Array {
    return this.#specs.items;
  }

  /** By rule: where its peers begin, and after the last rule where they end. */
  get peerStarts(): Int32Array {
    return this.#peerStarts.items;
  }

  get peers(): Int32Array {
    return this.#peers.items;
  }

  /** Adds a peer to the rule that `endRule` ends. */
  addPeer(peer: number): void {
    this.#peers.push(peer);
  }

  endRule(spec: number): void {
    this.#specs.push(spec);
    this.#peerStarts.push(this.#peers.length);
  }

  /** Ends the rules of a policy: the first one that was not ended yet. */
  endPolicy(isolates: boolean): void {
    if (isolates) this.isolates[this.#policies] = 1;
    this.starts[++this.#policies] = this.#specs.length;
  }

  /** The rules of a policy; `undefined` where it does not isolate the direction (corners 1, 4 and 5). */
  of(policy: number): readonly CompiledRule[] | undefined {
    if (this.isolates[policy] === 0) return undefined;
    let rules = this.#made[policy];
    if (rules === undefined) {
      const made: CompiledRule[] = [];
      for (let rule = this.starts[policy]!; rule < this.starts[policy + 1]!; rule++) {
        const peers = this.peers.subarray(this.peerStarts[rule], this.peerStarts[rule + 1]);
        made.push({ peers: Array.from(peers), spec: this.specs[rule]! });
      }
      this.#made[policy] = rules = made;
    }
    return rules;
  }
}
