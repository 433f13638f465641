import type { ClusterNode, Pod } from '../model/index.ts';
import type { Address, Family } from '../net/index.ts';

/** One end of a connection. An address is taken to be outside the cluster, whoever may have it. */
export type PolicyEnd =
  | { readonly kind: 'pod'; readonly pod: Pod }
  | { readonly kind: 'node'; readonly node: ClusterNode }
  | { readonly kind: 'address'; readonly address: Address };

/** The addresses by which policies know an end. */
export function addressesOf(end: PolicyEnd): readonly Address[] {
  switch (end.kind) {
    case 'pod':
      return end.pod.addresses;
    case 'node':
      return end.node.addresses;
    case 'address':
      return [end.address];
  }
}

/** Whether an end has a family; a pod or node whose addresses are unknown has both (corner 39). */
export function has(end: PolicyEnd, family: Family): boolean {
  const addresses = addressesOf(end);
  if (addresses.length === 0) return true;
  for (const address of addresses) if (address.family === family) return true;
  return false;
}
