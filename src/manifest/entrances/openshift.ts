import { SealedText } from '../../model/index.ts';
import type { OpenShiftRoute, RouteTarget, RouteTls } from '../../model/index.ts';
import { describe, readMetadata } from '../objects/index.ts';
import type { Findings } from '../objects/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { Field } from './field.ts';
import { hostOf } from './hosts.ts';

/** A target gets this share where none is written. */
const usualWeight = 100;
const mostWeight = 256;

/**
 * Reads a Route of OpenShift; `undefined` when every server refuses it.
 *
 * @see https://docs.openshift.com/container-platform/latest/rest_api/network_apis/route-route-openshift-io-v1.html
 */
export function readOpenShiftRoute(findings: Findings, object: RawObject): OpenShiftRoute | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const spec = Field.root(findings, object).mapping('spec');
  const to = spec.mapping('to');
  if (!to.isThere) to.missing('This Route', 'write to: {kind: Service, name: …}');
  const first = to.isThere ? targetOf(to) : undefined;
  const others: RouteTarget[] = [];
  for (const field of spec.at('alternateBackends').items()) {
    const target = targetOf(field);
    if (target !== undefined) others.push(target);
  }
  const host = hostOf(spec.at('host'));
  const pathField = spec.at('path');
  const path = pathField.text();
  if (path !== undefined && !path.startsWith('/')) {
    pathField.refuse('path-invalid', `The path is ${describe(path)}, but has to begin with a slash`, {
      value: path,
    });
  }
  const targetPort = portOf(spec.mapping('port').at('targetPort'));
  const tlsField = spec.at('tls');
  const tls = tlsField.isThere ? tlsOf(tlsField) : undefined;
  const wildcardPolicy = spec.at('wildcardPolicy').oneOf(['None', 'Subdomain'] as const, 'None');
  if (findings.refusals !== before || first === undefined) return undefined;
  const { ref, origin } = object;
  const { namespace = 'default', name } = ref;
  return {
    ref,
    origin,
    namespace,
    name,
    host,
    path,
    backends: [first, ...others],
    targetPort,
    tls,
    wildcardPolicy,
  };
}

function targetOf(field: Field): RouteTarget | undefined {
  const kind = field.at('kind').text() ?? 'Service';
  const name = field.at('name').required('This target', 'write the name of a Service of the same namespace');
  const weightField = field.at('weight');
  const weight = weightField.integer() ?? usualWeight;
  if (weight < 0 || weight > mostWeight) {
    weightField.refuse('weight-invalid', `A weight is 0 to ${mostWeight}, not ${weight}`, { value: weight });
  }
  return name === undefined ? undefined : { kind, name, weight };
}

function portOf(field: Field): number | string | undefined {
  return typeof field.value === 'string' ? field.text() : field.port();
}

function tlsOf(field: Field): RouteTls | undefined {
  if (!isRecord(field.value)) {
    // What stands here instead may well be the key: it is not repeated.
    field.refuse('wrong-type', 'spec.tls must be a mapping');
    return undefined;
  }
  const termination = field.at('termination');
  if (!termination.isThere) termination.missing('tls of this Route', 'write edge, passthrough or reencrypt');
  const insecure = field.at('insecureEdgeTerminationPolicy');
  const { value: certificate } = field.at('certificate');
  const { value: key } = field.at('key');
  return {
    termination: termination.oneOf(['edge', 'passthrough', 'reencrypt'] as const, 'edge'),
    insecure: insecure.oneOf(['None', 'Allow', 'Redirect'] as const, 'None'),
    pair:
      typeof certificate === 'string' && typeof key === 'string' && certificate !== '' && key !== ''
        ? { certificate: new SealedText(certificate), key: new SealedText(key) }
        : undefined,
  };
}
