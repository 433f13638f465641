import { compose } from './compose.ts';
import { isNetworkPolicyShaped } from './reindent.ts';
import { toValue } from './value.ts';

/** Longer documents get no suggestions: each candidate is read again (UTF-16 code units). */
export const maxSuggested: number = 2 ** 16;

/** Longer suggestions are not shown: no one would read them. */
const maxLines = 60;

/** Lines of a corrected document, and the first and last that are shown (indices, both included). */
export interface Candidate {
  readonly lines: readonly string[];
  readonly from: number;
  readonly to: number;
}

/**
 * The lines to show of the one candidate that is right, if there is one: it parses, leaves nothing empty that has lines
 * of its own, and is a valid object. Candidates that are valid and mean different things leave no suggestion: a wrong
 * one is worse than none.
 */
export function suggestionOf(
  candidates: readonly Candidate[],
  verify: ((value: unknown) => boolean) | undefined,
): readonly string[] | undefined {
  let best: Candidate | undefined;
  let meaning: string | undefined;
  for (const candidate of candidates) {
    const value = valueOf(candidate.lines.join('\n'));
    if (value === undefined || !makesSense(value) || verify?.(value) === false) continue;
    const json = JSON.stringify(value);
    if (meaning !== undefined && meaning !== json) return undefined;
    best ??= candidate;
    meaning = json;
  }
  if (best === undefined || best.to - best.from >= maxLines) return undefined;
  return best.lines.slice(best.from, best.to + 1).map((line) => line.trimEnd());
}

/** The candidate that replaces all lines; it shows what changed, from the line that it belongs to. */
export function candidateOf(before: readonly string[], after: readonly string[]): Candidate | undefined {
  const changed = after.flatMap((line, index) => (line === before[index] ? [] : [index]));
  const first = changed[0];
  const last = changed.at(-1);
  if (first === undefined || last === undefined || before.length !== after.length) return undefined;
  let from = first;
  do from--;
  while (from > 0 && isAside(after[from] as string));
  return { lines: after, from: Math.max(from, 0), to: last };
}

function isAside(line: string): boolean {
  return /^\s*(?:#|$)/.test(line);
}

function valueOf(text: string): unknown {
  const composed = compose(text);
  if (composed.kind !== 'nodes') return undefined;
  const converted = toValue(composed.document);
  return converted.kind === 'value' && converted.duplicates.length === 0 ? converted.value : undefined;
}

/**
 * Whether a corrected document can be what was meant. A key or item without a value is what remains when lines stand
 * beside it that belong into it, and in a NetworkPolicy it would admit more than was written.
 */
function makesSense(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || hasEmpty(value)) return false;
  if (Array.isArray(value)) return true;
  return !('kind' in value && value.kind === 'NetworkPolicy') || isNetworkPolicyShaped(value);
}

// As deep as the nodes of a document can be.
function hasEmpty(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === 'object' && Object.values(value).some(hasEmpty);
}
