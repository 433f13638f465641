import type {
  Direction,
  LabelSelector,
  NonEmpty,
  Tier,
  TierPeer,
  TierPods,
  TierPolicy,
  TierPortEntry,
  TierPorts,
  TierRule,
} from '../../model/index.ts';
import type { Cidr, Protocol } from '../../net/index.ts';
import type { CnpChannel, RawObject } from '../raw.ts';
import {
  isPortName,
  isPortNumber,
  isRecord,
  readCidr,
  readLabelSelector,
  selectsEverything,
} from '../validate/index.ts';
import { podFields } from './kinds.ts';
import type { PeerField, TierKind } from './kinds.ts';

/**
 * Reads a policy of policy.networking.k8s.io into the model, as well as it can be read.
 *
 * It reads what a server has after it dropped null values and fields that its CRD does not have. What is unreadable or
 * unknown fails closed: it selects nobody, or makes its rule deny (corners 20, 59 and 66).
 */
export function readTierPolicy(object: RawObject, kind: TierKind, channel: CnpChannel): TierPolicy {
  const spec = fieldsOf(object.value.spec);
  const tier = tierOf(spec, kind);
  const priority = kind.hasPriority ? integerOf(spec.priority) : undefined;
  const placed = tier !== undefined && (priority !== undefined || !kind.hasPriority);
  const rules = (direction: Direction): readonly TierRule[] => {
    const written = rulesOf(spec[direction], direction, kind, channel);
    // Where the policy stands among the others is not known, so none of its rules may admit anything.
    return placed ? written : written.map(closed);
  };
  return {
    ref: object.ref,
    origin: object.origin,
    kind: kind.kind,
    name: object.ref.name,
    tier: tier ?? 'admin',
    priority: kind.hasPriority ? (priority ?? 0) : undefined,
    subject: podsOf(spec.subject, kind),
    ingress: rules('ingress'),
    egress: rules('egress'),
  };
}

type Fields = Readonly<Record<string, unknown>>;

const noFields: Fields = {};
const everyPort: TierPorts = { kind: 'all' };
const unknownPeer: TierPeer = { kind: 'unknown' };
const unknownEntry: TierPortEntry = { kind: 'unknown' };
const denied: TierRule = { name: undefined, action: 'deny', peers: [unknownPeer], ports: everyPort };

function closed(rule: TierRule): TierRule {
  return { ...rule, peers: [unknownPeer] };
}

function fieldsOf(raw: unknown): Fields {
  return isRecord(raw) ? raw : noFields;
}

function tierOf(spec: Fields, { tier }: TierKind): Tier | undefined {
  if (tier !== 'spec') return tier;
  if (spec.tier === 'Admin') return 'admin';
  return spec.tier === 'Baseline' ? 'baseline' : undefined;
}

function integerOf(raw: unknown): number | undefined {
  return typeof raw === 'number' && Number.isInteger(raw) ? raw : undefined;
}

function rulesOf(
  raw: unknown,
  direction: Direction,
  kind: TierKind,
  channel: CnpChannel,
): readonly TierRule[] {
  if (raw === undefined || raw === null) return [];
  if (!Array.isArray(raw)) return [denied];
  const fields = direction === 'ingress' ? podFields : kind.egressPeers[channel];
  return (raw as readonly unknown[]).map((rule) => {
    if (!isRecord(rule)) return denied;
    const action = kind.actions.get(typeof rule.action === 'string' ? rule.action : '');
    const name = typeof rule.name === 'string' && rule.name !== '' ? rule.name : undefined;
    const ports = portsOf(rule[kind.ports], kind, channel);
    const peers = peersOf(rule[direction === 'ingress' ? 'from' : 'to'], fields, kind);
    return action === undefined
      ? { name, action: 'deny', peers: [unknownPeer], ports }
      : { name, action, peers, ports };
  });
}

