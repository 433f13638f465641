import type { Cluster, ClusterNode, NonEmpty, Pod, Service, ServicePort, TlsPair } from '../model/index.ts';
import type { Address, Cidr, Family, Protocol } from '../net/index.ts';
import type { Generation, Ruleset, RulesetReport, Transaction } from '../nft/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';

// A lab as a value: what a machine has to do for a cluster to run on it. Nothing here touches a machine.
//
//   pod ── node ──┬── fabric ── outside
//   pod ──┘       │
//   pod ── node ──┘
//
// Every line is a routed veth: both ends have a link-local address, and all else is routes for single addresses.

/** How a lab is planned. */
export interface LabOptions {
  /** What the lab is called: lower case letters, digits and dashes, at most 20. Default: `lab`. */
  readonly name?: string;
  /**
   * The plan that runs now. Pods, nodes and Services that are in both keep the addresses and the places that it gave them, so
   * that a change to the input changes nothing else.
   */
  readonly previous?: LabPlan;
  /** The most addresses outside of each family that policies' blocks may make necessary. Default: 64. */
  readonly mostOutside?: number;
  /** The most ports of each protocol that every end listens on because policies name them. Default: 32. */
  readonly mostPorts?: number;
  /** More pods than this are refused. Default: 2,000. */
  readonly mostPods?: number;
  /** More nodes than this are refused. Default: 200. */
  readonly mostNodes?: number;
}

/** A lab cannot be planned from this input, or under this name; the message says why. */
export class LabPlanError extends Error {
  override readonly name = 'LabPlanError';
}

/** All that makes a lab, in the order in which it can be made. The same cluster and options give the same plan. */
export interface LabPlan {
  /** The name of the lab. */
  readonly name: string;
  /** What the names of all its network namespaces begin with; no other lab's do. */
  readonly prefix: string;
  /** The families that the lab has addresses of. */
  readonly families: readonly Family[];
  /**
   * The cluster as it runs in the lab: replicas are pods of their own, every pod has an address and a node, every node an
   * address, every Service what the API server would have given it.
   */
  readonly cluster: Cluster;
  /** Compiled from `cluster`: what rulesets and predictions come from. */
  readonly policy: CompiledPolicy;
  /** The fabric, the outside, the nodes, then the pods. */
  readonly namespaces: readonly LabNamespace[];
  readonly links: readonly LabLink[];
  /** By name, in the order of `namespaces`. */
  readonly nodes: ReadonlyMap<string, LabNode>;
  /** All that connections come from and go to: pods, then nodes, then the outside. */
  readonly ends: readonly LabEnd[];
  readonly services: readonly LabService[];
  /** The controllers of Ingresses and Gateways. */
  readonly proxies: readonly LabProxy[];
  /** What the lab made up or left out, for its reader. */
  readonly notes: readonly LabNote[];
}

/** One network namespace. */
export interface LabNamespace {
  /** As `ip netns` knows it: `podwall.lab.pod.shop.web-0`. At most 200 characters, without slash. */
  readonly name: string;
  readonly kind: 'fabric' | 'outside' | 'node' | 'pod';
  /** The id of the pod, the name of the node; empty for the others. */
  readonly of: string;
  /** Whether it forwards packets, of both families. */
  readonly forwards: boolean;
  /** To be added when all links are there. */
  readonly routes: readonly LabRoute[];
  /** Where its echo servers listen, on all its addresses; by protocol and port. */
  readonly listeners: readonly LabListener[];
}

/** A protocol and port that something listens on. */
export interface LabListener {
  readonly protocol: Protocol;
  readonly port: number;
  /** What answers instead of an echo server; only in the listeners of ends. */
  readonly by?: 'nginx';
}

/** A veth pair. It goes when a namespace of one of its ends does. */
export interface LabLink {
  /** The end nearer to the pods first. */
  readonly ends: readonly [LabInterface, LabInterface];
}

/** One end of a veth. */
export interface LabInterface {
  /** The network namespace that it is in. */
  readonly namespace: string;
  /** At most 15 characters; unique in its namespace. */
  readonly name: string;
  readonly addresses: readonly LabAddress[];
}

/** An address of an interface; IPv6 ones are to be added without duplicate address detection. */
export interface LabAddress {
  /** With its prefix, `10.244.0.5/32`: the whole address, but for link-local IPv6. */
  readonly address: string;
  readonly family: Family;
  /** `link`: for the other end of the veth alone; never the source of a connection to anywhere else. */
  readonly scope: 'global' | 'link';
}

/** A route, to one address or to everything. */
export interface LabRoute {
  readonly family: Family;
  /** `default`, or an address with its prefix: `10.244.0.5/32`. */
  readonly to: string;
  /**
   * The link-local address of the other end of the veth, which is on the link whatever the prefix (`onlink`); `undefined`
   * where the other end has the address itself.
   */
  readonly via: string | undefined;
  readonly interface: string;
  /** The source of connections that choose none. */
  readonly source: string | undefined;
}

