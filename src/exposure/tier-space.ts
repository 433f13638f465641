import type { Direction, TierPeer, TierPods } from '../model/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import { anyPeerHolds, evaluateTiersOver, TierEnds } from '../policy/index.ts';
import type {
  CompiledPolicy,
  CompiledTierRule,
  PolicyEnd,
  RankedPolicy,
  TierReading,
  TierStep,
} from '../policy/index.ts';
import { cellsOf, inOrder } from './cells.ts';
import type { Cell } from './cells.ts';
import { cubeFrom } from './cubes.ts';
import type { Cube, CutOrder } from './cubes.ts';
import { byText } from './literals.ts';
import { isEmptyScope } from './namespaces.ts';
import type { NamespaceSpace } from './namespaces.ts';
import { RegionSets, TooManyPiecesError } from './region-sets.ts';
import { completed, costOf, lineOf, minimal, regionBoth, regionIn, regionKey } from './regions.ts';
import type { Line, Region } from './regions.ts';
import { everyUse, noUse } from './uses.ts';
import type { UseTable } from './uses.ts';

/**
 * What the tiers that bind potential pods leave to them, by themselves: `accepted` whatever NetworkPolicies say, and what
 * they leave to these (corners 53 and 60): `free` for pods that no NetworkPolicy isolates, where Baseline is asked, and
 * `isolated` for the others (corners 55 and 64).
 */
export interface Left {
  readonly key: string;
  readonly accepted: number;
  readonly free: number;
  readonly isolated: number;
}

/** What is left where no tier speaks. */
export const allLeft: Left = { key: '', accepted: noUse, free: everyUse, isolated: everyUse };

/** What is left in some regions. */
export type LeftAt = readonly [Left, readonly Region[]];

/** Whom subjects let through, as far as it is potential pods. */
export interface Bounded {
  /** Only pods with one of these addresses; absent: with any. */
  readonly ranges?: readonly AddressRange[];
  readonly lines: readonly Line[];
}

/** A rule of a tier as it bears on potential pods. */
export interface RuleSpace {
  readonly step: TierStep;
  readonly rule: CompiledTierRule;
  /** The ports that it matches. */
  readonly use: number;
  /** The potential pods that it matches, and the networks that mean those with an address in them (corner 63). */
  readonly regions: readonly Region[];
  readonly networks: readonly number[];
  /** Whether its peers mean the subject where potential pods are bound. */
  readonly holds: ReturnType<TierEnds['holds']>;
}

/** What tiers say of the ports of one segment. */
interface Said {
  readonly use: number;
  readonly accepted: readonly Region[];
  readonly asked: readonly Region[];
}

/** What they say of potential pods with some addresses. */
interface SaidOf extends Pick<Cell, 'ranges'> {
  readonly said: readonly Said[];
}

/** So much work is done to put lines together with regions in all, where it is more than little for some pods. */
const mostCombined = 3_000_000;
const few = 1024;

/**
 * What tiers say of all potential pods at once. Ports are cut into segments which every rule matches whole or not at all; for each of
 * these the tiers are evaluated as for a connection, with sets of pods in place of sets of ports.
 *
 * A pod that is not there has no address yet, and may get any that pods can have: where `networks` make a difference it is told which
 * (corners 39 and 63). No pod but one that is its node is meant by `nodes`, none by `domainNames`.
 */
export class TierSpace {
  readonly #policy: CompiledPolicy;
  readonly #space: NamespaceSpace;
  readonly #uses: UseTable;
  readonly #ends: TierEnds | undefined;
  readonly #reading: TierReading;
  readonly #sets: RegionSets;
  #isTooMuch = false;
  #combined = 0;
  readonly #said = new Map<string, readonly SaidOf[] | undefined>();
  readonly #lines = new WeakMap<readonly Line[], Map<string, readonly Bounded[]>>();
  readonly #left = new Map<string, readonly LeftAt[] | undefined>();

  /** @param bound - which of the choices among policies of equal priority is told */
  constructor(policy: CompiledPolicy, space: NamespaceSpace, uses: UseTable, bound: TierReading['bound']) {
    this.#policy = policy;
    this.#space = space;
    this.#uses = uses;
    this.#sets = new RegionSets(space, keysBySelectors(policy));
    const { tiers, assume } = policy.parts;
    this.#ends = tiers === undefined ? undefined : new TierEnds(policy.parts, tiers);
    this.#reading = { bound, assume };
  }

