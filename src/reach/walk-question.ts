import type { Direction } from '../model/index.ts';
import { formatAddress } from '../net/index.ts';
import type { Family, PortSet } from '../net/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { shortName } from './words.ts';

/** One connection, as the walk asks each policy about it. */
export interface WalkQuestion {
  readonly direction: Direction;
  readonly subject: PolicyEnd;
  /** `undefined`: nobody in particular, so the policies only tell what they admit. */
  readonly other: PolicyEnd | undefined;
  readonly family: Family;
  /** The ports at the destination pod; `undefined`: none in particular. */
  readonly ports: PortSet | undefined;
  /** How to speak of the two ends; without it by their own names. */
  readonly subjectName?: string;
  readonly otherName?: string;
}

/** How answers speak of an end. */
export function nameOf(policy: CompiledPolicy, end: PolicyEnd): string {
  switch (end.kind) {
    case 'pod':
      return shortName(
        policy.cluster,
        end.pod.replicas > 1 || end.pod.template ? end.pod.workload : end.pod.id,
      );
    case 'node':
      return `node/${end.node.name}`;
    case 'address':
      return formatAddress(end.address);
  }
}

/** A walk shows this many rules of a policy, entries of a rule and labels of an entry; the verdict knows them all. */
const mostShown = 200;

/** The indices of a list that a walk shows: the first ones, and the one that tells most, wherever it stands. */
export function shownOf(length: number, telling: number | undefined): readonly number[] {
  const shown = Array.from({ length: Math.min(length, mostShown) }, (_, i) => i);
  if (telling !== undefined && telling >= mostShown) shown.push(telling);
  return shown;
}
