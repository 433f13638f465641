/** What runs on one node: pods by class. */
interface OnNode {
  readonly hosts: Map<number, number>;
  readonly guests: Map<number, number>;
}

/** Which pods run beside host-network pods of their node: pairs that no policy is asked about (corner 42). */
export class NodePairs {
  readonly #nodes = new Map<string, OnNode>();
  readonly #exempt: (host: number, guest: number, pairs: number) => void;

  /** @param exempt - told how many pairs of two classes there are more, or with a negative number less, each way */
  constructor(exempt: (host: number, guest: number, pairs: number) => void) {
    this.#exempt = exempt;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Adds pods of a class. Without a node they run on one of their own. */
  add(node: string | undefined, c: number, pods: number, host: boolean): void {
    if (node !== undefined) this.#change(node, c, pods, host);
  }

  remove(node: string | undefined, c: number, pods: number, host: boolean): void {
    if (node !== undefined) this.#change(node, c, -pods, host);
  }

  #change(node: string, c: number, by: number, host: boolean): void {
    let on = this.#nodes.get(node);
    if (on === undefined) this.#nodes.set(node, (on = { hosts: new Map(), guests: new Map() }));
    const own = host ? on.hosts : on.guests;
    const weight = (own.get(c) ?? 0) + by;
    if (weight === 0) own.delete(c);
    else own.set(c, weight);
    for (const [other, pods] of host ? on.guests : on.hosts) this.#exempt(c, other, by * pods);
    if (on.hosts.size === 0 && on.guests.size === 0) this.#nodes.delete(node);
  }

  /** The classes on a node that it exempts from the policies of host-network pods, or of the others. */
  besides(node: string, host: boolean): readonly number[] {
    const on = this.#nodes.get(node);
    return on === undefined ? [] : [...(host ? on.guests : on.hosts).keys()];
  }
}
