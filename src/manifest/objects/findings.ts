import { formatPath } from '../../model/index.ts';
import type { Diagnostic, ObjectRef, Origin, Path, Severity } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { writtenScalar } from '../written-scalar.ts';

/** What a finding may say beside its message. */
export interface Detail {
  readonly hint?: string;
  /** The value at fault; scalars are shown, everything else has its message. */
  readonly value?: unknown;
}

/** So many findings of one code are told of what is no object: nobody reads more, and there may be millions. */
const mostAlike = 1000;

type Subject = Pick<RawObject, 'origin' | 'stored'> & { readonly ref: ObjectRef };

/** Collects what is wrong with objects, and knows whether it keeps an object from existing. */
export class Findings {
  readonly diagnostics: Diagnostic[] = [];
  /** Where findings go; see `into`. */
  #into: Diagnostic[] = this.diagnostics;
  #count = 0;
  /** By code: how many findings there were that are about no object. */
  readonly #counts = new Map<string, number>();
  /** Where the first stands that was not told. */
  #untold: Origin | undefined;
  #refusals = 0;
  /** The object that was refused last: what is left out is said once of each. */
  #refused: Subject | undefined;

  /** How many findings so far leave their object out: a reader compares it before and after an object. */
  get refusals(): number {
    return this.#refusals;
  }

  /** How many findings about objects there have been so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Lets findings about objects go to a list of their own: kinds that are read as they come are reported where their
   * kind stands in the report.
   *
   * @returns the list to which they went before, to go back to
   */
  into(diagnostics: Diagnostic[]): Diagnostic[] {
    const before = this.#into;
    this.#into = diagnostics;
    return before;
  }

  /** What every API server refuses: an error, but of an object that a server has taken a warning, and it counts. */
  refuse(object: Subject, code: string, path: Path, message: string, detail: Detail = {}): void {
    if (object.stored) {
      this.#add('warning', object, code, path, message, detail);
      return;
    }
    this.#refusals++;
    const told = this.#refused === object ? message : `${ended(message)} ${leftOut(object.ref)}`;
    this.#refused = object;
    this.#add('error', object, code, path, told, detail);
  }

  warn(object: Subject, code: string, path: Path, message: string, detail: Detail = {}): void {
    this.#add('warning', object, code, path, message, detail);
  }

  note(object: Subject, code: string, path: Path, message: string, detail: Detail = {}): void {
    this.#add('note', object, code, path, message, detail);
  }

  /** A finding about a document that is no object, or about the input as a whole; of one code, the first are told. */
  at(origin: Origin, severity: Severity, code: string, path: Path, message: string, hint?: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count > mostAlike) {
      this.#untold ??= origin;
      return;
    }
    const place = origin.locate(path);
    this.diagnostics.push({ code, severity, message, ...(hint === undefined ? {} : { hint }), ...place });
  }

  /** Says how many findings there were beside those that were told. Call it once, behind the last of them. */
  close(): void {
    if (this.#untold === undefined) return;
    let more = 0;
    for (const count of this.#counts.values()) more += Math.max(0, count - mostAlike);
    const message = `${more.toLocaleString('en')} more parts of the input are no Kubernetes objects; the first stands here.`;
    const place = this.#untold.locate([]);
    this.diagnostics.push({ code: 'too-many-errors', severity: 'error', message, ...place });
  }

  #add(
    severity: Severity,
    object: Subject,
    code: string,
    path: Path,
    message: string,
    { hint, value }: Detail,
  ): void {
    const shown = value === undefined ? undefined : scalarText(value);
    this.#count++;
    this.#into.push({
      code,
      severity,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(shown === undefined ? {} : { value: shown }),
      ...(path.length === 0 ? {} : { path: formatPath(path) }),
      object: object.ref,
      ...object.origin.locate(path),
    });
  }
}

/** Says that an object stands in the input again. */
export function tellTwice(findings: Findings, former: Origin, object: Subject): void {
  const { kind, namespace, name } = object.ref;
  const shown = namespace === undefined ? name : `${namespace}/${name}`;
  const { file, line, column } = former.locate([]);
  const message = `The ${kind} ${shown} is in the input twice; this one counts, not the one at ${file}:${line}:${column}`;
  findings.warn(object, 'object-twice', [], message);
}

