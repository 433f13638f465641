import { families } from '../net/index.ts';
import type { Address, Family, Protocol } from '../net/index.ts';
import type { LabEnd, LabPlan, LabProbe } from './plan.ts';

/**
 * Every connection that is worth trying: from each end to each other on all that it listens on, in every family that both
 * have, with what the engine says. Those between ends that no policy can select are left out, and those inside one network
 * namespace.
 *
 * There may be millions: they are made one by one, destinations of one source after another. What policies of equal priority
 * leave open is left out, for nothing can be predicted of it (corner 60).
 */
export function* probesOf(plan: LabPlan): Generator<LabProbe> {
  for (const from of plan.ends) {
    for (const to of plan.ends) {
      if (isTold(from, to)) yield* probesBetween(plan, from, to);
    }
  }
}

/** Those of one pair of ends. */
function* probesBetween(plan: LabPlan, from: LabEnd, to: LabEnd): Generator<LabProbe> {
  for (const family of families) {
    for (const { protocol, port } of to.listeners) {
      const tried = probeOf(plan, from, to, family, protocol, port);
      if (tried !== undefined && !tried.ambiguous) yield tried.probe;
    }
  }
}

/**
 * One connection of two ends, whether or not anybody listens, with what the engine says of it.
 *
 * @returns with whether policies of equal priority leave it open, which is predicted as denied (corner 60); `undefined` when
 *   one of the ends has no address of the family
 */
export function probeOf(
  plan: LabPlan,
  from: LabEnd,
  to: LabEnd,
  family: Family,
  protocol: Protocol,
  port: number,
): { readonly probe: LabProbe; readonly ambiguous: boolean } | undefined {
  const source = addressOf(from, family);
  const destination = addressOf(to, family);
  if (source === undefined || destination === undefined) return undefined;
  const { allowed, ambiguous } = plan.policy.decide(from.engine, to.engine, protocol, port, family);
  const predicted = allowed ? 'allowed' : 'denied';
  return { probe: { from, to, family, source, destination, protocol, port, predicted }, ambiguous };
}

/** How many probes `probesOf` makes at most, without making them: fewer only where priorities leave some open. */
export function countProbes({ ends }: LabPlan): number {
  let count = 0;
  for (const from of ends) {
    for (const to of ends) {
      if (!isTold(from, to)) continue;
      const shared = families.filter(
        (family) => addressOf(from, family) !== undefined && addressOf(to, family) !== undefined,
      );
      count += shared.length * to.listeners.length;
    }
  }
  return count;
}

/** Whether policies have a say, and packets a way between two ends. */
function isTold(from: LabEnd, to: LabEnd): boolean {
  return from.namespace !== to.namespace && (isPoliced(from) || isPoliced(to));
}

/** Policies select pods that have a network of their own (corner 44). */
function isPoliced(end: LabEnd): boolean {
  return end.kind === 'pod' && !end.pod.hostNetwork;
}

function addressOf({ addresses }: LabEnd, family: Family): Address | undefined {
  return addresses.find((address) => address.family === family);
}