/** A node with what filters there. */
export interface LabNode {
  readonly node: ClusterNode;
  /** Its network namespace. */
  readonly namespace: string;
  /** The pods that run on it, those that use its network too. */
  readonly pods: readonly Pod[];
  /** The table `inet podwall`. */
  readonly ruleset: Ruleset;
  readonly report: RulesetReport;
  /**
   * The table `inet podwall-lab`, as kube-proxy would write it, in nft's language: a whole transaction that replaces what was
   * there before.
   */
  readonly services: string;
}

/** Where a connection comes from or goes to. */
export type LabEnd =
  | (LabEndBase & { readonly kind: 'pod'; readonly pod: Pod; readonly node: string })
  | (LabEndBase & { readonly kind: 'node'; readonly node: string })
  | (LabEndBase & { readonly kind: 'outside' });

/** What all ends have. */
interface LabEndBase {
  /** As people write it: `shop/web-0`, `node/worker`, `203.0.113.7`. */
  readonly id: string;
  /** The network namespace that its sockets are in. */
  readonly namespace: string;
  /** The addresses that it opens connections from and is reached at; of a pod or node one of each family at most. */
  readonly addresses: readonly Address[];
  readonly listeners: readonly LabListener[];
  /** What the engine knows it as. */
  readonly engine: PolicyEnd;
}

/** A Service in the lab. */
export interface LabService {
  /** As it is in the lab's cluster: with the cluster IPs that it has there. */
  readonly service: Service;
  /** `shop/svc/db`. */
  readonly id: string;
  /** The pods that it stands for, whatever ports they have (corner 49). */
  readonly pods: readonly Pod[];
  readonly ports: readonly LabServicePort[];
  /** How it is reached from outside; `undefined` for those that are not. */
  readonly exposure: LabExposure | undefined;
}

/** How a Service is reached from outside: of type NodePort or LoadBalancer, or with `externalIPs`. */
export interface LabExposure {
  /** `Local`: only endpoints on the node that a connection comes to, which see the client's address (corner 36). */
  readonly trafficPolicy: 'Cluster' | 'Local';
  /**
   * Addresses of a load balancer and `externalIPs`, which the fabric leads to a node: with `Local` to one that has an
   * endpoint.
   */
  readonly addresses: readonly Address[];
  /** Of these, those of a load balancer, which lets in clients of `sourceRanges` alone. */
  readonly loadBalancer: readonly Address[];
  /** Empty: all clients. */
  readonly sourceRanges: readonly Cidr[];
}

/** One port of a Service, with where it leads. */
export interface LabServicePort {
  readonly port: ServicePort;
  /** On every node; `undefined` where the Service has none. */
  readonly nodePort: number | undefined;
  /** One for each pod and family of the Service. */
  readonly endpoints: readonly LabEndpoint[];
}

/** What is behind a port of a Service, with the port that it is reached on. */
export interface LabEndpoint {
  /** `undefined` for an address that is no pod's, which someone wrote into an EndpointSlice. */
  readonly pod: Pod | undefined;
  readonly address: Address;
  readonly port: number;
  /** `undefined` for what is no pod. */
  readonly node: string | undefined;
}

/**
 * An nginx in the pod of a controller. Whoever starts it writes `nginx.conf` with `config`, and `NAME.crt` and `NAME.key` for
 * each certificate, into a folder of its own, and runs `nginx -p FOLDER -c nginx.conf` in the network namespace. It stays in
 * the foreground, takes a new configuration at SIGHUP, and ends at SIGTERM.
 */
export interface LabProxy {
  /** What the controller is called: `ingress-nginx`. */
  readonly name: string;
  readonly pod: Pod;
  /** The network namespace of the pod. */
  readonly namespace: string;
  /** The ports that it listens on, all of TCP. */
  readonly ports: readonly number[];
  /** The text of `nginx.conf`; the names of hosts and files alone, no key. */
  readonly config: string;
  readonly certificates: readonly LabCertificate[];
  /** What it serves: `ingress/shop/front`, `gateway/shop/front`. */
  readonly serves: readonly string[];
  /** The hosts that it is asked for by name, wildcards left out. */
  readonly hosts: readonly string[];
  /** Where clients find it: the addresses of a load balancer before it, else those of the pod. */
  readonly addresses: readonly Address[];
}

/** A certificate that an nginx needs. */
export interface LabCertificate {
  /** Of its files, without ending: letters, digits, dots, dashes and underscores. */
  readonly name: string;
  /** What a certificate has to be made for, where there is none; the first one is its common name. */
  readonly hosts: NonEmpty<string>;
  /**
   * That of a Secret; its two parts may not fit each other, or be no PEM: nginx then refuses them, and one has to be made.
   * `undefined`: a self-signed one has to be made, and a note says so.
   */
  readonly pair: TlsPair | undefined;
}

/** Something that the lab made up or left out. */
export interface LabNote {
  readonly kind: LabNoteKind;
  /** One sentence, without final full stop. */
  readonly message: string;
  /** Each of what it is about, a line each: `shop/web-0 10.244.0.5`. */
  readonly details: readonly string[];
}

