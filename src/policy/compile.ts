import type { Cluster, Direction, NetworkPolicy, Pod } from '../model/index.ts';
import { BlockTable } from './blocks.ts';
import { ClassRules, Specs } from './class-rules.ts';
import { ClassTable } from './classes.ts';
import { ClassIndex } from './class-index.ts';
import { CompiledPolicy } from './compiled-policy.ts';
import { LabelTable } from './labels.ts';
import { ListsBuilder } from './lists.ts';
import type { Lists } from './lists.ts';
import { PairMap } from './pair-map.ts';
import { openProfile } from './parts.ts';
import type { ClassProfile, CompiledRule, CompiledRules, Selection, SubjectGroup } from './parts.ts';
import { anyPeer, PeerTable } from './peers.ts';
import { everything, PortTable } from './port-table.ts';
import { profileNamed } from './profile.ts';
import type { Profile, ProfileName } from './profile.ts';
import { SequenceTable } from './sequences.ts';
import type { CompiledTiers } from './tier-side.ts';
import { TierLists, Tiers } from './tiers.ts';

/** How a cluster is compiled. */
export interface CompileOptions {
  /** Which reading decides where the API leaves the behaviour open, by name or as it is. Default: `upstream`. */
  readonly profile?: ProfileName | Profile;
  /**
   * What is assumed where a selector asks for a label that files cannot tell (corner 23). `closed`, the default: such a
   * policy isolates and admits nothing, such a peer is nobody. `open`: the opposite. Where both answers agree, the label
   * did not matter.
   */
  readonly undecided?: 'closed' | 'open';
  /** Peers that match more classes than this are dense. Only the speed depends on it. Default: 64. */
  readonly denseThreshold?: number;
  /** So many peers of tiers are dense however few classes they match. Only the speed depends on it. Default: 256. */
  readonly denseTierPeers?: number;
}

/**
 * Compiles a cluster's policies once, for every question: selectors, peers and port sets become numbers, pods become
 * classes, and what the policies of a class say becomes a profile that classes share.
 *
 * The verdict on a pair is `egress(source) to destination ∩ ingress(destination) from source` (corner 3), each side
 * computed by itself, so that pairs never have to be enumerated.
 */
export function compile(cluster: Cluster, options: CompileOptions = {}): CompiledPolicy {
  const profile = profileNamed(options.profile);
  const assume = options.undecided ?? 'closed';
  const podLabels = new LabelTable();
  const namespaceLabels = new LabelTable();
  const blocks = new BlockTable();
  const ports = new PortTable(profile);
  const peers = new PeerTable(podLabels, namespaceLabels, blocks, profile);

  const namespaceNames = [...cluster.namespaces.keys()];
  const namespaceIndex = new Map(namespaceNames.map((name, i) => [name, i]));

  const nodeLabels = new LabelTable();
  const tiers =
    cluster.tierPolicies.length === 0
      ? undefined
      : new Tiers(cluster, { podLabels, namespaceLabels, nodeLabels, blocks, ports }, profile);

  const groups = groupBySubject(cluster.policies, namespaceIndex, podLabels);
  const rules = {
    ingress: cluster.policies.map((policy) => compileRules(policy, 'ingress', namespaceIndex, peers, ports)),
    egress: cluster.policies.map((policy) => compileRules(policy, 'egress', namespaceIndex, peers, ports)),
  };

  const namespaceSets = namespaceNames.map((name) =>
    namespaceLabels.setOf({ labels: cluster.namespaces.get(name)!.labels, undecided: decided }),
  );
  const classes = new ClassTable(cluster, profile, namespaceIndex, podLabels, ports, blocks, tiers);
  const index = new ClassIndex(classes, podLabels, namespaceLabels, namespaceSets);

  const subjects = selectSubjects(groups, classes, index);
  const build = new ProfileBuilder(groups, rules, subjects, ports, peers.size, assume);
  const profileOf = { ingress: new Int32Array(classes.size), egress: new Int32Array(classes.size) };
  for (let c = 0; c < classes.size; c++) {
    profileOf.egress[c] = build.profileOf('egress', subjects.nodeOf[c]!, 0);
    profileOf.ingress[c] = build.profileOf('ingress', subjects.nodeOf[c]!, classes.portMap[c]!);
  }

  const tiered =
    tiers === undefined ? undefined : addTiers(tiers, classes, index, profileOf, build, ports, profile);
  return new CompiledPolicy({
    cluster,
    profile,
    assume,
    denseThreshold: options.denseThreshold ?? 64,
    denseTierPeers: options.denseTierPeers ?? 256,
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
    ...tiered,
  });
}

