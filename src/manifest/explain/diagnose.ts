import { Document } from 'yaml';
import { formatPath } from '../../model/index.ts';
import type { Diagnostic, Path, Severity } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { FieldErrors, isRecord, refuses } from '../validate/index.ts';
import type { FieldError, Report } from '../validate/index.ts';
import { writtenScalar } from '../written-scalar.ts';
import type { Case, Finding } from './finding.ts';
import { isWithin, samePath, valueAt, withValueAt } from './raw-value.ts';

/** Knows what one kind of policy may be. */
export interface Judge {
  /** Tells one error in the reader's words, with all others that the same mistake accounts for. */
  readonly explain: (error: FieldError, all: Case) => Finding;
  /** All that is wrong with an object of the kind. */
  readonly check: (value: unknown, report: Report) => void;
  /** The servers that decide refuse old spellings of CIDRs. */
  readonly strict: boolean;
}

/** More findings about one object than these are counted and not told. */
const mostFindings = 100;

/** Each suggestion validates its rule again, so a flood of mistakes gets no more than these. */
const mostSuggestions = 20;
const mostSuggestedNodes = 200;
const longestValue = 200;

/**
 * Tells what is wrong with an object: one diagnostic for each mistake, in the order of the API's errors.
 *
 * @param dropped - errors that were found and are not in `errors`
 */
export function diagnose(
  object: RawObject,
  errors: readonly FieldError[],
  dropped: number,
  judge: Judge,
): readonly Diagnostic[] {
  const { strict } = judge;
  const told = new Set<FieldError>();
  const diagnostics: Diagnostic[] = [];
  const all = { value: object.value, errors };
  let suggestions = 0;
  let rest = dropped;
  for (const error of errors) {
    if (told.has(error)) continue;
    if (diagnostics.length >= mostFindings) {
      rest++;
      continue;
    }
    const finding = judge.explain(error, all);
    told.add(error);
    for (const claim of finding.claims) told.add(claim);
    const suggestion = suggestions < mostSuggestions ? suggestionOf(object, finding, judge) : undefined;
    if (suggestion !== undefined) suggestions++;
    diagnostics.push(diagnosticOf(object, finding, strict, suggestion));
  }
  if (rest > 0) {
    diagnostics.push({
      ...object.origin.locate([]),
      code: 'more-findings',
      severity: severityOf(object, errors, strict),
      message: `${rest} more ${rest === 1 ? 'thing is' : 'things are'} wrong with this object`,
      hint: 'correct the ones above first: many probably have the same cause',
      object: object.ref,
    });
  }
  return diagnostics;
}

function severityOf(object: RawObject, errors: readonly FieldError[], strict: boolean): Severity {
  if (object.stored) return 'warning';
  return errors.some((error) => refuses(error) || (strict && error.since !== undefined))
    ? 'error'
    : 'warning';
}

function diagnosticOf(
  object: RawObject,
  finding: Finding,
  strict: boolean,
  suggestion: readonly string[] | undefined,
): Diagnostic {
  const { code, path, message } = finding;
  const { file, line, column } =
    finding.onKey === true ? object.origin.locateKey(path) : object.origin.locate(path);
  const written = code === 'value-not-text' ? writtenScalar(object.origin, { line, column }) : undefined;
  const hint = written === undefined ? finding.hint : `write "${written}"`;
  const value = written ?? valueText(finding.value);
  return {
    file,
    line,
    column,
    code,
    severity: severityOf(object, finding.claims, strict),
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(value === undefined ? {} : { value }),
    path: formatPath(path),
    object: object.ref,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function valueText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return shortened(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  return isSmall(value) ? shortened(JSON.stringify(value)) : undefined;
}

function shortened(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue - 3)}...` : text;
}

/** The lines that correct the mistake, if there is a correction and it is valid where it stands. */
function suggestionOf(
  object: RawObject,
  { fix, claims }: Finding,
  judge: Judge,
): readonly string[] | undefined {
  if (fix === undefined || !isSmall(fix.value) || !isValidWith(object, fix, claims, judge)) return undefined;
  const last = fix.path.at(-1);
  const shown = fix.shown ?? (typeof last === 'number' ? [fix.value] : { [last ?? '']: fix.value });
  return yamlLines(shown);
}

function isValidWith(
  object: RawObject,
  fix: NonNullable<Finding['fix']>,
  claims: readonly FieldError[],
  judge: Judge,
): boolean {
  // A rule is judged alone, so that a thousand of them are not judged for each.
  const ruleAlone = fix.path[0] === 'spec' && typeof fix.path[2] === 'number';
  const rulePath: Path = fix.path.slice(0, 3);
  if (ruleAlone && !isSmall(valueAt(object.value, rulePath))) return false;
  if (!ruleAlone && !isSmall(object.value)) return false;
  const corrected = withValueAt(object.value, fix.path, fix.value);
  const judged = ruleAlone
    ? {
        metadata: { name: 'judged' },
        spec: { [String(fix.path[1])]: [valueAt(corrected, rulePath)] },
      }
    : corrected;
  const path: Path = ruleAlone
    ? ['spec', String(fix.path[1]), 0, ...fix.path.slice(3)]
    : (fix.judged ?? fix.path);
  const left = new FieldErrors(mostFindings);
  judge.check(judged, left.report);
  // Nothing may be wrong in what is shown, and what was to be corrected must be gone.
  return !left.list.some(
    (error) =>
      isWithin(error.path, path) ||
      isWithin(path, error.path) ||
      (!ruleAlone && claims.some((claim) => claim.code === error.code && samePath(claim.path, error.path))),
  );
}

/** Whether a value is small enough to be shown; looks at no more than a few hundred parts of it. */
function isSmall(value: unknown): boolean {
  const queue: unknown[] = [value];
  for (let seen = 0; queue.length > 0; seen++) {
    const next = queue.pop();
    if (seen > mostSuggestedNodes || typeof next === 'bigint') return false;
    if (typeof next === 'string' && next.length > 1000) return false;
    const parts: readonly unknown[] = Array.isArray(next) ? next : isRecord(next) ? Object.values(next) : [];
    if (parts.length > mostSuggestedNodes) return false;
    queue.push(...parts);
  }
  return true;
}

/** As people write manifests; `yes` and its like are quoted, for Kubernetes reads YAML 1.1. */
function yamlLines(value: unknown): readonly string[] {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false });
  return document.toString({ lineWidth: 0 }).trimEnd().split('\n');
}
