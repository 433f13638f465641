import type { Cluster, Direction, TierPods, TierPolicy, TierRule } from '../model/index.ts';
import type { BlockTable } from './blocks.ts';
import type { LabelTable } from './labels.ts';
import { SequenceTable } from './sequences.ts';
import { everybody, TierPeerTable } from './tier-peers.ts';
import type { CompiledTierRule, RankedPolicy, TierStep } from './tier-value.ts';
import { everything } from './port-table.ts';
import type { PortTable } from './port-table.ts';
import type { Reading } from './profile.ts';

/** The namespaces and the pods of a subject, as ids of selectors. */
export interface TierSubject {
  readonly namespaces: number;
  readonly selector: number;
}

/** The order of two policies: Admin first, by ascending priority; those without a priority last (corners 53 and 60). */
export function compareRank(
  a: Pick<TierPolicy, 'tier' | 'priority'>,
  b: Pick<TierPolicy, 'tier' | 'priority'>,
): number {
  if (a.tier !== b.tier) return a.tier === 'admin' ? -1 : 1;
  return (a.priority ?? Infinity) < (b.priority ?? Infinity)
    ? -1
    : Number((a.priority ?? Infinity) > (b.priority ?? Infinity));
}

/**
 * One direction of a policy in numbers: rules that fail closed accept nothing, or deny everything (corners 59, 62 and 66).
 *
 * @param internPeer - ids of a peer entry, `undefined` when it makes its rule fail closed
 */
export function compileTierRules(
  rules: readonly TierRule[],
  internPeer: (peer: TierRule['peers'][number]) => readonly number[] | undefined,
  ports: PortTable,
): readonly CompiledTierRule[] {
  const compiled: CompiledTierRule[] = [];
  for (const [rule, { action, peers: entries, ports: written }] of rules.entries()) {
    const peers: number[] = [];
    const indices: number[] = [];
    const spec = ports.tierSpecOf(written);
    let isClosed = spec === undefined;
    for (const [i, entry] of entries.entries()) {
      const ids = internPeer(entry);
      if (ids === undefined) isClosed = true;
      for (const id of ids ?? []) {
        peers.push(id);
        indices.push(i);
      }
    }
    if (!isClosed) compiled.push({ action, peers, written: indices, spec: spec!, rule });
    else if (action !== 'accept')
      compiled.push({ action: 'deny', peers: [everybody], written: [], spec: everything, rule });
  }
  return compiled;
}

/** Every policy of both tiers, ranked and in numbers. */
export class Tiers {
  readonly peers: TierPeerTable;
  readonly nodeLabels: LabelTable;
  /** In the order in which they are asked. */
  readonly ranked: readonly RankedPolicy[];
  /** By place in `ranked`; `undefined` for a subject that cannot be read, which selects nobody (corner 66). */
  readonly subjects: readonly (TierSubject | undefined)[];

  constructor(
    cluster: Pick<Cluster, 'tierPolicies' | 'nodes'>,
    tables: {
      readonly podLabels: LabelTable;
      readonly namespaceLabels: LabelTable;
      readonly nodeLabels: LabelTable;
      readonly blocks: BlockTable;
      readonly ports: PortTable;
    },
    reading: Reading,
  ) {
    const { podLabels, namespaceLabels, nodeLabels, blocks, ports } = tables;
    this.nodeLabels = nodeLabels;
    const peers = new TierPeerTable(podLabels, namespaceLabels, nodeLabels, blocks, cluster.nodes);
    this.peers = peers;
    const byReading = (a: TierPolicy, b: TierPolicy): number =>
      reading.equalPriority === 'any' || a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
    const order = cluster.tierPolicies
      .map((policy, index) => ({ policy, index }))
      .sort((a, b) => compareRank(a.policy, b.policy) || byReading(a.policy, b.policy) || a.index - b.index);
    // Corner 60: who orders equal priorities leaves nothing open between them: each policy's place is its priority.
    const isOrdered = reading.equalPriority === 'name';
    const compiled = (policy: TierPolicy, direction: Direction): readonly CompiledTierRule[] =>
      compileTierRules(policy[direction], (peer) => peers.intern(peer), ports);
    this.ranked = order.map(({ policy, index }, place) => ({
      index,
      tier: policy.tier,
      priority: isOrdered && policy.priority !== undefined ? place : policy.priority,
      rules: { ingress: compiled(policy, 'ingress'), egress: compiled(policy, 'egress') },
    }));
    const subjectOf = (subject: TierPods): TierSubject | undefined =>
      subject.kind === 'unusable' ? undefined : peers.pods(subject);
    this.subjects = order.map(({ policy }) => subjectOf(policy.subject));
  }

