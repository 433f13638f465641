import type {
  AllowedNamespaces,
  Gateway,
  GatewayClass,
  GroupKind,
  Listener,
  ListenerTls,
  ObjectReference,
  ReferenceGrant,
} from '../../model/index.ts';
import { readMetadata, readSelector } from '../objects/index.ts';
import type { Findings } from '../objects/index.ts';
import type { RawObject } from '../raw.ts';
import { Field } from './field.ts';
import { hostOf } from './hosts.ts';

export const gatewayGroup = 'gateway.networking.k8s.io';

/** A CRD's server bounds its lists; a longer one is refused there as well. */
const mostListeners = 64;

/** Reads a GatewayClass; `undefined` when every server refuses it. */
export function readGatewayClass(findings: Findings, object: RawObject): GatewayClass | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const controller = Field.root(findings, object)
    .mapping('spec')
    .at('controllerName')
    .required('This GatewayClass', 'as in controllerName: example.net/gateway-controller');
  if (findings.refusals !== before || controller === undefined) return undefined;
  return { ref: object.ref, origin: object.origin, name: object.ref.name, controller };
}

/**
 * Reads a Gateway as its CRD validates it; `undefined` when every server refuses it.
 *
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#gateway
 */
export function readGateway(findings: Findings, object: RawObject): Gateway | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const spec = Field.root(findings, object).mapping('spec');
  const className = spec.at('gatewayClassName').required('This Gateway');
  const fields = spec.at('listeners').items();
  if (fields.length === 0) spec.at('listeners').missing('This Gateway', 'write at least one listener');
  if (fields.length > mostListeners) {
    spec
      .at('listeners')
      .refuse('list-too-long', `A Gateway has at most ${mostListeners} listeners, not ${fields.length}`);
  }
  const { ref, origin } = object;
  const { namespace = 'default', name } = ref;
  const names = new Set<string>();
  const listeners: Listener[] = [];
  for (const field of fields) {
    const listener = listenerOf(field, namespace);
    if (listener === undefined) continue;
    if (names.has(listener.name)) {
      field
        .at('name')
        .refuse('listener-twice', `Two listeners have the name ${listener.name}`, { value: listener.name });
    }
    const same = listeners.find(
      ({ port, protocol, hostname }) =>
        port === listener.port && protocol === listener.protocol && hostname === listener.hostname,
    );
    if (same !== undefined) {
      const host = listener.hostname === undefined ? '' : ` for ${listener.hostname}`;
      field.refuse(
        'listener-twice',
        `The listeners ${same.name} and ${listener.name} both take ${listener.protocol} on port ${listener.port}${host}`,
        {
          hint: 'routes of several applications attach to one listener; give them host names to tell them apart',
        },
      );
    }
    names.add(listener.name);
    listeners.push(listener);
  }
  if (findings.refusals !== before || className === undefined) return undefined;
  return { ref, origin, namespace, name, className, listeners };
}

function listenerOf(field: Field, namespace: string): Listener | undefined {
  const name = field.at('name').required('This listener');
  const portField = field.at('port');
  const port = portField.port();
  if (!portField.isThere) portField.missing('This listener');
  const protocol = field.at('protocol').required('This listener', 'write HTTP, HTTPS, TLS, TCP or UDP');
  const hostname = hostOf(field.at('hostname'));
  const tlsField = field.mapping('tls');
  const tls = tlsField.isThere ? tlsOf(tlsField, namespace) : undefined;
  if (protocol === 'HTTP' || protocol === 'TCP' || protocol === 'UDP') {
    if (tlsField.isThere) {
      tlsField.refuse('listener-invalid', `A listener of protocol ${protocol} has no TLS`, {
        hint: protocol === 'HTTP' ? 'write protocol: HTTPS' : 'write protocol: TLS, or leave tls out',
      });
    }
    if (protocol !== 'HTTP' && hostname !== undefined) {
      const message = `A listener of protocol ${protocol} cannot know a host name`;
      field.at('hostname').refuse('listener-invalid', message, { value: hostname });
    }
  }
  if (protocol === 'HTTPS' && tls?.mode === 'Passthrough') {
    tlsField.at('mode').refuse('listener-invalid', 'A listener of protocol HTTPS ends TLS itself', {
      value: 'Passthrough',
      hint: 'write protocol: TLS to pass the connection through, with a TLSRoute',
    });
  }
  const allowed = field.mapping('allowedRoutes');
  const allowedNamespaces = namespacesOf(allowed.mapping('namespaces'));
  const kinds = allowed.at('kinds').items();
  const allowedKinds: GroupKind[] = [];
  for (const kind of kinds) {
    const text = kind.at('kind').required('This entry of kinds');
    if (text !== undefined) allowedKinds.push({ group: groupOf(kind.at('group'), gatewayGroup), kind: text });
  }
  if (name === undefined || port === undefined || protocol === undefined) return undefined;
  return {
    name,
    port,
    protocol,
    hostname,
    tls,
    allowedNamespaces,
    allowedKinds: kinds.length === 0 ? undefined : allowedKinds,
  };
}

