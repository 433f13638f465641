import type { NetworkPolicy, Pod, TierPolicy } from '../model/index.ts';
import type { CompiledParts } from './compiled-parts.ts';

/** A policy that asks for labels that only the cluster sets. */
export interface UndecidedPolicy {
  readonly policy: NetworkPolicy | TierPolicy;
  /** One pod of each class of which it cannot be told. */
  readonly pods: readonly Pod[];
}

/**
 * Policies with a selector of which files cannot tell whether it holds for some pods (corner 23), with examples of
 * these pods; in the order of the input.
 */
export function undecidedPolicies(parts: CompiledParts): readonly UndecidedPolicy[] {
  const { cluster, classes, index, groups, rules, peers, podLabels } = parts;
  if (!podLabels.hasUndecided) return [];
  const open = new Map<number, Set<number>>();
  const add = (policy: number, unsure: readonly number[]): void => {
    if (unsure.length === 0) return;
    const known = open.get(policy) ?? new Set<number>();
    for (const c of unsure) known.add(c);
    open.set(policy, known);
  };
  for (const { namespace, selector, policies } of groups) {
    const { unsure } = index.inNamespace(namespace, selector);
    for (const policy of policies) add(policy, unsure);
  }
  const ofPeer = new Map<number, readonly number[]>();
  for (const direction of ['ingress', 'egress'] as const) {
    for (let policy = 0; policy < rules[direction].length; policy++) {
      for (const peer of rules[direction].of(policy)?.flatMap((rule) => rule.peers) ?? []) {
        const definition = peers.definition(peer);
        if (definition.kind !== 'pods') continue;
        let unsure = ofPeer.get(peer);
        if (unsure === undefined) {
          ({ unsure } =
            definition.namespace === undefined
              ? index.inNamespaces(definition.namespaces!, definition.selector)
              : index.inNamespace(definition.namespace, definition.selector));
          ofPeer.set(peer, unsure);
        }
        add(policy, unsure);
      }
    }
  }
  const examples = (found: ReadonlySet<number>): readonly Pod[] =>
    [...found].map((c) => classes.pods[classes.example[c]!]!);
  const ofPolicies = [...open]
    .sort(([a], [b]) => a - b)
    .map(([policy, found]) => ({ policy: cluster.policies[policy]!, pods: examples(found) }));
  const ofTiers = [...undecidedTiers(parts)]
    .sort(([a], [b]) => a - b)
    .map(([policy, found]) => ({ policy: cluster.tierPolicies[policy]!, pods: examples(found) }));
  return [...ofPolicies, ...ofTiers];
}

/** By index of a policy of a tier: the classes of which files cannot tell whether its subject or some peer means them. */
function* undecidedTiers({
  tiers,
  index,
}: CompiledParts): Generator<readonly [policy: number, classes: ReadonlySet<number>]> {
  if (tiers === undefined) return;
  const { ranked, subjects, peers } = tiers.tiers;
  for (const [place, { index: policy, rules }] of ranked.entries()) {
    const found = new Set<number>();
    const add = (namespaces: number, selector: number): void => {
      for (const c of index.inNamespaces(namespaces, selector).unsure) found.add(c);
    };
    const subject = subjects[place];
    if (subject !== undefined) add(subject.namespaces, subject.selector);
    for (const rule of [...rules.ingress, ...rules.egress]) {
      for (const peer of rule.peers) {
        const definition = peers.definition(peer);
        if (definition.kind === 'pods') add(definition.namespaces, definition.selector);
      }
    }
    if (found.size > 0) yield [policy, found];
  }
}
