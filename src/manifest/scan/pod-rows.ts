import { podFlag } from '../../model/index.ts';
import { parseAddress } from '../../net/index.ts';
import { lenientAddresses, noOwner, noPorts } from '../objects/index.ts';
import type { PlainPod, PodIntake, PodParts } from '../objects/index.ts';
import { parseJson } from '../text/index.ts';
import { isDnsLabel } from '../validate/index.ts';
import { LabelBytes } from './label-bytes.ts';
import { OwnerBytes } from './owner-bytes.ts';
import { isPlainText } from './bytes.ts';
import { event, noted, record } from './core.ts';
import type { ScannerCore } from './core.ts';
import { podField } from './pod-fields.ts';

/** What a value turned out to be that has to be read as others are: there may be something to say of it. */
const odd = -2;

/** More interned lists of containers than these have no number of their own. */
const mostLists = 0x100_0000;

/** Numbers of what interned values mean, kept where they are good: no byte of them has to be looked at twice. */
class Known {
  /** By number of the interned bytes: the meaning plus `shift`; 0 where it is not known. */
  #meanings = new Int32Array(1024);

  get(number: number): number {
    return number < 0 || number >= this.#meanings.length ? unknown : this.#meanings[number]! - shift;
  }

  set(number: number, meaning: number): number {
    if (number < 0 || meaning === odd) return meaning;
    if (number >= this.#meanings.length) {
      const larger = new Int32Array(Math.max(number + 1, this.#meanings.length * 2));
      larger.set(this.#meanings);
      this.#meanings = larger;
    }
    this.#meanings[number] = meaning + shift;
    return meaning;
  }
}

const shift = 3;
const unknown = -shift;

/**
 * Reads records of pods into rows without making an object of any: their bytes are looked at as they are.
 *
 * Only pods of which there is nothing to say, written as servers write them, are read so; the others are read like any
 * object. The hot path of large dumps.
 */
export class PodRows {
  readonly parts: PodParts;
  readonly #core: ScannerCore;
  readonly #labelBytes: LabelBytes;
  readonly #ownerBytes: OwnerBytes;
  readonly #namespaces = new Known();
  readonly #nodes = new Known();
  readonly #labels = new Known();
  readonly #owners = new Known();
  readonly #phases = new Known();
  readonly #values = new Known();
  /** By the interned list of containers, and by both lists where there are init containers, too: their ports. */
  readonly #ports = new Known();
  readonly #portsOfBoth = new Map<number, number>();
  readonly #noPorts: number;
  /** The lists of the pod that comes next as an object, whose ports are to be learnt. */
  #containers = -1;
  #initContainers = -1;
  #takenBefore = 0;
  #learnsFrom: PodIntake | undefined;
  readonly #row: { -readonly [field in keyof PlainPod]: PlainPod[field] };
  readonly #decoder = new TextDecoder();

  constructor(core: ScannerCore, parts: PodParts) {
    this.#core = core;
    this.parts = parts;
    this.#labelBytes = new LabelBytes(parts.vocabulary.labels, parts.unlabelled);
    this.#ownerBytes = new OwnerBytes(parts);
    this.#noPorts = parts.vocabulary.ports.of(noPorts);
    this.#row = {
      namespace: 0,
      labels: 0,
      undecided: parts.decided,
      ports: 0,
      node: -1,
      flags: 0,
      ipv4: 0,
      ipv6: 0n,
      replicas: 1,
      owner: noOwner,
      name: core.text,
      nameStart: 0,
      nameEnd: 0,
    };
  }

  /**
   * The pod of the record at `at`, until the next is read; `undefined` when it has to be read as an object.
   *
   * @param pods - what is to take it
   */
  read(at: number, pods: PodIntake): PlainPod | undefined {
    this.#learn();
    const { records, text } = this.#core;
    const first = at + record.size;
    const last = first + records[at + record.events]! * event.size;
    let nameAt = -1;
    let nameEnd = -1;
    let namespaceAt = -1;
    let labelsAt = -1;
    let ownersAt = -1;
    let nodeAt = -1;
    let isHost = false;
    let containers = -1;
    let initContainers = -1;
    let isFinished = false;
    let addressAt = -1;
    let addressesAt = -1;
    let hasHostAddress = false;
    for (let next = first; next < last; next += event.size) {
      const field = records[next + event.field]!;
      const number = records[next + event.value]!;
      switch (field) {
        case podField.metadata:
        case podField.spec:
        case podField.status:
          if (number !== noted.object) return undefined;
          break;
        case event.close:
        case event.element:
          break;
        case podField.name:
          if (number !== noted.text) return undefined;
          nameAt = records[next + event.start]!;
          nameEnd = nameAt + records[next + event.length]!;
          break;
        case podField.namespace:
          namespaceAt = next;
          break;
        case podField.generateName:
          if (number !== noted.text) return undefined;
          break;
        case podField.uid:
          if (number !== noted.present) return undefined;
          break;
        case podField.labels:
          labelsAt = next;
          break;
        case podField.ownerReferences:
          ownersAt = next;
          break;
        case podField.nodeName:
          nodeAt = next;
          break;
        case podField.hostNetwork: {
          const flag = this.#flag(next);
          if (flag === odd) return undefined;
          isHost = flag === 1;
          break;
        }
        case podField.containers:
        case podField.initContainers: {
          // What stands in a list that no pod had before is read with the object.
          const list = number === noted.list ? records[next + event.start]! : number;
          if (list < 0 || list >= mostLists) return undefined;
          if (field === podField.containers) containers = list;
          else initContainers = list;
          if (number === noted.list) next = this.#behind(next) - event.size;
          break;
        }
        case podField.phase: {
          const phase = this.#phase(next);
          if (phase === odd) return undefined;
          isFinished = phase === 1;
          break;
        }
        case podField.podIP:
          if (number !== noted.text) return undefined;
          addressAt = next;
          break;
        case podField.podIPs:
          if (number !== noted.list) return undefined;
          addressesAt = next;
          next = this.#behind(next) - event.size;
          break;
        case podField.hostIP:
        case podField.hostIPs:
          hasHostAddress = true;
          if (!this.#isGood(next)) return undefined;
          break;
        default:
          return undefined;
      }
    }
    if (!this.#setPorts(containers, initContainers, pods)) return undefined;
    const row = this.#row;
    if (namespaceAt < 0 || !isSubdomain(text, nameAt, nameEnd)) return undefined;
    row.name = text;
    row.nameStart = nameAt;
    row.nameEnd = nameEnd;
    row.namespace = this.#namespace(namespaceAt);
    row.labels = labelsAt < 0 ? this.parts.unlabelled : this.#labelsOf(labelsAt);
    row.node = nodeAt < 0 ? -1 : this.#node(nodeAt);
    if (row.namespace === odd || row.labels === odd || row.node === odd) return undefined;
    row.owner = ownersAt < 0 ? noOwner : this.#owner(ownersAt, row.namespace, pods);
    if (row.owner === odd) return undefined;
    row.flags = (isHost ? podFlag.hostNetwork : 0) | (isFinished ? podFlag.finished : 0);
    if (!this.#readAddresses(addressesAt, addressAt)) return undefined;
    // A host-network pod may have its node's addresses (corner 44).
    const hasAddress = (row.flags & (podFlag.ipv4 | podFlag.ipv6)) !== 0;
    return isHost && !hasAddress && hasHostAddress ? undefined : row;
  }

  /** What the pod that was read as an object says of lists of containers that were not known. */
  #learn(): void {
    const pods = this.#learnsFrom;
    if (pods === undefined) return;
    this.#learnsFrom = undefined;
    if (pods.taken === this.#takenBefore + 1 && pods.lastPorts >= 0) {
      if (this.#initContainers < 0) this.#ports.set(this.#containers, pods.lastPorts);
      else this.#portsOfBoth.set(keyOfBoth(this.#containers, this.#initContainers), pods.lastPorts);
    }
  }

  #setPorts(containers: number, initContainers: number, pods: PodIntake): boolean {
    if (containers < 0 && initContainers < 0) {
      this.#row.ports = this.#noPorts;
      return true;
    }
    const ports =
      initContainers < 0
        ? this.#ports.get(containers)
        : (this.#portsOfBoth.get(keyOfBoth(containers, initContainers)) ?? unknown);
    if (ports !== unknown) {
      this.#row.ports = ports;
      return true;
    }
    this.#containers = containers;
    this.#initContainers = initContainers;
    this.#learnsFrom = pods;
    this.#takenBefore = pods.taken;
    return false;
  }

  #flag(at: number): number {
    const { records, window } = this.#core;
    const start = records[at + event.start]!;
    switch (records[at + event.length]) {
      case 4:
        return isWord(window, start, trueWord) ? 1 : odd;
      case 5:
        return isWord(window, start, falseWord) ? 0 : odd;
      default:
        return odd;
    }
  }

  #phase(at: number): number {
    const number = this.#core.records[at + event.value]!;
    const known = this.#phases.get(number);
    if (known !== unknown) return known;
    const text = this.#text(at);
    if (text === undefined) return odd;
    return this.#phases.set(number, text === 'Succeeded' || text === 'Failed' ? 1 : 0);
  }

  #namespace(at: number): number {
    const number = this.#core.records[at + event.value]!;
    const known = this.#namespaces.get(number);
    if (known !== unknown) return known;
    const text = this.#text(at);
    if (text === undefined || !isDnsLabel(text)) return odd;
    return this.#namespaces.set(number, this.parts.vocabulary.namespaces.of(text));
  }

  #node(at: number): number {
    const number = this.#core.records[at + event.value]!;
    const known = this.#nodes.get(number);
    if (known !== unknown) return known;
    const text = this.#text(at);
    if (text === undefined || text === '') return odd;
    return this.#nodes.set(number, this.parts.vocabulary.nodes.of(text));
  }

  #labelsOf(at: number): number {
    const { records, window } = this.#core;
    const number = records[at + event.value]!;
    const known = this.#labels.get(number);
    if (known !== unknown) return known;
    if (number < noted.json) return odd;
    const start = records[at + event.start]!;
    const set = this.#labelBytes.read(window, start, start + records[at + event.length]!);
    return this.#labels.set(number, set < 0 ? odd : set);
  }

