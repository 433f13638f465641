import type { LabelSelector, Path, Service, ServicePort } from '../../model/index.ts';
import type { Address } from '../../net/index.ts';
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
    const publishPath = ['spec', 'publishNotReadyAddresses'];
    const publishNotReadyAddresses = flagAt(findings, object, spec.publishNotReadyAddresses, publishPath);
    const clusterIPs = this.#clusterIPs(object, spec);
    if (findings.refusals !== before) return undefined;
    const { namespace = 'default', name } = object.ref;
    return {
      namespace,
      name,
      type,
      selector,
      ports: ports.filter((port) => port !== undefined),
      clusterIPs,
      headless: spec.clusterIP === 'None',
      publishNotReadyAddresses,
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
    if (protocol === undefined || targetPort === undefined || !isPortNumber(port)) return undefined;
    return { name, protocol, port, targetPort };
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
