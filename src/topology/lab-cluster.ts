import { InternalError } from '../errors.ts';
import type { Cluster, ClusterNode, Pod, Service, Workload } from '../model/index.ts';
import { families as allFamilies, formatAddress } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';
import { familiesOf, isUsable, keyOf } from './addresses.ts';
import type { AddressPool, PolicyBlock } from './addresses.ts';
import { note } from './notes.ts';
import { LabPlanError } from './plan.ts';
import type { LabNote, LabPlan } from './plan.ts';

/** Made of an input, and what was made up for it. */
export interface RunningCluster {
  readonly cluster: Cluster;
  readonly families: readonly Family[];
  readonly notes: readonly LabNote[];
}

/** Enough for connections between nodes, where the input names none. */
const madeNodes = ['node-1', 'node-2'];

/**
 * The cluster as it runs: what a scheduler, a network plugin and the API server would have added.
 *
 * A pod without `nodeName` is put on the node with the fewest pods, where other answers take it to be on a node of its own
 * (corner 42): a lab has no machine to spare. A DaemonSet's are put on one node each. An address that two claim is that of
 * the node, else of the pod with the smallest id, as in the rules for nodes; the other gets a new one.
 *
 * @param pool - it takes all addresses of the cluster
 * @throws LabPlanError when there is no pod, or more than `mostPods`
 */
export function runningCluster(
  input: Cluster,
  blocks: readonly PolicyBlock[],
  pool: AddressPool,
  {
    mostPods,
    previous,
    before,
  }: { readonly mostPods: number; readonly previous: LabPlan | undefined; readonly before: Before },
): RunningCluster {
  const families = familiesOfCluster(input, blocks);
  const unfolded = unfold(input, mostPods);
  const { placed, notes: placing } = place(unfolded.pods, input, previous);
  const nodes = addressNodes(placed.nodes, placed.pods, families, pool, before);
  const pods = addressPods(placed.pods, nodes.nodes, families, pool, before);
  const services = addressServices(input.services, families, pool, before);
  const workloads = input.workloads.map((workload): Workload => {
    const own = unfolded.ofWorkload.get(workload.id) ?? [];
    return { ...workload, pods: own.map((at) => pods.pods[at]!) };
  });
  return {
    cluster: { ...input, nodes: nodes.nodes, workloads, pods: pods.pods, services: services.services },
    families,
    notes: [...placing, ...nodes.notes, ...pods.notes, ...services.notes],
  };
}

/** The families of the addresses that the input knows; where it knows none, those that policies speak of, else IPv4. */
function familiesOfCluster(input: Cluster, blocks: readonly PolicyBlock[]): readonly Family[] {
  const known = new Set<Family>();
  const add = (addresses: readonly Address[]): void => {
    for (const address of addresses) if (isUsable(address)) known.add(address.family);
  };
  for (const pod of input.pods) add(pod.addresses);
  for (const node of input.nodes.values()) add(node.addresses);
  const isOpen = known.size === 0;
  for (const service of input.services) {
    add(service.clusterIPs);
    add(service.entrance?.loadBalancerAddresses ?? []);
  }
  const used = known.size > 0 ? known : new Set(familiesOf(blocks));
  if (used.size === 0) used.add('IPv4');
  // A cluster in which a Service may ask for them; where pods and nodes have addresses, these say what it has.
  if (isOpen) {
    for (const service of input.services) {
      const asked = service.ipFamilyPolicy === 'RequireDualStack' ? allFamilies : service.ipFamilies;
      for (const family of asked) used.add(family);
    }
  }
  return allFamilies.filter((family) => used.has(family));
}

/** The families that a Service has where the cluster has both, the first one first. */
function askedFamilies(
  { ipFamilies, ipFamilyPolicy, clusterIPs }: Service,
  usual: Family,
): readonly Family[] {
  const first = ipFamilies[0] ?? clusterIPs[0]?.family ?? usual;
  return ipFamilyPolicy === 'SingleStack' ? [first] : [first, first === 'IPv4' ? 'IPv6' : 'IPv4'];
}

interface Unfolded {
  readonly pods: readonly Pod[];
  /** Positions in `pods`, by id of the workload. */
  readonly ofWorkload: ReadonlyMap<string, readonly number[]>;
}

