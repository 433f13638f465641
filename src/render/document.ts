import type { Diagnostic, ObjectRef } from '../model/index.ts';
import type {
  AllowedPorts,
  ConnectivityCount,
  MapConnection,
  MapPeer,
  MapReason,
  MapStream,
  NotModelledEntry,
} from '../reach/index.ts';
import { Document, isScalar, visit } from 'yaml';
import { protocols } from '../net/index.ts';
import { escapeInDocument, isUnsafe } from './text.ts';

/**
 * One field of a machine-readable document. `items` are written one element a line, so that documents can be compared
 * line by line and written without ever being whole in memory; a `value` takes the lines that it needs.
 */
export type Field =
  | { readonly name: string; readonly value: unknown }
  | { readonly name: string; readonly items: Iterable<unknown> };

/** Text is handed on in pieces of about this many characters. */
const pieceLength = 65_536;

/** Writes a document as JSON: fields in order, lists one element a line, `undefined` left out. Ends in a line end. */
export function* jsonOf(fields: readonly Field[]): Generator<string, void> {
  let piece = '{\n';
  let isFirst = true;
  for (const field of fields) {
    if ('value' in field && field.value === undefined) continue;
    piece += `${isFirst ? '' : ',\n'}  ${JSON.stringify(field.name)}: `;
    isFirst = false;
    if ('value' in field) {
      piece += laidOut(field.value, '  ');
      continue;
    }
    let isEmpty = true;
    for (const item of field.items) {
      piece += `${isEmpty ? '[\n' : ',\n'}    ${spaced(item)}`;
      isEmpty = false;
      if (piece.length > pieceLength) {
        yield piece;
        piece = '';
      }
    }
    piece += isEmpty ? '[]' : '\n  ]';
  }
  yield `${piece}\n}\n`;
}

/** Longer values are written over several lines. */
const longestValue = 100;

/** A value on one line where it is short, else its fields or elements below each other. */
function laidOut(value: unknown, indent: string): string {
  const short = spaced(value);
  if (short.length <= longestValue || typeof value !== 'object' || value === null) return short;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => inner + laidOut(item, inner)).join(',\n')}\n${indent}]`;
  }
  const fields = Object.entries(value).filter(([, own]) => own !== undefined);
  const lines = fields.map(([key, own]) => `${inner}${JSON.stringify(key)}: ${laidOut(own, inner)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

/** JSON on one line with a space after commas and colons, as people write it; depth is that of our own documents. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, own]) => own !== undefined);
    if (fields.length === 0) return '{}';
    return `{ ${fields.map(([key, own]) => `${JSON.stringify(key)}: ${spaced(own)}`).join(', ')} }`;
  }
  // JSON has whole numbers of any length.
  if (typeof value === 'bigint') return String(value);
  return escapeInDocument(JSON.stringify(value));
}

/** Elements of a list that are turned to YAML at once. */
const batchLength = 200;

/** The same document as YAML. Strings that some reader of YAML would take for something else are in double quotes. */
export function* yamlOf(fields: readonly Field[]): Generator<string, void> {
  for (const field of fields) {
    if ('value' in field) {
      if (field.value !== undefined) yield yamlText({ [field.name]: field.value });
      continue;
    }
    let batch: unknown[] = [];
    let isEmpty = true;
    for (const item of field.items) {
      if (isEmpty) yield `${field.name}:\n`;
      isEmpty = false;
      batch.push(item);
      if (batch.length === batchLength) {
        yield yamlText(batch);
        batch = [];
      }
    }
    if (batch.length > 0) yield yamlText(batch);
    if (isEmpty) yield `${field.name}: []\n`;
  }
}

/** Begins with a letter and is no boolean, null or number of YAML 1.1 or 1.2. */
const plain = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z](?:[\w./ +()-]*[\w./+()])?$/i;

function yamlText(value: unknown): string {
  const document = new Document(value, {
    version: '1.1',
    aliasDuplicateObjects: false,
    keepUndefined: false,
  });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && (!plain.test(node.value) || isUnsafe(node.value))) {
        node.type = 'QUOTE_DOUBLE';
      }
    },
    Seq(_, node) {
      // `[80, 8080]` on one line, lists of objects or of such ranges below each other.
      if (
        node.items.length > 0 &&
        node.items.every((item) => isScalar(item) && typeof item.value === 'number')
      ) {
        node.flow = true;
      }
    },
  });
  return escapeInDocument(document.toString({ lineWidth: 0, flowCollectionPadding: false }));
}

