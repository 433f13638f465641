import { bitsOf, formatAddress, parseAddress, parseCidr } from '../../net/index.ts';
import type { FieldError } from '../validate/index.ts';
import type { Case, Finding } from './finding.ts';
import { dnsText, entryOf, lengthOr, listed, nearest, short, suggested } from './phrases.ts';

/** What a finding says, where it says other than its error. */
export type Words = Omit<Finding, 'code' | 'path' | 'claims' | 'value'> & Partial<Finding>;

/** What to say about an error in the metadata of an object; `undefined` for other errors. */
export function metadataWords(error: FieldError, all: Case): Words | undefined {
  const { path, value, code } = error;
  const text = typeof value === 'string' ? value : '';
  switch (code) {
    case 'name-missing':
      return {
        message: 'the policy has no name',
        hint: 'write metadata: and below it name: with a name such as allow-web',
        value: undefined,
      };
    case 'name-invalid':
      return {
        // A bad start of the name makes the whole name bad as well.
        claims: all.errors.filter(
          (other) => other === error || (other.code === code && path.at(-1) === 'generateName'),
        ),
        message: `"${short(text)}" is no name of an object: ${lengthOr(text, 253, 'names have lower case letters, digits, - and ., and begin and end with a letter or digit')}`,
        ...suggested(dnsText(text), 'write'),
      };
    case 'namespace-invalid':
      return {
        message: `"${short(text)}" is no name of a namespace: ${lengthOr(text, 63, 'names have lower case letters, digits and -, no dots, and begin and end with a letter or digit')}`,
      };
    case 'annotation-key-invalid':
      return {
        ...entryOf(path, text),
        message: `"${short(text)}" is no key of an annotation`,
        hint: 'compare with example.com/note: letters, digits, -, _ and . after the /',
      };
    case 'annotations-too-large':
      return {
        message: 'the annotations are larger than 256 KiB, which no server stores',
        hint: 'shorten them',
      };
    case 'generation-negative':
      return { message: 'generation is below zero', hint: 'leave it out: the server keeps it' };
    case 'owner-reference-invalid':
      return {
        message: `an owner reference is not valid: ${error.message}`,
        hint: 'it needs apiVersion, kind, name and uid, and one of them at most is the controller',
      };
    case 'finalizer-invalid':
      return { message: `"${short(text)}" is no finalizer`, hint: 'finalizers look like example.com/name' };
    default:
      return undefined;
  }
}