function tlsOf(field: Field, namespace: string): ListenerTls {
  const mode = field.at('mode').oneOf(['Terminate', 'Passthrough'] as const, 'Terminate');
  const certificates: ObjectReference[] = [];
  for (const each of field.at('certificateRefs').items()) {
    const reference = referenceOf(each, namespace, { group: '', kind: 'Secret' });
    if (reference !== undefined) certificates.push(reference);
  }
  if (mode === 'Terminate' && certificates.length === 0 && field.at('options').keys().length === 0) {
    field.refuse('listener-invalid', 'This listener ends TLS, and has no certificate', {
      hint: 'write certificateRefs: [{name: NAME-OF-A-SECRET}]',
    });
  }
  return { mode, certificates };
}

function namespacesOf(field: Field): AllowedNamespaces {
  const from = field.at('from').oneOf(['All', 'Selector', 'Same', 'None'] as const, 'Same');
  switch (from) {
    case 'All':
      return { kind: 'all' };
    case 'Selector': {
      const selector = readSelector(field.at('selector').value);
      if (selector !== undefined && field.at('selector').isThere) return { kind: 'selector', selector };
      field
        .at('selector')
        .warn('selector-unusable', 'This selector cannot be read, so it selects no namespace');
      return { kind: 'none' };
    }
    case 'None':
      return { kind: 'none' };
    case 'Same':
      return { kind: 'own' };
    default:
      return from satisfies never;
  }
}

/** The core group is written as the empty text, so an absent group is not the same as an empty one. */
export function groupOf(field: Field, otherwise: string): string {
  return field.value === '' ? '' : (field.text() ?? otherwise);
}

/** A reference to an object; `undefined` when it has no name, which has been said. */
export function referenceOf(
  field: Field,
  namespace: string,
  otherwise: GroupKind,
): ObjectReference | undefined {
  const group = groupOf(field.at('group'), otherwise.group);
  const kind = field.at('kind').text() ?? otherwise.kind;
  const name = field.at('name').required(`This reference to a ${kind}`);
  const own = field.at('namespace').text() ?? namespace;
  return name === undefined ? undefined : { group, kind, namespace: own, name };
}

/** Reads a ReferenceGrant; `undefined` when every server refuses it. */
export function readReferenceGrant(findings: Findings, object: RawObject): ReferenceGrant | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const spec = Field.root(findings, object).mapping('spec');
  const from = [];
  for (const entry of spec.at('from').items()) {
    const kind = entry.at('kind').required('This entry of from');
    const namespace = entry.at('namespace').required('This entry of from');
    if (kind === undefined || namespace === undefined) continue;
    from.push({ group: entry.at('group').text() ?? '', kind, namespace });
  }
  const to = [];
  for (const entry of spec.at('to').items()) {
    const kind = entry.at('kind').required('This entry of to');
    if (kind !== undefined)
      to.push({ group: entry.at('group').text() ?? '', kind, name: entry.at('name').text() });
  }
  if (findings.refusals !== before) return undefined;
  const { ref, origin } = object;
  const { namespace = 'default', name } = ref;
  return { ref, origin, namespace, name, from, to };
}
