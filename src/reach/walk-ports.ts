import type { Direction, NetworkPolicy, PortEntry, Rule } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import { isResolved, portsOfEntry } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import type { PortCheck } from './types.ts';
import { nameOf, shownOf } from './walk-question.ts';
import type { WalkQuestion } from './walk-question.ts';
import { portEntryText } from './words.ts';

/** What each port of a rule says to those that were asked about. */
export function checkPorts(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  rule: Rule,
  index: number,
  question: WalkQuestion,
  telling: number | undefined,
): readonly PortCheck[] {
  const { direction, subject, other, ports } = question;
  if (rule.ports.kind === 'all') {
    const place = each.origin.locate(['spec', direction, index]);
    return [
      {
        port: undefined,
        matches: ports === undefined ? 'none' : true,
        text: 'every port',
        reason: undefined,
        place,
      },
    ];
  }
  const destination = direction === 'ingress' ? subject : other;
  const entries = rule.ports.ports;
  return shownOf(entries.length, telling).map((i): PortCheck => {
    const entry = entries[i]!;
    const place = each.origin.locate(['spec', direction, index, 'ports', i]);
    const name = direction === 'ingress' ? question.subjectName : question.otherName;
    const { set, text, reason } = resolveEntry(policy, entry, direction, destination, name);
    if (ports === undefined) return { port: i, matches: 'none', text, reason, place };
    const shared = set.intersect(ports);
    const matches = shared.isEmpty ? false : shared.equals(ports) ? true : 'some';
    return { port: i, matches, text, reason, place };
  });
}

/** The ports that an entry of a rule stands for at a destination, or why it stands for none. */
export function resolveEntry(
  policy: CompiledPolicy,
  entry: PortEntry,
  direction: Direction,
  destination: PolicyEnd | undefined,
  givenName: string | undefined,
): { readonly set: PortSet; readonly text: string; readonly reason: string | undefined } {
  const text = portEntryText(entry);
  const { profile } = policy;
  // Corner 32.
  if (entry.protocol === 'SCTP' && !profile.sctp)
    return {
      set: PortSet.none,
      text,
      reason: `rules that name SCTP admit nothing in the profile ${profile.name}`,
    };
  if (entry.kind !== 'named') return { set: portsOfEntry(entry, profile), text, reason: undefined };
  if (!isResolved(entry, direction, profile)) {
    const reason = `names of ports mean nothing in egress in the profile ${profile.name}`;
    return { set: PortSet.none, text, reason };
  }
  if (destination === undefined) return { set: PortSet.none, text, reason: undefined };
  const name = givenName ?? nameOf(policy, destination);
  if (destination.kind !== 'pod' || policy.classOf(destination) < 0) {
    const reason =
      destination.kind === 'pod'
        ? `${name} runs on the host network, where names of ports do not resolve`
        : `${name} is no pod, so it has no port called ${entry.name}`;
    return { set: PortSet.none, text, reason };
  }
  const same = destination.pod.ports.filter(
    (port) => port.name === entry.name && (policy.profile.sidecarPorts || !port.sidecar),
  );
  const numbers = same.filter(({ protocol }) => protocol === entry.protocol).map(({ port }) => port);
  if (numbers.length === 0) {
    const otherProtocol = same[0];
    const reason =
      otherProtocol === undefined
        ? `${name} declares no port called ${entry.name}`
        : `${name} declares ${entry.name} for ${otherProtocol.protocol}, not for ${entry.protocol}`;
    return { set: PortSet.none, text, reason };
  }
  const unique = [...new Set(numbers)].sort((a, b) => a - b);
  return {
    set: PortSet.union(unique.map((number) => PortSet.range(entry.protocol, number, number))),
    text: `${text}, which is ${unique.join(' and ')} in ${name}`,
    reason: undefined,
  };
}
