import { formatPath } from '../../model/index.ts';
import type { Path } from '../../model/index.ts';
import { formatCidr } from '../../net/index.ts';
import {
  cidrWords,
  isNullish,
  kindOf,
  listed,
  metadataWords,
  recordAt,
  samePath,
  selectorWords,
  short,
  valueAt,
} from '../explain/index.ts';
import type { Case, Finding, Fix, Words } from '../explain/index.ts';
import { readCidr } from '../validate/index.ts';
import type { FieldError } from '../validate/index.ts';
import { explainUnknownField } from './fields.ts';
import { levelOf, peersFieldOf, subjectOf } from './place.ts';
import type { Context } from './place.ts';
import { explainWrongType } from './types.ts';

/** Tells one error of the CRD in the reader's words, with all others that the same mistake accounts for. */
export function explain(error: FieldError, all: Case, context: Context): Finding {
  if (error.strict === 'unknown') return explainUnknownField(error, all, context);
  if (error.code === 'wrong-type' && error.strict === undefined) return explainWrongType(error, all, context);
  const { path, code, value } = error;
  // Several messages about one value are one mistake.
  const claims = all.errors.filter(
    (other) => other.code === code && other.value === value && samePath(other.path, path),
  );
  return { code, path, value, claims, ...wordsOf(error, all, context) };
}

function wordsOf(error: FieldError, all: Case, context: Context): Words {
  const { path, value, code } = error;
  switch (code) {
    case 'duplicate-key':
      return {
        onKey: true,
        message: `${formatPath(path)} stands more than once, and the last one counts`,
        hint: 'keep one of them; where two entries of a list were meant, the second needs a dash',
        value: undefined,
      };
    case 'wrong-type':
      return { message: `${String(path.at(-1))} is ${error.expected?.[0]}, and this is ${kindOf(value)}` };
    case 'field-missing':
      return missingWords(path, all, context);
    case 'value-unknown':
      return valueWords(error, context);
    case 'number-out-of-range':
      return numberWords(error, context);
    case 'text-too-long':
      return longWords(error, context);
    case 'list-empty':
      return emptyListWords(path, context);
    case 'list-too-long':
      return longListWords(error);
    case 'value-twice':
      return {
        message: `${short(String(value))} stands in ${String(path.at(-2))} already, and no server takes it twice`,
        hint: 'leave it out',
      };
    case 'one-field-missing':
      return noFieldWords(path, all, context);
    case 'one-field-only':
      return manyFieldsWords(error, all, context);
    case 'named-port-with-addresses':
      return addressWords(path, all, context);
    case 'port-range-empty':
      return rangeWords(path, all);
    case 'domain-name-invalid':
      return domainNameWords(error);
    case 'cidr-invalid':
      return networkWords(error, context);
    case 'baseline-name':
      return {
        message: `a BaselineAdminNetworkPolicy is named default: there is one in a cluster, and no server takes another name`,
        hint: 'write name: default',
        ...(path.at(-1) === 'name' ? { fix: { path, value: 'default' } } : {}),
      };
    default:
      return metadataWords(error, all) ?? selectorWords(error, all) ?? { message: error.message };
  }
}

/** What to write for a field that is missing, by its name. */
const missingHints: ReadonlyMap<string, string> = new Map([
  ['spec', 'write spec: and below it whom the policy is for and its rules'],
  [
    'tier',
    'write tier: Admin to decide before NetworkPolicies, or tier: Baseline for what none of them isolates',
  ],
  ['priority', 'write priority: with a number from 0 to 1000; the lower one is asked first'],
  ['subject', 'for all pods write subject: {namespaces: {}}'],
  ['podSelector', 'for all pods write podSelector: {}'],
  ['namespaceSelector', 'for all namespaces write namespaceSelector: {}'],
  ['start', 'write start: with the first port'],
  ['end', 'write end: with the last port'],
  ['port', 'write port: with a number'],
  ['key', 'write key: with the key of a label'],
  ['operator', 'write operator: with In, NotIn, Exists or DoesNotExist'],
]);

