import { Schema } from 'yaml';
import type { DocumentOptions, ParseOptions, ScalarTag, SchemaOptions } from 'yaml';

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((t) => [t, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (t) => [t, false] as const,
  ),
]);

/**
 * The value of a plain scalar, as `kubectl` and the API server read it: go-yaml 2, the YAML 1.1 types without
 * sexagesimals, timestamps left as text.
 *
 * @returns `undefined` for what stays text
 * @see https://github.com/yaml/go-yaml/blob/v2.4.2/resolve.go
 */
export function plainValue(text: string): number | boolean | null | undefined {
  if (text === '' || text === '~' || text === 'null' || text === 'Null' || text === 'NULL') return null;
  const first = text.charCodeAt(0);
  // Digits, `+`, `-` and `.`; everything else can only be a boolean.
  if ((first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46) return numberValue(text);
  return text.length <= 5 ? booleans.get(text) : undefined;
}

/** As `strconv.ParseInt` with base 0 and then `strconv.ParseFloat` read it, underscores taken out first. */
function numberValue(text: string): number | undefined {
  const infinity = /^([-+]?)\.(?:inf|Inf|INF)$/.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  if (text === '.nan' || text === '.NaN' || text === '.NAN') return NaN;
  // A leading point goes to ParseFloat at once, which takes underscores between digits only.
  if (text.startsWith('.'))
    return /^\.\d+(?:_\d+)*(?:[eE][-+]?\d+(?:_\d+)*)?$/.test(text)
      ? finite(Number(text.replaceAll('_', '')))
      : undefined;

  const plain = text.replaceAll('_', '');
  const integer = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(\d+))$/.exec(plain);
  if (integer !== null) {
    const [, sign, hex, binary, octal, decimal] = integer;
    const digits = hex ?? binary ?? octal;
    // A leading zero is octal, unless a digit is not: then only ParseFloat takes it.
    if (digits !== undefined) {
      const value = Number.parseInt(digits, hex !== undefined ? 16 : binary !== undefined ? 2 : 8);
      // Beyond 64 bits ParseInt fails, and ParseFloat knows only the decimal notation.
      if (value < 2 ** 64) return sign === '-' ? 0 - value : value;
      return /^[-+]?\d+$/.test(plain) ? finite(Number(plain)) : undefined;
    }
    const value = Number(decimal);
    return finite(sign === '-' ? 0 - value : value);
  }
  return /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(plain) ? finite(Number(plain)) : undefined;
}

/** ParseFloat refuses what overflows, so it stays text. */
function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

const core = 'tag:yaml.org,2002:';

/** Refuses what an explicit tag asks for and the text does not give, as go-yaml does. */
function explicit(tag: string, accepts: (value: unknown) => boolean): ScalarTag {
  return {
    tag: `${core}${tag}`,
    resolve: (text, onError) => {
      const value = plainValue(text);
      if (accepts(value)) return value;
      onError(`cannot decode "${text}" as !!${tag}`);
      return text;
    },
  };
}

const scalarTags: readonly ScalarTag[] = [
  // One tag for all plain scalars: it resolves numbers, booleans and null by one rule.
  {
    tag: `${core}plain`,
    default: true,
    test: /^(?:$|[-+.\d~yYnNtTfFoO])/,
    resolve: (text) => {
      const value = plainValue(text);
      return value === undefined ? text : value;
    },
  },
  explicit('null', (value) => value === null),
  explicit('bool', (value) => typeof value === 'boolean'),
  explicit('int', (value) => typeof value === 'number' && Number.isInteger(value)),
  explicit('float', (value) => typeof value === 'number'),
  { tag: `${core}timestamp`, resolve: (text) => text },
  { tag: `${core}binary`, resolve: (text, onError) => decodeBase64(text, onError) },
];

function decodeBase64(text: string, onError: (message: string) => void): string {
  const bytes: number[] = [];
  let buffer = 0;
  let bits = 0;
  const digits = text.replaceAll(/\s/g, '').replace(/={1,2}$/, '');
  for (const digit of digits) {
    const value = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(digit);
    if (value === -1) {
      onError('!!binary value contains invalid base64 data');
      return text;
    }
    buffer = ((buffer << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((buffer >> bits) & 0xff);
    }
  }
  let decoded = '';
  for (const byte of bytes) decoded += String.fromCharCode(byte);
  // The bytes are taken as UTF-8, as Go takes them for a string.
  try {
    return decodeURIComponent(
      decoded.replaceAll(/[^\w]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`),
    );
  } catch {
    return decoded;
  }
}

/**
 * The options of the package `yaml` that make it read YAML as Kubernetes does: the scalars of go-yaml 2.
 *
 * Keys that stand twice, merge keys (`<<`) and aliases are resolved by `readText` when it makes values of the nodes;
 * whatever reads YAML in another way must come to the same scalars as these options do.
 */
export const kubernetesYamlOptions: ParseOptions & DocumentOptions & SchemaOptions = {
  // 1.2 names the grammar; what scalars mean is the schema's.
  version: '1.2',
  schema: new Schema({
    schema: 'failsafe',
    customTags: (tags) => [...tags, ...scalarTags],
    resolveKnownTags: false,
  }),
  // Compared pairwise by the parser, so 100,000 keys would take minutes; `readText` looks for them itself.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
};
