import { formatPath } from '../model/index.ts';
import type { Diagnostic, ObjectRef, Origin, Path, Severity } from '../model/index.ts';

/** An object that a finding is about. */
export interface Subject {
  readonly ref: ObjectRef;
  readonly origin: Origin;
}

/** Collects what is wrong with where entrances lead. All of it is about the answer, so nothing here is an error. */
export class EntryFindings {
  readonly diagnostics: Diagnostic[] = [];
  readonly #told = new Set<string>();

  warn(subject: Subject, code: string, path: Path, message: string, hint?: string): void {
    this.#add('warning', subject, code, path, message, hint);
  }

  note(subject: Subject, code: string, path: Path, message: string, hint?: string): void {
    this.#add('note', subject, code, path, message, hint);
  }

  #add(
    severity: Severity,
    { ref, origin }: Subject,
    code: string,
    path: Path,
    message: string,
    hint: string | undefined,
  ): void {
    const place = origin.locate(path);
    // A rule that several listeners take is told once.
    const key = `${code} ${place.file}:${place.line}:${place.column} ${ref.kind} ${ref.namespace ?? ''}/${ref.name} ${message}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.diagnostics.push({
      code,
      severity,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(path.length === 0 ? {} : { path: formatPath(path) }),
      object: ref,
      ...place,
    });
  }
}

/** The first few names of a list, and how many more there are. */
export function someOf(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.length <= 4 ? names : names.slice(0, 3);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length === 1 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