/** What to say about an error in labels or a label selector; `undefined` for other errors. */
export function selectorWords(error: FieldError, all: Case): Words | undefined {
  const { path, value, code } = error;
  const text = typeof value === 'string' ? value : '';
  switch (code) {
    case 'label-key-invalid':
      return {
        ...entryOf(path, text),
        message:
          text === ''
            ? 'an expression needs the key of a label'
            : `"${short(text)}" is no key of a label: a key is a name of at most 63 letters, digits, -, _ and ., with a domain and / before it where one is wanted`,
        ...(text === ''
          ? { hint: 'write key: app' }
          : { hint: 'compare with app or app.kubernetes.io/name' }),
      };
    case 'label-value-invalid':
      return {
        ...entryOf(path, error.expected?.[0] ?? ''),
        message: `"${short(text)}" is no value of a label: ${lengthOr(text, 63, 'values have letters, digits, -, _ and ., and begin and end with a letter or digit')}`,
        hint: /[*?]/.test(text)
          ? `there are no wildcards; for any value write matchExpressions: - {key: ${error.expected?.[0] ?? 'app'}, operator: Exists}`
          : /,/.test(text)
            ? `for several values write matchExpressions: - {key: ${error.expected?.[0] ?? 'app'}, operator: In, values: [${short(text)}]}`
            : 'no pod or namespace can have such a value',
      };
    case 'selector-operator-invalid':
      return operatorWords(error, all);
    case 'selector-values-missing':
      return {
        message: `${text} needs at least one value`,
        hint: 'write values: and the values, or operator: Exists for any value',
        path: nearest(path, all),
        value: undefined,
      };
    case 'selector-values-forbidden':
      return {
        message: `${text} asks for the key alone and takes no values`,
        hint:
          text === 'Exists'
            ? 'leave out values, or write operator: In'
            : 'leave out values, or write operator: NotIn',
        value: undefined,
      };
    default:
      return undefined;
  }
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
const operatorSynonyms: ReadonlyMap<string, string> = new Map([
  ['=', 'In'],
  ['==', 'In'],
  ['!=', 'NotIn'],
  ['equals', 'In'],
  ['equal', 'In'],
  ['not in', 'NotIn'],
  ['notequals', 'NotIn'],
]);

function operatorWords({ path, value }: FieldError, all: Case): Words {
  const text = typeof value === 'string' ? value : '';
  const known =
    operators.find((operator) => operator.toLowerCase() === text.toLowerCase()) ??
    operatorSynonyms.get(text.toLowerCase());
  if (text === '') {
    return {
      message: 'an expression needs an operator',
      hint: `write operator: with ${listed(operators)}, one of them`,
      path: nearest(path, all),
      value: undefined,
    };
  }
  if (known === undefined) {
    const node = text === 'Gt' || text === 'Lt' ? '; Gt and Lt exist for nodes only' : '';
    return {
      message: `"${short(text)}" is no operator of a label selector: there are ${listed(operators)}${node}`,
    };
  }
  const sameLetters = known.toLowerCase() === text.toLowerCase();
  return {
    message: `"${short(text)}" is no operator of a label selector${sameLetters ? ': upper and lower case count' : ''}`,
    hint: `write ${known}`,
    fix: { path, value: known },
  };
}

/**
 * What to say about text that is no block of addresses.
 *
 * @param kind - the object that knows addresses alone, as `a NetworkPolicy`
 * @param list - where an entry may be empty text
 */
export function cidrWords({ path, value }: FieldError, kind: string, list: string): Words {
  const text = typeof value === 'string' ? value : '';
  const message = `"${short(text)}" is no block of addresses such as 10.0.0.0/8 or fd00::/8`;
  if (text.trim() === '')
    return {
      message: `an entry of ${list} is empty`,
      hint: 'leave it out, or write a block such as 10.1.0.0/16',
    };
  if (text.trim() !== text && parseCidr(text.trim()) !== undefined) {
    return {
      message: `${message}: there are spaces around it`,
      hint: `write ${text.trim()}`,
      fix: { path, value: text.trim() },
    };
  }
  const address = parseAddress(text);
  if (address !== undefined) {
    const block = `${formatAddress(address)}/${bitsOf(address.family)}`;
    return {
      message: `${text} is one address, and a block needs its length`,
      hint: `write ${block} for this address`,
      fix: { path, value: block },
    };
  }
  const [head = '', tail = ''] = text.split('/');
  const length = prefixOfMask(tail);
  if (length !== undefined && parseAddress(head) !== undefined) {
    return {
      message: `${message}: the length is a number of bits`,
      hint: `write ${head}/${length}`,
      fix: { path, value: `${head}/${length}` },
    };
  }
  if (/^[0-9a-fA-F.:]+\s*-\s*[0-9a-fA-F.:]+$/.test(text)) {
    return {
      message: `${message}: ranges of addresses cannot be written`,
      hint: 'write the blocks that make up the range, one peer for each',
    };
  }
  if (/[g-z]/i.test(head)) {
    return {
      message: `${message}: ${kind} knows addresses and no host names`,
      hint: 'write the addresses that the name stands for',
    };
  }
  return {
    message,
    hint: 'an IPv4 address has four numbers up to 255 and a length up to 32, an IPv6 address a length up to 128',
  };
}

/** `255.0.0.0` is 8. */
function prefixOfMask(text: string): number | undefined {
  const mask = text.includes('.') ? parseAddress(text) : undefined;
  if (mask === undefined || mask.family !== 'IPv4') return undefined;
  const bits = mask.value.toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}
