import { cell, sources } from './sources.ts';
import type { Reading, Row } from './types.ts';

const { kubeNetworkPolicies, kubernetes, npGuard, semantics } = sources;

/** How cluster-wide policies stand to NetworkPolicies and to each other. */
export const tierRows: { readonly [id in 'baselineAfterPolicies' | 'equalPriority']: Row<Reading[id]> } = {
  baselineAfterPolicies: {
    question: 'Where does a NetworkPolicy that selects a pod keep the Baseline tier from it?',
    corner: 64,
    values: [
      ['direction', 'in the directions that it isolates'],
      ['pod', 'in both directions'],
    ],
    cells: {
      upstream: cell('direction', semantics),
      'np-guard': cell('direction', npGuard.resources),
      calico: 'unknown',
      cilium: 'unknown',
      'ovn-kubernetes': 'unknown',
      antrea: 'unknown',
      'kube-network-policies': cell('pod', kubeNetworkPolicies.engine),
      'aws-vpc-cni': 'unknown',
      'kube-router': 'unknown',
    },
  },
  equalPriority: {
    question: 'Which of two cluster-wide policies of equal priority decides?',
    corner: 60,
    values: [
      ['any', 'any of them'],
      ['name', 'the first by name'],
    ],
    cells: {
      upstream: cell('any', kubernetes.tiers),
      'np-guard': 'unknown',
      calico: 'unknown',
      cilium: 'unknown',
      'ovn-kubernetes': 'unknown',
      antrea: 'unknown',
      'kube-network-policies': cell('name', kubeNetworkPolicies.engine),
      'aws-vpc-cni': 'unknown',
      'kube-router': 'unknown',
    },
  },
};
