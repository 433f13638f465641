import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import type { Path } from '../../model/index.ts';
import { maxDepth, maxDuplicates } from './limits.ts';

/** What makes a document that parses unreadable nevertheless. */
export interface ValueProblem {
  readonly kind: 'alias' | 'expansion' | 'merge' | 'key' | 'number';
  /** The text at fault: an anchor's name, a key, a number. */
  readonly value: string;
  readonly offset: number;
}

/** The value of a document, or the first thing that cannot be one. */
export type Converted =
  | { readonly kind: 'value'; readonly value: unknown; readonly duplicates: readonly Path[] }
  | { readonly kind: 'problem'; readonly problem: ValueProblem };

class Problem extends Error {
  readonly problem: ValueProblem;
  constructor(problem: ValueProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/** A value, and how many nodes it would be if every alias were written out. */
interface Sized {
  readonly value: unknown;
  readonly size: number;
}

/**
 * Makes plain values of the nodes of one document, as Kubernetes does (go-yaml 2 and then JSON).
 *
 * Aliases share the value of their anchor, so memory is bounded by the text; what they would be written out is bounded
 * by go-yaml's own rule, so a walk through the value is bounded, too. Recursion is as deep as the nodes are, which
 * `compose` bounds.
 */
export function toValue(document: Document.Parsed): Converted {
  const anchors = new Map<string, Sized | 'open'>();
  const duplicates: Path[] = [];
  const path: (string | number)[] = [];
  let written = 0;
  let aliased = 0;

  const fail = (kind: ValueProblem['kind'], node: Node | null | undefined, value: string): never => {
    throw new Problem({ kind, value, offset: node?.range?.[0] ?? 0 });
  };

  const alias = (name: string, node: Node): Sized => {
    const anchored = anchors.get(name);
    if (anchored === undefined || anchored === 'open') return fail('alias', node, name);
    aliased += anchored.size;
    // allowedAliasRatio, https://github.com/yaml/go-yaml/blob/v2.4.2/decode.go
    const total = written + aliased;
    const allowed =
      total <= 400_000 ? 0.99 : total >= 4_000_000 ? 0.1 : 0.99 - (0.89 * (total - 400_000)) / 3_600_000;
    if (aliased > 100 && total > 1000 && aliased / total > allowed) fail('expansion', node, name);
    return anchored;
  };

  const convert = (node: Node | null): Sized => {
    if (isAlias(node)) {
      written++;
      return alias(node.source, node);
    }
    const before = written + aliased;
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) anchors.set(anchor, 'open');
    written++;
    const value = content(node);
    const sized = { value, size: written + aliased - before };
    if (anchor !== undefined) anchors.set(anchor, sized);
    return sized;
  };

  const content = (node: Node | null): unknown => {
    if (isScalar(node)) {
      // JSON has no such numbers: `json: unsupported value`, for the whole document.
      if (typeof node.value === 'number' && !Number.isFinite(node.value))
        fail('number', node, node.source ?? '');
      return node.value;
    }
    if (isSeq<Node>(node)) {
      const list: unknown[] = [];
      for (const item of node.items) {
        path.push(list.length);
        list.push(convert(item).value);
        path.pop();
      }
      return list;
    }
    if (isMap<Node, Node | null>(node)) return mapping(node);
    return null;
  };

  const mapping = (node: YAMLMap<Node, Node | null>): Record<string, unknown> => {
    const object: Record<string, unknown> = {};
    // Only filled when something was merged: a key of its own beside a merged one is no duplicate.
    let own: Set<string> | undefined;
    for (const pair of node.items) {
      if (isMerge(pair)) {
        own ??= new Set(Object.keys(object));
        merge(object, pair);
        continue;
      }
      const key = keyOf(pair.key);
      const twice = own === undefined ? Object.hasOwn(object, key) : own.has(key);
      path.push(key);
      if (twice && duplicates.length < maxDuplicates) duplicates.push([...path]);
      own?.add(key);
      put(object, key, convert(pair.value).value);
      path.pop();
    }
    return object;
  };

  /**
   * In go-yaml 2 the last one wins, be it merged or written; of a list of mappings the first.
   * `decoder.merge`, https://github.com/yaml/go-yaml/blob/v2.4.2/decode.go
   */
  const merge = (object: Record<string, unknown>, pair: Pair<Node, Node | null>): void => {
    const source = pair.value;
    const inline = isSeq<Node>(source) ? source.items.toReversed() : [source];
    for (const item of inline) {
      path.push('<<');
      const { value, size } = convert(item);
      path.pop();
      if (!isMapping(value) || (isAlias(item) ? false : !isMap(item)))
        fail('merge', source ?? pair.key, '<<');
      else {
        aliased += isAlias(item) ? 0 : size;
        for (const [key, merged] of Object.entries(value)) put(object, key, merged);
      }
    }
  };

  const keyOf = (node: Node | null): string => {
    const target = isAlias(node) ? undefined : node;
    if (isScalar(target)) {
      if (target.anchor !== undefined) convert(target);
      const key = keyText(target.value, target.source ?? '');
      return key ?? fail('key', node, target.source ?? '');
    }
    if (isAlias(node)) {
      const { value } = alias(node.source, node);
      const key = keyText(value, typeof value === 'number' ? String(value) : '');
      return key ?? fail('key', node, `*${node.source}`);
    }
    return fail('key', node, '');
  };

  try {
    const { value } = convert(document.contents);
    return { kind: 'value', value, duplicates };
  } catch (error) {
    if (error instanceof Problem) return { kind: 'problem', problem: error.problem };
    throw error;
  }
}

/** A plain `<<`, or one tagged so: quoted it is a key like any other. */
export function isMerge(pair: Pair<Node, Node | null>): boolean {
  const { key } = pair;
  if (!isScalar(key) || key.source !== '<<') return false;
  return (key.type === 'PLAIN' && key.tag === undefined) || key.tag === 'tag:yaml.org,2002:merge';
}

/**
 * The JSON key that Kubernetes makes of a YAML key: `yes` is `true`, `0x10` is `16`.
 *
 * @returns `undefined` for keys that it refuses: null, lists, mappings, integers beyond 63 bits
 * @see convertToJSONableObject, https://github.com/kubernetes-sigs/yaml/blob/v1.6.0/yaml.go
 */
export function keyText(value: unknown, source: string): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
      return String(value);
    case 'number':
      return numberKey(value, source.replaceAll('_', ''));
    default:
      return undefined;
  }
}

