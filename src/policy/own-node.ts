import type { ClassTable } from './classes.ts';
import { ListsBuilder } from './lists.ts';
import type { Lists } from './lists.ts';
import type { Profile } from './profile.ts';

/**
 * Classes of host-network pods with the classes of other pods on their nodes, and how many pairs of pods these are;
 * entries of one host follow each other.
 */
export interface OwnNode {
  readonly hosts: readonly number[];
  readonly guests: readonly number[];
  readonly pairs: readonly number[];
}

/** Who shares a node with a host-network pod, which is that node (corners 42 and 44). */
export function ownNodePairs({ classes, profile }: { classes: ClassTable; profile: Profile }): OwnNode {
  const found = { hosts: [] as number[], guests: [] as number[], pairs: [] as number[] };
  if (!profile.nodeToPod && !profile.podToNode) return found;
  /** Nodes with a host-network pod, numbered; by class of such pods, where they are and how many. */
  const { table, rows } = classes;
  const numberOf = new Int32Array(table.vocabulary.nodes.values.length).fill(-1);
  const placesOf = new Map<number, { readonly node: number; readonly replicas: number }[]>();
  let nodes = 0;
  for (const i of classes.hostPods) {
    const name = table.node[rows[i]!]!;
    if (name < 0) continue;
    if (numberOf[name] === -1) numberOf[name] = nodes++;
    const place = { node: numberOf[name]!, replicas: classes.replicasOf(i) };
    const places = placesOf.get(classes.classOf[i]!);
    if (places === undefined) placesOf.set(classes.classOf[i]!, [place]);
    else places.push(place);
  }
  if (nodes === 0) return found;
  const { starts, items } = guestsOn(numberOf, nodes, classes);
  const pairsWith = new Float64Array(classes.size);
  for (const [host, places] of placesOf) {
    // Guests of one class are alike on every node: they are brought together.
    const first = found.guests.length;
    for (const { node, replicas } of places) {
      for (let k = starts[node]!; k < starts[node + 1]!; k++) {
        const guest = classes.classOf[items[k]!]!;
        if (pairsWith[guest] === 0) {
          found.hosts.push(host);
          found.guests.push(guest);
        }
        pairsWith[guest]! += replicas * classes.replicasOf(items[k]!);
      }
    }
    for (const guest of found.guests.slice(first)) {
      found.pairs.push(pairsWith[guest]!);
      pairsWith[guest] = 0;
    }
  }
  return found;
}

/** By number of a node: the pods on it that are not their node. */
function guestsOn(numberOf: Int32Array, nodes: number, { table, rows, classOf, host }: ClassTable): Lists {
  const gathered = new ListsBuilder();
  const { node } = table;
  for (let i = 0; i < rows.length; i++) {
    const name = node[rows[i]!]!;
    if (name >= 0 && numberOf[name]! >= 0 && host[classOf[i]!] === 0) gathered.add(numberOf[name]!, i);
  }
  return gathered.finish(nodes);
}
