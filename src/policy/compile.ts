import type { Cluster, Direction, NetworkPolicy, Pod } from '../model/index.ts';
import { BlockTable } from './blocks.ts';
import { ClassTable } from './classes.ts';
import { ClassIndex } from './class-index.ts';
import { CompiledPolicy } from './compiled-policy.ts';
import { LabelTable } from './labels.ts';
import { openProfile } from './parts.ts';
import type { ClassProfile, CompiledRule, CompiledRules, Selection, SubjectGroup } from './parts.ts';
import { anyPeer, PeerTable } from './peers.ts';
import { everything, nothing, PortTable } from './port-table.ts';
import { profiles } from './profile.ts';
import type { ProfileName } from './profile.ts';

/** How a cluster is compiled. */
export interface CompileOptions {
  /** Which reading decides where the API leaves the behaviour open. Default: `upstream`. */
  readonly profile?: ProfileName;
  /**
   * What is assumed where a selector asks for a label that files cannot tell (corner 23). `closed`, the default: such a
   * policy isolates and admits nothing, such a peer is nobody. `open`: the opposite. Where both answers agree, the label
   * did not matter.
   */
  readonly undecided?: 'closed' | 'open';
  /** Peers that match more classes than this are dense. Only the speed depends on it. Default: 64. */
  readonly denseThreshold?: number;
}

/**
 * Compiles a cluster's policies once, for every question: selectors, peers and port sets become numbers, pods become
 * classes, and what the policies of a class say becomes a profile that classes share.
 *
 * The verdict on a pair is `egress(source) to destination ∩ ingress(destination) from source` (corner 3), each side
 * computed by itself, so that pairs never have to be enumerated.
 */
export function compile(cluster: Cluster, options: CompileOptions = {}): CompiledPolicy {
  const profile = profiles[options.profile ?? 'upstream'];
  const assume = options.undecided ?? 'closed';
  const podLabels = new LabelTable();
  const namespaceLabels = new LabelTable();
  const blocks = new BlockTable();
  const ports = new PortTable();
  const peers = new PeerTable(podLabels, namespaceLabels, blocks);

  const namespaceNames = [...cluster.namespaces.keys()];
  const namespaceIndex = new Map(namespaceNames.map((name, i) => [name, i]));

  const groups = groupBySubject(cluster.policies, namespaceIndex, podLabels);
  const rules = {
    ingress: cluster.policies.map((policy) => compileRules(policy, 'ingress', namespaceIndex, peers, ports)),
    egress: cluster.policies.map((policy) => compileRules(policy, 'egress', namespaceIndex, peers, ports)),
  };

  const namespaceSets = namespaceNames.map((name) =>
    namespaceLabels.setOf({ labels: cluster.namespaces.get(name)!.labels, undecided: decided }),
  );
  const classes = new ClassTable(cluster, profile, namespaceIndex, podLabels, ports, blocks);
  const index = new ClassIndex(classes, podLabels, namespaceLabels, namespaceSets);

  const subjects = selectSubjects(groups, classes, index);
  const build = new ProfileBuilder(groups, rules, subjects, ports, assume);
  const profileOf = { ingress: new Int32Array(classes.size), egress: new Int32Array(classes.size) };
  for (let c = 0; c < classes.size; c++) {
    profileOf.egress[c] = build.profileOf('egress', subjects.nodeOf[c]!, 0);
    profileOf.ingress[c] = build.profileOf('ingress', subjects.nodeOf[c]!, classes.portMap[c]!);
  }

  return new CompiledPolicy({
    cluster,
    profile,
    assume,
    denseThreshold: options.denseThreshold ?? 64,
    podLabels,
    blocks,
    ports,
    peers,
    classes,
    index,
    namespaceIndex,
    rules,
    groups,
    groupsOf: (c) => subjects.groupsOf(subjects.nodeOf[c]!),
    profileOf,
    profiles: { ingress: build.profiles('ingress'), egress: build.profiles('egress') },
  });
}

const decided: Pod['undecided'] = new Map();

