import type { Direction, Pod, TierPods, TierPolicy, TierRule } from '../model/index.ts';
import { PortSet, protocols } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { clausesOf } from './clauses.ts';
import type { Addresses, Clause } from './clauses.ts';
import type { RuleSource } from './ruleset.ts';
import type { SetHandle, SetTable } from './set-table.ts';
import { capped, effectOf, stagesOf } from './tier-stages.ts';
import type { CompiledTierRule, Effect, Stage, TierList, TierStep } from './tier-stages.ts';

/** What the tiers say of some pods in one direction. */
export interface TierSet {
  readonly list: TierList;
  /** Whether NetworkPolicies have the last word of what the Admin tier leaves (corners 55 and 64). */
  readonly isolated: boolean;
}

/** Where flows are judged: on their way to others, or from a pod to its own node, where NetworkPolicies exempt them (corner 42). */
export type TierWay = Direction | 'node';

/** Where a flow goes on. A number is a chain of the same draft. */
export type TierTarget = 'allowed' | 'denied' | 'networkPolicies' | number;

/** One rule, or with several clauses one rule for each. */
export interface TierDraftRule {
  /** `undefined`: every flow. `self`: a flow of a pod to itself. */
  readonly clauses: readonly Clause[] | 'self' | undefined;
  readonly target: TierTarget;
  readonly source: RuleSource | undefined;
}

/** One chain; the first of a list is where flows come in. */
export interface TierDraft {
  readonly rules: readonly TierDraftRule[];
}

/** Chains that would have too many rules, and the policy that makes most of them. */
export interface TierObstacle {
  readonly policy: TierPolicy;
}

/** A peer of a tier that is pods. */
type PodsPeer = Extract<TierPods, { readonly kind: 'pods' }>;

/** Sets of addresses of one family. */
type OfFamily = readonly [Family, readonly SetHandle[]];

/** A place in the stages: a rule of a stage, and whether the NetworkPolicies have the last word by now. */
interface Place {
  readonly stage: number;
  readonly rule: number;
  readonly capped: boolean;
}

/** Writes the chains of tiers, before chains and sets have names. */
export class TierChains {
  readonly #policy: CompiledPolicy;
  readonly #sets: SetTable;
  readonly #families: readonly Family[];
  /** By peer: the sets of the pods that it means, and of those of which files cannot tell. */
  readonly #surely = new Map<PodsPeer, readonly OfFamily[]>();
  readonly #perhaps = new Map<PodsPeer, readonly OfFamily[]>();

  constructor(policy: CompiledPolicy, sets: SetTable, inFamilies: readonly Family[]) {
    this.#policy = policy;
    this.#sets = sets;
    this.#families = inFamilies;
  }

