import { distance } from 'fastest-levenshtein';
import type { Workload } from '../model/index.ts';
import type { Known } from './ends-known.ts';

const mostChoices = 5;

/** The operands that are spelled most like `namespace/name`, the best first; with `bare`, also namespaces. */
export function nearestEnds(known: Known, namespace: string, name: string, bare: boolean): string[] {
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
export function nearest(text: string, names: Iterable<string>, most: number): string[] {
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
export function spelling(written: string, name: string): number | undefined {
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
