import type { Direction } from '../model/index.ts';
import type { ClassIndex } from './class-index.ts';
import { Numbers } from './lists.ts';
import type { CompiledRules, Selection, SubjectGroup } from './parts.ts';
import type { PeerTable } from './peers.ts';

/** Where the numbers of an entry stand. */
export const entry = { kind: 0, scope: 1, selector: 2, peer: 3, spec: 4, policy: 5, rule: 6, at: 7 } as const;
/** How many numbers an entry has. */
export const entrySize = 8;

/** The kind of an entry that means everybody. */
export const meansAny = 0;
/** The kind of an entry that means pods of namespace `scope`. */
export const meansOwn = 1;
/** The kind of an entry that means pods of the namespaces that selector `scope` matches. */
const meansScope = 2;
/** The kind of an entry that means the addresses of block `scope`. */
const meansBlock = 3;

/** What is read of a compiled policy. */
interface Tables {
  readonly assume: 'closed' | 'open';
  readonly peers: PeerTable;
  readonly index: ClassIndex;
  readonly rules: CompiledRules;
  readonly groups: readonly SubjectGroup[];
  readonly groupsOf: (c: number) => readonly Selection[];
}

/**
 * What the policies of a class say in one direction: each peer of each rule in the order of the input, one behind the
 * other in one typed array, so that a verdict looks at few places in memory. Classes with the same policies share it.
 */
export class SubjectEntries {
  readonly #tables: Tables;
  readonly #ofSubject: { readonly [direction in Direction]: (Int32Array | undefined)[] } = {
    ingress: [],
    egress: [],
  };

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** @param subject - the number of the list of groups that select class `c` */
  of(direction: Direction, subject: number, c: number): Int32Array {
    return (this.#ofSubject[direction][subject] ??= this.#make(direction, c));
  }

  #make(direction: Direction, c: number): Int32Array {
    const { assume, groups, groupsOf } = this.#tables;
    const policies: number[] = [];
    for (const { group, unsure } of groupsOf(c)) {
      // Corner 23: what cannot be decided is never treated as allowed, unless the other bound is asked.
      if (!unsure || assume === 'open') for (const policy of groups[group]!.policies) policies.push(policy);
    }
    const found = new Numbers();
    for (const policy of policies.sort((a, b) => a - b)) this.#addPolicy(direction, policy, found);
    return found.all.slice();
  }

  #addPolicy(direction: Direction, policy: number, into: Numbers): void {
    const { starts, specs, peerStarts, peers } = this.#tables.rules[direction];
    for (let rule = starts[policy]!; rule < starts[policy + 1]!; rule++) {
      for (let i = peerStarts[rule]!; i < peerStarts[rule + 1]!; i++) {
        this.#addPeer(peers[i]!, into);
        into.push(peers[i]!);
        into.push(specs[rule]!);
        into.push(policy);
        into.push(rule - starts[policy]!);
        into.push(i - peerStarts[rule]!);
      }
    }
  }

  /** Adds whom a peer means: kind, scope and selector. */
  #addPeer(peer: number, into: Numbers): void {
    const definition = this.#tables.peers.definition(peer);
    switch (definition.kind) {
      case 'any':
        for (const number of [meansAny, 0, 0]) into.push(number);
        break;
      case 'block':
        for (const number of [meansBlock, definition.block, 0]) into.push(number);
        break;
      case 'pods': {
        const { namespace, namespaces, selector } = definition;
        // Most selectors of namespaces name one.
        const [only, ...others] =
          namespace === undefined ? this.#tables.index.namespaces(namespaces!).subarray(0, 2) : [namespace];
        const isOwn = only !== undefined && others.length === 0;
        into.push(isOwn ? meansOwn : meansScope);
        into.push(isOwn ? only : namespaces!);
        into.push(selector);
      }
    }
  }
}