/** Every replica a pod of its own, with a name as controllers that count give it. */
function unfold(input: Cluster, mostPods: number): Unfolded {
  const count = input.pods.reduce((sum, { replicas }) => sum + replicas, 0);
  if (count === 0) throw new LabPlanError('the input has no pod that could run');
  if (count > mostPods)
    throw new LabPlanError(`the input has ${count} pods, and a lab at most ${mostPods}: leave some out`);
  const workloads = new Map(input.workloads.map((workload) => [workload.id, workload]));
  const taken = new Set(input.pods.filter((pod) => !isTemplate(pod)).map((pod) => pod.id));
  const pods: Pod[] = [];
  const ofWorkload = new Map<string, number[]>();
  for (const pod of input.pods) {
    const positions = ofWorkload.get(pod.workload) ?? [];
    ofWorkload.set(pod.workload, positions);
    if (!isTemplate(pod)) {
      positions.push(pods.push(pod) - 1);
      continue;
    }
    const name = workloads.get(pod.workload)?.name ?? pod.name;
    let number = 0;
    for (let i = 0; i < pod.replicas; i++) {
      let id = '';
      do id = `${pod.namespace}/Pod/${name}-${number++}`;
      while (taken.has(id));
      taken.add(id);
      positions.push(pods.push({ ...pod, id, name: `${name}-${number - 1}`, replicas: 1 }) - 1);
    }
  }
  return { pods, ofWorkload };
}

/** A template that has no names for its pods: they carry its id. */
function isTemplate(pod: Pod): boolean {
  return pod.template && pod.id === pod.workload;
}

interface Placed {
  readonly nodes: ReadonlyMap<string, ClusterNode>;
  /** All with a node; in the order of the argument. */
  readonly pods: readonly Pod[];
}

function place(
  pods: readonly Pod[],
  input: Cluster,
  previous: LabPlan | undefined,
): { readonly placed: Placed; readonly notes: readonly LabNote[] } {
  const nodes = new Map(input.nodes);
  for (const { node } of pods) if (node !== undefined && !nodes.has(node)) nodes.set(node, madeNode(node));
  const made = nodes.size === 0 ? madeNodes : [];
  for (const name of made) nodes.set(name, madeNode(name));
  const formerly = new Map(previous?.cluster.pods.map((pod) => [pod.id, pod.node]));
  const load = new Map([...nodes.keys()].map((name) => [name, 0]));
  const daemons = new Set<string>();
  const isDaemon = new Set(input.workloads.filter(({ kind }) => kind === 'DaemonSet').map(({ id }) => id));
  const put = (pod: Pod, node: string): Pod => {
    load.set(node, load.get(node)! + 1);
    if (isDaemon.has(pod.workload)) daemons.add(`${pod.workload} ${node}`);
    return pod.node === node ? pod : { ...pod, node };
  };
  const byAddress = nodesByAddress(nodes, pods);
  const placed = new Map<Pod, Pod>();
  const open: Pod[] = [];
  for (const pod of pods) {
    // Where a host-network pod is that nobody says the node of: it has the node's address.
    const own = pod.hostNetwork ? pod.addresses.map((address) => byAddress.get(keyOf(address))) : [];
    const kept = pod.node ?? own.find((node) => node !== undefined) ?? formerly.get(pod.id);
    if (kept === undefined || !nodes.has(kept)) open.push(pod);
    else placed.set(pod, put(pod, kept));
  }
  const workers = workersOf(nodes);
  for (const pod of open) {
    const eligible = isDaemon.has(pod.workload) ? [...nodes.keys()] : workers;
    const candidates = eligible.filter((node) => !daemons.has(`${pod.workload} ${node}`));
    let best = candidates[0] ?? workers[0]!;
    for (const node of candidates) if (load.get(node)! < load.get(best)!) best = node;
    placed.set(pod, put(pod, best));
  }
  const all = pods.map((pod) => placed.get(pod)!);
  const chosen = pods.flatMap((pod, i) =>
    pod.node === undefined ? [`${idOf(pod)} on ${all[i]!.node!}`] : [],
  );
  return {
    placed: { nodes, pods: all },
    notes: [
      ...note('nodes', made, `the input names no node, so the lab has ${made.length}`),
      ...note(
        'placed',
        chosen,
        `${podsText(chosen.length)} without nodeName ${chosen.length === 1 ? 'was' : 'were'} put on the nodes with the fewest pods`,
      ),
    ],
  };
}

