import { unreachable } from '../errors.ts';
import type { MapAnswer, MapOverview, MapStream } from '../reach/index.ts';
import { jsonOf, mapFields, yamlOf } from './document.ts';
import { dotOf, mermaidOf } from './map-graph.ts';
import { csvOf, markdownOf } from './map-list.ts';
import { matrixOf } from './map-matrix.ts';
import { overviewTable } from './map-overview.ts';
import { tableOf } from './map-table.ts';
import type { MapOptions } from './map-words.ts';

/** The formats of `map -o`, in the order of its help. */
export const mapFormats = ['table', 'wide', 'matrix', 'json', 'yaml', 'csv', 'md', 'dot', 'mermaid'] as const;

/** One of `mapFormats`. */
export type MapFormat = (typeof mapFormats)[number];

/**
 * A map as text, in pieces: a large cluster's JSON is longer than the longest string that JavaScript has.
 *
 * Pieces joined are the whole text; it ends in a line end. Text for people (`table`, `wide`, `matrix`, `md`) and drawings
 * hold no control characters of the input; JSON and YAML escape them, so that the values are those of the manifests.
 */
export function streamMap(answer: MapAnswer, format: MapFormat, options: MapOptions): Iterable<string> {
  switch (format) {
    case 'table':
      return lines(tableOf(answer, options, false));
    case 'wide':
      return lines(tableOf(answer, options, true));
    case 'matrix':
      return lines(matrixOf(answer, options));
    case 'json':
      return jsonOf(mapFields(withReasons(answer, options)));
    case 'yaml':
      return yamlOf(mapFields(withReasons(answer, options)));
    case 'csv':
      return csvOf(answer, options);
    case 'md':
      return markdownOf(answer, options);
    case 'dot':
      return dotOf(answer);
    case 'mermaid':
      return mermaidOf(answer);
    default:
      return unreachable(format);
  }
}

/** The formats of `map -o` in which connections stand one by one, in the order in which they are worked out. */
export const listFormats = ['json', 'yaml', 'csv'] as const;

/** One of `listFormats`. */
export type ListFormat = (typeof listFormats)[number];

/**
 * The same text for a map that is worked out while it is written: no more of it is in memory than the connections of one
 * source, and whoever stops reading stops the work.
 */
export function streamList(map: MapStream, format: ListFormat, options: MapOptions): Iterable<string> {
  switch (format) {
    case 'json':
      return jsonOf(mapFields(map.document));
    case 'yaml':
      return yamlOf(mapFields(map.document));
    case 'csv':
      return csvOf(map, options);
    default:
      return unreachable(format);
  }
}

/** A map that is too large to be listed, as a table. */
export function streamOverview(overview: MapOverview, options: MapOptions): Iterable<string> {
  return lines(overviewTable(overview, options));
}

/** `streamMap` as one string, for maps that fit in one. */
export function renderMap(answer: MapAnswer, format: MapFormat, options: MapOptions): string {
  return [...streamMap(answer, format, options)].join('');
}

/** The document, with the reasons of every connection under `--explain` where the answer does not carry them yet. */
function withReasons(answer: MapAnswer, options: MapOptions): MapAnswer['document'] {
  const { document } = answer;
  if (options.explain !== true || document.connections.every(({ because }) => because !== undefined)) {
    return document;
  }
  return {
    ...document,
    connections: document.connections.map((connection) => ({
      ...connection,
      because: connection.because ?? answer.because(connection),
    })),
  };
}

function* lines(each: Iterable<string>): Generator<string, void> {
  for (const line of each) yield `${line}\n`;
}
