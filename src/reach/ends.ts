import { entryWords } from '../entry/index.ts';
import type { Cluster } from '../model/index.ts';
import { families, wholeFamily } from '../net/index.ts';
import { parseBlock, resolveBlock } from './ends-blocks.ts';
import {
  candidates,
  candidatesOfKind,
  kindByName,
  kindOf,
  lookUp,
  namespaceCandidate,
  resolveNode,
} from './ends-known.ts';
import type { Candidate, Known } from './ends-known.ts';
import { nearest, nearestEnds } from './ends-nearest.ts';
import { empty, listOf, malformed, quote } from './ends-problem.ts';
import type { EndProblem } from './ends-problem.ts';
import { entriesOf } from './entrance-access.ts';
import type { End } from './types.ts';

/** How operands are completed. */
export interface EndOptions {
  /** The namespace of operands that name none (`-n`); without it they are looked up in `default`. */
  readonly namespace?: string;
  /** Whether finished pods count, as in the profile `np-guard` (corner 46). Default: they do not. */
  readonly finished?: boolean;
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
