import type { Cluster, Direction, NetworkPolicy } from '../model/index.ts';
import { lastOf } from '../net/index.ts';
import type { AddressRange, Family, PortSet, Protocol } from '../net/index.ts';
import { AccessTable } from './access.ts';
import type { Access } from './access.ts';
import type { CompiledParts } from './compiled-parts.ts';
import { Decisions } from './decisions.ts';
import type { Decision } from './decisions.ts';
import type { PolicyEnd } from './ends.ts';
import { Excerpt } from './excerpt.ts';
import type { PairAccess } from './excerpt.ts';
import { Matrix } from './matrix.ts';
import { outsideOf } from './outside.ts';
import type { OutsideSegment } from './outside.ts';
import { PairQuestions } from './pair-questions.ts';
import type { ClassProfile } from './parts.ts';
import type { Profile } from './profile.ts';
import { tiersOutside, withTiersOutside } from './tier-outside.ts';
import { canDisagree, tierSidesOf } from './tier-side.ts';
import type { TierSides } from './tier-side.ts';
import { undecidedPolicies } from './undecided.ts';
import type { UndecidedPolicy } from './undecided.ts';

/** A policy that selects a pod, and whether files can tell that it does (corner 23). */
export interface SelectingPolicy {
  /** Index in `cluster.policies`. */
  readonly index: number;
  readonly policy: NetworkPolicy;
  readonly sure: boolean;
}

/** Numbers that describe how large the compiled policy came out. */
export interface CompileStats {
  readonly pods: number;
  readonly classes: number;
  readonly policies: number;
  readonly selectors: number;
  readonly peers: number;
  readonly portSets: number;
  readonly blocks: number;
  readonly ingressProfiles: number;
  readonly egressProfiles: number;
}

/** Pairs of more classes than these, on both sides, are asked of the matrix. */
const mostFew = 1024;

/** A cluster's policies, ready for every question. Made by `compile`; immutable. */
export class CompiledPolicy {
  readonly cluster: Cluster;
  readonly profile: Profile;
  /**
   * For the folders that answer questions about all pairs; callers of the library have no use for it.
   *
   * @internal
   */
  readonly parts: CompiledParts;
  /** @internal */
  readonly accesses: AccessTable = new AccessTable();
  /**
   * What policies say of single ends, by direction, peer and rule.
   *
   * @internal
   */
  readonly pairs: PairQuestions;
  readonly #decisions: Decisions;
  #matrix: Matrix | undefined;
  #tierSides: TierSides | undefined;
  readonly #outside = new Map<ClassProfile, readonly OutsideSegment[]>();
  readonly #selecting = new Map<number, readonly SelectingPolicy[]>();
  readonly #tierSegments: { [direction in Direction]?: ReturnType<typeof tiersOutside> } = {};
  #possible: CompiledPolicy | undefined;

  /** @internal */
  constructor(parts: CompiledParts) {
    this.parts = parts;
    this.cluster = parts.cluster;
    this.profile = parts.profile;
    this.pairs = new PairQuestions(parts);
    this.#decisions = new Decisions(parts, this.pairs, () => this.possible.pairs);
  }

  /**
   * The same policy where equal priorities are resolved to what allows most (corner 60): what it allows beyond this one is
   * ambiguous. This very policy where no two policies can disagree.
   */
  get possible(): CompiledPolicy {
    const { tiers } = this.parts;
    if (tiers === undefined || tiers.bound === 'possible' || !canDisagree(tiers)) return this;
    this.#possible ??= new CompiledPolicy({ ...this.parts, tiers: { ...tiers, bound: 'possible' } });
    return this.#possible;
  }

  get stats(): CompileStats {
    const { classes, podLabels, peers, ports, blocks, profiles } = this.parts;
    return {
      pods: classes.rows.length,
      classes: classes.size,
      policies: this.cluster.policies.length,
      selectors: podLabels.selectorCount,
      peers: peers.size,
      portSets: ports.size,
      blocks: blocks.size,
      ingressProfiles: profiles.ingress.length,
      egressProfiles: profiles.egress.length,
    };
  }

  /**
   * All pairs at once, as blocks and corrections; built when first asked for.
   *
   * @internal
   */
  get matrix(): Matrix {
    this.#matrix ??= new Matrix(this.parts, this.accesses);
    return this.#matrix;
  }

