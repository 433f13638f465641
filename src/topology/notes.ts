import type { LabNote } from './plan.ts';

/** A note, unless there is nothing to tell. */
export function note(kind: LabNote['kind'], details: readonly string[], message: string): readonly LabNote[] {
  return details.length === 0 ? [] : [{ kind, message, details }];
}
