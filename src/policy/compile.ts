import type { Cluster, Direction, NetworkPolicy, Pod } from '../model/index.ts';
import { BaseRules } from './base-rules.ts';
import { BlockTable } from './blocks.ts';
import { ClassRules, Specs } from './class-rules.ts';
import { ClassProfiles } from './class-profiles.ts';
import { ClassTable } from './classes.ts';
import { ClassIndex } from './class-index.ts';
import { CompiledPolicy } from './compiled-policy.ts';
import { LabelTable } from './labels.ts';
import { ListsBuilder } from './lists.ts';
import { PairMap } from './pair-map.ts';
import { openProfile } from './parts.ts';
import type { CompiledRules, SubjectGroup } from './parts.ts';
import { anyPeer, PeerTable } from './peers.ts';
import { PortTable } from './port-table.ts';
import { Products } from './products.ts';
import type { Product } from './products.ts';
import { profileNamed } from './profile.ts';
import type { Profile, ProfileName } from './profile.ts';
import { RuleTable } from './rules.ts';
import { selectSubjects, Subjects } from './subjects.ts';
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
    ingress: compileAll(cluster.policies, 'ingress', namespaceIndex, peers, ports),
    egress: compileAll(cluster.policies, 'egress', namespaceIndex, peers, ports),
  };

  const namespaceSets = namespaceNames.map((name) =>
    namespaceLabels.setOf({ labels: cluster.namespaces.get(name)!.labels, undecided: decided }),
  );
  const classes = new ClassTable(cluster, profile, namespaceIndex, podLabels, ports, blocks, tiers);
  const index = new ClassIndex(classes, podLabels, namespaceLabels, namespaceSets);

  const denseThreshold = options.denseThreshold ?? 64;
  const subjects = selectSubjects(groups, classes.namespace, index, podLabels, denseThreshold);
  const build = new ProfileBuilder(groups, rules, subjects, ports, peers.size, assume);
  const profileOf = {
    egress: build.profilesOf('egress', undefined),
    ingress: build.profilesOf('ingress', classes.portMap),
  };

  const tiered =
    tiers === undefined
      ? undefined
      : addTiers(tiers, classes, index, profileOf, build, podLabels, ports, profile);
  return new CompiledPolicy({
    cluster,
    profile,
    assume,
    denseThreshold,
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
    subjectOf: subjects.nodeOf,
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
  podLabels: LabelTable,
  ports: PortTable,
  reading: Profile,
): { readonly tiers: CompiledTiers; readonly tiersOf: (c: number) => readonly number[] } {
  const subjects = tierSubjects(tiers, classes, index, podLabels);
  const lists = {
    ingress: new TierLists('ingress', tiers, ports),
    egress: new TierLists('egress', tiers, ports),
  };
  const listsOf = (direction: Direction): Int32Array => {
    const profiles = build.profiles(direction);
    const other = direction === 'ingress' ? 'egress' : 'ingress';
    const others = build.profiles(other);
    const known = { isolated: new PairMap(), open: new PairMap() };
    const listOf = new Int32Array(classes.size);
    for (let c = 0; c < classes.size; c++) {
      const node = subjects.nodeOf[c]!;
      if (node === 0) continue;
      // Corner 64: a NetworkPolicy decides finally for the directions that it isolates, or for the pods that it selects.
      const isolated =
        profiles.isolates(profileOf[direction][c]!) ||
        (reading.baselineAfterPolicies === 'pod' && others.isolates(profileOf[other][c]!));
      const portMap = direction === 'ingress' ? classes.portMap[c]! : 0;
      const ofNode = isolated ? known.isolated : known.open;
      let list = ofNode.get(node, portMap);
      if (list < 0)
        ofNode.add(node, portMap, (list = lists[direction].idOf(subjects.stepsOf(node), isolated, portMap)));
      listOf[c] = list;
    }
    return listOf;
  };
  for (const direction of ['ingress', 'egress'] as const)
    build.profiles(direction).addTiers(profileOf[direction], listsOf(direction));
  return {
    tiers: { tiers, lists, bound: 'sure' },
    tiersOf: (c) => subjects.stepsOf(subjects.nodeOf[c]!),
  };
}

/** Finds which policies of tiers select which classes. */
function tierSubjects(tiers: Tiers, classes: ClassTable, index: ClassIndex, podLabels: LabelTable): Subjects {
  const steps = new ListsBuilder();
  const places: number[] = [];
  const wide: Product[] = [];
  for (let place = 0; place < tiers.subjects.length; place++) {
    const subject = tiers.subjects[place];
    if (subject === undefined) continue;
    if (!podLabels.hasUndecided) {
      places.push(place);
      wide.push({ namespace: undefined, ...subject });
      continue;
    }
    index.gather(undefined, subject.namespaces, subject.selector);
    const { sure, unsure } = index;
    for (let i = 0; i < sure.length; i++) steps.add(sure.items[i]!, place * 2);
    for (let i = 0; i < unsure.length; i++) steps.add(unsure.items[i]!, place * 2 + 1);
  }
  if (podLabels.hasUndecided) return new Subjects(classes.size, steps.finish(classes.size));
  // Subjects of tiers are wide, and few: classes of one cell are in the same ones.
  const products = new Products({ assume: 'closed', classes, index, podLabels }, places, wide);
  for (let i = 0; i < places.length; i++) {
    const cells = products.cellsOf(i);
    for (let k = 0; k < cells.length; k++) steps.add(cells[k]!, places[i]! * 2);
  }
  return new Subjects(products.cells + 1, steps.finish(products.cells + 1), products.cellOf);
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

/** One direction of all policies in numbers. */
function compileAll(
  policies: readonly NetworkPolicy[],
  direction: Direction,
  namespaceIndex: ReadonlyMap<string, number>,
  peers: PeerTable,
  ports: PortTable,
): RuleTable {
  const rules = new RuleTable(policies.length);
  for (let i = 0; i < policies.length; i++)
    compileRules(policies[i]!, direction, namespaceIndex, peers, ports, rules);
  return rules;
}

function compileRules(
  policy: NetworkPolicy,
  direction: Direction,
  namespaceIndex: ReadonlyMap<string, number>,
  peers: PeerTable,
  ports: PortTable,
  into: RuleTable,
): void {
  const spec = policy[direction];
  if (spec.kind === 'unaffected') {
    into.endPolicy(false);
    return;
  }
  const namespace = namespaceIndex.get(policy.namespace)!;
  for (let i = 0; i < spec.rules.length; i++) {
    const rule = spec.rules[i]!;
    if (rule.peers.kind === 'any') into.addPeer(anyPeer);
    else {
      const entries = rule.peers.peers;
      for (let k = 0; k < entries.length; k++) into.addPeer(peers.intern(entries[k]!, namespace));
    }
    into.endRule(ports.specOf(rule.ports, direction));
  }
  into.endPolicy(true);
}

/** A group with more policies than this is merged before the profiles of its classes are built. */
const mostUnmerged = 4;

/** Makes what the policies of a class say into profiles; equal ones are one. */
class ProfileBuilder {
  readonly #groups: readonly SubjectGroup[];
  readonly #rules: CompiledRules;
  readonly #subjects: Subjects;
  readonly #profiles = { ingress: new ClassProfiles(), egress: new ClassProfiles() };
  /** By list of groups: its profile, -1 where not asked yet; in ingress that of `#firstMap`. */
  readonly #ofNode: { readonly [direction in Direction]: Int32Array };
  /** By list of groups: the first port map that was asked about in ingress. Other maps are rare. */
  readonly #firstMap: Int32Array;
  /** By list of groups and other port map: the profile. */
  readonly #ofOtherMap = new PairMap();
  /** By group of many policies: the peers of all of these, each followed by its spec. */
  readonly #ofGroup = { ingress: new Map<number, Int32Array>(), egress: new Map<number, Int32Array>() };
  readonly #ofBase: { readonly [direction in Direction]: (BaseRules | undefined)[] } = {
    ingress: [],
    egress: [],
  };
  readonly #gathered: ClassRules;
  readonly #merged: Specs;

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
  }

  profiles(direction: Direction): ClassProfiles {
    return this.#profiles[direction];
  }

  /**
   * By class: its profile.
   *
   * @param portMaps - by class, where names resolve on the class itself
   */
  profilesOf(direction: Direction, portMaps: Int32Array | undefined): Int32Array {
    const { nodeOf } = this.#subjects;
    const profileOf = new Int32Array(nodeOf.length);
    for (let c = 0; c < nodeOf.length; c++)
      profileOf[c] = this.profileOf(direction, nodeOf[c]!, portMaps === undefined ? 0 : portMaps[c]!);
    return profileOf;
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
    const rules = this.#rules[direction];
    const isMany = policies.length > mostUnmerged;
    let counts = false;
    for (let i = 0; i < policies.length; i++) {
      const policy = policies[i]!;
      if (rules.isolates[policy] === 0) continue;
      counts = this.#gathered.isolate(unsure);
      if (counts && !isMany) this.#addPolicy(rules, policy, this.#gathered.specs);
    }
    if (!isMany || !counts) return;
    const merged = this.#mergedRules(direction, group);
    for (let i = 0; i < merged.length; i += 2) this.#gathered.specs.addPeer(merged[i]!, merged[i + 1]!);
  }

  #addPolicy(rules: RuleTable, policy: number, into: Specs): void {
    const { starts, specs, peerStarts, peers } = rules;
    const end = starts[policy + 1]!;
    for (let rule = starts[policy]!; rule < end; rule++) {
      const spec = specs[rule]!;
      const last = peerStarts[rule + 1]!;
      for (let i = peerStarts[rule]!; i < last; i++) into.addPeer(peers[i]!, spec);
    }
  }

  /** The rules of a group of many policies, brought together once: peers, each followed by its spec. */
  #mergedRules(direction: Direction, group: number): Int32Array {
    let merged = this.#ofGroup[direction].get(group);
    if (merged === undefined) {
      const specs = this.#merged;
      specs.clear();
      for (const policy of this.#groups[group]!.policies)
        this.#addPolicy(this.#rules[direction], policy, specs);
      const count = specs.finish();
      merged = new Int32Array(count * 2);
      for (let i = 0; i < count; i++) {
        const peer = specs.peers[i]!;
        merged[i * 2] = peer;
        merged[i * 2 + 1] = specs.specOf(peer);
      }
      this.#ofGroup[direction].set(group, merged);
    }
    return merged;
  }

  #baseRules(direction: Direction, base: number): BaseRules {
    return (this.#ofBase[direction][base] ??= new BaseRules(
      this.#groups,
      this.#rules[direction],
      this.#subjects.bases[base]!,
    ));
  }

  #build(direction: Direction, node: number, portMap: number): number {
    const gathered = this.#gathered;
    gathered.clear();
    const { steps } = this.#subjects;
    const end = this.#subjects.end(node);
    for (let i = this.#subjects.start(node); i < end; i++) {
      const step = steps[i]!;
      if (step < 0) {
        this.#baseRules(direction, -1 - step).add(steps, i + 1, end, gathered);
        break;
      }
      this.#addRules(direction, step >> 1, (step & 1) === 1);
    }
    const length = gathered.finish(direction, portMap);
    return length < 0 ? openProfile : this.#profiles[direction].intern(gathered.items, length);
  }
}
