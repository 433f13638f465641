import { serviceId } from '../entry/index.ts';
import type { Entry, EntryWay, NamedController } from '../entry/index.ts';
import type { Cluster, Pod } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import type { Protocol } from '../net/index.ts';
import { compile } from '../policy/index.ts';
import type { CompiledPolicy, CompileOptions } from '../policy/index.ts';
import { allowedPorts, byText, portSet } from './allowed.ts';
import { assumedController, clusterWith, EntranceAccess, entriesOf } from './entrance-access.ts';
import type { ExplainQuery } from './explain.ts';
import { map } from './map.ts';
import { narrowed } from './narrow.ts';
import { formatPortQuery } from './ports-query.ts';
import { otherReadings } from './profile-unknown.ts';
import type { End, EntranceBackend, EntranceExplanation, Explanation, PortQuery, Verdict } from './types.ts';
import { shortName } from './words.ts';

/** What is needed beside the question: the whole cluster, and how it is read. */
export interface EntranceContext {
  readonly cluster: Cluster;
  readonly options: Pick<CompileOptions, 'profile' | 'undecided'>;
  /** Explains a pair of ends by what was compiled for them. */
  readonly explain: (policy: CompiledPolicy, cluster: Cluster, query: ExplainQuery) => Explanation;
}

/** A backend with its pods: one workload, on one port, through one Service. */
interface Backend {
  readonly way: EntryWay;
  readonly ways: EntryWay[];
  readonly workload: string;
  readonly port: number;
  readonly pods: Set<Pod>;
}

/** The entrance that a question is about: as an end of its own, or a Service that takes connections from outside. */
export function askedEntrance(
  cluster: Cluster,
  { from }: ExplainQuery,
  controllers: readonly NamedController[] | undefined,
): Entry | undefined {
  const id =
    from.kind === 'entry' ? from.entry.id : from.kind === 'service' ? serviceId(from.service) : undefined;
  return id === undefined
    ? undefined
    : entriesOf(cluster, controllers).entries.find((each) => each.id === id);
}

/**
 * Whether the policies admit what comes in through an entrance: to a destination, or to all of its backends, and then
 * who reaches these around it (corners 36 and 51).
 */
export function explainEntrance(entry: Entry, query: ExplainQuery, context: EntranceContext): Explanation {
  const { cluster, options } = context;
  const { to, ports } = query;
  const backends = backendsOf(entry, to, ports);
  const targets = new Set(backends.flatMap(({ pods }) => [...pods]));
  const stranger = entry.source.kind === 'assumed' ? assumedController(entry) : undefined;
  const controllers = entry.source.kind === 'controller' ? entry.source.pods : [];
  const involved = new Set([...targets, ...controllers]);
  const part =
    stranger === undefined ? narrowed(cluster, involved) : clusterWith(cluster, involved, stranger);
  const policy = compile(part, options);
  const from = sourceOf(cluster, entry, stranger);
  const { verdicts, whole } = judged(policy, (each) => {
    const access = new EntranceAccess(each, [entry]);
    const answers = backends.map((backend) => verdictOf(entry, backend, access));
    const all = isWhole(backends, to, ports) ? summed(answers) : summed([...answers, 'denied']);
    return { verdicts: answers, whole: all };
  });
  const on = ports === undefined ? '' : ` on ${ports.map(formatPortQuery).join(', ')}`;
  const shownAt = Math.max(
    0,
    verdicts.findIndex((verdict) => verdict !== 'allowed'),
  );
  const shown = backends[shownAt];
  const asked: ExplainQuery = {
    from,
    to: endOf(cluster, shown, to),
    ports: shown === undefined ? [] : [portOf(shown)],
    // What stands for a controller has no labels that a change could name.
    nearest: query.nearest !== false && entry.source.kind !== 'assumed',
    ...(query.diagnostics === undefined ? {} : { diagnostics: query.diagnostics }),
  };
  const walk = context.explain(policy, cluster, asked);
  const entrance: EntranceExplanation = {
    id: entry.id,
    backends: backends.map((backend, i) => backendOf(backend, verdicts[i]!)),
    ...(to === undefined && query.nearest !== false ? { around: aroundOf(entry, backends, context) } : {}),
  };
  const names = [...new Set(backends.map(({ workload }) => shortName(cluster, workload)))];
  return {
    ...walk,
    from: entry.id,
    to: to?.name ?? (names.length === 1 ? names[0]! : `${names.length} backends`),
    port: ports?.map(formatPortQuery).join(', '),
    verdict: whole,
    sentence: sentenceOf(entry, from.name, { backends, verdicts, walk, whole, to, on }),
    allowed: backends.length === 0 ? PortSet.none : walk.allowed,
    ...(backends.length > 0 ? {} : unasked(walk)),
    notes: [...notesOf(entry), ...walk.notes],
    entrance,
  };
}

/** What is said of the backends one by one, and of all that was asked about. */
interface Judgement {
  readonly verdicts: readonly Verdict[];
  readonly whole: Verdict;
}

/**
 * What a judgement is whichever way the policies are read: `ambiguous` where it depends on which policy of equal priority is
 * applied (corner 60), `unknown` where it depends on labels that files cannot tell (corner 23) or on what the profile does
 * not know.
 */
