import type { Direction, Pod } from '../model/index.ts';
import { families, formatAddress, PortSet } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import { has } from '../policy/index.ts';
import type { CompiledPolicy, OutsideSegment, PolicyEnd } from '../policy/index.ts';
import { namedPorts, servicePorts, unknownServicePort } from './service-ports.ts';
import type { End, PortQuery, Verdict } from './types.ts';
import { nameOf } from './walk-question.ts';
import { portsText } from './words.ts';

/** One pair of ends, in one family that they share, with what was asked and what is allowed. */
export interface Pair {
  readonly from: PolicyEnd;
  readonly to: PolicyEnd;
  /** `undefined` when they share none. */
  readonly family: Family | undefined;
  /** At the destination pod; `undefined` when no port was asked about. */
  readonly asked: PortSet | undefined;
  readonly allowed: PortSet;
  /** What is allowed under some choice among policies of equal priority (corner 60). */
  readonly possible: PortSet;
}

/** Everything that a question about two operands is about. */
export interface Pairs {
  /** Empty when an operand stands for nobody, or a Service has no such port. */
  readonly pairs: readonly Pair[];
  /** Why there is none, without the names of the operands' question; `undefined` when there is one. */
  readonly none: string | undefined;
  /** How ports and Services were read. */
  readonly notes: readonly string[];
}

/**
 * The pairs that a question is about: every pair of distinct pods, endpoints, nodes and addresses, in every family that
 * was asked about and that they share; pods that no policy can tell apart are represented by two of them.
 */
export function pairsOf(
  policy: CompiledPolicy,
  from: End,
  to: End,
  ports: readonly PortQuery[] | undefined,
): Pairs {
  const notes = new Set<string>();
  const nothing = (none: string): Pairs => ({ pairs: [], none, notes: [...notes] });
  if (to.kind === 'service' && ports !== undefined) {
    const problem = unknownServicePort(to.service, ports);
    if (problem !== undefined) return nothing(problem);
  }
  const sources = endsOf(policy, from, to);
  const strangers = new Strangers(policy);
  strangers.add(from, sources);
  const targets: { readonly end: PolicyEnd; readonly asked: PortSet | undefined }[] = [];
  const destinations = endsOf(policy, to, from);
  strangers.add(to, destinations);
  for (const end of destinations) {
    const asked = askedAt(policy, to, end, ports, notes);
    // Corner 49: a pod that lacks the target port is no endpoint.
    if (to.kind !== 'service' || asked === undefined || !asked.isEmpty) targets.push({ end, asked });
  }
  if (sources.length === 0) return nothing(nobody(from));
  if (targets.length === 0) return nothing(nobody(to));

  const pairs: Pair[] = [];
  const apart: Pair[] = [];
  const selves: Pair[] = [];
  for (const source of sources) {
    const ofSource: Pair[] = [];
    for (const { end: target, asked } of targets) {
      const shared = families.filter(
        (family) =>
          has(source, family) &&
          has(target, family) &&
          (from.family ?? family) === family &&
          (to.family ?? family) === family,
      );
      const common = { from: source, to: target, asked };
      if (shared.length === 0) {
        apart.push({ ...common, family: undefined, allowed: PortSet.none, possible: PortSet.none });
        continue;
      }
      const cut = strangers.pairs(source, target, asked);
      if (cut !== undefined) {
        for (const pair of cut) ofSource.push(pair);
        continue;
      }
      // Of several pods, each is asked about the others; that it reaches itself is no question (corner 41).
      const list = policy.exemption(source, target) === 'self' ? selves : ofSource;
      for (const family of shared) {
        const allowed = policy.allowed(source, target, family);
        const { possible } = policy;
        list.push({
          ...common,
          family,
          allowed,
          possible: possible === policy ? allowed : possible.allowed(source, target, family),
        });
      }
    }
    // Addresses ascend, whichever end the pod is: the pair that an answer shows is the first.
    if (source.kind === 'address') ofSource.sort((a, b) => byValue(a.from, b.from));
    for (const pair of ofSource) pairs.push(pair);
  }
  if (selves.length > 0 && to.kind === 'service') {
    notes.add(
      `whether a pod reaches itself through a Service is up to the implementation (corner 41); here it does`,
    );
  }
  // Addresses of a family that the other end lacks are no part of the question, unless they are all of it.
  const lacking = apart.filter(({ from: a, to: b }) => a.kind !== 'address' && b.kind !== 'address');
  const asked = [...pairs, ...lacking];
  if (asked.length > 0) return { pairs: asked, none: undefined, notes: [...notes] };
  return { pairs: selves.length > 0 ? selves : apart, none: undefined, notes: [...notes] };
}

