import type { AllowedPorts } from '../reach/index.ts';

type Range = readonly [number, number];

/**
 * Ports as people read them: `TCP 80, 8000-8080; UDP 53`, `TCP+UDP 53` where protocols have the same ports, `TCP all`
 * for every port of one, `all`, `none`; `other protocols` for ICMP and the rest.
 *
 * @param most - how many ranges are shown before `+9`
 */
export function portsText(allowed: AllowedPorts, most = Infinity): string {
  if (allowed === 'all') return 'all';
  const byRanges = new Map<string, string[]>();
  // TCP first: it is what people look for.
  for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
    const ranges = allowed[protocol];
    if (ranges === undefined || ranges.length === 0) continue;
    const text = rangesText(ranges, most);
    const same = byRanges.get(text);
    if (same === undefined) byRanges.set(text, [protocol]);
    else same.push(protocol);
  }
  const texts = [...byRanges].map(([ranges, names]) =>
    ranges === '' ? `${names.join('+')} all` : `${names.join('+')} ${ranges}`,
  );
  if (allowed.other === true) texts.push('other protocols');
  return texts.length === 0 ? 'none' : texts.join('; ');
}

function rangesText(ranges: readonly Range[], most: number): string {
  if (ranges.length === 1 && ranges[0]?.[0] === 1 && ranges[0][1] === 65535) return '';
  const shown = ranges.slice(0, most).map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
  const more = ranges.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` +${more}` : '');
}
