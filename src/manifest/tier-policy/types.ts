import { claimsWithin, isEmpty, kindOf, listed, recordAt } from '../explain/index.ts';
import type { Case, Finding } from '../explain/index.ts';
import { isPortName, isRecord, readCidr } from '../validate/index.ts';
import type { FieldError } from '../validate/index.ts';
import { levelOf, peersFieldOf, subjectOf } from './place.ts';
import type { Context } from './place.ts';

/** Explains a value of the wrong type. */
export function explainWrongType(error: FieldError, all: Case, context: Context): Finding {
  const claims = claimsWithin(all, error);
  const base = { path: error.path, value: error.value, claims };
  switch (error.expected?.[0]) {
    case 'a list':
      return { ...base, ...listExpected(error) };
    case 'a mapping':
      return { ...base, ...mappingExpected(error, context) };
    case 'a whole number':
      return { ...base, ...numberExpected(error, all, context) };
    default:
      return { ...base, ...textExpected(error, context) };
  }
}

type Told = Pick<Finding, 'code' | 'message'> & Partial<Finding>;

/** Lists of texts, in which a single text is one entry. */
const textLists = ['networks', 'domainNames', 'values'];

function listExpected({ path, value }: FieldError): Told {
  const field = String(path.at(-1));
  const fixed =
    (isRecord(value) && !isEmpty(value)) || (typeof value === 'string' && textLists.includes(field));
  return {
    code: 'list-expected',
    onKey: true,
    message: `${field} is a list, and this is ${kindOf(value)}${isRecord(value) ? ': a dash is missing' : ''}`,
    hint: `write each entry of ${field} on a line of its own with a dash before it`,
    ...(fixed ? { fix: { path, value: [value] } } : {}),
  };
}

function mappingExpected({ path, value }: FieldError, context: Context): Told {
  const name = subjectOf(path, context);
  if (value === null) {
    return {
      code: 'mapping-expected',
      message: `${name} is empty`,
      hint: 'write its fields behind the dash, or leave out the dash',
    };
  }
  const fixed = mappingOf(path, value);
  const isList = Array.isArray(value);
  return {
    code: 'mapping-expected',
    message: `${name} is a mapping, and this is ${kindOf(value)}${isList ? ': there is a dash too many' : ''}`,
    hint: isList ? 'leave out the dash' : mappingHint(path, context),
    ...(fixed === undefined ? {} : { fix: { path, value: fixed } }),
  };
}

function mappingHint(path: FieldError['path'], { kind, channel }: Context): string {
  switch (levelOf(path)) {
    case 'peer': {
      const fields = peersFieldOf(path) === 'to' ? [...kind.egressPeers[channel]] : ['namespaces', 'pods'];
      return `write one of ${listed(fields)} in it`;
    }
    case 'entry':
      return kind.ports === 'protocols'
        ? 'write tcp: {destinationPort: {number: 80}}, udp: or sctp:, or destinationNamedPort: with a name'
        : 'write portNumber: {protocol: TCP, port: 80}, portRange: or namedPort:';
    case 'transport':
      return 'write destinationPort: {number: 80} in it';
    case 'destinationPort':
      return 'write number: 80, or range: {start: 8000, end: 9000}';
    default:
      return 'write fields below it, each with its value after a colon';
  }
}

function mappingOf(path: FieldError['path'], value: unknown): unknown {
  if (Array.isArray(value)) {
    const [only, ...others] = value as readonly unknown[];
    return isRecord(only) && !isEmpty(only) && others.length === 0 ? only : undefined;
  }
  const number = numberIn(value);
  switch (levelOf(path)) {
    case 'peer':
      return peersFieldOf(path) === 'to' && typeof value === 'string' && readCidr(value) !== undefined
        ? { networks: [value] }
        : undefined;
    case 'transport':
      return number === undefined ? undefined : { destinationPort: { number } };
    case 'destinationPort':
      return number === undefined ? undefined : { number };
    default:
      return undefined;
  }
}

/** A number, also one that quotes make text. */
function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\s*\d{1,9}\s*$/.test(value) ? Number(value) : undefined;
}

function numberExpected({ path, value }: FieldError, all: Case, { kind }: Context): Told {
  const field = String(path.at(-1));
  const number = numberIn(value);
  if (typeof value === 'string' && number !== undefined) {
    return {
      code: 'number-quoted',
      message: `${field} is a number, and the quotes make it text`,
      hint: 'leave out the quotes',
      fix: { path, value: number },
    };
  }
  const message = `${field} is a whole number, and this is ${kindOf(value)}`;
  if (path[3] !== kind.ports) return { code: 'wrong-type', message };
  const entry = path.slice(0, 5);
  const own = kind.ports === 'protocols' ? 'destinationNamedPort' : 'namedPort';
  const isName = typeof value === 'string' && isPortName(value);
  const isOnly = Object.keys(recordAt(all.value, entry)).length === 1;
  return {
    code: 'wrong-type',
    message,
    hint: `the name of a port goes in ${own}, in an entry of its own`,
    ...(isName && isOnly ? { fix: { path: entry, value: { [own]: value } } } : {}),
  };
}

function textExpected({ path, value }: FieldError, context: Context): Told {
  const field = path.at(-1);
  const name = typeof field === 'number' ? subjectOf(path, context) : String(field);
  if (field === 'destinationNamedPort' && typeof value === 'number') {
    return {
      code: 'wrong-type',
      message: `destinationNamedPort is the name of a port, and this is ${kindOf(value)}`,
      hint: `write tcp: {destinationPort: {number: ${value}}}, or udp: or sctp:`,
    };
  }
  if (typeof value !== 'boolean' && typeof value !== 'number' && typeof value !== 'bigint') {
    return { code: 'wrong-type', message: `${name} is text, and this is ${kindOf(value)}` };
  }
  return {
    code: 'value-not-text',
    message: `${name} is text, and without quotes this is ${kindOf(value)}`,
    hint: 'put the value between quotes',
  };
}
