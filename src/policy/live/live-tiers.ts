import type { Direction, TierPolicy } from '../../model/index.ts';
import type { Holds } from '../labels.ts';
import type { PortTable } from '../port-table.ts';
import type { Profile } from '../profile.ts';
import { evaluateTiers } from '../tier-value.ts';
import type { Bound, RankedPolicy, TierOther, TierStep } from '../tier-value.ts';
import { canDisagree, compareRank } from '../tiers.ts';
import type { TierList } from '../tiers.ts';
import { IntTable } from './int-table.ts';

/** A policy of a tier in numbers; it holds what its numbers stand for. */
export interface LiveTierPolicy {
  readonly policy: TierPolicy;
  /** Its rules; `index` is a number that no other policy ever has, so that lists of numbers never come to mean something else. */
  readonly ranked: RankedPolicy;
  /** Ascending as policies come; one that is edited keeps its place. */
  readonly order: number;
  /** The peer that is its subject; -1 for one that cannot be read, which selects nobody (corner 66). */
  readonly subject: number;
  /** Every peer that its rules hold. */
  readonly peers: readonly number[];
}

/** In lists of memberships: that files cannot tell (corner 23). */
export const unsureMark = 1 << 29;

/** A list that is held, ready to be asked. */
interface HeldList extends TierList {
  /** Whether policies of it may disagree of which any may be applied (corner 60). */
  readonly isOpen: boolean;
}

/** The policies of the tiers, whom they select, and what their lists say. */
export class LiveTiers {
  readonly #ports: PortTable;
  readonly #assume: 'closed' | 'open';
  readonly #equalPriority: Profile['equalPriority'];
  readonly #policies = new Map<number, LiveTierPolicy>();
  /** By peer: the policies of which it is the subject. */
  readonly #bySubject: (readonly LiveTierPolicy[] | undefined)[] = [];
  /** Each list: the port map that counts, and the policies times 2, plus 1 where files cannot tell. */
  readonly lists: { readonly [direction in Direction]: IntTable } = {
    ingress: new IntTable(),
    egress: new IntTable(),
  };
  /** By list of `lists`. */
  readonly #held: { readonly [direction in Direction]: HeldList[] } = { ingress: [], egress: [] };
  #next = 0;
  /** What lists say in any case, by number: ids of port sets. */
  readonly #accepted: number[] = [];
  readonly #asked: number[] = [];
  /** By value: the one under the choices that allow most; the value itself where there is no choice. */
  readonly #most: number[] = [];
  readonly #values = new Map<number, number>();
  /** By value, and by that under the choices that allow most. */
  readonly #openValues = new Map<number, number>();

  constructor(
    ports: PortTable,
    assume: 'closed' | 'open',
    { equalPriority }: Pick<Profile, 'equalPriority'>,
  ) {
    this.#ports = ports;
    this.#assume = assume;
    this.#equalPriority = equalPriority;
  }

  /** A number for a policy that is new, or has been edited. */
  number(): number {
    return this.#next++;
  }

  /** Adds a policy to those that are asked, or takes it from there; lists are as before until they are made again. */
  enlist(policy: LiveTierPolicy, add: boolean): void {
    const { subject, ranked } = policy;
    if (add) this.#policies.set(ranked.index, policy);
    if (subject < 0) return;
    const others = this.ofSubject(subject).filter((each) => each !== policy);
    if (add) others.push(policy);
    this.#bySubject[subject] = others.length > 0 ? others : undefined;
  }

  /** Forgets a policy that no list names any more. */
  forget({ ranked }: LiveTierPolicy): void {
    this.#policies.delete(ranked.index);
  }

  get size(): number {
    return this.#policies.size;
  }

  isSubject(peer: number): boolean {
    return this.#bySubject[peer] !== undefined;
  }

  /** The policies of which a peer is the subject. */
  ofSubject(peer: number): readonly LiveTierPolicy[] {
    return this.#bySubject[peer] ?? [];
  }