/** The nodes for pods that nobody has placed: not those of the control plane, which few pods tolerate, if there are others. */
function workersOf(nodes: ReadonlyMap<string, ClusterNode>): readonly string[] {
  const all = [...nodes.values()];
  const workers = all.filter(({ labels }) => !labels.has('node-role.kubernetes.io/control-plane'));
  return (workers.length > 0 ? workers : all).map(({ name }) => name);
}

/** By address: the node that has it, as the node itself says or else a host-network pod on it. */
function nodesByAddress(
  nodes: ReadonlyMap<string, ClusterNode>,
  pods: readonly Pod[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const add = (addresses: readonly Address[], node: string): void => {
    for (const address of addresses) if (!found.has(keyOf(address))) found.set(keyOf(address), node);
  };
  for (const { name, addresses } of nodes.values()) add(addresses, name);
  for (const { hostNetwork, addresses, node } of pods)
    if (hostNetwork && node !== undefined) add(addresses, node);
  return found;
}

function madeNode(name: string): ClusterNode {
  return { name, labels: new Map([['kubernetes.io/hostname', name]]), addresses: [], origin: undefined };
}

/** By `kind id family`: the addresses of who runs already. */
type Before = ReadonlyMap<string, Address>;

/** The addresses that a running lab gave. */
export function previousAddresses(previous: LabPlan | undefined): Before {
  const before = new Map<string, Address>();
  const add = (kind: string, id: string, addresses: readonly Address[]): void => {
    for (const address of addresses) {
      const key = `${kind} ${id} ${address.family}`;
      if (!before.has(key)) before.set(key, address);
    }
  };
  for (const node of previous?.cluster.nodes.values() ?? []) add('node', node.name, node.addresses);
  for (const pod of previous?.cluster.pods ?? []) add('pod', pod.id, pod.addresses);
  for (const service of previous?.cluster.services ?? [])
    add('service', serviceId(service), service.clusterIPs);
  return before;
}

/** An address that was given before, if it is still free, else a new one. */
function give(
  pool: AddressPool,
  use: Parameters<AddressPool['give']>[0],
  family: Family,
  former: Address | undefined,
): Address {
  return former !== undefined && pool.take(former) ? former : pool.give(use, family);
}

/** Nodes come first: an address that a node and a pod claim is the node's (checklist 3). */
function addressNodes(
  nodes: ReadonlyMap<string, ClusterNode>,
  pods: readonly Pod[],
  families: readonly Family[],
  pool: AddressPool,
  before: Before,
): { readonly nodes: ReadonlyMap<string, ClusterNode>; readonly notes: readonly LabNote[] } {
  // A node of which only the name is known has the address of its host-network pods.
  const ofPods = new Map<string, Address[]>();
  for (const pod of pods) {
    if (!pod.hostNetwork || nodes.get(pod.node!)!.addresses.length > 0) continue;
    const known = ofPods.get(pod.node!) ?? [];
    ofPods.set(pod.node!, known);
    for (const each of pod.addresses)
      if (!known.some(({ family }) => family === each.family)) known.push(each);
  }
  const given: string[] = [];
  const withAddresses = new Map<string, ClusterNode>();
  const lacking: ClusterNode[] = [];
  for (const node of nodes.values()) {
    const wanted = node.addresses.length > 0 ? node.addresses : (ofPods.get(node.name) ?? []);
    const addresses = wanted.filter((address) => pool.take(address));
    withAddresses.set(node.name, { ...node, addresses });
    if (addresses.length === 0) lacking.push(node);
  }
  for (const node of lacking) {
    const addresses = families.map((family) =>
      give(pool, 'nodes', family, before.get(`node ${node.name} ${family}`)),
    );
    withAddresses.set(node.name, { ...node, addresses });
    given.push(`node/${node.name} ${addresses.map(formatAddress).join(' ')}`);
  }
  return {
    nodes: withAddresses,
    notes: note(
      'node-addresses',
      given,
      `${given.length} ${given.length === 1 ? 'node' : 'nodes'} without an address got one`,
    ),
  };
}

function addressPods(
  pods: readonly Pod[],
  nodes: ReadonlyMap<string, ClusterNode>,
  families: readonly Family[],
  pool: AddressPool,
  before: Before,
): { readonly pods: readonly Pod[]; readonly notes: readonly LabNote[] } {
  const kept = new Map<Pod, Address[]>();
  const byId = [...pods].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const pod of byId) {
    if (!pod.hostNetwork)
      kept.set(
        pod,
        pod.addresses.filter((address) => pool.take(address)),
      );
  }
  const given: string[] = [];
  const changed: string[] = [];
  const addressed = pods.map((pod): Pod => {
    if (pod.hostNetwork) {
      // It is its node, whatever its status says (corner 44).
      const { addresses } = nodes.get(pod.node!)!;
      const own = allFamilies.flatMap((family) => addresses.find((each) => each.family === family) ?? []);
      return { ...pod, addresses: own };
    }
    const own = kept.get(pod)!;
    const lost = pod.addresses.filter((address) => !own.includes(address));
    const wanted = pod.addresses.length === 0 ? families : lost.map(({ family }) => family);
    if (wanted.length === 0) return pod;
    const made = wanted.map((family) => give(pool, 'pods', family, before.get(`pod ${pod.id} ${family}`)));
    const texts = made.map(formatAddress).join(' ');
    if (lost.length === 0) given.push(`${idOf(pod)} ${texts}`);
    else changed.push(`${idOf(pod)} ${texts} instead of ${lost.map(formatAddress).join(' ')}`);
    // The order of status.podIPs stays.
    const addresses =
      lost.length === 0
        ? made
        : pod.addresses.map((address) => {
            const at = lost.indexOf(address);
            return at < 0 ? address : made[at]!;
          });
    return { ...pod, addresses };
  });
  return {
    pods: addressed,
    notes: [
      ...note('pod-addresses', given, `${podsText(given.length)} without an address got one`),
      ...note(
        'pod-addresses-changed',
        changed,
        `${podsText(changed.length)} got another address: no interface can have ${changed.length === 1 ? 'its' : 'theirs'}, or a node or another pod has it`,
      ),
    ],
  };
}

