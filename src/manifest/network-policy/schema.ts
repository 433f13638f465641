import {
  int32,
  intOrString,
  labelSelectorSchema,
  list,
  objectMetaSchema,
  struct,
  text,
} from '../validate/index.ts';
import type { MetaObject, Schema, SelectorObject } from '../validate/index.ts';

/** A decoded networking.k8s.io/v1 NetworkPolicy: known fields of the right type, null elements as zero values. */
export interface PolicyObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: MetaObject;
  readonly spec?: SpecObject;
}

export interface SpecObject {
  readonly podSelector?: SelectorObject;
  readonly ingress?: readonly RuleObject[];
  readonly egress?: readonly RuleObject[];
  readonly policyTypes?: readonly string[];
}

/** A rule of either direction: only ingress rules have `from`, only egress rules `to`. */
export interface RuleObject {
  readonly ports?: readonly PortObject[];
  readonly from?: readonly PeerObject[];
  readonly to?: readonly PeerObject[];
}

export interface PortObject {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

export interface PeerObject {
  readonly podSelector?: SelectorObject;
  readonly namespaceSelector?: SelectorObject;
  readonly ipBlock?: IpBlockObject;
}

export interface IpBlockObject {
  readonly cidr?: string;
  readonly except?: readonly string[];
}

const peers = list(
  struct('a peer', {
    podSelector: labelSelectorSchema,
    namespaceSelector: labelSelectorSchema,
    ipBlock: struct('an ipBlock', { cidr: text, except: list(text) }),
  }),
);
const ports = list(struct('an entry of ports', { protocol: text, port: intOrString, endPort: int32 }));

/**
 * The fields of networking.k8s.io/v1 NetworkPolicy and their types.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
 */
export const networkPolicySchema: Schema = struct('a NetworkPolicy', {
  apiVersion: text,
  kind: text,
  metadata: objectMetaSchema,
  spec: struct('spec', {
    podSelector: labelSelectorSchema,
    ingress: list(struct('an ingress rule', { from: peers, ports })),
    egress: list(struct('an egress rule', { to: peers, ports })),
    policyTypes: list(text),
  }),
});
