import type { Cluster, Direction, NetworkPolicy, Pod, TierPolicy } from '../model/index.ts';
import { families } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import {
  addressType,
  defaultMarkMask,
  fixedChains,
  isMarkMask,
  names as fixed,
  recordSets,
  tableName,
} from './layout.ts';
import { ownerName } from './naming.ts';
import { Owners } from './owners.ts';
import type { ContestedAddress, Owned } from './owners.ts';
import { ChainBuilder } from './policy-set.ts';
import type { PolicySet } from './policy-set.ts';
import { mergeRanges, rangeKey } from './ranges.ts';
import type { MapEntry, NftMap, NftSet, Ruleset, SetElement } from './ruleset.ts';
import { SetTable } from './set-table.ts';

/** How a ruleset is made. */
export interface RulesetOptions {
  /** The pods that run on the node. Those that are their node are passed over: nothing selects them (checklist 3). */
  readonly pods: readonly Pod[];
  /** A run of at least eight of the 32 bits of the connection mark. Default: 0x0fff0000. */
  readonly markMask?: number;
  /**
   * The node's ranges for pods. Addresses in them of which no pod is known yet are then closed, so that a pod is
   * isolated before anybody has heard of it (checklist 18). Default: none.
   */
  readonly podRanges?: readonly AddressRange[];
  /** `namespace/name` or `kind/name` of policies that the kernel has refused: their pods fail closed (checklist 46). */
  readonly refused?: ReadonlySet<string>;
  /** More rules than this a policy set cannot have: each packet of a new flow may pass all. Default: 20,000. */
  readonly mostRules?: number;
}

/** A policy that the ruleset cannot express: in that direction its pods are closed. */
export interface ClosedPolicy {
  readonly policy: NetworkPolicy | TierPolicy;
  readonly direction: Direction;
  /** A sentence without final full stop. */
  readonly reason: string;
  /** Those of the node, that are closed for it. */
  readonly pods: readonly Pod[];
}

/** What a ruleset could not do, for its reader. */
export interface RulesetReport {
  /** The pods of the node that policies can select. */
  readonly pods: readonly Pod[];
  /** Those of them without an address: their chains are there, and nothing leads to them. */
  readonly withoutAddress: readonly Pod[];
  readonly contested: readonly ContestedAddress[];
  readonly closed: readonly ClosedPolicy[];
}

/** A ruleset for a profile, or an assumption, that a kernel must not follow. */
export class UnenforceableError extends Error {
  override readonly name = 'UnenforceableError';
}

/**
 * The table that makes one node do what `policy` says, complete but for the generation: who is let through is judged by
 * addresses, so pods without one are in no set.
 *
 * Work is linear in the pods of the cluster and in what the policies of the node's pods mention.
 *
 * @throws UnenforceableError when `policy` was compiled to another reading than `upstream`, or to assume open labels
 * @throws RangeError when `markMask` is no run of at least eight bits
 * @throws UnknownPodError when a pod is not one of the cluster's
 */