  /** Whether there are so many selectors that the tiers were left out of account. */
  get isTooMuch(): boolean {
    return this.#isTooMuch;
  }

  /** Whether policies that nothing orders may both select some pod that could be there (corner 60). */
  get canDisagree(): boolean {
    return this.equals().length > 0;
  }

  /** Names of the policies that nothing orders, sorted. */
  equals(): readonly string[] {
    const ranked = this.#policy.parts.tiers?.tiers.ranked ?? [];
    const open = ranked.filter((one, i) =>
      ranked.some((other, j) => i !== j && other.tier === one.tier && isOpenOrder(one, other)),
    );
    const names = open.map(({ index }) => this.#policy.cluster.tierPolicies[index]!.name);
    return [...new Set(names)].sort(byText);
  }

  /** The number of the list of tiers that bind a class in a direction; 0 where none does. */
  listOf(direction: Direction, k: number): number {
    const { profiles, profileOf, classes } = this.#policy.parts;
    return classes.host[k] === 1 ? 0 : profiles[direction].tiersOf(profileOf[direction][k]!);
  }

  /** The names of the policies of a list. */
  namesOf(direction: Direction, list: number): readonly string[] {
    return this.#steps(direction, list).map(
      ({ policy }) => this.#policy.cluster.tierPolicies[policy.index]!.name,
    );
  }

