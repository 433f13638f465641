import type { Direction } from '../model/index.ts';
import { no, yes } from './labels.ts';
import type { Holds } from './labels.ts';
import { PairMap } from './pair-map.ts';
import { PortPlanes } from './port-planes.ts';
import type { PortTable } from './port-table.ts';
import { SequenceTable } from './sequences.ts';
import { anyOf } from './tier-value.ts';
import type { CompiledTierRule, Reading, TierStep } from './tier-value.ts';
import type { TierLists } from './tiers.ts';

/** A policy as lists have it: what it says of an end is one thing, whichever list asks. */
interface Variant extends TierStep {
  /** By rule: the plane of its ports, where no name is among them. */
  readonly fixed: readonly (Int32Array | undefined)[];
  /** In ingress: what names mean on the subject (corner 57). */
  readonly portMap: number;
}

/** Policies of one priority in one tier: from `start` to before `end` of the variants of a list. */
interface Group {
  readonly start: number;
  readonly end: number;
}

/** A list of `TierLists`, ready to be evaluated. */
interface Foldable {
  readonly variants: readonly number[];
  readonly admin: readonly Group[];
  readonly baseline: readonly Group[];
  /** Those whose place in Baseline is open (corner 60). */
  readonly unranked: Group | undefined;
}

/** What every policy says of one end, as ids of sayings; good until `begin` says otherwise. */
export type Sayings = Int32Array;

/** So many words of values are kept to find equal ones by. */
const mostValueWords = 1 << 22;

/** So many words of sayings are kept before all are forgotten and worked out anew. */
const mostKept = 1 << 24;

/**
 * Evaluates all lists of one direction at many ends, as `evaluateTiers` does one list at one end: what a policy says of an end
 * is worked out once for all lists, and a list brings together what its policies say, all ports at once.
 *
 * The work is one pass over the rules for each end, and one over its policies for each list and end, each over the words of
 * a plane.
 */
export class TierFold {
  readonly #ports: PortTable;
  readonly #reading: Reading;
  readonly #direction: Direction;
  readonly #planes: PortPlanes;
  /** By id of a port set. */
  readonly #planeOf = new Map<number, Int32Array>();
  readonly #variants: Variant[] = [];
  readonly #lists: (Foldable | undefined)[] = [undefined];
  /** Each saying: the planes of what is accepted, passed and denied, and of what is capped or floored, one behind the other. */
  #sayings = new SequenceTable();
  #generation = 0;
  // Planes that are being worked out, in the same order.
  readonly #saying: Int32Array;
  readonly #group: Int32Array;
  readonly #admin: Int32Array;
  readonly #baseline: Int32Array;
  readonly #open: Int32Array;
  readonly #left: Int32Array;
  readonly #value: Int32Array;

