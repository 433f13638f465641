import { matches } from '../model/index.ts';
import type { LabelSelector, NetworkPolicy, Peer, TierPods } from '../model/index.ts';
import { formatAddress } from '../net/index.ts';
import type { Address, AddressRange, Family, PortRange, Protocol } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { addressType, digitOf } from './layout.ts';
import { comment, Names, selectorMeaning, selectorWords } from './naming.ts';
import type { Owners } from './owners.ts';
import { mergeRanges, rangeKey } from './ranges.ts';
import type { Key, NftSet, SetElement } from './ruleset.ts';
import { keyText } from './syntax.ts';

/** A set that rules may name before it has a name: names need all sets to be known. */
export interface SetHandle {
  readonly name: () => string;
}

interface Pending {
  readonly handle: SetHandle;
  readonly make: () => Omit<NftSet, 'name'>;
}

/** A pods peer of a policy; an ipBlock has no set of its own. */
export type PodsPeer = Extract<Peer, { readonly kind: 'pods' }>;

/**
 * The sets that rules of policy sets ask: one for each selector and family (layout 6), for the pods that mean a port by a
 * name, for address blocks with the same ports, and for ports where a rule has many.
 */
export class SetTable {
  readonly #policy: CompiledPolicy;
  readonly #owners: Owners;
  readonly #names = new Names();
  readonly #pending = new Map<string, Pending>();
  readonly #used = new Set<string>();
  #numbers: ReadonlyMap<string, ReadonlyMap<number, readonly number[]>> | undefined;

  constructor(policy: CompiledPolicy, owners: Owners) {
    this.#policy = policy;
    this.#owners = owners;
  }