/** Policies of one namespace that select the same pods, so that the pods are looked up once. */
function groupBySubject(
  policies: readonly NetworkPolicy[],
  namespaceIndex: ReadonlyMap<string, number>,
  podLabels: LabelTable,
): readonly SubjectGroup[] {
  const groups: { namespace: number; selector: number; policies: number[] }[] = [];
  const known = new Map<number, number>();
  for (const [i, policy] of policies.entries()) {
    // Corner 7: policies select pods of their own namespace only.
    const namespace = namespaceIndex.get(policy.namespace)!;
    const selector = podLabels.selector(policy.podSelector);
    const key = namespace * 0x800_0000 + selector;
    const at = known.get(key);
    if (at !== undefined) {
      groups[at]!.policies.push(i);
    } else {
      known.set(key, groups.length);
      groups.push({ namespace, selector, policies: [i] });
    }
  }
  return groups;
}

/** One direction of a policy in numbers; `undefined` when the policy does not isolate it (corners 1, 4 and 5). */
function compileRules(
  policy: NetworkPolicy,
  direction: Direction,
  namespaceIndex: ReadonlyMap<string, number>,
  peers: PeerTable,
  ports: PortTable,
): readonly CompiledRule[] | undefined {
  const spec = policy[direction];
  if (spec.kind === 'unaffected') return undefined;
  const namespace = namespaceIndex.get(policy.namespace)!;
  return spec.rules.map((rule) => ({
    peers:
      rule.peers.kind === 'any' ? anyPeers : rule.peers.peers.map((peer) => peers.intern(peer, namespace)),
    spec: ports.specOf(rule.ports),
  }));
}

const anyPeers: readonly number[] = [anyPeer];

/** Which groups select which classes: equal lists of groups have one number, 0 being the list of none. */
class Subjects {
  readonly nodeOf: Int32Array;
  readonly #lists: (number[] | undefined)[];
  readonly #distinct: (readonly number[])[] = [[]];

  constructor(classes: number) {
    this.nodeOf = new Int32Array(classes);
    this.#lists = Array.from({ length: classes });
  }

  /** Adds a group to the list of a class. Groups come in ascending order. */
  add(c: number, group: number, unsure: boolean): void {
    const step = group * 2 + (unsure ? 1 : 0);
    const list = this.#lists[c];
    if (list === undefined) this.#lists[c] = [step];
    else list.push(step);
  }

  /** Gives equal lists their number; nothing is added after it. */
  finish(): this {
    const ids = new Map<string, number>();
    for (const [c, list] of this.#lists.entries()) {
      if (list === undefined) continue;
      const key = list.join(',');
      let id = ids.get(key);
      if (id === undefined) {
        id = this.#distinct.length;
        this.#distinct.push(list);
        ids.set(key, id);
      }
      this.nodeOf[c] = id;
    }
    this.#lists.length = 0;
    return this;
  }

  groupsOf(node: number): readonly Selection[] {
    return this.#distinct[node]!.map((step) => ({ group: step >> 1, unsure: (step & 1) === 1 }));
  }
}

function selectSubjects(groups: readonly SubjectGroup[], classes: ClassTable, index: ClassIndex): Subjects {
  const subjects = new Subjects(classes.size);
  for (const [id, group] of groups.entries()) {
    const { sure, unsure } = index.inNamespace(group.namespace, group.selector);
    for (const c of sure) subjects.add(c, id, false);
    for (const c of unsure) subjects.add(c, id, true);
  }
  return subjects.finish();
}

/** What rules admit, gathered by peer (corner 2: the union of all; there is no order and no deny). */
class Specs {
  readonly #ports: PortTable;
  readonly #first = new Map<number, number>();
  /** Of peers with several specs: all of them, brought together once at the end. */
  readonly #several = new Map<number, Set<number>>();

  constructor(ports: PortTable) {
    this.#ports = ports;
  }

  clear(): void {
    this.#first.clear();
    this.#several.clear();
  }

  add({ peers, spec }: CompiledRule): void {
    for (const peer of peers) {
      const known = this.#first.get(peer);
      if (known === undefined) this.#first.set(peer, spec);
      else if (known !== spec) {
        const several = this.#several.get(peer);
        if (several === undefined) this.#several.set(peer, new Set([known, spec]));
        else several.add(spec);
      }
    }
  }