function numberKey(value: number, source: string): string | undefined {
  if (Number.isNaN(value)) return '.nan';
  if (/^[-+]?(?:\d+|0[xXbBoO][\da-fA-F]+)$/.test(source)) {
    if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
    // Exact where JavaScript's numbers are not; hexadecimal and octal ones of that size are left inexact.
    const exact = /^[-+]?[1-9]\d*$/.test(source) ? BigInt(source.replace('+', '')) : BigInt(value);
    if (BigInt.asIntN(64, exact) === exact) return String(exact);
    if (BigInt.asUintN(64, exact) === exact) return undefined;
  }
  return formatFloat32(value);
}

/** `strconv.FormatFloat(value, 'g', -1, 32)`: the fewest digits that give the same 32-bit float. */
function formatFloat32(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf';
  if (single === 0) return Object.is(single, -0) ? '-0' : '0';
  let digits = 1;
  while (digits < 9 && Math.fround(Number(single.toExponential(digits - 1))) !== single) digits++;
  const [mantissa = '', exponent = '0'] = single.toExponential(digits - 1).split('e');
  const power = Number(exponent);
  // Go writes exponents below -4 and from 6 on, JavaScript would only from 21 on.
  if (power >= -4 && power < 6) return String(Number(`${mantissa}e${exponent}`));
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/**
 * Whether a valid JSON text nests its objects and lists deeper than `maxDepth`. Counts brackets outside strings, which is
 * much cheaper than walking the value.
 */
export function isTooDeep(text: string, start: number, end: number): boolean {
  let depth = 0;
  for (let i = start; i < end; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // a string, up to the quote that no backslash escapes
        for (i++; i < end && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > maxDepth) return true;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
  }
  return false;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function put(object: Record<string, unknown>, key: string, value: unknown): void {
  // Assigning to `__proto__` would set the prototype.
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}
