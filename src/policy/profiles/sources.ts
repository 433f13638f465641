import type { Source } from './types.ts';

// Each source once: cells refer to them. Files of implementations are named without a line, for lines move.

const semantics: Source = {
  text: 'What a NetworkPolicy means, the specification of podwall',
  url: 'https://github.com/podwall/podwall/blob/main/docs/explanation/semantics.md',
};

/** Public sources of the cells, by implementation. */
export const sources = {
  semantics,
  kubernetes: {
    docs: {
      text: 'Kubernetes documentation: Network Policies',
      url: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
    },
    api: {
      text: 'Kubernetes API reference: NetworkPolicy v1',
      url: 'https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/',
    },
    e2e: {
      text: "Kubernetes' end-to-end tests of NetworkPolicy",
      url: 'https://github.com/kubernetes/kubernetes/blob/master/test/e2e/network/netpol/network_policy.go',
    },
    hostBits: {
      text: 'kubernetes/kubernetes#94484',
      url: 'https://github.com/kubernetes/kubernetes/issues/94484',
    },
    hairpin: {
      text: 'kubernetes/kubernetes#95879',
      url: 'https://github.com/kubernetes/kubernetes/issues/95879',
    },
    sidecars: {
      text: 'Kubernetes documentation: Sidecar Containers',
      url: 'https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/',
    },
    tiers: {
      text: 'network-policy-api: API overview',
      url: 'https://network-policy-api.sigs.k8s.io/api-overview/',
    },
  },
  npGuard: {
    samples: {
      text: "netpol-analyzer's own samples, test/conformance/np-guard/README.md",
      url: 'https://github.com/np-guard/netpol-analyzer',
    },
    resources: {
      text: 'netpol-analyzer, pkg/netpol/eval',
      url: 'https://github.com/np-guard/netpol-analyzer/tree/main/pkg/netpol/eval',
    },
  },
  calico: {
    conversion: {
      text: 'Calico, conversion of NetworkPolicies and pods',
      url: 'https://github.com/projectcalico/calico/blob/master/libcalico-go/lib/backend/k8s/conversion/conversion.go',
    },
    hostAction: {
      text: 'Calico documentation: Felix configuration, defaultEndpointToHostAction',
      url: 'https://docs.tigera.io/calico/latest/reference/resources/felixconfig',
    },
    staticRules: {
      text: 'Calico, static rules: traffic from a host to its workloads is not policed',
      url: 'https://github.com/projectcalico/calico/blob/master/felix/rules/static.go',
    },
    endpoints: {
      text: 'Calico, rules of endpoints: established flows are accepted first',
      url: 'https://github.com/projectcalico/calico/blob/master/felix/rules/endpoints.go',
    },
    clusterIps: {
      text: 'Calico documentation: policy for Kubernetes service cluster IPs',
      url: 'https://docs.tigera.io/calico/latest/network-policy/services/services-cluster-ips',
    },
    nodePorts: {
      text: 'Calico documentation: policy for Kubernetes node ports',
      url: 'https://docs.tigera.io/calico/latest/network-policy/services/kubernetes-node-ports',
    },
    policy: {
      text: 'Calico documentation: NetworkPolicy, ports',
      url: 'https://docs.tigera.io/calico/latest/reference/resources/networkpolicy',
    },
  },
  cilium: {
    cidr: {
      text: 'Cilium documentation: CIDR rules do not apply between endpoints, hosts and nodes of the cluster',
      url: 'https://docs.cilium.io/en/stable/security/policy/language/#ip-cidr-based',
    },
    entities: {
      text: 'Cilium documentation: entities, access to and from the local host',
      url: 'https://docs.cilium.io/en/stable/security/policy/language/#entities-based',
    },
    kubernetes: {
      text: 'Cilium documentation: Kubernetes NetworkPolicy and its known missing features',
      url: 'https://docs.cilium.io/en/stable/network/kubernetes/policy/',
    },
    sctp: {
      text: 'Cilium documentation: SCTP support is off unless it is enabled',
      url: 'https://docs.cilium.io/en/stable/configuration/sctp/',
    },
    layer4: {
      text: 'Cilium documentation: layer 4, and limiting ICMP types',
      url: 'https://docs.cilium.io/en/stable/security/policy/language/#layer-4-examples',
    },
    datapath: {
      text: 'Cilium, the datapath of an endpoint',
      url: 'https://github.com/cilium/cilium/blob/main/bpf/bpf_lxc.c',
    },
    kubeProxyFree: {
      text: 'Cilium documentation: Kubernetes without kube-proxy',
      url: 'https://docs.cilium.io/en/stable/network/kubernetes/kubeproxy-free/',
    },
  },
  ovnKubernetes: {
    gress: {
      text: 'OVN-Kubernetes, matches of a rule',
      url: 'https://github.com/ovn-kubernetes/ovn-kubernetes/blob/master/go-controller/pkg/ovn/gress_policy.go',
    },
    policy: {
      text: 'OVN-Kubernetes, NetworkPolicy: pods, default denials, the node, hairpin',
      url: 'https://github.com/ovn-kubernetes/ovn-kubernetes/blob/master/go-controller/pkg/ovn/base_network_controller_policy.go',
    },
  },
  antrea: {
    e2e: {
      text: "Antrea's CI runs Kubernetes' end-to-end tests of NetworkPolicy",
      url: 'https://github.com/antrea-io/antrea/blob/main/ci/run-k8s-e2e-tests.sh',
    },
    pipeline: {
      text: 'Antrea documentation: OVS pipeline, traffic from the local node is accepted for the kubelet',
      url: 'https://github.com/antrea-io/antrea/blob/main/docs/design/ovs-pipeline.md',
    },
    policy: {
      text: 'Antrea documentation: network policies do not apply to pods on the host network',
      url: 'https://github.com/antrea-io/antrea/blob/main/docs/antrea-network-policy.md',
    },
  },
  kubeNetworkPolicies: {
    engine: {
      text: 'kube-network-policies, its evaluation of NetworkPolicies',
      url: 'https://github.com/kubernetes-sigs/kube-network-policies/tree/main/pkg/networkpolicy',
    },
  },
  aws: {
    docs: {
      text: 'Amazon EKS documentation: limit pod traffic with Kubernetes network policies',
      url: 'https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html',
    },
    agent: {
      text: 'aws-network-policy-agent, entries of its eBPF maps',
      url: 'https://github.com/aws/aws-network-policy-agent',
    },
    controller: {
      text: 'amazon-network-policy-controller-k8s, PolicyEndpoint and its resolver',
      url: 'https://github.com/aws/amazon-network-policy-controller-k8s',
    },
  },
  kubeRouter: {
    policy: {
      text: 'kube-router, chains of policies and pods',
      url: 'https://github.com/cloudnativelabs/kube-router/blob/master/pkg/controllers/netpol/policy.go',
    },
    pod: {
      text: 'kube-router, pods and their firewall chains',
      url: 'https://github.com/cloudnativelabs/kube-router/blob/master/pkg/controllers/netpol/pod.go',
    },
  },
} as const;

/** A cell of the table. */
export function cell<Value>(
  value: Value,
  source: Source,
): { readonly value: Value; readonly source: Source } {
  return { value, source };
}

/** The values of a row that is a plain question. */
export const yesNo = [
  [true, 'yes'],
  [false, 'no'],
] as const;
