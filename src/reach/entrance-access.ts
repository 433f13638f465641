import { resolveEntries } from '../entry/index.ts';
import type { Entry, EntryTarget, NamedController, ResolvedEntries } from '../entry/index.ts';
import type { Cluster, Diagnostic, Namespace, Pod } from '../model/index.ts';
import { families } from '../net/index.ts';
import type { AddressRange, Family, Protocol } from '../net/index.ts';
import { compile, has } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { narrowed } from './narrow.ts';

/** Entrances of clusters that were asked about, with the controllers that were named. */
const known = new WeakMap<Cluster, Map<string, ResolvedEntries>>();

/** The entrances of a cluster; the same for the same controllers. */
export function entriesOf(cluster: Cluster, controllers: readonly NamedController[] = []): ResolvedEntries {
  let byControllers = known.get(cluster);
  if (byControllers === undefined) known.set(cluster, (byControllers = new Map<string, ResolvedEntries>()));
  const key = controllers.map(({ name }) => name).join(' ');
  let entries = byControllers.get(key);
  if (entries === undefined) byControllers.set(key, (entries = resolveEntries(cluster, { controllers })));
  return entries;
}

/** What is wrong with where the entrances of a cluster lead, which its maps carry along. */
export function entranceDiagnostics(
  cluster: Cluster,
  controllers: readonly NamedController[] = [],
): readonly Diagnostic[] {
  return entriesOf(cluster, controllers).diagnostics;
}

/** No namespace can be called so, hence no policy can name it. */
const nowhere = '(assumed)';

/** The pod that stands for a controller that the input does not have: without labels, in a namespace of its own. */
export function assumedController({ origin }: Entry): Pod {
  const id = `${nowhere}/Pod/controller`;
  return {
    id,
    namespace: nowhere,
    name: 'controller',
    workload: id,
    labels: new Map(),
    undecided: new Map(),
    ports: [],
    addresses: [],
    node: undefined,
    hostNetwork: false,
    finished: false,
    replicas: 1,
    template: true,
    origin,
  };
}

/** What decides about some pods of a cluster and one that it does not have. */
export function clusterWith(cluster: Cluster, pods: ReadonlySet<Pod>, stranger: Pod): Cluster {
  const part = narrowed(cluster, pods);
  // Every namespace has its name as a label; no selector can ask for this one (corner 22).
  const labels = new Map([['kubernetes.io/metadata.name', nowhere]]);
  const namespace: Namespace = { name: nowhere, labels, origin: undefined };
  return {
    ...part,
    namespaces: new Map([...part.namespaces, [nowhere, namespace]]),
    pods: [...part.pods, stranger],
  };
}

/** How far the policies admit what comes in through an entrance to one port of one pod, by family. */
export interface TargetAccess {
  /** The families that some source and the pod share. */
  readonly families: readonly Family[];
  /** Those in which some source is admitted, and those in which every source is. */
  readonly some: readonly Family[];
  readonly every: readonly Family[];
}

/** A source of connections, as the engine knows it. */
interface Source {
  readonly policy: CompiledPolicy;
  readonly end: PolicyEnd;
}

/**
 * What the policies admit of what comes in through entrances: egress of the controller and ingress of the backend
 * (corner 51); of clients the ingress alone, from their own addresses or from those of nodes (corner 36).
 */
export class EntranceAccess {
  readonly #policy: CompiledPolicy;
  readonly #entries: readonly Entry[];
  #withAssumed: { readonly policy: CompiledPolicy; readonly pod: Pod } | undefined;
  readonly #answers = new Map<string, TargetAccess>();
  readonly #sources = new Map<Entry, readonly Source[]>();
  readonly #nodeAnswers = new Map<string, Map<string, boolean>>();

  /** @param entries - all that will be asked about */
  constructor(policy: CompiledPolicy, entries: readonly Entry[]) {
    this.#policy = policy;
    this.#entries = entries;
  }

  /** Whether the policies admit an entrance to a port of a pod. */
  of(entry: Entry, { pod, port }: EntryTarget, protocol: Protocol): TargetAccess {
    const end: PolicyEnd = { kind: 'pod', pod };
    const c = this.#policy.classOf(end);
    // Pods of one class are alike, but for the node that they are on and the nodes that others come from.
    const place = entry.source.kind === 'clients' && !entry.source.orNodes ? '' : (pod.node ?? pod.id);
    const key = `${entry.id} ${c < 0 ? pod.id : `${c} ${this.#asksOfNodes(entry) ? place : ''}`} ${protocol} ${port}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer =
        entry.source.kind === 'clients'
          ? this.#ofClients(entry.source, end, protocol, port)
          : this.#ofPods(this.sources(entry), end, protocol, port);
      this.#answers.set(key, answer);
    }
    return answer;
  }