  /** @param portMaps - in egress: those of the ends that will be asked about */
  constructor(
    lists: Pick<TierLists, 'direction' | 'size' | 'list'>,
    ports: PortTable,
    reading: Reading,
    portMaps: ReadonlySet<number>,
  ) {
    this.#ports = ports;
    this.#reading = reading;
    this.#direction = lists.direction;
    const sets = new Set<number>();
    for (let list = 1; list < lists.size; list++) {
      const { steps, portMap } = lists.list(list);
      for (const { policy } of steps) {
        for (const { spec } of policy.rules[this.#direction]) {
          if (!ports.isNamed(spec)) sets.add(ports.fixed(spec));
          else if (this.#direction === 'ingress') sets.add(ports.resolve(spec, portMap));
          else for (const each of portMaps) sets.add(ports.resolve(spec, each));
        }
      }
    }
    this.#planes = new PortPlanes(Array.from(sets, (set) => ports.set(set)));
    const { words } = this.#planes;
    for (const set of sets) this.#planeOf.set(set, this.#planes.planeOf(ports.set(set)));
    this.#saying = new Int32Array(4 * words);
    this.#group = new Int32Array(4 * words);
    this.#admin = new Int32Array(4 * words);
    this.#baseline = new Int32Array(4 * words);
    this.#open = new Int32Array(words);
    this.#left = new Int32Array(words);
    this.#value = new Int32Array(2 * words);
    const variantOf = new Map<string, number>();
    for (let list = 1; list < lists.size; list++) {
      const { steps, portMap } = lists.list(list);
      this.#lists.push(foldable(steps, (step) => this.#variant(step, portMap, variantOf)));
    }
    this.#sayings.intern(this.#saying, 0, 4 * words);
  }

  #variant(step: TierStep, portMap: number, known: Map<string, number>): number {
    const { policy, unsure } = step;
    const rules = policy.rules[this.#direction];
    const isNamed = rules.some(({ spec }) => this.#ports.isNamed(spec));
    const names = this.#direction === 'ingress' && isNamed ? portMap : 0;
    // Where a reading orders equal priorities, lists have copies of a policy; what it says is the same.
    const key = `${policy.index} ${unsure} ${names}`;
    let id = known.get(key);
    if (id === undefined) {
      known.set(key, (id = this.#variants.length));
      const fixed = rules.map(({ spec }) =>
        this.#ports.isNamed(spec) ? undefined : this.#planeOf.get(this.#ports.fixed(spec)),
      );
      this.#variants.push({ policy, unsure, fixed, portMap: names });
    }
    return id;
  }

  /** Tells when ids of sayings, and with them all that `say` has returned, come to mean something else. */
  get generation(): number {
    return this.#generation;
  }

  /** How many numbers `say` returns. */
  get width(): number {
    return this.#variants.length;
  }

  /**
   * What every policy says of an end.
   *
   * @param portMap - in egress: what names mean there (corner 57)
   */
  say(holds: (peer: number) => Holds, portMap: number): Sayings {
    if (this.#isFull) {
      this.#sayings = new SequenceTable();
      this.#generation++;
      this.#saying.fill(0);
      this.#sayings.intern(this.#saying, 0, this.#saying.length);
    }
    return Int32Array.from(this.#variants, (variant) => this.#sayingOf(variant, holds, portMap));
  }

  /**
   * Says anew what some policies say of another end, of which the others say the same.
   *
   * @param policies - their indices in the sayings
   * @param changed - gets the indices of those that say something else
   * @returns whether that was possible; else there are too many sayings, and `say` begins anew
   */
  sayAgain(
    sayings: Sayings,
    policies: Iterable<number>,
    holds: (peer: number) => Holds,
    portMap: number,
    changed: Set<number>,
  ): boolean {
    if (this.#isFull) return false;
    for (const policy of policies) {
      const saying = this.#sayingOf(this.#variants[policy]!, holds, portMap);
      if (saying === sayings[policy]) continue;
      sayings[policy] = saying;
      changed.add(policy);
    }
    return true;
  }

  get #isFull(): boolean {
    return this.#sayings.items.length > mostKept;
  }

  /** By peer: the policies whose rules name it, as indices of sayings. */
  usersOfPeers(): ReadonlyMap<number, ReadonlySet<number>> {
    const users = new Map<number, Set<number>>();
    for (const [i, { policy }] of this.#variants.entries()) {
      for (const { peers } of policy.rules[this.#direction]) {
        for (const peer of peers) {
          const own = users.get(peer);
          if (own === undefined) users.set(peer, new Set([i]));
          else own.add(i);
        }
      }
    }
    return users;
  }

  /** By index of a saying: the lists that have the policy. */
  listsOfPolicies(): readonly (readonly number[])[] {
    const lists = this.#variants.map((): number[] => []);
    for (const [list, foldable] of this.#lists.entries())
      for (const variant of foldable?.variants ?? []) lists[variant]!.push(list);
    return lists;
  }

  /** What one policy says of all ports: each is with the first rule that matches (corners 53 and 60). */
  #sayingOf(
    { policy, unsure, fixed, portMap: own }: Variant,
    holdsFor: (peer: number) => Holds,
    portMap: number,
  ): number {
    const rules = policy.rules[this.#direction];
    const asked = { holds: holdsFor };
    const isAdmin = policy.tier === 'admin';
    const isClosed = this.#reading.assume === 'closed';
    const { words, all } = this.#planes;
    let isSilent = true;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]!;
      const holds = anyOf(rule.peers, asked);
      if (holds === no) continue;
      if (isSilent) {
        isSilent = false;
        this.#saying.fill(0);
        this.#left.set(all);
      }
      const plane = fixed[i] ?? this.#named(rule, this.#direction === 'ingress' ? own : portMap);
      const isSure = holds === yes && !unsure;
      // Corner 23: what cannot be decided is taken as the reading says; a pass that may be one is the lesser of both, or the greater.
      let into: number = placeOf[rule.action];
      let takes = holds === yes;
      if (!isSure && rule.action === 'pass' && isAdmin) into = marked;
      else if (!isSure && (rule.action === 'deny') !== isClosed) into = -1;
      else takes = true;
      if (into >= 0) this.#put(into * words, plane);
      if (takes && this.#take(plane)) break;
    }
    return isSilent ? silent : this.#sayings.intern(this.#saying, 0, this.#saying.length);
  }

  #named({ spec }: CompiledTierRule, portMap: number): Int32Array {
    return this.#planeOf.get(this.#ports.resolve(spec, portMap))!;
  }

  /** Adds what is left of a plane to one of those of the saying. */
  #put(at: number, plane: Int32Array): void {
    const left = this.#left;
    const saying = this.#saying;
    for (let w = 0; w < plane.length; w++) saying[at + w]! |= left[w]! & plane[w]!;
  }

  /** Takes a plane from what is left, and says whether nothing is. */
  #take(plane: Int32Array): boolean {
    const left = this.#left;
    let some = 0;
    for (let w = 0; w < plane.length; w++) some |= left[w]! &= ~plane[w]!;
    return some === 0;
  }

  /** The words of what a list accepts and of what it leaves to NetworkPolicies; good until the next call. */
  value(list: number, sayings: Sayings): Int32Array {
    const { variants, admin, baseline, unranked } = this.#lists[list]!;
    const { words, all } = this.#planes;
    this.#open.set(all);
    const said = this.#admin;
    said.fill(0);
    for (const group of admin) if (this.#ask(group, variants, sayings, said)) break;
    const value = this.#value;
    const isClosed = this.#reading.assume === 'closed';
    for (let w = 0; w < words; w++) {
      const accepted = said[w]!;
      const asked = all[w]! & ~accepted & ~said[denied * words + w]!;
      const mark = said[marked * words + w]!;
      // Corner 23: what a pass that files cannot decide may lower to, or raise to, what NetworkPolicies say.
      value[w] = isClosed ? accepted & ~mark : accepted;
      value[words + w] = asked | (isClosed ? accepted & mark : mark & ~accepted);
    }
    if (baseline.length > 0 || unranked !== undefined)
      this.#leaveBaseline(baseline, unranked, variants, sayings);
    return value;
  }

  /** Takes from what is asked what Baseline denies of it; there Pass allows, as Accept does (corner 61). */
  #leaveBaseline(
    groups: readonly Group[],
    unranked: Group | undefined,
    variants: readonly number[],
    sayings: Sayings,
  ): void {
    const { words } = this.#planes;
    const value = this.#value;
    const said = this.#baseline;
    said.fill(0);
    for (let w = 0; w < words; w++) this.#open[w] = value[words + w]!;
    for (const group of groups) if (this.#ask(group, variants, sayings, said)) break;
    const isSure = this.#reading.bound === 'sure';
    const other = this.#group;
    if (unranked !== undefined) this.#together(unranked, variants, sayings);
    for (let w = 0; w < words; w++) {
      let out = said[denied * words + w]!;
      if (unranked !== undefined) {
        // A BaselineAdminNetworkPolicy may stand first, last or between: what it says is one of the options wherever it
        // matches, and the only one where no other does (corner 60).
        const deny = other[denied * words + w]!;
        if (isSure) out |= deny;
        else out = (out & ~(other[w]! | other[passed * words + w]!)) | (deny & this.#open[w]!);
      }
      value[words + w]! &= ~out;
    }
  }

  /** Adds what a group says of what is open, and says whether nothing is left open. */
  #ask(group: Group, variants: readonly number[], sayings: Sayings, into: Int32Array): boolean {
    const { words } = this.#planes;
    let from = this.#group;
    let at = 0;
    if (group.end - group.start === 1) {
      const saying = sayings[variants[group.start]!]!;
      if (saying === silent) return false;
      from = this.#sayings.items;
      at = this.#sayings.start(saying);
    } else this.#together(group, variants, sayings);
    const open = this.#open;
    let some = 0;
    for (let w = 0; w < words; w++) {
      const before = open[w]!;
      if (before === 0) continue;
      const accept = from[at + w]!;
      const pass = from[at + passed * words + w]!;
      const deny = from[at + denied * words + w]!;
      into[w]! |= accept & before;
      into[passed * words + w]! |= pass & before;
      into[denied * words + w]! |= deny & before;
      into[marked * words + w]! |= from[at + marked * words + w]! & before;
      some |= open[w] = before & ~(accept | pass | deny);
    }
    return some === 0;
  }

  /** What policies of one priority say together. */
  #together({ start, end }: Group, variants: readonly number[], sayings: Sayings): void {
    const group = this.#group;
    group.fill(0);
    for (let i = start; i < end; i++) {
      const saying = sayings[variants[i]!]!;
      if (saying === silent) continue;
      const at = this.#sayings.start(saying);
      const { items } = this.#sayings;
      for (let k = 0; k < group.length; k++) group[k]! |= items[at + k]!;
    }
    if (end - start === 1) return;
    // Corner 60: where they disagree, any of them may be applied. What is passed leads to no less than a denial and no
    // more than an acceptance.
    const { words } = this.#planes;
    const [first, last] = this.#reading.bound === 'sure' ? [denied, 0] : [0, denied];
    for (let w = 0; w < words; w++) {
      const before = group[first * words + w]!;
      const pass = (group[passed * words + w]! &= ~before);
      group[last * words + w]! &= ~(before | pass);
    }
  }

  /** The port set that stands in the words of a value, accepted first. */
  setOf(words: Int32Array, part: 'accepted' | 'asked'): number {
    return this.#ports.intern(this.#planes.setOf(words, part === 'accepted' ? 0 : this.#planes.words));
  }
}

/** What lists say, as ids of port sets. */
export class FoldedValues {
  readonly accepted: number[] = [];
  readonly asked: number[] = [];
  readonly #ids = new PairMap();
  /** Values by their words, as far as they are known by these. */
  #words = new SequenceTable();
  #ofWords: number[] = [];

  add(fold: TierFold, words: Int32Array): number {
    if (this.#words.items.length > mostValueWords) {
      this.#words = new SequenceTable();
      this.#ofWords = [];
    }
    const sequence = this.#words.intern(words, 0, words.length);
    if (sequence < this.#ofWords.length) return this.#ofWords[sequence]!;
    const accepted = fold.setOf(words, 'accepted');
    const asked = fold.setOf(words, 'asked');
    const id = this.#ids.getOrAdd(accepted, asked, this.accepted.length);
    if (id === this.accepted.length) {
      this.accepted.push(accepted);
      this.asked.push(asked);
    }
    this.#ofWords.push(id);
    return id;
  }
}

/** The saying of a policy that has nothing to say. */
const silent = 0;

// The order of the planes of a saying; what is accepted comes first.
const passed = 1;
const denied = 2;
const marked = 3;
const placeOf = { accept: 0, pass: passed, deny: denied } as const;

/** Parts a list into tiers, and these into groups of one priority. */
function foldable(steps: readonly TierStep[], variantOf: (step: TierStep) => number): Foldable {
  const admin: Group[] = [];
  const baseline: Group[] = [];
  let unranked: Group | undefined;
  for (let start = 0; start < steps.length;) {
    const { tier, priority } = steps[start]!.policy;
    let end = start + 1;
    while (end < steps.length && steps[end]!.policy.tier === tier && steps[end]!.policy.priority === priority)
      end++;
    if (tier === 'admin') admin.push({ start, end });
    else if (priority === undefined) unranked = { start, end };
    else baseline.push({ start, end });
    start = end;
  }
  return { variants: steps.map(variantOf), admin, baseline, unranked };
}
