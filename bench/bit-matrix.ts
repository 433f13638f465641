// The baseline of counting: the textbook's matrix with a bit for each ordered pair of pods. Each selector is a vector of
// bits over pods, each policy two of them (whom it selects, whom it admits), and each pod's row is the union of what its
// policies admit. Ports, addresses and the host network are left out, which no such matrix can hold: every port of a rule is
// the whole rule, an ipBlock is nobody. In the same runtime as podwall: 32-bit words in typed arrays, every union over whole
// words, transposition in tiles that stay in the cache.
//
//     node --expose-gc bench/bit-matrix.ts 10k/5k              what it takes
//     node --expose-gc bench/bit-matrix.ts 10k/5k --compare    and where it differs from podwall
import { parseArgs } from 'node:util';
import { readObjects } from '../src/manifest/index.ts';
import { matches } from '../src/model/index.ts';
import type {
  Cluster,
  Direction,
  LabelSelector,
  NetworkPolicy,
  Peer,
  Pod,
  Rule,
} from '../src/model/index.ts';
import { compile, noAccess } from '../src/policy/index.ts';
import type { CompiledPolicy } from '../src/policy/index.ts';
import { count } from '../src/reach/index.ts';
import { peakMegabytes, settled, timed } from './clock.ts';
import type { Cost } from './clock.ts';
import { objectsNamed } from './input.ts';
import type { Equality } from './verify.ts';

/** What one process measured. */
export interface BitMatrix {
  /** From the model to the number of pairs that may talk. */
  readonly cost: Cost;
  /** One matrix. While it is built there are two, one for each direction. */
  readonly matrixMegabytes: number;
  readonly peakMegabytes: number;
  readonly allowed: number;
  /** With `--compare`. */
  readonly compared: (Equality & { readonly wrong: number; readonly pairs: number }) | undefined;
}

// The algorithm -----------------------------------------------------------------------------------------------------

/** Signed, since V8 keeps these as integers where it would make unsigned ones into doubles. */
type Bits = Int32Array;

/** All ordered pairs of pods; row `s` has the bit `d` where `s` may talk to `d`. */
class PairMatrix {
  readonly words: number;
  /** Ordered pairs of distinct pods that may talk. */
  readonly allowed: number;
  readonly #rows: Bits;

  constructor(cluster: Cluster) {
    const pods = cluster.pods.length;
    this.words = Math.ceil(pods / 32);
    const side = this.words * 32;
    const vectors = new Vectors(cluster, this.words);
    const egress = new Int32Array(side * this.words);
    const ingress = new Int32Array(side * this.words);
    const isolated = { egress: new Uint8Array(pods), ingress: new Uint8Array(pods) };
    const admitted: Bits = new Int32Array(this.words);
    for (const policy of cluster.policies) {
      const selected = positions(vectors.selected(policy));
      for (const direction of ['egress', 'ingress'] as const) {
        const spec = policy[direction];
        if (spec.kind === 'unaffected') continue;
        for (const pod of selected) isolated[direction][pod] = 1;
        if (spec.rules.length === 0) continue;
        admitted.fill(0);
        for (const { peers } of spec.rules) {
          if (peers.kind === 'any') admitted.fill(-1);
          else for (const peer of peers.peers) unite(admitted, 0, vectors.admitted(peer, policy.namespace));
        }
        const rows = direction === 'egress' ? egress : ingress;
        for (const pod of selected) unite(rows, pod * this.words, admitted);
      }
    }
    for (let pod = 0; pod < pods; pod++) {
      const [start, end] = [pod * this.words, (pod + 1) * this.words];
      if (isolated.egress[pod] === 0) egress.fill(-1, start, end);
      if (isolated.ingress[pod] === 0) ingress.fill(-1, start, end);
    }
    intersectTransposed(egress, ingress, this.words);
    this.#rows = egress;
    const tail = pods % 32 === 0 ? -1 : (1 << (pods % 32)) - 1; // the last word has bits of no pod
    for (let pod = 0; pod < pods; pod++) {
      const start = pod * this.words;
      egress[start + this.words - 1]! &= tail;
      egress[start + (pod >>> 5)]! &= ~(1 << (pod & 31)); // a pod and itself are no pair
    }
    this.allowed = population(egress);
  }

  get bytes(): number {
    return this.#rows.byteLength;
  }

  row(pod: number): Bits {
    return this.#rows.subarray(pod * this.words, (pod + 1) * this.words);
  }
}