export function compileRuleset(
  policy: CompiledPolicy,
  options: RulesetOptions,
): { readonly ruleset: Ruleset; readonly report: RulesetReport } {
  const markMask = options.markMask ?? defaultMarkMask;
  if (!isMarkMask(markMask))
    throw new RangeError(`0x${markMask.toString(16)} is no run of at least eight bits`);
  if (policy.profile.name !== 'upstream') {
    // An ipBlock in the kernel matches what has the address, pods included, and so on: other readings are for comparing.
    throw new UnenforceableError(`a kernel cannot follow the profile ${policy.profile.name}`);
  }
  if (policy.parts.assume !== 'closed') {
    throw new UnenforceableError('what cannot be decided must not be taken for allowed'); // corner 23
  }
  const owners = new Owners(policy);
  const pods = canonical(options.pods).filter((pod) => policy.classOf({ kind: 'pod', pod }) >= 0);
  const local = pods.flatMap((pod) => owners.addressesOf(pod));
  const sets = new SetTable(policy, owners);
  const used = families.filter((family) => local.some(({ address }) => address.family === family));
  // Where no address is known yet, the table shows what it will be for one family.
  const builder = new ChainBuilder(policy, sets, used.length === 0 ? ['IPv4'] : used, {
    mostRules: options.mostRules ?? 20_000,
    refused: options.refused ?? new Set(),
  });

  const policySets = new Map<string, PolicySet>();
  const setOfPod = new Map<Pod, { readonly [direction in Direction]: PolicySet | undefined }>();
  for (const pod of pods) {
    const of = (direction: Direction): PolicySet | undefined => {
      const set = builder.policySetOf(direction, pod);
      if (set === undefined) return undefined;
      const known = policySets.get(set.meaning);
      if (known !== undefined) return known;
      policySets.set(set.meaning, set);
      return set;
    };
    setOfPod.set(pod, { egress: of('egress'), ingress: of('ingress') });
  }
  const built = builder.build([...policySets.values()]);
  const tiered = local.filter(({ pod }) => {
    const { egress, ingress } = setOfPod.get(pod)!;
    return egress?.tiers !== undefined || ingress?.tiers !== undefined;
  });
  const toNode = local.flatMap((owned) => {
    const set = setOfPod.get(owned.pod)?.egress;
    const chain = set && built.toNodeOf(set);
    return chain === undefined ? [] : [{ ...owned, chain }];
  });
  const needs = {
    closesUnknown: (options.podRanges ?? []).length > 0,
    // Where no pod has an address yet, nothing is judged.
    tiers: tiered.length > 0,
    node: toNode.length > 0,
  };
  const isolated = (direction: Direction, family: Family): readonly (Owned & { readonly set: PolicySet })[] =>
    ofFamily(local, family).flatMap((owned) => {
      const set = setOfPod.get(owned.pod)?.[direction];
      return set === undefined ? [] : [{ ...owned, set }];
    });

  const fixedSets = families.flatMap((family): NftSet[] => [
    {
      name: fixed.self(family),
      type: [addressType(family), addressType(family)],
      interval: false,
      comment: 'each pod of the node with itself',
      // The comment is the owner: an address that changes hands is seen in the table.
      elements: ofFamily(local, family).map(({ text, pod }): SetElement => ({
        key: { pair: [text, text] },
        comment: ownerName(pod),
      })),
    },
    ...(['egress', 'ingress'] as const).map((direction): NftSet => ({
      name: fixed.isolated(direction, family),
      type: [addressType(family)],
      interval: false,
      comment: `pods of the node whose ${direction} is isolated`,
      elements: isolated(direction, family).map(({ text }) => ({ key: text })),
    })),
    ...(needs.closesUnknown ? unknownSets(options.podRanges ?? [], local, family) : []),
    ...(needs.tiers
      ? [addressSet(fixed.tiered(family), 'pods of the node that tiers judge', tiered, family)]
      : []),
    ...(needs.node
      ? [addressSet(fixed.toNode(family), 'pods of the node whose way to it is judged', toNode, family)]
      : []),
  ]);
  const maps = (['egress', 'ingress'] as const).flatMap((direction) =>
    families.map((family): NftMap => ({
      name: fixed.dispatch(direction, family),
      type: addressType(family),
      entries: isolated(direction, family).map(({ text, set }): MapEntry => ({
        key: text,
        // Egress that is allowed returns, for ingress to be judged; ingress decides for good.
        verdict: { kind: direction === 'egress' ? 'jump' : 'goto', chain: built.nameOf(set) },
      })),
    })),
  );
  const nodeMaps = families.map((family): NftMap => ({
    name: fixed.nodeDispatch(family),
    type: addressType(family),
    entries: ofFamily(toNode, family).map(({ text, chain }): MapEntry => ({
      key: text,
      verdict: { kind: 'goto', chain },
    })),
  }));
  return {
    ruleset: {
      table: tableName,
      markMask,
      sets: [...fixedSets, ...recordSets(), ...sets.finish()],
      maps: needs.node ? [...maps, ...nodeMaps] : maps,
      chains: [...fixedChains(needs), ...built.chains],
    },
    report: {
      pods,
      withoutAddress: pods.filter((pod) => pod.addresses.length === 0),
      contested: owners.contested,
      closed: built.closed.map(({ policySets: closedSets, ...closed }) => ({
        ...closed,
        pods: pods.filter((pod) => {
          const set = setOfPod.get(pod)?.[closed.direction];
          return closedSets.some(
            ({ meaning }) => meaning === set?.meaning || meaning === set?.alone?.meaning,
          );
        }),
      })),
    },
  };
}

/**
 * The pods that run on a node, by `spec.nodeName`; without a name, all pods of the cluster, as if on one node.
 */
export function podsOnNode(cluster: Cluster, node: string | undefined): readonly Pod[] {
  return node === undefined ? cluster.pods : cluster.pods.filter((pod) => pod.node === node);
}

function canonical(pods: readonly Pod[]): readonly Pod[] {
  return [...new Set(pods)].sort((a, b) => {
    if (a.id === b.id) return 0;
    return a.id < b.id ? -1 : 1;
  });
}

function ofFamily<T extends Owned>(owned: readonly T[], family: Family): readonly T[] {
  return owned
    .filter(({ address }) => address.family === family)
    .sort((a, b) => (a.address.value < b.address.value ? -1 : 1));
}

function addressSet(name: string, words: string, owned: readonly Owned[], family: Family): NftSet {
  const elements = ofFamily(owned, family).map(({ text }) => ({ key: text }));
  return { name, type: [addressType(family)], interval: false, comment: words, elements };
}

function unknownSets(
  ranges: readonly AddressRange[],
  local: readonly Owned[],
  family: Family,
): readonly NftSet[] {
  return [
    {
      name: fixed.ranges(family),
      type: [addressType(family)],
      interval: true,
      comment: 'addresses that the node gives to pods',
      elements: mergeRanges(ranges.filter((range) => range.family === family)).map((range) => ({
        key: rangeKey(range),
      })),
    },
    {
      name: fixed.known(family),
      type: [addressType(family)],
      interval: false,
      comment: 'pods of the node that are known',
      elements: ofFamily(local, family).map(({ text }) => ({ key: text })),
    },
  ];
}
