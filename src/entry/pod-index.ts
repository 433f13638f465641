import { matches } from '../model/index.ts';
import type { Cluster, LabelSelector, Pod } from '../model/index.ts';
import type { Address } from '../net/index.ts';

/** The pods of a cluster by namespace, label, name and address; each index is made when it is first asked. */
export class PodIndex {
  readonly #cluster: Pick<Cluster, 'pods'>;
  #byNamespace: ReadonlyMap<string, readonly Pod[]> | undefined;
  /** By namespace and key, then by value: what selectors ask first, so that many of them are about few pods. */
  readonly #byLabel = new Map<string, ReadonlyMap<string | undefined, readonly Pod[]>>();
  #byName: ReadonlyMap<string, Pod> | undefined;
  #byAddress: ReadonlyMap<string, Pod> | undefined;
  readonly #byKey = new Map<string, ReadonlyMap<string | undefined, readonly Pod[]>>();

  /** @param cluster - which may make its pods when they are first asked for: most questions ask for none */
  constructor(cluster: Pick<Cluster, 'pods'>) {
    this.#cluster = cluster;
  }

  /** The pods of a namespace that a selector, as Services have it, matches. */
  select(namespace: string, selector: LabelSelector): readonly Pod[] {
    this.#byNamespace ??= Map.groupBy(this.#cluster.pods, (pod) => pod.namespace);
    const here = this.#byNamespace.get(namespace) ?? [];
    const [first] = selector.requirements;
    const [value] = first?.values ?? [];
    if (first === undefined || value === undefined) return here;
    const key = `${namespace} ${first.key}`;
    let byValue = this.#byLabel.get(key);
    if (byValue === undefined) {
      byValue = Map.groupBy(here, ({ labels }) => labels.get(first.key));
      this.#byLabel.set(key, byValue);
    }
    return (byValue.get(value) ?? []).filter((pod) => matches(selector, pod.labels));
  }

  /** The pods of all namespaces with a label of this value; of every value, where none is asked. */
  labelled(label: string, value?: string): readonly Pod[] {
    let byValue = this.#byKey.get(label);
    if (byValue === undefined) {
      const having = this.#cluster.pods.filter(({ labels }) => labels.has(label));
      byValue = Map.groupBy(having, ({ labels }) => labels.get(label));
      this.#byKey.set(label, byValue);
    }
    return value === undefined ? [...byValue.values()].flat() : (byValue.get(value) ?? []);
  }

  named(namespace: string, name: string): Pod | undefined {
    this.#byName ??= new Map(this.#cluster.pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
    return this.#byName.get(`${namespace}/${name}`);
  }

  /** The pod that has an address of its own; host-network pods have that of their node. */
  at({ family, value }: Address): Pod | undefined {
    this.#byAddress ??= new Map(
      this.#cluster.pods
        .filter(({ hostNetwork }) => !hostNetwork)
        .flatMap((pod) => pod.addresses.map((each) => [`${each.family} ${each.value}`, pod] as const)),
    );
    return this.#byAddress.get(`${family} ${value}`);
  }
}
