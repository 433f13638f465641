import type { Direction, TierPods } from '../model/index.ts';
import type { Family } from '../net/index.ts';
import { anyPeerHolds, TierEnds } from '../policy/index.ts';
import type { CompiledPolicy, CompiledTierRule, PolicyEnd, RankedPolicy, TierStep } from '../policy/index.ts';
import { cubeFrom } from './cubes.ts';
import { byText } from './literals.ts';
import { isEmptyScope } from './namespaces.ts';
import type { NamespaceSpace } from './namespaces.ts';
import { regionIn } from './regions.ts';
import type { Region } from './regions.ts';
import { everyUse, noUse } from './uses.ts';
import type { UseTable } from './uses.ts';

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

/** The rules of tiers as far as they speak of potential pods: those that bind exposed pods, and those that bind the potential ones. */
export class TierRules {
  readonly #policy: CompiledPolicy;
  readonly #space: NamespaceSpace;
  readonly #uses: UseTable;
  readonly #ends: TierEnds | undefined;
  readonly #everywhere: Region;

  /** @param everywhere - the region of everybody */
  constructor(policy: CompiledPolicy, space: NamespaceSpace, uses: UseTable, everywhere: Region) {
    this.#policy = policy;
    this.#space = space;
    this.#uses = uses;
    this.#everywhere = everywhere;
    const { tiers } = policy.parts;
    this.#ends = tiers === undefined ? undefined : new TierEnds(policy.parts, tiers);
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
    return this.of(direction, list).some(({ networks }) => networks.length > 0);
  }

  /** The rules of a list that may mean potential pods. */
  of(direction: Direction, list: number): readonly RuleSpace[] {
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
        if (rule.written.length === 0) regions.push(this.#everywhere);
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

  /** The rules that bind some potential pods and mean a subject. */
  binding(direction: Direction, subject: PolicyEnd, k: number, family: Family): readonly RuleSpace[] {
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
