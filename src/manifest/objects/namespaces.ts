import type { ClusterNode, Namespace } from '../../model/index.ts';
import { formatAddress } from '../../net/index.ts';
import type { Address } from '../../net/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { listAt, mappingAt } from './findings.ts';
import type { Findings } from './findings.ts';
import { namespaceNameLabel } from './labels.ts';
import type { LabelReader } from './labels.ts';
import { readMetadata } from './metadata.ts';
import type { PodReader } from './pods.ts';

/** Reads a Namespace; `undefined` when every API server refuses it. */
export function readNamespace(
  findings: Findings,
  labels: LabelReader,
  object: RawObject,
): Namespace | undefined {
  const before = findings.refusals;
  const metadata = readMetadata(findings, object, 'label');
  const written = labels.read(object, metadata.labels, ['metadata', 'labels']);
  if (findings.refusals !== before) return undefined;
  const { name } = object.ref;
  const given = written.get(namespaceNameLabel);
  if (given !== undefined && given !== name) {
    // The server sets it, and lets nobody change it (corner 22).
    findings.warn(
      object,
      'namespace-name-label',
      ['metadata', 'labels', namespaceNameLabel],
      `The label ${namespaceNameLabel} of namespace ${name} is always ${name}`,
      { value: given, hint: 'leave it out: the server sets it' },
    );
  }
  return {
    name,
    labels: labels.intern(new Map(written).set(namespaceNameLabel, name)),
    origin: object.origin,
  };
}

/** A namespace of which only the name is known (corner 22). */
export function mentionedNamespace(name: string): Namespace {
  return { name, labels: new Map([[namespaceNameLabel, name]]), origin: undefined };
}

/** Reads a Node; `undefined` when every API server refuses it. */
export function readNode(
  findings: Findings,
  labels: LabelReader,
  pods: PodReader,
  object: RawObject,
): ClusterNode | undefined {
  const before = findings.refusals;
  const metadata = readMetadata(findings, object);
  const written = labels.read(object, metadata.labels, ['metadata', 'labels']);
  const status = mappingAt(findings, object, object.value.status, ['status']);
  // The internal addresses come first: they are those that the kubelet gives to host-network pods.
  const addresses: { readonly InternalIP: Address[]; readonly ExternalIP: Address[] } = {
    InternalIP: [],
    ExternalIP: [],
  };
  const seen = new Set<string>();
  const list = listAt(findings, object, status?.addresses, ['status', 'addresses']);
  for (const [i, entry] of list.entries()) {
    // Entries of type Hostname and DNS are no addresses, also when they look like one (corner 63).
    if (!isRecord(entry) || (entry.type !== 'InternalIP' && entry.type !== 'ExternalIP')) continue;
    const address = pods.address(object, entry.address, ['status', 'addresses', i, 'address']);
    if (address === undefined) continue;
    const text = formatAddress(address);
    if (seen.has(text)) continue;
    seen.add(text);
    addresses[entry.type].push(address);
  }
  if (findings.refusals !== before) return undefined;
  return {
    name: object.ref.name,
    labels: written,
    addresses: [...addresses.InternalIP, ...addresses.ExternalIP],
    origin: object.origin,
  };
}
