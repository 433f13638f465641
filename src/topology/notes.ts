import type { LabNote } from './plan.ts';

/** A note, unless there is nothing to tell. */
export function note(kind: LabNote['kind'], details: readonly string[], message: string): readonly LabNote[] {
  return details.length === 0 ? [] : [{ kind, message, details }];
}

/** Of these it matters what they are about. */
const named: ReadonlySet<LabNote['kind']> = new Set([
  'service-families',
  'services-left-out',
  'entrances-left-out',
]);

/** So many are named. */
const mostNamed = 3;

/** A note as one sentence without final full stop; what a lab leaves out is named, the first few of it. */
export function noteText({ kind, message, details }: LabNote): string {
  if (!named.has(kind)) return message;
  const more = details.length - mostNamed;
  return `${message}: ${details.slice(0, mostNamed).join('; ')}${more > 0 ? `; +${more}` : ''}`;
}