function judged(policy: CompiledPolicy, judge: (policy: CompiledPolicy) => Judgement): Judgement {
  const inAnyOrder = (each: CompiledPolicy): Judgement =>
    each.possible === each ? judge(each) : unlessOther(judge(each), judge(each.possible), 'ambiguous');
  const { cluster, profile, parts } = policy;
  let judgement = inAnyOrder(policy);
  if (judgement.verdicts.length === 0) return judgement;
  if (policy.hasUndecided) {
    const open = compile(cluster, { profile, undecided: 'open' });
    judgement = unlessOther(judgement, inAnyOrder(open), 'unknown');
  }
  if (profile.unknown.length === 0) return judgement;
  const others = otherReadings(cluster, profile);
  if (others === undefined) return { verdicts: judgement.verdicts.map(() => 'unknown'), whole: 'unknown' };
  for (const other of others) {
    const otherwise = compile(cluster, { profile: other, undecided: parts.assume });
    judgement = unlessOther(judgement, inAnyOrder(otherwise), 'unknown');
  }
  return judgement;
}

/** A judgement, with `otherwise` in place of every verdict that another one does not share. */
function unlessOther(one: Judgement, other: Judgement, otherwise: Verdict): Judgement {
  const either = (a: Verdict, b: Verdict | undefined): Verdict => (a === b ? a : otherwise);
  return {
    verdicts: one.verdicts.map((verdict, i) => either(verdict, other.verdicts[i])),
    whole: either(one.whole, other.whole),
  };
}

/** Where nothing comes in, no policy is asked. */
function unasked({ egress, ingress }: Explanation): Pick<Explanation, 'egress' | 'ingress'> {
  const exempt = 'the entrance does not lead there, so no policy is asked';
  return { egress: { ...egress, exempt }, ingress: { ...ingress, exempt } };
}

/** The backends that a question is about, in the order of the entrance. */
function backendsOf(
  entry: Entry,
  to: End | undefined,
  ports: readonly PortQuery[] | undefined,
): readonly Backend[] {
  const members =
    to === undefined ? undefined : new Set(to.kind === 'pods' || to.kind === 'service' ? to.pods : []);
  const found = new Map<string, Backend>();
  for (const way of entry.ways) {
    if (to?.kind === 'service' && !isOfService(way, to, ports)) continue;
    for (const { pod, port } of way.targets) {
      if (members !== undefined && !members.has(pod)) continue;
      if (
        to?.kind === 'pods' &&
        ports !== undefined &&
        !ports.some((each) => asks(each, way.protocol, port, pod))
      )
        continue;
      const key = `${pod.workload} ${way.protocol} ${port} ${way.service} ${way.port}`;
      let backend = found.get(key);
      if (backend === undefined) {
        found.set(key, (backend = { way, ways: [], workload: pod.workload, port, pods: new Set() }));
      }
      if (backend.ways.at(-1) !== way) backend.ways.push(way);
      backend.pods.add(pod);
    }
  }
  return [...found.values()];
}

function isOfService(
  way: EntryWay,
  { service }: Extract<End, { kind: 'service' }>,
  ports: readonly PortQuery[] | undefined,
): boolean {
  if (way.service !== serviceId(service)) return false;
  const own = service.ports.find(({ port, protocol }) => port === way.port && protocol === way.protocol);
  return (
    ports === undefined ||
    ports.some((query) =>
      query.kind === 'named'
        ? query.name === own?.name
        : query.protocol === way.protocol && query.from <= way.port && way.port <= query.to,
    )
  );
}

function asks(query: PortQuery, protocol: Protocol, port: number, pod: Pod): boolean {
  if (query.kind === 'range') return query.protocol === protocol && query.from <= port && port <= query.to;
  return pod.ports.some(
    (each) => each.name === query.name && each.protocol === protocol && each.port === port,
  );
}

/** Whether the entrance leads to all that was asked about: every pod, and every port. */
function isWhole(
  backends: readonly Backend[],
  to: End | undefined,
  ports: readonly PortQuery[] | undefined,
): boolean {
  if (backends.length === 0) return false;
  if (to?.kind !== 'pods') return to === undefined || to.kind === 'service';
  return to.pods.every((pod) => {
    const own = backends.filter((backend) => backend.pods.has(pod));
    const led = PortSet.union(own.map(({ way, port }) => PortSet.range(way.protocol, port, port)));
    return (
      own.length > 0 &&
      (ports ?? []).every(
        (each) => each.kind === 'named' || led.includes(PortSet.range(each.protocol, each.from, each.to)),
      )
    );
  });
}

/** `allowed` when every pod takes it from every source, in every family that they share. */
function verdictOf(entry: Entry, { way, port, pods }: Backend, access: EntranceAccess): Verdict {
  const answers = [...pods].map((pod): Verdict => {
    const { families, some, every } = access.of(entry, { pod, port, declared: true }, way.protocol);
    if (some.length === 0) return 'denied';
    return every.length === families.length ? 'allowed' : 'partly';
  });
  return summed(answers);
}

