import { noAccess } from '../policy/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';

/**
 * How many ordered pairs of distinct pods may use more under some choice among policies of equal priority than under every
 * choice (corner 60), without listing them.
 */
export function ambiguousPairs(policy: CompiledPolicy): bigint {
  const { possible } = policy;
  if (possible === policy) return 0n;
  const bounds = [policy, possible] as const;
  const [sure, most] = [policy.matrix, possible.matrix];
  const { classes } = policy.parts;
  const weight = Array.from(classes.weight, BigInt);
  /** Accesses of the two, as each numbers its own. */
  const known = new Map<string, boolean>();
  const isOpen = (a: number, b: number): boolean => {
    if (a === noAccess && b === noAccess) return false;
    const key = `${a} ${b}`;
    let differs = known.get(key);
    if (differs === undefined) {
      const [x, y] = [policy.accesses.access(a), possible.accesses.access(b)];
      differs = x.both !== y.both || x.only4 !== y.only4 || x.only6 !== y.only6;
      known.set(key, differs);
    }
    return differs;
  };
  // Both have the same classes: what is a row, or a column, to both bounds is one of these.
  const joint = (of: 'rowOf' | 'columnOf'): ReadonlyMap<string, { a: number; b: number; pods: bigint }> => {
    const found = new Map<string, { a: number; b: number; pods: bigint }>();
    for (const [c, pods] of weight.entries()) {
      const [a, b] = [sure[of][c]!, most[of][c]!];
      const line = found.get(`${a} ${b}`);
      if (line === undefined) found.set(`${a} ${b}`, { a, b, pods });
      else line.pods += pods;
    }
    return found;
  };
  let pairs = 0n;
  const columns = joint('columnOf');
  for (const row of joint('rowOf').values()) {
    for (const column of columns.values())
      if (isOpen(sure.block(row.a, column.a), most.block(row.b, column.b))) pairs += row.pods * column.pods;
  }
  const neighbours = ownNodePairs(policy);
  for (const [s, pods] of weight.entries()) {
    const block = (d: number): readonly [number, number] => [
      sure.block(sure.rowOf[s]!, sure.columnOf[d]!),
      most.block(most.rowOf[s]!, most.columnOf[d]!),
    ];
    const [sureTouched, mostTouched] = bounds.map(({ matrix }) => {
      const touched = new Map<number, number>();
      matrix.touched(s, (d, access) => touched.set(d, access));
      return touched;
    }) as [Map<number, number>, Map<number, number>];
    const exact = (d: number): boolean => {
      const [a, b] = block(d);
      return isOpen(sureTouched.get(d) ?? a, mostTouched.get(d) ?? b);
    };
    // A pod and itself are no pair.
    if (isOpen(...block(s))) pairs -= pods;
    for (const d of new Set([...sureTouched.keys(), ...mostTouched.keys()])) {
      const own = (s === d ? pods - 1n : pods) * weight[d]!;
      if (isOpen(...block(d))) pairs -= own;
      if (exact(d)) pairs += own;
    }
    // Corner 42: between a host-network pod and the other pods of its node no NetworkPolicy is asked.
    for (const [d, own] of neighbours.get(s) ?? []) {
      if (exact(d)) pairs -= own;
      if (isOpen(sure.ofOwnNode(s, d), most.ofOwnNode(s, d))) pairs += own;
    }
  }
  return pairs;
}

/** By class of the source and of the destination: pairs of a host-network pod and another pod of its node. */
export function ownNodePairs(policy: CompiledPolicy): ReadonlyMap<number, ReadonlyMap<number, bigint>> {
  const found = new Map<number, Map<number, bigint>>();
  const { nodeToPod, podToNode } = policy.profile;
  if (!nodeToPod && !podToNode) return found;
  const { classes } = policy.parts;
  const hosts = new Map<string, number[]>();
  for (const [i, { node }] of classes.pods.entries()) {
    if (node === undefined || classes.host[classes.classOf[i]!] === 0) continue;
    const here = hosts.get(node);
    if (here === undefined) hosts.set(node, [i]);
    else here.push(i);
  }
  const add = (s: number, d: number, pairs: bigint): void => {
    let ofSource = found.get(s);
    if (ofSource === undefined) found.set(s, (ofSource = new Map<number, bigint>()));
    ofSource.set(d, (ofSource.get(d) ?? 0n) + pairs);
  };
  for (const [i, { node, replicas }] of classes.pods.entries()) {
    const guest = classes.classOf[i]!;
    // Two host-network pods are not policed at all.
    if (node === undefined || classes.host[guest] === 1) continue;
    for (const h of hosts.get(node) ?? []) {
      const host = classes.classOf[h]!;
      if ((classes.family[host]! & classes.family[guest]!) === 0) continue;
      const pairs = BigInt(classes.pods[h]!.replicas) * BigInt(replicas);
      if (nodeToPod) add(host, guest, pairs);
      if (podToNode) add(guest, host, pairs);
    }
  }
  return found;
}
