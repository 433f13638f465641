import type { ClassTable } from './classes.ts';
import { ListsBuilder } from './lists.ts';
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
  const nodes = new Map<string, number>();
  const placesOf = new Map<number, { readonly node: number; readonly replicas: number }[]>();
  for (const i of classes.hostPods) {
    const name = classes.nodeOf(i);
    if (name === undefined) continue;
    let node = nodes.get(name);
    if (node === undefined) nodes.set(name, (node = nodes.size));
    const place = { node, replicas: classes.replicasOf(i) };
    const places = placesOf.get(classes.classOf[i]!);
    if (places === undefined) placesOf.set(classes.classOf[i]!, [place]);
    else places.push(place);
  }
  if (nodes.size === 0) return found;
  const gathered = new ListsBuilder();
  for (let i = 0; i < classes.rows.length; i++) {
    const name = classes.nodeOf(i);
    const node = name === undefined ? undefined : nodes.get(name);
    if (node !== undefined && classes.host[classes.classOf[i]!] === 0) gathered.add(node, i);
  }
  const { starts, items } = gathered.finish(nodes.size);
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