function missingWords(path: Path, all: Case, context: Context): Words {
  const field = String(path.at(-1));
  const parent = path.slice(0, -1);
  const written = Object.hasOwn(recordAt(all.value, parent), field);
  const owner = subjectOf(parent, context);
  const message = written
    ? `${field} is empty, and a server drops what is empty: ${owner} needs it`
    : `${owner} needs ${field}`;
  const peers = peersFieldOf(path);
  const hint =
    field === 'action'
      ? `write action: with one of ${listed([...context.kind.actions.keys()])}`
      : field === 'from' || field === 'to'
        ? `there is no shorthand for everyone: write ${peers}: and below it ${everyone(peers)}`
        : missingHints.get(field);
  return {
    message,
    ...(hint === undefined ? {} : { hint }),
    path: written ? path : parent,
    onKey: written,
    value: undefined,
  };
}

function everyone(peers: 'from' | 'to'): string {
  return peers === 'from'
    ? '- namespaces: {} for every pod'
    : '- namespaces: {} for every pod, or - networks: [0.0.0.0/0, "::/0"] for every address';
}

const synonyms: ReadonlyMap<string, 'accept' | 'deny' | 'pass'> = new Map([
  ['accept', 'accept'],
  ['allow', 'accept'],
  ['permit', 'accept'],
  ['deny', 'deny'],
  ['drop', 'deny'],
  ['reject', 'deny'],
  ['block', 'deny'],
  ['pass', 'pass'],
  ['skip', 'pass'],
  ['next', 'pass'],
]);

function valueWords({ path, value, expected = [] }: FieldError, context: Context): Words {
  const text = typeof value === 'string' ? value : '';
  const field = String(path.at(-1));
  const meaning = field === 'action' ? synonyms.get(text.toLowerCase()) : undefined;
  const known =
    expected.find((each) => each.toLowerCase() === text.toLowerCase()) ??
    [...context.kind.actions].find(([, action]) => action === meaning)?.[0];
  const sameLetters = known?.toLowerCase() === text.toLowerCase();
  const message = `"${short(text)}" is no ${field} of ${subjectOf([], context)}${sameLetters ? ': upper and lower case count' : `: there are ${listed(expected)}`}`;
  if (known !== undefined) return { message, hint: `write ${known}`, fix: { path, value: known } };
  if (field === 'tier' && /^networkpolicy$/i.test(text)) {
    return { message, hint: 'between the two stand the NetworkPolicies, which are a kind of their own' };
  }
  return text.toLowerCase() === 'pass'
    ? { message, hint: 'leave out the rule: what none matches is allowed' }
    : { message };
}

function numberWords({ path, value, expected = [] }: FieldError, { kind }: Context): Words {
  const [from = '', to = ''] = expected;
  const isPort = path[3] === kind.ports;
  if (!isPort) {
    return {
      code: 'priority-out-of-range',
      message: `a priority goes from ${from} to ${to}, and this is ${String(value)}`,
    };
  }
  const every =
    kind.ports === 'protocols' ? 'range: {start: 1, end: 65535}' : 'portRange: {start: 1, end: 65535}';
  return {
    code: 'port-out-of-range',
    message: `${String(value)} is no port: ports are numbers from ${from} to ${to}`,
    ...(value === 0 ? { hint: `for every port of a protocol write ${every}` } : {}),
  };
}

function longWords({ path, value }: FieldError, context: Context): Words {
  const text = String(value);
  if (typeof path.at(-1) === 'string') {
    return { message: 'the name of a rule has at most 100 characters, and this one is longer' };
  }
  const parsed = readCidr(text);
  const shorter = parsed === undefined ? undefined : formatCidr(parsed.cidr);
  return {
    message: `${subjectOf(path, context)} has at most 43 characters, and this one has ${text.length}`,
    ...(shorter === undefined ? {} : { hint: `write ${shorter}`, fix: { path, value: shorter } }),
  };
}

