import type { Endpoint, EndpointPort, EndpointSlice } from '../../model/index.ts';
import type { Address } from '../../net/index.ts';
import { readMetadata, readProtocol } from '../objects/index.ts';
import type { Findings, PodReader } from '../objects/index.ts';
import type { RawObject } from '../raw.ts';
import { Field } from './field.ts';

const serviceLabel = 'kubernetes.io/service-name';

/** What reading of endpoints depends on. */
interface Readers {
  readonly findings: Findings;
  readonly pods: PodReader;
}

/**
 * Reads an EndpointSlice; `undefined` when every server refuses it.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
export function readEndpointSlice({ findings, pods }: Readers, object: RawObject): EndpointSlice | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const root = Field.root(findings, object);
  const type = root.at('addressType').required('This EndpointSlice', 'write IPv4, IPv6 or FQDN');
  const service = root.at('metadata').mapping('labels').at(serviceLabel).text();
  const ports = portsOf(findings, root.at('ports'));
  const endpoints = root
    .at('endpoints')
    .items()
    .map((field): Endpoint => {
      const addresses: Address[] = [];
      for (const each of field.at('addresses').texts()) {
        // Names are known to DNS alone.
        const address = type === 'FQDN' ? undefined : pods.address(object, each.value, each.path);
        if (address !== undefined) addresses.push(address);
      }
      // Unknown readiness counts as ready, as the API asks its readers to take it.
      const isReady = field.mapping('conditions').at('ready').value !== false;
      return { addresses, ready: isReady, pod: podOf(field) };
    });
  if (findings.refusals !== before) return undefined;
  const { ref, origin } = object;
  const { namespace = 'default', name } = ref;
  return { ref, origin, namespace, name, service, ports, endpoints };
}

/** Reads Endpoints, which have the name of their Service: each of their subsets is a slice. */
export function readEndpoints(
  { findings, pods }: Readers,
  object: RawObject,
): readonly EndpointSlice[] | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const { ref, origin } = object;
  const { namespace = 'default', name } = ref;
  const slices = Field.root(findings, object)
    .at('subsets')
    .items()
    .map((subset): EndpointSlice => {
      const ports = portsOf(findings, subset.at('ports'));
      const endpoints: Endpoint[] = [];
      for (const key of ['addresses', 'notReadyAddresses'] as const) {
        for (const field of subset.at(key).items()) {
          const ip = field.at('ip');
          const address = ip.isThere ? pods.address(object, ip.value, ip.path) : undefined;
          const addresses = address === undefined ? [] : [address];
          endpoints.push({ addresses, ready: key === 'addresses', pod: podOf(field) });
        }
      }
      return { ref, origin, namespace, name, service: name, ports, endpoints };
    });
  return findings.refusals === before ? slices : undefined;
}

function portsOf(findings: Findings, field: Field): readonly EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const each of field.items()) {
    const protocolField = each.at('protocol');
    const protocol = readProtocol(findings, each.object, protocolField.value, protocolField.path);
    if (protocol === undefined) continue;
    ports.push({ name: each.at('name').text(), protocol, port: each.at('port').port() });
  }
  return ports;
}

/** A pod of the same namespace that the endpoint says it is. */
function podOf(field: Field): string | undefined {
  const target = field.mapping('targetRef');
  return target.at('kind').text() === 'Pod' ? target.at('name').text() : undefined;
}