/** Gives classes that tiers speak of profiles that say so, and names the tiers of each class. */
function addTiers(
  tiers: Tiers,
  classes: ClassTable,
  index: ClassIndex,
  profileOf: { readonly [direction in Direction]: Int32Array },
  build: ProfileBuilder,
  ports: PortTable,
  reading: Profile,
): { readonly tiers: CompiledTiers; readonly tiersOf: (c: number) => readonly number[] } {
  const steps = new ListsBuilder();
  for (const [place, subject] of tiers.subjects.entries()) {
    if (subject === undefined) continue;
    index.gather(undefined, subject.namespaces, subject.selector);
    const { sure, unsure } = index;
    for (let i = 0; i < sure.length; i++) steps.add(sure.items[i]!, place * 2);
    for (let i = 0; i < unsure.length; i++) steps.add(unsure.items[i]!, place * 2 + 1);
  }
  const subjects = new Subjects(classes.size, steps.finish(classes.size));
  const lists = {
    ingress: new TierLists('ingress', tiers, ports),
    egress: new TierLists('egress', tiers, ports),
  };
  for (const direction of ['ingress', 'egress'] as const) {
    const profiles = build.profiles(direction);
    const other = direction === 'ingress' ? 'egress' : 'ingress';
    const others = build.profiles(other);
    const known = { isolated: new PairMap(), open: new PairMap() };
    for (let c = 0; c < classes.size; c++) {
      const node = subjects.nodeOf[c]!;
      if (node === 0) continue;
      // Corner 64: a NetworkPolicy decides finally for the directions that it isolates, or for the pods that it selects.
      const isolated =
        profiles[profileOf[direction][c]!]!.isolated ||
        (reading.baselineAfterPolicies === 'pod' && others[profileOf[other][c]!]!.isolated);
      const portMap = direction === 'ingress' ? classes.portMap[c]! : 0;
      const ofNode = isolated ? known.isolated : known.open;
      let list = ofNode.get(node, portMap);
      if (list < 0)
        ofNode.add(node, portMap, (list = lists[direction].idOf(subjects.stepsOf(node), isolated, portMap)));
      profileOf[direction][c] = build.withTiers(direction, profileOf[direction][c]!, list);
    }
  }
  return {
    tiers: { tiers, lists, bound: 'sure' },
    tiersOf: (c) => subjects.stepsOf(subjects.nodeOf[c]!),
  };
}

const decided: Pod['undecided'] = new Map();

/** Policies of one namespace that select the same pods, so that the pods are looked up once. */
function groupBySubject(
  policies: readonly NetworkPolicy[],
  namespaceIndex: ReadonlyMap<string, number>,
  podLabels: LabelTable,
): readonly SubjectGroup[] {
  const groups: { namespace: number; selector: number; policies: number[] }[] = [];
  const known = new PairMap();
  for (let i = 0; i < policies.length; i++) {
    const policy = policies[i]!;
    // Corner 7: policies select pods of their own namespace only.
    const namespace = namespaceIndex.get(policy.namespace)!;
    const selector = podLabels.selector(policy.podSelector);
    const at = known.getOrAdd(namespace, selector, groups.length);
    if (at < groups.length) groups[at]!.policies.push(i);
    else groups.push({ namespace, selector, policies: [i] });
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
    spec: ports.specOf(rule.ports, direction),
  }));
}