function emptyListWords(path: Path, { kind }: Context): Words {
  const field = String(path.at(-1));
  const message = `${field} is an empty list, which no server takes`;
  if (field === 'from' || field === 'to') {
    return {
      message,
      hint: `there is no shorthand for everyone: write ${everyone(field)}`,
      value: undefined,
    };
  }
  const hint = field === kind.ports ? `for every port and protocol leave out ${field}` : 'leave out the peer';
  return { message, hint, value: undefined };
}

function longListWords({ path, value, expected }: FieldError): Words {
  const field = String(path.at(-1));
  const hints: Readonly<Record<string, string>> = {
    ingress: 'write a second policy with the next priority for the rest',
    egress: 'write a second policy with the next priority for the rest',
    networks: 'write a second peer for the rest',
    domainNames: 'write a second peer for the rest',
  };
  return {
    message: `${field} has ${String(value)} entries, and ${expected?.[0]} are allowed`,
    hint: hints[field] ?? 'write a second rule for the rest',
    value: undefined,
  };
}

/** An object of which one field is needed: an empty peer, an entry without protocol. */
function noFieldWords(path: Path, all: Case, context: Context): Words {
  const { kind, channel } = context;
  const written = recordAt(all.value, path);
  const empty = Object.keys(written).find((field) => isNullish(written[field]));
  const name = subjectOf(path, context);
  if (empty !== undefined) {
    const level = levelOf(path);
    const isPods = level === 'peer' || level === 'subject';
    return {
      message: `${empty} is empty, and a server drops what is empty${isPods ? `: it does not select ${empty === 'nodes' ? 'all nodes' : 'everything'}` : ''}`,
      hint:
        empty === 'namespaces' || empty === 'nodes'
          ? `for all ${empty} write ${empty}: {}`
          : `write what ${empty} is for below it`,
      path: [...path, empty],
      onKey: true,
      value: undefined,
    };
  }
  switch (levelOf(path)) {
    case 'subject':
      return {
        message: 'the subject is empty: a policy for nobody is one that no server takes',
        hint: 'for all pods write subject: {namespaces: {}}',
        value: undefined,
      };
    case 'peer': {
      const fields = peersFieldOf(path) === 'to' ? [...kind.egressPeers[channel]] : ['namespaces', 'pods'];
      return {
        message: `${name} is empty; it needs one of ${listed(fields)}`,
        hint: `for everyone write ${everyone(peersFieldOf(path))}`,
        value: undefined,
      };
    }
    case 'transport':
      return {
        message: `${name} without a port is not "every port", and no server takes it`,
        hint: 'for every port write destinationPort: {range: {start: 1, end: 65535}}',
        value: undefined,
        fix: { path, value: { destinationPort: { range: { start: 1, end: 65535 } } } },
      };
    case 'destinationPort':
      return {
        message: 'destinationPort needs number or range',
        hint: 'for every port write range: {start: 1, end: 65535}',
        value: undefined,
      };
    default:
      return {
        message: `${name} is empty`,
        hint:
          kind.ports === 'protocols'
            ? 'write tcp:, udp:, sctp: or destinationNamedPort: in it'
            : 'write portNumber:, portRange: or namedPort: in it',
        value: undefined,
      };
  }
}

function manyFieldsWords({ path, expected = [] }: FieldError, all: Case, context: Context): Words {
  const name = subjectOf(path, context);
  const message = `${name} has ${listed(expected)}, and only one of them may stand here`;
  switch (levelOf(path)) {
    case 'entry':
      return {
        message,
        hint: 'write an entry of its own for each, with a dash',
        value: undefined,
        ...splitEntry(path, all),
      };
    case 'destinationPort':
      return { message, hint: 'a number is one port; a range is start and end', value: undefined };
    case 'subject':
      return {
        message,
        hint: 'for some pods of some namespaces write pods: {namespaceSelector: …, podSelector: …}; else write two policies',
        value: undefined,
      };
    default:
      return {
        message,
        hint:
          expected.includes('namespaces') && expected.includes('pods')
            ? 'for some pods of some namespaces write pods: {namespaceSelector: …, podSelector: …}; for either of them write two entries with a dash each'
            : 'write two entries with a dash each: the rule is then for both',
        value: undefined,
      };
  }
}

