import { networkPolicyDecoder } from '../../../src/manifest/network-policy/index.ts';
import type { DecodedPolicy } from '../../../src/manifest/network-policy/index.ts';
import type { RawObject, ReadOptions } from '../../../src/manifest/raw.ts';
import { readText } from '../../../src/manifest/text/index.ts';
import { isRecord } from '../../../src/manifest/validate/index.ts';

/** The one object of `text`, read by the real reader of texts. */
export function objectOf(text: string, stored = false): RawObject {
  const { documents, diagnostics } = readText({ file: 'policy.yaml', text });
  const [document] = documents;
  if (document === undefined || documents.length > 1 || !isRecord(document.value)) {
    throw new Error(`not one object: ${JSON.stringify(diagnostics)}`);
  }
  return {
    ref: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace: 'shop', name: 'web' },
    value: document.value,
    origin: document.origin,
    duplicates: document.duplicates,
    stored,
  };
}

/** A manifest with its head and the fields of `spec`, indented by two spaces. */
export function policyText(spec: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
${spec}
`;
}

export function decodeText(text: string, options: ReadOptions = {}, stored = false): DecodedPolicy {
  return networkPolicyDecoder(options)(objectOf(text, stored));
}

export function decodeSpec(spec: string, options: ReadOptions = {}, stored = false): DecodedPolicy {
  return decodeText(policyText(spec), options, stored);
}