/** The API has no "any peer" to be left out: without peers that can be read the rule fails closed (corner 61). */
function peersOf(raw: unknown, known: ReadonlySet<PeerField>, kind: TierKind): NonEmpty<TierPeer> {
  const [first, ...others] = Array.isArray(raw) ? (raw as readonly unknown[]) : [undefined];
  return [peerOf(first, known, kind), ...others.map((peer) => peerOf(peer, known, kind))];
}

function peerOf(raw: unknown, known: ReadonlySet<PeerField>, kind: TierKind): TierPeer {
  const peer = fieldsOf(raw);
  const present = [...known].filter((field) => isPresent(peer[field]));
  const [field] = present;
  if (field === undefined) return unknownPeer;
  // The API asks for exactly one field each (corner 63).
  if (present.length > 1) return unusable(`a peer has ${present.join(' and ')}`);
  switch (field) {
    case 'namespaces':
    case 'pods':
      return podsOf(peer, kind);
    case 'nodes': {
      const nodes = selectorOf(peer.nodes);
      return nodes === undefined ? unreadable('nodes') : { kind: 'nodes', nodes };
    }
    case 'networks':
      return networksOf(peer.networks);
    case 'domainNames':
      return domainNamesOf(peer.domainNames);
  }
}

/** A subject, or a peer that is `namespaces` or `pods` (corners 56, 63 and 66). */
function podsOf(raw: unknown, { namespacesOptional }: TierKind): TierPods {
  if (!isRecord(raw)) return unusable('the subject is missing');
  const { namespaces, pods } = raw;
  if (isPresent(namespaces)) {
    if (isPresent(pods)) return unusable('namespaces stands beside pods');
    const selector = selectorOf(namespaces);
    if (selector === undefined) return unreadable('namespaces');
    return { kind: 'pods', namespaces: selector, pods: undefined };
  }
  if (!isPresent(pods)) return unusable('neither namespaces nor pods is there');
  if (!isRecord(pods)) return unreadable('pods');
  // Null is dropped: no selector, and not the empty one.
  if (!isPresent(pods.podSelector)) return unusable('the podSelector is missing');
  if (!isPresent(pods.namespaceSelector) && !namespacesOptional) {
    return unusable('the namespaceSelector is missing');
  }
  const selector = selectorOf(pods.podSelector);
  if (selector === undefined) return unreadable('podSelector');
  const inside = selectorOf(pods.namespaceSelector);
  if (inside === undefined) return unreadable('namespaceSelector');
  return { kind: 'pods', namespaces: inside, pods: selector };
}

function networksOf(raw: unknown): TierPeer {
  const cidrs: Cidr[] = [];
  for (const text of Array.isArray(raw) ? (raw as readonly unknown[]) : []) {
    const parsed = typeof text === 'string' ? readCidr(text) : undefined;
    if (parsed === undefined) return unreadable('networks');
    cidrs.push(parsed.cidr);
  }
  return isNonEmpty(cidrs) ? { kind: 'networks', cidrs } : unreadable('networks');
}

function domainNamesOf(raw: unknown): TierPeer {
  const names: readonly unknown[] = Array.isArray(raw) ? raw : [];
  const texts = names.filter((name) => typeof name === 'string');
  return isNonEmpty(texts) && texts.length === names.length
    ? { kind: 'domainNames', names: texts }
    : unreadable('domainNames');
}

function portsOf(raw: unknown, kind: TierKind, channel: CnpChannel): TierPorts {
  if (!isPresent(raw)) return everyPort;
  if (!Array.isArray(raw)) return { kind: 'oneOf', ports: [unknownEntry] };
  const read = kind.ports === 'protocols' ? protocolOf : portOf;
  const entries = (raw as readonly unknown[]).map((entry) => read(fieldsOf(entry), kind.namesPorts[channel]));
  // CRDs before v0.1.6 stored empty lists. They say "no port in particular", as those that are left out do.
  return isNonEmpty(entries) ? { kind: 'oneOf', ports: entries } : everyPort;
}