/** An entry with several protocols as one entry for each: the rule is for any of its entries. */
function splitEntry(path: Path, all: Case): { fix?: Fix } {
  const listPath = path.slice(0, -1);
  const list = valueAt(all.value, listPath);
  const index = path.at(-1);
  if (!Array.isArray(list) || typeof index !== 'number') return {};
  const items: readonly unknown[] = list;
  const entries = Object.entries(recordAt(all.value, path)).map(([field, value]) => ({ [field]: value }));
  return {
    fix: { path: listPath, value: [...items.slice(0, index), ...entries, ...items.slice(index + 1)] },
  };
}

function addressWords(path: Path, all: Case, { kind }: Context): Words {
  const rule = recordAt(all.value, path);
  const peers: readonly unknown[] = Array.isArray(rule['to']) ? rule['to'] : [];
  const fields = peers.flatMap((_, index) => Object.keys(recordAt(all.value, [...path, 'to', index])));
  const found = ['networks', 'nodes', 'domainNames'].filter((field) => fields.includes(field));
  const name = kind.ports === 'protocols' ? 'destinationNamedPort' : 'namedPort';
  return {
    message: `a rule to ${listed(found)} names a port: only pods have ports with names, and no server takes both in one rule`,
    hint: `write two rules: one to pods with ${name}, one to ${listed(found)} with numbers`,
    value: undefined,
  };
}

function rangeWords(path: Path, all: Case): Words {
  const { start, end } = recordAt(all.value, path);
  if (start === end) {
    return {
      message: `the range begins and ends with ${String(start)}, and a range has at least two ports`,
      hint: `write number: ${String(start)} instead of range`,
      value: undefined,
      fix: { path: path.slice(0, -1), value: { number: start } },
    };
  }
  return {
    message: `the range begins with ${String(start)} and ends with ${String(end)}, so it is empty`,
    hint: `the lower end goes in start: start: ${String(end)}, end: ${String(start)}`,
    value: undefined,
    fix: { path, value: { start: end, end: start } },
  };
}

function domainNameWords({ path, value }: FieldError): Words {
  const text = typeof value === 'string' ? value : '';
  const message = `"${short(text)}" is no name such as example.com or *.example.com`;
  const bare = text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/[/:].*$/, '');
  if (bare !== text) {
    const isName = /^(\*\.)?([a-z0-9-]+\.)+[a-z0-9-]+\.?$/i.test(bare);
    return {
      message: `${message}: neither schemes nor ports nor paths belong to it`,
      ...(isName ? { hint: `write ${bare}`, fix: { path, value: bare } } : {}),
    };
  }
  if (text.includes('*')) {
    return {
      message: `${message}: * stands for everything below a name of at least two parts, and only at its beginning`,
      hint: 'write *.example.com, and example.com beside it if it is meant as well',
    };
  }
  return text.includes('.')
    ? { message, hint: 'parts of a name are letters, digits and - between them, with single dots' }
    : { message: `${message}: it needs at least two parts`, hint: 'write the whole name, with its domain' };
}

function networkWords(error: FieldError, { kind, channel }: Context): Words {
  const { path, value } = error;
  const parsed = typeof value === 'string' ? readCidr(value) : undefined;
  if (parsed !== undefined) {
    const canonical = formatCidr(parsed.cidr);
    const isMapped = parsed.irregularities.includes('ipv4-mapped');
    return {
      message: `${short(String(value))} ${isMapped ? 'is an IPv4 block in IPv6 spelling' : 'has zeros in front of a number'}, which no server takes here`,
      hint: `write ${canonical}`,
      fix: { path, value: canonical },
    };
  }
  if (typeof value === 'string' && value.includes('%')) {
    return {
      message: `${short(value)} has a zone, which means something on one machine only`,
      hint: 'leave out % and what follows it',
    };
  }
  const words = cidrWords(error, 'networks', 'networks');
  const isHost = typeof value === 'string' && /[g-z]/i.test(value.split('/', 1)[0] ?? '');
  const names = kind.egressPeers[channel].has('domainNames');
  return isHost && names ? { ...words, hint: 'names go in a peer of their own: domainNames' } : words;
}