function summed(verdicts: readonly Verdict[]): Verdict {
  const [first = 'denied'] = verdicts;
  return verdicts.every((verdict) => verdict === first) ? first : 'partly';
}

/** The end that stands for those who send the requests on. */
function sourceOf(cluster: Cluster, { source }: Entry, stranger: Pod | undefined): End {
  switch (source.kind) {
    case 'assumed':
      return {
        kind: 'pods',
        name: 'its assumed controller',
        pods: stranger === undefined ? [] : [stranger],
      };
    case 'clients':
      return { kind: 'outside', name: 'its clients', ranges: source.ranges };
    case 'controller': {
      const names = [...new Set(source.pods.map(({ workload }) => shortName(cluster, workload)))].sort(
        byText,
      );
      const shown = names.length > 2 ? `${names[0]} and ${names.length - 1} more` : names.join(' and ');
      return { kind: 'pods', name: shown, pods: source.pods };
    }
    default:
      return source satisfies never;
  }
}

function endOf(cluster: Cluster, backend: Backend | undefined, to: End | undefined): End {
  if (backend === undefined) return { kind: 'pods', name: to?.name ?? 'a backend', pods: [] };
  return { kind: 'pods', name: shortName(cluster, backend.workload), pods: [...backend.pods] };
}

function portOf({ way, port }: Backend): PortQuery {
  return { kind: 'range', protocol: way.protocol, from: port, to: port };
}

function sentenceOf(
  { id, source: { kind } }: Entry,
  source: string,
  told: {
    readonly backends: readonly Backend[];
    readonly verdicts: readonly Verdict[];
    readonly walk: Explanation;
    readonly whole: Verdict;
    readonly to: End | undefined;
    readonly on: string;
  },
): string {
  const { backends, verdicts, walk, whole, to, on } = told;
  const who = kind === 'controller' ? `${id}: its controller` : `${id}:`;
  if (backends.length === 0) {
    return to === undefined ? `${id} leads to no pod` : `${id} does not lead to ${to.name}${on}`;
  }
  if (backends.length === 1) {
    return whole === verdicts[0]
      ? `${who} ${walk.sentence}`
      : `${id} leads to a part of ${to?.name ?? 'it'} only; ${walk.sentence}`;
  }
  const open = verdicts.filter((verdict) => verdict === 'allowed').length;
  if (open === backends.length)
    return `${who} ${source} can reach ${open === 2 ? 'both' : `all ${open}`} backends`;
  return `${who} ${source} can reach ${open} of ${backends.length} backends; ${walk.sentence}`;
}

function notesOf({ source }: Entry): readonly string[] {
  switch (source.kind) {
    case 'assumed':
      return [
        'no pod of its controller is in the input: a pod without labels, in a namespace of its own, stands for it; --ingress-controller names one',
      ];
    case 'clients':
      return source.orNodes
        ? ["pods may see the address of another node instead of the client's (corner 36)"]
        : [];
    case 'controller':
      return [];
    default:
      return source satisfies never;
  }
}

function backendOf({ way, ways, workload, port }: Backend, verdict: Verdict): EntranceBackend {
  const hosts = ways.some((each) => each.hosts.length === 0)
    ? []
    : [...new Set(ways.flatMap((each) => each.hosts))];
  const paths = ways.every((each) => each.path !== undefined)
    ? [...new Set(ways.flatMap((each) => each.path ?? []))]
    : [];
  return {
    hosts: hosts.sort(byText),
    paths,
    tls: way.tls,
    service: way.service,
    port: way.port,
    to: workload,
    allowed: allowedPorts(PortSet.range(way.protocol, port, port)),
    verdict,
  };
}

/** Who else reaches the backends on the ports that the entrance leads to: what does not come in through it. */
function aroundOf(
  entry: Entry,
  backends: readonly Backend[],
  { cluster, options }: EntranceContext,
): NonNullable<EntranceExplanation['around']> {
  if (backends.length === 0) return [];
  const pods = [...new Set(backends.flatMap((backend) => [...backend.pods]))];
  const led = new Map<string, PortSet>();
  for (const { workload, way, port } of backends) {
    const own = PortSet.range(way.protocol, port, port);
    led.set(workload, (led.get(workload) ?? PortSet.none).union(own));
  }
  const own = new Set(
    entry.source.kind === 'controller' ? entry.source.pods.map(({ workload }) => workload) : [],
  );
  const { document } = map(compile(cluster, options), {
    level: { kind: 'workload' },
    to: [{ kind: 'pods', name: entry.id, pods }],
  });
  return document.connections.flatMap(({ from, to, allowed, family, partial, ambiguous }) => {
    const wanted = led.get(to);
    if (wanted === undefined || from === to || from === entry.id || own.has(from)) return [];
    const set = portSet(allowed).intersect(wanted);
    if (set.isEmpty) return [];
    const marks = {
      ...(family === undefined ? {} : { family }),
      ...(partial === true ? { partial } : {}),
      ...(ambiguous === true ? { ambiguous } : {}),
    };
    return [{ from, to, allowed: allowedPorts(set), ...marks }];
  });
}