  #owner(at: number, namespace: number, pods: PodIntake): number {
    const { records, window } = this.#core;
    const number = records[at + event.value]!;
    const known = this.#owners.get(number);
    const { owners } = this.parts;
    if (known === noOwner || (known >= 0 && owners.namespaceOf(known) === namespace)) return known;
    if (number < noted.json) return odd;
    const start = records[at + event.start]!;
    const bytes = this.#ownerBytes;
    if (!bytes.read(window, start, start + records[at + event.length]!, namespace, pods.foreignOwners))
      return odd;
    // Kinds of others are told to each list of pods.
    return bytes.isForeign ? bytes.owner : this.#owners.set(number, bytes.owner);
  }

  /** Whether a value that matters only if others are missing is JSON. */
  #isGood(at: number): boolean {
    const { records, window } = this.#core;
    const number = records[at + event.value]!;
    if (number < noted.json) return false;
    if (this.#values.get(number) !== unknown) return true;
    const start = records[at + event.start]!;
    const end = start + records[at + event.length]!;
    if (!isPlainText(window, start, end)) {
      try {
        parseJson(this.#decoder.decode(window.subarray(start, end)));
      } catch {
        return false;
      }
    }
    this.#values.set(number, 0);
    return true;
  }

  /** The text of a value; `undefined` when it is none, or not as plain as most. */
  #text(at: number): string | undefined {
    const { records, window } = this.#core;
    if (records[at + event.value]! < noted.json) return undefined;
    const start = records[at + event.start]!;
    const end = start + records[at + event.length]!;
    return isPlainText(window, start, end)
      ? this.#decoder.decode(window.subarray(start + 1, end - 1))
      : undefined;
  }

  /** The addresses: the first of each family, of `podIPs` or else of `podIP` (corner 39); `false` when one is odd. */
  #readAddresses(list: number, single: number): boolean {
    const { records } = this.#core;
    if (list >= 0) {
      const end = this.#behind(list);
      let hasItems = false;
      for (let next = list + event.size; next < end; next += event.size) {
        const field = records[next + event.field]!;
        if (field === event.element) {
          if (records[next + event.value] !== noted.object) return false;
          hasItems = true;
        } else if (field === podField.ip) {
          if (records[next + event.value] !== noted.text) return false;
          if (!this.#addAddress(next)) return false;
        } else if (field !== event.close) return false;
      }
      if (hasItems) return true;
    }
    return single < 0 || this.#addAddress(single);
  }

  /** Adds an address of which the family has none yet. */
  #addAddress(at: number): boolean {
    const { records, text } = this.#core;
    const row = this.#row;
    const start = records[at + event.start]!;
    const end = start + records[at + event.length]!;
    if (start === end) return true;
    // Behind one of each family, nothing is looked at.
    if ((row.flags & podFlag.ipv4) !== 0 && (row.flags & podFlag.ipv6) !== 0) return true;
    const v4 = ipv4(text, start, end);
    if (v4 >= 0) {
      this.#setIPv4(v4);
      return true;
    }
    const address = parseAddress(this.#decoder.decode(text.subarray(start, end)), lenientAddresses);
    if (address === undefined) return false;
    if (address.family === 'IPv4') this.#setIPv4(Number(address.value));
    else if ((row.flags & podFlag.ipv6) === 0) {
      row.flags |= podFlag.ipv6 | ((row.flags & podFlag.ipv4) === 0 ? podFlag.ipv6First : 0);
      row.ipv6 = address.value;
    }
    return true;
  }

  #setIPv4(value: number): void {
    const row = this.#row;
    if ((row.flags & podFlag.ipv4) !== 0) return;
    row.flags |= podFlag.ipv4;
    row.ipv4 = value;
  }

  /** Where the events behind an object or list begin that itself begins at `at`. */
  #behind(at: number): number {
    const { records } = this.#core;
    let depth = 0;
    let next = at;
    do {
      const number = records[next + event.value]!;
      if (records[next + event.field] === event.close) depth--;
      else if (number === noted.object || number === noted.list) depth++;
      next += event.size;
    } while (depth > 0);
    return next;
  }
}

