import { unreachable } from '../errors.ts';
import type { ConnectivityCount } from '../reach/index.ts';
import { countFields, jsonOf, yamlOf } from './document.ts';
import { portsText } from './ports.ts';
import { tableLines } from './table.ts';
import { count, lookOf, number, percent, wrap, type RenderOptions } from './text.ts';

/** The formats of `map --count -o`. */
export type CountFormat = 'table' | 'json' | 'yaml';

/** Exact numbers of pairs, by what they may use. The text ends in a line end. */
export function renderCount(answer: ConnectivityCount, format: CountFormat, options: RenderOptions): string {
  switch (format) {
    case 'json':
      return [...jsonOf(countFields(answer))].join('');
    case 'yaml':
      return [...yamlOf(countFields(answer))].join('');
    case 'table':
      return [...tableOf(answer, options)].map((line) => `${line}\n`).join('');
    default:
      return unreachable(format);
  }
}

function* tableOf(answer: ConnectivityCount, options: RenderOptions): Generator<string, void> {
  const look = lookOf(options);
  if (look.headers) {
    const share = answer.pairs === 0 ? '' : ` (${percent(answer.allowed, answer.pairs)})`;
    yield* wrap(
      `${count(answer.pods, 'pod')}, ${count(answer.pairs, 'ordered pair')}: ${number(answer.allowed)} allowed${share}, ${number(BigInt(answer.pairs) - BigInt(answer.allowed))} closed`,
      look,
    );
    if (answer.ambiguous !== undefined && answer.ambiguous > 0) {
      yield* wrap(
        `${count(answer.ambiguous, 'ordered pair')} may use more under some choice among policies of equal priority: ambiguous, and not counted as allowed`,
        look,
      );
    }
  }
  if (answer.byPorts.length === 0) return;
  if (look.headers) yield '';
  yield* tableLines(
    [
      { title: 'PORTS', keeps: [20] },
      { title: 'PAIRS', align: 'right' },
      { title: 'OF ALL', align: 'right' },
    ],
    answer.byPorts.map(({ allowed, pairs }) => [
      portsText(allowed, 6),
      number(pairs),
      percent(pairs, answer.pairs),
    ]),
    look,
  );
}