const anyPeers: readonly number[] = [anyPeer];

/** Which groups select which classes: equal lists of groups have one number, 0 being the list of none. */
class Subjects {
  /** By class: the number of its list. */
  readonly nodeOf: Int32Array;
  readonly #lists = new SequenceTable();

  /** @param steps - by class: the groups that select it, ascending, times 2, plus 1 when files cannot tell */
  constructor(size: number, { starts, items }: Lists) {
    this.#lists.intern(items, 0, 0);
    this.nodeOf = new Int32Array(size);
    for (let c = 0; c < size; c++) {
      if (starts[c + 1]! > starts[c]!) this.nodeOf[c] = this.#lists.intern(items, starts[c]!, starts[c + 1]!);
    }
  }

  get size(): number {
    return this.#lists.size;
  }

  /** Calls `visit` for each group of a list, ascending; `unsure` where files cannot tell. */
  forEach(node: number, visit: (group: number, unsure: boolean) => void): void {
    const end = this.#lists.start(node + 1);
    for (let i = this.#lists.start(node); i < end; i++) {
      const step = this.#lists.items[i]!;
      visit(step >> 1, (step & 1) === 1);
    }
  }

  /** The steps of a list, as they were given. */
  stepsOf(node: number): readonly number[] {
    return Array.from(this.#lists.items.subarray(this.#lists.start(node), this.#lists.start(node + 1)));
  }

  groupsOf(node: number): readonly Selection[] {
    const selections: Selection[] = [];
    this.forEach(node, (group, unsure) => selections.push({ group, unsure }));
    return selections;
  }
}

function selectSubjects(groups: readonly SubjectGroup[], classes: ClassTable, index: ClassIndex): Subjects {
  const steps = new ListsBuilder();
  for (let id = 0; id < groups.length; id++) {
    const { namespace, selector } = groups[id]!;
    index.gather(namespace, undefined, selector);
    const { sure, unsure } = index;
    for (let i = 0; i < sure.length; i++) steps.add(sure.items[i]!, id * 2);
    for (let i = 0; i < unsure.length; i++) steps.add(unsure.items[i]!, id * 2 + 1);
  }
  return new Subjects(classes.size, steps.finish(classes.size));
}

/** A group with more policies than this is merged before the profiles of its classes are built. */
const mostUnmerged = 4;

/** Makes what the policies of a class say into profiles; equal ones are one. */
class ProfileBuilder {
  readonly #groups: readonly SubjectGroup[];
  readonly #rules: CompiledRules;
  readonly #subjects: Subjects;
  readonly #lists: { readonly [direction in Direction]: ClassProfile[] };
  /** Peers and ports of the profiles that isolate, one behind the other; profile `i + 1` is sequence `i`. */
  readonly #ids = { ingress: new SequenceTable(), egress: new SequenceTable() };
  /** By list of groups: its profile, -1 where not asked yet; in ingress that of `#firstMap`. */
  readonly #ofNode: { readonly [direction in Direction]: Int32Array };
  /** By list of groups: the first port map that was asked about in ingress. Other maps are rare. */
  readonly #firstMap: Int32Array;
  /** By list of groups and other port map: the profile. */
  readonly #ofOtherMap = new PairMap();
  readonly #ofGroup = {
    ingress: new Map<number, readonly (readonly CompiledRule[])[]>(),
    egress: new Map<number, readonly (readonly CompiledRule[])[]>(),
  };
  readonly #gathered: ClassRules;
  readonly #merged: Specs;
  /** By profile and list of tiers: the profile with both. No profile is built after the first. */
  readonly #tiered = { ingress: new PairMap(), egress: new PairMap() };

