import { distance } from 'fastest-levenshtein';
import { entryWords, serviceId } from '../entry/index.ts';
import { matches } from '../model/index.ts';
import type { Cluster, Pod, Service, Workload } from '../model/index.ts';
import {
  cidrOfRange,
  families,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  wholeFamily,
} from '../net/index.ts';
import type { Address, AddressRange, ParsedCidr } from '../net/index.ts';
import { entriesOf } from './entrance-access.ts';
import type { End } from './types.ts';

/** How operands are completed. */
export interface EndOptions {
  /** The namespace of operands that name none (`-n`); without it they are looked up in `default`. */
  readonly namespace?: string;
  /** Whether finished pods count, as in the profile `np-guard` (corner 46). Default: they do not. */
  readonly finished?: boolean;
}

/** Why an operand names no end. */
export interface EndProblem {
  readonly kind: 'problem';
  /**
   * `malformed`: no form of operand reads so. `unknown`: nothing of the input is called so. `ambiguous`: several kinds are.
   * `empty`: it exists and stands for no pod or node.
   */
  readonly reason: 'malformed' | 'unknown' | 'ambiguous' | 'empty';
  /** One sentence without final full stop; it quotes the operand. */
  readonly message: string;
  /** Operands that work: all meanings of an ambiguous one, the nearest of an unknown one. */
  readonly choices: readonly string[];
  /** What to write or to look at instead. */
  readonly hint: string | undefined;
}

/**
 * Finds what an operand stands for.
 *
 * The forms, in the order in which they are tried: `node`, `node/name`, `ingress/ns/name`, `gateway/ns/name` and `route/ns/name`, `internet`,
 * `key=value` and `key=` (pods by label), addresses, CIDRs and ranges, then `ns/name`, `ns/kind/name` with kubectl's
 * names of kinds, `ns/*`, `kind/name`, `name` and `ns`. So every id of the machine-readable answers is an operand.
 *
 * An address is the pod that has it, else the node, else the Service whose cluster IP it is (corner 35), else outside.
 * The address of a pod, node or Service asks about its family only (`family`). A CIDR with bits set after its length is
 * the block around it; the end's `note` says so, as of other irregular spellings. An id that ends in `+n` stands for its first range: the addresses of one ip peer are alike in all connections.
 *
 * A workload or namespace without pods is an end without pods.
 */
export function resolveEnd(cluster: Cluster, text: string, options: EndOptions = {}): End | EndProblem {
  const known = lookUp(cluster, options.finished === true);
  if (text === '') return malformed('an end is empty', undefined);
  if (text === 'internet') return { kind: 'outside', name: text, ranges: families.map(wholeFamily) };
  const parts = text.split('/');
  if (parts[0] === 'node' && parts.length <= 2) return resolveNode(known, text, parts[1]);
  // A namespace is written in lower case, so ingress/Deployment/nginx can only be the id of a workload.
  if (entryWords.has(parts[0] ?? '') && parts.length === 3 && parts[1] === parts[1]?.toLowerCase()) {
    const entry = resolveEntry(known, text, parts);
    if (entry !== undefined) return entry;
  }
  if (text.includes('=')) return resolveLabel(known, text, options.namespace);
  const block = parseBlock(text);
  if (block !== undefined) return resolveBlock(known, text, block);
  if (/^[0-9.]+(\/[0-9]*)?$/.test(text) || text.includes(':')) {
    return malformed(
      `${quote(text)} is no address and no CIDR`,
      text.includes(':') ? 'a port behind an IPv6 address needs brackets: [fd00::1]:udp/53' : undefined,
    );
  }
  if (parts.includes('')) return malformed(`${quote(text)} has an empty part`, forms);
  return resolveName(known, text, parts, options.namespace);
}

/** An operand with the port behind its colon taken off. */
export interface Target {
  readonly end: string;
  /** The text behind the colon; `undefined` when there is none. */
  readonly port: string | undefined;
}

/**
 * Parts `shop/db:5432` and `[fd00::1]:udp/53` into end and port.
 *
 * Without brackets a text with several colons is an IPv6 address: `fd00::1:80` has no port.
 */