/** Selectors as vectors over pods, each made once. */
class Vectors {
  readonly #words: number;
  readonly #all: Bits;
  readonly #namespaces: Cluster['namespaces'];
  readonly #ofNamespace = new Map<string, Bits>();
  readonly #ofNamespaces = new Map<string, Bits>();
  readonly #ofSelector = new Map<string, Bits>();
  /** By key that some selector asks for, and by value: the pods with it. */
  readonly #labelled = new Map<string, Map<string, number[]>>();
  readonly #selected: Bits;
  readonly #admitted: Bits;

  constructor({ pods, namespaces, policies }: Cluster, words: number) {
    this.#words = words;
    this.#namespaces = namespaces;
    this.#all = this.#vector().fill(-1);
    this.#selected = this.#vector();
    this.#admitted = this.#vector();
    for (const selector of podSelectors(policies)) {
      for (const { key } of selector.requirements) this.#labelled.set(key, new Map());
    }
    for (const [i, { namespace, labels }] of pods.entries()) {
      set(this.#inNamespace(namespace), i);
      for (const [key, value] of labels) {
        const byValue = this.#labelled.get(key);
        if (byValue === undefined) continue;
        const some = byValue.get(value);
        if (some === undefined) byValue.set(value, [i]);
        else some.push(i);
      }
    }
  }

  #vector(): Bits {
    return new Int32Array(this.#words);
  }

  #inNamespace(namespace: string): Bits {
    let vector = this.#ofNamespace.get(namespace);
    if (vector === undefined) this.#ofNamespace.set(namespace, (vector = this.#vector()));
    return vector;
  }

  /** Whom a policy selects; overwritten by the next call. */
  selected({ namespace, podSelector }: NetworkPolicy): Bits {
    return intersection(this.#selected, this.#inNamespace(namespace), this.#selector(podSelector));
  }

  /** Whom a peer in a policy of this namespace means; overwritten by the next call. */
  admitted(peer: Peer, namespace: string): Bits {
    if (peer.kind === 'ipBlock') return this.#admitted.fill(0);
    const scope =
      peer.namespaces === 'own' ? this.#inNamespace(namespace) : this.#inNamespaces(peer.namespaces);
    const selected = peer.pods === undefined ? this.#all : this.#selector(peer.pods);
    return intersection(this.#admitted, scope, selected);
  }

  #inNamespaces(selector: LabelSelector): Bits {
    const key = keyOf(selector);
    let vector = this.#ofNamespaces.get(key);
    if (vector === undefined) {
      this.#ofNamespaces.set(key, (vector = this.#vector()));
      for (const { name, labels } of this.#namespaces.values()) {
        if (matches(selector, labels)) unite(vector, 0, this.#inNamespace(name));
      }
    }
    return vector;
  }

  #selector(selector: LabelSelector): Bits {
    const name = keyOf(selector);
    let vector = this.#ofSelector.get(name);
    if (vector !== undefined) return vector;
    vector = this.#vector().fill(-1);
    for (const { key, operator, values } of selector.requirements) {
      const byValue = this.#labelled.get(key);
      const lists =
        operator === 'Exists' || operator === 'DoesNotExist'
          ? [...(byValue?.values() ?? [])]
          : values.map((value) => byValue?.get(value) ?? []);
      const one = this.#vector();
      for (const list of lists) for (const i of list) set(one, i);
      const negated = operator === 'NotIn' || operator === 'DoesNotExist';
      for (let i = 0; i < one.length; i++) vector[i]! &= negated ? ~one[i]! : one[i]!;
    }
    this.#ofSelector.set(name, vector);
    return vector;
  }
}

function* podSelectors(policies: readonly NetworkPolicy[]): Generator<LabelSelector> {
  for (const { podSelector, ingress, egress } of policies) {
    yield podSelector;
    for (const spec of [ingress, egress]) {
      if (spec.kind === 'unaffected') continue;
      for (const { peers } of spec.rules) {
        if (peers.kind === 'any') continue;
        for (const peer of peers.peers) if (peer.kind === 'pods' && peer.pods !== undefined) yield peer.pods;
      }
    }
  }
}

const keyOf = ({ requirements }: LabelSelector): string =>
  requirements.map(({ key, operator, values }) => `${key} ${operator} ${values.join()}`).join(';');

function set(bits: Bits, i: number): void {
  bits[i >>> 5]! |= 1 << (i & 31);
}

function has(bits: Bits, i: number): boolean {
  return ((bits[i >>> 5]! >>> (i & 31)) & 1) === 1;
}

/** Adds a vector to the words of `into` that begin at `start`. */
function unite(into: Bits, start: number, bits: Bits): void {
  for (let i = 0; i < bits.length; i++) into[start + i]! |= bits[i]!;
}

function intersection(into: Bits, a: Bits, b: Bits): Bits {
  for (let i = 0; i < into.length; i++) into[i] = a[i]! & b[i]!;
  return into;
}

function positions(bits: Bits): readonly number[] {
  const list: number[] = [];
  for (let i = 0; i < bits.length; i++) {
    for (let word = bits[i]!; word !== 0; word &= word - 1) {
      list.push(i * 32 + (31 - Math.clz32(word & -word)));
    }
  }
  return list;
}

/** How many bits of a word are 1: Warren, Hacker's Delight, 5–1. */
function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x5555_5555);
  x = (x & 0x3333_3333) + ((x >>> 2) & 0x3333_3333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

function population(bits: Bits): number {
  let total = 0;
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i]!;
    if (word !== 0) total += ones(word);
  }
  return total;
}

