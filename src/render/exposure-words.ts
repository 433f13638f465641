import type { Closed, Coverage, Exposed, ExposedPart, ExposureKind, NamedPorts } from '../exposure/index.ts';
import type { Direction } from '../model/index.ts';
import { addressesText } from './names.ts';
import { portsText } from './ports.ts';
import { count, listed, number, percent, visible } from './text.ts';

/** Names of namespaces that stand in one cell. */
const mostNames = 3;
const nameLabel = 'kubernetes.io/metadata.name';

/** Whom an entry of an exposure means: `any pod in any namespace`, `pods with app=web in shop`, `internet`. */
export function peerText(peer: Exposed): string {
  switch (peer.kind) {
    case 'ip':
      return visible(addressesText(peer.ranges));
    case 'entry':
      return visible(peer.id);
    case 'nodes':
      return peer.nodes.length === 1 ? `node ${visible(peer.nodes[0]!)}` : `nodes ${names(peer.nodes)}`;
    case 'pods': {
      const family = peer.family === undefined ? '' : `, ${peer.family} only`;
      return `${podsText(peer.pods)} ${namespacesText(peer.namespaces)}${atText(peer.addresses)}${family}`;
    }
  }
}

/** `any pod`, `pods with app=web`. */
export function podsText(selector: string): string {
  return selector === '' ? 'any pod' : `pods with ${visible(selector)}`;
}

/** `, at 10.0.0.0/8`, `, at IPv4 except 10.0.0.0/8`: addresses of pods are not the internet's. */
function atText(ranges: readonly (readonly [string, string])[] | undefined): string {
  if (ranges === undefined) return '';
  return `, at ${visible(addressesText(ranges).replaceAll(/internet \((IPv[46])\)/g, '$1'))}`;
}

function namespacesText({
  new: fresh,
  existing,
  also = [],
  except = [],
}: Extract<Exposed, { kind: 'pods' }>['namespaces']): string {
  if (fresh === undefined) return `in ${existing === 'all' ? 'any namespace that exists' : names(existing)}`;
  const but = except.length === 0 ? '' : ` but ${names(except)}`;
  const and = also.length === 0 ? '' : ` and in ${names(also)}`;
  if (fresh === '') return `in any namespace${but}`;
  const name = new RegExp(`^${nameLabel.replaceAll('.', String.raw`\.`)}=([^,]*)$`).exec(fresh);
  const isNew = existing !== 'all' && existing.length === also.length;
  if (name !== null) return `in a new namespace ${visible(name[1]!)}${and}`;
  return `in ${isNew ? 'new namespaces' : 'namespaces'} with ${visible(fresh)}${but}${and}`;
}

function names(list: readonly string[]): string {
  return listed(list.map(visible), mostNames);
}

/**
 * What may be used: `TCP 5432`; `TCP http` where the pod names its ports, `TCP but metrics` where it must not; `, ambiguous` where
 * that depends on which of several policies of equal priority is applied.
 */
export function usableText(peer: ExposedPart | Exposed): string {
  const { allowed, named = [] } = peer;
  const numbers = portsText(allowed, mostRanges);
  const ofNames = namedTexts(named);
  // All protocols that have ports but for some names, and those that have none.
  const isAll = allowed !== 'all' && allowed.other === true && Object.keys(allowed).length === 1;
  const whole = isAll
    ? ofNames.findIndex((text) => text.startsWith(`${protocolsInOrder.join('+')} but `))
    : -1;
  const texts =
    whole >= 0
      ? ofNames.toSpliced(whole, 1, ofNames[whole]!.replace(/^\S+/, 'all'))
      : [...(numbers === 'none' && named.length > 0 ? [] : [numbers]), ...ofNames];
  return texts.join('; ') + ('ambiguous' in peer ? ', ambiguous' : '');
}

const mostRanges = 6;

/** One text for each combination of names, of the protocols together that have the same. */
function namedTexts(named: readonly NamedPorts[]): readonly string[] {
  const groups = Map.groupBy(
    named,
    ({ names: all, without = [], within }) =>
      `${all.join()}!${without.join()}${within === undefined ? '' : JSON.stringify(within)}`,
  );
  return [...groups.values()].map((alike) => {
    const { names: all, without = [], within } = alike[0]!;
    const own = protocolsInOrder.filter((each) => alike.some(({ protocol }) => protocol === each));
    const ports = [
      own.join('+'),
      ...(all.length === 0 ? [] : [all.map(visible).join(' and ')]),
      ...(within === undefined ? [] : [`among ${portsText(within, mostRanges).replace(/^\w+ /, '')}`]),
      ...(without.length === 0 ? [] : [`but ${without.map(visible).join(' and ')}`]),
    ];
    return ports.join(' ');
  });
}