  #asksOfNodes({ source }: Entry): boolean {
    if (source.kind === 'clients') return source.orNodes;
    return source.kind === 'controller' && source.pods.some(({ hostNetwork }) => hostNetwork);
  }

  /** The pods that send the connections on, those that no policy can tell apart once; none for clients. */
  sources(entry: Entry): readonly Source[] {
    let sources = this.#sources.get(entry);
    if (sources === undefined) this.#sources.set(entry, (sources = this.#findSources(entry)));
    return sources;
  }

  #findSources({ source }: Entry): readonly Source[] {
    switch (source.kind) {
      case 'clients':
        return [];
      case 'assumed': {
        const { policy, pod } = this.#assumed();
        return [{ policy, end: { kind: 'pod', pod } }];
      }
      case 'controller': {
        const found = new Map<string, Source>();
        for (const pod of source.pods) {
          const end: PolicyEnd = { kind: 'pod', pod };
          const c = this.#policy.classOf(end);
          const key = c < 0 ? pod.id : String(c);
          if (!found.has(key)) found.set(key, { policy: this.#policy, end });
        }
        return [...found.values()];
      }
      default:
        return source satisfies never;
    }
  }

  /** Compiled when it is first asked for: most clusters have their controllers. */
  #assumed(): { readonly policy: CompiledPolicy; readonly pod: Pod } {
    if (this.#withAssumed === undefined) {
      const asking = this.#entries.filter(({ source }) => source.kind === 'assumed');
      const pods = new Set(
        asking.flatMap(({ ways }) => ways.flatMap(({ targets }) => targets.map((each) => each.pod))),
      );
      const pod = assumedController(asking[0]!);
      const { cluster, profile, parts } = this.#policy;
      const options = { profile, undecided: parts.assume };
      const compiled = compile(clusterWith(cluster, pods, pod), options);
      // Where equal priorities disagree, both readings are asked (corner 60).
      const policy = parts.tiers?.bound === 'possible' ? compiled.possible : compiled;
      this.#withAssumed = { policy, pod };
    }
    return this.#withAssumed;
  }

  #ofPods(sources: readonly Source[], to: PolicyEnd, protocol: Protocol, port: number): TargetAccess {
    const shared = families.filter(
      (family) => has(to, family) && sources.some(({ end }) => has(end, family)),
    );
    const admits =
      (family: Family) =>
      ({ policy, end }: Source) =>
        !has(end, family) || policy.decide(end, to, protocol, port, family).allowed;
    return {
      families: shared,
      some: shared.filter((family) => sources.some((each) => has(each.end, family) && admits(family)(each))),
      every: shared.filter((family) => sources.every(admits(family))),
    };
  }

  /** Corner 36: with the client's address, or with that of any node but the pod's own. */
  #ofClients(
    { ranges, orNodes }: { readonly ranges: readonly AddressRange[]; readonly orNodes: boolean },
    to: PolicyEnd,
    protocol: Protocol,
    port: number,
  ): TargetAccess {
    const shared = families.filter(
      (family) => has(to, family) && ranges.some((range) => range.family === family),
    );
    const c = this.#policy.classOf(to);
    // Corner 44: nothing isolates what is its node.
    if (c < 0) return { families: shared, some: shared, every: shared };
    const seen = new Map<Family, boolean[]>(shared.map((family) => [family, []]));
    const segments = this.#policy.outside('ingress', c);
    for (const { family, first, last, ports } of segments) {
      const isAsked = ranges.some(
        (range) => range.family === family && range.first <= last && first <= range.last,
      );
      if (isAsked) seen.get(family)?.push(this.#policy.parts.ports.set(ports).has(protocol, port));
    }
    if (orNodes) {
      const own = to.kind === 'pod' ? to.pod.node : undefined;
      for (const family of shared) {
        // Where no block tells addresses apart, nodes are as the clients are.
        if (segments.filter((segment) => segment.family === family).length < 2) continue;
        for (const [node, allowed] of this.#ofNodes(to, c, protocol, port, family)) {
          if (node !== own) seen.get(family)?.push(allowed);
        }
      }
    }
    const answers = (family: Family): readonly boolean[] => seen.get(family) ?? [];
    return {
      families: shared,
      some: shared.filter((family) => answers(family).includes(true)),
      every: shared.filter((family) => !answers(family).includes(false)),
    };
  }

  /** What a class admits of each node, but for that it is a pod's own. */
  #ofNodes(
    to: PolicyEnd,
    c: number,
    protocol: Protocol,
    port: number,
    family: Family,
  ): ReadonlyMap<string, boolean> {
    const key = `${c} ${protocol} ${port} ${family}`;
    let answers = this.#nodeAnswers.get(key);
    if (answers === undefined) {
      answers = new Map<string, boolean>();
      const ids = this.#policy.parts.ports;
      for (const node of this.#policy.cluster.nodes.values()) {
        const end: PolicyEnd = { kind: 'node', node };
        // A node without known addresses may have any.
        if (node.addresses.length === 0 || !has(end, family)) continue;
        const admitted = this.#policy.pairs.sideAllowed('ingress', to, end, family);
        answers.set(node.name, ids.set(admitted).has(protocol, port));
      }
      this.#nodeAnswers.set(key, answers);
    }
    return answers;
  }
}
