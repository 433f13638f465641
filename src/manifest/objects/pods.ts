import type { ContainerPort, Path } from '../../model/index.ts';
import { parseAddress, protocols } from '../../net/index.ts';
import type { Address, Protocol } from '../../net/index.ts';
import type { RawObject } from '../raw.ts';
import { isPortName, isPortNumber, isRecord, portNameProblems } from '../validate/index.ts';
import { describe, flagAt, integerAt, listAt, mappingAt, textAt } from './findings.ts';
import type { Findings } from './findings.ts';
import { InstanceCache } from './instances.ts';
import { hashText, longestBucket } from './labels.ts';

type Fields = Readonly<Record<string, unknown>>;

/** No container port, as one instance. */
export const noPorts: readonly ContainerPort[] = [];
/** No address, as one instance. */
export const noAddresses: readonly Address[] = [];

/** Go's parser of the servers up to 1.35 lets leading zeros pass (corner 37). */
export const lenientAddresses = { leadingZeros: true };

/** What a policy can see of a pod's spec. */
export interface PodSpec {
  readonly ports: readonly ContainerPort[];
  readonly hostNetwork: boolean;
  readonly node: string | undefined;
}

/** Reads what a policy can see of pod specs and statuses; equal lists of ports are the same instance. */
export class PodReader {
  readonly #findings: Findings;
  /** Good lists, by the value of `containers` of a spec that has no `initContainers`. */
  readonly #ofValue = new InstanceCache<readonly ContainerPort[]>();
  /** Good lists, by a hash of all that matters of them. */
  readonly #ports = new Map<number, (readonly ContainerPort[])[]>();
  readonly #nodes = new Map<string, string>();
  /** The good list without sidecars that was read last: pods of one workload mostly follow each other. */
  #last = noPorts;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Reads the spec at `path` of `object`: a pod's own, or that of a template. */
  spec(object: RawObject, value: unknown, path: Path): PodSpec {
    const spec = mappingAt(this.#findings, object, value, path);
    if (spec === undefined) return { ports: noPorts, hostNetwork: false, node: undefined };
    const { nodeName, hostNetwork } = spec;
    const ports = this.#portsOf(object, spec, path);
    // Paths are made only where something is wrong: most pods are fine.
    const isHost =
      typeof hostNetwork === 'boolean'
        ? hostNetwork
        : hostNetwork !== undefined && flagAt(this.#findings, object, hostNetwork, [...path, 'hostNetwork']);
    const node =
      nodeName === undefined || (typeof nodeName === 'string' && nodeName !== '')
        ? nodeName
        : textAt(this.#findings, object, nodeName, [...path, 'nodeName']);
    return { ports, hostNetwork: isHost, node: this.#nodeName(node) };
  }

  /** The addresses of a pod: the first of each family, in the order of `status.podIPs` (corner 39). */
  addresses(object: RawObject, status: Fields, hostNetwork: boolean): readonly Address[] {
    const own = this.#addressesAt(object, status, 'podIPs', 'podIP');
    // A host-network pod has its node's addresses; its status says them twice (corner 44).
    return own.length > 0 || !hostNetwork ? own : this.#addressesAt(object, status, 'hostIPs', 'hostIP');
  }

  /** Reads one address; what is none is reported, for no answer can take it into account. */
  address(object: RawObject, value: unknown, path: Path): Address | undefined {
    const address = this.#addressOf(value);
    if (address !== undefined) return address;
    const message = `${describe(value)} is no IP address, so it was left out`;
    this.#findings.warn(object, 'address-invalid', path, upperFirst(message), { value });
    return undefined;
  }

  #addressOf(value: unknown): Address | undefined {
    return typeof value === 'string' ? parseAddress(value, lenientAddresses) : undefined;
  }

  #addressesAt(
    object: RawObject,
    status: Fields,
    many: 'podIPs' | 'hostIPs',
    one: 'podIP' | 'hostIP',
  ): readonly Address[] {
    const list = status[many];
    if (list === undefined || list === null || (Array.isArray(list) && list.length === 0)) {
      const single = status[one];
      if (single === undefined || single === null || single === '') return noAddresses;
      const address = this.address(object, single, ['status', one]);
      return address === undefined ? noAddresses : [address];
    }
    const items = Array.isArray(list)
      ? (list as readonly unknown[])
      : listAt(this.#findings, object, list, ['status', many]);
    let first: Address | undefined;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      const value: unknown = isRecord(item) ? item.ip : item;
      if (isRecord(item) && (value === undefined || value === '')) continue;
      const address = this.#addressOf(value) ?? this.address(object, value, ['status', many, i]);
      if (address === undefined || first?.family === address.family) continue;
      if (first !== undefined) return [first, address];
      first = address;
    }
    // A list that is written out takes no more room than it needs, one that grows takes much more.
    return first === undefined ? noAddresses : [first];
  }

  #nodeName(name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    this.#nodes.set(name, name);
    return name;
  }

  #portsOf(object: RawObject, spec: Fields, path: Path): readonly ContainerPort[] {
    const { containers, initContainers } = spec;
    const value = initContainers === undefined && Array.isArray(containers) ? containers : undefined;
    const known = value === undefined ? undefined : this.#ofValue.get(value);
    if (known !== undefined) return known;
    const before = this.#findings.count;
    const ports = this.#findPorts(object, containers, initContainers, path);
    if (value !== undefined && this.#findings.count === before) this.#ofValue.set(value, ports);
    return ports;
  }

  #findPorts(
    object: RawObject,
    containers: unknown,
    initContainers: unknown,
    path: Path,
  ): readonly ContainerPort[] {
    if (initContainers === undefined && areSamePorts(this.#last, containers)) return this.#last;
    let hash = hashPorts(containers, false, 0);
    if (initContainers !== undefined) hash = hashPorts(initContainers, true, hash);
    if (hash === 0) return noPorts;
    const bucket = this.#ports.get(hash);
    if (bucket !== undefined && !Number.isNaN(hash)) {
      for (const ports of bucket) {
        const after = comparePorts(ports, 0, containers, false);
        if (comparePorts(ports, after, initContainers, true) !== ports.length) continue;
        if (initContainers === undefined) this.#last = ports;
        return ports;
      }
    }
    const before = this.#findings.count;
    const ports: ContainerPort[] = [];
    this.#readContainers(object, containers, [...path, 'containers'], false, ports);
    this.#readContainers(object, initContainers, [...path, 'initContainers'], true, ports);
    if (ports.length === 0) return noPorts;
    const isGood = !Number.isNaN(hash) && this.#findings.count === before;
    // The same name in one container twice is refused, in two it is not: such lists are always looked at closely.
    if (isGood && new Set(ports.map(({ name }) => name)).size === ports.length) {
      if (bucket === undefined) this.#ports.set(hash, [ports]);
      else if (bucket.length < longestBucket) bucket.push(ports);
    }
    return ports;
  }

  #readContainers(
    object: RawObject,
    value: unknown,
    path: Path,
    areInit: boolean,
    ports: ContainerPort[],
  ): void {
    for (const [i, item] of listAt(this.#findings, object, value, path).entries()) {
      const container = mappingAt(this.#findings, object, item, [...path, i]);
      // An ordinary init container is gone when the pod serves; its ports are no pod's (corner 28).
      if (container === undefined || (areInit && container.restartPolicy !== 'Always')) continue;
      const names = new Set<string>();
      const at = [...path, i, 'ports'];
      for (const [j, entry] of listAt(this.#findings, object, container.ports, at).entries()) {
        const port = this.#readPort(object, entry, [...at, j], areInit);
        if (port === undefined) continue;
        if (port.name !== undefined) {
          if (names.has(port.name)) {
            const message = `Two ports of this container have the name "${port.name}"`;
            const hint = 'give each port of a container a name of its own';
            this.#findings.refuse(object, 'port-name-twice', [...at, j, 'name'], message, {
              value: port.name,
              hint,
            });
          }
          names.add(port.name);
        }
        ports.push(port);
      }
    }
  }

  #readPort(object: RawObject, value: unknown, path: Path, sidecar: boolean): ContainerPort | undefined {
    const entry = mappingAt(this.#findings, object, value, path) ?? {};
    const at = [...path, 'containerPort'];
    const port = integerAt(this.#findings, object, entry.containerPort, at);
    const protocol = readProtocol(this.#findings, object, entry.protocol, [...path, 'protocol']);
    const name = textAt(this.#findings, object, entry.name, [...path, 'name']);
    if (name !== undefined && !isPortName(name)) {
      const [problem = ''] = portNameProblems(name);
      const message = `The port's name is ${describe(name)}: ${problem}`;
      this.#findings.refuse(object, 'port-name-invalid', [...path, 'name'], message, { value: name });
    }
    if (port === undefined || !isPortNumber(port)) {
      // A wrong type has been reported; its value is not undefined.
      if (port !== undefined || entry.containerPort === undefined || entry.containerPort === null) {
        const isMissing = port === undefined;
        const code = isMissing ? 'port-missing' : 'port-out-of-range';
        const message = isMissing ? 'This port has no containerPort' : `A port is 1 to 65535, not ${port}`;
        this.#findings.refuse(object, code, isMissing ? path : at, message, { value: port });
      }
      return undefined;
    }
    return protocol === undefined ? undefined : { name, protocol, port, sidecar };
  }
}

/** The protocol of a port of a container or Service; TCP unless it says otherwise. */
export function readProtocol(
  findings: Findings,
  object: RawObject,
  value: unknown,
  path: Path,
): Protocol | undefined {
  const text = textAt(findings, object, value, path);
  if (text === undefined) return value === undefined || value === null || value === '' ? 'TCP' : undefined;
  const protocol = protocols.find((each) => each === text);
  if (protocol !== undefined) return protocol;
  const upper = text.toUpperCase();
  const isCase = protocols.some((each) => each === upper);
  findings.refuse(object, 'protocol-unknown', path, `${upperFirst(describe(text))} is no protocol`, {
    value: text,
    hint: isCase ? `write ${upper}: case matters` : 'write TCP, UDP or SCTP',
  });
  return undefined;
}

/** A hash of all that matters of well-formed ports, 0 without any; NaN when something has to be looked at closely. */
function hashPorts(containers: unknown, areInit: boolean, seed: number): number {
  if (containers === undefined || containers === null) return seed;
  if (!Array.isArray(containers)) return Number.NaN;
  let hash = seed;
  for (const container of containers as readonly unknown[]) {
    if (!isRecord(container)) return Number.NaN;
    const { ports } = container;
    if (ports === undefined || ports === null) continue;
    if (areInit && container.restartPolicy !== 'Always') continue;
    if (!Array.isArray(ports)) return Number.NaN;
    for (const port of ports as readonly unknown[]) {
      if (!isRecord(port)) return Number.NaN;
      const { containerPort, protocol = 'TCP', name = '' } = port;
      if (typeof containerPort !== 'number' || typeof protocol !== 'string' || typeof name !== 'string') {
        return Number.NaN;
      }
      // Never 0, which says that there is no port.
      hash = hashText(hashText(Math.imul(hash ^ containerPort, 0x01000193), protocol), name) | 1;
    }
  }
  return hash;
}

/** Whether these are exactly the ports of well-formed containers, at least one. */
function areSamePorts(ports: readonly ContainerPort[], containers: unknown): boolean {
  if (!Array.isArray(containers) || ports.length === 0) return false;
  let index = 0;
  for (const container of containers as readonly unknown[]) {
    if (!isRecord(container)) return false;
    const declared = container.ports;
    if (declared === undefined || declared === null) continue;
    if (!Array.isArray(declared)) return false;
    for (const port of declared as readonly unknown[]) {
      if (!isRecord(port)) return false;
      const { containerPort, protocol = 'TCP', name = '' } = port;
      const known = ports[index++];
      if (
        known === undefined ||
        known.port !== containerPort ||
        known.protocol !== protocol ||
        (known.name ?? '') !== name
      )
        return false;
    }
  }
  return index === ports.length;
}

/** How many of `ports` from `start` on are exactly those of `containers`, as an index behind them; -1 if they differ. */
function comparePorts(
  ports: readonly ContainerPort[],
  start: number,
  containers: unknown,
  areInit: boolean,
): number {
  if (start < 0 || !Array.isArray(containers)) return start;
  let index = start;
  for (const container of containers as readonly unknown[]) {
    if (!isRecord(container) || !Array.isArray(container.ports)) continue;
    if (areInit && container.restartPolicy !== 'Always') continue;
    for (const port of container.ports as readonly Fields[]) {
      const known = ports[index++];
      const { containerPort, protocol = 'TCP', name = '' } = port;
      if (
        known === undefined ||
        known.port !== containerPort ||
        known.protocol !== protocol ||
        (known.name ?? '') !== name ||
        known.sidecar !== areInit
      ) {
        return -1;
      }
    }
  }
  return index;
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
