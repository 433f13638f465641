import { distance } from 'fastest-levenshtein';
import type { Protocol } from '../net/index.ts';
import type { PortQuery } from './types.ts';

/** Why a port operand is none. */
export interface PortProblem {
  readonly kind: 'problem';
  /** One sentence without final full stop; it quotes what was written. */
  readonly message: string;
  /** What to write instead. */
  readonly hint: string | undefined;
}

/**
 * Reads a port operand: `5432`, `udp/53`, `53/udp`, `8000-8080`, a name, or several by comma.
 *
 * Numbers are TCP unless they say otherwise (corner 26); a name without protocol is looked up on whatever protocol the
 * destination declares it for. Names are not resolved here: that is done per destination pod (corner 28).
 *
 * @returns one query per element in the order written, or the first problem
 */
export function parsePorts(text: string): readonly PortQuery[] | PortProblem {
  const queries: PortQuery[] = [];
  for (const part of text.split(',')) {
    const query = parsePort(part.trim());
    if (query.kind === 'problem') return query;
    queries.push(query);
  }
  return queries;
}

/** Whether `parsePorts` found a problem. */
export function isPortProblem(answer: readonly PortQuery[] | PortProblem): answer is PortProblem {
  return !Array.isArray(answer);
}

/** The text of one port query as answers write it: `TCP 5432`, `UDP 8000-8080`, `http`, `TCP http`. */
export function formatPortQuery(query: PortQuery): string {
  switch (query.kind) {
    case 'range':
      return `${query.protocol} ${query.from === query.to ? query.from : `${query.from}-${query.to}`}`;
    case 'named':
      return query.protocol === undefined ? query.name : `${query.protocol} ${query.name}`;
  }
}

const examples = 'write 5432, udp/53, sctp/9000, 8000-8080, a name such as http, or several by comma';
const protocolNames: ReadonlyMap<string, Protocol> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
]);

function parsePort(text: string): PortQuery | PortProblem {
  if (text === '') return problem('a port is missing', examples);
  const slash = text.indexOf('/');
  if (slash < 0) return parseNumberOrName(text, text, undefined);
  const left = text.slice(0, slash);
  const right = text.slice(slash + 1);
  if (right.includes('/')) return problem(`${quote(text)} is no port`, examples);
  const before = protocolNames.get(left.toLowerCase());
  if (before !== undefined) return parseNumberOrName(text, right, before);
  const after = protocolNames.get(right.toLowerCase());
  if (after !== undefined) return parseNumberOrName(text, left, after);
  const isNumber = /^[0-9-]+$/;
  const written = isNumber.test(left) ? right : left;
  return problem(
    `${quote(text)} names a protocol that NetworkPolicy does not know: ${quote(written)}`,
    `${protocolHint(written, written === left ? right : left)}the protocols are tcp, udp and sctp`,
  );
}

/** `did you mean tcp/80? ` for what is one slip away from a protocol: a letter, or letters that changed places. */
function protocolHint(written: string, port: string): string {
  const lower = written.toLowerCase();
  if (lower.length > 8) return '';
  const letters = (word: string): string => word.split('').sort().join('');
  for (const name of protocolNames.keys()) {
    if (distance(lower, name) <= 1 || letters(lower) === letters(name))
      return `did you mean ${name}/${port}? `;
  }
  return '';
}

function parseNumberOrName(
  whole: string,
  text: string,
  protocol: Protocol | undefined,
): PortQuery | PortProblem {
  if (text === '') return problem(`${quote(whole)} has no port`, examples);
  if (/^[0-9]+$/.test(text)) return range(whole, text, text, protocol);
  const ends = /^([0-9]+)-([0-9]+)$/.exec(text);
  if (ends !== null) return range(whole, ends[1] ?? '', ends[2] ?? '', protocol);
  // A container's port name is an IANA service name (part 9), a Service's a DNS label: the wider of the two.
  if (/^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text))
    return { kind: 'named', protocol, name: text };
  const lower = text.toLowerCase();
  if (/^[+-][0-9]/.test(text))
    return problem(`${quote(whole)} is no port: ports run from 1 to 65535`, undefined);
  return problem(
    `${quote(whole)} is no port`,
    lower !== text && /^[a-z0-9-]+$/.test(lower) ? `names of ports are in lower case: ${lower}` : examples,
  );
}

function range(
  whole: string,
  first: string,
  last: string,
  protocol: Protocol | undefined,
): PortQuery | PortProblem {
  const from = Number(first);
  const to = Number(last);
  for (const [text, port] of [
    [first, from],
    [last, to],
  ] as const) {
    if (port < 1 || port > 65535) {
      const number = text.length > 20 ? 'a number of that size' : text;
      return problem(`${quote(whole)} is no port: ${number} is not between 1 and 65535`, undefined);
    }
  }
  if (from > to)
    return problem(`${quote(whole)} is an empty range`, `the lower end goes first: ${to}-${from}`);
  return { kind: 'range', protocol: protocol ?? 'TCP', from, to };
}

function problem(message: string, hint: string | undefined): PortProblem {
  return { kind: 'problem', message, hint };
}

function quote(text: string): string {
  return `"${text.length > 80 ? `${text.slice(0, 79)}…` : text}"`;
}