const protocolFields: readonly (readonly [field: string, protocol: Protocol])[] = [
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
];

/** An entry of `protocols`, exactly one of tcp, udp, sctp and destinationNamedPort (corner 62). */
function protocolOf(entry: Fields): TierPortEntry {
  const present = protocolFields.filter(([field]) => isPresent(entry[field]));
  const [first] = present;
  if (isPresent(entry.destinationNamedPort)) {
    return first === undefined ? namedPort(entry.destinationNamedPort) : unknownEntry;
  }
  if (first === undefined || present.length > 1) return unknownEntry;
  const [field, protocol] = first;
  const at = entry[field];
  if (!isRecord(at)) return unknownEntry;
  const { destinationPort } = at;
  if (!isPresent(destinationPort)) return { kind: 'everyPort', protocol };
  if (!isRecord(destinationPort)) return unknownEntry;
  const { number, range } = destinationPort;
  if (isPresent(number)) return isPresent(range) ? unknownEntry : rangeOf(protocol, number, number);
  return isRecord(range) ? rangeOf(protocol, range.start, range.end) : unknownEntry;
}

/** An entry of `ports`, exactly one of portNumber, portRange and namedPort (corner 57). */
function portOf(entry: Fields, namesPorts: boolean): TierPortEntry {
  const { portNumber, portRange } = entry;
  const name = namesPorts ? entry.namedPort : undefined;
  if ([portNumber, portRange, name].filter(isPresent).length !== 1) return unknownEntry;
  if (isPresent(name)) return namedPort(name);
  const port = fieldsOf(portNumber ?? portRange);
  // The CRD fills in TCP, also for null.
  const protocol = port.protocol ?? 'TCP';
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') {
    return typeof protocol === 'string'
      ? { kind: 'nothing', reason: `there is no protocol ${JSON.stringify(protocol)}` }
      : unknownEntry;
  }
  return isPresent(portNumber)
    ? rangeOf(protocol, port.port, port.port)
    : rangeOf(protocol, port.start, port.end);
}

function rangeOf(protocol: Protocol, from: unknown, to: unknown): TierPortEntry {
  const [start, end] = [integerOf(from), integerOf(to)];
  if (start === undefined || end === undefined) return unknownEntry;
  if (!isPortNumber(start) || !isPortNumber(end)) return unknownEntry;
  return { kind: 'range', protocol, from: start, to: end };
}

/** Neither API asks anything of a name; one that no container port can have matches nothing (corners 57 and 62). */
function namedPort(raw: unknown): TierPortEntry {
  if (typeof raw !== 'string') return unknownEntry;
  if (isPortName(raw)) return { kind: 'named', name: raw };
  return {
    kind: 'nothing',
    reason: raw === '' ? 'the name of the port is empty' : 'no port can have this name',
  };
}

/**
 * A selector that the API stores without looking at what it asks for (corner 20).
 *
 * A null value of a label is dropped, and the label with it: in NetworkPolicy it is the empty value.
 */
function selectorOf(raw: unknown): LabelSelector | undefined {
  if (!isPresent(raw)) return selectsEverything;
  const labels = isRecord(raw) ? raw.matchLabels : undefined;
  const hasNull = isRecord(labels) && Object.values(labels).includes(null);
  const pruned =
    isRecord(raw) && hasNull
      ? {
          ...raw,
          matchLabels: Object.fromEntries(Object.entries(labels).filter(([, value]) => isPresent(value))),
        }
      : raw;
  return readLabelSelector(pruned, () => {});
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isNonEmpty<T>(items: readonly T[]): items is NonEmpty<T> {
  return items.length > 0;
}

function unreadable(what: string): { readonly kind: 'unusable'; readonly reason: string } {
  return unusable(`${what} cannot be read`);
}

function unusable(reason: string): { readonly kind: 'unusable'; readonly reason: string } {
  return { kind: 'unusable', reason };
}
