import { listsBy } from '../policy/index.ts';
import type { CompiledPolicy, Lists } from '../policy/index.ts';

/** Who is on the node of a host-network pod: of pairs of these, no NetworkPolicy is asked (corners 42 and 44). */
export class Neighbours {
  readonly #policy: CompiledPolicy;
  /** By number of a node: the pods there, and the host-network pods among them; only where that matters. */
  #byNode: { readonly all: Lists; readonly hosts: Lists } | undefined;
  /** Whether a pod's own node is exempt and some pod is its node (corners 42 and 44). */
  readonly matter: boolean;

  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
    const { nodeToPod, podToNode } = policy.profile;
    this.matter = (nodeToPod || podToNode) && policy.parts.classes.hostPods.length > 0;
  }

  /** The pods that are on the node of a pod, where one of the two is a host-network pod; itself may be among them. */
  of(pod: number): Int32Array {
    if (!this.matter) return nobody;
    const { classes } = this.#policy.parts;
    const node = classes.table.node[classes.rows[pod]!]!;
    if (node < 0) return nobody;
    const { all, hosts } = (this.#byNode ??= this.#gather());
    return (classes.host[classes.classOf[pod]!] === 1 ? all : hosts).of(node);
  }

  /** Nodes without a host-network pod are left out. */
  #gather(): { readonly all: Lists; readonly hosts: Lists } {
    const { table, rows, hostPods } = this.#policy.parts.classes;
    const { node, vocabulary } = table;
    const nodes = vocabulary.nodes.values.length;
    const nodeOf = new Int32Array(rows.length).fill(-1);
    for (const i of hostPods) nodeOf[i] = node[rows[i]!]!;
    const hosts = listsBy(nodeOf, nodes);
    for (let i = 0; i < nodeOf.length; i++) {
      const own = node[rows[i]!]!;
      nodeOf[i] = own >= 0 && hosts.count(own) > 0 ? own : -1;
    }
    return { all: listsBy(nodeOf, nodes), hosts };
  }
}

const nobody = new Int32Array(0);