/** A message as a whole sentence, so that another can follow. */
export function ended(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** What the answer lacks without a refused object. Its kind is one of Kubernetes' own: others are not judged. */
function leftOut({ kind, namespace, name }: ObjectRef): string {
  // A name with ~ is a number behind generateName, and no one knows it.
  const shown = name === '' || name.includes('~') ? '' : ` ${namespace === undefined ? '' : `${namespace}/`}`;
  const what = `The ${kind}${shown === '' ? '' : `${shown}${shorten(name, 80)}`} was left out`;
  switch (kind) {
    case 'Namespace':
      return `${what}, and its labels with it.`;
    case 'Node':
      return `${what}, and its labels and addresses with it.`;
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
    case 'CronJob':
    case 'ReplicationController':
      return `${what}, with the pods that its template would make.`;
    default:
      return `${what}.`;
  }
}

/** A scalar as text of at most 200 characters; `undefined` for mappings and lists, which may be of any size. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return shorten(value, 200);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  return value === null ? 'null' : undefined;
}

/** At most `length` characters, the last of which then says that there were more. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** What a value is, in the reader's words: `a list`, `the number 3`. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `the text "${shorten(value, 40)}"`;
    case 'number':
    case 'bigint':
      return `the number ${value}`;
    case 'boolean':
      return String(value);
    default:
      if (value === null || value === undefined) return 'null';
      return Array.isArray(value) ? 'a list' : 'a mapping';
  }
}

/** The first few of a list, and how many more there are: `a, b, c and 12 more`. */
export function someOf(names: readonly string[], shown = 3): string {
  if (names.length <= shown + 1) {
    return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  }
  return `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`;
}

/** `1 pod`, `2 pods`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A field that must be a mapping when it is there; absent and null are the same (corner 6). */
export function mappingAt(
  findings: Findings,
  object: Subject,
  value: unknown,
  path: Path,
): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined || value === null) return undefined;
  if (isRecord(value)) return value;
  wrongType(findings, object, value, path, 'a mapping');
  return undefined;
}

const noItems: readonly unknown[] = [];

/** A field that must be a list when it is there. */
export function listAt(findings: Findings, object: Subject, value: unknown, path: Path): readonly unknown[] {
  if (value === undefined || value === null) return noItems;
  if (Array.isArray(value)) return value as readonly unknown[];
  wrongType(findings, object, value, path, 'a list');
  return noItems;
}

/** A field that must be text when it is there; empty text is as absent as the API takes it to be. */
export function textAt(findings: Findings, object: Subject, value: unknown, path: Path): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (value === undefined || value === null) return undefined;
  wrongType(findings, object, value, path, 'text');
  return undefined;
}

/** A field that must be true or false when it is there; false otherwise. */
export function flagAt(findings: Findings, object: Subject, value: unknown, path: Path): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return value === true;
  wrongType(findings, object, value, path, 'true or false', 'write true or false, without quotes');
  return false;
}

/** A field that must be an integer of 32 bits when it is there. */
export function integerAt(
  findings: Findings,
  object: Subject,
  value: unknown,
  path: Path,
): number | undefined {
  if (value === undefined || value === null) return undefined;
  // A server decodes these fields into an int32, and refuses what does not fit.
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
  wrongType(findings, object, value, path, 'an integer of 32 bits', integerHint(value));
  return undefined;
}

function integerHint(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return /^[+-]?\d{1,10}$/.test(value) ? 'write the number without quotes' : undefined;
    case 'number':
    case 'bigint':
      return Number.isInteger(Number(value))
        ? 'the largest number that fits is 2147483647'
        : 'write a whole number';
    default:
      return undefined;
  }
}

/**
 * Says that a value is of a type that no API server decodes. Text that YAML took for a number or a truth value is the
 * slip that people make most, and has words of its own.
 */
export function wrongType(
  findings: Findings,
  object: Subject,
  value: unknown,
  path: Path,
  expected: string,
  hint?: string,
): void {
  if (expected === 'text' && isPlainScalar(value)) {
    const written = writtenScalar(object.origin, object.origin.locate(path));
    const what = typeof value === 'boolean' ? `the truth value ${value}` : describe(value);
    const words = `${String(path.at(-1))} is text, and without quotes this is ${what}`;
    findings.refuse(object, 'value-not-text', path, words, {
      value: written ?? value,
      hint: written === undefined ? 'put the value between quotes' : `write "${written}"`,
    });
    return;
  }
  const message = `${formatPath(path)} is ${describe(value)}, but must be ${expected}`;
  findings.refuse(object, 'wrong-type', path, message, { value, ...(hint === undefined ? {} : { hint }) });
}

function isPlainScalar(value: unknown): boolean {
  return typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint';
}