/** The most used first. */
const protocolsInOrder: readonly NamedPorts['protocol'][] = ['TCP', 'UDP', 'SCTP'];

/** What namespaces take away of an entry, one sentence each, without full stops. */
export function narrowedTexts(peer: Exposed, direction: Direction): readonly string[] {
  const { between } = peer;
  const disagreeing =
    between === undefined || between.length === 0 ? '' : ` (${listed(between.map(visible), 4)})`;
  const open =
    peer.ambiguous === true
      ? [`ambiguous: policies of equal priority disagree${disagreeing}, and any of them may be applied`]
      : [];
  if (peer.kind !== 'pods') return open;
  const { closedByOwn, partlyByOwn, closed, partly } = peer.namespaces;
  const which = direction === 'ingress' ? 'egress' : 'ingress';
  const texts: string[] = [...open];
  if (closedByOwn > 0) {
    const where = closed === undefined ? count(closedByOwn, 'namespace') : listed(closed.map(visible), 6);
    texts.push(`not in ${where}: ${which} policies there close it`);
  }
  if (partlyByOwn > 0 && partly === undefined) {
    texts.push(`in ${count(partlyByOwn, 'namespace')} only what ${which} policies there let through`);
  }
  for (const { namespaces, peers } of partly ?? []) {
    const whom = peers.map((part) => `${podsText(part.pods)} on ${usableText(part)}`);
    texts.push(`in ${names(namespaces)} only ${listed(whom, 4)}`);
  }
  return texts;
}

/** What a kind of exposure is called in lists for machines and people. */
export function kindText(kind: ExposureKind): string {
  switch (kind) {
    case 'internet':
      return 'the whole internet';
    case 'any-pod':
      return 'any pod in any namespace, also a new one';
    case 'public-addresses':
      return 'public addresses';
    case 'labelled-pods':
      return 'any pod with some labels, in any namespace';
    case 'new-namespaces':
      return 'pods in any namespace with some labels, also a new one';
    case 'entry':
      return 'an entrance from outside';
    case 'namespace':
      return 'any pod in some namespaces';
    case 'namespace-pods':
      return 'pods with some labels in some namespaces';
    case 'private-addresses':
      return 'private addresses';
    case 'nodes':
      return 'nodes';
  }
}

const scopes: { readonly [scope in Closed['scope']]: string } = {
  internet: 'the internet',
  'new-namespaces': 'pods of new namespaces',
  'own-namespace': 'pods of its own namespace',
  'other-namespaces': 'pods of the other namespaces',
  nodes: 'other nodes',
};

/** Who does not get through, and why: `not the internet: no rule of its policies names such a peer`. */
export function closedText({ scope, reason, policies }: Closed, direction: Direction): string {
  const who = `not ${direction === 'ingress' ? '' : 'to '}${scopes[scope]}`;
  const own = listed(policies.map(visible), mostNames);
  switch (reason) {
    case 'no-rules':
      return `${who}: ${own} ${policies.length === 1 ? 'has' : 'have'} no rule`;
    case 'no-such-peer':
      return `${who}: no rule names such a peer`;
    case 'own-policies':
      return `${who}: ${own} ${policies.length === 1 ? 'closes' : 'close'} it on that side`;
    case 'tiers':
      return `${who}: the cluster-wide ${own} ${policies.length === 1 ? 'denies' : 'deny'} it`;
    case 'contradiction':
      return `${who}: rules ask for labels that nobody can have`;
    case 'port-name':
      return `${who}: rules name ports that the pods do not declare`;
  }
}

/** `pods that policies isolate: ingress 9 of 12 (75 %), egress 3 of 12 (25 %), both 3 of 12 (25 %)`. */
export function coverageText({ pods, hostNetwork, ingress, egress, both }: Coverage): string {
  const whole = pods - hostNetwork;
  const of = (part: number): string => `${number(part)} of ${number(whole)} (${percent(part, whole)})`;
  const host =
    hostNetwork === 0
      ? ''
      : `; ${count(hostNetwork, 'pod')} on the host network ${hostNetwork === 1 ? 'is' : 'are'} bound by none`;
  return `pods that policies isolate: ingress ${of(ingress)}, egress ${of(egress)}, both ${of(both)}${host}`;
}