  /**
   * The list of a class, held once more; -1 where the tiers say nothing of it.
   *
   * @param memberships - the peers that mean it, with `unsureMark` where files cannot tell
   */
  hold(direction: Direction, memberships: readonly number[], isolated: boolean, portMap: number): number {
    const found: { readonly policy: LiveTierPolicy; readonly unsure: number }[] = [];
    let isNamed = false;
    for (const each of memberships) {
      const policies = this.#bySubject[each & ~unsureMark];
      if (policies === undefined) continue;
      for (const policy of policies) {
        const { ranked } = policy;
        // Corners 55 and 64: where a NetworkPolicy isolates, Baseline is not asked.
        if (ranked.rules[direction].length === 0 || (isolated && ranked.tier === 'baseline')) continue;
        found.push({ policy, unsure: (each & unsureMark) === 0 ? 0 : 1 });
        isNamed ||=
          direction === 'ingress' && ranked.rules.ingress.some(({ spec }) => this.#ports.isNamed(spec));
      }
    }
    if (found.length === 0) return -1;
    found.sort(
      ({ policy: a }, { policy: b }) =>
        compareRank(a.policy, b.policy) || this.#compareNames(a.policy, b.policy) || a.order - b.order,
    );
    const table = this.lists[direction];
    const id = table.hold([
      isNamed ? portMap : 0,
      ...found.map(({ policy, unsure }) => policy.ranked.index * 2 + unsure),
    ]);
    if (table.refs(id) === 1) {
      const steps = found.map(({ policy, unsure }, place) => this.#step(policy.ranked, unsure === 1, place));
      this.#held[direction][id] = { steps, portMap: table.at(id, 0), isOpen: canDisagree(steps) };
    }
    return id;
  }

  /** Holds a list that is held once more; -1 is none. */
  again(direction: Direction, id: number): number {
    return id < 0 ? id : this.lists[direction].again(id);
  }

  #compareNames(a: TierPolicy, b: TierPolicy): number {
    if (this.#equalPriority === 'any' || a.name === b.name) return 0;
    return a.name < b.name ? -1 : 1;
  }

  /** Corner 60: who orders equal priorities leaves nothing open between them: each policy's place is its priority. */
  #step(policy: RankedPolicy, unsure: boolean, place: number): TierStep {
    const isOrdered = this.#equalPriority === 'name' && policy.priority !== undefined;
    return { policy: isOrdered ? { ...policy, priority: place } : policy, unsure };
  }

  /** A list that is held. */
  list(direction: Direction, id: number): TierList {
    return this.#held[direction][id]!;
  }

  /** Whether what a list says may depend on which of several policies is applied (corner 60). */
  isOpen(direction: Direction, id: number): boolean {
    return this.#held[direction][id]!.isOpen;
  }

  /** The names that a list of egress leaves to each destination. */
  namesOf(id: number): readonly number[] {
    return this.list('egress', id).steps.flatMap(({ policy }) =>
      policy.rules.egress.flatMap(({ spec }) => this.#ports.namesOf(spec)),
    );
  }

  /** What a list says where some peers hold, as the number of a value that is good until `clear`. */
  evaluate(direction: Direction, id: number, holds: (peer: number) => Holds, destination: number): number {
    const { steps, portMap, isOpen } = this.#held[direction][id]!;
    const names = direction === 'ingress' ? portMap : destination;
    const other = {
      holds,
      resolve: (spec: number) => this.#ports.set(this.#ports.resolve(spec, names)),
    };
    const sure = this.#value(steps, direction, 'sure', other);
    if (!isOpen) return sure;
    const most = this.#value(steps, direction, 'possible', other);
    if (sure === most) return sure;
    const key = sure * 0x100_0000 + most;
    let value = this.#openValues.get(key);
    if (value === undefined) {
      value = this.#add(this.#accepted[sure]!, this.#asked[sure]!, most);
      this.#openValues.set(key, value);
    }
    return value;
  }

  #value(steps: readonly TierStep[], direction: Direction, bound: Bound, other: TierOther): number {
    const { accepted, asked } = evaluateTiers(steps, direction, { bound, assume: this.#assume }, other);
    const a = this.#ports.intern(accepted);
    const b = this.#ports.intern(asked);
    const key = a * 0x100_0000 + b;
    let value = this.#values.get(key);
    if (value === undefined) this.#values.set(key, (value = this.#add(a, b)));
    return value;
  }

  #add(accepted: number, asked: number, most: number = this.#accepted.length): number {
    this.#asked.push(asked);
    this.#most.push(most);
    return this.#accepted.push(accepted) - 1;
  }

  /** What a value allows in any case where NetworkPolicies admit `admitted`. */
  allowed(value: number, admitted: number): number {
    return this.#ports.union(this.#accepted[value]!, this.#ports.intersect(this.#asked[value]!, admitted));
  }

  /** The value under those choices among policies of equal priority that allow most (corner 60). */
  most(value: number): number {
    return this.#most[value]!;
  }

  /** Forgets the values, whose numbers whoever remembers them must forget too, and marks what rules and lists need. */
  clear(used: { readonly specs: Set<number>; readonly portMaps: Set<number> }): void {
    this.#accepted.length = 0;
    this.#asked.length = 0;
    this.#most.length = 0;
    this.#values.clear();
    this.#openValues.clear();
    for (const { ranked } of this.#policies.values()) {
      for (const rules of [ranked.rules.ingress, ranked.rules.egress])
        for (const { spec } of rules) used.specs.add(spec);
    }
    const { ingress } = this.lists;
    for (let id = 0; id < ingress.top; id++) if (ingress.isLive(id)) used.portMaps.add(ingress.at(id, 0));
  }

  /** The policies that may select a class. */
  selecting(memberships: readonly number[]): readonly LiveTierPolicy[] {
    return memberships.flatMap((each) => this.ofSubject(each & ~unsureMark));
  }
}
