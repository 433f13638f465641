import type { CodeDoc } from '../raw.ts';

/** Diagnostic codes of objects that are no policies, and of the input as a whole, for `podwall help CODE`. */
export const objectCodes: Readonly<Record<string, CodeDoc>> = {
  'address-invalid': {
    title: 'An IP address in the status of a Pod or Node, or of a Service, cannot be read.',
    text: `The address was left out; the object counts. An ipBlock is then not matched against it, so an answer may be wrong where one is near.

Such a value comes from a dump that was edited by hand: a server writes nothing but addresses there.`,
    example: `status:
  podIP: 10.0.0.999`,
  },
  'api-version-missing': {
    title: 'An object has a kind, but no apiVersion.',
    text: `Kinds are known by their group: a NetworkPolicy of networking.k8s.io and one of projectcalico.org are different things. Without apiVersion no API server takes the object, so it was left out and the answer is incomplete.`,
    example: `kind: NetworkPolicy          # write apiVersion: networking.k8s.io/v1 above it
metadata:
  name: default-deny`,
  },
  'duplicate-key': {
    title: 'A key stands more than once in a mapping.',
    text: `The last one counts, as it does for kubectl; a server that checks strictly refuses the object. Remove all but the one that you mean.`,
    example: `metadata:
  labels: {app: web}
  labels: {app: shop}        # this one counts`,
  },
  'kind-missing': {
    title: 'A document or list item is no Kubernetes object.',
    text: `It has no kind (or is no mapping at all), so nobody can tell what it is. It was left out, and as it may be a policy that lost its head, the answer is incomplete.

Every object starts with apiVersion and kind. Only the items of a typed list (PodList, NetworkPolicyList) may leave them out. A line with three dashes parts the objects of a file.`,
    example: `metadata:
  name: default-deny
spec:
  podSelector: {}`,
  },
  'kind-not-served': {
    title: 'No supported API server knows this kind in this apiVersion.',
    text: `The kind exists in another version or group, or is written differently (case matters). Servers of Kubernetes 1.32 to 1.36 refuse the object, so it was left out and the answer is incomplete. The hint says what to write.

extensions/v1beta1, apps/v1beta1, apps/v1beta2 and batch/v1beta1 are gone since Kubernetes 1.16 to 1.25. An object that carries metadata.uid was taken by an older server: then this is a warning, and it counts.`,
    example: `apiVersion: extensions/v1beta1   # write networking.k8s.io/v1
kind: NetworkPolicy`,
  },
  'label-key-invalid': {
    title: 'The key of a label is not one that Kubernetes takes.',
    text: `A key is a name of at most 63 letters, digits, dashes, underscores and dots that starts and ends with a letter or digit, optionally after a DNS name and a slash: app.kubernetes.io/name. Every API server refuses the object, so it was left out.`,
    example: `labels:
  "my app": web`,
  },
  'label-value-invalid': {
    title: 'The value of a label is not one that Kubernetes takes.',
    text: `A value is empty, or at most 63 letters, digits, dashes, underscores and dots that starts and ends with a letter or digit. Every API server refuses the object, so it was left out.`,
    example: `labels:
  app: my web shop`,
  },
  'list-too-deep': {
    title: 'Lists are nested too deeply.',
    text: `A List in a List is read, down to sixteen levels. What is deeper was left out, and the answer is incomplete.`,
  },
  'name-invalid': {
    title: 'The name of an object is not one that Kubernetes takes.',
    text: `Names are DNS names: lower-case letters, digits, dashes and dots, at most 253 characters; those of namespaces have no dots and at most 63 characters. Every API server refuses the object, so it was left out.`,
    example: `metadata:
  name: Web_Frontend         # write web-frontend`,
  },
  'name-missing': {
    title: 'An object has no name.',
    text: `Every API server refuses it, so it was left out and the answer is incomplete. metadata.generateName counts as a name.`,
  },
  'namespace-assumed': {
    title: 'A policy asks for labels of namespaces that are not in the input.',
    text: `A namespace that is only mentioned, by a pod or a policy, is taken to have no label but kubernetes.io/metadata.name, which every namespace has. A namespaceSelector that asks for another label then does not match it, although the namespace of your cluster may have that label.

Add the Namespace objects to the input: kubectl get ns -o yaml.`,
  },
  'namespace-ignored': {
    title: 'An object of a kind without namespaces names one.',
    text: `Namespaces and Nodes, and policies for the whole cluster, are in no namespace; a server clears the field. Leave it out.`,
  },
  'namespace-invalid': {
    title: 'The namespace of an object is not one that Kubernetes takes.',
    text: `Names of namespaces are lower-case letters, digits and dashes, at most 63 characters. Every API server refuses the object, so it was left out.`,
  },
  'namespace-name-label': {
    title: 'A Namespace has the name of another one in its name label.',
    text: `The server sets kubernetes.io/metadata.name to the name of the namespace, and nobody can change it. The value in the manifest was overridden, as the server does.`,
    example: `kind: Namespace
metadata:
  name: shop
  labels:
    kubernetes.io/metadata.name: store   # is shop`,
  },
  'no-objects': {
    title: 'A text holds no Kubernetes object.',
    text: `In a folder that is normal: values.yaml, Chart.yaml and kustomization.yaml lie beside manifests and are passed over. Named directly, such a file is an error, for nothing was read from it.

Render charts and kustomizations first, and give podwall the result: helm template CHART | podwall map -, or kubectl kustomize DIR | podwall map -.`,
  },
  'object-twice': {
    title: 'The input has two objects with the same group, kind, namespace and name.',
    text: `The last one counts, as it would after kubectl apply. Files are read in order of their paths. Often a folder holds two variants of which only one is meant: name the one.`,
  },
  'pod-name-taken': {
    title: 'A StatefulSet cannot make a pod, for another one has its name.',
    text: `The pods of a StatefulSet are named after it: web-0, web-1 and so on. The input has a pod of that name that the StatefulSet does not own. It was kept, and the StatefulSet has a pod less.`,
  },
  'pods-without-address': {
    title: 'An ipBlock or networks are in the input, and the addresses of pods are not.',
    text: `An ipBlock, and networks of a cluster-wide policy, match pods by their address. Pods of a template, and manifests without a status, have none yet, so neither matches them in this answer; in the cluster, one may.

For an exact answer read the running pods: kubectl get pods -A -o yaml.`,
  },
  'port-missing': {
    title: 'A port of a container or Service has no number.',
    text: `containerPort of a container and port of a Service are required: every API server refuses the object without them, so it was left out.`,
    example: `ports:
  - name: http               # write containerPort: 8080 beside it`,
  },
  'port-name-invalid': {
    title: 'The name of a port is not one that Kubernetes takes.',
    text: `Names of ports are at most 15 lower-case letters, digits and dashes, with at least one letter. Every API server refuses the object, so it was left out.`,
  },
  'port-name-twice': {
    title: 'Two ports of one container have the same name.',
    text: `Within one container a name may stand once, whatever the protocol: every API server refuses the object, so it was left out. Across the containers of a pod a name may repeat, and then stands for all of those ports.`,
    example: `ports:
  - {name: dns, containerPort: 53, protocol: UDP}
  - {name: dns, containerPort: 53, protocol: TCP}   # dns-tcp`,
  },
  'port-out-of-range': {
    title: 'A port is not between 1 and 65535.',
    text: `Every API server refuses the object, so it was left out.`,
  },
  'port-quoted': {
    title: 'A port number stands in quotes.',
    text: `A text is the name of a port, and a name has at least one letter. Every API server refuses the object, so it was left out. Write the number without quotes.`,
    example: `targetPort: "8080"           # write 8080`,
  },
  'protocol-unknown': {
    title: 'A port has a protocol that does not exist.',
    text: `TCP, UDP and SCTP are the protocols of ports, in capital letters. Every API server refuses the object, so it was left out.`,
  },
  'replicas-negative': {
    title: 'A number of replicas is below zero.',
    text: `Every API server refuses the object, so it was left out. Write replicas: 0 for a workload without pods.`,
  },
  'replicas-not-named': {
    title: 'The pods of a large StatefulSet are shown as one.',
    text: `Up to 1,000 replicas, the pods of a StatefulSet that has none in the input are named one by one (web-0, web-1, …), for policies may select them by their names. Above that they are one peer that stands for all; the label with their name is then taken to be there with an unknown value.`,
  },
  'selector-mismatch': {
    title: 'The selector of a workload does not match the labels of its template.',
    text: `A Deployment, ReplicaSet, StatefulSet or DaemonSet needs a selector, and the labels of its template have to match it: every API server refuses the object otherwise. Policies see the labels of pods alone, which the template decides, so the object counts here as its template says; in the cluster it would not exist.`,
    example: `spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: shop}    # write app: web here, or app: shop above`,
  },
  'service-port-twice': {
    title: 'Two ports of a Service have the same name, or the same number and protocol.',
    text: `Entrances and EndpointSlices tell the ports of a Service apart by name, clients by number and protocol. Every API server refuses the object, so it was left out.`,
  },
  'service-port-unnamed': {
    title: 'A Service has several ports, and one of them has no name.',
    text: `Of one port the name may be left out, of several it may not, not even for one. Every API server refuses the object; where it leads is plain all the same, so podwall answers as if it were there.`,
    example: `ports:
  - {name: http, port: 80}
  - {port: 9090}              # write name: metrics`,
  },
  'service-type-unknown': {
    title: 'A Service is of a type that does not exist.',
    text: `The types are ClusterIP, NodePort, LoadBalancer and ExternalName. Every API server refuses the object, so it was left out.`,
  },
  'service-without-selector': {
    title: 'A Service has no selector, and its endpoints are not in the input.',
    text: `Its endpoints are kept by hand or by some controller, in EndpointSlices or Endpoints. Policies never see Services, so no answer between pods depends on it; only what leads through this Service cannot be followed.

Add them to the input: kubectl get endpointslices -A -o yaml.`,
  },
  'source-range-invalid': {
    title: 'loadBalancerSourceRanges of a Service has an entry that is no CIDR.',
    text: `Each entry is a block of addresses, as 192.0.2.0/24, from which clients are let in. Every API server refuses the object, so it was left out.`,
  },
  'template-missing': {
    title: 'A workload has no template for its pods.',
    text: `The labels and ports of the pods stand in spec.template (of a CronJob in spec.jobTemplate.spec.template). Every API server refuses the object without it, so it was left out.`,
  },
  'value-not-text': {
    title: 'A value that must be text is a number or a truth value.',
    text: `Names and labels are text. YAML reads 1 as a number and y, n, true, yes, no, on and off as truth values, unless they stand in quotes. Every API server refuses the object, so it was left out.`,
    example: `metadata:
  name: y                    # write "y"
  labels:
    version: 1.10            # write "1.10"`,
  },
  'workload-not-modelled': {
    title: 'An object makes pods, and podwall does not read its kind.',
    text: `Podwall makes pods from the templates of Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs and ReplicationControllers. Other controllers make pods, too: Rollouts of Argo, DeploymentConfigs of OpenShift, Services of Knative, whatever has containers in spec.template.spec. Their pods are part of the answer when the input has them, and missing otherwise.

Read the running pods instead: kubectl get pods -A -o yaml. Pods that belong to such an object are shown as one workload of its kind.`,
    example: `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web`,
  },
  'wrong-type': {
    title: 'A field has a value of the wrong type.',
    text: `A list stands where a mapping should be, text where a number should be, or the like; every API server refuses the object, so it was left out. Numbers must not stand in quotes.`,
    example: `labels:
  - app: web                 # write app: web`,
  },
};
