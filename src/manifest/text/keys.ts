import type { Finding } from './syntax.ts';

/** Around a mistake, so much of its document is looked at on either side (UTF-16 code units). */
const reach = 100_000;
/** `kind: Secret`, in YAML or JSON. A Route of OpenShift has a key in its `tls`. */
const kindWithKeys = /(?:^|[\s{,"'-])kind["']?\s*:\s*["']?(?:Secret|Route)(?:List)?\b/i;
/** Where the keys are in it. Who only refers to a Secret has none of these. */
const fieldWithKeys = /(?:^|[\s{,"'-])(?:data|stringData|key)["']?\s*:/;

/**
 * Whether a document that cannot be read is, or has in it, an object that holds keys, as far as anybody can tell from its
 * words. What only looks so loses a quote; what does not is shown.
 *
 * @param start - where the document begins
 * @param at - where the mistake is
 */
export function mayHoldKeys(text: string, start: number, at: number): boolean {
  const next = text.indexOf('\n---', at);
  const end = Math.min(next === -1 ? text.length : next, at + reach);
  const part = text.slice(Math.max(start, at - reach), end);
  return kindWithKeys.test(part) && fieldWithKeys.test(part);
}

/** A mistake without a word of the text: its place and its code. */
export function withoutText({ code, offset }: Finding): Finding {
  return {
    code,
    message:
      'This cannot be read, and nothing of it is shown, for it seems to hold the keys of a Secret or Route.',
    offset,
  };
}
