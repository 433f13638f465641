import { decodePolicy } from './validate.ts';
import type { PolicyObject, PortObject, RuleObject } from './schema.ts';

/**
 * The object as the API server stores it: unknown fields dropped, null elements as zero values, defaults filled in
 * (corners 4, 6, 9 and 26). Of an invalid object, what could be decoded.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/v1/defaults.go
 */
export function defaultNetworkPolicy(value: unknown): PolicyObject {
  const policy = decodePolicy(value, [], () => {});
  const spec = policy.spec ?? {};
  const { ingress, egress, policyTypes = [] } = spec;
  return {
    ...policy,
    spec: {
      ...spec,
      podSelector: spec.podSelector ?? {},
      ...(ingress === undefined ? {} : { ingress: ingress.map(defaultRule) }),
      ...(egress === undefined ? {} : { egress: egress.map(defaultRule) }),
      policyTypes: policyTypes.length > 0 ? policyTypes : defaultTypes((egress ?? []).length > 0),
    },
  };
}

/** Ingress always, Egress only when there is an egress rule: an empty list is none (corner 4). */
function defaultTypes(hasEgress: boolean): readonly string[] {
  return hasEgress ? ['Ingress', 'Egress'] : ['Ingress'];
}

function defaultRule(rule: RuleObject): RuleObject {
  return rule.ports === undefined ? rule : { ...rule, ports: rule.ports.map(defaultPort) };
}

function defaultPort(port: PortObject): PortObject {
  return { ...port, protocol: port.protocol ?? 'TCP' };
}
