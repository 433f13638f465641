import type { Cluster, Direction, DirectionSpec, NetworkPolicy, Peer } from '../model/index.ts';
import { BlockTable } from './blocks.ts';
import { ClassRules, Specs } from './class-rules.ts';
import type { ClassProfiles } from './class-profiles.ts';
import { ClassTable } from './classes.ts';
import { ClassIndex } from './class-index.ts';
import { CompiledPolicy } from './compiled-policy.ts';
import { LabelTable } from './labels.ts';
import { ListsBuilder } from './lists.ts';
import { PairMap } from './pair-map.ts';
import type { CompiledRules, SubjectGroup } from './parts.ts';
import { anyPeer, PeerTable } from './peers.ts';
import { PortTable } from './port-table.ts';
import { Products } from './products.ts';
import type { Product } from './products.ts';
import { ProfileBuilder } from './profile-builder.ts';
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

  const namespaceIndex = new Map<string, number>();
  for (const name of cluster.namespaces.keys()) namespaceIndex.set(name, namespaceIndex.size);

  const nodeLabels = new LabelTable();
  const tiers =
    cluster.tierPolicies.length === 0
      ? undefined
      : new Tiers(cluster, { podLabels, namespaceLabels, nodeLabels, blocks, ports }, profile);

  const { groups, rules } = compilePolicies(cluster.policies, namespaceIndex, podLabels, peers, ports);

  const namespaceSets = Array.from(cluster.namespaces.values(), ({ labels }) =>
    namespaceLabels.setOf(labels),
  );
  const classes = new ClassTable(cluster, { profile, namespaceIndex, podLabels, ports, blocks, tiers });
  const index = new ClassIndex(classes, podLabels, namespaceLabels, namespaceSets);

  const denseThreshold = options.denseThreshold ?? 64;
  const subjects = selectSubjects(groups, classes.namespace, index, podLabels, denseThreshold);
  const scratch = {
    gathered: new ClassRules(ports, assume, peers.size),
    merged: new Specs(ports, peers.size),
  };
  const egress = new ProfileBuilder('egress', groups, rules, subjects, scratch);
  const ingress = new ProfileBuilder('ingress', groups, rules, subjects, scratch);
  const profileOf = { egress: egress.profilesOf(undefined), ingress: ingress.profilesOf(classes.portMap) };
  const profiles = { ingress: ingress.profiles, egress: egress.profiles };

  const tiered =
    tiers === undefined
      ? undefined
      : addTiers(tiers, classes, index, profileOf, profiles, podLabels, ports, profile);
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
    profiles,
    ...tiered,
  });
}

/** Gives classes that tiers speak of profiles that say so, and names the tiers of each class. */
function addTiers(
  tiers: Tiers,
  classes: ClassTable,
  index: ClassIndex,
  profileOf: { readonly [direction in Direction]: Int32Array },
  profilesOf: { readonly [direction in Direction]: ClassProfiles },
  podLabels: LabelTable,
  ports: PortTable,
  reading: Profile,
): { readonly tiers: CompiledTiers; readonly tiersOf: (c: number) => readonly number[] } {
  const subjects = tierSubjects(tiers, classes, index, podLabels);
  const lists = {
    ingress: new TierLists('ingress', tiers, ports),
    egress: new TierLists('egress', tiers, ports),
  };
  const stepsOf: (readonly number[] | undefined)[] = [];
  const listsOf = (direction: Direction): Int32Array => {
    const profiles = profilesOf[direction];
    const other = direction === 'ingress' ? 'egress' : 'ingress';
    const others = profilesOf[other];
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
      if (list < 0) {
        const steps = (stepsOf[node] ??= subjects.stepsOf(node));
        ofNode.add(node, portMap, (list = lists[direction].idOf(steps, isolated, portMap)));
      }
      listOf[c] = list;
    }
    return listOf;
  };
  for (const direction of ['ingress', 'egress'] as const)
    profilesOf[direction].addTiers(profileOf[direction], listsOf(direction));
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

/** The policies in numbers, and those of one namespace that select the same pods brought together, so that the pods are looked up once. */
function compilePolicies(
  policies: readonly NetworkPolicy[],
  namespaceIndex: ReadonlyMap<string, number>,
  podLabels: LabelTable,
  peers: PeerTable,
  ports: PortTable,
): { readonly groups: readonly SubjectGroup[]; readonly rules: CompiledRules } {
  const groups = new SubjectGroups();
  const ingress = new RuleTable(policies.length);
  const egress = new RuleTable(policies.length);
  for (let i = 0; i < policies.length; i++) {
    const policy = policies[i]!;
    // Corner 7: policies select pods of their own namespace only.
    const namespace = namespaceIndex.get(policy.namespace)!;
    groups.add(namespace, podLabels.selector(policy.podSelector), i);
    compileRules(policy.ingress, 'ingress', namespace, peers, ports, ingress);
    compileRules(policy.egress, 'egress', namespace, peers, ports, egress);
  }
  return { groups: groups.all, rules: { ingress, egress } };
}

class SubjectGroups {
  readonly all: { namespace: number; selector: number; policies: number[] }[] = [];
  readonly #known = new PairMap();

  add(namespace: number, selector: number, policy: number): void {
    const { all } = this;
    const at = this.#known.getOrAdd(namespace, selector, all.length);
    if (at < all.length) all[at]!.policies.push(policy);
    else all.push({ namespace, selector, policies: [policy] });
  }
}

function compileRules(
  spec: DirectionSpec,
  direction: Direction,
  namespace: number,
  peers: PeerTable,
  ports: PortTable,
  into: RuleTable,
): void {
  if (spec.kind === 'unaffected') {
    into.endPolicy(false);
    return;
  }
  const { rules } = spec;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i]!;
    if (rule.peers.kind === 'any') into.addPeer(anyPeer);
    else addPeers(rule.peers.peers, namespace, peers, into);
    into.endRule(ports.specOf(rule.ports, direction));
  }
  into.endPolicy(true);
}

function addPeers(entries: readonly Peer[], namespace: number, peers: PeerTable, into: RuleTable): void {
  for (let i = 0; i < entries.length; i++) into.addPeer(peers.intern(entries[i]!, namespace));
}
