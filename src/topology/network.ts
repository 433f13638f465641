import type { ClusterNode, Pod } from '../model/index.ts';
import { formatAddress } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';
import { hostPrefix, linkAddresses } from './addresses.ts';
import { NamespaceNames, numbered } from './names.ts';
import type {
  LabAddress,
  LabInterface,
  LabLink,
  LabListener,
  LabNamespace,
  LabPlan,
  LabRoute,
  LabService,
} from './plan.ts';

/** What the network of a lab is made of. */
export interface NetworkParts {
  readonly names: NetworkNames;
  readonly families: readonly Family[];
  readonly nodes: readonly ClusterNode[];
  readonly pods: readonly Pod[];
  readonly outside: readonly Address[];
  readonly services: readonly LabService[];
  readonly previous: LabPlan | undefined;
  /** What somebody listens on: the outside, a node with its host-network pods, or a pod. */
  readonly listeners: (of: 'outside' | ClusterNode | Pod) => readonly LabListener[];
}

/** The names of the network namespaces of a lab. */
export interface NetworkNames {
  readonly fabric: string;
  readonly outside: string;
  /** By name of the node. */
  readonly ofNode: ReadonlyMap<string, string>;
  /** That of its node for a host-network pod. */
  readonly ofPod: ReadonlyMap<Pod, string>;
}

/** What the namespaces of nodes and pods are called. */
export function namesOf(prefix: string, nodes: readonly ClusterNode[], pods: readonly Pod[]): NetworkNames {
  const names = new NamespaceNames(prefix);
  const ofNode = new Map(nodes.map(({ name }) => [name, names.of('node', name)]));
  const ofPod = new Map<Pod, string>();
  for (const pod of pods) {
    const name = pod.hostNetwork ? ofNode.get(pod.node!)! : names.of('pod', pod.namespace, pod.name);
    ofPod.set(pod, name);
  }
  return { fabric: `${prefix}fabric`, outside: `${prefix}outside`, ofNode, ofPod };
}

/** The namespaces of a lab with the links between them. */
export interface Network extends NetworkNames {
  readonly namespaces: readonly LabNamespace[];
  readonly links: readonly LabLink[];
}

/** The interface of pods, of nodes and of the outside, as people know it. */
const uplink = 'eth0';

/** Who is joined to whom, and which way packets go: each address has one route in the fabric, and one on its node. */
export function networkOf(parts: NetworkParts): Network {
  const { families, nodes, outside } = parts;
  const { fabric, outside: beyond, ofNode, ofPod } = parts.names;
  const own = parts.pods.filter(({ hostNetwork }) => !hostNetwork);
  const podsOf = Map.groupBy(own, ({ node }) => node!);
  const links: LabLink[] = [];
  const fabricRoutes: LabRoute[] = [];
  const ofNodes: LabNamespace[] = [];
  const ofPods: LabNamespace[] = [];
  const known = interfaceNumbers(parts.previous);
  const nodeNumbers = numbered(
    [...ofNode.values()].map((namespace) => linkKey(namespace, fabric)),
    known,
  );
  for (const node of nodes) {
    const namespace = ofNode.get(node.name)!;
    const down = `node${nodeNumbers.get(linkKey(namespace, fabric))!}`;
    links.push(
      link(
        {
          namespace,
          name: uplink,
          addresses: [...linkScope('ofNode', families), ...node.addresses.map(globalScope)],
        },
        { namespace: fabric, name: down, addresses: linkScope('ofFabric', families) },
      ),
    );
    const toNode = (address: Address): LabRoute => ({
      family: address.family,
      to: hostPrefix(address),
      via: linkAddresses.ofNode[address.family],
      interface: down,
      source: undefined,
    });
    const routes: LabRoute[] = families.map((family) =>
      defaultRoute(family, 'ofFabric', sourceOf(node, family)),
    );
    fabricRoutes.push(...node.addresses.map(toNode));
    const here = podsOf.get(node.name) ?? [];
    const podNumbers = numbered(
      here.map((pod) => linkKey(ofPod.get(pod)!, namespace)),
      known,
    );
    for (const pod of here) {
      const podNamespace = ofPod.get(pod)!;
      const toPod = `pod${podNumbers.get(linkKey(podNamespace, namespace))!}`;
      const podFamilies = families.filter((family) => pod.addresses.some((each) => each.family === family));
      links.push(
        link(
          { namespace: podNamespace, name: uplink, addresses: pod.addresses.map(globalScope) },
          { namespace, name: toPod, addresses: linkScope('ofNodeToPod', podFamilies) },
        ),
      );
      for (const address of pod.addresses) {
        fabricRoutes.push(toNode(address));
        routes.push({
          family: address.family,
          to: hostPrefix(address),
          via: undefined,
          interface: toPod,
          source: sourceOf(node, address.family),
        });
      }
      ofPods.push({
        name: podNamespace,
        kind: 'pod',
        of: pod.id,
        forwards: false,
        routes: podFamilies.map((family) => defaultRoute(family, 'ofNodeToPod', undefined)),
        listeners: parts.listeners(pod),
      });
    }
    ofNodes.push({
      name: namespace,
      kind: 'node',
      of: node.name,
      forwards: true,
      routes,
      listeners: parts.listeners(node),
    });
  }
  for (const { address, node } of balancedAddresses(parts)) {
    fabricRoutes.push({
      family: address.family,
      to: hostPrefix(address),
      via: linkAddresses.ofNode[address.family],
      interface: `node${nodeNumbers.get(linkKey(ofNode.get(node)!, fabric))!}`,
      source: undefined,
    });
  }
  links.push(
    link(
      {
        namespace: beyond,
        name: uplink,
        addresses: [...linkScope('ofOutside', families), ...outside.map(globalScope)],
      },
      { namespace: fabric, name: 'outside', addresses: linkScope('ofFabric', families) },
    ),
  );
  const namespaces: readonly LabNamespace[] = [
    {
      name: fabric,
      kind: 'fabric',
      of: '',
      forwards: true,
      routes: [
        ...fabricRoutes,
        // Whatever is nowhere in the cluster is outside.
        ...families.map((family): LabRoute => ({
          ...defaultRoute(family, 'ofOutside', undefined),
          interface: 'outside',
        })),
      ],
      listeners: [],
    },
    {
      name: beyond,
      kind: 'outside',
      of: '',
      forwards: false,
      routes: families.map((family) => defaultRoute(family, 'ofFabric', firstOf(outside, family))),
      listeners: parts.listeners('outside'),
    },
    ...ofNodes,
    ...ofPods,
  ];
  return { ...parts.names, namespaces, links };
}

