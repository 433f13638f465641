import { noEntrances } from '../../model/index.ts';
import type {
  Cluster,
  ClusterNode,
  Direction,
  Namespace,
  NetworkPolicy,
  Pod,
  TierPolicy,
} from '../../model/index.ts';
import type { Family, PortSet, Protocol } from '../../net/index.ts';
import { profileNamed } from '../profile.ts';
import { compile } from '../compile.ts';
import type { CompileOptions } from '../compile.ts';
import { UnknownPodError } from '../pair-questions.ts';
import type { SideDecision } from '../decisions.ts';
import type { PolicyEnd } from '../ends.ts';
import { unreachable } from '../../errors.ts';
import type { Change } from './changes.ts';
import { Differ } from './difference.ts';
import type { Before, OutsideBefore } from './difference.ts';
import { Engine } from './engine.ts';
import type { Difference } from './findings.ts';
import type { LivePolicy } from './groups.ts';
import type {
  Applied,
  ApplyOptions,
  LiveCount,
  LiveDecision,
  LiveEnd,
  LiveSideDecision,
  LiveStats,
  Whole,
} from './live-answers.ts';
import { unsureMark } from './live-tiers.ts';
import type { LiveTierPolicy } from './live-tiers.ts';

/**
 * A cluster that changes, with the answers of `compile` and `count` at any time. Made by `openCluster`.
 *
 * Objects come in any order: a pod or policy whose namespace is not there yet mentions it (corner 22). Nothing is ever compiled
 * anew; a change costs what it touches.
 */
export class LiveCluster {
  readonly #engine: Engine;
  /** By `Pod.id`: the pod's number in the engine, -1 for one that the profile ignores. */
  readonly #pods = new Map<string, number>();
  readonly #namespaces = new Map<string, Namespace>();
  /** By name: its number in the engine, for namespaces that are there themselves. */
  readonly #declared = new Map<string, number>();
  readonly #nodes = new Map<string, ClusterNode>();
  readonly #policies = new Map<string, LivePolicy>();
  /** By kind and name. */
  readonly #tierPolicies = new Map<string, LiveTierPolicy>();
  #weight = 0;
  #arrivals = 0;
  /** While a change is applied of which is asked what it opens and closes. */
  #differ: Differ | undefined;

  constructor(cluster: Cluster, options: CompileOptions = {}) {
    const profile = profileNamed(options.profile);
    this.#engine = new Engine(profile, options.undecided ?? 'closed', options.denseThreshold ?? 64);
    for (const node of cluster.nodes.values()) this.#setNode(node.name, node);
    for (const namespace of cluster.namespaces.values()) {
      if (namespace.origin !== undefined) this.#setNamespace(namespace);
    }
    for (const policy of cluster.policies) this.#setPolicy(policy);
    for (const policy of cluster.tierPolicies) this.#setTierPolicy(policy);
    for (const pod of cluster.pods) this.#setPod(pod);
    for (const pod of cluster.finishedPods) this.#setPod(pod);
    this.#engine.matrix.startCounting();
  }

  get stats(): LiveStats {
    const { labels, selectors, namespaces, peers, blocks, ports, matrix, classes, groups } = this.#engine;
    const { sets, raws, labels: pairs } = labels.sizes;
    return {
      pods: this.#pods.size,
      policies: this.#policies.size,
      namespaces: namespaces.size,
      nodes: this.#nodes.size,
      classes: classes.size,
      labelSets: sets,
      rawLabelSets: raws,
      labels: pairs,
      selectors: selectors.size,
      namespaceSelectors: namespaces.selectors.size,
      groups: groups.size,
      peers: peers.size,
      blocks: blocks.size,
      cells: blocks.cells.live,
      portSets: ports.size,
      ingressProfiles: matrix.ingress.profiles.live,
      egressProfiles: matrix.egress.profiles.live,
      rows: matrix.rows.live,
      columns: matrix.columns.live,
    };
  }

  /** Takes in one change. An object that is as it was changes nothing. */
  apply(change: Change, options: ApplyOptions = {}): Applied {
    const { matrix } = this.#engine;
    matrix.touched = 0;
    this.#differ = options.difference === true ? new Differ(this.#engine) : undefined;
    const difference = this.#apply(change);
    this.#engine.sweep();
    return {
      touched: matrix.touched,
      difference: this.#differ === undefined ? undefined : (difference ?? { pods: [], outside: [] }),
    };
  }

