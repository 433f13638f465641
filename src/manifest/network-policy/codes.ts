import type { CodeDoc } from '../raw.ts';

const refused =
  'Every supported API server refuses the object, so it does not exist for podwall either, and the answer is incomplete.';
const dropped =
  'kubectl refuses the object; with another client a server takes it and drops the field. Podwall reads it as that server does and warns.';
const since =
  'Servers accept it up to 1.35 and refuse it from 1.36 on, unless their administrator decides otherwise. With --kubernetes-version podwall judges as that version does; without it, it warns and the policy counts.';

/** What can be wrong with a NetworkPolicy, for `podwall help CODE`. */
export const networkPolicyCodes: Readonly<Record<string, CodeDoc>> = {
  'annotation-key-invalid': {
    title: 'An annotation has a key that the API refuses.',
    text: `Keys of annotations follow the rules of label keys: an optional domain and /, then at most 63 letters, digits, -, _ and . that begin and end with a letter or digit. ${refused}`,
    example: 'metadata:\n  annotations:\n    example.com/note: any text',
  },
  'annotations-too-large': {
    title: 'The annotations are larger than 256 KiB in all.',
    text: `No server stores more than that. ${refused} Often kubectl apply's own annotation is the largest: kubectl apply --server-side needs none.`,
  },
  'cidr-host-bits': {
    title: 'A CIDR has bits set behind its length.',
    text: `10.0.0.5/8 may be the block 10.0.0.0/8 or the address 10.0.0.5/32. Most network plugins read the block, some the address, and some drop the rule. Podwall reads the block.\n\n${since}`,
    example: 'ipBlock:\n  cidr: 10.0.0.5/8      # write 10.0.0.0/8 or 10.0.0.5/32',
  },
  'cidr-invalid': {
    title: 'A cidr or except, or an entry of networks, is not a block of addresses.',
    text: `A block is an IPv4 or IPv6 address, / and the number of leading bits that count. One address is a block of 32 bits (IPv4) or 128 bits (IPv6). Ranges, netmasks and host names cannot be written. In networks, numbers with zeros in front and IPv4 blocks in IPv6 form are refused as well. ${refused}`,
    example: 'ipBlock:\n  cidr: 192.168.5.10/32',
  },
  'cidr-ipv4-mapped': {
    title: 'A CIDR writes an IPv4 block in IPv6 form.',
    text: `::ffff:10.0.0.0/104 is 10.0.0.0/8 to some programs and an IPv6 block to others. Podwall reads the IPv4 block.\n\n${since}`,
    example: 'ipBlock:\n  cidr: 10.0.0.0/8      # not ::ffff:10.0.0.0/104',
  },
  'cidr-leading-zeros': {
    title: 'A CIDR has leading zeros.',
    text: `Kubernetes reads 010.0.0.0 as 10.0.0.0; programs that follow the C library read octal numbers, 8.0.0.0.\n\n${since}`,
    example: 'ipBlock:\n  cidr: 10.0.0.0/8      # not 010.0.0.0/08',
  },
  'cidr-missing': {
    title: 'An ipBlock has no cidr.',
    text: `except takes addresses away from cidr, so cidr is needed. For every address write 0.0.0.0/0 and, in a peer of its own, ::/0. ${refused}`,
    example: "ipBlock:\n  cidr: 0.0.0.0/0\n  except: ['10.0.0.0/8']",
  },
  'duplicate-key': {
    title: 'A key stands twice in one mapping.',
    text: `YAML does not allow it; kubectl and servers keep the last value and lose the others, most often because a dash is missing before the second entry of a list. Podwall keeps the last value as well and warns.`,
    example: 'ports:\n  - port: 80\n    port: 443          # a dash is missing: - port: 443',
  },
  'end-port-below-port': {
    title: 'endPort is below port.',
    text: `port to endPort is a range with both ends, and this one is empty. ${refused}`,
    example: 'ports:\n  - port: 5000\n    endPort: 8000',
  },
  'end-port-out-of-range': {
    title: 'endPort is not a number from 1 to 65535.',
    text: `Ports are numbers from 1 to 65535. ${refused}`,
    example: 'ports:\n  - port: 30000\n    endPort: 32767',
  },
  'end-port-with-name': {
    title: 'endPort stands beside the name of a port.',
    text: `A range goes from a number to a number; a name is looked up at each destination pod and may be another number there. ${refused}`,
    example: 'ports:\n  - port: 8000          # a number, not a name\n    endPort: 8080',
  },
  'end-port-without-port': {
    title: 'endPort stands without port.',
    text: `A range begins with port. ${refused}`,
    example: 'ports:\n  - port: 32000\n    endPort: 32767',
  },
  'except-outside-cidr': {
    title: 'An except is not a smaller block within its cidr.',
    text: `except takes a part out of its own cidr, never all of it, and nothing outside of it: what lies outside is not admitted by this peer anyway. ${refused}`,
    example: 'ipBlock:\n  cidr: 10.0.0.0/8\n  except:\n    - 10.1.0.0/16',
  },
  'field-outside-parent': {
    title: 'A field of spec or metadata stands at the top of the object.',
    text: `Most often the lines below spec: are not indented. ${dropped} A NetworkPolicy that has lost its spec denies all ingress to every pod of its namespace.`,
    example: 'spec:\n  podSelector: {}     # two spaces, below spec:\n  policyTypes: [Ingress]',
  },
  'finalizer-invalid': {
    title: 'A finalizer has a name that the API refuses.',
    text: `Finalizers follow the rules of label keys. ${refused}`,
    example: 'metadata:\n  finalizers:\n    - example.com/cleanup',
  },
  'generation-negative': {
    title: 'metadata.generation is below zero.',
    text: `The server counts generations itself; leave the field out of manifests. ${refused}`,
  },
  'immutable-field': {
    title: 'An update changes a field that cannot change.',
    text: 'The name, the namespace and the uid of a stored object stay as they are: another name is another object.',
  },
  'label-key-invalid': {
    title: 'The key of a label is not valid.',
    text: `A key is a name of at most 63 letters, digits, -, _ and . that begins and ends with a letter or digit; a DNS domain in lower case and / may stand before it. ${refused}`,
    example: 'matchLabels:\n  app.kubernetes.io/name: web',
  },
  'label-value-invalid': {
    title: 'The value of a label is not valid.',
    text: `Values have at most 63 letters, digits, -, _ and . and begin and end with a letter or digit; the empty value is one. There are no wildcards and no lists: matchExpressions has the operators Exists, In and NotIn. ${refused}`,
    example: 'matchExpressions:\n  - key: app\n    operator: In\n    values: [web, api]',
  },
  'labels-in-selector': {
    title: 'Labels stand directly in a selector, without matchLabels.',
    text: `${dropped} Without its labels the selector matches everything.`,
    example: 'podSelector:\n  matchLabels:\n    app: web',
  },
  'list-expected': {
    title: 'A list is expected, and there is one value.',
    text: `ingress, egress, from, to, ports, except, policyTypes, matchExpressions and values are lists, also with one entry: each entry has a dash. ${refused}`,
    example: 'ingress:\n  - from:\n      - podSelector: {}',
  },
  'mapping-expected': {
    title: 'A mapping is expected, and there is a list or a text.',
    text: `spec, podSelector, namespaceSelector, matchLabels and ipBlock are mappings: fields with values, no dash. ${refused}`,
    example: 'podSelector:\n  matchLabels:\n    app: web',
  },
  'more-findings': {
    title: 'More is wrong with an object than podwall tells.',
    text: 'Of one object the first 100 findings are told. Often one mistake is the cause of many: correct the first ones and look again.',
  },
  'name-invalid': {
    title: 'The name of the object is not valid.',
    text: `A name has at most 253 lower case letters, digits, - and ., and begins and ends with a letter or digit. ${refused}`,
    example: 'metadata:\n  name: allow-web',
  },
  'name-missing': {
    title: 'The object has no name.',
    text: `A name (or generateName, for kubectl create) is needed. ${refused}`,
    example: 'metadata:\n  name: allow-web',
  },
  'namespace-invalid': {
    title: 'The namespace has a name that the API refuses.',
    text: `The name of a namespace has at most 63 lower case letters, digits and -, and begins and ends with a letter or digit. ${refused}`,
    example: 'metadata:\n  namespace: shop',
  },
  'owner-reference-invalid': {
    title: 'An owner reference is not valid.',
    text: `It needs apiVersion, kind, name and uid; at most one owner is the controller. Controllers write these, manifests seldom need them. ${refused}`,
  },
  'peer-empty': {
    title: 'A peer has no field.',
    text: `An entry of from or to needs podSelector, namespaceSelector or ipBlock. A field without value (podSelector: and nothing below it) is the same as none; the selector that matches everything is {}. To admit every peer, leave out from or to. ${refused}`,
    example: 'from:\n  - podSelector: {}     # all pods of the namespace',
  },
  'peer-mixed': {
    title: 'A peer has ipBlock beside a selector.',
    text: `A peer is either a block of addresses or pods that selectors choose. Two entries, with a dash each, admit both. ${refused}`,
    example: 'from:\n  - ipBlock:\n      cidr: 10.0.0.0/8\n  - podSelector: {}',
  },
  'peer-outside-rule': {
    title: 'A peer stands in a rule, or in the list of rules, and not in from or to.',
    text: `Peers are entries of the list from (ingress) or to (egress), indented further than it. ${dropped} A rule that has lost its peers admits everyone.`,
    example: 'ingress:\n  - from:\n      - podSelector:\n          matchLabels:\n            app: backend',
  },
  'policy-type-unknown': {
    title: 'A policy type is neither Ingress nor Egress.',
    text: `Upper and lower case count. ${refused}`,
    example: 'policyTypes:\n  - Ingress\n  - Egress',
  },
  'policy-types-too-many': {
    title: 'policyTypes has more than two entries.',
    text: `There are two types, Ingress and Egress. ${refused}`,
    example: 'policyTypes: [Ingress, Egress]',
  },
  'port-list': {
    title: 'port holds a list.',
    text: `port takes one port or, with endPort, begins a range. Several ports are several entries of ports. ${refused}`,
    example: 'ports:\n  - port: 80\n  - port: 443',
  },
  'port-name-invalid': {
    title: 'The name of a port is not valid.',
    text: `A name has at most 15 lower case letters, digits and single -, at least one letter, and no - at its ends. It is the name that a container of the destination pod gives to its port, not one of a Service. ${refused}`,
    example: 'ports:\n  - port: http-metrics',
  },
  'port-not-a-mapping': {
    title: 'ports lists bare numbers.',
    text: `An entry of ports has the fields protocol (TCP when absent), port and endPort. ${refused}`,
    example: 'ports:\n  - port: 80\n  - port: 443',
  },
  'port-out-of-range': {
    title: 'A port is not a number from 1 to 65535.',
    text: `For every port leave out port; for every port and protocol leave out ports. In a ClusterNetworkPolicy every port of a protocol is the range from 1 to 65535. ${refused}`,
    example: 'ports:\n  - protocol: UDP       # every UDP port',
  },
  'port-outside-ports': {
    title: 'port or protocol stands in the rule and not in ports.',
    text: `${dropped} A rule that has lost its ports admits every port.`,
    example: 'ingress:\n  - ports:\n      - protocol: TCP\n        port: 80',
  },
  'port-quoted': {
    title: 'A port number stands in quotes.',
    text: `With quotes it is text: in port the name of a port, and a name needs a letter; endPort takes no text. ${refused}`,
    example: 'ports:\n  - port: 80            # not "80"',
  },
  'port-range-in-text': {
    title: 'A range of ports is written as text.',
    text: `A range has its first port in port and its last in endPort. ${refused}`,
    example: 'ports:\n  - port: 8000\n    endPort: 9000',
  },
  'port-with-protocol': {
    title: 'Port and protocol stand in one text.',
    text: `They have a field each. ${refused}`,
    example: 'ports:\n  - protocol: TCP\n    port: 443',
  },
  'ports-in-peer': {
    title: 'ports stands inside a peer.',
    text: `Ports belong to the rule and hold for all its peers; peers with other ports need a rule of their own. ${dropped} A rule that has lost its ports admits every port.`,
    example:
      'ingress:\n  - from:\n      - podSelector: {}\n    ports:              # in the column of from\n      - port: 80',
  },
  'protocol-unknown': {
    title: 'A protocol is not TCP, UDP or SCTP.',
    text: `Protocols are written in upper case, one for each entry of ports; TCP when absent. NetworkPolicy cannot name ICMP and knows nothing of HTTP. ${refused}`,
    example: 'ports:\n  - protocol: TCP\n    port: 53\n  - protocol: UDP\n    port: 53',
  },
  'rule-outside-direction': {
    title: 'from, to or ports stands directly in spec.',
    text: `They belong to a rule, and rules are entries of ingress or egress. ${dropped} A direction that has lost its rules admits nothing, or is not isolated at all.`,
    example: 'spec:\n  ingress:\n    - from:\n        - podSelector: {}',
  },
  'selector-operator-invalid': {
    title: 'An expression has an operator that label selectors do not have.',
    text: `There are In, NotIn, Exists and DoesNotExist, and upper and lower case count. ${refused}`,
    example: 'matchExpressions:\n  - key: tier\n    operator: NotIn\n    values: [test]',
  },
  'selector-too-high': {
    title: 'matchLabels stands beside its selector and not in it.',
    text: `The selector above it is then empty, which in a peer is the same as none. Indent matchLabels by two more spaces. Every supported API server refuses a peer that is empty for this reason; elsewhere a server drops the field.`,
    example: 'podSelector:\n  matchLabels:          # further right than podSelector\n    app: web',
  },
  'selector-values-forbidden': {
    title: 'Exists or DoesNotExist has values.',
    text: `They ask whether the key is there, whatever its value. ${refused}`,
    example: 'matchExpressions:\n  - key: team\n    operator: Exists',
  },
  'selector-values-missing': {
    title: 'In or NotIn has no values.',
    text: `They need at least one value; NotIn also matches objects without the key. ${refused}`,
    example: 'matchExpressions:\n  - key: app\n    operator: In\n    values: [web]',
  },
  'unknown-field': {
    title: 'The object has a field that its kind does not know.',
    text: `Often it is misspelled: upper and lower case count. ${dropped} What is left may admit more than was meant.`,
    example: 'from:\n  - ipBlock:            # not ipblock\n      cidr: 10.0.0.0/8',
  },
  'value-not-text': {
    title: 'A value that must be text is a number or a truth value.',
    text: `Labels and names are text. YAML reads 1 as a number and y, n, true, yes, no, on and off as truth values, unless they stand in quotes. ${refused}`,
    example: 'matchLabels:\n  version: "1"\n  enabled: "yes"',
  },
  'wrong-direction': {
    title: 'An ingress rule has to, or an egress rule has from.',
    text: `Ingress rules say whom the selected pods may be reached from, egress rules whom they may reach. ${dropped} A rule that has lost its peers admits everyone.`,
    example: 'egress:\n  - to:\n      - podSelector: {}',
  },
  'wrong-type': {
    title: 'A value has the wrong type.',
    text: `A list, a mapping, text or a number stands where another of them is needed. ${refused}`,
    example: 'ports:\n  - port: 80',
  },
};
