import type { CodeDoc } from '../raw.ts';

/** Diagnostic codes of Ingresses, Gateways, routes and what they refer to, for `podwall help CODE`. */
export const entranceCodes: Readonly<Record<string, CodeDoc>> = {
  'backend-invalid': {
    title: 'A backend of an Ingress is not one that Kubernetes takes.',
    text: `A backend is either a Service of the same namespace with a port, by number or by name, or a resource that the controller knows; never both, and never neither. Every API server refuses the object, so it was left out.

serviceName and servicePort were the fields of v1beta1, which servers know no more since Kubernetes 1.22.`,
    example: `backend:
  service:
    name: web
    port: {number: 80}       # or name: http`,
  },
  'field-missing': {
    title: 'A field is missing that the API asks for.',
    text: `Every API server refuses the object without it, so it was left out and the answer is incomplete. The message names the field.`,
    example: `paths:
  - path: /
    backend: {service: {name: web, port: {number: 80}}}   # write pathType: Prefix, too`,
  },
  'host-invalid': {
    title: 'The host of an Ingress, Gateway or route is no DNS name.',
    text: `A host is a DNS name in lower case, or an asterisk, a dot and one: *.example.com, which stands for one label more. Neither scheme, port nor path belong to it, and an IP address is none. Every API server refuses the object, so it was left out. Without a host, all of them are meant.`,
    example: `rules:
  - host: https://shop.example.com   # write shop.example.com`,
  },
  'ingress-class-twice': {
    title: 'The class of an Ingress is set by the field and by the annotation.',
    text: `spec.ingressClassName replaced the annotation kubernetes.io/ingress.class, and a server refuses a new Ingress with both, so it was left out. Keep the field.`,
    example: `metadata:
  annotations:
    kubernetes.io/ingress.class: nginx   # remove it
spec:
  ingressClassName: nginx`,
  },
  'ingress-empty': {
    title: 'An Ingress has neither rules nor a default backend.',
    text: `Nothing could come in through it: every API server refuses the object, so it was left out.`,
  },
  'list-too-long': {
    title: 'A list is longer than the API takes.',
    text: `Every API server refuses the object, so it was left out. The message names the list and its limit.`,
  },
  'listener-invalid': {
    title: 'A listener of a Gateway has fields that do not go together.',
    text: `HTTP, TCP and UDP know no TLS; TCP and UDP know no host names; HTTPS ends TLS itself, for which it needs a certificate. The Gateway's CRD refuses the object, so it was left out.`,
    example: `listeners:
  - name: web
    port: 443
    protocol: HTTP           # write HTTPS
    tls: {certificateRefs: [{name: web-tls}]}`,
  },
  'listener-twice': {
    title: 'Two listeners of a Gateway have the same name, or take the same.',
    text: `Routes name the listener that they attach to, so each name stands once, and so does each port with protocol and host name, by which requests find theirs. The Gateway's CRD refuses the object, so it was left out.`,
  },
  'path-invalid': {
    title: 'A path of an Ingress or route is not one that Kubernetes takes.',
    text: `A path begins with a slash; those of type Exact and Prefix contain no empty, "." or ".." part and no encoded slash. Every API server refuses the object, so it was left out.`,
    example: `paths:
  - path: shop               # write /shop
    pathType: Prefix`,
  },
  'secret-value-invalid': {
    title: 'A value of a Secret with a certificate cannot be read.',
    text: `Values under data are base64, those under stringData are text as it is. Every API server refuses the object, so it was left out. Podwall shows no value of a Secret, and so no lines of it.`,
  },
  'secret-value-missing': {
    title: 'A Secret of type kubernetes.io/tls has no certificate or no key.',
    text: `It needs tls.crt and tls.key. Every API server refuses the object, so it was left out.`,
    example: `kind: Secret
type: kubernetes.io/tls
data:
  tls.crt: …                 # tls.key is missing`,
  },
  'selector-unusable': {
    title: 'A selector for namespaces cannot be read.',
    text: `It decides which namespaces may attach routes to a listener of a Gateway. As long as it cannot be read, it selects none.`,
  },
  'value-unknown': {
    title: 'A field has a word that the API does not know.',
    text: `Only the words of the hint may stand there; case matters. Every API server refuses the object, so it was left out.`,
    example: `paths:
  - path: /
    pathType: prefix         # write Prefix`,
  },
  'weight-invalid': {
    title: 'The weight of a backend is out of range.',
    text: `A weight says how large a share of the requests a backend gets, in proportion to the others; 0 is none. Every API server refuses the object, so it was left out.`,
  },
};