function link(near: LabInterface, far: LabInterface): LabLink {
  return { ends: [near, far] };
}

function linkScope(end: keyof typeof linkAddresses, families: readonly Family[]): readonly LabAddress[] {
  return families.map((family) => ({
    // Neighbours of IPv6 are found in the block that every link has.
    address: `${linkAddresses[end][family]}/${family === 'IPv4' ? 32 : 64}`,
    family,
    scope: 'link',
  }));
}

function globalScope(address: Address): LabAddress {
  return { address: hostPrefix(address), family: address.family, scope: 'global' };
}

function defaultRoute(family: Family, via: keyof typeof linkAddresses, source: string | undefined): LabRoute {
  return { family, to: 'default', via: linkAddresses[via][family], interface: uplink, source };
}

function sourceOf(node: ClusterNode, family: Family): string | undefined {
  return firstOf(node.addresses, family);
}

function firstOf(addresses: readonly Address[], family: Family): string | undefined {
  const first = addresses.find((address) => address.family === family);
  return first === undefined ? undefined : formatAddress(first);
}

function linkKey(near: string, far: string): string {
  return `${near} ${far}`;
}

/** The numbers that interfaces have now, by the namespaces of both ends. */
function interfaceNumbers(previous: LabPlan | undefined): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const { ends } of previous?.links ?? []) {
    const number = /^(?:node|pod)(\d+)$/.exec(ends[1].name)?.[1];
    if (number !== undefined) numbers.set(linkKey(ends[0].namespace, ends[1].namespace), Number(number));
  }
  return numbers;
}

/**
 * To which node the fabric leads each address of a load balancer: as one that asks nodes for their health, where the traffic
 * policy is Local to the first that has an endpoint.
 */
function balancedAddresses({
  services,
  nodes,
}: NetworkParts): readonly { readonly address: Address; readonly node: string }[] {
  return services.flatMap(({ exposure, ports }) => {
    if (exposure === undefined) return [];
    const serving = new Set(ports.flatMap(({ endpoints }) => endpoints.flatMap(({ node }) => node ?? [])));
    const healthy = nodes.find(({ name }) => exposure.trafficPolicy === 'Cluster' || serving.has(name));
    const node = healthy ?? nodes[0];
    return node === undefined ? [] : exposure.addresses.map((address) => ({ address, node: node.name }));
  });
}
