import { satisfies } from '../model/index.ts';
import type {
  Cluster,
  Direction,
  LabelSelector,
  Namespace,
  NetworkPolicy,
  Path,
  Peer,
  PortEntry,
  Requirement,
  Rule,
} from '../model/index.ts';
import { bitsOf, cidrOf, cidrOfRange, formatCidr, protocols } from '../net/index.ts';
import type { Address, Cidr, Family, PortSet } from '../net/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import type { Change } from './opened.ts';
import type { End, NearMiss } from './types.ts';
import { nameOf } from './walk-question.ts';
import { portsText, requirementsText, requirementText } from './words.ts';

/** A denied connection. */
export interface DeniedQuestion {
  readonly from: PolicyEnd;
  readonly to: PolicyEnd;
  readonly family: Family;
  /** The ports at the destination pod. */
  readonly ports: PortSet;
  /** The operands that the pair stands for: what a change opens between them is what was asked for. */
  readonly fromEnd: End;
  readonly toEnd: End;
  /** Whether another engine allows all that was asked, not only this pair. */
  readonly allows: (policy: CompiledPolicy) => boolean;
}

/** A change of the cluster that may allow the connection; whether it does, the engine decides. */
export interface Candidate {
  readonly direction: Direction;
  readonly change: string;
  readonly place: NearMiss['place'];
  readonly patch: readonly string[] | undefined;
  readonly distance: number;
  readonly policy: NetworkPolicy;
  /** What it makes of the cluster. */
  readonly effect: Change;
}

/** A rule of its own is further off than any change of a rule that is there. */
export const newRuleDistance = 3;

