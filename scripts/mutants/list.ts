/** One way to break the engine. */
export interface Mutant {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** What is wrong then, in the words of the specification. */
  readonly why: string;
}

/** Each must make some test fail. */
export const mutants: readonly Mutant[] = [
  {
    file: 'src/manifest/network-policy/read.ts',
    find: 'return { ingress: true, egress: hasEgress };',
    replace: 'return { ingress: true, egress: egress !== undefined };',
    why: 'an empty egress list isolates egress (corner 4)',
  },
  {
    file: 'src/manifest/network-policy/read.ts',
    find: "if (type === 'Ingress') types.ingress = true;",
    replace: "if (type === 'Ingress') types.ingress = types.egress = true;",
    why: 'policyTypes are not taken literally (corner 5)',
  },
  {
    file: 'src/manifest/network-policy/read.ts',
    find: 'if (raw === null || raw === undefined) return emptyRule;',
    replace: 'if (raw === null || raw === undefined) return closedRule;',
    why: 'a null rule admits nobody (corner 9)',
  },
  {
    file: 'src/manifest/network-policy/read.ts',
    find: "? { kind: 'oneOf', peers } : anyPeer;",
    replace: "? { kind: 'oneOf', peers } : { kind: 'oneOf', peers: [noPeer] };",
    why: 'an empty from means nobody (corner 10)',
  },
  {
    file: 'src/manifest/network-policy/read.ts',
    find: 'const namespaces = hasNamespaces ?',
    replace: 'const namespaces = hasNamespaces && !hasPods ?',
    why: 'both selectors in one peer look in the own namespace (corner 12)',
  },
  {
    file: 'src/manifest/network-policy/read.ts',
    find: "return { kind: 'ipBlock', cidr, except };",
    replace: "return { kind: 'ipBlock', cidr, except: except.slice(1) };",
    why: 'the first except is forgotten (corner 14)',
  },
  {
    file: 'src/manifest/network-policy/read.ts',
    find: "let protocol: Protocol = 'TCP';",
    replace: "let protocol: Protocol = 'UDP';",
    why: 'a port without protocol is UDP (corner 26)',
  },
  {
    file: 'src/manifest/network-policy/read.ts',
    find: "return { kind: 'range', protocol, from: port, to };",
    replace: "return { kind: 'range', protocol, from: port, to: port };",
    why: 'endPort is overlooked (corner 31)',
  },
  {
    file: 'src/net/cidr.ts',
    find: 'if (cut.last >= next) next = cut.last + 1n;',
    replace: 'if (cut.last >= next) next = cut.last;',
    why: 'the last address of an except stays in the block (corner 14)',
  },
  {
    file: 'src/net/cidr.ts',
    find: 'if (given >= 96) prefix = given - 96;',
    replace: 'if (given > 96) prefix = given - 96;',
    why: '::ffff:0:0/96 is no IPv4 block (corner 37)',
  },
  {
    file: 'src/net/ports.ts',
    find: 'last.to = Math.max(last.to, range.to);',
    replace: 'last.to = range.to;',
    why: 'a range that lies in another cuts it short',
  },
  {
    file: 'src/net/ports.ts',
    find: 'const to = Math.min(x.to, y.to);',
    replace: 'const to = Math.max(x.to, y.to);',
    why: 'the intersection of ranges reaches beyond one of them',
  },
  {
    file: 'src/policy/labels.ts',
    find: 'return among ? no : yes;',
    replace: 'return among || !present ? no : yes;',
    why: 'NotIn does not match without the key (corner 18)',
  },
  {
    file: 'src/policy/labels.ts',
    find: 'return present ? no : yes;',
    replace: 'return present ? yes : no;',
    why: 'DoesNotExist asks for the key (corner 18)',
  },
  {
    file: 'src/policy/labels.ts',
    find: 'codes[length++] = key.values.get(value) ?? key.other;',
    replace: 'if (key.values.has(value)) codes[length++] = key.values.get(value) ?? key.other;',
    why: 'a key with a value that no selector mentions is taken as absent',
  },
  {
    file: 'src/policy/labels.ts',
    find: "`${key}${operator}${values.join(',')}`",
    replace: "`${key}${values.join(',')}`",
    why: 'In and NotIn of the same values are one selector',
  },
  {
    file: 'src/policy/port-table.ts',
    find: 'const key = `${protocol}/${name}`;',
    replace: 'const key = `TCP/${name}`;',
    why: 'a named port forgets its protocol (corner 28)',
  },
  {
    file: 'src/policy/port-table.ts',
    find: 'map.set(id, (map.get(id) ?? PortSet.none).union(PortSet.range(protocol, port, port)));',
    replace: 'map.set(id, PortSet.range(protocol, port, port));',
    why: 'a name that stands for several numbers means the last (corner 28)',
  },
  {
    file: 'src/policy/port-table.ts',
    find: 'map.get(name) ?? nothing',
    replace: 'map.get(name) ?? everything',
    why: 'a named port that a pod lacks means every port (corner 29)',
  },
  {
    file: 'src/policy/classes.ts',
    find: 'const key = ((namespaces[i]! + 1) * (labelTable.setCount + 1) + sets[i]! + 1) * aux.size + auxOf[i]!;',
    replace: 'const key = (sets[i]! + 1) * aux.size + auxOf[i]!;',
    why: 'pods of different namespaces are one class (corner 8)',
  },
  {
    file: 'src/policy/classes.ts',
    find: 'let key = portMaps[i]!;',
    replace: 'let key = 0;',
    why: 'pods that resolve a name differently are one class (corner 28)',
  },
  {
    file: 'src/policy/classes.ts',
    find: 'bits === 0 ? familyBits.IPv4 | familyBits.IPv6 : bits',
    replace: 'bits === 0 ? familyBits.IPv4 : bits',
    why: 'a pod without address has one family (corner 39)',
  },
  {
    file: 'src/policy/classes.ts',
    find: '+= pod.replicas;',
    replace: '+= 1;',
    why: 'a template counts as one pod',
  },
  {
    file: 'src/policy/classes.ts',
    find: 'key = key * span + 1 + (cellOfPart[family].get(parts[family][i]!) ?? -1);',
    replace: 'key = key * span;',
    why: 'pods are one class wherever their addresses are (corner 34)',
  },
  {
    file: 'src/policy/classes.ts',
    find: "return pod.hostNetwork && profile.hostNetworkPods === 'node';",
    replace: "return pod.hostNetwork && profile.hostNetworkPods === 'pod';",
    why: 'policies select host-network pods (corner 44)',
  },
  {
    file: 'src/policy/class-index.ts',
    find: 'this.#ofSet[set]!.filter((c) => mask[this.#classes.namespace[c]!] === 1),',
    replace: 'this.#ofSet[set]!,',
    why: 'a wide peer forgets its namespace selector (corner 12)',
  },
  {
    file: 'src/policy/class-index.ts',
    find: 'namespace !== own) return no;',
    replace: 'namespace !== own && namespace < 0) return no;',
    why: 'a peer without namespaceSelector reaches into other namespaces (corner 12)',
  },
  {
    file: 'src/policy/class-index.ts',
    find: 'this.#ofBoth.get(namespace * 0x800_0000 + set) ?? []',
    replace: 'this.#ofSet[set]!',
    why: 'in large namespaces policies select pods of others (corner 7)',
  },
  {
    file: 'src/policy/compile.ts',
    find: 'if (rules !== undefined) this.#gathered.add(rules, unsure);',
    replace: 'this.#gathered.add(rules ?? [], unsure);',
    why: 'a policy isolates a direction that it does not list (corner 1)',
  },
  {
    file: 'src/policy/compile.ts',
    find: 'lists = [Array.from(peers, (peer) => ({ peers: [peer], spec: specs.specOf(peer) }))];',
    replace: 'lists = [Array.from(peers, (peer) => ({ peers: [peer], spec: specs.specOf(peer) })).slice(1)];',
    why: 'of many policies that select the same pods the first peer is lost (corner 2)',
  },
  {
    file: 'src/policy/class-rules.ts',
    find: 'for (const [peer, specs] of this.#several) this.#specOf[peer] = this.#ports.specUnionOf(specs);',
    replace: '',
    why: 'of several rules for one peer the last one wins (corner 2)',
  },
  {
    file: 'src/policy/class-rules.ts',
    find: 'if (specs.specOf(anyPeer) === everything) {',
    replace: 'if (specs.specOf(anyPeer) !== nothing) {',
    why: 'one port for every peer opens all ports (corner 11)',
  },
  {
    file: 'src/policy/class-rules.ts',
    find: "if (unsure && this.#assume === 'closed') return;",
    replace: '',
    why: 'a policy that may not select the pod admits (corner 23)',
  },
  {
    file: 'src/policy/compiled-policy.ts',
    find: "&& from.pod.replicas === 1)\n      return 'self';",
    replace: ")\n      return 'self';",
    why: 'replicas of a template are the same pod (corner 41)',
  },
  {
    file: 'src/policy/compiled-policy.ts',
    find: "if (fromHost !== undefined && to.kind === 'pod' && to.pod.node === fromHost) return 'node';",
    replace: "if (fromHost !== undefined && to.kind === 'pod') return 'node';",
    why: "every node is exempt, not only the pod's own (corner 42)",
  },
  {
    file: 'src/policy/compiled-policy.ts',
    find: 'if (c < 0) return no; // corners 13 and 44: neither addresses nor nodes, nor pods that are their node',
    replace: 'if (c < 0) return yes;',
    why: 'selectors match addresses and nodes (corners 13 and 44)',
  },
  {
    file: 'src/policy/compiled-policy.ts',
    find: 'if (!ports.set(set).has(protocol, port)) continue;',
    replace: '',
    why: 'a decision names a rule of another port',
  },
  {
    file: 'src/policy/compiled-policy.ts',
    find: "if (entry.kind === 'range') return entry.from <= port && port <= entry.to;",
    replace: "if (entry.kind === 'range') return entry.from <= port;",
    why: 'a decision names the wrong port entry',
  },
  {
    file: 'src/policy/outside.ts',
    find: 'push(starts[family], last + 1n, -set);',
    replace: 'push(starts[family], last, -set);',
    why: 'the last address of a block is outside of it',
  },
  {
    file: 'src/policy/outside.ts',
    find: 'if (open.get(set) === 0) open.delete(set);',
    replace: '',
    why: 'a block that has ended goes on outside',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'totals.add(this.block(row, this.columnOf[s]!), -weightOf[s]!);',
    replace: '',
    why: 'a pod and itself are counted as a pair',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'const pairs = (s === d ? weight - 1 : weight) * weightOf[d]!;',
    replace: 'const pairs = weight * weightOf[d]!;',
    why: 'a correction within a class counts a pod and itself',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'for (const toHost of [true, false]) {',
    replace: 'for (const toHost of [true]) {',
    why: 'a pod does not reach its own node (corner 42)',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'named ? classes.portMap : undefined',
    replace: 'undefined',
    why: 'egress resolves a name alike on all destinations (corner 28)',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'ingress4[d] = ports.union(ingress4[d]!, admitted);',
    replace: 'ingress4[d] = admitted;',
    why: 'of several narrow rules only the last one admits (corner 2)',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'const set = named ? this.#resolve(spec, peer, d) : fixed;',
    replace: 'const set = fixed;',
    why: 'a named port in a narrow egress rule means nothing (corner 28)',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'if (!single && (lanes & 2) !== 0) egress6[d] = ports.union(egress6[d]!, set);',
    replace: '',
    why: 'a narrow egress rule admits IPv4 alone (corner 37)',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'if (out === nothing) return nothing;\n    return ports.intersect(',
    replace: 'if (out === nothing) return everything;\n    return ports.intersect(',
    why: 'a closed egress side opens the pair (corner 3)',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'return this.#parts.ports.intersect(\n      out,\n      this.#denseAt(',
    replace: 'return this.#parts.ports.union(\n      out,\n      this.#denseAt(',
    why: 'one open side is enough (corner 3)',
  },
  {
    file: 'src/policy/matrix.ts',
    find: 'masks[peer] = familyBits[blocks.block(definition.block).family];',
    replace: 'masks[peer] = 3;',
    why: 'a block of one family admits the other (corner 37)',
  },
  {
    file: 'src/policy/live/live-matrix.ts',
    find: 'this.totals.add(self, by, by - 1);',
    replace: '',
    why: 'pods that come to a class are not counted as pairs among themselves',
  },
  {
    file: 'src/policy/live/live-matrix.ts',
    find: 'this.totals.add(self, -sign * weight, weight + 1)',
    replace: 'this.totals.add(self, -sign, weight)',
    why: 'pairs of a class with itself are counted as source and again as destination',
  },
  {
    file: 'src/policy/live/live-matrix.ts',
    find: 'if (row) this.#addExempt(c, other, sign * pairs);',
    replace: '',
    why: 'a policy that comes later takes the exemption of the own node away (corner 42)',
  },
  {
    file: 'src/policy/live/namespaces.ts',
    find: 'const labels = given.get(nameLabel) === name ? given : new Map(given).set(nameLabel, name);',
    replace: 'const labels = given;',
    why: 'a namespace that is only mentioned lacks its name label (corner 22)',
  },
  {
    file: 'src/policy/live/engine.ts',
    find: 'this.selectors.renew();',
    replace: '',
    why: 'label sets are asked about while they are only partly parted',
  },
  {
    file: 'src/policy/live/difference.ts',
    find: 'const rest = group.classes.filter((c) => !special.has(c));',
    replace: 'const rest = group.classes;',
    why: 'what a change opens is told twice where few classes are concerned',
  },
  {
    file: 'src/policy/live/findings.ts',
    find: 'apart(hosts, own, (some, rest) => add(rest, some));',
    replace: 'add(own, hosts);',
    why: 'a change is said to close what the own node is exempt from (corner 42)',
  },
];