/** Blocks of 32 × 32 bits on a side of a tile: their words in both matrices fit into the cache together. */
const tile = 16;

/** `into` ∩= the transposed `other`; both are square, with `words` words in each row. */
function intersectTransposed(into: Bits, other: Bits, words: number): void {
  const block = new Int32Array(32);
  for (let top = 0; top < words; top += tile) {
    for (let left = 0; left < words; left += tile) {
      for (let i = top; i < Math.min(top + tile, words); i++) {
        for (let j = left; j < Math.min(left + tile, words); j++) {
          let some = 0;
          for (let k = 0, at = j * 32 * words + i; k < 32; k++, at += words) some |= block[k] = other[at]!;
          if (some !== 0) transpose(block);
          for (let k = 0, at = i * 32 * words + j; k < 32; k++, at += words) into[at]! &= block[k]!;
        }
      }
    }
  }
}

/** 32 words of 32 bits, bit 0 being the first: Warren, Hacker's Delight, 7–3, turned around. */
function transpose(block: Bits): void {
  let mask = 0x0000_ffff;
  for (let width = 16; width !== 0; width >>= 1, mask ^= mask << width) {
    for (let k = 0; k < 32; k = ((k | width) + 1) & ~width) {
      const swap = ((block[k]! >>> width) ^ block[k | width]!) & mask;
      block[k]! ^= swap << width;
      block[k | width]! ^= swap;
    }
  }
}

// The comparison ----------------------------------------------------------------------------------------------------

/**
 * Every pair in both answers: of the cluster without what the matrix cannot hold, where all must be equal; and of the
 * cluster itself, where all must be equal that no port, address or node takes part in, and the rest is counted.
 */
function compare(cluster: Cluster, matrix: PairMatrix): NonNullable<BitMatrix['compared']> {
  const pods = cluster.pods.length;
  const pairs = pods * (pods - 1);
  const simple = compile(withoutPortsAndAddresses(cluster));
  const onSimple = differences(simple, matrix, new Uint8Array(pods), new Int32Array(matrix.words));
  const { allowed } = count(simple);

  const policy = compile(cluster);
  const exact = exactFor(cluster, policy);
  const destinations = new Int32Array(matrix.words);
  for (let d = 0; d < pods; d++) if (exact.ingress[d] === 1) set(destinations, d);
  const onAll = differences(policy, matrix, exact.egress, destinations);
  const percent = ((onAll.all / pairs) * 100).toPrecision(2);
  return {
    equal: onSimple.all === 0 && allowed === matrix.allowed && onAll.exact === 0 && onAll.asked > 0,
    text:
      `${pairs - onSimple.all} of ${pairs} pairs without ports and addresses, ` +
      `${onAll.asked - onAll.exact} of ${onAll.asked} where it is exact; it gets ${onAll.all} pairs wrong (${percent} %)`,
    wrong: onAll.all,
    pairs,
  };
}

