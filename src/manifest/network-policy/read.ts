import type {
  Direction,
  DirectionSpec,
  LabelSelector,
  NetworkPolicy,
  NonEmpty,
  Peer,
  Peers,
  PortEntry,
  Ports,
  Rule,
} from '../../model/index.ts';
import { contains } from '../../net/index.ts';
import type { Address, Cidr, Protocol } from '../../net/index.ts';
import { InstanceCache } from '../objects/index.ts';
import type { RawObject } from '../raw.ts';
import {
  isCleanMetadata,
  isPortName,
  isPortNumber,
  isRecord,
  readCidr,
  readLabelSelector,
  selectsEverything,
} from '../validate/index.ts';

/** What one pass over an object gives. */
export interface Reading {
  /** The policy as well as it can be read. What is unreadable admits nothing and isolates rather too much. */
  readonly policy: NetworkPolicy;
  /** The pods that it selects, `undefined` when that cannot be read. */
  readonly selects: LabelSelector | undefined;
  /** Nothing stood out, so there is nothing to validate. When false, there may be a finding or not. */
  readonly clean: boolean;
}

/** What a spec says, whichever policy it is of. */
interface SpecReading {
  readonly podSelector: LabelSelector;
  readonly ingress: DirectionSpec;
  readonly egress: DirectionSpec;
  readonly selects: LabelSelector | undefined;
  readonly clean: boolean;
}

/** Specs that were read, by the value: a reader of large dumps gives equal ones as one value, and most are equal. */
export type KnownSpecs = InstanceCache<SpecReading>;

/**
 * Reads a NetworkPolicy into the model in one pass, with all defaults (corners 4, 5, 6, 9, 10, 13, 25 and 26).
 *
 * Every check of `validate.ts` has its counterpart here: what it or the decoding would report makes the reading
 * unclean. It only notices; what there is to say is worked out by the caller when it is needed.
 */
export function readPolicy(object: RawObject, known: KnownSpecs = new InstanceCache()): Reading {
  return new Reader(known).policy(object);
}

// A contradiction is a valid selector that matches nothing (corner 21).
const unreadableKey = 'podwall.dev/unreadable';
const nothing: LabelSelector = {
  requirements: [
    { key: unreadableKey, operator: 'Exists', values: [], written: 'matchLabels' },
    { key: unreadableKey, operator: 'DoesNotExist', values: [], written: 'matchLabels' },
  ],
};
const noPeer: Peer = { kind: 'pods', namespaces: 'own', pods: nothing };
const anyPeer: Peers = { kind: 'any' };
const allPorts: Ports = { kind: 'all' };
const emptyRule: Rule = { peers: anyPeer, ports: allPorts };
const closedRule: Rule = { peers: { kind: 'oneOf', peers: [noPeer] }, ports: allPorts };
const unaffected: DirectionSpec = { kind: 'unaffected' };

class Reader {
  readonly #known: KnownSpecs;
  #clean = true;

  constructor(known: KnownSpecs) {
    this.#known = known;
  }

  policy(object: RawObject): Reading {
    this.#clean = object.duplicates.length === 0;
    let spec: unknown;
    let named = false;
    for (const key of Object.keys(object.value)) {
      const value = object.value[key];
      switch (key) {
        case 'apiVersion':
        case 'kind':
          if (typeof value !== 'string') this.#clean = false;
          break;
        case 'metadata':
          named = isCleanMetadata(value);
          break;
        case 'spec':
          spec = value;
          break;
        default:
          this.#clean = false;
      }
    }
    const read = this.#knownSpec(spec);
    const { ref, origin } = object;
    const { namespace = 'default', name } = ref;
    const { podSelector, ingress, egress, selects } = read;
    const policy: NetworkPolicy = {
      ref: { apiVersion: ref.apiVersion, kind: ref.kind, namespace, name },
      origin,
      namespace,
      name,
      podSelector,
      ingress,
      egress,
    };
    return { policy, selects, clean: named && this.#clean && read.clean };
  }

  #knownSpec(spec: unknown): SpecReading {
    const value = isRecord(spec) ? spec : undefined;
    const known = value === undefined ? undefined : this.#known.get(value);
    if (known !== undefined) return known;
    const before = this.#clean;
    this.#clean = true;
    const read = this.#spec(spec);
    this.#clean = before;
    if (value !== undefined) this.#known.set(value, read);
    return read;
  }