function keyOfBoth(containers: number, initContainers: number): number {
  return (containers + 1) * (mostLists + 1) + initContainers;
}

const trueWord = [0x74, 0x72, 0x75, 0x65];
const falseWord = [0x66, 0x61, 0x6c, 0x73, 0x65];

function isWord(bytes: Uint8Array, start: number, word: readonly number[]): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word[i]) return false;
  return true;
}

/** The number of a dotted address, or -1, as `parseIPv4` of lenient servers. */
function ipv4(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === 0x2e) {
      if (digits === 0 || dots === 3) return -1;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots++;
    } else if (byte >= 0x30 && byte <= 0x39) {
      octet = octet * 10 + (byte - 0x30);
      digits++;
      if (octet > 255) return -1;
    } else return -1;
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : -1;
}

const dash = 0x2d;
const dot = 0x2e;
const longestName = 253;

/** Whether ASCII is a good name of a pod, as `isDnsSubdomain`. */
function isSubdomain(bytes: Uint8Array, start: number, end: number): boolean {
  if (start < 0 || end - start > longestName) return false;
  let before = dot;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    const isAlphanumeric = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39);
    if (!isAlphanumeric) {
      if (byte === dash) {
        if (before === dot) return false;
      } else if (byte !== dot || before === dot || before === dash) return false;
    }
    before = byte;
  }
  return before !== dot && before !== dash;
}