/** Services that are neither headless nor names only have a cluster IP of each family that they ask for. */
function addressServices(
  services: readonly Service[],
  families: readonly Family[],
  pool: AddressPool,
  before: Before,
): { readonly services: readonly Service[]; readonly notes: readonly LabNote[] } {
  const [first] = families;
  if (first === undefined) throw new InternalError('a lab without a family');
  const kept = services.map(({ clusterIPs }) => clusterIPs.filter((address) => pool.take(address)));
  const given: string[] = [];
  const without: string[] = [];
  const addressed = services.map((service, i): Service => {
    if (service.headless || service.type === 'ExternalName') return service;
    const own = kept[i]!;
    const id = serviceId(service);
    const asked = askedFamilies(service, first);
    const lacking = asked.filter((family) => !own.some((address) => address.family === family));
    // Who would rather have both is content with the first one.
    const isContent = service.ipFamilyPolicy === 'PreferDualStack';
    const missed = lacking.filter(
      (family) => !families.includes(family) && !(isContent && family !== asked[0]),
    );
    if (missed.length > 0) without.push(`${id}: ${missed.join(' and ')}`);
    const made = lacking
      .filter((family) => families.includes(family))
      .map((family) => give(pool, 'Services', family, before.get(`service ${id} ${family}`)));
    if (made.length > 0) given.push(`${id} ${made.map(formatAddress).join(' ')}`);
    else if (own.length === service.clusterIPs.length) return service;
    return { ...service, clusterIPs: [...own, ...made] };
  });
  return {
    services: addressed,
    notes: [
      ...note(
        'service-addresses',
        given,
        `${given.length} ${given.length === 1 ? 'Service' : 'Services'} without a cluster IP got one`,
      ),
      ...note(
        'service-families',
        without,
        'Services ask for a family of addresses that pods and nodes of the input have not, and are not reached by it',
      ),
    ],
  };
}

/** `shop/web-0`. */
export function idOf({ namespace, name }: Pod): string {
  return `${namespace}/${name}`;
}

/** `shop/svc/db`. */
export function serviceId({ namespace, name }: Service): string {
  return `${namespace}/svc/${name}`;
}

function podsText(count: number): string {
  return `${count} ${count === 1 ? 'pod' : 'pods'}`;
}