  #apply(change: Change): Difference | undefined {
    switch (change.kind) {
      case 'pod':
        return this.#setPod(change.pod);
      case 'podDeleted':
        return this.#deletePod(change.id);
      case 'namespace':
        return this.#setNamespace(change.namespace);
      case 'namespaceDeleted':
        return this.#deleteNamespace(change.name);
      case 'policy':
        return this.#setPolicy(change.policy);
      case 'policyDeleted':
        return this.#deletePolicy(change.namespace, change.name);
      case 'tierPolicy':
        return this.#setTierPolicy(change.policy);
      case 'tierPolicyDeleted':
        return this.#deleteTierPolicy(change.of, change.name);
      // Labels and addresses of nodes mean nothing to a NetworkPolicy; where a pod runs is the pod's.
      case 'node':
        return this.#setNode(change.node.name, change.node);
      case 'nodeDeleted':
        return this.#setNode(change.name, undefined);
      default:
        return unreachable(change);
    }
  }

  /** The same numbers as `count` gives of a fresh `compile`. */
  count(): LiveCount {
    const { matrix, ports } = this.#engine;
    const { totals, accesses } = matrix;
    const bySet = new Map<number, bigint>();
    let ambiguous = 0n;
    for (let access = 0; access < accesses.size; access++) {
      if (totals.isZero(access)) continue;
      if (accesses.most(access) !== access) ambiguous += totals.of(access);
      const { both, only4, only6 } = accesses.access(access);
      const set = ports.union(both, ports.union(only4, only6));
      bySet.set(set, (bySet.get(set) ?? 0n) + totals.of(access));
    }
    let allowed = 0n;
    const byPorts: { allowed: PortSet; pairs: bigint }[] = [];
    for (const [set, pairs] of bySet) {
      if (pairs === 0n || ports.set(set).isEmpty) continue;
      byPorts.push({ allowed: ports.set(set), pairs });
      allowed += pairs;
    }
    byPorts.sort((a, b) => compare(b.pairs, a.pairs) || (a.allowed.key < b.allowed.key ? -1 : 1));
    const pods = this.#weight;
    return {
      pods,
      pairs: whole(BigInt(pods) * BigInt(pods - 1)),
      allowed: whole(allowed),
      ambiguous: whole(ambiguous),
      byPorts: byPorts.map(({ allowed: set, pairs }) => ({ allowed: set, pairs: whole(pairs) })),
    };
  }

  /**
   * Decides one connection and names what decided it, as `CompiledPolicy.decide` does: from the policies that select its ends,
   * and no others.
   *
   * @param port - 1 to 65535
   * @param family - default: the first that both ends have
   * @throws UnknownPodError when an end names a pod that is not there, or has finished and the profile ignores it
   */
  decide(from: LiveEnd, to: LiveEnd, protocol: Protocol, port: number, family?: Family): LiveDecision {
    const ends = [from, to].map((end) => this.#end(end));
    const [source, destination] = ends as [PolicyEnd, PolicyEnd];
    const pods = [...new Set(ends.flatMap((end) => (end.kind === 'pod' ? [end.pod] : [])))];
    const selecting = new Set(
      pods.flatMap(({ id }) => this.#engine.groups.selecting(this.#engine.classes.of(this.#pods.get(id)!))),
    );
    const policies = [...selecting].sort((a, b) => a.order - b.order).map(({ policy }) => policy);
    const tiers = new Set(
      pods.flatMap(({ id }) => {
        const c = this.#engine.classes.of(this.#pods.get(id)!);
        return this.#engine.tiers.selecting(this.#engine.membershipsOf(c));
      }),
    );
    const tierPolicies = [...tiers].sort((a, b) => a.order - b.order).map(({ policy }) => policy);
    const namespaces = new Map<string, Namespace>();
    for (const { namespace: name } of pods) {
      const unknown = { name, labels: this.#engine.namespaces.labels(name), origin: undefined };
      namespaces.set(name, this.#namespaces.get(name) ?? unknown);
    }
    const { profile, assume } = this.#engine;
    const compiled = compile(
      {
        namespaces,
        nodes: this.#nodes,
        workloads: [],
        pods: pods.filter(({ finished }) => !finished),
        finishedPods: pods.filter(({ finished }) => finished),
        finishedWorkloads: [],
        services: [],
        policies,
        tierPolicies,
        entrances: noEntrances,
        notModelled: [],
      },
      { profile, undecided: assume },
    );
    const decision = compiled.decide(source, destination, protocol, port, family);
    const named = (side: SideDecision): LiveSideDecision => ({
      ...side,
      policy: policies[side.policy],
      hits: side.hits.map((hit) => ({ ...hit, policy: tierPolicies[hit.policy]! })),
    });
    return { ...decision, egress: named(decision.egress), ingress: named(decision.ingress) };
  }

  #end(end: LiveEnd): PolicyEnd {
    switch (end.kind) {
      case 'pod': {
        const number = this.#pods.get(end.id);
        if (number === undefined) throw new UnknownPodError(end.id);
        return { kind: 'pod', pod: this.#engine.pods[number]! };
      }
      case 'node': {
        // A node that only pods mention has no address that is known.
        const mentioned = { name: end.name, labels: new Map(), addresses: [], origin: undefined };
        return { kind: 'node', node: this.#nodes.get(end.name) ?? mentioned };
      }
      case 'address':
        return end;
      default:
        return unreachable(end);
    }
  }

  // Pods -----------------------------------------------------------------------------------------------------------

  #setPod(pod: Pod): Difference | undefined {
    // Corner 46: whether a finished pod is one is the profile's.
    if (pod.finished && this.#engine.profile.finishedPods === 'ignored') return this.#deletePod(pod.id);
    return this.#replacePod(pod.id, pod);
  }

  #deletePod(id: string): Difference | undefined {
    return this.#replacePod(id, undefined);
  }

  #replacePod(id: string, pod: Pod | undefined): Difference | undefined {
    const known = this.#pods.get(id);
    const was = known === undefined ? undefined : this.#wasPod(known);
    const before = this.#differ?.remember(was === undefined ? [] : [{ c: was.c, row: true, column: true }]);
    if (known !== undefined) this.#removePod(known);
    if (pod === undefined) this.#pods.delete(id);
    else {
      this.#weight += pod.replicas;
      this.#engine.matrix.totals.expect(this.#weight);
      this.#pods.set(id, this.#engine.placed.add(pod));
    }
    if (this.#differ === undefined || before === undefined) return undefined;
    const difference = this.#differ.ofPod(before, was, this.#pods.get(id));
    this.#differ.forget(before);
    return difference;
  }

  #wasPod(number: number): { readonly pod: Pod; readonly c: number; readonly family: number } {
    const c = this.#engine.classes.of(number);
    return { pod: this.#engine.pods[number]!, c, family: this.#engine.matrix.familyOf(c) };
  }

  #removePod(number: number): void {
    const { replicas } = this.#engine.pods[number]!;
    this.#engine.placed.remove(number);
    this.#weight -= replicas;
    this.#engine.matrix.totals.expect(this.#weight);
  }

  // Namespaces -----------------------------------------------------------------------------------------------------

  #setNamespace(namespace: Namespace): Difference | undefined {
    const { name } = namespace;
    let number = this.#declared.get(name);
    if (number === undefined) this.#declared.set(name, (number = this.#engine.namespaces.hold(name)));
    this.#namespaces.set(name, namespace);
    return this.#relabel(number, namespace.labels);
  }

  #deleteNamespace(name: string): Difference | undefined {
    const number = this.#declared.get(name);
    if (number === undefined) return undefined;
    const difference = this.#relabel(number, new Map());
    this.#declared.delete(name);
    this.#namespaces.delete(name);
    this.#engine.namespaces.release(number);
    return difference;
  }

  #relabel(number: number, labels: Namespace['labels']): Difference | undefined {
    const { matrix } = this.#engine;
    const changed = this.#engine.relabel(number, labels);
    // Who joins or leaves a subject of a tier has other policies.
    const isSubject = (peer: number): boolean => this.#engine.tiers.isSubject(peer & ~unsureMark);
    const others =
      this.#engine.tiers.size === 0
        ? []
        : changed.filter(({ leaves, joins }) => leaves.some(isSubject) || joins.some(isSubject));
    const before = this.#differ?.remember(
      changed.map((each) => ({
        c: each.c,
        ...(others.includes(each) ? { row: true, column: true } : matrix.concerns(each.leaves, each.joins)),
      })),
    );
    matrix.changePeers(changed);
    const both = new Set(['ingress', 'egress'] as const);
    matrix.changeProfiles(
      this.#engine.profiles.changed(
        others.map(({ c }) => c),
        both,
        false,
      ),
    );
    return this.#differed(before);
  }

  #setNode(name: string, node: ClusterNode | undefined): Difference | undefined {
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, node);
    const { matrix } = this.#engine;
    const outside = this.#engine.hosts.isAsked ? this.#differ?.rememberOutside() : undefined;
    const changed = this.#engine.setNode(name, node);
    const before = this.#differ?.remember(
      changed.map(({ c, leaves, joins }) => ({ c, ...matrix.concerns(leaves, joins) })),
    );
    matrix.changePeers(changed);
    return this.#differed(before, outside);
  }

  #differed(before: Before | undefined, outside?: OutsideBefore): Difference | undefined {
    if (this.#differ === undefined || before === undefined) return undefined;
    const difference = this.#differ.ofClasses(before, outside);
    this.#differ.forget(before);
    return difference;
  }

  // Policies -------------------------------------------------------------------------------------------------------

  #setPolicy(policy: NetworkPolicy): Difference | undefined {
    const key = `${policy.namespace}/${policy.name}`;
    const before = this.#policies.get(key);
    const after = this.#engine.holdPolicy(policy, before?.order ?? this.#arrivals++);
    this.#policies.set(key, after);
    return this.#exchange(before, after);
  }

  #deletePolicy(namespace: string, name: string): Difference | undefined {
    const key = `${namespace}/${name}`;
    const before = this.#policies.get(key);
    if (before === undefined) return undefined;
    this.#policies.delete(key);
    return this.#exchange(before, undefined);
  }

  #setTierPolicy(policy: TierPolicy): Difference | undefined {
    const key = `${policy.kind}/${policy.name}`;
    const before = this.#tierPolicies.get(key);
    const after = this.#engine.holdTierPolicy(policy, before?.order ?? this.#arrivals++);
    this.#tierPolicies.set(key, after);
    return this.#exchangeTier(before, after);
  }

  #deleteTierPolicy(kind: TierPolicy['kind'], name: string): Difference | undefined {
    const key = `${kind}/${name}`;
    const before = this.#tierPolicies.get(key);
    if (before === undefined) return undefined;
    this.#tierPolicies.delete(key);
    return this.#exchangeTier(before, undefined);
  }

  #exchangeTier(
    before: LiveTierPolicy | undefined,
    after: LiveTierPolicy | undefined,
  ): Difference | undefined {
    const engine = this.#engine;
    const classes = new Set<number>();
    for (const [policy, isThere] of [
      [before, false],
      [after, true],
    ] as const) {
      if (policy === undefined) continue;
      engine.tiers.enlist(policy, isThere);
      for (const c of engine.classesOf(policy.subject)) classes.add(c);
    }
    engine.matrix.touched += classes.size;
    const difference = this.#changeProfiles([...classes], new Set(['ingress', 'egress'] as const), false);
    if (before !== undefined) engine.releaseTierPolicy(before);
    return difference;
  }

  #exchange(before: LivePolicy | undefined, after: LivePolicy | undefined): Difference | undefined {
    const engine = this.#engine;
    const groups: number[] = [];
    if (before !== undefined) {
      engine.groups.enlist(before, false);
      groups.push(before.group);
    }
    if (after !== undefined) {
      engine.groups.enlist(after, true);
      groups.push(after.group);
    }
    const classes = engine.groups.classesOf(groups);
    engine.matrix.touched += classes.length;
    // Corner 64: where a policy keeps the Baseline tier from a pod as a whole, it says something of both directions.
    const isFinal = engine.profile.baselineAfterPolicies === 'pod' && engine.tiers.size > 0;
    const directions = new Set(
      (['ingress', 'egress'] as const).filter(
        (each) => isFinal || before?.rules[each] !== undefined || after?.rules[each] !== undefined,
      ),
    );
    const difference = this.#changeProfiles(classes, directions, true);
    if (before !== undefined) engine.releasePolicy(before);
    return difference;
  }

  /** Gives classes whose policies have changed the profiles that these make by now. */
  #changeProfiles(
    classes: readonly number[],
    directions: ReadonlySet<Direction>,
    tiersStay: boolean,
  ): Difference | undefined {
    const engine = this.#engine;
    const changed = engine.profiles.changed(classes, directions, tiersStay);
    const { egress: out, ingress: into } = engine.matrix;
    const remembered = this.#differ?.remember(
      changed.map(({ c, egress, ingress }) => ({
        c,
        row: egress !== out.profileOf[c],
        column: ingress !== into.profileOf[c],
      })),
    );
    engine.matrix.changeProfiles(changed);
    return this.#differed(remembered);
  }
}

/** Opens a cluster for changes. It takes about as long as compiling it and counting its pairs once. */
export function openCluster(cluster: Cluster, options: CompileOptions = {}): LiveCluster {
  return new LiveCluster(cluster, options);
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function whole(value: bigint): Whole {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