/** Changes of one side that may admit the connection. */
export function candidates(
  policy: CompiledPolicy,
  direction: Direction,
  question: DeniedQuestion,
): Candidate[] {
  const [subject, other] =
    direction === 'egress' ? [question.from, question.to] : [question.to, question.from];
  const found: Candidate[] = [];
  for (const { index, policy: each, sure } of policy.selecting(subject)) {
    const spec = each[direction];
    if (!sure || spec.kind !== 'isolates') continue;
    for (const [i, rule] of spec.rules.slice(0, 50).entries()) {
      const compiled = policy.parts.rules[direction].of(index)?.[i];
      if (compiled === undefined) continue;
      found.push(...ruleCandidates(policy, each, direction, i, rule, compiled.peers, other, question));
    }
    found.push(newRule(policy, each, direction, spec.rules.length, other, question));
  }
  // The same change in two policies is offered where it stands first.
  const seen = new Set<string>();
  return found.filter(({ change, policy: { ref } }) => {
    const key = `${ref.name}: ${change}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function ruleCandidates(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  direction: Direction,
  index: number,
  rule: Rule,
  compiledPeers: readonly number[],
  other: PolicyEnd,
  question: DeniedQuestion,
): readonly Candidate[] {
  const { family, ports, to } = question;
  const field = direction === 'ingress' ? 'from' : 'to';
  const holding = compiledPeers.filter((peer) => policy.pairs.peerHas(peer, other, family) === 1);
  const spec = policy.parts.ports.specOf(rule.ports, direction);
  const c = policy.classOf(to);
  const admitted = policy.parts.ports.set(
    c < 0
      ? policy.parts.ports.fixed(spec)
      : policy.parts.ports.resolve(spec, policy.parts.classes.portMap[c] ?? 0),
  );
  const portsFit = admitted.includes(ports);
  const path: Path = ['spec', direction, index];
  if (holding.length > 0) {
    if (portsFit || rule.ports.kind === 'all') return [];
    const missing = ports.minus(admitted);
    const entries = portEntries(missing);
    const place = each.origin.locate([...path, 'ports']);
    return [
      {
        direction,
        change: `in ${place.file}:${place.line} also admit ${portsText(missing)}`,
        place,
        patch: entries.flatMap(portLines),
        distance: 1,
        policy: each,
        effect: replaceRule(each, direction, index, {
          ...rule,
          ports: { kind: 'oneOf', ports: [...rule.ports.ports, ...entries] },
        }),
      },
    ];
  }
  if (rule.peers.kind === 'any' || !portsFit) return [];
  const { peers } = rule.peers;
  const found: Candidate[] = [];
  const withPeer = (at: number, peer: Peer): Rule => {
    const [head, ...tail] = peers.map((before, i) => (i === at ? peer : before));
    return head === undefined ? rule : { ...rule, peers: { kind: 'oneOf', peers: [head, ...tail] } };
  };
  for (const [at, peer] of peers.slice(0, 50).entries()) {
    const peerPath: Path = [...path, field, at];
    if (peer.kind === 'pods' && other.kind === 'pod' && policy.classOf(other) >= 0) {
      const { pod } = other;
      const labels = policy.cluster.namespaces.get(pod.namespace)?.labels ?? new Map<string, string>();
      const namespaceFails =
        peer.namespaces === 'own'
          ? undefined
          : peer.namespaces.requirements.filter((requirement) => !satisfies(labels, requirement));
      const podFails = (peer.pods?.requirements ?? []).filter(
        (requirement) => !satisfies(pod.labels, requirement),
      );
      if (
        peer.namespaces === 'own'
          ? pod.namespace !== each.namespace
          : namespaceFails!.length > 0 && podFails.length > 0
      ) {
        continue;
      }
      if (namespaceFails !== undefined && namespaceFails.length > 0) {
        found.push(
          ...namespaceLabel(policy, each, direction, pod.namespace, labels, namespaceFails, peerPath),
        );
        continue;
      }
      if (podFails.length !== 1) continue;
      const [failed] = podFails;
      if (failed === undefined || peer.pods === undefined) continue;
      const value = pod.labels.get(failed.key);
      if (failed.operator !== 'In' || value === undefined || pod.undecided.has(failed.key)) continue;
      const widened: Requirement = { ...failed, values: [...failed.values, value] };
      const isLong = widened.values.length > mostValues;
      const selector: LabelSelector = {
        requirements: peer.pods.requirements.map((requirement) =>
          requirement === failed ? widened : requirement,
        ),
      };
      const place = each.origin.locate([
        ...peerPath,
        'podSelector',
        ...(failed.written === 'matchLabels'
          ? ['matchLabels', failed.key]
          : ['matchExpressions', failed.written]),
      ]);
      found.push({
        direction,
        change: isLong
          ? `in ${place.file}:${place.line} also admit ${failed.key}=${value}`
          : `in ${place.file}:${place.line} admit ${requirementText(widened)}`,
        place,
        // Of many values only the new one: the list that is there goes on with it.
        patch: isLong
          ? [`- ${JSON.stringify(value)}`]
          : [
              'matchExpressions:',
              `  - key: ${failed.key}`,
              '    operator: In',
              `    values: [${widened.values.map((each_) => JSON.stringify(each_)).join(', ')}]`,
            ],
        distance: 1,
        policy: each,
        effect: replaceRule(each, direction, index, withPeer(at, { ...peer, pods: selector })),
      });
    }
  }
  const added = peerFor(policy, each, other, question);
  if (added !== undefined) {
    const place = each.origin.locate([...path, field]);
    const [head, ...tail] = peers;
    found.push({
      direction,
      change: `in ${place.file}:${place.line} add ${added.text} to the rule's ${field}`,
      place,
      patch: added.lines,
      distance: 2,
      policy: each,
      effect: replaceRule(each, direction, index, {
        ...rule,
        peers: { kind: 'oneOf', peers: [head, ...tail, added.peer] },
      }),
    });
  }
  return found;
}

/** A change of a longer list is told by what is new in it. */
const mostValues = 12;

/** A change that needs more labels than these is not near. */
const mostLabels = 8;