  /** The addresses of all pods that a peer selects, everywhere in the cluster. */
  peer(peer: PodsPeer, policy: NetworkPolicy, id: number, family: Family): SetHandle {
    const scope =
      peer.namespaces === 'own' ? ['own', policy.namespace] : ['all', ...selectorMeaning(peer.namespaces)];
    const pods = peer.pods === undefined ? [] : selectorMeaning(peer.pods);
    const meaning = JSON.stringify(['peer', scope, pods]);
    return this.#intern('sel_', meaning, family, () => ({
      ...addressSet(family),
      comment: comment(peerWords(peer, policy)),
      elements: this.#elementsOf(family, this.classesOf(id)),
    }));
  }

  /**
   * The addresses of all pods that a peer of a tier selects; of those of which files cannot tell, when not `certain`.
   *
   * @param classes - what the peer means
   */
  tierPods(
    peer: Extract<TierPods, { readonly kind: 'pods' }>,
    classes: readonly number[],
    certain: boolean,
    family: Family,
  ): SetHandle {
    const pods = peer.pods === undefined ? [] : selectorMeaning(peer.pods);
    const scope = ['all', ...selectorMeaning(peer.namespaces)];
    const meaning = JSON.stringify([certain ? 'peer' : 'perhaps', scope, pods]);
    const words = `${podWords(peer.pods)} in ${namespaceWords(peer.namespaces)}`;
    return this.#intern('sel_', meaning, family, () => ({
      ...addressSet(family),
      comment: comment(certain ? words : `perhaps ${words}`),
      elements: this.#elementsOf(family, classes),
    }));
  }

  /** Every address of the nodes that a selector means, with those of pods that are such a node (corner 63, checklist 3). */
  nodes(selector: LabelSelector, family: Family): SetHandle {
    const meaning = JSON.stringify(['nodes', selectorMeaning(selector)]);
    const words = selectorWords(selector);
    return this.#intern('node_', meaning, family, () => {
      const { cluster, parts } = this.#policy;
      const { classes } = parts;
      const chosen = [...cluster.nodes.values()].filter(({ labels }) => matches(selector, labels));
      const names = new Set(chosen.map(({ name }) => name));
      const hosts = classes.pods.filter(
        ({ node }, i) => node !== undefined && names.has(node) && classes.host[classes.classOf[i]!] === 1,
      );
      const addresses = [...chosen, ...hosts].flatMap((each) => each.addresses);
      return {
        ...addressSet(family),
        comment: comment(words === '' ? 'all nodes' : `nodes ${words}`),
        elements: sortedTexts(addresses, family).map((key) => ({ key })),
      };
    });
  }

  /** The pods on which a name means a number (checklist 10). */
  namedPort(protocol: Protocol, name: string, number: number, family: Family): SetHandle {
    const meaning = JSON.stringify(['port', protocol, name, number]);
    return this.#intern('port_', meaning, family, () => ({
      ...addressSet(family),
      comment: comment(`pods whose port ${name} is ${protocol} ${number}`),
      elements: this.#elementsOf(family, this.numbersOf(protocol, name).get(number) ?? []),
    }));
  }

  /** Address ranges of one family, in whatever form. */
  blocks(ranges: readonly AddressRange[], family: Family): SetHandle {
    const keys = mergeRanges(ranges).map(rangeKey);
    const meaning = JSON.stringify(['blocks', family, keys]);
    return this.#intern('cidr_', meaning, family, () => ({
      ...addressSet(family),
      interval: true,
      // Told from what it holds alone: what a comment says cannot be changed in place.
      comment: comment(rangesWords(keys)),
      elements: keys.map((key) => ({ key })),
    }));
  }

  /** Ports of one protocol, whichever: a set asks for them at one go. */
  ports(ranges: readonly PortRange[]): SetHandle {
    const elements = ranges.map(({ from, to }): SetElement => ({
      key: from === to ? from : { range: [from, to] },
    }));
    const meaning = JSON.stringify(['ports', elements.map(({ key }) => key)]);
    return this.#intern('ports_', meaning, undefined, () => ({
      type: ['inet_service'],
      interval: ranges.some(({ from, to }) => from !== to),
      elements,
    }));
  }

  /** The classes that a pods peer means for certain; what cannot be decided is nobody (corner 23). */
  classesOf(peer: number): readonly number[] {
    const { peers, index } = this.#policy.parts;
    const definition = peers.definition(peer);
    if (definition.kind !== 'pods') return [];
    const { namespace, namespaces, selector } = definition;
    return namespace === undefined
      ? index.inNamespaces(namespaces!, selector).sure
      : index.inNamespace(namespace, selector).sure;
  }

  /** By number that a name stands for with a protocol: the classes on which it does (corner 28). */
  numbersOf(protocol: Protocol, name: string): ReadonlyMap<number, readonly number[]> {
    this.#numbers ??= this.#resolveNames();
    return this.#numbers.get(`${protocol}/${name}`) ?? new Map<number, readonly number[]>();
  }

  #resolveNames(): ReadonlyMap<string, ReadonlyMap<number, readonly number[]>> {
    const { classes } = this.#policy.parts;
    const found = new Map<string, Map<number, number[]>>();
    for (let c = 0; c < classes.size; c++) {
      if (classes.host[c] === 1) continue;
      // Pods of a class mean the same by every name that rules mention.
      for (const { name, protocol, port } of classes.pods[classes.example[c]!]!.ports) {
        if (name === undefined) continue;
        const key = `${protocol}/${name}`;
        let numbers = found.get(key);
        if (numbers === undefined) found.set(key, (numbers = new Map<number, number[]>()));
        const list = numbers.get(port);
        if (list === undefined) numbers.set(port, [c]);
        else if (list.at(-1) !== c) list.push(c);
      }
    }
    return found;
  }

  #elementsOf(family: Family, classes: readonly number[]): readonly SetElement[] {
    const { owned } = this.#owners;
    return Array.from(this.#owners.ranksOf(family, classes), (rank) => ({ key: owned[family][rank]!.text }));
  }

  #intern(
    prefix: string,
    meaning: string,
    family: Family | undefined,
    make: () => Omit<NftSet, 'name'>,
  ): SetHandle {
    // The sets of the two families differ in the last digit of their names alone.
    const key = `${meaning}${family ?? ''}`;
    const known = this.#pending.get(key);
    if (known !== undefined) return known.handle;
    this.#names.add(prefix, meaning);
    const end = family === undefined ? '' : `_${digitOf(family)}`;
    const handle = {
      name: (): string => {
        this.#used.add(key);
        return `${this.#names.of(prefix, meaning)}${end}`;
      },
    };
    this.#pending.set(key, { handle, make });
    return handle;
  }

  /** The sets whose names rules have asked for, by name: those of rules that were given up are not needed. */
  finish(): readonly NftSet[] {
    return [...this.#pending]
      .filter(([key]) => this.#used.has(key))
      .map(([, { handle, make }]): NftSet => ({ name: handle.name(), ...make() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function addressSet(family: Family): Pick<NftSet, 'type' | 'interval'> {
  return { type: [addressType(family)], interval: false };
}

/** This many ranges are told of. */
const mostTold = 3;

function rangesWords(keys: readonly Key[]): string {
  const told = keys.slice(0, mostTold).map(keyText).join(', ');
  return keys.length > mostTold ? `${told} +${keys.length - mostTold}` : told;
}

function peerWords(peer: PodsPeer, policy: NetworkPolicy): string {
  const where = peer.namespaces === 'own' ? policy.namespace : namespaceWords(peer.namespaces);
  return `${podWords(peer.pods)} in ${where}`;
}

function podWords(selector: LabelSelector | undefined): string {
  const words = selector === undefined ? '' : selectorWords(selector);
  return words === '' ? 'all pods' : `pods ${words}`;
}

function namespaceWords(selector: LabelSelector): string {
  const words = selectorWords(selector);
  return words === '' ? 'all namespaces' : `namespaces ${words}`;
}

/** Texts of the addresses of a family, each once, ascending. */
function sortedTexts(addresses: readonly Address[], family: Family): readonly string[] {
  const byValue = new Map(
    addresses.filter((each) => each.family === family).map((each) => [each.value, formatAddress(each)]),
  );
  return [...byValue].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
}
