import type { MapAnswer, MapStream } from '../reach/index.ts';
import {
  groupedLines,
  outsideOf,
  reasonText,
  reasonsOf,
  singleLines,
  tellingReasons,
  viewOf,
} from './map-lines.ts';
import { emptySentence, headline, sentencesOf, type MapOptions } from './map-words.ts';
import { portsText } from './ports.ts';
import { lookOf, number, visible } from './text.ts';

/** A map as RFC 4180 has it: one record a connection, ids whole, lines ending in CRLF. */
export function* csvOf(
  { document, because }: MapAnswer | MapStream,
  options: MapOptions,
): Generator<string, void> {
  const isExplained = options.explain === true;
  const outside = outsideOf(document.peers);
  if (options.headers) {
    yield record([
      'from',
      'to',
      'ports',
      'family',
      'partial',
      'ambiguous',
      ...(isExplained ? ['because'] : []),
    ]);
  }
  for (const connection of document.connections) {
    const reasons = isExplained
      ? tellingReasons(connection.because ?? because(connection), connection, outside)
      : [];
    yield record([
      connection.from,
      connection.to,
      portsText(connection.allowed),
      connection.family ?? '',
      connection.partial === true ? 'true' : '',
      connection.ambiguous === true ? 'true' : '',
      ...(isExplained ? [reasons.map(reasonText).join('; ')] : []),
    ]);
  }
}

function record(fields: readonly string[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}

function csvField(text: string): string {
  // No Kubernetes name begins like this, and a spreadsheet would run it as a formula.
  const harmless = /^[=+@\t\r-]/.test(text) ? `'${text}` : text;
  const safe = visible(harmless);
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows of one Markdown table; GitHub cuts off comments beyond 65,536 characters. */
const mostRows = 200;
/** Up to so many connections are listed one by one. */
const mostSingle = 20;

/** A map as a GitHub table, which also reads well as plain text. */
export function* markdownOf(answer: MapAnswer, options: MapOptions): Generator<string, void> {
  const view = viewOf(answer);
  const look = lookOf({ ...options, color: false });
  const sentences = sentencesOf(view, options);
  const head = headline(view, options, look);
  if (options.headers && head !== '') yield `**${markdown(head)}**\n\n`;
  const isFew = answer.document.connections.length <= mostSingle * 4;
  const single = isFew ? singleLines(view) : undefined;
  const lines = single !== undefined && single.length <= mostSingle ? single : groupedLines(view, mostRows);
  if (lines.length === 0) {
    yield `${markdown(emptySentence(answer))}\n`;
  } else {
    const isExplained = options.explain === true;
    if (options.headers) yield '| From | To | Ports | Because of |\n| --- | --- | --- | --- |\n';
    for (const { from, to, ports, because, group } of lines.slice(0, mostRows)) {
      const reasons = new Set<string>();
      if (isExplained) {
        for (const edge of group.edges.slice(0, 20)) {
          for (const reason of reasonsOf(view, view.connectionOf(edge))) reasons.add(reasonText(reason));
        }
      }
      const why = isExplained ? [...reasons].slice(0, 4).map(markdown).join('<br>') : markdown(because);
      yield `| ${[code(from), code(to), markdown(ports)].join(' | ')} | ${why} |\n`;
    }
    if (lines.length > mostRows) {
      yield `\n${number(lines.length - mostRows)} more rows: \`-o csv\` or \`-o json\` has them all.\n`;
    }
  }
  if (options.headers) yield `\n${sentences.map((sentence) => `${markdown(sentence)}\n`).join('\n')}`;
}

/** A name in `code`; with any character that Markdown could take for its own, as text whose characters are all escaped. */
function code(name: string): string {
  const safe = visible(name);
  return /^[\w./:=, +()-]+$/.test(safe) ? `\`${safe}\`` : `<code>${escaped(safe)}</code>`;
}

/** Text as Markdown that shows just this text, in a table's cell too. */
function markdown(text: string): string {
  return escaped(visible(text));
}

function escaped(text: string): string {
  // Entities, not backslashes: a backslash does not keep HTML or a table's bar out of code, and shows in plain text.
  return text.replace(/[&<>|`*_[\]\\~#@$]/g, (character) => `&#${character.charCodeAt(0)};`);
}
