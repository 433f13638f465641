import type { Pod } from '../model/index.ts';
import { families, formatAddress } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';

/** An address of a pod, with the pod that has it. */
export interface Owned {
  readonly address: Address;
  readonly text: string;
  readonly pod: Pod;
}

/** An address that several pods claim, or a pod and a node. The ruleset knows it as the owner's alone. */
export interface ContestedAddress {
  readonly address: string;
  /** `node`: a node has it, or a pod that is its node; no selector means it then (checklist 3). */
  readonly owner: Pod | 'node';
  readonly others: readonly Pod[];
}

/**
 * Which pod has which address. A packet has nothing but its address, so each has one owner (checklist 21): where several
 * pods claim one, that with the smallest id; who watches a cluster leaves the others out before.
 */
export class Owners {
  /** By family, ascending by address: the position is the address's *rank*. */
  readonly owned: { readonly [family in Family]: readonly Owned[] };
  readonly contested: readonly ContestedAddress[];
  /** By class: the ranks of its pods' addresses. */
  readonly #ofClass: { readonly [family in Family]: Map<number, number[]> } = {
    IPv4: new Map<number, number[]>(),
    IPv6: new Map<number, number[]>(),
  };
  readonly #ofPod = new Map<Pod, Owned[]>();

  constructor(policy: CompiledPolicy) {
    const { cluster } = policy;
    const { classes } = policy.parts;
    const nodes = new Set<string>();
    for (const node of cluster.nodes.values()) for (const each of node.addresses) nodes.add(textOf(each));
    for (const [i, pod] of classes.pods.entries()) {
      if (classes.host[classes.classOf[i]!] === 1) for (const each of pod.addresses) nodes.add(textOf(each));
    }
    const owners = new Map<string, { owned: Owned; at: number; claims: Pod[] }>();
    const onNodes = new Map<string, Pod[]>();
    for (const [i, pod] of classes.pods.entries()) {
      if (classes.host[classes.classOf[i]!] === 1) continue;
      for (const address of pod.addresses) {
        const text = textOf(address);
        if (nodes.has(text)) {
          onNodes.set(text, [...(onNodes.get(text) ?? []), pod]);
          continue;
        }
        const known = owners.get(text);
        const owned = { address, text, pod };
        if (known === undefined) {
          owners.set(text, { owned, at: i, claims: [] });
          continue;
        }
        known.claims.push(pod, known.owned.pod);
        if (pod.id >= known.owned.pod.id) continue;
        known.owned = owned;
        known.at = i;
      }
    }
    const owned: { [family in Family]: Owned[] } = { IPv4: [], IPv6: [] };
    const all = [...owners.values()].sort((a, b) => byAddress(a.owned.address, b.owned.address));
    for (const { owned: one, at } of all) {
      const { family } = one.address;
      const rank = owned[family].push(one) - 1;
      const c = classes.classOf[at]!;
      const ranks = this.#ofClass[family].get(c);
      if (ranks === undefined) this.#ofClass[family].set(c, [rank]);
      else ranks.push(rank);
      const ofPod = this.#ofPod.get(one.pod);
      if (ofPod === undefined) this.#ofPod.set(one.pod, [one]);
      else ofPod.push(one);
    }
    this.owned = owned;
    this.contested = contestedOf(onNodes, all);
  }

  /** The ranks of the addresses of all pods of some classes, ascending. */
  ranksOf(family: Family, classes: Iterable<number>): Int32Array {
    const ranks: number[] = [];
    for (const c of classes) for (const rank of this.#ofClass[family].get(c) ?? []) ranks.push(rank);
    return Int32Array.from(ranks).sort();
  }

  /** The addresses that a pod has to itself. */
  addressesOf(pod: Pod): readonly Owned[] {
    return this.#ofPod.get(pod) ?? [];
  }
}

function contestedOf(
  onNodes: ReadonlyMap<string, readonly Pod[]>,
  owners: readonly { readonly owned: Owned; readonly claims: readonly Pod[] }[],
): readonly ContestedAddress[] {
  const ofNodes = [...onNodes].map(([address, others]): ContestedAddress => ({
    address,
    owner: 'node',
    others,
  }));
  const ofPods = owners.flatMap(({ owned: { text, pod }, claims }): ContestedAddress[] => {
    const others = [...new Set(claims)].filter((each) => each !== pod);
    return others.length === 0 ? [] : [{ address: text, owner: pod, others }];
  });
  return [...ofNodes, ...ofPods];
}

function textOf(address: Address): string {
  return formatAddress(address);
}

function byAddress(a: Address, b: Address): number {
  if (a.family !== b.family) return families.indexOf(a.family) - families.indexOf(b.family);
  if (a.value === b.value) return 0;
  return a.value < b.value ? -1 : 1;
}
