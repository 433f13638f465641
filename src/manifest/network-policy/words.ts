import { formatPath } from '../../model/index.ts';
import type { Path } from '../../model/index.ts';
import { bitsOf, formatAddress, formatCidr, parseAddress, parseCidr } from '../../net/index.ts';
import {
  cidrWords,
  isNullish,
  kindOf,
  metadataWords,
  recordAt,
  samePath,
  selectorWords,
  short,
  valueAt,
  withField,
} from '../explain/index.ts';
import type { Case, Finding, Fix, Words } from '../explain/index.ts';
import { isPortName } from '../validate/index.ts';
import type { FieldError } from '../validate/index.ts';
import { subjectOf } from './shapes.ts';
import { explainUnknownField } from './unknown-fields.ts';
import { explainWrongType } from './wrong-types.ts';

/** Tells one error of the API in the reader's words, with all others that the same mistake accounts for. */
export function explain(error: FieldError, all: Case): Finding {
  const finding = error.strict === undefined ? explainInvalid(error, all) : explainDecoding(error, all);
  // Several messages of the API about one value are one mistake.
  const same = all.errors.filter(
    (other) =>
      other.code === error.code &&
      other.value === error.value &&
      other.expected?.[0] === error.expected?.[0] &&
      samePath(other.path, error.path),
  );
  return { ...finding, claims: [...finding.claims, ...same, error] };
}

/** The error that says better what is wrong, where the API reports two for one mistake. */
function causeOf({ code, path, value }: FieldError, all: Case): FieldError | undefined {
  const entry = path.slice(0, -1);
  if (code === 'end-port-with-name') {
    return all.errors.find(
      (other) =>
        (other.code === 'port-quoted' || other.code === 'port-range-in-text') &&
        samePath(other.path, [...entry, 'port']),
    );
  }
  if (code === 'end-port-below-port' && Number(value) < 1) {
    return all.errors.find((other) => other.code === 'end-port-out-of-range' && samePath(other.path, path));
  }
  return undefined;
}

function explainDecoding(error: FieldError, all: Case): Finding {
  switch (error.strict) {
    case 'unknown':
      return explainUnknownField(error, all);
    case 'duplicate':
      return {
        code: error.code,
        path: error.path,
        onKey: true,
        message: `${formatPath(error.path)} stands more than once, and the last one counts`,
        hint: 'keep one of them; where two entries of a list were meant, the second needs a dash',
        claims: [error],
      };
    default:
      return (
        explainWrongType(error, all) ?? {
          code: error.code,
          path: error.path,
          message: `${nameOf(error.path)} is ${error.expected?.[0] ?? 'something else'}, and this is ${kindOf(error.value)}`,
          value: error.value,
          claims: [error],
        }
      );
  }
}

function nameOf(path: Path): string {
  return typeof path.at(-1) === 'number' ? subjectOf(path) : String(path.at(-1));
}

function explainInvalid(error: FieldError, all: Case): Finding {
  const cause = causeOf(error, all);
  if (cause !== undefined) return explainInvalid(cause, all);
  const words = wordsOf(error, all);
  return { code: error.code, path: error.path, value: error.value, claims: [error], ...words };
}

function wordsOf(error: FieldError, all: Case): Words {
  const { path, value, code } = error;
  switch (code) {
    case 'immutable-field':
      return { message: `${nameOf(path)} of a stored object cannot change` };
    case 'protocol-unknown':
      return protocolWords(error, all);
    case 'port-quoted':
      return quotedWords(error, all);
    case 'port-range-in-text':
      return rangeWords(error, all);
    case 'port-with-protocol':
      return protocolInPortWords(error, all);
    case 'port-out-of-range':
    case 'end-port-out-of-range':
      return {
        message: `${String(value)} is no port: ports are numbers from 1 to 65535`,
        ...(value === 0 && code === 'port-out-of-range'
          ? { hint: 'for every port leave out port, or the whole list ports' }
          : {}),
        claims: [
          error,
          ...all.errors.filter(
            (other) => other.code === 'end-port-below-port' && samePath(other.path, error.path),
          ),
        ],
      };
    case 'port-name-invalid':
      return portNameWords(error);
    case 'end-port-below-port':
      return endPortWords(error, all);
    case 'end-port-without-port':
      return {
        message: 'endPort ends a range, and there is no port to begin it',
        hint: 'write port: with the first port',
      };
    case 'end-port-with-name':
      return {
        message: 'endPort ends a range of numbers, and port is a name',
        hint: 'write the number in port, or leave out endPort',
      };
    case 'peer-empty':
      return emptyPeerWords(path, all);
    case 'peer-mixed':
      return {
        message: 'ipBlock stands beside a selector, and a peer is either addresses or pods',
        hint: 'write two entries with a dash each: the rule then admits both',
        value: undefined,
      };
    case 'cidr-missing':
      return {
        message: 'ipBlock needs a cidr',
        hint: 'write cidr: 10.0.0.0/8, or 0.0.0.0/0 for every IPv4 address',
        value: undefined,
      };
    case 'cidr-invalid':
      return cidrWords(error, 'a NetworkPolicy', 'except');
    case 'except-outside-cidr':
      return exceptWords(error);
    case 'cidr-host-bits':
      return hostBitWords(error);
    case 'cidr-leading-zeros':
      return respelled(error, 'has leading zeros, which some programs read as octal');
    case 'cidr-ipv4-mapped':
      return respelled(error, 'is an IPv4 address in IPv6 spelling');
    case 'policy-type-unknown':
      return policyTypeWords(error);
    case 'policy-types-too-many':
      return {
        message: 'policyTypes has more than two entries, and there are two types only',
        hint: 'write Ingress, Egress or both',
      };
    default:
      return metadataWords(error, all) ?? selectorWords(error, all) ?? { message: error.message };
  }
}

