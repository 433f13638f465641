import type { Pod } from '../model/index.ts';
import { families, formatAddress, PortSet } from '../net/index.ts';
import type { Address, AddressRange, Family } from '../net/index.ts';
import { has } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { namedPorts, servicePorts, unknownServicePort } from './service-ports.ts';
import type { End, PortQuery, Verdict } from './types.ts';
import { nameOf } from './walk.ts';
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
  const targets: { readonly end: PolicyEnd; readonly asked: PortSet | undefined }[] = [];
  for (const end of endsOf(policy, to, from)) {
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
    for (const { end: target, asked } of targets) {
      const shared = families.filter(
        (family) =>
          has(source, family) &&
          has(target, family) &&
          (from.family ?? family) === family &&
          (to.family ?? family) === family,
      );
      const common = { from: source, to: target, asked };
      // Of several pods, each is asked about the others; that it reaches itself is no question (corner 41).
      const list = policy.exemption(source, target) === 'self' ? selves : pairs;
      for (const family of shared) {
        list.push({ ...common, family, allowed: policy.allowed(source, target, family) });
      }
      if (shared.length === 0) apart.push({ ...common, family: undefined, allowed: PortSet.none });
    }
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
 * asked about its replicas; addresses are cut at every bound of the input's blocks.
 */
export function endsOf(policy: CompiledPolicy, end: End, other: End | undefined): readonly PolicyEnd[] {
  switch (end.kind) {
    case 'nodes':
      return end.nodes.map((node) => ({ kind: 'node', node }));
    case 'outside':
      return end.ranges
        .flatMap((range) => samples(policy, range))
        .map((address) => ({ kind: 'address', address }));
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

/** One address of every part that a range shares with the partition of the input's blocks. */
function samples(policy: CompiledPolicy, range: AddressRange): readonly Address[] {
  const { family } = range;
  return policy
    .addressParts(family)
    .filter((part) => part.first <= range.last && range.first <= part.last)
    .map((part) => ({ family, value: part.first > range.first ? part.first : range.first }));
}

/** What one pair answers to the ports that were asked. */
export function answerOf({ asked, allowed }: Pair): 'allowed' | 'denied' | 'partly' {
  if (asked === undefined) return allowed.isEmpty ? 'denied' : 'allowed';
  if (asked.isEmpty) return 'denied';
  const shared = asked.intersect(allowed);
  if (shared.isEmpty) return 'denied';
  return shared.equals(asked) ? 'allowed' : 'partly';
}

/** Yes only if every pod, endpoint, address, family and port that was asked about may. */
export function verdictOf(pairs: readonly Pair[]): Verdict {
  const answers = new Set(pairs.map(answerOf));
  if (answers.size === 1) return [...answers][0] ?? 'denied';
  return pairs.length === 0 ? 'denied' : 'partly';
}

function nobody(end: End): string {
  return `${end.name} has no ${end.kind === 'service' ? 'endpoints' : 'pods'}`;
}