  /**
   * The pairs of some classes. Where those of one side are few, only what concerns them is worked out: on a large cluster
   * that is a small part of the matrix.
   *
   * @param sources - classes, each once; of the others `rowOf` need not tell, nor `columnOf` of other destinations
   *
   * @internal
   */
  between(sources: Int32Array, destinations: Int32Array): PairAccess {
    const { classes, tiers } = this.parts;
    const few = Math.min(sources.length, destinations.length);
    if (few > mostFew || few * 4 > classes.size) return this.matrix;
    if (tiers !== undefined) this.#tierSides ??= tierSidesOf(tiers, this.parts);
    return Excerpt.of(this.parts, this.accesses, this.#tierSides, sources, destinations) ?? this.matrix;
  }

  /**
   * Whether files cannot decide some selector of some policy for some pod (corner 23), or what some domain name stands for
   * (corner 63), so that the assumption made in `compile` can matter.
   */
  get hasUndecided(): boolean {
    const { podLabels, tiers } = this.parts;
    return podLabels.hasUndecided || tiers?.tiers.peers.asksForDomains === true;
  }

  /**
   * The ports on which `from` may open connections to `to`.
   *
   * A pod always reaches itself (corner 41), and under the profile its own node and back as far as NetworkPolicies go
   * (corner 42); ends that are no pods, or pods that are their node, isolate nothing. Without `family`, the union over the
   * families that both ends have; ends without a common one cannot talk (corner 37).
   */
  allowed(from: PolicyEnd, to: PolicyEnd, family?: Family): PortSet {
    return this.pairs.allowed(from, to, family);
  }

  /**
   * The same by family, where a pair that shares both may differ (see `Access`).
   *
   * @internal
   */
  access(from: PolicyEnd, to: PolicyEnd): Access {
    return this.pairs.access(from, to);
  }

  /** Why no policy is asked about a pair: a pod and itself, a pod and its own node. */
  exemption(from: PolicyEnd, to: PolicyEnd): 'self' | 'node' | undefined {
    return this.pairs.exemption(from, to);
  }

  /**
   * The class of an end whose policies can be asked; -1 for all others, which isolate nothing.
   *
   * @throws UnknownPodError when a pod is not one of the cluster's, or has finished and the profile ignores it
   *
   * @internal
   */
  classOf(end: PolicyEnd): number {
    return this.pairs.classOf(end);
  }

  /** Whether a policy isolates the end in a direction (corner 1). */
  isolated(direction: Direction, subject: PolicyEnd): boolean {
    return this.pairs.isolated(direction, subject);
  }

  /**
   * Decides one connection and names what decided it: for each side the first rule that admits, in the order of the
   * input. About a microsecond.
   *
   * @param port - 1 to 65535
   * @param family - default: the first that both ends have
   */
  decide(from: PolicyEnd, to: PolicyEnd, protocol: Protocol, port: number, family?: Family): Decision {
    return this.#decisions.decide(from, to, protocol, port, family);
  }

  /**
   * Policies with a selector of which files cannot tell whether it holds for some pods (corner 23), with examples of
   * these pods; in the order of the input.
   */
  undecided(): readonly UndecidedPolicy[] {
    return undecidedPolicies(this.parts);
  }

  /** The policies that select an end, or may, in the order of the input; of either direction. */
  selecting(end: PolicyEnd): readonly SelectingPolicy[] {
    const c = this.classOf(end);
    return c < 0 ? [] : this.selectingClass(c);
  }

  /**
   * The same for a class.
   *
   * @internal
   */
  selectingClass(c: number): readonly SelectingPolicy[] {
    let list = this.#selecting.get(c);
    if (list === undefined) {
      const { groups, groupsOf } = this.parts;
      list = groupsOf(c)
        .flatMap(({ group, unsure }) =>
          groups[group]!.policies.map((index) => ({
            index,
            policy: this.cluster.policies[index]!,
            sure: !unsure,
          })),
        )
        .sort((a, b) => a.index - b.index);
      this.#selecting.set(c, list);
    }
    return list;
  }

  /**
   * What the policies of a class say about addresses outside, as segments that cover both families.
   *
   * @internal
   */
  outside(direction: Direction, c: number): readonly OutsideSegment[] {
    const { profiles, profileOf } = this.parts;
    const profile = profiles[direction].get(profileOf[direction][c]!);
    let segments = this.#outside.get(profile);
    if (segments === undefined) {
      segments = outsideOf(profile, direction, this.parts);
      if (profile.tiers !== 0)
        segments = withTiersOutside(segments, this.#tiersOutside(direction, profile.tiers), this.parts.ports);
      this.#outside.set(profile, segments);
    }
    return segments;
  }

  #tiersOutside(direction: Direction, list: number): ReturnType<typeof tiersOutside>[number] {
    const { tiers, ports, blocks, assume } = this.parts;
    const { bound, lists } = tiers!;
    const tables = { peers: tiers!.tiers.peers, blocks, ports };
    this.#tierSegments[direction] ??= tiersOutside(lists[direction], { bound, assume }, tables);
    return this.#tierSegments[direction][list]!;
  }

  /**
   * The parts of a family that the bounds of all ipBlocks of the input make, ascending.
   *
   * @internal
   */
  addressParts(family: Family): readonly AddressRange[] {
    const bounds = this.parts.blocks.bounds(family);
    return bounds.map((first, i) => ({ family, first, last: (bounds[i + 1] ?? lastOf(family) + 1n) - 1n }));
  }
}
