import { Numbers, TextTable, noEntrances } from '../../model/index.ts';
import type {
  Cluster,
  ClusterNode,
  Diagnostic,
  EndpointSlice,
  Entrances,
  LabelSelector,
  Namespace,
  NetworkPolicy,
  NotModelled,
  Service,
  TierPods,
  TierPolicy,
} from '../../model/index.ts';
import type { ReadOptions, RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { Subjects, notModelled } from './affects.ts';
import type { Collector } from './collect.ts';
import { count, ended, someOf, tellTwice } from './findings.ts';
import type { Findings } from './findings.ts';
import { gatherWorkloads } from './gather.ts';
import type { GatheredWorkloads } from './gather.ts';
import { groupOf } from './kinds.ts';
import type { EntranceKind, NotModelledRule } from './kinds.ts';
import { ManagedEndpoints } from './endpoints.ts';
import type { LabelReader } from './labels.ts';
import { tellAssumedNamespaces, tellPodsWithoutAddress } from './missing.ts';
import { mentionedNamespace, readNamespace, readNode } from './namespaces.ts';
import { ownerKeys, tellPodMakers } from './pod-makers.ts';
import type { PodReader } from './pods.ts';
import { ServiceReader } from './services.ts';

/** What reading one policy gives: the policy unless it is refused, and the pods that a refused one meant. */
export interface PolicyReading {
  readonly policy: NetworkPolicy | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly selects: LabelSelector | undefined;
}

/** What reading one policy of the tiers gives. */
export interface TierPolicyReading {
  readonly policy: TierPolicy | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly selects: TierPods;
}

/** What the reading of entrances is given. */
export interface EntranceReaders {
  readonly findings: Findings;
  readonly pods: PodReader;
  /**
   * Reads the objects of some kinds; of those with the same name the last counts, and those that `read` gives `undefined`
   * for do not exist.
   *
   * @param kinds - as one kind: versions of one group are the same object
   */
  readonly read: <T>(
    kinds: EntranceKind | readonly EntranceKind[],
    read: (object: RawObject) => T | undefined,
  ) => readonly T[];
}

/** What reads the kinds that stand in folders of their own: `network-policy/`, `tier-policy/` and `entrances/`. */
export interface Decoders {
  /** What reads the policies of one input. */
  readonly policies: (options: ReadOptions) => (object: RawObject) => PolicyReading;
  readonly tierPolicy: (object: RawObject, options: ReadOptions) => TierPolicyReading;
  readonly entrances: (readers: EntranceReaders) => Entrances;
}

/** A cluster without anything. */
export const emptyCluster: Cluster = {
  namespaces: new Map(),
  nodes: new Map(),
  workloads: [],
  pods: [],
  finishedPods: [],
  finishedWorkloads: [],
  services: [],
  policies: [],
  tierPolicies: [],
  entrances: noEntrances,
  notModelled: [],
};

/** Builds the cluster of all objects that `collected` holds; what is wrong with them goes to `findings`. */
export function buildCluster(
  collected: Collector,
  findings: Findings,
  decoders: Decoders,
  options: ReadOptions,
): Cluster {
  return new Builder(collected, findings, decoders, options).build();
}

class Builder {
  readonly #collected: Collector;
  readonly #findings: Findings;
  readonly #decoders: Decoders;
  readonly #options: ReadOptions;
  readonly #labels: LabelReader;
  readonly #podReader: PodReader;

  constructor(collected: Collector, findings: Findings, decoders: Decoders, options: ReadOptions) {
    this.#collected = collected;
    this.#findings = findings;
    this.#decoders = decoders;
    this.#options = options;
    this.#labels = collected.labels;
    this.#podReader = collected.podReader;
  }

  build(): Cluster {
    const findings = this.#findings;
    const collected = this.#collected;
    findings.close();
    const namespaces = new Map<string, Namespace>();
    for (const [name, { item }] of this.#unique(collected.namespaces, (object) =>
      readNamespace(findings, this.#labels, object),
    )) {
      namespaces.set(name, item);
    }
    const nodes = new Map<string, ClusterNode>();
    for (const [name, { item }] of this.#unique(collected.nodes, (object) =>
      readNode(findings, this.#labels, this.#podReader, object),
    )) {
      nodes.set(name, item);
    }
    const services = this.#services();
    const managed = new ManagedEndpoints(services.map(({ item }) => item));
    const entrances = this.#entrances(managed);
    this.#tellServicesByHand(services, entrances.endpointSlices);
    const readers = { findings, labels: this.#labels, pods: this.#podReader, nodes };
    const gathered = gatherWorkloads(collected, readers, this.#options);
    const { policies, refused } = this.#policies();
    const tiers = this.#tierPolicies();
    for (const namespace of gathered.namespaces()) mention(namespaces, namespace);
    for (const { item } of services) mention(namespaces, item.namespace);
    for (const { namespace } of entrances.ingresses) mention(namespaces, namespace);
    for (const { namespace } of entrances.gateways) mention(namespaces, namespace);
    for (const { namespace } of entrances.gatewayRoutes) mention(namespaces, namespace);
    for (const { namespace } of entrances.openShiftRoutes) mention(namespaces, namespace);
    for (const { namespace } of policies) mention(namespaces, namespace);
    const subjects = new Subjects(
      () => gathered.made.workloads,
      () => gathered.columns,
      namespaces,
    );
    for (const { reading, object } of refused) {
      this.#tellRefused(reading, selected(reading.selects, object.ref.namespace ?? '', subjects));
    }
    for (const reading of tiers.refused)
      this.#tellRefused(reading, selectedByTier(reading.selects, subjects));
    if (gathered.hasPods) this.#tellIdle(tiers.policies, subjects);
    const unanswered = this.#notModelled(subjects, managed);
    for (const { ref } of unanswered) if (ref.namespace !== undefined) mention(namespaces, ref.namespace);
    const cluster = clusterOf(gathered, {
      namespaces,
      nodes,
      services: services.map(({ item }) => item),
      policies,
      tierPolicies: tiers.policies,
      entrances,
      notModelled: unanswered,
    });
    tellPodMakers(findings, collected.podMakers, ownersOf(collected), cluster);
    tellAssumedNamespaces(findings, cluster);
    tellPodsWithoutAddress(findings, cluster, gathered.countAddresses());
    return cluster;
  }

  /**
   * Reads objects of one kind; of those with the same namespace and name the last counts. A refused object does not
   * exist, so it replaces none.
   *
   * @returns by `namespace/name`, or the name of a kind without namespaces, in the order of the first
   */
  #unique<T>(
    objects: Iterable<RawObject>,
    read: (object: RawObject) => T | undefined,
    keyOf: (object: RawObject) => string = nameOf,
  ): Map<string, { readonly item: T; readonly object: RawObject }> {
    const found = new Map<string, { readonly item: T; readonly object: RawObject }>();
    for (const object of objects) {
      const item = read(object);
      if (item === undefined) continue;
      const key = keyOf(object);
      const former = found.get(key);
      if (former !== undefined) tellTwice(this.#findings, former.object.origin, object);
      found.set(key, { item, object });
    }
    return found;
  }

  #services(): readonly { readonly item: Service; readonly object: RawObject }[] {
    const reader = new ServiceReader(this.#findings, this.#labels, this.#podReader);
    return [...this.#unique(this.#collected.services, (object) => reader.read(object)).values()];
  }

  #entrances(managed: ManagedEndpoints): Entrances {
    return this.#decoders.entrances({
      findings: this.#findings,
      pods: this.#podReader,
      read: (kinds, read) => {
        const wanted: readonly EntranceKind[] = typeof kinds === 'string' ? [kinds] : kinds;
        const objects = this.#collected.entrances.filter(({ kind }) => wanted.includes(kind));
        const unique = this.#unique(others(objects, managed), read, refKey);
        return [...unique.values()].map(({ item }) => item);
      },
    });
  }

  /** One note: where Services without selector and without endpoints lead is not known (corner 49). */
  #tellServicesByHand(
    services: readonly { readonly item: Service; readonly object: RawObject }[],
    slices: readonly EndpointSlice[],
  ): void {
    const known = new Set(slices.map(({ namespace, service }) => `${namespace}/${service ?? ''}`));
    const byHand: string[] = [];
    let first: RawObject | undefined;
    for (const { item, object } of services) {
      const id = `${item.namespace}/${item.name}`;
      // Every cluster has the Service default/kubernetes, which leads to its API servers.
      if (item.selector !== undefined || item.type === 'ExternalName' || id === 'default/kubernetes')
        continue;
      if (known.has(id)) continue;
      byHand.push(id);
      first ??= object;
    }
    if (first === undefined) return;
    const isOne = byHand.length === 1;
    this.#findings.note(
      first,
      'service-without-selector',
      ['spec'],
      `${someOf(byHand)} ${isOne ? 'has' : 'have'} no selector and no EndpointSlice in the input: where ${isOne ? 'it leads' : 'they lead'} is not known`,
      {
        hint: 'add the EndpointSlices (kubectl get endpointslices -A -o yaml), or ask about the pods behind it',
      },
    );
  }

  #policies(): { policies: NetworkPolicy[]; refused: { reading: PolicyReading; object: RawObject }[] } {
    const refused: { reading: PolicyReading; object: RawObject }[] = [];
    const decode = this.#decoders.policies(this.#options);
    // As `#unique`, with less to remember of each: there are hundreds of thousands.
    const policies: NetworkPolicy[] = [];
    const names = new TextTable();
    const scopes = new Numbers<string>();
    for (const object of this.#collected.policies) {
      const reading = decode(object);
      const { policy } = reading;
      if (policy === undefined) {
        refused.push({ reading, object });
        continue;
      }
      for (const diagnostic of reading.diagnostics) this.#findings.diagnostics.push(diagnostic);
      const place = names.intern(scopes.of(policy.namespace), policy.name);
      const former = policies[place];
      if (former !== undefined) tellTwice(this.#findings, former.origin, object);
      policies[place] = policy;
    }
    return { policies, refused };
  }

  #tierPolicies(): {
    policies: TierPolicy[];
    objects: readonly RawObject[];
    refused: readonly TierPolicyReading[];
  } {
    const refused: TierPolicyReading[] = [];
    const read = (object: RawObject): TierPolicy | undefined => {
      const reading = this.#decoders.tierPolicy(object, this.#options);
      if (reading.policy === undefined) refused.push(reading);
      else for (const diagnostic of reading.diagnostics) this.#findings.diagnostics.push(diagnostic);
      return reading.policy;
    };
    const unique = [...this.#unique(this.#collected.tierPolicies, read, refKey).values()];
    return { policies: unique.map(({ item }) => item), objects: unique.map(({ object }) => object), refused };
  }

  /** Notes policies of the tiers that are for no pod of the input, which has pods. */
  #tellIdle(policies: readonly TierPolicy[], subjects: Subjects): void {
    for (const { ref, origin, subject } of policies) {
      if (subject.kind === 'unusable') continue;
      if (subjects.any(subject.namespaces, subject.pods ?? { requirements: [] })) continue;
      this.#findings.note(
        { ref, origin, stored: true },
        'subject-selects-nobody',
        ['spec', 'subject'],
        'The subject selects no pod of the input, so this policy decides nothing yet',
        { hint: 'compare with the labels of the namespaces and pods; host-network pods are never subjects' },
      );
    }
  }

  /** Says of a refused policy whom it would have selected: their answers are not those that were meant. */
  #tellRefused({ diagnostics }: Pick<PolicyReading, 'diagnostics'>, told: string): void {
    const first = diagnostics.findIndex(({ severity }) => severity === 'error');
    for (const [i, diagnostic] of diagnostics.entries()) {
      this.#findings.diagnostics.push(
        i === first ? { ...diagnostic, message: `${ended(diagnostic.message)} ${told}` } : diagnostic,
      );
    }
  }

  #notModelled(subjects: Subjects, managed: ManagedEndpoints): NotModelled[] {
    const rules = new Map<RawObject, NotModelledRule>();
    for (const { rule, objects } of this.#collected.notModelled) {
      for (const object of objects) if (!managed.has(object)) rules.set(object, rule);
    }
    const unique = this.#unique(rules.keys(), (object) => object, refKey);
    const entries: NotModelled[] = [];
    for (const { item } of unique.values()) {
      const rule = rules.get(item);
      if (rule !== undefined) entries.push(notModelled(item, rule, subjects));
    }
    return entries;
  }
}