/** The ports asked about, as numbers of one destination; `undefined` when none were. */
function askedAt(
  policy: CompiledPolicy,
  to: End,
  target: PolicyEnd,
  ports: readonly PortQuery[] | undefined,
  notes: Set<string>,
): PortSet | undefined {
  const name = nameOf(policy, target);
  if (to.kind === 'service' && target.kind === 'pod') {
    return servicePorts(policy, to.service, target.pod, ports, name, notes);
  }
  if (ports === undefined) return undefined;
  return PortSet.union(
    ports.map((port) => {
      if (port.kind === 'range') return PortSet.range(port.protocol, port.from, port.to);
      const set =
        target.kind === 'pod' ? namedPorts(policy, target.pod, port.name, port.protocol) : PortSet.none;
      if (!set.isEmpty) notes.add(`${port.name} is ${portsText(set)} in ${name}`);
      return set;
    }),
  );
}

/**
 * The ends of an operand that can differ: pods of one class, ports and node are alike, two of them so that a pod is
 * asked about its replicas; of ranges of addresses the first of each, which stands for all of them to whoever nothing
 * isolates.
 */
export function endsOf(policy: CompiledPolicy, end: End, other: End | undefined): readonly PolicyEnd[] {
  switch (end.kind) {
    case 'nodes':
      return end.nodes.map((node) => ({ kind: 'node', node }));
    // An entrance is asked about by the pods that serve it, or by its clients.
    case 'entry':
      return [];
    case 'outside':
      return end.ranges.map(({ family, first }) => ({
        kind: 'address',
        address: { family, value: first },
      }));
    case 'pods':
    case 'service': {
      const others = other?.kind === 'pods' || other?.kind === 'service' ? other.pods : [];
      // Corner 42: beside a host-network pod or a node, where a pod runs matters.
      const byNode =
        other?.kind === 'nodes' || [...others, ...end.pods].some(({ hostNetwork }) => hostNetwork);
      const seen = new Map<string, number>();
      return end.pods
        .filter((pod) => {
          const key = likeness(policy, pod, byNode);
          const count = seen.get(key) ?? 0;
          seen.set(key, count + 1);
          return count < 2;
        })
        .map((pod) => ({ kind: 'pod', pod }));
    }
  }
}

/** Equal for pods that no question of this module can tell apart. */
function likeness(policy: CompiledPolicy, pod: Pod, byNode: boolean): string {
  const c = policy.classOf({ kind: 'pod', pod });
  const ports = pod.ports.map(({ name, protocol, port }) => `${name ?? ''}/${protocol}/${port}`).join(',');
  // On the host network there is no class that knows the address.
  const addresses = c < 0 ? pod.addresses.map(formatAddress).join(',') : '';
  return `${c} ${byNode ? pod.node : ''} ${ports} ${addresses}`;
}

function byValue(a: PolicyEnd, b: PolicyEnd): number {
  if (a.kind !== 'address' || b.kind !== 'address' || a.address.value === b.address.value) return 0;
  return a.address.value < b.address.value ? -1 : 1;
}

/**
 * Pairs of pods with ranges of addresses outside, cut where the policies of the pod tell the addresses apart: one pair
 * for each access that occurs in the range. Pods with equal profiles have equal answers, so all but the first of them
 * have one pair: the work is about profiles and their segments, however many pods and blocks there are.
 */