/** The most common cause in practice: the namespace lacks the label that the selector asks for. */
function namespaceLabel(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  direction: Direction,
  name: string,
  labels: ReadonlyMap<string, string>,
  failed: readonly Requirement[],
  path: Path,
): readonly Candidate[] {
  if (failed.length > mostLabels) return [];
  const wanted = new Map<string, string>();
  for (const { key, operator, values } of failed) {
    // Corner 22: the name label cannot be set to another value.
    if (key === 'kubernetes.io/metadata.name') return [];
    const value = operator === 'In' ? values[0] : operator === 'Exists' ? 'true' : undefined;
    if (value === undefined) return [];
    wanted.set(key, value);
  }
  const text = [...wanted].map(([key, value]) => `${key}=${value}`).join(' ');
  const before = policy.cluster.namespaces.get(name);
  const after: Namespace = { name, origin: before?.origin, labels: new Map([...labels, ...wanted]) };
  const overwrites = [...wanted.keys()].some((key) => labels.has(key)) ? ' --overwrite' : '';
  return [
    {
      direction,
      change: `label the namespace: kubectl label namespace ${name} ${text}${overwrites}`,
      place: each.origin.locate([...path, 'namespaceSelector']),
      patch: undefined,
      distance: failed.length,
      policy: each,
      effect: {
        kind: 'labels',
        policy: each,
        direction,
        namespace: after,
        apply: (cluster) => ({ ...cluster, namespaces: new Map([...cluster.namespaces, [name, after]]) }),
      },
    },
  ];
}

function newRule(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  direction: Direction,
  index: number,
  other: PolicyEnd,
  question: DeniedQuestion,
): Candidate {
  const { ports } = question;
  const added = peerFor(policy, each, other, question);
  const entries = portEntries(ports);
  const [head, ...tail] = entries;
  const rule: Rule = {
    peers: added === undefined ? { kind: 'any' } : { kind: 'oneOf', peers: [added.peer] },
    ports: head === undefined ? { kind: 'all' } : { kind: 'oneOf', ports: [head, ...tail] },
  };
  const place = each.origin.locate(index === 0 ? ['spec'] : ['spec', direction]);
  const field = direction === 'ingress' ? 'from' : 'to';
  const what = added === undefined ? 'everyone' : added.text;
  return {
    direction,
    change: `add an ${direction} rule to ${each.name} (${place.file}:${place.line}) that admits ${what} on ${portsText(ports)}`,
    place,
    patch: [
      `${direction}:`,
      ...(added === undefined
        ? head === undefined
          ? ['  - {}']
          : []
        : [`  - ${field}:`, ...added.lines.map((line) => `      ${line}`)]),
      ...(head === undefined
        ? []
        : [
            `${added === undefined ? '  - ' : '    '}ports:`,
            ...entries.flatMap(portLines).map((line) => `      ${line}`),
          ]),
    ],
    // A policy that has rules is nearer to what its author meant than one that is there to close.
    // One that selects everybody is the last place to open a door for one.
    distance: newRuleDistance + (index === 0 ? 1 : 0) + (each.podSelector.requirements.length === 0 ? 1 : 0),
    policy: each,
    effect: {
      kind: 'rule',
      policy: each,
      direction,
      rule,
      apply: (cluster) =>
        replacePolicy(cluster, each, (before) => {
          const spec = before[direction];
          const rules = spec.kind === 'isolates' ? spec.rules : [];
          return { ...before, [direction]: { kind: 'isolates', rules: [...rules, rule] } };
        }),
    },
  };
}

