import type { Address, Cidr, Protocol } from '../net/index.ts';
import type { NonEmpty } from './network-policy.ts';
import type { ObjectRef, Origin, Path } from './place.ts';
import type { SealedText } from './sealed.ts';
import type { LabelSelector } from './selector.ts';

/**
 * What leads into the cluster, and what these objects refer to: read and defaulted, not yet resolved. Where an entrance
 * leads is worked out by `entry/` (corners 49 and 51).
 */
export interface Entrances {
  readonly ingresses: readonly Ingress[];
  readonly ingressClasses: readonly IngressClass[];
  /** All Secrets of the input; of those that are no certificates only type and name. */
  readonly secrets: readonly Secret[];
  readonly gatewayClasses: readonly GatewayClass[];
  readonly gateways: readonly Gateway[];
  readonly gatewayRoutes: readonly GatewayRoute[];
  readonly referenceGrants: readonly ReferenceGrant[];
  readonly openShiftRoutes: readonly OpenShiftRoute[];
  /** The endpoints of Services without selector, from EndpointSlices and Endpoints (corner 49). */
  readonly endpointSlices: readonly EndpointSlice[];
}

/** What all of these have: their name, and where they stand in the input. */
interface Named {
  readonly ref: ObjectRef;
  readonly origin: Origin;
  readonly name: string;
}

interface Namespaced extends Named {
  readonly namespace: string;
}

/** An Ingress of networking.k8s.io/v1. Lists keep the order and the length of the text. */
export interface Ingress extends Namespaced {
  /** `spec.ingressClassName`. */
  readonly className: string | undefined;
  /** The annotation `kubernetes.io/ingress.class`, which is older than the field; some controllers still look at it first. */
  readonly annotatedClass: string | undefined;
  /** Where requests go that no rule takes. */
  readonly defaultBackend: IngressBackend | undefined;
  readonly tls: readonly IngressTls[];
  readonly rules: readonly IngressRule[];
}

/** A certificate for some hosts. No hosts: those that the controller takes from the certificate or the rules. */
export interface IngressTls {
  readonly hosts: readonly string[];
  readonly secretName: string | undefined;
}

/** `host` is a name, `*.` and a name for one label more, or `undefined` for every host. No paths: all go to the default backend. */
export interface IngressRule {
  readonly host: string | undefined;
  readonly paths: readonly IngressPath[];
}

/** `path` is `/` where it is left out, which only `ImplementationSpecific` allows. */
export interface IngressPath {
  readonly path: string;
  readonly pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  /** `undefined` in a stored object whose backend cannot be read. */
  readonly backend: IngressBackend | undefined;
}

/** A port of a Service by number or name, or some other object of the Ingress' namespace that its controller knows. */
export type IngressBackend =
  | { readonly kind: 'service'; readonly name: string; readonly port: number | string }
  | { readonly kind: 'resource'; readonly group: string; readonly resource: string; readonly name: string };

/** Which controller serves the Ingresses of a class. */
export interface IngressClass extends Named {
  /** As `k8s.io/ingress-nginx`; empty in a stored object without it. */
  readonly controller: string;
  /** The annotation `ingressclass.kubernetes.io/is-default-class`: Ingresses without a class are given this one. */
  readonly isDefault: boolean;
}

/** A Secret. Its values are in no answer, finding or document that podwall writes. */
export interface Secret extends Namespaced {
  /** `Opaque` where it is left out. */
  readonly type: string;
  /** What `kubernetes.io/tls` holds; `undefined` for other types, and where either value is missing. */
  readonly tls: TlsPair | undefined;
}

/** A certificate chain and its key as PEM, which cannot be shown by accident. */
export interface TlsPair {
  readonly certificate: SealedText;
  readonly key: SealedText;
}

/** Which controller serves the Gateways of a class. */
export interface GatewayClass extends Named {
  /** As `example.net/gateway-controller`. */
  readonly controller: string;
}

/** A Gateway of gateway.networking.k8s.io: listeners that routes attach themselves to. */
export interface Gateway extends Namespaced {
  readonly className: string;
  readonly listeners: readonly Listener[];
}

/** A port on which a Gateway takes connections. */
export interface Listener {
  readonly name: string;
  readonly port: number;
  /** HTTP, HTTPS, TLS, TCP or UDP; with a slash, one that only some implementation knows. */
  readonly protocol: string;
  /** A name, or `*.` and a name; `undefined` for every host. */
  readonly hostname: string | undefined;
  readonly tls: ListenerTls | undefined;
  readonly allowedNamespaces: AllowedNamespaces;
  /** The kinds that may attach; `undefined`: those that its protocol can carry. */
  readonly allowedKinds: readonly GroupKind[] | undefined;
}

/** `Passthrough` leaves the connection encrypted up to the backend. */
export interface ListenerTls {
  readonly mode: 'Terminate' | 'Passthrough';
  readonly certificates: readonly ObjectReference[];
}

/** From which namespaces routes may attach to a listener; `own` is the default, `Same`. */
export type AllowedNamespaces =
  | { readonly kind: 'own' }
  | { readonly kind: 'all' }
  | { readonly kind: 'selector'; readonly selector: LabelSelector }
  /** `None`, or a selector that cannot be read. */
  | { readonly kind: 'none' };

/** A kind by its group; the core group is empty. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** Another object, with its namespace filled in. */
export interface ObjectReference extends GroupKind {
  readonly namespace: string;
  readonly name: string;
}

/** The kinds of routes that attach to a Gateway. */
export type GatewayRouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute';

