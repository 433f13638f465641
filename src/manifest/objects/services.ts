import type { LabelSelector, Path, Service, ServiceEntrance, ServicePort } from '../../model/index.ts';
import { families, parseCidr } from '../../net/index.ts';
import type { Address, Cidr, Family } from '../../net/index.ts';
import type { RawObject } from '../raw.ts';
import { isPortName, isPortNumber, portNameProblems } from '../validate/index.ts';
import { describe, flagAt, integerAt, listAt, mappingAt, textAt, wrongType } from './findings.ts';
import type { Findings } from './findings.ts';
import { selectorOf } from './labels.ts';
import type { LabelReader } from './labels.ts';
import { readMetadata } from './metadata.ts';
import { readProtocol } from './pods.ts';
import type { PodReader } from './pods.ts';

type Fields = Readonly<Record<string, unknown>>;

const types: readonly Service['type'][] = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'];

const familyPolicies: readonly Service['ipFamilyPolicy'][] = [
  'SingleStack',
  'PreferDualStack',
  'RequireDualStack',
];

/** Reads Services: where they lead is worked out by those who ask (corner 49). */
export class ServiceReader {
  readonly #findings: Findings;
  readonly #labels: LabelReader;
  readonly #pods: PodReader;

  constructor(findings: Findings, labels: LabelReader, pods: PodReader) {
    this.#findings = findings;
    this.#labels = labels;
    this.#pods = pods;
  }

  /** `undefined` when every API server refuses it. */
  read(object: RawObject): Service | undefined {
    const findings = this.#findings;
    const before = findings.refusals;
    readMetadata(findings, object);
    const spec = mappingAt(findings, object, object.value.spec, ['spec']) ?? {};
    const type = this.#type(object, spec);
    const selector = this.#selector(object, spec, type);
    const ports = listAt(findings, object, spec.ports, ['spec', 'ports']).map((item, i) =>
      this.#port(object, item, ['spec', 'ports', i]),
    );
    this.#checkTogether(object, ports);
    const publishPath = ['spec', 'publishNotReadyAddresses'];
    const publishNotReadyAddresses = flagAt(findings, object, spec.publishNotReadyAddresses, publishPath);
    const clusterIPs = this.#clusterIPs(object, spec);
    const ipFamilies = this.#ipFamilies(object, spec);
    const ipFamilyPolicy = this.#ipFamilyPolicy(object, spec, ipFamilies);
    const isEntrance = type === 'NodePort' || type === 'LoadBalancer';
    const entrance = isEntrance ? this.#entrance(object, spec, type === 'LoadBalancer') : undefined;
    const externalIPs = this.#addresses(object, spec.externalIPs, ['spec', 'externalIPs']);
    const internalTrafficPolicy = this.#trafficPolicy(object, spec, 'internalTrafficPolicy');
    if (findings.refusals !== before) return undefined;
    const { namespace = 'default', name } = object.ref;
    return {
      namespace,
      name,
      type,
      selector,
      ports: ports.filter((port) => port !== undefined),
      clusterIPs,
      ipFamilies,
      ipFamilyPolicy,
      headless: spec.clusterIP === 'None',
      publishNotReadyAddresses,
      entrance,
      // An ExternalName is a DNS alias: nothing is routed to it.
      externalIPs: type === 'ExternalName' ? [] : externalIPs,
      internalTrafficPolicy,
      origin: object.origin,
    };
  }