/** `map`'s document; connections carry reasons when the answer has them. */
export function mapFields(map: MapStream['document']): readonly Field[] {
  return [
    { name: 'apiVersion', value: map.apiVersion },
    { name: 'kind', value: map.kind },
    { name: 'level', value: map.level },
    { name: 'profile', value: map.profile },
    { name: 'peers', items: mapped(map.peers, peerDocument) },
    { name: 'connections', items: mapped(map.connections, connectionDocument) },
    { name: 'notModelled', items: mapped(map.notModelled, notModelledDocument) },
    { name: 'diagnostics', items: mapped(map.diagnostics, diagnosticDocument) },
  ];
}

/** `map --count`'s document. */
export function countFields(answer: ConnectivityCount): readonly Field[] {
  return [
    { name: 'apiVersion', value: answer.apiVersion },
    { name: 'kind', value: answer.kind },
    { name: 'profile', value: answer.profile },
    { name: 'pods', value: answer.pods },
    { name: 'pairs', value: answer.pairs },
    { name: 'allowed', value: answer.allowed },
    { name: 'ambiguous', value: answer.ambiguous },
    {
      name: 'byPorts',
      items: mapped(answer.byPorts, ({ allowed, pairs }) => ({ allowed: allowedDocument(allowed), pairs })),
    },
    { name: 'diagnostics', items: mapped(answer.diagnostics, diagnosticDocument) },
  ];
}

/** What is made of each of some items, one after the other as they are written. */
export function* mapped<T>(items: Iterable<T>, each: (item: T) => unknown): Generator<unknown, void> {
  for (const item of items) yield each(item);
}

// Each function names its fields: their order is part of the bytes, and nothing else can slip into a document.

function peerDocument(peer: MapPeer): unknown {
  return {
    id: peer.id,
    kind: peer.kind,
    pods: peer.pods,
    hostNetwork: peer.hostNetwork,
    ranges: peer.ranges,
    hosts: peer.hosts,
    controller: peer.controller && {
      found: peer.controller.found,
      workloads: peer.controller.workloads,
    },
  };
}

function connectionDocument(connection: MapConnection): unknown {
  return {
    from: connection.from,
    to: connection.to,
    allowed: allowedDocument(connection.allowed),
    family: connection.family,
    partial: connection.partial,
    ambiguous: connection.ambiguous,
    because: connection.because?.map(reasonDocument),
  };
}

function reasonDocument(reason: MapReason): unknown {
  return {
    direction: reason.direction,
    kind: reason.kind,
    policy: reason.policy,
    action: reason.action,
    rule: reason.rule,
    file: reason.file,
    line: reason.line,
    column: reason.column,
  };
}

/** Protocols by name, empty ones left out. */
export function allowedDocument(allowed: AllowedPorts): unknown {
  if (allowed === 'all') return 'all';
  const named = protocols.flatMap((protocol): [string, unknown][] => {
    const ranges = allowed[protocol];
    return ranges === undefined || ranges.length === 0 ? [] : [[protocol, ranges]];
  });
  return Object.fromEntries(allowed.other === true ? [...named, ['other', true]] : named);
}

/** An object that the answer does not model, as documents name it. */
export function notModelledDocument(entry: NotModelledEntry): unknown {
  return { ...objectDocument(entry), affects: entry.affects, file: entry.file, line: entry.line };
}

function objectDocument(object: ObjectRef): Record<string, unknown> {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace: object.namespace,
    name: object.name,
  };
}

/** A finding, as documents carry it. */
export function diagnosticDocument(diagnostic: Diagnostic): unknown {
  return {
    code: diagnostic.code,
    severity: diagnostic.severity,
    message: diagnostic.message,
    hint: diagnostic.hint,
    value: diagnostic.value,
    path: diagnostic.path,
    object: diagnostic.object === undefined ? undefined : objectDocument(diagnostic.object),
    suggestion: diagnostic.suggestion,
    file: diagnostic.file,
    line: diagnostic.line,
    column: diagnostic.column,
  };
}
