/** The controllers whose templates podwall reads. */
export type ControllerKind =
  'Deployment' | 'ReplicaSet' | 'StatefulSet' | 'DaemonSet' | 'Job' | 'CronJob' | 'ReplicationController';

/** The kinds that lead into the cluster, and those that they refer to; read by `entrances/`. */
export type EntranceKind =
  | 'Ingress'
  | 'IngressClass'
  | 'Secret'
  | 'GatewayClass'
  | 'Gateway'
  | 'HTTPRoute'
  | 'GRPCRoute'
  | 'TLSRoute'
  | 'TCPRoute'
  | 'UDPRoute'
  | 'ReferenceGrant'
  | 'Route'
  | 'EndpointSlice'
  | 'Endpoints';

/** How an object that is not modelled says whom it affects. */
export type SubjectRule =
  /** Every workload of every namespace. */
  | 'everything'
  /** Every workload of the object's namespace. */
  | 'namespace'
  /** Pods of its namespace, by `spec.podSelector`, `spec.endpointSelector`, `spec.selector` or `spec.workloadSelector`. */
  | 'podSelector'
  | 'endpointSelector'
  | 'istioSelector'
  | 'workloadSelector'
  /** `spec.subject` of the kinds of policy.networking.k8s.io (corner 56). */
  /** Pods of every namespace, by `spec.endpointSelector`. */
  | 'clusterEndpointSelector'
  /** Every workload of the namespaces that `spec.namespaceSelector` selects. */
  | 'namespaceSelector'
  /** Nobody: an entry point, or a part that only other objects make something of. */
  | 'nobody';

/** A kind that decides about traffic and that podwall cannot answer for. */
export interface NotModelledRule {
  readonly effect: 'any' | 'closes' | 'none';
  readonly subject: SubjectRule;
  readonly namespaced: boolean;
}

/** What podwall does with a kind. */
export type KindRole =
  | { readonly role: 'pod' | 'service' | 'policy' | 'tierPolicy' | 'namespace' | 'node' }
  | { readonly role: 'controller'; readonly kind: ControllerKind }
  | { readonly role: 'entrance'; readonly kind: EntranceKind }
  | { readonly role: 'notModelled'; readonly rule: NotModelledRule }
  /** It decides nothing about traffic. */
  | { readonly role: 'fine' }
  /** No supported server knows it; a stored one (from a dump of an older server) is read as `like`. */
  | {
      readonly role: 'unserved';
      readonly apiVersion: string;
      readonly kind: string;
      readonly like: KindRole;
    };

const controller = (kind: ControllerKind): KindRole => ({ role: 'controller', kind });
const entrance = (kind: EntranceKind): KindRole => ({ role: 'entrance', kind });

interface Modelled {
  readonly apiVersion: string;
  readonly role: KindRole;
}

const rule = (
  effect: NotModelledRule['effect'],
  subject: SubjectRule,
  namespaced = true,
): NotModelledRule => ({ effect, subject, namespaced });

const tierGroup = 'policy.networking.k8s.io';
const tierPolicy = (version: string): Modelled => ({
  apiVersion: `${tierGroup}/${version}`,
  role: { role: 'tierPolicy' },
});

/** By kind: the one apiVersion that all supported servers (1.32 to 1.36), or all released CRDs of it, serve. */
const modelled: ReadonlyMap<string, Modelled> = new Map<string, Modelled>([
  ['Pod', { apiVersion: 'v1', role: { role: 'pod' } }],
  ['Namespace', { apiVersion: 'v1', role: { role: 'namespace' } }],
  ['Node', { apiVersion: 'v1', role: { role: 'node' } }],
  ['Service', { apiVersion: 'v1', role: { role: 'service' } }],
  ['ReplicationController', { apiVersion: 'v1', role: controller('ReplicationController') }],
  ['Deployment', { apiVersion: 'apps/v1', role: controller('Deployment') }],
  ['ReplicaSet', { apiVersion: 'apps/v1', role: controller('ReplicaSet') }],
  ['StatefulSet', { apiVersion: 'apps/v1', role: controller('StatefulSet') }],
  ['DaemonSet', { apiVersion: 'apps/v1', role: controller('DaemonSet') }],
  ['Job', { apiVersion: 'batch/v1', role: controller('Job') }],
  ['CronJob', { apiVersion: 'batch/v1', role: controller('CronJob') }],
  ['NetworkPolicy', { apiVersion: 'networking.k8s.io/v1', role: { role: 'policy' } }],
  ['ClusterNetworkPolicy', tierPolicy('v1alpha2')],
  ['AdminNetworkPolicy', tierPolicy('v1alpha1')],
  ['BaselineAdminNetworkPolicy', tierPolicy('v1alpha1')],
  ['Ingress', { apiVersion: 'networking.k8s.io/v1', role: entrance('Ingress') }],
  ['IngressClass', { apiVersion: 'networking.k8s.io/v1', role: entrance('IngressClass') }],
  ['Secret', { apiVersion: 'v1', role: entrance('Secret') }],
  ['Endpoints', { apiVersion: 'v1', role: entrance('Endpoints') }],
]);