export function splitTarget(text: string): Target {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed !== null) return { end: bracketed[1] ?? '', port: bracketed[2] };
  const colon = text.indexOf(':');
  if (colon < 0 || text.includes(':', colon + 1)) return { end: text, port: undefined };
  return { end: text.slice(0, colon), port: text.slice(colon + 1) };
}

const forms =
  'write shop/web, shop/deploy/web, shop/svc/web, shop/*, an address or CIDR, internet, node/name or app=web';

interface Kind {
  readonly kind: string;
  readonly group: string;
  readonly names: readonly string[];
}

// kubectl's singular, plural and short names; `kubectl api-resources` lists them.
const kinds: readonly Kind[] = [
  { kind: 'Pod', group: '', names: ['pod', 'pods', 'po'] },
  { kind: 'Deployment', group: 'apps', names: ['deployment', 'deployments', 'deploy'] },
  { kind: 'ReplicaSet', group: 'apps', names: ['replicaset', 'replicasets', 'rs'] },
  { kind: 'StatefulSet', group: 'apps', names: ['statefulset', 'statefulsets', 'sts'] },
  { kind: 'DaemonSet', group: 'apps', names: ['daemonset', 'daemonsets', 'ds'] },
  { kind: 'Job', group: 'batch', names: ['job', 'jobs'] },
  { kind: 'CronJob', group: 'batch', names: ['cronjob', 'cronjobs', 'cj'] },
  {
    kind: 'ReplicationController',
    group: '',
    names: ['replicationcontroller', 'replicationcontrollers', 'rc'],
  },
  { kind: 'Service', group: '', names: ['service', 'services', 'svc'] },
  { kind: 'Node', group: '', names: ['node', 'nodes', 'no'] },
  { kind: 'Namespace', group: '', names: ['namespace', 'namespaces', 'ns'] },
  { kind: 'Ingress', group: 'networking.k8s.io', names: ['ingress', 'ingresses', 'ing'] },
  { kind: 'Gateway', group: 'gateway.networking.k8s.io', names: ['gateway', 'gateways', 'gtw'] },
  { kind: 'Route', group: 'route.openshift.io', names: ['route', 'routes'] },
];

const kindByName: ReadonlyMap<string, string> = new Map(
  kinds.flatMap(({ kind, group, names }) =>
    names.flatMap((name): [string, string][] =>
      // `kubectl get -o name` writes the group behind the kind: deployment.apps/web.
      group === ''
        ? [[name, kind]]
        : [
            [name, kind],
            [`${name}.${group}`, kind],
          ],
    ),
  ),
);

/** One thing that a name stands for. `operand` names it and nothing else. */
interface Candidate {
  readonly kind: string;
  readonly operand: string;
  readonly end: () => End | EndProblem;
}

/** What operands are looked up in. Built once per cluster: an answer asks about several ends. */
interface Known {
  readonly cluster: Cluster;
  /** The pods that count. */
  readonly pods: readonly Pod[];
  readonly workloads: ByName<Workload>;
  /** Without the pods that are their own workload, and without those of a template that has no names for them. */
  readonly replicas: ByName<Pod>;
  readonly services: ByName<Service>;
}

const knownOf = { living: new WeakMap<Cluster, Known>(), all: new WeakMap<Cluster, Known>() };

function lookUp(cluster: Cluster, finished: boolean): Known {
  const cache = finished ? knownOf.all : knownOf.living;
  let known = cache.get(cluster);
  if (known === undefined) {
    const pods = finished ? [...cluster.pods, ...cluster.finishedPods] : cluster.pods;
    known = {
      cluster,
      pods,
      workloads: new ByName(finished ? withFinished(cluster) : cluster.workloads),
      replicas: new ByName(pods, (pod) => pod.id !== pod.workload),
      services: new ByName(cluster.services),
    };
    cache.set(cluster, known);
  }
  return known;
}

/** The workloads with their finished pods, also those that have no others. */
function withFinished(cluster: Cluster): Workload[] {
  const finished = Map.groupBy(cluster.finishedPods, (pod) => pod.workload);
  return [...cluster.workloads, ...cluster.finishedWorkloads].map((workload) => {
    const more = finished.get(workload.id);
    return more === undefined ? workload : { ...workload, pods: [...workload.pods, ...more] };
  });
}

