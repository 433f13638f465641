import type { CodeDoc } from '../raw.ts';

const refused =
  'The CRD refuses the object, so it does not exist for podwall either, and the answer is incomplete.';
const dropped =
  'kubectl refuses the object; with another client a server takes it and drops the field. Podwall reads it as that server does and warns.';
const stored = 'Servers store it all the same, so it is a warning, and the policy counts.';

/** What can be wrong with a policy of policy.networking.k8s.io, beside what can be wrong with any policy. */
export const tierPolicyCodes: Readonly<Record<string, CodeDoc>> = {
  'baseline-name': {
    title: 'A BaselineAdminNetworkPolicy has another name than default.',
    text: `There is one such policy in a cluster, and its name is default. For several write ClusterNetworkPolicies with tier: Baseline. ${refused}`,
    example: 'kind: BaselineAdminNetworkPolicy\nmetadata:\n  name: default',
  },
  'deny-includes-pods': {
    title: 'A Deny of every address denies what goes between pods as well.',
    text: 'Networks match pods and nodes by their addresses, not only what is outside the cluster. A Deny of 0.0.0.0/0 or ::/0 is often written to close the way to the internet: a rule before it has to accept what pods may reach.',
    example:
      'egress:\n  - action: Accept          # before the Deny\n    to: [{namespaces: {}}]\n  - action: Deny\n    to: [{networks: [0.0.0.0/0, "::/0"]}]',
  },
  'domain-name-invalid': {
    title: 'An entry of domainNames is not a name.',
    text: `A name has at least two parts, with dots between them; * may be its first part, for everything below it. Schemes, ports and paths do not belong to it. ${refused}`,
    example: "domainNames:\n  - example.com\n  - '*.example.com'",
  },
  'domain-names-not-accepted': {
    title: 'domainNames stands in a rule that does not accept.',
    text: `The API supports names in rules with Accept (Allow in an AdminNetworkPolicy) only, and the CRD does not ask for it. A Deny of names is easily evaded: names and addresses do not correspond. ${stored}`,
    example: 'egress:\n  - action: Accept\n    to:\n      - domainNames: [example.com]',
  },
  'domain-names-undecided': {
    title: 'Which addresses stand behind a name cannot be decided from files.',
    text: 'A network plugin learns them from answers of DNS while pods ask. Podwall takes it that no address that is known matches, and that any address outside the cluster may.',
    example: "to:\n  - domainNames: ['*.example.com']",
  },
  'experimental-field': {
    title: 'A field of the experimental channel stands in a policy that the standard CRD judges.',
    text: `In the standard channel there are no peers nodes and domainNames, and in AdminNetworkPolicy and BaselineAdminNetworkPolicy no namedPort. A server drops them, and an empty peer is left, which it refuses. --cnp-channel says which channel is installed; experimental is assumed.`,
    example: 'podwall map --cnp-channel experimental manifests/',
  },
  'field-misplaced': {
    title: 'A field stands at another place than the API has it.',
    text: `Rules are entries of ingress and egress, peers entries of from and to, and ports entries of protocols (ports in the kinds before ClusterNetworkPolicy), in which a destinationPort holds the numbers. ${dropped}`,
    example:
      'egress:\n  - action: Accept\n    to:\n      - namespaces: {}\n    protocols:\n      - tcp:\n          destinationPort:\n            number: 443',
  },
  'field-missing': {
    title: 'A field that the API needs is not there.',
    text: `The message names the field. A ClusterNetworkPolicy needs tier, priority and subject, a rule its action and its peers; there is no shorthand for everyone. In a policy of policy.networking.k8s.io a field without value is dropped, and the same as none. No server takes the object, so it was left out and the answer is incomplete.`,
    example: 'spec:\n  tier: Admin\n  priority: 10\n  subject:\n    namespaces: {}',
  },
  'field-of-other-kind': {
    title: 'A field belongs to another kind of policy.',
    text: `NetworkPolicy has podSelector, ipBlock, ports and policyTypes; ClusterNetworkPolicy has subject, pods, networks and protocols; AdminNetworkPolicy has ports with portNumber, portRange and namedPort. ${dropped} A rule that has lost its ports is for every port.`,
    example: 'protocols:                # not ports\n  - tcp:\n      destinationPort:\n        number: 80',
  },
  'label-null': {
    title: 'A label of a selector has no value at all.',
    text: `A server drops it: the selector no longer asks for the label, and matches more than was meant, perhaps everything. ${stored}`,
    example: 'namespaces:\n  matchLabels:\n    team: ""            # the empty value, which is one',
  },
  'list-empty': {
    title: 'A list has no entry, and needs one.',
    text: `from and to need a peer: there is no shorthand for everyone. protocols is left out where every protocol is meant. ${refused}`,
    example: 'from:\n  - namespaces: {}',
  },
  'list-too-long': {
    title: 'A list has more entries than the API allows.',
    text: `The message names the list and its limit. A ClusterNetworkPolicy has up to 25 rules in each direction, with up to 25 peers and protocols each, the kinds before it 100. networks and domainNames have up to 25 entries. No server takes the object, so it was left out and the answer is incomplete.`,
    example: 'to:\n  - networks: [10.0.0.0/16]\n  - networks: [10.1.0.0/16]',
  },
  'named-port-with-addresses': {
    title: 'A rule to networks, nodes or names has a port with a name.',
    text: 'The name of a port is looked up at the pod that a connection goes to, and only pods have ports with names. The experimental CRD refuses the object: it does not exist, and the answer is incomplete. The standard CRD takes it; then the entry matches the pods among the peers.',
    example:
      'egress:\n  - action: Accept\n    to: [{networks: [10.0.0.0/8]}]\n    protocols: [{tcp: {destinationPort: {number: 443}}}]',
  },
  'network-host-bits': {
    title: 'A network has bits set behind its length.',
    text: `10.0.0.5/8 is read as 10.0.0.0/8. If the one address is meant, write 10.0.0.5/32. ${stored}`,
    example: 'networks:\n  - 10.0.0.0/8',
  },
  'network-twice': {
    title: 'Two entries of networks are the same addresses in different spelling.',
    text: `Only equal texts are refused. One of them does nothing, and often another block was meant. ${stored}`,
    example: 'networks:\n  - 10.0.0.0/8\n  - 10.1.0.0/8          # the same as 10.0.0.0/8',
  },
  'number-quoted': {
    title: 'A number stands in quotes.',
    text: `With quotes it is text. ${refused}`,
    example: 'priority: 10            # not "10"',
  },
  'one-field-missing': {
    title: 'One of several fields is needed, and none is there.',
    text: `A subject, a peer and an entry of ports say with their field what they are. A field without value (namespaces: and nothing below it) is dropped; the selector that matches everything is {}. tcp without a destinationPort is refused: every port is the range from 1 to 65535. ${refused} Of a stored object, the whole rule fails closed.`,
    example: 'to:\n  - namespaces: {}      # all pods',
  },
  'one-field-only': {
    title: 'Several fields stand where one may be.',
    text: `A subject, a peer and an entry of ports have exactly one field each. Two entries, with a dash each, are for both. ${refused}`,
    example:
      'to:\n  - pods:               # some pods of some namespaces\n      namespaceSelector: {matchLabels: {team: blue}}\n      podSelector: {matchLabels: {app: db}}\n  - networks: [10.0.0.0/8]',
  },
  'peer-not-allowed-here': {
    title: 'A subject, or a peer of ingress, names addresses.',
    text: `Both are namespaces or pods. What comes from nodes, from host-network pods or from outside the cluster is decided by NetworkPolicies alone. ${refused}`,
    example: 'ingress:\n  - action: Deny\n    from:\n      - namespaces: {}',
  },
  'port-matches-nothing': {
    title: 'An entry of ports can match nothing.',
    text: `A range that ends before it begins, a protocol other than TCP, UDP and SCTP, or a name that no port of a container can have. ${stored}`,
    example: 'ports:\n  - portRange: {start: 8000, end: 9000}',
  },
  'port-range-empty': {
    title: 'A range of ports does not begin below its end.',
    text: `start is the first port and end the last. One port is a number. ${refused}`,
    example: 'destinationPort:\n  range:\n    start: 8000\n    end: 9000',
  },
  'priority-out-of-range': {
    title: 'A priority is not between 0 and 1000.',
    text: `The lower one is asked first. ${refused}`,
    example: 'priority: 100',
  },
  'rule-fails-closed': {
    title: 'A part of a rule is not understood, so the whole rule fails closed.',
    text: 'A peer without a field that this API knows (a newer one, or of the experimental channel), a selector that cannot be read, or an entry of ports of unknown kind: a rule with Accept (Allow) then accepts nothing, and one with Deny or Pass denies everything in its direction, as the API asks for.',
    example: 'to:\n  - namespaces:\n      matchExpressions: [{key: team, operator: Exists}]',
  },
  'rule-matches-nothing': {
    title: 'A rule matches nothing, for none of its ports can match.',
    text: `Every entry of its ports is one that can match nothing; those are told one by one. ${stored}`,
    example: 'protocols:\n  - destinationNamedPort: http',
  },
  'selector-unreadable': {
    title: 'A selector asks for what no label can be.',
    text: 'The CRD looks at the types in a selector and not at operators, keys and values, so it stores what a NetworkPolicy would be refused for. No implementation can read it: as a peer it makes its rule fail closed, as a subject it selects nobody.',
    example: 'matchExpressions:\n  - key: app\n    operator: In\n    values: [web]',
  },
  'subject-selects-nobody': {
    title: 'The subject of a policy selects no pod of the input.',
    text: 'Nothing is decided by it, until pods or namespaces with these labels come. Host-network pods are never subject to such a policy. Look for a misspelt label, or add the Namespace objects: of a namespace that is only mentioned, podwall knows the name alone.',
    example: 'subject:\n  namespaces:\n    matchLabels:\n      kubernetes.io/metadata.name: shop',
  },
  'subject-unusable': {
    title: 'Nobody can tell whom a policy is for.',
    text: 'The subject has a selector that cannot be read, or no field that this API knows. The policy selects nobody. As it was meant for someone, the answer is incomplete.',
    example: 'subject:\n  namespaces:\n    matchLabels:\n      team: blue',
  },
  'text-too-long': {
    title: 'A text is longer than the API allows.',
    text: `The name of a rule has at most 100 characters, an entry of networks 43. ${refused}`,
    example: 'name: accept-dns',
  },
  'value-unknown': {
    title: 'A value is none of those that the API knows.',
    text: `Only the words of the hint or message may stand there, and upper and lower case count. A tier is Admin or Baseline. An action is Accept, Deny or Pass in a ClusterNetworkPolicy, Allow, Deny or Pass in an AdminNetworkPolicy, Allow or Deny in a BaselineAdminNetworkPolicy. No server takes the object, so it was left out and the answer is incomplete.`,
    example: 'tier: Admin\negress:\n  - action: Accept',
  },
  'value-twice': {
    title: 'A value stands twice in a list that is a set.',
    text: `networks and domainNames are sets of texts. ${refused}`,
    example: 'networks:\n  - 10.0.0.0/8',
  },
};