  #steps(direction: Direction, list: number): readonly TierStep[] {
    return list === 0 ? [] : this.#policy.parts.tiers!.lists[direction].list(list).steps;
  }

  /** Whether a list may treat pods by their addresses. */
  asksForAddresses(direction: Direction, list: number): boolean {
    return this.rulesOf(direction, list).some(({ networks }) => networks.length > 0);
  }

  /** The lines of a subject with what its tiers say before and after its NetworkPolicies. */
  linesOf(direction: Direction, list: number, lines: readonly Line[], family: Family): readonly Bounded[] {
    if (list === 0) return [{ lines }];
    let known = this.#lines.get(lines);
    if (known === undefined) this.#lines.set(lines, (known = new Map<string, readonly Bounded[]>()));
    // Only `networks` tell families apart (corner 37).
    const key = `${direction} ${list} ${this.asksForAddresses(direction, list) ? family : ''}`;
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = this.#bound(direction, list, lines, family)));
    return found;
  }

  /** Whether so many lines and regions are not too many to be put together; if they are, `isTooMuch` says so. */
  canCombine(lines: readonly Line[], sets: readonly (readonly Region[])[]): boolean {
    const ofLines = lines.reduce((sum, line) => sum + costOf(line), 0);
    let work = 0;
    for (const regions of sets) {
      work += regions.length * ofLines;
      for (const region of regions) work += lines.length * costOf(region);
    }
    if (work > few && this.#combined + work > mostCombined) {
      this.#isTooMuch = true;
      return false;
    }
    this.#combined += work;
    return true;
  }

  #bound(direction: Direction, list: number, lines: readonly Line[], family: Family): readonly Bounded[] {
    const all = this.#saidTo(direction, list, family);
    if (all === undefined) return [{ lines }];
    const bounded: Bounded[] = [];
    for (const { ranges, said } of all) {
      const sets = said.map(({ asked }) => asked);
      if (!this.canCombine(lines, sets)) return [{ lines }];
      const made: Line[] = [];
      for (const { use: segment, accepted, asked } of said) {
        for (const region of accepted) made.push(lineOf(region, segment, []));
        for (const line of lines) {
          const use = this.#uses.intersect(line.use, segment);
          if (use === noUse) continue;
          for (const region of asked) {
            const shared = regionBoth(line, region);
            if (shared !== undefined) made.push(lineOf(shared, use, line.rules));
          }
        }
      }
      const told = completed(minimal(made, this.#space, this.#uses), this.#uses);
      if (told.length > 0 || ranges === undefined)
        bounded.push({ ...(ranges !== undefined && { ranges }), lines: told });
    }
    return bounded;
  }

  /** What a list says to its subjects of potential pods; `undefined` where that is too much. */
  #saidTo(direction: Direction, list: number, family: Family): readonly SaidOf[] | undefined {
    const key = `${direction} ${list} ${family}`;
    if (!this.#said.has(key))
      this.#said.set(
        key,
        this.#guarded(() => this.#saidOf(direction, list, family), undefined),
      );
    return this.#said.get(key);
  }

  #guarded<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof TooManyPiecesError)) throw error;
      this.#isTooMuch = true;
      return otherwise;
    }
  }

  #saidOf(direction: Direction, list: number, family: Family): readonly SaidOf[] {
    const rules = this.rulesOf(direction, list);
    const { tiers, blocks } = this.#policy.parts;
    const cells = cellsOf(
      rules.flatMap(({ networks }) => networks),
      family,
      (peer) => {
        const definition = tiers!.tiers.peers.definition(peer);
        return definition.kind === 'network' ? blocks.block(definition.block) : undefined;
      },
    );
    const groups = new Map<string, { said: readonly Said[]; ranges: AddressRange[] }>();
    for (const { ranges, networks } of cells) {
      const said = this.#evaluated(direction, rules, networks);
      const key = said
        .map(({ use, accepted, asked }) => `${use}:${keyOf(accepted)}:${keyOf(asked)}`)
        .join('\u0007');
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { said, ranges: [...ranges] });
      else for (const range of ranges) known.ranges.push(range);
    }
    const [first, ...others] = groups.values();
    if (first === undefined) return [];
    if (others.length === 0) return [{ ranges: undefined, said: first.said }];
    // What holds with every address is said once, and what more holds with some by itself.
    const all = [first, ...others].map(({ said }) => said);
    const whole = first.said.map((_, i) => this.#inAll(all.map((said) => said[i]!)));
    const byAddress = [...groups.values()].map(({ said, ranges }) => ({
      ranges: inOrder(ranges),
      said: said.map((each, i) => this.#beyond(each, whole[i]!)),
    }));
    return [{ ranges: undefined, said: whole }, ...byAddress];
  }

  #inAll(all: readonly Said[]): Said {
    const sets = this.#sets;
    const allowed = all.map(({ accepted, asked }) => sets.union([accepted, asked]));
    const accepted = all.map((each) => each.accepted).reduce((a, b) => sets.intersect(a, b));
    const asked = allowed.reduce((a, b) => sets.intersect(a, b));
    return { use: all[0]!.use, accepted, asked: sets.minus(asked, accepted) };
  }

  #beyond({ use, accepted, asked }: Said, known: Said): Said {
    return {
      use,
      accepted: this.#sets.minus(accepted, known.accepted),
      asked: this.#sets.minus(asked, known.asked),
    };
  }

  /** The rules of a list that may mean potential pods. */
  rulesOf(direction: Direction, list: number): readonly RuleSpace[] {
    const steps = this.#steps(direction, list);
    if (steps.length === 0) return [];
    const { tiers, ports } = this.#policy.parts;
    const { portMap } = tiers!.lists[direction].list(list);
    return steps.flatMap((step): readonly RuleSpace[] => {
      const written = this.#policy.cluster.tierPolicies[step.policy.index]![direction];
      return step.policy.rules[direction].flatMap((rule): readonly RuleSpace[] => {
        const { peers: entries, ports: named } = written[rule.rule]!;
        const regions: Region[] = [];
        const networks: number[] = [];
        // Corner 66: a rule that fails closed means everybody.
        if (rule.written.length === 0) regions.push(this.#sets.everywhere);
        for (const [i, peer] of rule.peers.entries()) {
          const entry = entries[rule.written[i] ?? -1];
          const region = entry?.kind === 'pods' ? this.#regionOf(entry) : undefined;
          if (region !== undefined) regions.push(region);
          if (tiers!.tiers.peers.definition(peer).kind === 'network') networks.push(peer);
        }
        if (regions.length === 0 && networks.length === 0) return [];
        const use =
          direction === 'ingress'
            ? this.#uses.of(ports.set(ports.resolve(rule.spec, portMap)))
            : rule.written.length === 0
              ? everyUse
              : this.#uses.ofTierRule(named);
        return use === noUse ? [] : [{ step, rule, use, regions, networks, holds: 1 }];
      });
    });
  }

  /** What rules say of each segment of ports, in one order for all networks. */
  #evaluated(
    direction: Direction,
    rules: readonly RuleSpace[],
    networks: ReadonlySet<number>,
    only?: 'admin',
  ): readonly Said[] {
    const segments = this.#uses.segments(rules.map(({ use }) => use));
    if (segments === undefined) throw new TooManyPiecesError();
    const matched = new Map<CompiledTierRule, readonly Region[]>();
    const holds = new Map<CompiledTierRule, RuleSpace['holds']>();
    for (const each of rules) {
      const isIn = each.networks.some((network) => networks.has(network));
      matched.set(
        each.rule,
        isIn ? this.#sets.all : this.#sets.union(each.regions.map((region) => [region])),
      );
      holds.set(each.rule, each.holds);
    }
    const match = {
      holds: (rule: CompiledTierRule) => holds.get(rule)!,
      match: (rule: CompiledTierRule) => matched.get(rule)!,
    };
    return segments.map(({ use, of }): Said => {
      const own = rules.filter(
        (each) =>
          (each.use === everyUse || of.has(each.use)) &&
          (only === undefined || each.step.policy.tier === only),
      );
      if (own.length === 0) return { use, accepted: this.#sets.none, asked: this.#sets.all };
      const steps = Array.from(
        Map.groupBy(own, ({ step }) => step),
        ([step, ofStep]): TierStep => ({
          unsure: step.unsure,
          policy: {
            ...step.policy,
            rules: { ...step.policy.rules, [direction]: ofStep.map(({ rule }) => rule) },
          },
        }),
      );
      const { accepted, asked } = evaluateTiersOver(this.#sets, steps, direction, this.#reading, match);
      const wide = own.flatMap(({ rule }) => matched.get(rule)!);
      return { use, accepted: this.#sets.wider(accepted, wide), asked: this.#sets.wider(asked, wide) };
    });
  }

  /** By class and family, as text: which peers of tiers mean a subject. Subjects with equal texts are treated alike. */
  signature(direction: Direction, subject: PolicyEnd, k: number, family: Family): string {
    const ends = this.#ends;
    if (ends === undefined) return '';
    const { classes, ports } = this.#policy.parts;
    const c = classes.host[k] === 1 ? -1 : k;
    const { size } = this.#policy.parts.tiers!.tiers.peers;
    let text = direction === 'ingress' && ports.hasNames ? `${c < 0 ? 'node' : classes.portMap[k]!}:` : '';
    for (let peer = 1; peer < size; peer++) text += ends.holds(peer, subject, family, c);
    return text;
  }

  /**
   * What the tiers that bind potential pods leave them to use with a subject, with the regions where they leave it: each pod
   * may use what all of these that have it leave. `undefined` where no tier speaks, or too many do.
   *
   * @param direction - that of the subject: potential pods are asked for the other one
   */
  leftOf(direction: Direction, subject: PolicyEnd, k: number, family: Family): readonly LeftAt[] | undefined {
    if (this.#ends === undefined) return undefined;
    const key = `${direction} ${family} ${this.signature(direction, subject, k, family)}`;
    if (!this.#left.has(key)) {
      const rules = this.rulesBinding(direction, subject, k, family);
      const other = direction === 'ingress' ? 'egress' : 'ingress';
      const found = this.#guarded(() => this.#leftBy(other, rules), undefined);
      const isAll = found?.length === 1 && found[0]![0] === allLeft && found[0]![1] === this.#sets.all;
      this.#left.set(key, isAll ? undefined : found);
    }
    return this.#left.get(key);
  }

  /** The rules that bind some potential pods and mean a subject. */
  rulesBinding(direction: Direction, subject: PolicyEnd, k: number, family: Family): readonly RuleSpace[] {
    const ends = this.#ends;
    if (ends === undefined) return [];
    const { tiers, classes, ports } = this.#policy.parts;
    const other: Direction = direction === 'ingress' ? 'egress' : 'ingress';
    const c = classes.host[k] === 1 ? -1 : k;
    const portMap = c < 0 ? 0 : classes.portMap[c]!;
    return tiers!.tiers.ranked.flatMap((policy): readonly RuleSpace[] => {
      const { subject: pods, [other]: written } = this.#policy.cluster.tierPolicies[policy.index]!;
      const region = policy.rules[other].length === 0 ? undefined : this.#regionOf(pods);
      if (region === undefined) return [];
      const step = { policy, unsure: false };
      return policy.rules[other].flatMap((rule): readonly RuleSpace[] => {
        const holds = anyPeerHolds(rule.peers, { holds: (peer) => ends.holds(peer, subject, family, c) });
        if (holds === 0) return [];
        // The ports of the subject where it is the destination; else those of a pod that is not there.
        const use =
          other === 'egress'
            ? this.#uses.of(ports.set(c < 0 ? ports.fixed(rule.spec) : ports.resolve(rule.spec, portMap)))
            : rule.written.length === 0
              ? everyUse
              : this.#uses.ofTierRule(written[rule.rule]!.ports);
        return use === noUse ? [] : [{ step, rule, use, regions: [region], networks: [], holds }];
      });
    });
  }

  #leftBy(other: Direction, rules: readonly RuleSpace[]): readonly LeftAt[] {
    const sets = this.#sets;
    const nowhere = new Set<number>();
    const all = this.#evaluated(other, rules, nowhere);
    const hasBaseline = rules.some(({ step }) => step.policy.tier === 'baseline');
    const ofAdmin = hasBaseline ? this.#evaluated(other, rules, nowhere, 'admin') : all;
    const groups = new Map<string, { left: Omit<Left, 'key'>; readonly regions: readonly Region[] }>();
    const add = (part: 'accepted' | 'free' | 'isolated', regions: readonly Region[], use: number): void => {
      if (regions.length === 0) return;
      const key = keyOf(regions);
      let group = groups.get(key);
      if (group === undefined) {
        group = { left: { accepted: noUse, free: noUse, isolated: noUse }, regions };
        groups.set(key, group);
      }
      group.left = { ...group.left, [part]: this.#uses.union(group.left[part], use) };
    };
    // Where a profile decides by pod, no Baseline is asked of pods that some NetworkPolicy isolates in the direction that is not asked
    // about (corner 64).
    const spared = hasBaseline ? this.#selectedIn(other === 'ingress' ? 'egress' : 'ingress') : [];
    for (const [i, { use, accepted, asked }] of all.entries()) {
      const isolated = ofAdmin[i]!.asked;
      const free = sets.union([asked, sets.intersect(isolated, spared)]);
      add('accepted', accepted, use);
      add('free', free, use);
      add('isolated', free, use);
      // Pods that Baseline closes unless a NetworkPolicy isolates them.
      if (hasBaseline) add('isolated', sets.minus(isolated, free), use);
    }
    return Array.from(groups.values(), ({ left, regions }) => {
      const { accepted, free, isolated } = left;
      const isAll = accepted === noUse && free === everyUse && isolated === everyUse;
      return [isAll ? allLeft : { key: `${accepted} ${free} ${isolated}`, ...left }, regions] as const;
    });
  }

  /** The regions of the pods that NetworkPolicies isolate in a direction; none where a profile decides by direction. */
  #selectedIn(direction: Direction): readonly Region[] {
    const { profile, cluster, parts } = this.#policy;
    if (profile.baselineAfterPolicies !== 'pod') return [];
    const byPods = new Map<string, { readonly pods: Cube; readonly namespaces: Set<number> }>();
    for (const [i, { namespace, podSelector }] of cluster.policies.entries()) {
      const pods = parts.rules[direction].of(i) === undefined ? undefined : cubeFrom(podSelector);
      if (pods === undefined) continue;
      let group = byPods.get(pods.key);
      if (group === undefined) byPods.set(pods.key, (group = { pods, namespaces: new Set<number>() }));
      group.namespaces.add(this.#space.indexOf(namespace));
    }
    return [...byPods.values()].map(({ pods, namespaces }) => ({
      existing: this.#space.places([...namespaces].sort((a, b) => a - b)),
      fresh: undefined,
      pods,
    }));
  }

  #regionOf(pods: TierPods): Region | undefined {
    if (pods.kind === 'unusable') return undefined;
    const cube = cubeFrom(pods.pods);
    const scope = this.#space.selected(pods.namespaces);
    return cube === undefined || isEmptyScope(scope) ? undefined : regionIn(scope, cube);
  }
}

/** Whether nothing orders two policies of a tier; a BaselineAdminNetworkPolicy may stand anywhere in its own (corner 60). */
export function isOpenOrder(
  one: Pick<RankedPolicy, 'priority'>,
  other: Pick<RankedPolicy, 'priority'>,
): boolean {
  return one.priority === undefined || other.priority === undefined || one.priority === other.priority;
}

/** The keys that selectors of tiers ask for, those of most selectors first. */
function keysBySelectors({ cluster }: CompiledPolicy): CutOrder {
  const counts = new Map<string, number>();
  const add = (pods: TierPeer): void => {
    if (pods.kind !== 'pods') return;
    for (const selector of [pods.namespaces, pods.pods]) {
      for (const { key } of selector?.requirements ?? []) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  };
  for (const { subject, ingress, egress } of cluster.tierPolicies) {
    add(subject);
    for (const { peers } of [...ingress, ...egress]) for (const peer of peers) add(peer);
  }
  const keys = [...counts].sort(([a, m], [b, n]) => n - m || byText(a, b));
  return new Map(keys.map(([key], i) => [key, i]));
}

function keyOf(regions: readonly Region[]): string {
  return regions.map(regionKey).sort().join('\u0006');
}