  get size(): number {
    return this.ranked.length;
  }
}

/** What the tiers say in one direction of classes with one list: its policies, and the port names that count. */
export interface TierList {
  readonly steps: readonly TierStep[];
  /** In ingress, where names are resolved on the subject (corner 57); 0 where no rule names a port, and in egress. */
  readonly portMap: number;
}

/** The lists of one direction: equal ones have one id; 0 is the list of those about whom the tiers say nothing. */
export class TierLists {
  readonly direction: Direction;
  readonly #tiers: Tiers;
  readonly #ports: PortTable;
  readonly #ids = new SequenceTable();
  readonly #lists: (TierList | undefined)[] = [undefined];
  #scratch = new Int32Array(16);

  constructor(direction: Direction, tiers: Tiers, ports: PortTable) {
    this.direction = direction;
    this.#tiers = tiers;
    this.#ports = ports;
  }

  get size(): number {
    return this.#lists.length;
  }

  /** A list other than 0. */
  list(id: number): TierList {
    return this.#lists[id]!;
  }

  /**
   * The list of a subject.
   *
   * @param selecting - places in `ranked` of the policies that select it, ascending, times 2, plus 1 where files cannot tell
   * @param isolated - whether a NetworkPolicy isolates it in this direction, so that Baseline is not asked (corners 55 and 64)
   */
  idOf(selecting: readonly number[], isolated: boolean, portMap: number): number {
    if (this.#scratch.length <= selecting.length) this.#scratch = new Int32Array(selecting.length * 2);
    const key = this.#scratch;
    let length = 1;
    let isNamed = false;
    for (const step of selecting) {
      const policy = this.#tiers.ranked[step >> 1]!;
      if (policy.tier === 'baseline' && isolated) continue;
      const rules = policy.rules[this.direction];
      // A policy without rules in a direction does not touch it (corner 60).
      if (rules.length === 0) continue;
      key[length++] = step;
      isNamed ||= this.direction === 'ingress' && rules.some(({ spec }) => this.#ports.isNamed(spec));
    }
    if (length === 1) return 0;
    key[0] = isNamed ? portMap : 0;
    const id = this.#ids.intern(key, 0, length) + 1;
    if (id === this.#lists.length) {
      const steps = Array.from(key.subarray(1, length), (step) => ({
        policy: this.#tiers.ranked[step >> 1]!,
        unsure: (step & 1) === 1,
      }));
      this.#lists.push({ steps, portMap: key[0] });
    }
    return id;
  }

  /** Whether the policies of some list can disagree where the API leaves their order open (corner 60). */
  get canDisagree(): boolean {
    return this.#lists.some((list) => list !== undefined && canDisagree(list.steps));
  }
}

/** Whether two policies of one priority stand in a list, or a BaselineAdminNetworkPolicy beside another of its tier (corner 60). */
export function canDisagree(steps: readonly TierStep[]): boolean {
  return steps.some(({ policy: { tier, priority } }, i) => {
    const next = steps[i + 1]?.policy;
    return next?.tier === tier && (next.priority === priority || next.priority === undefined);
  });
}