/** What notes are about. */
export type LabNoteKind =
  /** Pods without an address got one. */
  | 'pod-addresses'
  /** Pods whose address no interface can have, or another has already, got another. */
  | 'pod-addresses-changed'
  /** Pods without `nodeName` run on nodes of the lab's choice. */
  | 'placed'
  /** Nodes that no input names. */
  | 'nodes'
  /** Nodes without an address got one. */
  | 'node-addresses'
  /** Services without cluster IP, node port or load balancer's address got one. */
  | 'service-addresses'
  /** Services that ask for a family that the lab does not have. */
  | 'service-families'
  /** Services that the lab does not serve. */
  | 'services-left-out'
  /** Pods of controllers for Ingresses and Gateways, where the input has none. */
  | 'controllers'
  /** Certificates that are self-signed, for the input has no Secret with them. */
  | 'certificates'
  /** Ingresses, Gateways and paths that nginx does not serve. */
  | 'entrances-left-out'
  /** More blocks in policies than the outside has addresses for. */
  | 'outside-left-out'
  /** More ports in policies than ends listen on. */
  | 'ports-left-out';

/** One connection to try, and what the engine says of it. */
export interface LabProbe {
  readonly from: LabEnd;
  readonly to: LabEnd;
  readonly family: Family;
  /** The address to connect from. */
  readonly source: Address;
  /** The address to connect to. */
  readonly destination: Address;
  readonly protocol: Protocol;
  readonly port: number;
  readonly predicted: 'allowed' | 'denied';
}

/** One connection to a Service, and what the engine says of it, whichever endpoint it is led to. */
export interface LabServiceProbe {
  readonly from: LabEnd;
  readonly to: LabService;
  /** What the Service is reached by. */
  readonly by: 'clusterIP' | 'nodePort' | 'loadBalancer';
  readonly family: Family;
  readonly source: Address;
  /** A cluster IP, the address of a node, or that of a load balancer. */
  readonly destination: Address;
  readonly protocol: Protocol;
  readonly port: number;
  /** Who may answer; at least one. */
  readonly endpoints: readonly LabEndpoint[];
  readonly predicted: 'allowed' | 'denied';
}

/** What runs: a plan, with the generation that each node's table has reached. */
export interface LabState {
  readonly plan: LabPlan;
  /** By node. */
  readonly generations: ReadonlyMap<string, Generation>;
}

/** In what a machine is not as a lab has made it. */
export interface LabDamage {
  /** Network namespaces of the plan that are no more. */
  readonly namespaces: ReadonlySet<string>;
  /** By node whose tables are not those that were loaded: tables that nobody has loaded, `inet mine`. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
}

/**
 * What turns one running lab into another, to be done in the order of the fields: who goes stops first, rules hold before
 * the first packet of who comes (checklist 18), and sockets are open when the first probe is sent.
 */
export interface LabChanges {
  /** Namespaces to delete, with all that is in them; links whose other end stays go with them, and routes over these. */
  readonly removeNamespaces: readonly string[];
  /** To be closed in namespaces that stay. */
  readonly closeListeners: readonly LabNamespaceListeners[];
  readonly addNamespaces: readonly LabNamespace[];
  /** By node: the table `inet podwall`. Nodes whose table stays as it is are left out. */
  readonly transactions: ReadonlyMap<string, Transaction>;
  /** By node: the text of the table `inet podwall-lab`, where it changes. */
  readonly services: ReadonlyMap<string, string>;
  /**
   * By node, where the kernel had other tables than were loaded: the text that puts all of them right, of both `inet podwall`
   * and `inet podwall-lab`, in one transaction. Such a node is in neither of the two above.
   */
  readonly repairs: ReadonlyMap<string, string>;
  /**
   * Interfaces of namespaces that stay whose other end goes, and whose name is wanted again. Where a namespace goes, the kernel
   * takes them away later, in its own time.
   */
  readonly removeLinks: readonly LabInterface[];
  /** Addresses of interfaces that stay. */
  readonly removeAddresses: readonly LabInterface[];
  readonly addAddresses: readonly LabInterface[];
  /** To be made, with their addresses. */
  readonly addLinks: readonly LabLink[];
  /** In namespaces that stay. One may have gone already, with the address that is its source. */
  readonly removeRoutes: readonly LabNamespaceRoutes[];
  /** In namespaces old and new, in place of what leads to the same now. */
  readonly addRoutes: readonly LabNamespaceRoutes[];
  /** In namespaces old and new. */
  readonly openListeners: readonly LabNamespaceListeners[];
  /** The nginx of these namespaces end; those of namespaces that go are not named. */
  readonly stopProxies: readonly string[];
  /** To be started, or where one runs in the namespace already, to be given their new configuration. */
  readonly startProxies: readonly LabProxy[];
  /** What runs afterwards. */
  readonly state: LabState;
}

/** Listeners of one namespace. */
export interface LabNamespaceListeners {
  readonly namespace: string;
  readonly listeners: readonly LabListener[];
}

/** Routes of one namespace. */
export interface LabNamespaceRoutes {
  readonly namespace: string;
  readonly routes: readonly LabRoute[];
}