class Strangers {
  readonly #policy: CompiledPolicy;
  /** By the end that stands for it. */
  readonly #ranges = new Map<PolicyEnd, AddressRange>();
  readonly #seen = new Set<string>();
  /** Equal addresses are one end, so that pairs of the same two are known to be so. */
  readonly #ends = new Map<string, PolicyEnd>();

  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
  }

  /** @param ends - as `endsOf` gives them for the operand: of ranges outside one for each */
  add(operand: End, ends: readonly PolicyEnd[]): void {
    if (operand.kind !== 'outside') return;
    for (const [i, range] of operand.ranges.entries()) this.#ranges.set(ends[i]!, range);
  }

  /** `undefined` where neither end is such a range, or the other is nobody whom policies isolate. */
  pairs(from: PolicyEnd, to: PolicyEnd, asked: PortSet | undefined): readonly Pair[] | undefined {
    const [stranger, pod, direction] =
      from.kind === 'address' ? ([from, to, 'ingress'] as const) : ([to, from, 'egress'] as const);
    if (stranger.kind !== 'address' || pod.kind !== 'pod') return undefined;
    const range = this.#ranges.get(stranger);
    const c = this.#policy.classOf(pod);
    if (range === undefined || c < 0) return undefined;
    const { family } = range;
    const { parts } = this.#policy;
    const profile = parts.profileOf[direction][c]!;
    const key = `${direction} ${family} ${range.first} ${range.last} ${profile} ${asked?.key}`;
    const isKnown = this.#seen.has(key);
    this.#seen.add(key);
    const found: Pair[] = [];
    const sets = new Set<number>();
    for (const segment of segmentsOf(this.#policy, direction, c)) {
      if (segment.family !== family || segment.last < range.first) continue;
      if (segment.first > range.last) break;
      const access = segment.ports * 0x100_0000 + segment.possible;
      if (sets.has(access)) continue;
      sets.add(access);
      const end = this.#end(family, segment.first > range.first ? segment.first : range.first);
      const ends = direction === 'ingress' ? { from: end, to } : { from, to: end };
      found.push({
        ...ends,
        family,
        asked,
        allowed: parts.ports.set(segment.ports),
        possible: parts.ports.set(segment.possible),
      });
      if (isKnown) break;
    }
    return found;
  }

  #end(family: Family, value: bigint): PolicyEnd {
    const key = `${family} ${value}`;
    let end = this.#ends.get(key);
    if (end === undefined) this.#ends.set(key, (end = { kind: 'address', address: { family, value } }));
    return end;
  }
}

/** Addresses outside that a class treats alike, with what is allowed in any case and under some choice (corner 60). */
function segmentsOf(
  policy: CompiledPolicy,
  direction: Direction,
  c: number,
): readonly (OutsideSegment & { readonly possible: number })[] {
  const sure = policy.outside(direction, c);
  const { possible } = policy;
  if (possible === policy) return sure.map((segment) => ({ ...segment, possible: segment.ports }));
  const most = possible.outside(direction, c);
  const found: (OutsideSegment & { readonly possible: number })[] = [];
  // Both cover the same addresses in the same order.
  for (let i = 0, k = 0; i < sure.length && k < most.length;) {
    const [a, b] = [sure[i]!, most[k]!];
    const last = a.last < b.last ? a.last : b.last;
    found.push({
      family: a.family,
      first: a.first > b.first ? a.first : b.first,
      last,
      ports: a.ports,
      possible: b.ports,
    });
    if (a.last === last) i++;
    if (b.last === last) k++;
  }
  return found;
}

/**
 * What one pair answers to the ports that were asked.
 *
 * @param allowed - what it may use. Default: in any case
 */
export function answerOf(
  { asked, allowed: sure }: Pair,
  allowed: PortSet = sure,
): 'allowed' | 'denied' | 'partly' {
  if (asked === undefined) return allowed.isEmpty ? 'denied' : 'allowed';
  if (asked.isEmpty) return 'denied';
  const shared = asked.intersect(allowed);
  if (shared.isEmpty) return 'denied';
  return shared.equals(asked) ? 'allowed' : 'partly';
}

/** Yes only if every pod, endpoint, address, family and port that was asked about may. */
export function verdictOf(pairs: readonly Pair[]): Verdict {
  const answerBy = (of: (pair: Pair) => PortSet): Verdict => {
    const answers = new Set(pairs.map((pair) => answerOf(pair, of(pair))));
    if (answers.size === 1) return [...answers][0] ?? 'denied';
    return pairs.length === 0 ? 'denied' : 'partly';
  };
  const sure = answerBy(({ allowed }) => allowed);
  // What comes out alike whichever policy is applied is no matter of the implementation (corner 60).
  return answerBy(({ possible }) => possible) === sure ? sure : 'ambiguous';
}

/** Whether the answer of a pair depends on which of several policies of equal priority is applied (corner 60). */
export function isAmbiguous(pair: Pair): boolean {
  return answerOf(pair) !== answerOf(pair, pair.possible);
}

function nobody(end: End): string {
  if (end.kind === 'entry') return 'an entrance opens connections to its backends, and takes none itself';
  return `${end.name} has no ${end.kind === 'service' ? 'endpoints' : 'pods'}`;
}
