import { IntLists } from './int-lists.ts';

/** Which pods run beside host-network pods of their node: pairs that no policy is asked about (corner 42). */
export class NodePairs {
  readonly #ids = new Map<string, number>();
  readonly #freed: number[] = [];
  #top = 0;
  /** By node: its host-network pods, and the others. */
  readonly #hosts = new IntLists();
  readonly #guests = new IntLists();
  /** By pod: where it stands in the list of its node. */
  readonly #posOf: number[] = [];
  readonly #look: (pod: number) => { readonly c: number; readonly replicas: number };
  readonly #exempt: (host: number, guest: number, pairs: number) => void;

  /**
   * @param look - tells the class of a pod, and how many it stands for
   * @param exempt - told how many pairs of a host-network class and another there are more, or with a negative number less
   */
  constructor(
    look: (pod: number) => { readonly c: number; readonly replicas: number },
    exempt: (host: number, guest: number, pairs: number) => void,
  ) {
    this.#look = look;
    this.#exempt = exempt;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Adds a pod. Without a node it runs on one of its own. */
  add(pod: number, node: string | undefined, c: number, replicas: number, host: boolean): void {
    if (node === undefined) return;
    let id = this.#ids.get(node);
    if (id === undefined) this.#ids.set(node, (id = this.#freed.pop() ?? this.#top++));
    this.#tell(id, c, replicas, host);
    this.#posOf[pod] = (host ? this.#hosts : this.#guests).push(id, pod);
  }

  remove(pod: number, node: string | undefined, c: number, replicas: number, host: boolean): void {
    const id = node === undefined ? undefined : this.#ids.get(node);
    if (node === undefined || id === undefined) return;
    const list = host ? this.#hosts : this.#guests;
    const moved = list.swapRemove(id, this.#posOf[pod]!);
    if (moved >= 0) this.#posOf[moved] = this.#posOf[pod]!;
    this.#tell(id, c, -replicas, host);
    if (this.#hosts.size(id) > 0 || this.#guests.size(id) > 0) return;
    this.#ids.delete(node);
    this.#freed.push(id);
  }

  #tell(id: number, c: number, replicas: number, host: boolean): void {
    const others = host ? this.#guests : this.#hosts;
    for (let i = 0; i < others.size(id); i++) {
      const other = this.#look(others.at(id, i));
      const pairs = replicas * other.replicas;
      if (host) this.#exempt(c, other.c, pairs);
      else this.#exempt(other.c, c, pairs);
    }
  }

  /** The pods on a node that it exempts from the policies of host-network pods, or of the others. */
  besides(node: string, host: boolean): readonly number[] {
    const id = this.#ids.get(node);
    return id === undefined ? [] : [...(host ? this.#guests : this.#hosts).copy(id)];
  }
}