/** The narrowest peer that means an end: its labels, its address. */
function peerFor(
  policy: CompiledPolicy,
  each: NetworkPolicy,
  end: PolicyEnd,
  question: DeniedQuestion,
): { readonly peer: Peer; readonly text: string; readonly lines: readonly string[] } | undefined {
  if (end.kind !== 'pod' || policy.classOf(end) < 0) {
    const { family } = question;
    const address = firstAddress(end, family);
    if (address === undefined) return undefined;
    const cidr = askedBlock(question, address) ?? cidrOf(address, bitsOf(family));
    const text = formatCidr(cidr);
    return {
      peer: { kind: 'ipBlock', cidr, except: [] },
      text: end.kind === 'address' ? text : `${text} (${nameOf(policy, end)})`,
      lines: ['- ipBlock:', `    cidr: ${text}`],
    };
  }
  const { pod } = end;
  const labels = tellingLabels(pod.labels, pod.undecided);
  const requirements = labels.map(([key, value]): Requirement => ({
    key,
    operator: 'In',
    values: [value],
    written: 'matchLabels',
  }));
  const own = pod.namespace === each.namespace;
  const name: Requirement = {
    key: 'kubernetes.io/metadata.name',
    operator: 'In',
    values: [pod.namespace],
    written: 'matchLabels',
  };
  const selectorLines =
    requirements.length === 0
      ? ['podSelector: {}']
      : [
          'podSelector:',
          '  matchLabels:',
          ...labels.map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`),
        ];
  const lines = own
    ? selectorLines
    : [
        'namespaceSelector:',
        '  matchLabels:',
        `    kubernetes.io/metadata.name: ${JSON.stringify(pod.namespace)}`,
        ...selectorLines,
      ];
  const who = requirements.length === 0 ? 'all pods' : `pods with ${requirementsText(requirements)}`;
  return {
    peer: {
      kind: 'pods',
      namespaces: own ? 'own' : { requirements: [name] },
      pods: { requirements },
    },
    text: own ? who : `${who} of namespace ${pod.namespace}`,
    lines: lines.map((line, i) => (i === 0 ? `- ${line}` : `  ${line}`)),
  };
}

/** The block that was asked about, where it is one: whoever asks for a CIDR wants all of it admitted. */
function askedBlock({ fromEnd, toEnd }: DeniedQuestion, address: Address): Cidr | undefined {
  for (const end of [fromEnd, toEnd]) {
    if (end.kind !== 'outside') continue;
    for (const range of end.ranges) {
      if (range.family !== address.family || range.first > address.value || range.last < address.value)
        continue;
      return cidrOfRange(range);
    }
  }
  return undefined;
}

function firstAddress(end: PolicyEnd, family: Family): Address | undefined {
  const list =
    end.kind === 'address' ? [end.address] : end.kind === 'node' ? end.node.addresses : end.pod.addresses;
  return list.find((address) => address.family === family);
}

const customaryKeys = [
  'app',
  'app.kubernetes.io/name',
  'k8s-app',
  'app.kubernetes.io/component',
  'run',
  'name',
];

/** The labels by which people name a workload: the customary ones, else all but those that controllers set. */
function tellingLabels(
  labels: ReadonlyMap<string, string>,
  undecided: ReadonlyMap<string, unknown>,
): readonly (readonly [string, string])[] {
  for (const key of customaryKeys) {
    const value = labels.get(key);
    if (value !== undefined && !undecided.has(key)) return [[key, value]];
  }
  return [...labels]
    .filter(([key]) => !undecided.has(key) && !setByControllers.test(key))
    .slice(0, mostLabels);
}

const setByControllers =
  /^(pod-template-hash|pod-template-generation|controller-revision-hash|controller-uid|job-name|batch\.kubernetes\.io\/.*|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|topology\.kubernetes\.io\/.*)$/;

function portEntries(set: PortSet): PortEntry[] {
  return protocols.flatMap((protocol) =>
    set
      .ranges(protocol)
      .map(({ from, to }): PortEntry =>
        from === 1 && to === 65535 ? { kind: 'everyPort', protocol } : { kind: 'range', protocol, from, to },
      ),
  );
}

function portLines(entry: PortEntry): readonly string[] {
  const lines = [`- protocol: ${entry.protocol}`];
  if (entry.kind === 'range') {
    lines.push(`  port: ${entry.from}`);
    if (entry.to !== entry.from) lines.push(`  endPort: ${entry.to}`);
  }
  return lines;
}

function replaceRule(each: NetworkPolicy, direction: Direction, index: number, rule: Rule): Change {
  return {
    kind: 'rule',
    policy: each,
    direction,
    rule,
    apply: (cluster) =>
      replacePolicy(cluster, each, (before) => {
        const spec = before[direction];
        if (spec.kind !== 'isolates') return before;
        return { ...before, [direction]: { kind: 'isolates', rules: spec.rules.with(index, rule) } };
      }),
  };
}

function replacePolicy(
  cluster: Cluster,
  policy: NetworkPolicy,
  change: (before: NetworkPolicy) => NetworkPolicy,
): Cluster {
  return {
    ...cluster,
    policies: cluster.policies.map((each) =>
      each.namespace === policy.namespace && each.name === policy.name ? change(each) : each,
    ),
  };
}
