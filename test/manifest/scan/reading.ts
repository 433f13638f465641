import { ManifestReader, readManifests } from '../../../src/manifest/index.ts';
import type { ReaderLimits, ReaderOptions } from '../../../src/manifest/index.ts';
import type { Origin, ReadResult } from '../../../src/model/index.ts';

export const encoder = new TextEncoder();

/** Reads bytes in pieces, all of them by the scanner, however few they are. */
export function readInPieces(
  bytes: Uint8Array,
  piece: number,
  options: ReaderOptions & { readonly pipe?: boolean } = {},
  limits: Partial<ReaderLimits> = {},
): ReadResult & { readonly reader: ManifestReader } {
  const reader = new ManifestReader(options, { small: 0, piece, ...limits });
  const source = reader.open({
    file: 'dump.json',
    direct: true,
    ...(options.pipe === true ? {} : { reread: (from: number, to: number) => bytes.slice(from, to) }),
  });
  for (let at = 0; at < bytes.length && !source.isDone; at += piece) source.push(bytes.slice(at, at + piece));
  source.end();
  return { ...reader.finish(), reader };
}

/** Reads the same as one text. */
export function readAtOnce(text: string): ReadResult {
  return readManifests([{ file: 'dump.json', text, direct: true }]);
}

/** All that a reading says, with every place that it can be asked about. */
export function told({ cluster, diagnostics, objects }: ReadResult): unknown {
  // Mistakes that are told only where all of a text is looked at.
  const said = diagnostics
    .filter(({ code }) => code !== 'duplicate-key')
    // Whether a scalar is shown as it is written depends on whether all stands on one line, which pods are not told yet
    // when they are read.
    .map(({ hint, value, ...rest }) => (rest.code === 'value-not-text' ? rest : { hint, value, ...rest }))
    // Pods of a large list are read before the list has ended, so what is said of them comes earlier.
    .map((diagnostic) => JSON.stringify(diagnostic))
    .sort();
  return plain({ cluster, diagnostics: said, objects });
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return (value as readonly unknown[]).map(plain);
  if (value instanceof Map) return [...(value as ReadonlyMap<unknown, unknown>)].map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (isOrigin(value)) return placesOf(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

function isOrigin(value: object): value is Origin {
  return 'locate' in value;
}

const paths = [[], ['metadata', 'name'], ['spec', 'ingress', 0, 'from', 1], ['status', 'podIPs', 0]];

function placesOf(origin: Origin): unknown {
  return paths.map((path) => {
    const { line } = origin.locate(path);
    const end = origin.endLine(path);
    return [
      origin.locate(path),
      origin.locateKey(path),
      end,
      end === undefined ? [] : origin.lines(line, end),
    ];
  });
}
