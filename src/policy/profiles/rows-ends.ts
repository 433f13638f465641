import { cell, sources, yesNo } from './sources.ts';
import type { Reading, Row } from './types.ts';

const { aws, antrea, calico, cilium, kubeNetworkPolicies, kubeRouter, kubernetes, npGuard, ovnKubernetes } =
  sources;

type EndId =
  | 'ipBlockMatchesPods'
  | 'ipBlockMatchesNodes'
  | 'hostNetworkPods'
  | 'finishedPods'
  | 'nodeToPod'
  | 'podToNode';

/** What peers and subjects are: the rows about pods, nodes and blocks. */
export const endRows: { readonly [id in EndId]: Row<Reading[id]> } = {
  ipBlockMatchesPods: {
    question: 'Does an `ipBlock` match the addresses of pods?',
    corner: 34,
    values: yesNo,
    cells: {
      upstream: cell(true, kubernetes.e2e),
      'np-guard': cell(false, npGuard.samples),
      calico: cell(true, calico.conversion),
      cilium: cell(false, cilium.cidr),
      'ovn-kubernetes': cell(true, ovnKubernetes.gress),
      antrea: cell(true, antrea.e2e),
      'kube-network-policies': cell(true, kubeNetworkPolicies.engine),
      'aws-vpc-cni': cell(true, aws.agent),
      'kube-router': cell(true, kubeRouter.policy),
    },
  },
  ipBlockMatchesNodes: {
    question: 'Does an `ipBlock` match nodes?',
    corner: 34,
    values: yesNo,
    cells: {
      upstream: cell(true, kubernetes.docs),
      'np-guard': cell(true, npGuard.samples),
      calico: cell(true, calico.conversion),
      cilium: cell(false, cilium.cidr),
      'ovn-kubernetes': 'unknown',
      antrea: 'unknown',
      'kube-network-policies': cell(true, kubeNetworkPolicies.engine),
      'aws-vpc-cni': cell(true, aws.agent),
      'kube-router': cell(true, kubeRouter.policy),
    },
  },
  hostNetworkPods: {
    question: 'What are pods on the host network?',
    corner: 44,
    values: [
      ['node', 'their node: no policy selects them'],
      ['pod', 'pods like any other, to cluster-wide policies too'],
    ],
    cells: {
      upstream: cell('node', kubernetes.docs),
      // Its samples of cluster-wide policies have no such pod; it has one notion of a pod for all kinds of policies, so what
      // the others show is taken to hold there as well, other than corner 66.
      'np-guard': cell('pod', npGuard.samples),
      calico: cell('node', calico.conversion),
      cilium: cell('node', cilium.entities),
      'ovn-kubernetes': cell('node', ovnKubernetes.policy),
      antrea: cell('node', antrea.policy),
      'kube-network-policies': cell('node', kubeNetworkPolicies.engine),
      'aws-vpc-cni': 'unknown',
      'kube-router': cell('node', kubeRouter.pod),
    },
  },
  finishedPods: {
    question: 'What are pods that have Succeeded or Failed?',
    corner: 46,
    values: [
      ['ignored', 'nothing: their addresses are free'],
      ['pod', 'pods like any other'],
    ],
    cells: {
      upstream: cell('ignored', sources.semantics),
      'np-guard': cell('pod', npGuard.samples),
      calico: cell('ignored', calico.conversion),
      cilium: 'unknown',
      'ovn-kubernetes': cell('ignored', ovnKubernetes.policy),
      antrea: 'unknown',
      'kube-network-policies': 'unknown',
      'aws-vpc-cni': 'unknown',
      'kube-router': cell('ignored', kubeRouter.pod),
    },
  },
  nodeToPod: {
    question: 'Does a node always reach the pods on it?',
    corner: 42,
    values: yesNo,
    cells: {
      upstream: cell(true, kubernetes.docs),
      'np-guard': cell(false, npGuard.samples),
      calico: cell(true, calico.staticRules),
      cilium: cell(true, cilium.entities),
      'ovn-kubernetes': cell(true, ovnKubernetes.policy),
      antrea: cell(true, antrea.pipeline),
      'kube-network-policies': 'unknown',
      'aws-vpc-cni': cell(true, aws.agent),
      'kube-router': cell(true, kubeRouter.pod),
    },
  },
  podToNode: {
    question: 'Does a pod always reach its own node?',
    corner: 42,
    values: yesNo,
    cells: {
      // The documentation says both things; this is the wider one.
      upstream: cell(true, kubernetes.docs),
      'np-guard': cell(false, npGuard.samples),
      calico: cell(false, calico.hostAction),
      cilium: cell(false, cilium.entities),
      'ovn-kubernetes': 'unknown',
      antrea: 'unknown',
      'kube-network-policies': 'unknown',
      'aws-vpc-cni': 'unknown',
      'kube-router': cell(false, kubeRouter.pod),
    },
  },
};
