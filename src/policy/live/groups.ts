import type { Direction, NetworkPolicy } from '../../model/index.ts';
import { ClassRules, Specs } from '../class-rules.ts';
import type { CompiledRule } from '../parts.ts';
import type { PortTable } from '../port-table.ts';
import { Memberships } from './memberships.ts';
import { PairMap } from '../pair-map.ts';

/** A policy in numbers; it holds what its numbers stand for. */
export interface LivePolicy {
  readonly policy: NetworkPolicy;
  /** Ascending as policies come; one that is edited keeps its place. */
  readonly order: number;
  readonly group: number;
  /** `undefined` where the policy does not isolate (corners 1, 4 and 5). */
  readonly rules: { readonly [direction in Direction]: readonly CompiledRule[] | undefined };
}

/** Policies of one namespace that select the same pods; each half is made when it is asked for. */
interface Group {
  readonly namespace: number;
  readonly selector: number;
  readonly policies: LivePolicy[];
  merged: { [direction in Direction]: readonly (readonly CompiledRule[])[] | undefined };
}

/** A group with more policies than this is merged before the profiles of its classes are made. */
const mostUnmerged = 4;

/** Groups of policies with one subject, the classes that they select, and what they say of a class together. */
export class Groups {
  /** The classes of each group; the flag is set where files cannot tell whether it selects them. */
  readonly selected: Memberships = new Memberships();
  readonly #groups: (Group | undefined)[] = [];
  readonly #ids = new PairMap();
  readonly #freed: number[] = [];
  readonly #rules: ClassRules;
  readonly #merge: Specs;
  readonly #assume: 'closed' | 'open';
  readonly #profile: number[] = [];

  constructor(ports: PortTable, assume: 'closed' | 'open') {
    this.#assume = assume;
    this.#rules = new ClassRules(ports, assume, 64);
    this.#merge = new Specs(ports, 64);
  }

  get size(): number {
    return this.#ids.size;
  }

  /** -1 when there is none. */
  find(namespace: number, selector: number): number {
    return this.#ids.get(namespace, selector);
  }

  /** A group that is not there yet, without policies and classes. */
  add(namespace: number, selector: number): number {
    const id = this.#freed.pop() ?? this.#groups.length;
    this.#ids.set(namespace, selector, id);
    this.#groups[id] = { namespace, selector, policies: [], merged: unmerged };
    return id;
  }

  /** Adds a policy to its group, or takes it from there; profiles are as before until they are made again. */
  enlist(policy: LivePolicy, add: boolean): void {
    const group = this.#groups[policy.group]!;
    if (add) group.policies.push(policy);
    else group.policies.splice(group.policies.indexOf(policy), 1);
    group.merged = unmerged;
  }

  /** Forgets a group that has no policies; returns whom it asked for. */
  settle(id: number): { readonly namespace: number; readonly selector: number } {
    const { namespace, selector, policies } = this.#groups[id]!;
    if (policies.length === 0) {
      this.selected.removeSet(id);
      this.#ids.delete(namespace, selector);
      this.#groups[id] = undefined;
      this.#freed.push(id);
    }
    return { namespace, selector };
  }

  /** The classes that some groups select, each once. */
  classesOf(groups: readonly number[]): readonly number[] {
    const found = new Set<number>();
    for (const group of groups) for (const c of this.selected.members.copy(group)) found.add(c);
    return [...found];
  }

  /** The policies that select a class, or may. */
  selecting(c: number): readonly LivePolicy[] {
    const found: LivePolicy[] = [];
    for (let i = 0; i < this.selected.count(c); i++) {
      found.push(...this.#groups[this.selected.setAt(c, i)]!.policies);
    }
    return found;
  }

  /** Whether some policy isolates a class in a direction (corner 1). */
  isolates(c: number, direction: Direction): boolean {
    for (let i = 0; i < this.selected.count(c); i++) {
      // Corner 23: what cannot be decided is taken to isolate, unless the other bound is asked.
      if (this.selected.flagAt(c, i) && this.#assume === 'open') continue;
      const { policies } = this.#groups[this.selected.setAt(c, i)]!;
      if (policies.some(({ rules }) => rules[direction] !== undefined)) return true;
    }
    return false;
  }

  /**
   * What the policies of a class say together, as `Side` has profiles; good until the next call. `undefined` when none isolates
   * it.
   */
  profileOf(c: number, direction: Direction, portMap: number): readonly number[] | undefined {
    if (this.selected.count(c) === 0) return undefined;
    this.#rules.clear();
    for (let i = 0; i < this.selected.count(c); i++) {
      const group = this.#groups[this.selected.setAt(c, i)]!;
      for (const rules of this.#rulesOf(group, direction)) this.#rules.add(rules, this.selected.flagAt(c, i));
    }
    const length = this.#rules.finish(direction, portMap);
    if (length < 0) return undefined;
    const { items } = this.#rules;
    const list = this.#profile;
    list.length = length + 1;
    list[0] = 1;
    for (let i = 0; i < length; i++) list[i + 1] = items[i]!;
    return list;
  }

  /** The rules of every policy of a group that isolates the direction; those of many policies are merged. */
  #rulesOf(group: Group, direction: Direction): readonly (readonly CompiledRule[])[] {
    let lists = group.merged[direction];
    if (lists === undefined) {
      lists = group.policies.flatMap(({ rules }) => {
        const some = rules[direction];
        return some === undefined ? [] : [some];
      });
      if (lists.length > mostUnmerged) {
        const specs = this.#merge;
        specs.clear();
        for (const rules of lists) for (const rule of rules) specs.add(rule);
        const count = specs.finish();
        const peers = specs.peers.subarray(0, count);
        lists = [Array.from(peers, (peer) => ({ peers: [peer], spec: specs.specOf(peer) }))];
      }
      group.merged = { ...group.merged, [direction]: lists };
    }
    return lists;
  }

  /** Marks the specs that rules have. */
  mark(specs: Set<number>): void {
    for (const group of this.#groups) {
      if (group === undefined) continue;
      for (const direction of ['ingress', 'egress'] as const) {
        for (const { rules } of group.policies)
          for (const { spec } of rules[direction] ?? []) specs.add(spec);
        for (const rules of group.merged[direction] ?? []) for (const { spec } of rules) specs.add(spec);
      }
    }
  }
}

const unmerged = { ingress: undefined, egress: undefined };
