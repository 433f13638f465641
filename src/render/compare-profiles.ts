import { unreachable } from '../errors.ts';
import type { ProfileComparison, ProfileDifference } from '../reach/index.ts';
import { jsonOf } from './document.ts';
import type { Field } from './document.ts';
import { namesOf } from './names.ts';
import { portsText } from './ports.ts';
import { tableLines } from './table.ts';
import { count, lookOf, number, wrap, type RenderOptions } from './text.ts';

/** The formats of `map --compare-profiles -o`. */
export const comparisonFormats = ['table', 'json'] as const;

/** One of `comparisonFormats`. */
export type ComparisonFormat = (typeof comparisonFormats)[number];

/** More differences than these are not listed for people. */
const mostRows = 500;

/** What two profiles answer differently, and why. Pieces joined are the whole text; it ends in a line end. */
export function streamComparison(
  comparison: ProfileComparison,
  format: ComparisonFormat,
  options: RenderOptions,
): Iterable<string> {
  switch (format) {
    case 'json':
      return jsonOf(fieldsOf(comparison));
    case 'table':
      return lines(tableOf(comparison, options));
    default:
      return unreachable(format);
  }
}

function* lines(each: Iterable<string>): Generator<string, void> {
  for (const line of each) yield `${line}\n`;
}

function fieldsOf(comparison: ProfileComparison): readonly Field[] {
  const { apiVersion, kind, level, profiles, peers, differences, behaviours, notModelled, diagnostics } =
    comparison;
  return [
    { name: 'apiVersion', value: apiVersion },
    { name: 'kind', value: kind },
    { name: 'level', value: level },
    { name: 'profiles', value: profiles },
    { name: 'peers', items: peers },
    { name: 'differences', items: differences },
    { name: 'behaviours', items: behaviours },
    { name: 'notModelled', items: notModelled },
    { name: 'diagnostics', items: diagnostics },
  ];
}

function* tableOf(
  { profiles, peers, differences, behaviours }: ProfileComparison,
  options: RenderOptions,
): Generator<string, void> {
  const look = lookOf(options);
  const [one, other] = profiles;
  if (look.headers) {
    const what = differences.length === 0 ? 'no connection' : count(differences.length, 'connection');
    yield* wrap(`${one} and ${other} answer ${what} differently.`, look);
  }
  if (differences.length === 0) return;
  if (look.headers) yield '';
  const names = namesOf(peers);
  const between = ` ${look.signs.arrow} `;
  yield* tableLines(
    [
      { title: 'CONNECTION', keeps: [30, 20], sides: between },
      { title: one.toUpperCase(), keeps: [12, 8] },
      { title: other.toUpperCase(), keeps: [12, 8] },
      { title: 'BECAUSE OF', keeps: [20] },
    ],
    differences
      .slice(0, mostRows)
      .map((each) => [
        `${names.short(each.from)}${between}${names.short(each.to)}${each.family === undefined ? '' : ` (${each.family})`}`,
        allowedText(each, one),
        allowedText(each, other),
        each.because.join(each.together === true ? ' with ' : ', '),
      ]),
    look,
  );
  if (differences.length > mostRows)
    yield `${look.signs.ellipsis} ${number(differences.length - mostRows)} more: -o json has them all`;
  if (!look.headers || options.brief === true) return;
  yield '';
  for (const { id, question, values } of behaviours) {
    const said = [one, other].map((name) => `${name}: ${values[name] ?? ''}`).join('; ');
    yield* wrap(`${id}: ${question.replaceAll('`', '')} ${said}.`, look);
  }
}

function allowedText({ allowed, ambiguous, partial }: ProfileDifference, name: string): string {
  const ports = allowed[name] ?? 'none';
  const open = ambiguous?.[name];
  const parts = [
    ...(ports === 'none' && open !== undefined ? [] : [ports === 'none' ? ports : portsText(ports, 4)]),
    ...(open === undefined ? [] : [`${portsText(open, 4)} ambiguous`]),
  ];
  const text = parts.join(', ');
  return partial?.some((each) => each === name) === true ? `${text} (partly)` : text;
}
