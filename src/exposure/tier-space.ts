import type { Direction, TierPeer } from '../model/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import { evaluateTiersOver } from '../policy/index.ts';
import type { CompiledPolicy, CompiledTierRule, PolicyEnd, TierReading, TierStep } from '../policy/index.ts';
import { cellsOf, inOrder } from './cells.ts';
import type { Cell } from './cells.ts';
import { cubeFrom } from './cubes.ts';
import type { Cube, CutOrder } from './cubes.ts';
import { byText } from './literals.ts';
import type { NamespaceSpace } from './namespaces.ts';
import { RegionSets, TooManyPiecesError } from './region-sets.ts';
import { completed, costOf, lineOf, minimal, regionBoth, regionKey } from './regions.ts';
import type { Line, Region } from './regions.ts';
import { TierRules } from './tier-rules.ts';
import type { RuleSpace } from './tier-rules.ts';
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
  readonly rules: TierRules;
  readonly #policy: CompiledPolicy;
  readonly #space: NamespaceSpace;
  readonly #uses: UseTable;
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
    this.rules = new TierRules(policy, space, uses, this.#sets.everywhere);
    this.#reading = { bound, assume: policy.parts.assume };
  }

  /** Whether there are so many selectors that the tiers were left out of account. */
  get isTooMuch(): boolean {
    return this.#isTooMuch;
  }

  /** The lines of a subject with what its tiers say before and after its NetworkPolicies. */
  linesOf(direction: Direction, list: number, lines: readonly Line[], family: Family): readonly Bounded[] {
    if (list === 0) return [{ lines }];
    let known = this.#lines.get(lines);
    if (known === undefined) this.#lines.set(lines, (known = new Map<string, readonly Bounded[]>()));
    // Only `networks` tell families apart (corner 37).
    const key = `${direction} ${list} ${this.rules.asksForAddresses(direction, list) ? family : ''}`;
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
    const rules = this.rules.of(direction, list);
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

  /**
   * What the tiers that bind potential pods leave them to use with a subject, with the regions where they leave it: each pod
   * may use what all of these that have it leave. `undefined` where no tier speaks, or too many do.
   *
   * @param direction - that of the subject: potential pods are asked for the other one
   */
  leftOf(direction: Direction, subject: PolicyEnd, k: number, family: Family): readonly LeftAt[] | undefined {
    if (this.#policy.parts.tiers === undefined) return undefined;
    const key = `${direction} ${family} ${this.rules.signature(direction, subject, k, family)}`;
    if (!this.#left.has(key)) {
      const rules = this.rules.binding(direction, subject, k, family);
      const other = direction === 'ingress' ? 'egress' : 'ingress';
      const found = this.#guarded(() => this.#leftBy(other, rules), undefined);
      const isAll = found?.length === 1 && found[0]![0] === allLeft && found[0]![1] === this.#sets.all;
      this.#left.set(key, isAll ? undefined : found);
    }
    return this.#left.get(key);
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