/**
 * A cluster whose workloads and pods are made as objects when someone asks for them: to compile and to count, nobody does.
 * Apart from the builder, whose objects nobody needs any more.
 */
function clusterOf(
  gathered: GatheredWorkloads,
  rest: Omit<Cluster, 'workloads' | 'pods' | 'finishedPods' | 'finishedWorkloads'>,
): Cluster {
  const cluster: Cluster = {
    ...rest,
    get workloads() {
      return gathered.made.workloads;
    },
    get pods() {
      return gathered.made.pods;
    },
    get finishedPods() {
      return gathered.made.finishedPods;
    },
    get finishedWorkloads() {
      return gathered.made.finishedWorkloads;
    },
  };
  gathered.setColumnsOf(cluster);
  return cluster;
}

/** All objects of some lists but endpoints that follow from a Service and its pods. */
function* others(
  lists: readonly { readonly objects: Iterable<RawObject> }[],
  managed: ManagedEndpoints,
): Generator<RawObject> {
  for (const { objects } of lists) for (const object of objects) if (!managed.has(object)) yield object;
}

/** The owners of pods and of the controllers between, as `ownerKeys` gives them. */
function* ownersOf({ pods, controllers }: Collector): Generator<string> {
  for (const { objects } of controllers) {
    for (const { ref, value } of objects) {
      const references = isRecord(value.metadata) ? value.metadata.ownerReferences : undefined;
      yield* ownerKeys(ref.namespace ?? '', references);
    }
  }
  yield* pods.foreignOwners;
}

