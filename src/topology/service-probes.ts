import { families, formatAddress } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';
import type { CompiledPolicy, Decision, PolicyEnd, SideDecision } from '../policy/index.ts';
import type { LabEnd, LabEndpoint, LabPlan, LabService, LabServicePort, LabServiceProbe } from './plan.ts';

/** `either`: policies of equal priority leave it open, or one endpoint may be reached and another not. */
type Verdict = 'allowed' | 'denied' | 'either';

/**
 * Connections to Services by every way that leads to them: cluster IPs from pods and nodes, node ports of every node and
 * addresses of load balancers from everywhere.
 *
 * What is said of each is what the engine says of the two sides that judge it, each where it is judged: egress on the
 * client's node, by the endpoint if the destination has been changed there and by the node's address if it has not; ingress on
 * the endpoint's node, of the client, or of the node that has put itself in its place (corners 35, 36 and 49). Left out is
 * what may come out either way: an endpoint is chosen by chance. So is what kube-proxy drops by itself, and what reaches its
 * own pod through a Service where tiers are, which may see it (corner 65).
 */
export function* serviceProbesOf(plan: LabPlan): Generator<LabServiceProbe> {
  const prober = new ServiceProber(plan);
  for (const from of plan.ends) {
    for (const service of plan.services) {
      if (!service.service.headless) yield* prober.probes(from, service);
    }
  }
}

class ServiceProber {
  readonly #plan: LabPlan;
  readonly #policy: CompiledPolicy;
  readonly #nodes: ReadonlyMap<string, LabEnd>;
  readonly #pods: ReadonlyMap<string, LabEnd>;
  /** Addresses of load balancers, by node that the fabric leads them to. */
  readonly #balanced: ReadonlyMap<string, string>;

