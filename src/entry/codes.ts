import type { CodeDoc } from '../model/index.ts';

/** Diagnostic codes of where entrances lead, for `podwall help CODE`. None changes what is between pods. */
export const entryCodes: Readonly<Record<string, CodeDoc>> = {
  'backend-not-followed': {
    title: 'Where a backend leads is not known.',
    text: `The backend is no Service, or a Service that is only a name in DNS, or one whose endpoints are no pods of the input. What comes in there may reach something, and policies may have a say in it; this answer has none.`,
  },
  'backend-port-missing': {
    title: 'A backend names a port that its Service does not have.',
    text: `The port of a backend is that of the Service, by number or by name, not that of the pods; only a Route of OpenShift names the port of the pods. What comes in here leads nowhere.`,
    example: `kind: Service
spec:
  ports: [{name: http, port: 80, targetPort: 8080}]
---
backend: {service: {name: web, port: {number: 8080}}}   # write 80, or name: http`,
  },
  'backend-port-undeclared': {
    title: 'No pod of a backend declares the port that its Service leads to.',
    text: `Declaring a port opens nothing, and leaving it out closes nothing, so the connection counts as it is. Often, though, targetPort is a slip. The profile np-guard wants a declared port before it lets an entrance through.`,
  },
  'backend-port-unnamed': {
    title: 'A Service leads to a named port that no pod of it declares.',
    text: `targetPort is the name of a container's port, and is looked up in each pod. A pod that does not declare it is no endpoint, so what comes in here leads nowhere.`,
    example: `ports:
  - port: 80
    targetPort: http         # no container has a port called http`,
  },
  'backend-service-missing': {
    title: 'A backend names a Service that is not in the input.',
    text: `A backend is a Service of the same namespace; only routes of the Gateway API may name another. As long as there is none, what comes in here leads nowhere.`,
  },
  'backend-without-endpoints': {
    title: 'The Service of a backend leads to no pod.',
    text: `Its selector matches no pod of its namespace, or it has no selector and no EndpointSlices. What comes in here leads nowhere: controllers answer with 503.`,
  },
  'class-missing': {
    title: 'An Ingress has no class.',
    text: `Neither ingressClassName nor the annotation is there, and no IngressClass is the default. Some controllers take such Ingresses, many leave them alone.`,
    example: `spec:
  ingressClassName: nginx`,
  },
  'class-unknown': {
    title: 'An entrance names a class that is not in the input.',
    text: `The input has classes, but not this one, so no controller serves the entrance. The answer is what its controller would do if there were one.`,
  },
  'controller-assumed': {
    title: 'The controller of an entrance is not in the input.',
    text: `Policies see the pods of the controller, not those who ask it. Podwall finds them by the class of the entrance and the labels that the projects give them; here it found none. A pod without labels, in a namespace of its own, stands for the controller: policies that admit every pod admit it, policies that name the controller by labels do not.

Add the controller's pods and namespace to the input, or name it: --ingress-controller NAMESPACE/WORKLOAD.`,
  },
  'node-ports-open': {
    title: 'A Service limits the clients of its load balancer, and has node ports.',
    text: `loadBalancerSourceRanges are for connections to the load balancer's address. The same Service is served on a port of every node, where they do not hold: whoever can reach a node can use it.`,
    example: `spec:
  type: LoadBalancer
  loadBalancerSourceRanges: [192.0.2.0/24]
  allocateLoadBalancerNodePorts: false   # where the load balancer needs none`,
  },
  'listener-without-tls': {
    title: 'A listener for HTTPS or TLS says nothing of TLS.',
    text: `A listener of these protocols needs tls: the certificate that it answers with, or mode: Passthrough. The CRD lets it pass without, and controllers mark the listener as not valid and serve none of its routes. Podwall answers as if they served it.`,
    example: `listeners:
  - name: https
    port: 443
    protocol: HTTPS
    tls: {certificateRefs: [{name: shop-tls}]}`,
  },
  'reference-not-granted': {
    title: 'A reference to another namespace is not granted there.',
    text: `A route or Gateway may refer to Services and Secrets of another namespace only if a ReferenceGrant there lets it. Without one the reference leads nowhere.`,
    example: `apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: from-shop, namespace: back}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: "", kind: Service}]`,
  },
  'route-host-unserved': {
    title: 'A route is for hosts that no listener of its Gateway takes.',
    text: `A listener with a hostname takes requests for that host alone. A route that shares no host with it does not attach, and takes nothing in.`,
  },
  'route-not-allowed': {
    title: 'A listener does not take a route.',
    text: `allowedRoutes of a listener says from which namespaces routes may attach (its own, unless it says otherwise) and of which kinds (those that its protocol can carry). The route takes nothing in there.`,
    example: `listeners:
  - name: http
    port: 80
    protocol: HTTP
    allowedRoutes: {namespaces: {from: All}}`,
  },
  'route-without-parent': {
    title: 'A route names a Gateway or listener that does not exist.',
    text: `parentRefs name a Gateway, in the namespace of the route unless they say otherwise, and may name one of its listeners by sectionName or port. As long as there is none, the route takes nothing in.`,
  },
  'tls-secret-missing': {
    title: 'The certificate of an entrance is in a Secret that is not in the input.',
    text: `The Secret has to be in the namespace of the Ingress or Gateway. Without it, controllers answer with a certificate of their own, which no client trusts, or not at all.`,
  },
  'tls-secret-type': {
    title: 'The certificate of an entrance is in a Secret of another type.',
    text: `A certificate with its key is in a Secret of type kubernetes.io/tls, whose two values the server checks for. Some controllers take others that have tls.crt and tls.key.`,
  },
  'tls-secret-unknown': {
    title: 'An entrance has TLS, and the input holds no Secrets.',
    text: `Whether the certificate is there cannot be told. To leave Secrets out of a dump is good practice, and no answer about connections depends on them.`,
  },
};
