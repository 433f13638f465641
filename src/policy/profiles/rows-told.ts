import { cell, sources } from './sources.ts';
import type { Row } from './types.ts';

const { aws, calico, cilium, kubeRouter, kubernetes, npGuard, ovnKubernetes } = sources;

const unknownEverywhere = {
  'np-guard': 'unknown',
  calico: 'unknown',
  cilium: 'unknown',
  'ovn-kubernetes': 'unknown',
  antrea: 'unknown',
  'kube-network-policies': 'unknown',
  'aws-vpc-cni': 'unknown',
  'kube-router': 'unknown',
} as const;

/** Behaviours that the table tells and no answer depends on: they are about time, translation or things that files lack. */
export const toldRows = {
  isolatedIcmp: {
    question: 'Is ICMP open between isolated pods, whatever rules say?',
    corner: 33,
    values: [
      ['no', 'no'],
      ['some', 'echo requests and errors are'],
    ],
    cells: {
      ...unknownEverywhere,
      upstream: cell('no', sources.semantics),
      calico: cell('no', calico.conversion),
      cilium: cell('no', cilium.layer4),
      'kube-router': cell('some', kubeRouter.pod),
    },
  },
  serviceAddress: {
    question: 'Which address does an egress rule see of a connection to a ClusterIP?',
    corner: 35,
    values: [
      ['pod', "the pod's"],
      ['service', "the Service's, too"],
    ],
    cells: {
      ...unknownEverywhere,
      upstream: cell('pod', sources.semantics),
      'np-guard': cell('pod', npGuard.resources),
      calico: cell('pod', calico.clusterIps),
      cilium: cell('pod', cilium.datapath),
      'ovn-kubernetes': cell('pod', ovnKubernetes.policy),
      'aws-vpc-cni': cell('service', aws.docs),
    },
  },
  entrySource: {
    question: 'Which source does an ingress rule see behind a NodePort or LoadBalancer Service?',
    corner: 36,
    values: [
      ['translated', "a node's, with externalTrafficPolicy Cluster"],
      ['client', "the client's"],
    ],
    cells: {
      ...unknownEverywhere,
      upstream: cell('translated', kubernetes.docs),
      calico: cell('translated', calico.nodePorts),
      cilium: cell('translated', cilium.kubeProxyFree),
    },
  },
  leadingZeros: {
    question: 'How are leading zeros in IPv4 addresses read (010.0.0.0/8)?',
    corner: 37,
    values: [
      ['decimal', 'as decimal'],
      ['refused', 'not at all: the peer is nobody'],
    ],
    cells: { ...unknownEverywhere, upstream: cell('decimal', sources.semantics) },
  },
  linkLocal: {
    question: 'Are link-local and node-local addresses (169.254.0.0/16) policed like others?',
    corner: 40,
    values: [['yes', 'yes']],
    cells: { ...unknownEverywhere, upstream: cell('yes', sources.semantics) },
  },
  hairpin: {
    question: 'Is a pod policed that reaches itself through a Service?',
    corner: 41,
    values: [
      ['open', 'left open'],
      ['no', 'no'],
    ],
    cells: {
      ...unknownEverywhere,
      upstream: cell('open', kubernetes.hairpin),
      cilium: cell('no', cilium.datapath),
      'ovn-kubernetes': cell('no', ovnKubernetes.policy),
    },
  },
  establishedFlows: {
    question: 'What becomes of open connections that a new policy would not admit?',
    corner: 43,
    values: [
      ['open', 'left open'],
      ['stay', 'they stay'],
      ['end', 'they end'],
    ],
    cells: {
      ...unknownEverywhere,
      upstream: cell('open', kubernetes.docs),
      calico: cell('stay', calico.endpoints),
      cilium: cell('end', cilium.datapath),
      'kube-router': cell('stay', kubeRouter.pod),
    },
  },
  dnsPort: {
    question: 'Which port of the DNS Service do egress rules have to name?',
    corner: 50,
    values: [
      ['target', 'the target port'],
      ['both', 'that of the Service, which must be the target port'],
    ],
    cells: {
      ...unknownEverywhere,
      upstream: cell('target', kubernetes.api),
      'np-guard': cell('target', npGuard.resources),
      calico: cell('target', calico.clusterIps),
      cilium: cell('target', cilium.datapath),
      'ovn-kubernetes': cell('target', ovnKubernetes.policy),
      'aws-vpc-cni': cell('both', aws.docs),
    },
  },
  unknownProtocol: {
    question: 'What does a rule of a cluster-wide policy do with an entry of `protocols` that is not known?',
    corner: 62,
    values: [['closed', 'it fails closed']],
    cells: { ...unknownEverywhere, upstream: cell('closed', sources.semantics) },
  },
  namedPortOnNetwork: {
    question:
      'Does a named port of a cluster-wide policy resolve on a pod that only one of its `networks` covers?',
    corner: 63,
    values: [['open', 'left open']],
    cells: { ...unknownEverywhere, upstream: cell('open', sources.semantics) },
  },
} as const satisfies { readonly [id: string]: Row<string> };
