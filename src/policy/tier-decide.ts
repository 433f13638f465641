import type { Direction, Tier, TierPolicy, TierPorts } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import type { Protocol } from '../net/index.ts';
import { no, unknown, yes } from './labels.ts';
import { everybody } from './tier-peers.ts';
import type { Reading, TierOther, TierStep } from './tier-value.ts';

/** A rule of a tier that matches a connection: the first of its policy that does. */
export interface TierHit {
  readonly tier: Tier;
  /** Index in `cluster.tierPolicies`, and in the policy's lists. */
  readonly policy: number;
  readonly rule: number;
  /** -1 where the rule fails closed, so that no entry matched (corner 66). */
  readonly peer: number;
  /** -1 also when the rule matches every port. */
  readonly port: number;
  /** What the rule does: one that fails closed denies, whatever it says. */
  readonly action: 'accept' | 'deny' | 'pass';
}

/** What one policy of a tier says about all ports of a connection: each port is with the first rule that matches it. */
export interface TierSay {
  readonly tier: Tier;
  /** Index in `cluster.tierPolicies`. */
  readonly policy: number;
  /** `undefined` where its place among the others is open. */
  readonly priority: number | undefined;
  /** Whether files can tell that it selects the subject (corner 23). */
  readonly sure: boolean;
  readonly rules: readonly {
    readonly rule: number;
    /** Index in its list of peers; -1 where the rule fails closed. */
    readonly peer: number;
    readonly action: TierHit['action'];
    readonly failsClosed: boolean;
    readonly ports: PortSet;
    /** Whether files can tell that it matches. */
    readonly sure: boolean;
  }[];
  /** Of every rule of the direction, in its order: whether it may mean the other end, and the ports that it names there. */
  readonly halves: readonly { readonly peer: boolean; readonly ports: PortSet }[];
}

/** What each policy of a list says, in the order in which they are asked, whatever those before it say. */
export function sayingsOf(
  steps: readonly TierStep[],
  direction: Direction,
  other: TierOther,
): readonly TierSay[] {
  return steps.map(({ policy, unsure }) => {
    let left = PortSet.all;
    const rules: TierSay['rules'][number][] = [];
    const halves: TierSay['halves'][number][] = [];
    for (const { action, peers, written, spec, rule } of policy.rules[direction]) {
      const holds = peers.map((peer) => (peer === everybody ? yes : other.holds(peer)));
      const at = holds.includes(yes) ? holds.indexOf(yes) : holds.indexOf(unknown);
      const meant = other.resolve(spec);
      halves.push({ peer: at >= 0, ports: meant });
      if (at < 0) continue;
      const ports = left.intersect(meant);
      if (ports.isEmpty) continue;
      const sure = holds[at] === yes;
      if (sure) left = left.minus(ports);
      rules.push({ rule, peer: written[at] ?? -1, action, failsClosed: written.length === 0, ports, sure });
    }
    const { tier, index, priority } = policy;
    return { tier, policy: index, priority, sure: !unsure, rules, halves };
  });
}

/**
 * Finds the rules that may decide a connection in one tier: those of the first group of equal priority that matches, and that of a
 * BaselineAdminNetworkPolicy wherever it stands.
 */
export function hitsOf(
  tier: Tier,
  steps: readonly TierStep[],
  direction: Direction,
  { assume }: Pick<Reading, 'assume'>,
  asked: {
    readonly other: TierOther;
    readonly protocol: Protocol;
    readonly port: number;
    readonly policies: readonly TierPolicy[];
    /** Whether a named entry means the port that is asked about. */
    readonly isNamed: (name: string) => boolean;
  },
): readonly TierHit[] {
  const { other, protocol, port, policies, isNamed } = asked;
  const hits: TierHit[] = [];
  let priority: number | undefined;
  for (const { policy, unsure } of steps) {
    if (policy.tier !== tier) continue;
    // Corner 60: the next priority is asked only where none before matched; what has no priority may stand anywhere.
    if (hits.length > 0 && policy.priority !== undefined && policy.priority !== priority) continue;
    for (const { action, peers, written, spec, rule } of policy.rules[direction]) {
      const at = peers.findIndex((peer) => peer === everybody || other.holds(peer) !== no);
      if (at < 0 || !other.resolve(spec).has(protocol, port)) continue;
      const peer = peers[at]!;
      const isOpen = unsure || (peer !== everybody && other.holds(peer) === unknown);
      // Corner 23: what cannot be decided is taken as the reading says.
      if (isOpen && (action === 'deny') !== (assume === 'closed')) continue;
      const model = policies[policy.index]![direction][rule]!;
      hits.push({
        tier,
        policy: policy.index,
        rule,
        peer: written[at] ?? -1,
        port: peer === everybody ? -1 : portEntry(model.ports, protocol, port, isNamed),
        action,
      });
      priority ??= policy.priority;
      break;
    }
  }
  return hits.sort((a, b) => a.policy - b.policy);
}

/** The index of the first entry of `ports` that matches; -1 when the rule matches every port. */
function portEntry(
  ports: TierPorts,
  protocol: Protocol,
  port: number,
  isNamed: (name: string) => boolean,
): number {
  if (ports.kind === 'all') return -1;
  return ports.ports.findIndex((entry) => {
    switch (entry.kind) {
      case 'everyPort':
        return entry.protocol === protocol;
      case 'range':
        return entry.protocol === protocol && entry.from <= port && port <= entry.to;
      case 'named':
        return isNamed(entry.name);
      case 'nothing':
      case 'unknown':
        return false;
    }
  });
}