  #type(object: RawObject, spec: Fields): Service['type'] {
    const text = textAt(this.#findings, object, spec.type, ['spec', 'type']) ?? 'ClusterIP';
    const type = types.find((each) => each === text);
    if (type !== undefined) return type;
    this.#findings.refuse(object, 'service-type-unknown', ['spec', 'type'], `There is no type ${text}`, {
      value: text,
      hint: `write one of ${types.join(', ')}`,
    });
    return 'ClusterIP';
  }

  #selector(object: RawObject, spec: Fields, type: Service['type']): LabelSelector | undefined {
    // An ExternalName is a DNS alias; its selector is ignored.
    if (type === 'ExternalName') return undefined;
    const labels = this.#labels.read(object, spec.selector, ['spec', 'selector']);
    return labels.size === 0 ? undefined : selectorOf(labels);
  }

  #port(object: RawObject, value: unknown, path: Path): ServicePort | undefined {
    const findings = this.#findings;
    const entry = mappingAt(findings, object, value, path) ?? {};
    const at = [...path, 'port'];
    const port = integerAt(findings, object, entry.port, at);
    const protocol = readProtocol(findings, object, entry.protocol, [...path, 'protocol']);
    const name = textAt(findings, object, entry.name, [...path, 'name']);
    if (port === undefined) {
      if (entry.port === undefined || entry.port === null) {
        findings.refuse(object, 'port-missing', path, 'This port of the Service has no number', {
          hint: 'write port: 80, the port that clients use',
        });
      }
      return undefined;
    }
    this.#checkNumber(object, port, at);
    const targetPort = this.#targetPort(object, entry.targetPort, [...path, 'targetPort'], port);
    const nodePortPath = [...path, 'nodePort'];
    const number = integerAt(findings, object, entry.nodePort, nodePortPath);
    // 0 leaves the choice to the server, as absence does.
    const nodePort = number === 0 ? undefined : number;
    if (nodePort !== undefined) this.#checkNumber(object, nodePort, nodePortPath);
    if (protocol === undefined || targetPort === undefined || !isPortNumber(port)) return undefined;
    return { name, protocol, port, targetPort, nodePort };
  }

  /** Of several ports each has a name, and no two have the same name, or the same number and protocol. */
  #checkTogether(object: RawObject, ports: readonly (ServicePort | undefined)[]): void {
    const findings = this.#findings;
    const names = new Set<string>();
    const numbers = new Set<string>();
    let isFirst = true;
    for (const [i, port] of ports.entries()) {
      if (port === undefined) continue;
      const path = ['spec', 'ports', i];
      const number = `${port.protocol} ${port.port}`;
      if (port.name === undefined && ports.length > 1) {
        // Where it leads is plain all the same, and examples have it: it is told, and answered.
        if (isFirst)
          findings.warn(
            object,
            'service-port-unnamed',
            path,
            'This port has no name, and the Service has several',
            {
              hint: 'name each of them, as in name: http; no API server takes it without',
            },
          );
        isFirst = false;
      } else if (port.name !== undefined && names.has(port.name)) {
        const message = `Two ports of the Service have the name ${port.name}`;
        findings.refuse(object, 'service-port-twice', [...path, 'name'], message, { value: port.name });
      } else if (numbers.has(number)) {
        const message = `Two ports of the Service are ${number}`;
        findings.refuse(object, 'service-port-twice', [...path, 'port'], message, { value: port.port });
      }
      if (port.name !== undefined) names.add(port.name);
      numbers.add(number);
    }
  }

  /** The port itself when absent, 0 or empty, as the API defaults it. */
  #targetPort(object: RawObject, value: unknown, path: Path, port: number): number | string | undefined {
    if (value === undefined || value === null || value === 0 || value === '') return port;
    if (typeof value === 'string') {
      if (isPortName(value)) return value;
      const [problem = ''] = portNameProblems(value);
      const isQuoted = /^\d+$/.test(value);
      const message = isQuoted
        ? `targetPort is ${describe(value)}, and a text is the name of a port`
        : `targetPort is ${describe(value)}: ${problem}`;
      this.#findings.refuse(object, isQuoted ? 'port-quoted' : 'port-name-invalid', path, message, {
        value,
        ...(isQuoted ? { hint: `write the number without quotes: ${value}` } : {}),
      });
      return undefined;
    }
    if (typeof value !== 'number') {
      wrongType(this.#findings, object, value, path, 'a port number or the name of a port');
      return undefined;
    }
    const number = integerAt(this.#findings, object, value, path);
    if (number !== undefined) this.#checkNumber(object, number, path);
    return number !== undefined && isPortNumber(number) ? number : undefined;
  }

  #checkNumber(object: RawObject, port: number, path: Path): void {
    if (isPortNumber(port)) return;
    const message = `A port is 1 to 65535, not ${port}`;
    this.#findings.refuse(object, 'port-out-of-range', path, message, { value: port });
  }

  /** How it is reached from outside; see https://kubernetes.io/docs/reference/networking/virtual-ips/#external-traffic-policy. */
  #entrance(object: RawObject, spec: Fields, isLoadBalancer: boolean): ServiceEntrance {
    const findings = this.#findings;
    const externalTrafficPolicy = this.#trafficPolicy(object, spec, 'externalTrafficPolicy');
    const rangesPath = ['spec', 'loadBalancerSourceRanges'];
    const sourceRanges: Cidr[] = [];
    for (const [i, value] of listAt(findings, object, spec.loadBalancerSourceRanges, rangesPath).entries()) {
      const path = [...rangesPath, i];
      const text = textAt(findings, object, value, path)?.trim();
      const parsed = text === undefined ? undefined : parseCidr(text);
      if (parsed !== undefined) sourceRanges.push(parsed.cidr);
      else if (text !== undefined) {
        findings.refuse(
          object,
          'source-range-invalid',
          path,
          `loadBalancerSourceRanges has ${describe(text)}, which is no CIDR`,
          {
            value: text,
            hint: 'write an address, a slash and the length of the prefix: 192.0.2.0/24',
          },
        );
      }
    }
    const allocates = ['spec', 'allocateLoadBalancerNodePorts'];
    const isLeftOut =
      spec.allocateLoadBalancerNodePorts === undefined || spec.allocateLoadBalancerNodePorts === null;
    const hasNodePorts =
      !isLoadBalancer || isLeftOut || flagAt(findings, object, spec.allocateLoadBalancerNodePorts, allocates);
    const status = mappingAt(findings, object, object.value.status, ['status']) ?? {};
    const balancer = mappingAt(findings, object, status.loadBalancer, ['status', 'loadBalancer']) ?? {};
    const ingressPath = ['status', 'loadBalancer', 'ingress'];
    const loadBalancerAddresses: Address[] = [];
    for (const [i, item] of listAt(findings, object, balancer.ingress, ingressPath).entries()) {
      const entry = mappingAt(findings, object, item, [...ingressPath, i]) ?? {};
      // Some platforms give a host name instead.
      if (entry.ip === undefined || entry.ip === null || entry.ip === '') continue;
      const address = this.#pods.address(object, entry.ip, [...ingressPath, i, 'ip']);
      if (address !== undefined) loadBalancerAddresses.push(address);
    }
    const loadBalancerClass = textAt(findings, object, spec.loadBalancerClass, ['spec', 'loadBalancerClass']);
    return {
      externalTrafficPolicy,
      sourceRanges: isLoadBalancer ? sourceRanges : [],
      loadBalancerClass,
      hasNodePorts,
      loadBalancerAddresses: isLoadBalancer ? loadBalancerAddresses : [],
    };
  }

  #trafficPolicy(
    object: RawObject,
    spec: Fields,
    field: 'externalTrafficPolicy' | 'internalTrafficPolicy',
  ): 'Cluster' | 'Local' {
    const text = textAt(this.#findings, object, spec[field], ['spec', field]) ?? 'Cluster';
    if (text === 'Cluster' || text === 'Local') return text;
    this.#findings.refuse(object, 'value-unknown', ['spec', field], `${field} cannot be ${describe(text)}`, {
      value: text,
      hint: 'write Cluster or Local',
    });
    return 'Cluster';
  }

  /** @see https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services */
  #ipFamilies(object: RawObject, spec: Fields): readonly Family[] {
    const findings = this.#findings;
    const found: Family[] = [];
    for (const [i, value] of listAt(findings, object, spec.ipFamilies, ['spec', 'ipFamilies']).entries()) {
      const path = ['spec', 'ipFamilies', i];
      const text = textAt(findings, object, value, path);
      const family = families.find((each) => each === text);
      if (family !== undefined && !found.includes(family)) found.push(family);
      else if (text !== undefined) {
        const message = family === undefined ? `There is no family ${text}` : `${text} stands twice`;
        findings.refuse(object, 'value-unknown', path, message, {
          value: text,
          hint: 'write IPv4, IPv6, or each of them once',
        });
      }
    }
    return found;
  }

  #ipFamilyPolicy(object: RawObject, spec: Fields, ipFamilies: readonly Family[]): Service['ipFamilyPolicy'] {
    const path = ['spec', 'ipFamilyPolicy'];
    const text = textAt(this.#findings, object, spec.ipFamilyPolicy, path);
    // Two families without a word on how many: what is meant is both.
    if (text === undefined) return ipFamilies.length > 1 ? 'RequireDualStack' : 'SingleStack';
    const policy = familyPolicies.find((each) => each === text);
    if (policy !== undefined) return policy;
    this.#findings.refuse(object, 'value-unknown', path, `ipFamilyPolicy cannot be ${describe(text)}`, {
      value: text,
      hint: `write one of ${familyPolicies.join(', ')}`,
    });
    return 'SingleStack';
  }

  #addresses(object: RawObject, value: unknown, path: Path): readonly Address[] {
    const addresses: Address[] = [];
    for (const [i, text] of listAt(this.#findings, object, value, path).entries()) {
      const address = this.#pods.address(object, text, [...path, i]);
      if (address !== undefined) addresses.push(address);
    }
    return addresses;
  }

  #clusterIPs(object: RawObject, spec: Fields): readonly Address[] {
    const many = listAt(this.#findings, object, spec.clusterIPs, ['spec', 'clusterIPs']);
    const isMany = many.length > 0;
    const addresses: Address[] = [];
    for (const [i, text] of (isMany ? many : [spec.clusterIP]).entries()) {
      if (text === undefined || text === null || text === '' || text === 'None') continue;
      const path = isMany ? ['spec', 'clusterIPs', i] : ['spec', 'clusterIP'];
      const address = this.#pods.address(object, text, path);
      if (address !== undefined) addresses.push(address);
    }
    return addresses;
  }
}
