import type { Cluster } from '../model/index.ts';
import { compile } from '../policy/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { narrowed, podsOf } from './narrow.ts';
import { candidates, newRuleDistance } from './nearest-candidates.ts';
import type { Candidate, DeniedQuestion } from './nearest-candidates.ts';
import { Openings } from './opened.ts';
import type { End, NearMiss } from './types.ts';
import { nameOf } from './walk-question.ts';

/** A change that was tried, and the engine that it leads to. */
export interface TriedChange {
  readonly miss: NearMiss;
  /** The cluster with the change. */
  readonly after: Cluster;
}

// Each candidate is applied, compiled and asked: the nearest few of them are tried.
const mostTried = 6;

const mostOffered = 3;

/**
 * The smallest changes that would allow a denied connection, nearest first; each was applied, compiled and asked, and
 * what else it would open is what the engine says of the ends that it touches.
 *
 * @param policy - knows the ends that were asked about
 * @param cluster - the whole
 */
export function nearestChanges(
  policy: CompiledPolicy,
  cluster: Cluster,
  question: DeniedQuestion,
): readonly NearMiss[] {
  const tried = triedChanges(policy, cluster, question);
  // Nearest first; of equally near ones, the one that opens least beside. Where a rule can be widened, a further rule
  // is no news.
  const least = Math.min(...tried.map(({ miss }) => miss.distance));
  return tried
    .map(({ miss }) => miss)
    .filter(
      ({ distance, direction }) =>
        direction === 'both' || least >= newRuleDistance || distance < newRuleDistance,
    )
    .sort((a, b) => a.distance - b.distance || a.alsoOpens.length - b.alsoOpens.length)
    .slice(0, mostOffered);
}

/** Every change that was tried and allows the connection. */
export function triedChanges(
  policy: CompiledPolicy,
  cluster: Cluster,
  question: DeniedQuestion,
): readonly TriedChange[] {
  const { from, to, family, ports } = question;
  const closed = (['egress', 'ingress'] as const).filter((direction) => {
    const [subject, other] = direction === 'egress' ? [from, to] : [to, from];
    return !policy.parts.ports
      .set(policy.pairs.sideAllowed(direction, subject, other, family))
      .includes(ports);
  });
  const perSide = closed.map((direction) =>
    candidates(policy, direction, question)
      .sort((a, b) => a.distance - b.distance)
      .slice(0, mostTried),
  );
  const [first, second] = perSide;
  if (first === undefined) return [];
  const plans: (readonly Candidate[])[] =
    second === undefined
      ? first.map((candidate) => [candidate])
      : first.slice(0, 2).flatMap((a) => second.slice(0, 2).map((b) => [a, b]));
  const { profile } = policy;
  const asked = new Set(podsOf(question.fromEnd, question.toEnd));
  for (const each of [from, to]) if (each.kind === 'pod') asked.add(each.pod);
  const working: {
    readonly plan: readonly Candidate[];
    readonly after: Cluster;
    readonly isWhole: boolean;
  }[] = [];
  for (const plan of plans) {
    const after = plan.reduce((before, { effect }) => effect.apply(before), cluster);
    const engine = compile(narrowed(after, asked), { profile });
    if (engine.allowed(from, to, family).includes(ports))
      working.push({ plan, after, isWhole: question.allows(engine) });
  }
  if (working.length === 0) return [];
  const openings = new Openings(
    cluster,
    profile,
    working.flatMap(({ plan }) => plan.map(({ effect }) => effect)),
    question,
  );
  return working.map(({ plan, after, isWhole }) => {
    const change = plan.map((each) => each.change).join('; and ');
    const opened = openings.of(plan.map(({ effect }) => effect));
    const miss: NearMiss = {
      direction: plan.length > 1 ? 'both' : plan[0]!.direction,
      // A change that helps one pair of many says so.
      change: isWhole ? change : `${onlyFor(policy, question)}: ${change}`,
      place: plan[0]!.place,
      patch: plan.some(({ patch }) => patch === undefined)
        ? undefined
        : plan.flatMap((each) => [...(plan.length > 1 ? [headline(each)] : []), ...(each.patch ?? [])]),
      alsoOpens: opened.list,
      ...(opened.hasMore ? { opensMore: true } : {}),
      distance: plan.reduce((sum, { distance }) => sum + distance, 0),
    };
    return { miss, after };
  });
}

/** Where the lines below it belong: those of two policies cannot be written in one place. */
function headline({ policy: { ref }, place }: Candidate): string {
  return `# ${ref.namespace}/${ref.name} (${place.file}:${place.line})`;
}

/** For whom a change is that does not allow all that was asked. */
function onlyFor(policy: CompiledPolicy, { from, to, fromEnd, toEnd, family }: DeniedQuestion): string {
  const isOne = (end: End): boolean =>
    end.kind === 'outside' ||
    end.kind === 'entry' ||
    (end.kind === 'nodes' ? end.nodes : end.pods).length === 1;
  return isOne(fromEnd) && isOne(toEnd)
    ? `over ${family}`
    : `for ${nameOf(policy, from)} → ${nameOf(policy, to)}`;
}