/** A route of gateway.networking.k8s.io, of any of its kinds. */
export interface GatewayRoute extends Namespaced {
  readonly kind: GatewayRouteKind;
  readonly parents: readonly ParentReference[];
  /** Empty: every host of the listeners; always empty for TCPRoute and UDPRoute. */
  readonly hostnames: readonly string[];
  readonly rules: readonly RouteRule[];
}

/** What a route attaches to: a Gateway, all of its listeners or those with this name or port. */
export interface ParentReference extends ObjectReference {
  readonly sectionName: string | undefined;
  readonly port: number | undefined;
}

/** `matches` is any of them; empty for TLSRoute, TCPRoute and UDPRoute, which match every connection. */
export interface RouteRule {
  readonly matches: readonly RouteMatch[];
  readonly filters: readonly RouteFilter[];
  readonly backends: readonly RouteBackend[];
}

/** What a request must have, all of it. A gRPC method is the path that HTTP/2 carries it in: `/package.Service/Method`. */
export interface RouteMatch {
  readonly path: {
    readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression' | (string & {});
    readonly value: string;
  };
  readonly method: string | undefined;
  readonly headers: readonly NameMatch[];
  readonly queryParams: readonly NameMatch[];
}

/** A header or parameter with a value, or one that a regular expression matches. */
export interface NameMatch {
  readonly type: 'Exact' | 'RegularExpression' | (string & {});
  readonly name: string;
  readonly value: string;
}

/** What happens to a request on the way. Those that only change it are of `kind` other. */
export type RouteFilter =
  /** A copy of the request goes to this backend as well. */
  | {
      readonly kind: 'mirror';
      readonly backend: ObjectReference & { readonly port: number | undefined };
      /** Where it is written. */
      readonly at: Path;
    }
  /** It is answered with another address, and goes to no backend. */
  | {
      readonly kind: 'redirect';
      readonly scheme: string | undefined;
      readonly hostname: string | undefined;
      readonly port: number | undefined;
      readonly statusCode: number;
      readonly path: { readonly type: string; readonly value: string } | undefined;
    }
  | { readonly kind: 'other'; readonly type: string };

/** A share of the requests; with weight 0 it gets none. */
export interface RouteBackend extends ObjectReference {
  readonly port: number | undefined;
  readonly weight: number;
}

/** Lets objects of other namespaces refer to objects of its own. */
export interface ReferenceGrant extends Namespaced {
  readonly from: readonly (GroupKind & { readonly namespace: string })[];
  /** Without a name, every object of the kind. */
  readonly to: readonly (GroupKind & { readonly name: string | undefined })[];
}

/** A Route of route.openshift.io/v1. */
export interface OpenShiftRoute extends Namespaced {
  /** `undefined`: the router makes one up. */
  readonly host: string | undefined;
  readonly path: string | undefined;
  /** `to`, then `alternateBackends`. */
  readonly backends: NonEmpty<RouteTarget>;
  /** The target port of the Service's endpoints, by number or name; `undefined`: every port of the Service. */
  readonly targetPort: number | string | undefined;
  readonly tls: RouteTls | undefined;
  /** `Subdomain`: every host of the domain that `host` is in. */
  readonly wildcardPolicy: 'None' | 'Subdomain';
}

/** A Service of the Route's namespace. */
export interface RouteTarget {
  readonly kind: string;
  readonly name: string;
  readonly weight: number;
}

/** `edge` ends TLS at the router, `reencrypt` begins it anew there, `passthrough` leaves it to the pod. */
export interface RouteTls {
  readonly termination: 'edge' | 'passthrough' | 'reencrypt';
  /** What becomes of requests without TLS. */
  readonly insecure: 'None' | 'Allow' | 'Redirect';
  /** Its own certificate; `undefined`: that of the router. */
  readonly pair: TlsPair | undefined;
}

/** Endpoints that someone keeps by hand, or another controller than Kubernetes' own (corner 49). */
export interface EndpointSlice extends Namespaced {
  /** The Service of the namespace that it belongs to; `undefined`: none, so nothing leads to it. */
  readonly service: string | undefined;
  /** Empty: no port is known, so it leads nowhere. */
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** `name` is that of the Service's port; `port` is `undefined` where every port is meant. */
export interface EndpointPort {
  readonly name: string | undefined;
  readonly protocol: Protocol;
  readonly port: number | undefined;
}

/** Where a connection may go to: a pod's address, or any other. */
export interface Endpoint {
  /** Empty where the addresses are names, which only DNS knows. */
  readonly addresses: readonly Address[];
  readonly ready: boolean;
  /** The pod of the slice's namespace that it is, if it says so. */
  readonly pod: string | undefined;
}

/** How the traffic of a Service of type NodePort or LoadBalancer comes in (corner 36). */
export interface ServiceEntrance {
  /** `Local` keeps the client's address; with `Cluster` an endpoint may see that of a node. */
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  /** Only clients from these are let in, where the platform does so; empty: all. */
  readonly sourceRanges: readonly Cidr[];
  readonly loadBalancerClass: string | undefined;
  /** Whether a port of every node is opened for it: always but for `allocateLoadBalancerNodePorts: false`. */
  readonly hasNodePorts: boolean;
  /** `status.loadBalancer.ingress`. */
  readonly loadBalancerAddresses: readonly Address[];
}

/** A cluster without entrances. */
export const noEntrances: Entrances = {
  ingresses: [],
  ingressClasses: [],
  secrets: [],
  gatewayClasses: [],
  gateways: [],
  gatewayRoutes: [],
  referenceGrants: [],
  openShiftRoutes: [],
  endpointSlices: [],
};
