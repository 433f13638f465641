import { BlockParser, isObject, splitDocuments } from '../text/index.ts';
import { Reducer } from './reduce.ts';

/**
 * The objects of a YAML file, as little of them as podwall reads: what one thread tells another about a file, as data
 * that JSON can say.
 *
 * @returns `undefined` where only `ManifestReader` can say what the bytes are: they hold something beside objects that
 *   `BlockParser` reads
 */
export function packYaml(bytes: Uint8Array): readonly unknown[] | undefined {
  let text: string;
  try {
    // A byte order mark is left to the reader, too.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
  const parser = new BlockParser(text);
  const reducer = new Reducer();
  const objects: unknown[] = [];
  for (const { start, end } of splitDocuments(text)) {
    const value = parser.parse(start, end)?.value;
    if (!isObject(value)) return undefined;
    objects.push(reducer.reduce(value));
  }
  return objects.length === 0 ? undefined : objects;
}
