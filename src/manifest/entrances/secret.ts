import { SealedText } from '../../model/index.ts';
import type { Secret, TlsPair } from '../../model/index.ts';
import { readMetadata } from '../objects/index.ts';
import type { Findings } from '../objects/index.ts';
import type { RawObject } from '../raw.ts';
import { Field } from './field.ts';

const certificateKey = 'tls.crt';
const keyKey = 'tls.key';

/**
 * Reads a Secret; `undefined` when every server refuses it. Of the values only a certificate and its key are kept, and
 * no finding says anything of what a value is.
 *
 * @see https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets
 */
export function readSecret(findings: Findings, object: RawObject): Secret | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const root = Field.root(findings, object);
  const type = root.at('type').text() ?? 'Opaque';
  const tls = type === 'kubernetes.io/tls' ? pairOf(root) : undefined;
  if (findings.refusals !== before) return undefined;
  const { ref, origin } = object;
  const { namespace = 'default', name } = ref;
  return { ref, origin, namespace, name, type, tls };
}

function pairOf(root: Field): TlsPair | undefined {
  const certificate = valueOf(root, certificateKey);
  const key = valueOf(root, keyKey);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/** `stringData` is written over `data` by the server. */
function valueOf(root: Field, key: string): SealedText | undefined {
  const plain = root.at('stringData').at(key);
  if (typeof plain.value === 'string') return new SealedText(plain.value);
  const coded = root.at('data').at(key);
  const place = root.at('type');
  if (plain.isThere || (coded.isThere && typeof coded.value !== 'string')) {
    place.refuse('secret-value-invalid', `The value ${key} of this Secret is no text`);
    return undefined;
  }
  if (typeof coded.value !== 'string') {
    place.refuse('secret-value-missing', `This Secret of type kubernetes.io/tls has no value ${key}`, {
      hint: 'make it with: kubectl create secret tls NAME --cert=FILE --key=FILE',
    });
    return undefined;
  }
  const text = decodeBase64(coded.value);
  if (text === undefined) {
    place.refuse('secret-value-invalid', `The value ${key} in data of this Secret is not base64`, {
      hint: 'write it as it is under stringData instead',
    });
    return undefined;
  }
  return new SealedText(text);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * Decodes base64 as Go does: padded, line ends between; each byte one character, which is all that PEM needs.
 *
 * @returns `undefined` when it is no base64
 */
export function decodeBase64(coded: string): string | undefined {
  const text = coded.replaceAll(/[\r\n]/g, '');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const parts: string[] = [];
  for (let i = 0; i < text.length; i += 4) {
    let bits = 0;
    let length = 0;
    for (let j = i; j < i + 4; j++) {
      const value = alphabet.indexOf(text[j] ?? '');
      bits = bits * 64 + Math.max(value, 0);
      if (value >= 0) length += 6;
    }
    for (let shift = 16, left = length; left >= 8; shift -= 8, left -= 8) {
      parts.push(String.fromCharCode((bits >> shift) & 0xff));
    }
  }
  return parts.join('');
}
