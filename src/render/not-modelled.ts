import type { NotModelledEntry } from '../reach/index.ts';
import { briefId } from './names.ts';
import { count, listed, lookOf, visible, wrap, type RenderOptions } from './text.ts';

/** Whose policies an API group holds, as people call them. */
const vendors: readonly (readonly [group: string, name: string])[] = [
  ['projectcalico.org', 'Calico'],
  ['cilium.io', 'Cilium'],
  ['antrea.io', 'Antrea'],
  ['antrea.tanzu.vmware.com', 'Antrea'],
  ['istio.io', 'Istio'],
  ['linkerd.io', 'Linkerd'],
];

/**
 * Objects that decide about traffic and are not part of the answer, one sentence for each kind: how many, what they may
 * do, and to whom.
 */
export function notModelledSentences(entries: readonly NotModelledEntry[]): readonly string[] {
  const kinds = new Map<string, NotModelledEntry[]>();
  for (const entry of entries) {
    // Those that make no answer uncertain are told apart from those of the same kind that do.
    const key = `${groupOf(entry)} ${entry.kind} ${entry.affects.length > 0}`;
    const own = kinds.get(key);
    if (own === undefined) kinds.set(key, [entry]);
    else own.push(entry);
  }
  return [...kinds.values()].map(sentence);
}

/** The same as text: each sentence begins a line. Empty without entries, else it ends in a line end. */
export function renderNotModelled(entries: readonly NotModelledEntry[], options: RenderOptions): string {
  const look = lookOf(options);
  return notModelledSentences(entries)
    .flatMap((each) => wrap(each, look, '', '  '))
    .map((line) => `${line}\n`)
    .join('');
}

function sentence(entries: readonly NotModelledEntry[]): string {
  const [first] = entries;
  if (first === undefined) return '';
  const vendor = vendorOf(groupOf(first));
  const isNamed = vendor === undefined || first.kind.startsWith(vendor);
  const what = isNamed ? visible(first.kind) : `${vendor} ${visible(first.kind)}`;
  const subject = count(entries.length, what, plural(what));
  const verb = entries.length === 1 ? 'is' : 'are';
  const affected = new Set<string>();
  for (const entry of entries) for (const id of entry.affects) affected.add(id);
  const place = `${visible(first.file)}:${first.line}`;
  const where = entries.length === 1 ? place : `first in ${place}`;
  if (affected.size === 0) {
    return `${subject} ${verb} not modelled (${where}); no answer between pods depends on ${entries.length === 1 ? 'it' : 'them'}.`;
  }
  // Istio and Linkerd restrict further what NetworkPolicy allows; they can open nothing (corner 70).
  const can = vendor === 'Istio' || vendor === 'Linkerd' ? 'can only close' : 'may open or close';
  const names = [...affected].slice(0, 3).map(briefId);
  const whom =
    affected.size <= 3
      ? `connections of ${listed(names)}`
      : `connections of ${count(affected.size, 'workload')} (${names.join(', ')} …)`;
  return `${subject} ${verb} not modelled (${where}): ${entries.length === 1 ? 'it' : 'they'} ${can} ${whom}.`;
}

function groupOf(entry: NotModelledEntry): string {
  const slash = entry.apiVersion.indexOf('/');
  return slash < 0 ? '' : entry.apiVersion.slice(0, slash);
}

function vendorOf(group: string): string | undefined {
  return vendors.find(([suffix]) => group === suffix || group.endsWith(`.${suffix}`))?.[1];
}

function plural(kind: string): string {
  // The only kind that is a plural by itself.
  if (kind === 'Endpoints') return kind;
  if (/[^aeiou]y$/.test(kind)) return `${kind.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(kind) ? `${kind}es` : `${kind}s`;
}