function protocolWords({ path, value }: FieldError, all: Case): Words {
  const text = typeof value === 'string' ? value : '';
  const names = text.split(/[,/|+ ]+/).map((name) => name.toUpperCase());
  const known = names.length > 0 && names.every((name) => ['TCP', 'UDP', 'SCTP'].includes(name));
  const message = `"${short(text)}" is no protocol: there are TCP, UDP and SCTP`;
  const [only] = names;
  if (known && names.length === 1 && only !== undefined) {
    return {
      message: `${message}, in upper case`,
      hint: `write ${only}`,
      fix: { path, value: only },
    };
  }
  if (known) {
    const entryPath = path.slice(0, -1);
    const entry = recordAt(all.value, entryPath);
    const fix = splitEntry(
      all,
      entryPath,
      names.map((name) => withField(entry, 'protocol', name)),
    );
    return {
      message: `${message}, one for each entry`,
      hint: 'write one entry of ports for each protocol',
      ...fix,
    };
  }
  if (text === '') {
    return { message: 'protocol is empty text', hint: 'leave it out for TCP' };
  }
  return {
    message,
    hint: /^icmp/i.test(text)
      ? 'NetworkPolicy cannot name ICMP; a rule without ports admits it with most network plugins'
      : 'HTTP and the like are TCP with a port',
  };
}

/** Several entries in the place of the one at `entryPath`. */
function splitEntry(all: Case, entryPath: Path, entries: readonly unknown[]): { fix?: Fix } {
  const listPath = entryPath.slice(0, -1);
  const list = valueAt(all.value, listPath);
  const index = entryPath.at(-1);
  if (!Array.isArray(list) || typeof index !== 'number') return {};
  const items: readonly unknown[] = list;
  return {
    fix: { path: listPath, value: [...items.slice(0, index), ...entries, ...items.slice(index + 1)] },
  };
}

function quotedWords(error: FieldError, all: Case): Words {
  const number = Number(error.value);
  return {
    message: `the quotes make ${String(error.value)} a name, and the name of a port needs a letter`,
    hint: `leave out the quotes: port: ${number}`,
    claims: [error, ...endPortErrors(error, all)],
    fix: { path: error.path, value: number },
  };
}

/** That endPort must not stand beside a name falls away with the name. */
function endPortErrors(error: FieldError, all: Case): readonly FieldError[] {
  const at = formatPath([...error.path.slice(0, -1), 'endPort']);
  return all.errors.filter(({ code, path }) => code === 'end-port-with-name' && formatPath(path) === at);
}

function rangeWords(error: FieldError, all: Case): Words {
  const [from = 0, to = 0] = String(error.value).split(/[-:]/).map(Number);
  const entryPath = error.path.slice(0, -1);
  const entry = recordAt(all.value, entryPath);
  const free = isNullish(entry['endPort']);
  return {
    message: `"${String(error.value)}" is read as a name, and the name of a port needs a letter`,
    hint: `a range is written port: ${from}, endPort: ${to}`,
    claims: [error, ...endPortErrors(error, all)],
    ...(free && from <= to
      ? { fix: { path: entryPath, value: withField(withField(entry, 'port', from), 'endPort', to) } }
      : {}),
  };
}

function protocolInPortWords(error: FieldError, all: Case): Words {
  const text = String(error.value);
  const number = Number(/\d+/.exec(text)?.[0]);
  const protocol = /[a-z]+/i.exec(text)?.[0].toUpperCase() ?? '';
  const entryPath = error.path.slice(0, -1);
  const entry = recordAt(all.value, entryPath);
  const agrees = isNullish(entry['protocol']) || entry['protocol'] === protocol;
  return {
    message: `"${short(text)}" is read as the name of a port; number and protocol have a field each`,
    hint: `write protocol: ${protocol}, port: ${number}`,
    ...(agrees
      ? { fix: { path: entryPath, value: withField(withField(entry, 'port', number), 'protocol', protocol) } }
      : {}),
  };
}