/** Things by namespace and name: a question is about few namespaces, and only these are looked through for names. */
class ByName<T extends { readonly namespace: string; readonly name: string }> {
  readonly #things: readonly T[];
  readonly #counts: (thing: T) => boolean;
  readonly #known = new Map<string, ReadonlyMap<string, readonly T[]>>();

  constructor(things: readonly T[], counts: (thing: T) => boolean = () => true) {
    this.#things = things;
    this.#counts = counts;
  }

  /** All of them, by namespace and name. */
  *[Symbol.iterator](): Generator<readonly [string, ReadonlyMap<string, readonly T[]>], void> {
    const all = Map.groupBy(this.#things.filter(this.#counts), (thing) => thing.namespace);
    for (const [namespace, own] of all) yield [namespace, Map.groupBy(own, ({ name }) => name)];
  }

  /** What a namespace has, by name. */
  get(namespace: string): ReadonlyMap<string, readonly T[]> {
    let inside = this.#known.get(namespace);
    if (inside === undefined) {
      const found = new Map<string, T[]>();
      for (const thing of this.#things) {
        if (thing.namespace !== namespace || !this.#counts(thing)) continue;
        const same = found.get(thing.name);
        if (same === undefined) found.set(thing.name, [thing]);
        else same.push(thing);
      }
      this.#known.set(namespace, (inside = found));
    }
    return inside;
  }
}

function resolveName(
  known: Known,
  text: string,
  parts: readonly string[],
  given: string | undefined,
): End | EndProblem {
  const [first = '', second = '', third = ''] = parts;
  const home = given ?? 'default';
  if (
    parts.some((part, index) => part.includes('*') && !(index === 1 && parts.length === 2 && part === '*'))
  ) {
    return malformed(
      `${quote(text)} has a * that podwall cannot read`,
      'only a whole namespace is written with one: shop/*',
    );
  }
  let found: Candidate[];
  if (parts.length === 1) {
    found = candidates(known, home, first);
    // A name that was completed with -n is looked for there first of all; else a namespace is as good a reading.
    if (known.cluster.namespaces.has(first) && (given === undefined || found.length === 0)) {
      found = [namespaceCandidate(known, first), ...found];
    }
  } else if (parts.length === 2 && second === '*') {
    found = known.cluster.namespaces.has(first) ? [namespaceCandidate(known, first)] : [];
  } else if (parts.length === 2) {
    found = candidates(known, first, second);
    const kind = kindOf(known, home, first);
    if (kind !== undefined) found = [...found, ...candidatesOfKind(known, home, kind, second)];
  } else if (parts.length === 3) {
    const kind = kindOf(known, first, second);
    if (kind === undefined) return unknownKind(text, first, second, third);
    if (kind === 'Node' || kind === 'Namespace') {
      const operand = kind === 'Node' ? `node/${third}` : `${third}/*`;
      return malformed(`${quote(text)}: a ${kind} is in no namespace`, `write ${operand}`);
    }
    found = candidatesOfKind(known, first, kind, third);
  } else {
    return malformed(`${quote(text)} has too many parts`, forms);
  }
  const [only, ...others] = found;
  if (only === undefined) return unknownName(known, text, parts, home);
  if (others.length === 0) return only.end();
  return {
    kind: 'problem',
    reason: 'ambiguous',
    message: `${quote(text)} may be ${listOf(found.map((candidate) => candidate.operand))}`,
    choices: found.map((candidate) => candidate.operand),
    hint: 'write the one that is meant',
  };
}

/** The pods and workloads that are called `name` in `namespace`; Services only when asked for by kind. */
function candidates(known: Known, namespace: string, name: string): Candidate[] {
  return [
    ...(known.workloads.get(namespace).get(name) ?? []).map((workload) => workloadCandidate(known, workload)),
    ...(known.replicas.get(namespace).get(name) ?? []).map(podCandidate),
  ];
}

function candidatesOfKind(known: Known, namespace: string, kind: string, name: string): Candidate[] {
  switch (kind) {
    case 'Node':
      return known.cluster.nodes.has(name)
        ? [{ kind, operand: `node/${name}`, end: () => resolveNode(known, `node/${name}`, name) }]
        : [];
    case 'Namespace':
      return known.cluster.namespaces.has(name) ? [namespaceCandidate(known, name)] : [];
    case 'Ingress':
    case 'Gateway':
    case 'Route': {
      const operand = `${kind.toLowerCase()}/${namespace}/${name}`;
      const entry = entriesOf(known.cluster).entries.find(({ id }) => id === operand);
      return entry === undefined
        ? []
        : [{ kind, operand, end: () => ({ kind: 'entry', name: operand, entry }) }];
    }
    case 'Service':
      return (known.services.get(namespace).get(name) ?? []).map((service) => ({
        kind,
        operand: serviceId(service),
        end: () => serviceEnd(known, service),
      }));
    default:
      return candidates(known, namespace, name).filter((candidate) => candidate.kind === kind);
  }
}

function workloadCandidate(known: Known, workload: Workload): Candidate {
  return {
    kind: workload.kind,
    operand: workload.id,
    end: () => ({
      kind: 'pods',
      name:
        candidates(known, workload.namespace, workload.name).length > 1
          ? workload.id
          : `${workload.namespace}/${workload.name}`,
      pods: workload.pods,
    }),
  };
}

function podCandidate(pod: Pod): Candidate {
  return {
    kind: 'Pod',
    operand: `${pod.namespace}/Pod/${pod.name}`,
    end: () => ({ kind: 'pods', name: `${pod.namespace}/${pod.name}`, pods: [pod] }),
  };
}

function namespaceCandidate(known: Known, namespace: string): Candidate {
  return {
    kind: 'Namespace',
    operand: `${namespace}/*`,
    end: () => ({
      kind: 'pods',
      name: `${namespace}/*`,
      pods: known.pods.filter((pod) => pod.namespace === namespace),
    }),
  };
}

/** The kind that `word` names for kubectl, or that a workload of the namespace has (its owner may be of any kind). */
function kindOf(known: Known, namespace: string, word: string): string | undefined {
  const lower = word.toLowerCase();
  const common = kindByName.get(lower);
  if (common !== undefined) return common;
  for (const same of known.workloads.get(namespace).values()) {
    for (const { kind } of same) if (kind.toLowerCase() === lower) return kind;
  }
  return undefined;
}

function unknownKind(text: string, namespace: string, word: string, name: string): EndProblem {
  const close = nearest(word.toLowerCase(), [...kindByName.keys()], 1);
  return {
    kind: 'problem',
    reason: 'malformed',
    message: `${quote(text)}: ${quote(word)} is no kind of pod, workload or Service`,
    choices: close.map((kind) => `${namespace}/${kind}/${name}`),
    hint: 'the kinds are pod, deploy, sts, ds, rs, rc, job, cj and svc',
  };
}

/** The endpoints of a Service: the pods of its namespace that its selector matches (corner 49). */
function serviceEnd(known: Known, service: Service): End | EndProblem {
  const name = serviceId(service);
  const { selector } = service;
  if (service.type === 'ExternalName') {
    return empty(
      `${name} is an ExternalName: a name in DNS that has no endpoints of its own`,
      'name the address that it stands for',
    );
  }
  if (selector === undefined) {
    return empty(
      `${name} has no selector, so the input does not say which pods are its endpoints`,
      'name the pods or addresses that are kept as its endpoints',
    );
  }
  const pods = known.pods.filter(
    (pod) => pod.namespace === service.namespace && matches(selector, pod.labels),
  );
  if (pods.length === 0) {
    const wants = selector.requirements.map(({ key, values }) => `${key}=${values.join('|')}`).join(',');
    return empty(`${name} selects ${wants}, and no pod of ${service.namespace} has these labels`, undefined);
  }
  return { kind: 'service', name, service, pods };
}

function resolveNode(known: Known, text: string, name: string | undefined): End | EndProblem {
  if (name === undefined || name === '*') {
    const nodes = [...known.cluster.nodes.values()];
    if (nodes.length === 0) return empty('the input has no Node, and none of its pods names one', undefined);
    return { kind: 'nodes', name: 'node', nodes };
  }
  const node = known.cluster.nodes.get(name);
  if (node !== undefined) return { kind: 'nodes', name: `node/${name}`, nodes: [node] };
  const inNamespace = candidates(known, 'node', name).map((candidate) => candidate.operand);
  const close = nearest(name, [...known.cluster.nodes.keys()], 3).map((near) => `node/${near}`);
  return {
    kind: 'problem',
    reason: 'unknown',
    message: `the input has no Node ${quote(name)}`,
    choices: [...inNamespace, ...close],
    hint:
      inNamespace.length > 0
        ? `${text} is always a Node; of the namespace node write ${inNamespace.join(' or ')}`
        : undefined,
  };
}

const entryKinds: Readonly<Record<string, string>> = {
  ingress: 'Ingress',
  gateway: 'Gateway',
  route: 'Route',
};

/** `undefined`: there is no such entrance, and a namespace is called as its kind is. */
function resolveEntry(
  known: Known,
  text: string,
  [word = '', namespace = '', name = '']: readonly string[],
): End | EndProblem | undefined {
  const { entries } = entriesOf(known.cluster);
  const entry = entries.find(({ id }) => id === text);
  if (entry !== undefined) return { kind: 'entry', name: text, entry };
  const kind = kindByName.get(namespace);
  const inside =
    kind === undefined ? [] : candidatesOfKind(known, word, kind, name).map((candidate) => candidate.operand);
  if (word !== 'ingress' && inside.length > 0) return undefined;
  const ids = entries.flatMap(({ id }) => (id.startsWith(`${word}/`) ? [id.slice(word.length + 1)] : []));
  const close = nearest(`${namespace}/${name}`, ids, 3).map((near) => `${word}/${near}`);
  return {
    kind: 'problem',
    reason: 'unknown',
    message: `the input has no ${entryKinds[word] ?? word} ${quote(`${namespace}/${name}`)}`,
    choices: [...inside, ...close],
    hint:
      inside.length > 0
        ? `${text} is always an ${entryKinds[word] ?? word}; of the namespace ${word} write ${inside.join(' or ')}`
        : undefined,
  };
}

function resolveLabel(known: Known, text: string, namespace: string | undefined): End | EndProblem {
  const equals = text.indexOf('=');
  const key = text.slice(0, equals);
  const value = text.slice(equals + (text[equals + 1] === '=' ? 2 : 1));
  if (key === '' || key.endsWith('!') || value.includes('=')) {
    return malformed(`${quote(text)} is no label`, 'write key=value, or key= for the pods without the key');
  }
  const pods = known.pods.filter(
    (pod) =>
      (namespace === undefined || pod.namespace === namespace) &&
      (value === '' ? (pod.labels.get(key) ?? '') === '' : pod.labels.get(key) === value),
  );
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  if (pods.length > 0) return { kind: 'pods', name: `${key}=${value}${where}`, pods };
  const labels = new Set<string>();
  for (const pod of known.pods) {
    if (namespace !== undefined && pod.namespace !== namespace) continue;
    for (const label of pod.labels) labels.add(`${label[0]}=${label[1]}`);
  }
  return {
    kind: 'problem',
    reason: 'unknown',
    message:
      value === ''
        ? `every pod has the label ${key}${where}`
        : `no pod has the label ${quote(`${key}=${value}`)}${where}`,
    choices: value === '' ? [] : nearest(`${key}=${value}`, [...labels], 3),
    hint: undefined,
  };
}

interface Block {
  readonly range: AddressRange;
  /** One address, written without prefix. */
  readonly bare: boolean;
  /** What was read otherwise than written. */
  readonly note: string | undefined;
}

/** The address that was written is one of many in its block, and 010 is 8 to some: an answer has to say what was asked. */
function noteOf(text: string, { cidr, irregularities }: ParsedCidr): string | undefined {
  const asked = `asked is ${formatCidr(cidr)}`;
  if (irregularities.includes('host-bits')) return `${text} has bits set after its length: ${asked}`;
  if (irregularities.includes('leading-zeros') || irregularities.includes('prefix-leading-zeros')) {
    return `${text} has leading zeros, read as decimal: ${asked}`;
  }
  if (irregularities.includes('ipv4-mapped')) return `${text} is IPv4 in the spelling of IPv6: ${asked}`;
  return undefined;
}

function parseBlock(text: string): Block | undefined {
  const body = text.replace(/\+[0-9]+$/, '');
  if (body.length > 110) return undefined;
  const parsed = parseCidr(body);
  if (parsed !== undefined) {
    const { cidr } = parsed;
    return {
      range: { family: cidr.family, first: cidr.first, last: cidr.last },
      bare: false,
      note: noteOf(body, parsed),
    };
  }
  const dash = body.indexOf('-');
  const first = parseAddress(dash < 0 ? body : body.slice(0, dash));
  const last = dash < 0 ? first : parseAddress(body.slice(dash + 1));
  if (first === undefined || last === undefined || first.family !== last.family || first.value > last.value) {
    return undefined;
  }
  return {
    range: { family: first.family, first: first.value, last: last.value },
    bare: dash < 0,
    note: undefined,
  };
}

function resolveBlock(known: Known, text: string, { range, bare, note }: Block): End | EndProblem {
  if (range.first === range.last) {
    const { family } = range;
    const address: Address = { family, value: range.first };
    const has = ({ addresses }: { readonly addresses: readonly Address[] }): boolean =>
      addresses.some((own) => own.family === family && own.value === address.value);
    const owners = known.pods.filter(has);
    const pods = owners.filter((pod) => !pod.hostNetwork);
    const [pod] = pods;
    if (pod !== undefined && pods.length === 1)
      return { kind: 'pods', name: `${pod.namespace}/${pod.name}`, family, pods };
    if (pods.length > 1) {
      const choices = pods.map(({ namespace, name }) => `${namespace}/Pod/${name}`);
      return {
        kind: 'problem',
        reason: 'ambiguous',
        message: `${quote(text)} is the address of ${listOf(choices)}`,
        choices,
        hint: 'write the one that is meant',
      };
    }
    const node = [...known.cluster.nodes.values()].find(has);
    if (node !== undefined) return { kind: 'nodes', name: `node/${node.name}`, family, nodes: [node] };
    // The address of host-network pods whose Node is not in the input, or is there without addresses.
    if (owners.length > 0) return { kind: 'pods', name: formatAddress(address), family, pods: owners };
    // A cluster IP is rewritten to an endpoint's address before policies see it (corner 35). As a CIDR it is what an
    // ipBlock writes, and an id of a map: that stays an address.
    const service = bare
      ? known.cluster.services.find(({ clusterIPs }) => has({ addresses: clusterIPs }))
      : undefined;
    if (service !== undefined) {
      const end = serviceEnd(known, service);
      return end.kind === 'problem' ? end : { ...end, family };
    }
    if (bare) return { kind: 'outside', name: formatAddress(address), ranges: [range] };
  }
  const cidr = cidrOfRange(range);
  const ends = [range.first, range.last].map((value) => formatAddress({ family: range.family, value }));
  return {
    kind: 'outside',
    name: cidr === undefined ? ends.join('-') : formatCidr(cidr),
    ...(note === undefined ? {} : { note }),
    ranges: [range],
  };
}

function unknownName(known: Known, text: string, parts: readonly string[], home: string): EndProblem {
  const name = parts.at(-1) ?? '';
  const namespace = parts.length > 1 ? (parts[0] ?? '') : home;
  if (parts.length === 2 && name === '*') {
    return {
      kind: 'problem',
      reason: 'unknown',
      message: `the input has no namespace ${quote(namespace)}`,
      choices: nearest(namespace, [...known.cluster.namespaces.keys()], 3).map((near) => `${near}/*`),
      hint: undefined,
    };
  }
  const finished = known.cluster.finishedPods.find((pod) => pod.namespace === namespace && pod.name === name);
  if (finished !== undefined) {
    return empty(`${namespace}/${name} has finished, so it opens no connections and takes none`, undefined);
  }
  const completed = parts.length === 1 ? ` in namespace ${home}` : '';
  return {
    kind: 'problem',
    reason: 'unknown',
    message: `the input has nothing called ${quote(text)}${completed}`,
    choices: nearestEnds(known, namespace, name, parts.length === 1),
    hint:
      parts.length > 1 && !known.cluster.namespaces.has(namespace) && kindByName.get(namespace) === undefined
        ? `there is no namespace ${namespace} in the input`
        : undefined,
  };
}

const mostChoices = 5;

/** The operands that are spelled most like `namespace/name`, the best first; with `bare`, also namespaces. */
function nearestEnds(known: Known, namespace: string, name: string, bare: boolean): string[] {
  if (name.length > 253 || namespace.length > 253) return [];
  const { workloads, replicas, services } = known;
  const best: { readonly operand: string; readonly score: number }[] = [];
  const offer = (operand: string, score: number): void => {
    if (best.some((choice) => choice.operand === operand)) return;
    let at = best.length;
    while (at > 0 && (best[at - 1]?.score ?? 0) > score) at--;
    if (at < mostChoices) best.splice(at, 0, { operand, score });
    if (best.length > mostChoices) best.pop();
  };
  // Equal scores keep this order: a workload stands for its pods.
  const sources = [
    {
      index: workloads,
      operand: (inside: string, called: string, one: string) => (one === '' ? `${inside}/${called}` : one),
      extra: 0,
    },
    { index: replicas, operand: (inside: string, called: string) => `${inside}/${called}`, extra: 0.2 },
    { index: services, operand: (inside: string, called: string) => `${inside}/svc/${called}`, extra: 0.1 },
  ] as const;
  for (const { index, operand, extra } of sources) {
    for (const [inside, things] of index) {
      // A namespace that was only completed costs little: that it was meant is a guess.
      const away = inside === namespace ? 0 : bare ? 0.5 : Math.min(distance(inside, namespace), 2);
      for (const [called, same] of things) {
        const off = spelling(name, called);
        if (off === undefined) continue;
        const one = index === workloads && same.length > 1 ? (same[0] as Workload).id : '';
        offer(operand(inside, called, one), off + away + extra);
      }
    }
  }
  if (bare) {
    for (const called of known.cluster.namespaces.keys()) {
      const off = spelling(name, called);
      if (off !== undefined) offer(`${called}/*`, off + 0.3);
    }
  }
  return best.map((choice) => choice.operand);
}

/** The names that are spelled like `text`, none much worse than the best; at most `most`. Linear in their number. */
function nearest(text: string, names: Iterable<string>, most: number): string[] {
  const close: { readonly name: string; readonly score: number }[] = [];
  for (const name of names) {
    const score = spelling(text, name);
    if (score !== undefined) close.push({ name, score });
  }
  close.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  const best = close[0]?.score ?? 0;
  return close
    .filter(({ score }) => score < best + 1)
    .slice(0, most)
    .map(({ name }) => name);
}

/** How far `name` is from what was written, or `undefined` when nobody would take one for the other. */
function spelling(written: string, name: string): number | undefined {
  if (written.length > 400 || name.length > 400) return undefined;
  const a = written.toLowerCase();
  const b = name.toLowerCase();
  if (a === b) return 0;
  // The first part of a longer name, such as a pod's without its hash.
  if (a.length >= 3 && b.startsWith(a)) return 1.5;
  const allowed = Math.max(1, Math.floor(Math.max(a.length, 3) / 3));
  if (Math.abs(a.length - b.length) > allowed) return undefined;
  const apart = distance(a, b);
  // Letters that changed places are one slip.
  const off = apart === 2 && a.length === b.length && letters(a) === letters(b) ? 1 : apart;
  return off <= allowed ? off : undefined;
}

function letters(word: string): string {
  return word.split('').sort().join('');
}

function malformed(message: string, hint: string | undefined): EndProblem {
  return { kind: 'problem', reason: 'malformed', message, choices: [], hint };
}

function empty(message: string, hint: string | undefined): EndProblem {
  return { kind: 'problem', reason: 'empty', message, choices: [], hint };
}

function listOf(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}

function quote(text: string): string {
  return `"${text.length > 80 ? `${text.slice(0, 79)}…` : text}"`;
}