/**
 * Kinds of other makers, by group: the versions that have the same fields. Of those in `discovery.k8s.io` v1beta1 is gone
 * since 1.25.
 */
const modelledElsewhere: ReadonlyMap<
  string,
  { versions: ReadonlySet<string>; kinds: ReadonlySet<EntranceKind> }
> = new Map([
  [
    'gateway.networking.k8s.io',
    {
      versions: new Set(['v1', 'v1beta1', 'v1alpha3', 'v1alpha2']),
      kinds: new Set<EntranceKind>([
        'GatewayClass',
        'Gateway',
        'HTTPRoute',
        'GRPCRoute',
        'TLSRoute',
        'TCPRoute',
        'UDPRoute',
        'ReferenceGrant',
      ]),
    },
  ],
  ['route.openshift.io', { versions: new Set(['v1']), kinds: new Set<EntranceKind>(['Route']) }],
  ['discovery.k8s.io', { versions: new Set(['v1']), kinds: new Set<EntranceKind>(['EndpointSlice']) }],
]);

const byLowerCase: ReadonlyMap<string, string> = new Map(
  [...modelled.keys()].map((kind) => [kind.toLowerCase(), kind]),
);

/** Everything that networking.k8s.io serves beside NetworkPolicy; another kind there is a slip of the pen. */
const networkingKinds: ReadonlySet<string> = new Set(['Ingress', 'IngressClass', 'IPAddress', 'ServiceCIDR']);

const entry = rule('none', 'nobody');
const clusterEntry = rule('none', 'nobody', false);
const calico: Readonly<Record<string, NotModelledRule>> = {
  NetworkPolicy: rule('any', 'namespace'),
  GlobalNetworkPolicy: rule('any', 'everything', false),
  HostEndpoint: rule('any', 'everything', false),
  // Staged policies are only looked at, never enforced.
  StagedNetworkPolicy: entry,
  StagedGlobalNetworkPolicy: clusterEntry,
  StagedKubernetesNetworkPolicy: entry,
  // Sets and tiers mean nothing without the policies that name them, and those are listed themselves.
  GlobalNetworkSet: clusterEntry,
  NetworkSet: entry,
  Tier: clusterEntry,
};
const gateway: Readonly<Record<string, NotModelledRule>> = {
  GatewayClass: clusterEntry,
  Gateway: entry,
  HTTPRoute: entry,
  GRPCRoute: entry,
  TLSRoute: entry,
  TCPRoute: entry,
  UDPRoute: entry,
  ReferenceGrant: entry,
  ListenerSet: entry,
  XListenerSet: entry,
};
const traefik: Readonly<Record<string, NotModelledRule>> = {
  IngressRoute: entry,
  IngressRouteTCP: entry,
  IngressRouteUDP: entry,
};

