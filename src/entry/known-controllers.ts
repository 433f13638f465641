import { parseCidr } from '../net/index.ts';
import type { AddressRange } from '../net/index.ts';

/** A controller that many clusters run: how its class names it, and how its pods are labelled. */
export interface KnownController {
  readonly name: string;
  /** `spec.controller` of IngressClasses and `spec.controllerName` of GatewayClasses; with `*` at the end, what begins so. */
  readonly controllers: readonly string[];
  /** What its class is called where nobody renamed it, for clusters whose classes are not in the input. */
  readonly classNames: readonly string[];
  /** The pods that send the requests on: any of these sets of labels, all of a set; an empty value is any value. */
  readonly pods: readonly Readonly<Record<string, string>>[];
  /** It is a load balancer of a cloud, outside the cluster; with the addresses it comes from where they are published. */
  readonly outside?: readonly string[];
  /** Where the labels or addresses are documented. */
  readonly source: string;
}

/**
 * Labels as the charts and manifests of the projects themselves set them. Who renames them names the controller by flag.
 */
export const knownControllers: readonly KnownController[] = [
  {
    name: 'ingress-nginx',
    controllers: ['k8s.io/ingress-nginx'],
    classNames: ['nginx'],
    pods: [{ 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' }],
    source: 'https://kubernetes.github.io/ingress-nginx/deploy/',
  },
  {
    name: 'NGINX Ingress Controller',
    controllers: ['nginx.org/ingress-controller'],
    classNames: ['nginx'],
    pods: [{ 'app.kubernetes.io/name': 'nginx-ingress' }, { app: 'nginx-ingress' }],
    source: 'https://docs.nginx.com/nginx-ingress-controller/installation/',
  },
  {
    name: 'NGINX Gateway Fabric',
    controllers: ['gateway.nginx.org/nginx-gateway-controller'],
    classNames: ['nginx'],
    pods: [
      { 'app.kubernetes.io/name': 'nginx-gateway-fabric' },
      { 'app.kubernetes.io/name': 'nginx-gateway' },
    ],
    source: 'https://docs.nginx.com/nginx-gateway-fabric/',
  },
  {
    name: 'Traefik',
    controllers: ['traefik.io/ingress-controller', 'traefik.io/gateway-controller'],
    classNames: ['traefik'],
    pods: [{ 'app.kubernetes.io/name': 'traefik' }],
    source: 'https://doc.traefik.io/traefik/getting-started/install-traefik/',
  },
  {
    name: 'HAProxy Ingress',
    controllers: ['haproxy-ingress.github.io/controller*'],
    classNames: ['haproxy'],
    pods: [{ 'app.kubernetes.io/name': 'haproxy-ingress' }],
    source: 'https://haproxy-ingress.github.io/docs/getting-started/',
  },
  {
    name: 'HAProxy Kubernetes Ingress Controller',
    controllers: ['haproxy.org/ingress-controller*'],
    classNames: ['haproxy'],
    pods: [{ 'app.kubernetes.io/name': 'kubernetes-ingress' }, { run: 'haproxy-ingress' }],
    source: 'https://www.haproxy.com/documentation/kubernetes-ingress/',
  },
  {
    name: 'Contour',
    controllers: ['projectcontour.io/*'],
    classNames: ['contour'],
    pods: [
      { app: 'envoy' },
      { 'app.kubernetes.io/name': 'contour', 'app.kubernetes.io/component': 'envoy' },
      { 'projectcontour.io/owning-gateway-name': '' },
    ],
    source: 'https://projectcontour.io/getting-started/',
  },
  {
    name: 'Envoy Gateway',
    controllers: ['gateway.envoyproxy.io/gatewayclass-controller'],
    classNames: ['eg', 'envoy', 'envoy-gateway'],
    pods: [{ 'gateway.envoyproxy.io/owning-gateway-name': '' }],
    source: 'https://gateway.envoyproxy.io/docs/',
  },
  {
    name: 'Istio',
    controllers: ['istio.io/ingress-controller', 'istio.io/gateway-controller'],
    classNames: ['istio'],
    pods: [{ istio: 'ingressgateway' }, { istio: 'ingress' }],
    source: 'https://istio.io/latest/docs/setup/additional-setup/gateway/',
  },
  {
    name: 'Kong',
    controllers: [
      'ingress-controllers.konghq.com/*',
      'konghq.com/kic-gateway-controller',
      'konghq.com/gateway-operator',
    ],
    classNames: ['kong'],
    pods: [{ 'app.kubernetes.io/name': 'kong' }, { app: 'proxy-kong' }, { app: 'ingress-kong' }],
    source: 'https://developer.konghq.com/kubernetes-ingress-controller/',
  },
  {
    name: 'OpenShift router',
    controllers: ['openshift.io/ingress-to-route', 'openshift.io/gateway-controller/v1'],
    classNames: ['openshift-default'],
    pods: [{ 'ingresscontroller.operator.openshift.io/deployment-ingresscontroller': '' }],
    source: 'https://docs.openshift.com/container-platform/latest/networking/ingress-operator.html',
  },
  {
    name: 'Emissary',
    controllers: ['getambassador.io/ingress-controller'],
    classNames: ['ambassador'],
    pods: [{ 'app.kubernetes.io/name': 'emissary-ingress' }, { 'app.kubernetes.io/name': 'ambassador' }],
    source: 'https://www.getambassador.io/docs/emissary/latest/topics/install/',
  },
  {
    name: 'Apache APISIX',
    controllers: ['apisix.apache.org/*'],
    classNames: ['apisix'],
    pods: [{ 'app.kubernetes.io/name': 'apisix' }],
    source: 'https://apisix.apache.org/docs/ingress-controller/getting-started/',
  },
  {
    name: 'AWS load balancer',
    controllers: ['ingress.k8s.aws/alb', 'gateway.k8s.aws/alb', 'gateway.k8s.aws/nlb'],
    classNames: ['alb'],
    pods: [],
    outside: [],
    source: 'https://kubernetes-sigs.github.io/aws-load-balancer-controller/',
  },
  {
    name: 'Google Cloud load balancer',
    controllers: ['networking.gke.io/gateway', 'k8s.io/ingress-gce'],
    classNames: ['gce', 'gke-l7-global-external-managed', 'gke-l7-regional-external-managed', 'gke-l7-gxlb'],
    pods: [],
    outside: ['35.191.0.0/16', '130.211.0.0/22'],
    source: 'https://cloud.google.com/load-balancing/docs/firewall-rules',
  },
  {
    name: 'Azure Application Gateway',
    controllers: ['azure/application-gateway'],
    classNames: ['azure-application-gateway', 'azure/application-gateway'],
    pods: [],
    outside: [],
    source: 'https://learn.microsoft.com/azure/application-gateway/ingress-controller-overview',
  },
];

/** The addresses that a load balancer outside comes from; `undefined`: they are not published, so any may be. */
export function publishedRanges(cidrs: readonly string[]): readonly AddressRange[] | undefined {
  if (cidrs.length === 0) return undefined;
  return cidrs.flatMap((text) => parseCidr(text)?.cidr ?? []);
}