  readonly #unclean = (): void => {
    this.#clean = false;
  };

  #spec(raw: unknown): SpecReading {
    let podSelector: unknown;
    let ingress: unknown;
    let egress: unknown;
    let policyTypes: unknown;
    let readable = true;
    if (isRecord(raw)) {
      for (const key of Object.keys(raw)) {
        switch (key) {
          case 'podSelector':
            podSelector = raw[key];
            break;
          case 'ingress':
            ingress = raw[key];
            break;
          case 'egress':
            egress = raw[key];
            break;
          case 'policyTypes':
            policyTypes = raw[key];
            break;
          default:
            this.#clean = false;
        }
      }
    } else if (raw !== undefined && raw !== null) {
      this.#clean = false;
      readable = false;
    }
    const selects = readable ? readLabelSelector(podSelector, this.#unclean) : undefined;
    const rules = { ingress: this.#rules(ingress, 'from'), egress: this.#rules(egress, 'to') };
    const types = this.#types(policyTypes, egress);
    const direction = (name: Direction): DirectionSpec => {
      if (!types[name]) return unaffected;
      // Whom the rules are for is not known, so they are for nobody.
      return { kind: 'isolates', rules: selects === undefined ? [] : rules[name] };
    };
    return {
      podSelector: selects ?? selectsEverything,
      ingress: direction('ingress'),
      egress: direction('egress'),
      selects,
      clean: this.#clean,
    };
  }

  /** The effective directions (corners 4 and 5); both where the text cannot be read. */
  #types(raw: unknown, egress: unknown): Readonly<Record<Direction, boolean>> {
    const list = this.#list(raw);
    if (list === undefined) return { ingress: true, egress: true };
    // An egress section that cannot be read may have held rules.
    const hasEgress = Array.isArray(egress) ? egress.length > 0 : egress !== undefined && egress !== null;
    if (list.length === 0) return { ingress: true, egress: hasEgress };
    if (list.length > 2) this.#clean = false;
    const types = { ingress: false, egress: false };
    for (const type of list) {
      if (type === 'Ingress') types.ingress = true;
      else if (type === 'Egress') types.egress = true;
      else {
        this.#clean = false;
        return { ingress: true, egress: true };
      }
    }
    return types;
  }

  #rules(raw: unknown, field: 'from' | 'to'): readonly Rule[] {
    return (this.#list(raw) ?? []).map((rule) => this.#rule(rule, field));
  }

  #rule(raw: unknown, field: 'from' | 'to'): Rule {
    if (raw === null || raw === undefined) return emptyRule;
    if (!isRecord(raw)) {
      this.#clean = false;
      return closedRule;
    }
    let peers: unknown;
    let ports: unknown;
    for (const key of Object.keys(raw)) {
      if (key === field) peers = raw[key];
      else if (key === 'ports') ports = raw[key];
      else this.#clean = false;
    }
    return { peers: this.#peers(peers), ports: this.#ports(ports) };
  }

  #peers(raw: unknown): Peers {
    const list = this.#list(raw);
    if (list === undefined) return { kind: 'oneOf', peers: [noPeer] };
    const peers = list.map((peer) => this.#peer(peer));
    return isNonEmpty(peers) ? { kind: 'oneOf', peers } : anyPeer;
  }

  #peer(raw: unknown): Peer {
    let podSelector: unknown = null;
    let namespaceSelector: unknown = null;
    let ipBlock: unknown = null;
    if (isRecord(raw)) {
      for (const key of Object.keys(raw)) {
        if (key === 'podSelector') podSelector = raw[key];
        else if (key === 'namespaceSelector') namespaceSelector = raw[key];
        else if (key === 'ipBlock') ipBlock = raw[key];
        else this.#clean = false;
      }
    }
    const hasPods = podSelector !== null && podSelector !== undefined;
    const hasNamespaces = namespaceSelector !== null && namespaceSelector !== undefined;
    if (ipBlock !== null && ipBlock !== undefined) {
      const peer = this.#ipBlock(ipBlock);
      if (!hasPods && !hasNamespaces) return peer;
      this.#clean = false;
      return noPeer;
    }
    const pods = hasPods ? readLabelSelector(podSelector, this.#unclean) : selectsEverything;
    const namespaces = hasNamespaces ? readLabelSelector(namespaceSelector, this.#unclean) : 'own';
    if (pods === undefined || namespaces === undefined) return noPeer;
    if (!hasPods && !hasNamespaces) {
      // The null selector is an absent one (corner 13), and an empty peer is no peer (corner 10).
      this.#clean = false;
      return noPeer;
    }
    return { kind: 'pods', namespaces, pods: hasPods ? pods : undefined };
  }

  #ipBlock(raw: unknown): Peer {
    if (!isRecord(raw)) {
      this.#clean = false;
      return noPeer;
    }
    let cidr: Cidr | undefined;
    let address: Address | undefined;
    let list: unknown;
    for (const key of Object.keys(raw)) {
      const value = raw[key];
      if (key === 'cidr') {
        cidr = this.#cidr(value);
        if (typeof value === 'string') address = readCidr(value)?.address;
      } else if (key === 'except') list = value;
      else this.#clean = false;
    }
    const excepts = this.#list(list);
    if (cidr === undefined || excepts === undefined) {
      this.#clean = false;
      return noPeer;
    }
    const except: Cidr[] = [];
    for (const value of excepts) {
      const inner = this.#cidr(value);
      // An exception that cannot be read may have been for anything in the block.
      if (inner === undefined) return noPeer;
      // The API compares prefixes as they are written, which differ from these in mapped forms only (part 9), and a
      // mapped form is never clean.
      if (!contains(cidr, inner) || cidr.prefix >= inner.prefix) this.#clean = false;
      except.push(inner);
    }
    return { kind: 'ipBlock', cidr, except, ...(address === undefined ? {} : { address }) };
  }

  #cidr(raw: unknown): Cidr | undefined {
    const parsed = typeof raw === 'string' ? readCidr(raw) : undefined;
    if (parsed === undefined) {
      this.#clean = false;
      return undefined;
    }
    // "not-canonical" alone is fine with every server.
    if (parsed.irregularities.some((irregularity) => irregularity !== 'not-canonical')) this.#clean = false;
    return parsed.cidr;
  }

  #ports(raw: unknown): Ports {
    const list = this.#list(raw);
    if (list === undefined) return { kind: 'oneOf', ports: [this.#noPort(raw)] };
    const ports = list.map((entry) => this.#port(entry));
    return isNonEmpty(ports) ? { kind: 'oneOf', ports } : allPorts;
  }

  #port(raw: unknown): PortEntry {
    if (raw === null || raw === undefined) return everyTcpPort;
    if (!isRecord(raw)) return this.#noPort(raw);
    let protocol: Protocol = 'TCP';
    let port: unknown;
    let endPort: unknown;
    let readable = true;
    for (const key of Object.keys(raw)) {
      const value = raw[key];
      if (key === 'port') port = value ?? undefined;
      else if (key === 'endPort') endPort = value ?? undefined;
      else if (key !== 'protocol') this.#clean = false;
      else if (value === 'TCP' || value === 'UDP' || value === 'SCTP') protocol = value;
      else if (value !== null && value !== undefined) readable = false;
    }
    if (!readable) return this.#noPort(raw);
    if (port === undefined) {
      return endPort === undefined ? { kind: 'everyPort', protocol } : this.#noPort(raw);
    }
    if (typeof port === 'string') {
      return endPort === undefined && isPortName(port)
        ? { kind: 'named', protocol, name: port }
        : this.#noPort(raw);
    }
    const to = endPort ?? port;
    if (!isPort(port) || !isPort(to) || to < port) return this.#noPort(raw);
    return { kind: 'range', protocol, from: port, to };
  }

  /** An entry that no pod can match: no port has a name like this one, which shows what was written. */
  #noPort(raw: unknown): PortEntry {
    this.#clean = false;
    return { kind: 'named', protocol: 'TCP', name: `(unreadable) ${shortJson(raw)}` };
  }

  /** Absent and null are the empty list; `undefined` when it is no list at all. */
  #list(raw: unknown): readonly unknown[] | undefined {
    if (raw === undefined || raw === null) return noItems;
    if (Array.isArray(raw)) {
      const items: readonly unknown[] = raw;
      return items;
    }
    this.#clean = false;
    return undefined;
  }
}

const noItems: readonly unknown[] = [];

function isNonEmpty<T>(items: readonly T[]): items is NonEmpty<T> {
  return items.length > 0;
}

const everyTcpPort: PortEntry = { kind: 'everyPort', protocol: 'TCP' };

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && isPortNumber(value);
}

function shortJson(raw: unknown): string {
  if (isRecord(raw)) {
    const parts = ['protocol', 'port', 'endPort'].flatMap((key) =>
      Object.hasOwn(raw, key) ? [`${key}: ${scalarText(raw[key])}`] : [],
    );
    return parts.join(', ');
  }
  return scalarText(raw);
}

function scalarText(raw: unknown): string {
  if (typeof raw === 'string') return raw.slice(0, 60);
  if (typeof raw === 'number' || typeof raw === 'boolean' || typeof raw === 'bigint') return String(raw);
  return Array.isArray(raw) ? 'a list' : 'a mapping';
}