/** The cluster as far as the matrix knows it. */
function withoutPortsAndAddresses(cluster: Cluster): Cluster {
  const pods = new Map(cluster.pods.map((pod) => [pod, { ...pod, hostNetwork: false }]));
  const strip = (spec: NetworkPolicy['ingress']): NetworkPolicy['ingress'] =>
    spec.kind === 'unaffected'
      ? spec
      : {
          kind: 'isolates',
          rules: spec.rules.flatMap(({ peers }): readonly Rule[] => {
            if (peers.kind === 'any') return [{ peers, ports: { kind: 'all' } }];
            const [first, ...rest] = peers.peers.filter(({ kind }) => kind === 'pods');
            if (first === undefined) return [];
            return [{ peers: { kind: 'oneOf', peers: [first, ...rest] }, ports: { kind: 'all' } }];
          }),
        };
  return {
    ...cluster,
    pods: [...pods.values()],
    policies: cluster.policies.map((policy) => ({
      ...policy,
      ingress: strip(policy.ingress),
      egress: strip(policy.egress),
    })),
  };
}

/** By pod and direction: 1 where no rule of its policies speaks of ports or addresses, and it is no host-network pod. */
function exactFor(
  cluster: Cluster,
  policy: CompiledPolicy,
): { readonly [direction in Direction]: Uint8Array } {
  const simple = (each: NetworkPolicy, direction: Direction): boolean => {
    const spec = each[direction];
    return (
      spec.kind === 'unaffected' ||
      spec.rules.every(
        ({ peers, ports }) =>
          ports.kind === 'all' && (peers.kind === 'any' || peers.peers.every(({ kind }) => kind === 'pods')),
      )
    );
  };
  const of = (direction: Direction): Uint8Array =>
    Uint8Array.from(cluster.pods, (pod) =>
      !pod.hostNetwork &&
      policy.selecting({ kind: 'pod', pod }).every(({ policy: each }) => simple(each, direction))
        ? 1
        : 0,
    );
  return { egress: of('egress'), ingress: of('ingress') };
}

/** How many pairs differ in all; and how many of those from `sources` to `destinations`, which are `asked`. */
function differences(
  policy: CompiledPolicy,
  matrix: PairMatrix,
  sources: Uint8Array,
  destinations: Bits,
): { readonly all: number; readonly exact: number; readonly asked: number } {
  const { classes } = policy.parts;
  const { pods, classOf } = classes;
  const exempt = exemptOf(policy, pods);
  const members = Map.groupBy(pods.keys(), (i) => classOf[i]!);
  const byClass = new Int32Array(classes.size);
  const ofClass: Bits = new Int32Array(matrix.words);
  const ours: Bits = new Int32Array(matrix.words);
  const found = { all: 0, exact: 0, asked: 0 };
  const exactDestinations = population(destinations);
  for (const [c, some] of members) {
    policy.matrix.row(c, byClass);
    ofClass.fill(0);
    for (let d = 0; d < pods.length; d++) {
      if (byClass[classOf[d]!] !== noAccess) ofClass[d >>> 5]! |= 1 << (d & 31);
    }
    for (const s of some) {
      ours.set(ofClass);
      for (const d of exempt.get(s) ?? []) set(ours, d);
      ours[s >>> 5]! &= ~(1 << (s & 31));
      const theirs = matrix.row(s);
      const exact = sources[s] === 1;
      if (exact) found.asked += exactDestinations - (has(destinations, s) ? 1 : 0);
      for (let i = 0; i < ours.length; i++) {
        const differing = ours[i]! ^ theirs[i]!;
        if (differing === 0) continue;
        found.all += ones(differing);
        if (exact) found.exact += ones(differing & destinations[i]!);
      }
    }
  }
  return found;
}

/** By pod: those of its node that it always reaches, or that always reach it (corner 42). */
function exemptOf(policy: CompiledPolicy, pods: readonly Pod[]): ReadonlyMap<number, readonly number[]> {
  const exempt = new Map<number, number[]>();
  for (const some of Map.groupBy(pods.keys(), (i) => pods[i]!.node).values()) {
    if (!some.some((i) => pods[i]!.hostNetwork)) continue;
    for (const from of some) {
      exempt.set(
        from,
        some.filter(
          (to) =>
            policy.exemption({ kind: 'pod', pod: pods[from]! }, { kind: 'pod', pod: pods[to]! }) === 'node',
        ),
      );
    }
  }
  return exempt;
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { compare: { type: 'boolean', default: false } },
  });
  const { cluster } = readObjects(objectsNamed(positionals[0] ?? '')());
  globalThis.gc?.();
  await settled();
  const [cost, matrix] = timed(() => new PairMatrix(cluster));
  const measured: BitMatrix = {
    cost,
    matrixMegabytes: matrix.bytes / 1e6,
    peakMegabytes: peakMegabytes(),
    allowed: matrix.allowed,
    compared: values.compare ? compare(cluster, matrix) : undefined,
  };
  console.log(JSON.stringify(measured));
}
