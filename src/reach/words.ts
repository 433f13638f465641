import type {
  Cluster,
  LabelSelector,
  NetworkPolicy,
  Peer,
  PortEntry,
  Requirement,
  Rule,
  TierPeer,
  TierPolicy,
  TierPortEntry,
  TierRule,
  Workload,
} from '../model/index.ts';
import { formatCidr, protocols } from '../net/index.ts';
import type { PortSet } from '../net/index.ts';

/** The first of a list, in words, and how many there are besides. */
function firstOf<T>(list: readonly T[], most: number, by: string, text: (one: T) => string): string {
  const shown = list.slice(0, most).map(text).join(by);
  return list.length > most ? `${shown}, and ${list.length - most} more` : shown;
}

/** What a requirement asks, as people write it: `app=backend`, `tier in (a, b)`, `!canary`. */
export function requirementText(requirement: Asked): string {
  return withValues(requirement, Infinity);
}

/** What of a requirement sentences speak of. */
type Asked = Pick<Requirement, 'key' | 'operator' | 'values'>;

function withValues({ key, operator, values }: Asked, most: number): string {
  switch (operator) {
    case 'In':
      return values.length === 1
        ? `${key}=${values[0]}`
        : `${key} in (${firstOf(values, most, ', ', (value) => value)})`;
    case 'NotIn':
      return values.length === 1
        ? `${key}!=${values[0]}`
        : `${key} notin (${firstOf(values, most, ', ', (value) => value)})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}

/** The same for a sentence: of many values the first few. */
function briefRequirementText(requirement: Requirement): string {
  return withValues(requirement, mostParts);
}

/** Requirements by comma; of many the first few. */
export function requirementsText(requirements: readonly Requirement[]): string {
  return firstOf(requirements, mostParts, ', ', briefRequirementText);
}

/** The requirements of a selector, by comma; of many the first few. */
export function selectorText(selector: LabelSelector): string {
  return requirementsText(selector.requirements);
}

/** A sentence names this many requirements, values or excepts of one entry. */
const mostParts = 5;

/** A sentence names this many peers, and this many ports, of one rule. */
const mostPeers = 3;
const mostPorts = 8;

/** Whom a peer entry means, in words; of long lists the first few. */
export function peerText(peer: Peer, policy: NetworkPolicy): string {
  if (peer.kind === 'ipBlock') {
    if (peer.except.length === 0) return formatCidr(peer.cidr);
    return `${formatCidr(peer.cidr)} except ${firstOf(peer.except, mostParts, ', ', formatCidr)}`;
  }
  const pods =
    peer.pods === undefined || peer.pods.requirements.length === 0
      ? 'all pods'
      : `pods with ${selectorText(peer.pods)}`;
  if (peer.namespaces === 'own') return pods === 'all pods' ? `all pods of ${policy.namespace}` : pods;
  if (peer.namespaces.requirements.length === 0) return `${pods} of every namespace`;
  return `${pods} in namespaces with ${selectorText(peer.namespaces)}`;
}

/** Whom a rule means, in words; of many peers the first few. */
export function peersText(rule: Rule, policy: NetworkPolicy): string {
  if (rule.peers.kind === 'any') return 'everyone';
  return firstOf(rule.peers.peers, mostPeers, ' or ', (peer) => peerText(peer, policy));
}

/** How sentences name a policy of a tier: `ClusterNetworkPolicy tenants`. */
export function tierPolicyName({ kind, name }: Pick<TierPolicy, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}

/** Whom a rule of a tier means, in words; of many peers the first few. */
export function tierPeersText({ peers }: TierRule): string {
  return firstOf(peers, mostPeers, ' or ', tierPeerText);
}

function tierPeerText(peer: TierPeer): string {
  switch (peer.kind) {
    case 'pods': {
      const { namespaces, pods } = peer;
      const where =
        namespaces.requirements.length === 0
          ? 'every namespace'
          : `namespaces with ${selectorText(namespaces)}`;
      return pods === undefined || pods.requirements.length === 0
        ? where
        : `pods with ${selectorText(pods)} in ${where}`;
    }
    case 'networks':
      return firstOf(peer.cidrs, mostParts, ', ', formatCidr);
    case 'nodes':
      return peer.nodes.requirements.length === 0 ? 'every node' : `nodes with ${selectorText(peer.nodes)}`;
    case 'domainNames':
      return firstOf(peer.names, mostParts, ', ', (name) => name);
    case 'unusable':
    case 'unknown':
      return 'what is not known';
  }
}

/** The ports of a rule of a tier, in words; of many the first few. */
export function tierPortsText({ ports }: TierRule): string {
  return ports.kind === 'all' ? 'every port' : firstOf(ports.ports, mostPorts, ', ', tierPortText);
}

function tierPortText(entry: TierPortEntry): string {
  switch (entry.kind) {
    case 'everyPort':
    case 'range':
      return portEntryText(entry);
    case 'named': // corner 57: a name alone, whatever the protocol
      return `the port ${entry.name}`;
    case 'nothing':
      return 'no port';
    case 'unknown':
      return 'what is not known';
  }
}

/** `TCP 8080`, `UDP 53, TCP 80 and 8000-8080`, `every port`, `no port`. */
export function portsText(set: PortSet): string {
  if (set.isAll) return 'every port';
  const parts: string[] = [];
  for (const protocol of protocols) {
    const ranges = set.ranges(protocol);
    if (ranges.length === 0) continue;
    const everyPort = ranges.length === 1 && ranges[0]!.from === 1 && ranges[0]!.to === 65535;
    const list = ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
    const shown = list.length > 8 ? [...list.slice(0, 8), `and ${list.length - 8} more`] : list;
    parts.push(everyPort ? `every ${protocol} port` : `${protocol} ${shown.join(', ')}`);
  }
  if (set.other) parts.push('other protocols');
  return parts.length === 0 ? 'no port' : parts.join(', ');
}

/** One entry of `ports`, in words. */
export function portEntryText(entry: PortEntry): string {
  switch (entry.kind) {
    case 'everyPort':
      return `every ${entry.protocol} port`;
    case 'range':
      return `${entry.protocol} ${entry.from === entry.to ? entry.from : `${entry.from}-${entry.to}`}`;
    case 'named':
      return `${entry.protocol} ${entry.name}`;
  }
}

/** The ports of a rule, in words; of many the first few. */
export function rulePortsText(rule: Rule): string {
  return rule.ports.kind === 'all' ? 'every port' : firstOf(rule.ports.ports, mostPorts, ', ', portEntryText);
}

/** `app/web` for a pod or workload, or the id where two kinds of a namespace share the name. */
export function shortName(cluster: Cluster, id: string): string {
  const [namespace = '', , name, more] = id.split('/');
  if (name === undefined || more !== undefined) return id;
  const twins = namesOf(cluster, namespace).get(name) ?? 0;
  return twins > 1 ? id : `${namespace}/${name}`;
}

/** By list of workloads and namespace: how many pods and workloads bear a name. */
const knownNames = new WeakMap<readonly Workload[], Map<string, ReadonlyMap<string, number>>>();

/** The names of one namespace alone: a question is about few, and a large cluster has very many. */
function namesOf({ workloads }: Cluster, namespace: string): ReadonlyMap<string, number> {
  let known = knownNames.get(workloads);
  if (known === undefined)
    knownNames.set(workloads, (known = new Map<string, ReadonlyMap<string, number>>()));
  let counts = known.get(namespace);
  if (counts === undefined) {
    const found = new Map<string, number>();
    const count = (name: string): void => {
      found.set(name, (found.get(name) ?? 0) + 1);
    };
    for (const workload of workloads) {
      if (workload.namespace !== namespace) continue;
      count(workload.name);
      for (const pod of workload.pods) if (pod.id !== workload.id) count(pod.name);
    }
    known.set(namespace, (counts = found));
  }
  return counts;
}