/** By group, then kind, whatever the version (corners 68 to 70). */
const notModelled: ReadonlyMap<string, ReadonlyMap<string, NotModelledRule>> = new Map(
  Object.entries<Readonly<Record<string, NotModelledRule>>>({
    'discovery.k8s.io': { EndpointSlice: entry },
    'gateway.networking.k8s.io': gateway,
    'gateway.networking.x-k8s.io': gateway,
    'route.openshift.io': { Route: entry },
    'projectcontour.io': { HTTPProxy: entry },
    'traefik.io': traefik,
    'traefik.containo.us': traefik,
    'projectcalico.org': calico,
    'crd.projectcalico.org': calico,
    'cilium.io': {
      CiliumNetworkPolicy: rule('any', 'endpointSelector'),
      CiliumClusterwideNetworkPolicy: rule('any', 'clusterEndpointSelector', false),
      CiliumLocalRedirectPolicy: rule('any', 'everything'),
      CiliumEgressGatewayPolicy: rule('any', 'everything', false),
      CiliumCIDRGroup: clusterEntry,
    },
    'crd.antrea.io': {
      NetworkPolicy: rule('any', 'namespace'),
      ClusterNetworkPolicy: rule('any', 'everything', false),
      Group: entry,
      ClusterGroup: clusterEntry,
      Tier: clusterEntry,
    },
    // A mesh can only refuse what the network admits (corner 70).
    'security.istio.io': {
      AuthorizationPolicy: rule('closes', 'istioSelector'),
      PeerAuthentication: rule('closes', 'istioSelector'),
      RequestAuthentication: rule('closes', 'istioSelector'),
    },
    'networking.istio.io': {
      Sidecar: rule('closes', 'workloadSelector'),
      EnvoyFilter: rule('closes', 'workloadSelector'),
      Gateway: entry,
      VirtualService: entry,
      // It names hosts outside the mesh, and closes nothing between pods.
      ServiceEntry: entry,
    },
    'policy.linkerd.io': {
      Server: rule('closes', 'podSelector'),
      ServerAuthorization: rule('closes', 'namespace'),
      AuthorizationPolicy: rule('closes', 'namespace'),
      HTTPRoute: rule('closes', 'namespace'),
    },
    'k8s.cni.cncf.io': { MultiNetworkPolicy: rule('any', 'podSelector') },
    'k8s.ovn.org': {
      UserDefinedNetwork: rule('any', 'namespace'),
      ClusterUserDefinedNetwork: rule('any', 'namespaceSelector', false),
      EgressFirewall: rule('any', 'namespace'),
    },
    'network.openshift.io': { EgressNetworkPolicy: rule('any', 'namespace') },
    'networking.gke.io': { FQDNNetworkPolicy: rule('any', 'podSelector') },
    'vpcresources.k8s.aws': { SecurityGroupPolicy: rule('any', 'podSelector') },
    'kuma.io': {
      MeshTrafficPermission: rule('any', 'everything'),
      TrafficPermission: rule('any', 'everything', false),
    },
    'consul.hashicorp.com': { ServiceIntentions: rule('any', 'everything') },
  }).map(([group, kinds]) => [group, new Map(Object.entries(kinds))]),
);

const unknownPolicy: NotModelledRule = rule('any', 'everything', false);
const fine: KindRole = { role: 'fine' };

/** `networking.k8s.io` of `networking.k8s.io/v1`; the core group is empty. `undefined` when it is no apiVersion. */
export function groupOf(apiVersion: string): string | undefined {
  const slash = apiVersion.indexOf('/');
  if (slash < 0) return '';
  const isOneSlash = apiVersion.indexOf('/', slash + 1) < 0;
  return isOneSlash && slash > 0 && slash < apiVersion.length - 1 ? apiVersion.slice(0, slash) : undefined;
}

/**
 * What to do with a kind, by group and kind, never by kind alone (corner 69).
 *
 * A group that Kubernetes itself serves knows no other kinds of these names; elsewhere a NetworkPolicy, or a Policy of a
 * group about networks, is taken to decide about traffic.
 */
export function classify(apiVersion: string, kind: string): KindRole {
  const known = modelled.get(kind);
  if (known !== undefined && known.apiVersion === apiVersion) return known.role;
  const group = groupOf(apiVersion);
  if (group !== undefined) {
    const elsewhere = modelledElsewhere.get(group);
    const version = apiVersion.slice(group.length + 1);
    if (elsewhere?.versions.has(version) === true) {
      for (const each of elsewhere.kinds) if (each === kind) return entrance(each);
    }
    const listed = notModelled.get(group)?.get(kind);
    if (listed !== undefined) return { role: 'notModelled', rule: listed };
  }
  const meant = byLowerCase.get(kind.toLowerCase());
  const like = meant === undefined ? undefined : modelled.get(meant);
  if (group === tierGroup && meant !== undefined && like?.role.role === 'tierPolicy') {
    return { role: 'unserved', apiVersion: like.apiVersion, kind: meant, like: like.role };
  }
  if (group === undefined || isBuiltIn(group)) {
    if (meant !== undefined && like !== undefined) {
      return { role: 'unserved', apiVersion: like.apiVersion, kind: meant, like: like.role };
    }
    if (group === 'networking.k8s.io' && !networkingKinds.has(kind)) {
      return { role: 'unserved', apiVersion, kind: 'NetworkPolicy', like: fine };
    }
    return fine;
  }
  // In a group that podwall knows, the other kinds with these words are reports and staged copies.
  const isNetworkPolicy = notModelled.has(group)
    ? kind.endsWith('NetworkPolicy')
    : kind.includes('NetworkPolicy') || (kind.includes('Policy') && group.includes('network'));
  return isNetworkPolicy ? { role: 'notModelled', rule: unknownPolicy } : fine;
}

/** Groups of Kubernetes itself: those without a dot, and networking.k8s.io. Others belong to their makers. */
function isBuiltIn(group: string): boolean {
  return !group.includes('.') || group === 'networking.k8s.io';
}