  /** Peer to spec. The map is this object's own, until it is cleared. */
  finish(): Map<number, number> {
    for (const [peer, specs] of this.#several) this.#first.set(peer, this.#ports.specUnionOf(specs));
    return this.#first;
  }
}

/** A group with more policies than this is merged before the profiles of its classes are built. */
const mostUnmerged = 4;

/** Makes what the policies of a class say into profiles; equal ones are one. */
class ProfileBuilder {
  readonly #groups: readonly SubjectGroup[];
  readonly #rules: CompiledRules;
  readonly #subjects: Subjects;
  readonly #ports: PortTable;
  readonly #assume: 'closed' | 'open';
  readonly #lists: { readonly [direction in Direction]: ClassProfile[] };
  readonly #ids = { ingress: new Map<string, number>(), egress: new Map<string, number>() };
  readonly #ofNode = { ingress: new Map<number, number>(), egress: new Map<number, number>() };
  readonly #ofGroup = {
    ingress: new Map<number, readonly (readonly CompiledRule[])[]>(),
    egress: new Map<number, readonly (readonly CompiledRule[])[]>(),
  };
  readonly #scratch: Specs;

  constructor(
    groups: readonly SubjectGroup[],
    rules: CompiledRules,
    subjects: Subjects,
    ports: PortTable,
    assume: 'closed' | 'open',
  ) {
    this.#groups = groups;
    this.#rules = rules;
    this.#subjects = subjects;
    this.#ports = ports;
    this.#assume = assume;
    this.#scratch = new Specs(ports);
    const open: ClassProfile = {
      isolated: false,
      peers: [anyPeer],
      ports: [everything],
    };
    this.#lists = { ingress: [open], egress: [open] };
  }

  profiles(direction: Direction): readonly ClassProfile[] {
    return this.#lists[direction];
  }

  /** The profile of classes with these policies; in ingress names resolve on the class itself (corner 28). */
  profileOf(direction: Direction, node: number, portMap: number): number {
    if (node === 0) return openProfile;
    const key = portMap * 0x1000_0000 + node;
    let id = this.#ofNode[direction].get(key);
    if (id === undefined) this.#ofNode[direction].set(key, (id = this.#build(direction, node, portMap)));
    return id;
  }

  /** The rules of every policy of a group that isolates the direction; those of many policies are merged, once. */
  #rulesOf(direction: Direction, group: number): readonly (readonly CompiledRule[])[] {
    let lists = this.#ofGroup[direction].get(group);
    if (lists === undefined) {
      const { policies } = this.#groups[group]!;
      lists = policies.flatMap((policy) => {
        const rules = this.#rules[direction][policy];
        return rules === undefined ? [] : [rules];
      });
      if (lists.length > mostUnmerged) {
        const specs = new Specs(this.#ports);
        for (const rules of lists) for (const rule of rules) specs.add(rule);
        lists = [Array.from(specs.finish(), ([peer, spec]) => ({ peers: [peer], spec }))];
      }
      this.#ofGroup[direction].set(group, lists);
    }
    return lists;
  }

  #build(direction: Direction, node: number, portMap: number): number {
    let isolated = false;
    const gathered = this.#scratch;
    gathered.clear();
    for (const { group, unsure } of this.#subjects.groupsOf(node)) {
      for (const rules of this.#rulesOf(direction, group)) {
        // Corner 23: what cannot be decided is never treated as allowed, unless the other bound is asked.
        if (!unsure || this.#assume === 'closed') isolated = true;
        if (unsure && this.#assume === 'closed') continue;
        // Corner 2: the union of all rules; there is no order and no deny.
        for (const rule of rules) gathered.add(rule);
      }
    }
    if (!isolated) return openProfile;
    const specs = gathered.finish();
    const peers: number[] = [];
    if (specs.get(anyPeer) === everything) {
      peers.push(anyPeer);
    } else {
      for (const [peer, spec] of specs) {
        if (direction === 'ingress') {
          const resolved = this.#ports.resolve(spec, portMap);
          // Corner 29: a name that the pod lacks admits nobody.
          if (resolved === nothing) continue;
          specs.set(peer, resolved);
        }
        peers.push(peer);
      }
      peers.sort((a, b) => a - b);
    }
    const ports: number[] = [];
    let key = '';
    for (const peer of peers) {
      const set = specs.get(peer)!;
      ports.push(set);
      key += `${peer}:${set},`;
    }
    let id = this.#ids[direction].get(key);
    if (id === undefined) {
      id = this.#lists[direction].length;
      this.#lists[direction].push({ isolated: true, peers, ports });
      this.#ids[direction].set(key, id);
    }
    return id;
  }
}