  /**
   * What the tiers say of a pod; `undefined` where they say nothing, or deny nothing of a pod that no NetworkPolicy isolates: its
   * flows need no judge.
   */
  tierSetOf(direction: Direction, pod: Pod): TierSet | undefined {
    const { tiers, profiles, profileOf } = this.#policy.parts;
    if (tiers === undefined) return undefined;
    const { tiers: id, isolated } = profiles[direction].get(
      profileOf[direction][this.#policy.classOf({ kind: 'pod', pod })]!,
    );
    if (id === 0) return undefined;
    const list = tiers.lists[direction].list(id);
    const denies = rulesOf(list.steps, direction).some(({ action }) => action === 'deny');
    return denies || isolated ? { list, isolated } : undefined;
  }

  /**
   * The set of a pod that NetworkPolicies isolate in a direction of which no tier speaks, while one speaks of the other: a flow
   * of the pod to itself is judged then, and no NetworkPolicy is to stop it (corner 65).
   */
  silentSetOf(direction: Direction, pod: Pod): TierSet | undefined {
    const other = this.tierSetOf(direction === 'egress' ? 'ingress' : 'egress', pod);
    return other && { list: silence, isolated: true };
  }

  /** Whether a pod's way to its own node can be denied: by rules about addresses, or that fail closed (corners 42 and 66). */
  deniesNode({ list }: TierSet): boolean {
    const { peers } = this.#policy.parts.tiers!.tiers;
    return rulesOf(list.steps, 'egress').some(
      (rule) =>
        rule.action === 'deny' &&
        rule.peers.some((peer) => ['everybody', 'network', 'nodes'].includes(peers.definition(peer).kind)),
    );
  }

  /** A policy of a list. */
  policyOf({ policy }: TierStep): TierPolicy {
    return this.#policy.cluster.tierPolicies[policy.index]!;
  }

  /** What names of ports mean in ingress on a pod: pods on which they differ have different chains (corner 57). */
  namesOn({ list }: TierSet, pod: Pod): readonly (readonly [name: string, ports: readonly string[]])[] {
    const names = new Set(
      list.steps.flatMap((step) => this.policyOf(step).ingress.flatMap((rule) => namedIn(rule))),
    );
    return [...names].sort().map((name) => {
      const ports = pod.ports.filter((port) => port.name === name);
      return [name, [...new Set(ports.map(({ protocol, port }) => `${protocol}/${port}`))].sort()];
    });
  }

  /**
   * The chains of a set.
   *
   * @param mostRules - more than that many rules are none
   */
  draft(set: TierSet, way: TierWay, mostRules: number): readonly TierDraft[] | TierObstacle {
    return new Writer(set, way, mostRules, (compiled, step, certain) => {
      const policy = this.policyOf(step);
      const direction = way === 'ingress' ? 'ingress' : 'egress';
      const source: RuleSource = { policy, direction, rule: compiled.rule };
      return { clauses: this.#clauses(set, way, compiled, source, { certain, mostRules }), source };
    }).write();
  }

  /** What a rule asks; of ends of which files cannot tell whether they are meant, when not `certain`. */
  #clauses(
    { list }: TierSet,
    way: TierWay,
    compiled: CompiledTierRule,
    source: RuleSource,
    { certain, mostRules }: { readonly certain: boolean; readonly mostRules: number },
  ): readonly Clause[] | undefined {
    const { direction } = source;
    const { ports, tiers } = this.#policy.parts;
    const isClosed = compiled.peers.some((peer) => tiers!.tiers.peers.definition(peer).kind === 'everybody');
    // Corners 59, 62 and 66: what fails closed is about everything.
    if (isClosed) return certain ? undefined : [];
    const rule = (source.policy as TierPolicy)[direction][compiled.rule]!;
    const sources = [source];
    const addresses = this.#addresses(rule, compiled, way, certain);
    const fixed = ports.set(
      direction === 'ingress' ? ports.resolve(compiled.spec, list.portMap) : ports.fixed(compiled.spec),
    );
    return [
      ...clausesOf(2, addresses, fixed, sources, this.#sets),
      // A node has no names of ports.
      ...(way === 'egress' ? this.#named(rule, addresses, fixed, source, mostRules) : []),
    ];
  }

  /** Where the other end is, by kind of peer. */
  #addresses(rule: TierRule, compiled: CompiledTierRule, way: TierWay, certain: boolean): Addresses {
    const { parts } = this.#policy;
    const ranges: AddressRange[] = [];
    const sets: OfFamily[] = [];
    for (const [i, peer] of rule.peers.entries()) {
      const ids = compiled.peers.filter((_, at) => compiled.written[at] === i);
      switch (peer.kind) {
        case 'pods': {
          // No selector means an address of a node.
          if (way === 'node') break;
          const definition = parts.tiers!.tiers.peers.definition(ids[0]!);
          if (definition.kind !== 'pods') break;
          for (const each of this.#podSets(peer, definition, certain)) sets.push(each);
          break;
        }
        case 'networks':
          if (certain) ranges.push(...peer.cidrs);
          break;
        case 'nodes':
          if (!certain) break;
          for (const family of this.#families) sets.push([family, [this.#sets.nodes(peer.nodes, family)]]);
          break;
        // Corner 63: files cannot tell an address of any of them, and a rule that fails closed has no clauses.
        case 'domainNames':
        case 'unknown':
        case 'unusable':
          break;
      }
    }
    for (const family of this.#families) {
      const own = ranges.filter((range) => range.family === family); // corner 37
      if (own.length > 0) sets.push([family, [this.#sets.blocks(own, family)]]);
    }
    return sets;
  }

  /** The sets of the pods that a peer means, or of those of which files cannot tell; a rule is asked in the chains of many sets. */
  #podSets(
    peer: PodsPeer,
    { namespaces, selector }: { readonly namespaces: number; readonly selector: number },
    certain: boolean,
  ): readonly OfFamily[] {
    const known = (certain ? this.#surely : this.#perhaps).get(peer);
    if (known !== undefined) return known;
    const { sure, unsure } = this.#policy.parts.index.inNamespaces(namespaces, selector);
    const setsOf = (classes: readonly number[]): readonly OfFamily[] =>
      this.#families.map((family) => [family, [this.#sets.tierPods(peer, classes, certain, family)]]);
    const found = certain ? setsOf(sure) : unsure.length === 0 ? [] : setsOf(unsure);
    (certain ? this.#surely : this.#perhaps).set(peer, found);
    return found;
  }

  /** In egress a name is what each destination means by it, with whatever protocol (corners 57 and 62). */
  #named(
    rule: TierRule,
    addresses: Addresses,
    fixed: PortSet,
    source: RuleSource,
    mostRules: number,
  ): readonly Clause[] {
    const clauses: Clause[] = [];
    for (const name of namedIn(rule)) {
      for (const protocol of protocols) {
        for (const number of this.#sets.numbersOf(protocol, name).keys()) {
          if (fixed.has(protocol, number)) continue;
          const port = PortSet.range(protocol, number, number);
          for (const [family, sets] of addresses) {
            const named = this.#sets.namedPort(protocol, name, number, family!);
            clauses.push(...clausesOf(4, [[family, [...sets, named]]], port, [source], this.#sets));
          }
          // Not at the end: a few texts could ask for more rules than memory holds.
          if (clauses.length > mostRules) return clauses;
        }
      }
    }
    return clauses;
  }
}

/** What a rule asks, and where it comes from. */
interface Written {
  /** `undefined`: every flow. */
  readonly clauses: readonly Clause[] | undefined;
  readonly source: RuleSource;
}

/** The place of what NetworkPolicies have to say. */
const handedOver: Place = { stage: -1, rule: 0, capped: false };

/** Writes the chains of one set: one after another, each led to by those before it. */
class Writer {
  readonly #stages: readonly Stage[];
  /** Where the Baseline tier begins. */
  readonly #rest: number;
  readonly #isolated: boolean;
  readonly #way: TierWay;
  readonly #direction: Direction;
  readonly #ask: (rule: CompiledTierRule, step: TierStep, certain: boolean) => Written;
  readonly #places: Place[] = [];
  readonly #known = new Map<string, number>();
  readonly #mostRules: number;
  readonly #counts = new Map<TierPolicy, number>();
  #total = 0;

  constructor(
    { list, isolated }: TierSet,
    way: TierWay,
    mostRules: number,
    ask: (rule: CompiledTierRule, step: TierStep, certain: boolean) => Written,
  ) {
    this.#direction = way === 'ingress' ? 'ingress' : 'egress';
    const { admin, baseline } = stagesOf(list.steps, this.#direction);
    this.#stages = [...admin, ...baseline];
    this.#rest = admin.length;
    this.#isolated = isolated;
    this.#way = way;
    this.#mostRules = mostRules;
    this.#ask = ask;
  }

  write(): readonly TierDraft[] | TierObstacle {
    const isSilent = this.#stages.length === 0 && this.#isolated;
    this.#placeOf(isSilent ? handedOver : { stage: 0, rule: 0, capped: false });
    const drafts: TierDraft[] = [];
    // Chains lead to further ones, which are placed while they are written.
    for (let i = 0; i < this.#places.length; i++) {
      const place = this.#places[i]!;
      drafts.push({ rules: place.stage < 0 ? handOver : this.#chain(place) });
      if (this.#total <= this.#mostRules) continue;
      const [[policy]] = [...this.#counts].sort(([, a], [, b]) => b - a) as [[TierPolicy, number]];
      return { policy };
    }
    return drafts;
  }

  /** The rules of the chain that begins at a place. */
  #chain(place: Place): readonly TierDraftRule[] {
    const rules: TierDraftRule[] = [];
    const isAdmin = place.stage < this.#rest;
    const end = isAdmin ? this.#rest : this.#stages.length;
    for (let s = place.stage; s < end; s++) {
      const compiled = this.#rulesOf(s);
      let isLeft = false;
      for (let r = s === place.stage ? place.rule : 0; r < compiled.length; r++) {
        for (const certain of [true, false]) {
          const effect = this.#effect(s, r, certain, place.capped);
          if (effect === undefined) continue;
          // To skip the rules that are left is of use where one of them counts.
          if (effect === 'skip' && !this.#countsAfter(s, r, place.capped)) continue;
          const { clauses, source } = this.#ask(compiled[r]!, this.#stages[s]!.step, certain);
          if (clauses?.length === 0) continue;
          isLeft ||= effect === 'skip' || effect === 'skipCapped';
          rules.push({ clauses, target: this.#target(effect, s, r, place.capped), source });
          // Nothing is asked behind a rule about everything. Too many rules are none.
          if (!this.#count(source, clauses) || clauses === undefined) return rules;
        }
      }
      // Some flows have left this stage for the next, which is a chain then.
      if (isLeft)
        return [...rules, { clauses: undefined, target: this.#next(s, place.capped), source: undefined }];
    }
    const target = isAdmin ? this.#restTarget() : 'allowed';
    return [...rules, { clauses: undefined, target, source: undefined }];
  }

  #rulesOf(stage: number): readonly CompiledTierRule[] {
    return this.#stages[stage]!.step.policy.rules[this.#direction];
  }

  #effect(stage: number, rule: number, certain: boolean, isCapped: boolean): Effect | undefined {
    const effect = effectOf(this.#stages[stage]!, this.#rulesOf(stage)[rule]!.action, certain);
    return isCapped ? capped(effect) : effect;
  }

  #countsAfter(stage: number, rule: number, isCapped: boolean): boolean {
    return this.#rulesOf(stage).some(
      (_, r) =>
        r > rule &&
        [true, false].some((certain) => {
          const effect = this.#effect(stage, r, certain, isCapped);
          return effect !== undefined && effect !== 'skip';
        }),
    );
  }

  /** Whether there may still be more rules. */
  #count({ policy }: RuleSource, clauses: readonly Clause[] | undefined): boolean {
    const count = clauses?.length ?? 1;
    this.#total += count;
    const tierPolicy = policy as TierPolicy;
    this.#counts.set(tierPolicy, (this.#counts.get(tierPolicy) ?? 0) + count);
    return this.#total <= this.#mostRules;
  }

  #target(effect: Effect, stage: number, rule: number, isCapped: boolean): TierTarget {
    switch (effect) {
      case 'allowed':
      case 'denied':
        return effect;
      case 'passed':
        return this.#restTarget();
      case 'skip':
        return this.#next(stage, isCapped);
      case 'skipCapped':
        return this.#next(stage, true);
      case 'capped':
        return this.#placeOf({ stage, rule: rule + 1, capped: true });
    }
  }

  #next(stage: number, isCapped: boolean): TierTarget {
    if (stage + 1 === this.#rest) return this.#restTarget();
    if (stage + 1 === this.#stages.length) return 'allowed';
    return this.#placeOf({ stage: stage + 1, rule: 0, capped: isCapped });
  }

  /** Behind the Admin tier: NetworkPolicies where they isolate, else the Baseline tier (corners 55, 60 and 64). */
  #restTarget(): TierTarget {
    if (this.#isolated) return this.#way === 'node' ? 'allowed' : this.#placeOf(handedOver);
    if (this.#rest === this.#stages.length) return 'allowed';
    return this.#placeOf({ stage: this.#rest, rule: 0, capped: false });
  }

  #placeOf(place: Place): number {
    const key = `${place.stage} ${place.rule} ${place.capped}`;
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.#places.push(place) - 1;
      this.#known.set(key, index);
    }
    return index;
  }
}

const silence: TierList = { steps: [], portMap: 0 };

const handOver: readonly TierDraftRule[] = [
  // A pod reaches itself through a Service whatever NetworkPolicies say; the tiers have been asked by now (corner 65).
  { clauses: 'self', target: 'allowed', source: undefined },
  { clauses: undefined, target: 'networkPolicies', source: undefined },
];

function rulesOf(steps: readonly TierStep[], direction: Direction): readonly CompiledTierRule[] {
  return steps.flatMap(({ policy }) => policy.rules[direction]);
}

/** The names of ports that a rule asks for; each once. */
function namedIn({ ports }: TierRule): readonly string[] {
  if (ports.kind === 'all') return [];
  return [...new Set(ports.ports.flatMap((entry) => (entry.kind === 'named' ? [entry.name] : [])))];
}