function nameOf({ ref }: RawObject): string {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** Versions of one group are the same object. */
function refKey(object: RawObject): string {
  const { apiVersion, kind } = object.ref;
  return `${groupOf(apiVersion) ?? apiVersion}/${kind}/${nameOf(object)}`;
}

function mention(namespaces: Map<string, Namespace>, name: string): void {
  if (!namespaces.has(name)) namespaces.set(name, mentionedNamespace(name));
}

/** What a refused policy would have selected, as a sentence. */
function selected(selects: LabelSelector | undefined, namespace: string, subjects: Subjects): string {
  if (selects === undefined) return 'The policy was left out; whom it selects cannot be read.';
  const ids = subjects.select(namespace, selects);
  if (ids === undefined) return `The policy was left out; it is for pods of ${namespace}.`;
  return wouldSelect(ids);
}

/** The same for a policy of the tiers, which host-network pods are never subject to (corners 56 and 66). */
function selectedByTier(selects: TierPods, subjects: Subjects): string {
  if (selects.kind === 'unusable') return 'The policy was left out; whom it selects cannot be read.';
  const ids = subjects.select(selects.namespaces, selects.pods ?? { requirements: [] }, false);
  return ids === undefined ? 'The policy was left out; it is for pods of many namespaces.' : wouldSelect(ids);
}

function wouldSelect(ids: readonly string[]): string {
  if (ids.length === 0) return 'The policy was left out; it would select no pod of the input.';
  return `The policy was left out; it would select ${count(ids.length, 'workload')}: ${someOf(ids)}.`;
}