function portNameWords({ path, value }: FieldError): Words {
  const text = typeof value === 'string' ? value : '';
  const lower = text.toLowerCase();
  if (text === '') return { message: 'port is empty text', hint: 'leave it out for every port' };
  if (text.length > 15) {
    return {
      message: `"${short(text)}" is no name of a port: it has ${text.length} characters, and 15 are allowed`,
      hint: 'use the name that the container of the destination gives to the port, or its number',
    };
  }
  return {
    message: `"${short(text)}" is no name of a port: names have lower case letters, digits and single - between them, and at least one letter`,
    hint: isPortName(lower)
      ? `write ${lower}`
      : 'use the name that the container of the destination gives to the port, or its number',
    ...(isPortName(lower) ? { fix: { path, value: lower } } : {}),
  };
}

function endPortWords({ path, value }: FieldError, all: Case): Words {
  const port = String(recordAt(all.value, path.slice(0, -1))['port']);
  return {
    message: `endPort ${String(value)} is below port ${port}, so the range is empty`,
    hint: `the lower end goes in port: port: ${String(value)}, endPort: ${port}`,
  };
}

function emptyPeerWords(path: Path, all: Case): Words {
  const peer = recordAt(all.value, path);
  const selector = ['podSelector', 'namespaceSelector'].find((name) => Object.hasOwn(peer, name));
  const list = String(path[3]);
  if (selector !== undefined) {
    const all_ = selector === 'podSelector' ? 'all pods of the namespace' : 'all pods of all namespaces';
    return {
      message: `${selector} is empty, which is the same as leaving it out, and a peer needs a field`,
      hint: `for ${all_} write ${selector}: {}; for some of them write matchLabels: below it`,
      path: [...path, selector],
      onKey: true,
      value: undefined,
    };
  }
  return {
    message: `a peer of ${list} is empty; it needs podSelector, namespaceSelector or ipBlock`,
    hint: `to admit every peer leave out ${list}`,
    value: undefined,
  };
}

function exceptWords({ value, expected }: FieldError): Words {
  const text = String(value);
  const outer = expected?.[0] ?? '';
  const inner = parseCidr(text)?.cidr;
  const block = parseCidr(outer)?.cidr;
  const equal = inner !== undefined && block !== undefined && formatCidr(inner) === formatCidr(block);
  if (equal) {
    return {
      message: `except ${text} is the whole of cidr, so nothing would be left`,
      hint: 'leave out the peer, or take a smaller block in except',
    };
  }
  return {
    message:
      inner !== undefined && block !== undefined && inner.family !== block.family
        ? `except ${text} is ${inner.family}, and cidr ${outer} is ${block.family}`
        : `except ${text} does not lie in cidr ${outer}`,
    hint: `an except is a smaller block within ${outer}; what lies outside is not admitted anyway`,
  };
}

function hostBitWords({ path, value }: FieldError): Words {
  const text = String(value);
  const parsed = parseCidr(text);
  const address = parseAddress(text.slice(0, text.indexOf('/')), { leadingZeros: true });
  const masked = parsed === undefined ? text : formatCidr(parsed.cidr);
  const single = address === undefined ? text : `${formatAddress(address)}/${bitsOf(address.family)}`;
  return {
    path,
    message: `${text} has bits set after its length: read here as ${masked}, by some network plugins as ${single} or not at all. Servers from 1.36 on refuse it`,
    hint: `write ${masked} or ${single}, whichever is meant`,
  };
}

function respelled({ path, value }: FieldError, what: string): Words {
  const text = String(value);
  const parsed = parseCidr(text);
  const canonical = parsed === undefined ? text : formatCidr(parsed.cidr);
  const hostBits = parsed?.irregularities.includes('host-bits') === true;
  return {
    path,
    message: `${text} ${what}; it is read as ${canonical}. Servers from 1.36 on refuse it`,
    hint: `write ${canonical}`,
    ...(hostBits ? {} : { fix: { path, value: canonical } }),
  };
}

function policyTypeWords({ path, value }: FieldError): Words {
  const text = typeof value === 'string' ? value : '';
  const known = ['Ingress', 'Egress'].find((type) => type.toLowerCase() === text.toLowerCase());
  if (known !== undefined) {
    return {
      message: `"${text}" is no policy type: upper and lower case count`,
      hint: `write ${known}`,
      fix: { path, value: known },
    };
  }
  return {
    message: `"${short(text)}" is no policy type: there are Ingress and Egress`,
    ...(/^(both|all|\*)$/i.test(text) ? { hint: 'write two entries, Ingress and Egress' } : {}),
  };
}
