import { families, formatAddress } from '../../net/index.ts';
import type { Protocol } from '../../net/index.ts';
import { isPortProblem, parsePorts, resolveEnd, splitTarget } from '../../reach/index.ts';
import type { EndOptions, PortQuery } from '../../reach/index.ts';
import { probeOf, serviceProbesOf } from '../../topology/index.ts';
import type { LabEnd, LabPlan, LabProbe, LabServiceProbe } from '../../topology/index.ts';
import { LabError } from './error.ts';
import type { LabNamespace, ProbeSpec } from './protocol.ts';

/** What a connection is asked for by. */
export interface ProbeOperands extends LabNamespace {
  readonly from: string;
  /** With the port behind a colon, unless `port` is given. */
  readonly to: string;
  readonly port: string | undefined;
}

/**
 * The connections that operands name: one for each family that both ends have; to a Service, by each way that leads to it.
 *
 * @throws LabError when they name none
 */
export function findProbes(
  plan: LabPlan,
  { from, to, port, namespace }: ProbeOperands,
): readonly ProbeSpec[] {
  const target = splitTarget(to);
  const text = port ?? target.port;
  if (text === undefined) throw new LabError('a probe needs a port', example);
  const ports = parsePorts(text);
  if (isPortProblem(ports)) throw new LabError(ports.message, ports.hint);
  const [query] = ports;
  if (query === undefined || ports.length > 1) throw new LabError('a probe is of one port', example);
  const client = findEnd(plan, from, namespace);
  const destination = port === undefined ? target.end : to;
  const end = resolveEnd(plan.cluster, destination, endOptions(namespace));
  if (end.kind === 'service')
    return serviceProbes(plan, client, `${end.service.namespace}/svc/${end.service.name}`, query);
  const server = findEnd(plan, destination, namespace);
  const { protocol, number } = portOf(server, query);
  const specs = families.flatMap((family) => {
    const tried = probeOf(plan, client, server, family, protocol, number);
    return tried === undefined ? [] : [specOf(tried.probe)];
  });
  if (specs.length === 0)
    throw new LabError(`${client.id} and ${server.id} have no address family in common`);
  return specs;
}

const example = 'podwall lab probe shop/web shop/db:5432';

function endOptions(namespace: string | undefined): EndOptions {
  return namespace === undefined ? {} : { namespace };
}

/**
 * The end that an operand names: of a workload its first pod.
 *
 * @param namespace - of a name that has none
 * @throws LabError when it names none
 */
export function findEnd(plan: LabPlan, text: string, namespace: string | undefined): LabEnd {
  const exact = plan.ends.find(({ id }) => id === text);
  if (exact !== undefined) return exact;
  const end = resolveEnd(plan.cluster, text, endOptions(namespace));
  if (end.kind === 'problem') {
    const [near] = end.choices;
    throw new LabError(end.message, near === undefined ? end.hint : `did you mean ${near}?`);
  }
  const found = plan.ends.find((each) => {
    if (each.kind === 'pod' && end.kind === 'pods') return end.pods.includes(each.pod);
    if (each.kind === 'node' && end.kind === 'nodes') return end.nodes.some(({ name }) => name === each.node);
    if (each.kind === 'outside' && end.kind === 'outside') {
      return each.addresses.some(({ family, value }) =>
        end.ranges.some((range) => range.family === family && range.first <= value && value <= range.last),
      );
    }
    return false;
  });
  if (found === undefined)
    throw new LabError(`nothing of the lab is ${text}`, 'podwall lab status lists what is there');
  return found;
}

/** The number of a port, by name on the pod that declares it (corner 28). */
function portOf(server: LabEnd, query: PortQuery): { readonly protocol: Protocol; readonly number: number } {
  if (query.kind === 'range') {
    if (query.from !== query.to) throw new LabError('a probe is of one port', example);
    return { protocol: query.protocol, number: query.from };
  }
  const declared = server.kind === 'pod' ? server.pod.ports : [];
  const found = declared.find(
    ({ name, protocol }) =>
      name === query.name && (query.protocol === undefined || query.protocol === protocol),
  );
  if (found === undefined) throw new LabError(`${server.id} declares no port ${query.name}`);
  return { protocol: found.protocol, number: found.port };
}

function serviceProbes(
  plan: LabPlan,
  client: LabEnd,
  service: string,
  query: PortQuery,
): readonly ProbeSpec[] {
  const found = plan.services.find(({ id }) => id === service);
  if (found === undefined) throw new LabError(`the lab does not serve ${service}`);
  const number = ((): number => {
    if (query.kind === 'range') return query.from;
    const named = found.ports.find(({ port }) => port.name === query.name);
    if (named === undefined) throw new LabError(`${service} has no port ${query.name}`);
    return named.port.port;
  })();
  const protocol = query.protocol ?? 'TCP';
  const probes = [...serviceProbesOf(plan)].filter(
    (probe) =>
      probe.from === client && probe.to === found && probe.protocol === protocol && probe.port === number,
  );
  if (probes.length > 0) return probes.map(specOf);
  const known = found.ports.some(({ port }) => port.protocol === protocol && port.port === number);
  throw known
    ? new LabError(
        `what becomes of ${client.id} to ${service} is left open`,
        'it has no endpoint, is headless, or one of its endpoints may be reached and another not: probe its pods',
      )
    : new LabError(`${service} has no port ${protocol} ${number}`);
}

/** A probe as names and texts. */
export function specOf({
  from,
  to,
  source,
  destination,
  protocol,
  port,
  predicted,
}: LabProbe | LabServiceProbe): ProbeSpec {
  return {
    from: from.id,
    to: to.id,
    namespace: from.namespace,
    source: formatAddress(source),
    destination: formatAddress(destination),
    protocol,
    port,
    predicted,
  };
}
