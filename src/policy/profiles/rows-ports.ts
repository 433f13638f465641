import { cell, sources, yesNo } from './sources.ts';
import type { Reading, Row } from './types.ts';

const { aws, calico, cilium, kubeNetworkPolicies, kubeRouter, kubernetes, npGuard, ovnKubernetes } = sources;

type PortId =
  | 'sidecarPorts'
  | 'namedPortsInEgress'
  | 'namedPortOnIpBlock'
  | 'endPort'
  | 'hostBits'
  | 'sctp'
  | 'allPortsAdmitOthers';

/** What rules mean that everybody can write: the rows about ports, protocols and spellings. */
export const portRows: { readonly [id in PortId]: Row<Reading[id]> } = {
  sidecarPorts: {
    question: 'Do the named ports of sidecars (restartable init containers) count?',
    corner: 28,
    values: yesNo,
    cells: {
      upstream: cell(true, kubernetes.sidecars),
      'np-guard': cell(false, npGuard.resources),
      calico: 'unknown',
      cilium: 'unknown',
      'ovn-kubernetes': 'unknown',
      antrea: 'unknown',
      'kube-network-policies': cell(false, kubeNetworkPolicies.engine),
      'aws-vpc-cni': 'unknown',
      'kube-router': 'unknown',
    },
  },
  namedPortsInEgress: {
    question: 'Do named ports in egress rules mean the ports of each destination?',
    corner: 28,
    values: yesNo,
    cells: {
      upstream: cell(true, kubernetes.e2e),
      'np-guard': cell(true, npGuard.samples),
      calico: cell(true, calico.policy),
      cilium: cell(true, cilium.kubernetes),
      'ovn-kubernetes': 'unknown',
      antrea: 'unknown',
      'kube-network-policies': cell(true, kubeNetworkPolicies.engine),
      'aws-vpc-cni': 'unknown',
      'kube-router': cell(true, kubeRouter.policy),
    },
  },
  namedPortOnIpBlock: {
    question: 'Does a named port in an egress rule resolve on a pod that only an `ipBlock` matches?',
    corner: 29,
    values: yesNo,
    cells: {
      // Left open: read as the implementation of the same SIG reads it.
      upstream: cell(true, kubeNetworkPolicies.engine),
      'np-guard': cell(false, npGuard.resources),
      calico: 'unknown',
      cilium: 'unknown',
      'ovn-kubernetes': 'unknown',
      antrea: 'unknown',
      'kube-network-policies': cell(true, kubeNetworkPolicies.engine),
      'aws-vpc-cni': 'unknown',
      'kube-router': 'unknown',
    },
  },
  endPort: {
    question: 'What does a rule with `endPort` admit?',
    corner: 32,
    values: [
      ['range', 'the range'],
      ['firstPort', 'its first port'],
    ],
    cells: {
      upstream: cell('range', kubernetes.docs),
      'np-guard': cell('range', npGuard.resources),
      calico: cell('range', calico.conversion),
      cilium: cell('range', cilium.kubernetes),
      'ovn-kubernetes': cell('range', ovnKubernetes.gress),
      antrea: 'unknown',
      'kube-network-policies': cell('range', kubeNetworkPolicies.engine),
      'aws-vpc-cni': cell('range', aws.controller),
      'kube-router': cell('range', kubeRouter.policy),
    },
  },
  hostBits: {
    question: 'What does a CIDR with host bits mean (10.0.0.5/8)?',
    corner: 38,
    values: [
      ['masked', 'the block around it'],
      ['address', 'that one address'],
      ['dropped', 'nobody'],
    ],
    cells: {
      upstream: cell('masked', kubernetes.hostBits),
      'np-guard': 'unknown',
      calico: 'unknown',
      cilium: 'unknown',
      'ovn-kubernetes': 'unknown',
      antrea: 'unknown',
      'kube-network-policies': cell('masked', kubeNetworkPolicies.engine),
      'aws-vpc-cni': 'unknown',
      'kube-router': cell('masked', kubeRouter.policy),
    },
  },
  sctp: {
    question: 'Do rules that name SCTP admit it?',
    corner: 32,
    values: [
      [true, 'yes'],
      [false, 'no: they admit nothing'],
    ],
    cells: {
      upstream: cell(true, kubernetes.e2e),
      'np-guard': cell(true, npGuard.samples),
      calico: cell(true, calico.conversion),
      cilium: cell(false, cilium.sctp),
      'ovn-kubernetes': cell(true, ovnKubernetes.gress),
      antrea: 'unknown',
      'kube-network-policies': cell(true, kubeNetworkPolicies.engine),
      'aws-vpc-cni': 'unknown',
      'kube-router': 'unknown',
    },
  },
  allPortsAdmitOthers: {
    question: 'Do rules without `ports` admit ICMP and other protocols?',
    corner: 33,
    values: yesNo,
    cells: {
      upstream: cell(true, kubernetes.api),
      'np-guard': cell(true, npGuard.samples),
      calico: cell(true, calico.conversion),
      cilium: cell(true, cilium.layer4),
      'ovn-kubernetes': cell(true, ovnKubernetes.gress),
      antrea: 'unknown',
      'kube-network-policies': 'unknown',
      'aws-vpc-cni': 'unknown',
      'kube-router': cell(true, kubeRouter.policy),
    },
  },
};