  constructor(
    groups: readonly SubjectGroup[],
    rules: CompiledRules,
    subjects: Subjects,
    ports: PortTable,
    peers: number,
    assume: 'closed' | 'open',
  ) {
    this.#groups = groups;
    this.#rules = rules;
    this.#subjects = subjects;
    this.#gathered = new ClassRules(ports, assume, peers);
    this.#merged = new Specs(ports, peers);
    this.#ofNode = {
      ingress: new Int32Array(subjects.size).fill(-1),
      egress: new Int32Array(subjects.size).fill(-1),
    };
    this.#firstMap = new Int32Array(subjects.size);
    const open: ClassProfile = { isolated: false, peers: [anyPeer], ports: [everything], tiers: 0 };
    this.#lists = { ingress: [open], egress: [open] };
  }

  profiles(direction: Direction): readonly ClassProfile[] {
    return this.#lists[direction];
  }

  /** The profile of classes that have one, with what their tiers say. */
  withTiers(direction: Direction, profile: number, tiers: number): number {
    if (tiers === 0) return profile;
    const lists = this.#lists[direction];
    const id = this.#tiered[direction].getOrAdd(profile, tiers, lists.length);
    if (id === lists.length) lists.push({ ...lists[profile]!, tiers });
    return id;
  }

  /** The profile of classes with these policies; in ingress names resolve on the class itself (corner 28). */
  profileOf(direction: Direction, node: number, portMap: number): number {
    if (node === 0) return openProfile;
    const known = this.#ofNode[direction][node]!;
    if (known < 0) {
      if (direction === 'ingress') this.#firstMap[node] = portMap;
      return (this.#ofNode[direction][node] = this.#build(direction, node, portMap));
    }
    if (direction === 'egress' || this.#firstMap[node] === portMap) return known;
    let id = this.#ofOtherMap.get(node, portMap);
    if (id < 0) this.#ofOtherMap.add(node, portMap, (id = this.#build(direction, node, portMap)));
    return id;
  }

  /** Adds the rules of every policy of a group that isolates the direction. */
  #addRules(direction: Direction, group: number, unsure: boolean): void {
    const { policies } = this.#groups[group]!;
    if (policies.length > mostUnmerged) {
      for (const rules of this.#mergedRules(direction, group)) this.#gathered.add(rules, unsure);
      return;
    }
    for (const policy of policies) {
      const rules = this.#rules[direction][policy];
      if (rules !== undefined) this.#gathered.add(rules, unsure);
    }
  }

  /** The rules of a group of many policies, brought together once; none when no policy isolates the direction. */
  #mergedRules(direction: Direction, group: number): readonly (readonly CompiledRule[])[] {
    let lists = this.#ofGroup[direction].get(group);
    if (lists === undefined) {
      lists = this.#groups[group]!.policies.flatMap((policy) => {
        const rules = this.#rules[direction][policy];
        return rules === undefined ? [] : [rules];
      });
      if (lists.length > mostUnmerged) {
        const specs = this.#merged;
        specs.clear();
        for (const rules of lists) for (const rule of rules) specs.add(rule);
        const peers = specs.peers.subarray(0, specs.finish());
        lists = [Array.from(peers, (peer) => ({ peers: [peer], spec: specs.specOf(peer) }))];
      }
      this.#ofGroup[direction].set(group, lists);
    }
    return lists;
  }

  #build(direction: Direction, node: number, portMap: number): number {
    const gathered = this.#gathered;
    gathered.clear();
    this.#subjects.forEach(node, (group, unsure) => {
      this.#addRules(direction, group, unsure);
    });
    const length = gathered.finish(direction, portMap);
    if (length < 0) return openProfile;
    const scratch = gathered.items;
    const ids = this.#ids[direction];
    const id = ids.intern(scratch, 0, length) + 1;
    const lists = this.#lists[direction];
    if (id === lists.length) {
      const profile = {
        isolated: true,
        peers: Array.from<number>({ length: length >> 1 }).fill(0),
        ports: Array.from<number>({ length: length >> 1 }).fill(0),
        tiers: 0,
      };
      for (let i = 0; i < length; i += 2) {
        profile.peers[i >> 1] = scratch[i]!;
        profile.ports[i >> 1] = scratch[i + 1]!;
      }
      lists.push(profile);
    }
    return id;
  }
}