  constructor(plan: LabPlan) {
    this.#plan = plan;
    this.#policy = plan.policy;
    this.#nodes = new Map(
      plan.ends.flatMap((end) => (end.kind === 'node' ? [[end.node, end] as const] : [])),
    );
    this.#pods = new Map(
      plan.ends.flatMap((end) => (end.kind === 'pod' ? [[end.pod.id, end] as const] : [])),
    );
    const [fabric] = plan.namespaces;
    const nodeOf = new Map(plan.links.map(({ ends: [near, far] }) => [far.name, near.namespace] as const));
    const names = new Map(Array.from(plan.nodes, ([name, { namespace }]) => [namespace, name] as const));
    this.#balanced = new Map(
      (fabric?.routes ?? []).flatMap(({ to, interface: out }) => {
        const node = names.get(nodeOf.get(out) ?? '');
        return node === undefined ? [] : [[to.split('/')[0]!, node] as const];
      }),
    );
  }

  *probes(from: LabEnd, to: LabService): Generator<LabServiceProbe> {
    for (const port of to.ports) {
      for (const family of families) {
        const source = from.addresses.find((address) => address.family === family);
        const all = port.endpoints.filter(({ address }) => address.family === family);
        // An endpoint that is no pod has a way of its own, and one without a node nobody judges.
        if (source === undefined || all.length === 0 || all.some(({ pod }) => pod === undefined)) continue;
        yield* this.#probesOf(from, to, port, { family, source, all });
      }
    }
  }

  *#probesOf(
    from: LabEnd,
    to: LabService,
    port: LabServicePort,
    {
      family,
      source,
      all,
    }: { readonly family: Family; readonly source: Address; readonly all: readonly LabEndpoint[] },
  ): Generator<LabServiceProbe> {
    const { protocol } = port.port;
    const make = (
      by: LabServiceProbe['by'],
      destination: Address,
      number: number,
      endpoints: readonly LabEndpoint[],
      judge: (endpoint: LabEndpoint) => Verdict,
    ): readonly LabServiceProbe[] => {
      const predicted = whole(endpoints.map(judge));
      if (predicted === 'either' || endpoints.length === 0) return [];
      return [{ from, to, by, family, source, destination, protocol, port: number, endpoints, predicted }];
    };
    const { service, exposure } = to;
    const own = 'node' in from ? from.node : undefined;
    if (own !== undefined) {
      const near = service.internalTrafficPolicy === 'Local' ? all.filter(({ node }) => node === own) : all;
      for (const address of service.clusterIPs) {
        if (address.family !== family) continue;
        yield* make('clusterIP', address, port.port.port, near, (endpoint) =>
          this.#direct(from, endpoint, port),
        );
      }
    }
    if (exposure === undefined) return;
    const isLocal = exposure.trafficPolicy === 'Local';
    for (const [name, node] of this.#nodes) {
      const address = node.addresses.find((each) => each.family === family);
      if (port.nodePort === undefined || address === undefined) continue;
      const near = isLocal && name !== own ? all.filter((endpoint) => endpoint.node === name) : all;
      yield* make('nodePort', address, port.nodePort, near, (endpoint) =>
        name === own
          ? this.#byOwnNode(from, endpoint, port, name, isLocal)
          : this.#byOtherNode(from, endpoint, port, { node, name, address: port.nodePort! }, isLocal),
      );
    }
    for (const address of exposure.loadBalancer) {
      if (address.family !== family || exposure.sourceRanges.length > 0) continue;
      // A client in the cluster is led on by its own node.
      const name = own ?? this.#balanced.get(formatAddress(address));
      const node = name === undefined ? undefined : this.#nodes.get(name);
      if (name === undefined || node === undefined) continue;
      const near = isLocal && own === undefined ? all.filter((endpoint) => endpoint.node === name) : all;
      yield* make('loadBalancer', address, port.port.port, near, (endpoint) =>
        own === undefined
          ? this.#byOtherNode(from, endpoint, port, { node, name, address: undefined }, isLocal)
          : this.#byOwnNode(from, endpoint, port, own, isLocal),
      );
    }
  }

  /** The client's node changes the destination, and nobody the source. */
  #direct(from: LabEnd, endpoint: LabEndpoint, port: LabServicePort): Verdict {
    const to = this.#endOf(endpoint);
    if (from.kind === 'pod' && from.pod === endpoint.pod) return this.#hairpin(from);
    return verdictOf(this.#decide(from.engine, to, port, endpoint.port, endpoint.address.family));
  }

  /** The same, and with the traffic policy Cluster the node hides the client from endpoints elsewhere. */
  #byOwnNode(
    from: LabEnd,
    endpoint: LabEndpoint,
    port: LabServicePort,
    name: string,
    isLocal: boolean,
  ): Verdict {
    const direct = this.#direct(from, endpoint, port);
    if (isLocal || endpoint.node === name || from.kind !== 'pod' || from.pod.hostNetwork) return direct;
    const to = this.#endOf(endpoint);
    const { family } = endpoint.address;
    const seen = this.#decide(this.#nodes.get(name)!.engine, to, port, endpoint.port, family);
    return both(egressOf(this.#decide(from.engine, to, port, endpoint.port, family)), ingressOf(seen));
  }

  /** The client's node sees another node's address, or what is outside none at all; that node changes the destination. */
  #byOtherNode(
    from: LabEnd,
    endpoint: LabEndpoint,
    port: LabServicePort,
    {
      node,
      name,
      address: number,
    }: { readonly node: LabEnd; readonly name: string; readonly address: number | undefined },
    isLocal: boolean,
  ): Verdict {
    const to = this.#endOf(endpoint);
    const { family } = endpoint.address;
    const egress =
      number === undefined
        ? 'allowed'
        : egressOf(this.#decide(from.engine, node.engine, port, number, family));
    const isHidden = !isLocal && endpoint.node !== name;
    const client = isHidden ? node.engine : from.engine;
    return both(egress, ingressOf(this.#decide(client, to, port, endpoint.port, family)));
  }

  /** A pod reaches itself through a Service, unless tiers say otherwise (corners 41 and 65). */
  #hairpin(from: LabEnd): Verdict {
    const isHost = from.kind === 'pod' && from.pod.hostNetwork;
    return isHost || this.#plan.cluster.tierPolicies.length > 0 ? 'either' : 'allowed';
  }

  #decide(
    from: PolicyEnd,
    to: PolicyEnd,
    { port: { protocol } }: LabServicePort,
    port: number,
    family: Family,
  ): Decision {
    return this.#policy.decide(from, to, protocol, port, family);
  }

  #endOf({ pod }: LabEndpoint): PolicyEnd {
    return this.#pods.get(pod!.id)!.engine;
  }
}

function verdictOf({ allowed, ambiguous }: Decision): Verdict {
  if (ambiguous) return 'either';
  return allowed ? 'allowed' : 'denied';
}

function egressOf({ egress }: Decision): Verdict {
  return sideVerdict(egress);
}

function ingressOf({ ingress }: Decision): Verdict {
  return sideVerdict(ingress);
}

function sideVerdict({ kind }: SideDecision): Verdict {
  switch (kind) {
    case 'open':
    case 'admitted':
    case 'exempt':
    case 'accepted':
      return 'allowed';
    case 'closed':
    case 'denied':
      return 'denied';
    case 'ambiguous':
      return 'either';
  }
}

/** Of one connection: who denies it decides. */
function both(a: Verdict, b: Verdict): Verdict {
  if (a === 'denied' || b === 'denied') return 'denied';
  return a === 'either' || b === 'either' ? 'either' : 'allowed';
}

/** Of several that one connection may become. */
function whole(verdicts: readonly Verdict[]): Verdict {
  const [first = 'either'] = verdicts;
  return verdicts.every((verdict) => verdict === first) ? first : 'either';
}
