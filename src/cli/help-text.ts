/** The formats of `-o`, by command; the first is the default. */
export const outputFormats = {
  map: [
    'table',
    'wide',
    'matrix',
    'json',
    'yaml',
    'csv',
    'md',
    'dot',
    'mermaid',
    'np-guard-txt',
    'np-guard-json',
    'np-guard-csv',
  ],
  explain: ['text', 'json', 'yaml'],
  can: ['text', 'json', 'yaml'],
  exposure: ['table', 'json', 'md', 'dot', 'sarif'],
  nft: ['text', 'json'],
  'lab up': ['text'],
  'lab apply': ['text'],
  'lab probe': ['text', 'json'],
  'lab verify': ['text', 'json'],
  'lab status': ['table', 'json'],
  'lab down': ['text'],
  profiles: ['table', 'json', 'md'],
} as const satisfies Record<string, readonly string[]>;

/** `podwall --help`: one screen of 80 columns and 24 lines. */
export function formatRootHelp(name: string): string {
  return `podwall shows who can talk to whom in a Kubernetes cluster, and why.
Usage: ${name} COMMAND [flags]
See:
  map [PATH...]             all allowed connections, and what nothing isolates
  explain FROM [TO[:PORT]]  whether one can reach the other, and what decides it
  can FROM TO PORT          yes or no, also as the exit code
  exposure [WORKLOAD...]    who could reach them, beyond the pods that exist

Enforce:
  nft [PATH...]             the nftables rules for a node
  lab COMMAND               pods as namespaces here, tried with real packets

Help:
  help [COMMAND|CODE]       help on a command, or on the code of an error
  profiles [PROFILE...]     what plugins make of what the API leaves open
  completion SHELL          completion for bash, zsh or fish

Examples:
  ${name} map examples/three-tier
  ${name} explain app/backend app/database:5432 -f examples/three-tier
  kubectl get pods,ns,netpol -A -o json | ${name} map -
Flags of a command: ${name} COMMAND --help; the version: ${name} --version
Documentation: https://github.com/podwall/podwall#readme
`;
}

const ends = `Ends:
  shop/web              a pod or a workload; with -n shop also web
  shop/deploy/web       the same by kind: po, deploy, sts, ds, rs, rc, job, cj
  shop/svc/web          a Service: its endpoints, on the Service's own ports
  shop/*                all pods of a namespace
  app=web               all pods with this label
  10.0.0.7, 10.0.0.0/8  a pod or node that has this address, else outside
  internet              every address outside of the cluster
  node, node/NAME       all nodes, or one
  ingress/shop/front    as FROM: an Ingress by its controller; gateway/ and
                        route/ too, and a Service that takes clients in
`;

const ports = `Ports:
  5432, udp/53, sctp/9000, 8000-8080, a name such as http, several by comma;
  TCP unless it says otherwise. Behind an IPv6 address: [fd00::1]:udp/53
`;

const profiles = `Profiles:
  upstream  the reading of Kubernetes' own end-to-end tests (default)
  np-guard  the reading of that tool: ipBlocks match no pod, and host-network
            and finished pods are pods like any other
  calico, cilium, ovn-kubernetes, antrea, kube-network-policies, aws-vpc-cni,
  kube-router: what is known of these plugins
`;

const document = (kind: string): string => `  json, yaml  the answer as a document of kind ${kind}`;

/** What stands below the flags of `map --help`. */
export function mapHelp(name: string): string {
  return `-f, --from, --to, --peer and --port may be repeated. What END, PORT and profiles
are: ${name} help explain

Formats of -o:
  table       grouped, for reading (default)
  wide        one line for each connection, nothing left out
  matrix      who may reach whom as a grid
  json, yaml  a ConnectivityMap, or with --count a ConnectivityCount
  csv, md     tables for a spreadsheet or for Markdown
  dot         a graph for Graphviz
  mermaid     a graph for Markdown that draws Mermaid
  np-guard-txt, np-guard-json, np-guard-csv
              what netpol-analyzer list writes; see --profile np-guard

Exit codes:
  0  answered, also when nothing is allowed
  1  two profiles differ (--compare-profiles)
  2  not answered: wrong flag, no input, no object in it
  3  incomplete: a part of the input could not be read (--allow-incomplete: 0)

Examples:
  ${name} map examples/three-tier
  ${name} map examples/shop --to payments/gateway -o wide --explain
`;
}

/** What stands below the flags of `explain --help`. */
export function explainHelp(name: string): string {
  return `${ends}
${ports}
${profiles}
Formats of -o:
  text        for reading (default)
${document('Explanation')}

${verdictCodes('allowed, or one end that was explained')}
Examples:
  ${name} explain app/backend app/database:5432 -f examples/three-tier
  ${name} explain shop/orders -f examples/shop
`;
}

/** What stands below the flags of `can --help`. */
export function canHelp(name: string): string {
  return `${ends}
${ports}
${profiles}
Formats of -o:
  text        one line (default)
${document('Explanation, without the walk')}

${verdictCodes('yes')}
Examples:
  ${name} can app/frontend app/backend 8080 -f examples/three-tier
  ${name} can internet bank/bankapp 80 -f examples/bank || echo closed
`;
}

function verdictCodes(yes: string): string {
  return `Exit codes:
  0  ${yes}
  1  no, or only some of the pods, addresses or ports
  2  not answered: wrong flag, no input, an end that is not in it
  3  incomplete: input that could not be read, labels that nobody can know, or
     policies of another kind at an end (--allow-incomplete: the answer's own)
`;
}

/** What stands below the flags of `exposure --help`. */
export function exposureHelp(name: string): string {
  return `WORKLOAD is an end as in: ${name} help explain

Formats of -o:
  table  for reading (default)
  json   the answer as a document of kind ExposureReport
  md     a table for Markdown
  dot    a graph for Graphviz
  sarif  findings for code scanning (SARIF 2.1.0)

Exit codes:
  0  answered, whoever is exposed to whom
  2  not answered: wrong flag, no input, a workload that is not in it
  3  incomplete: a part of the input could not be read or decided
     (--allow-incomplete: 0)

Examples:
  ${name} exposure examples/three-tier
  ${name} exposure app/database -f examples/three-tier --direction ingress
`;
}

/** What stands below the flags of `nft --help`. */
export function nftHelp(name: string): string {
  return `Formats of -o:
  text  for nft -f, with the file and line of each rule as a comment (default)
  json  for nft -j -f

Exit codes:
  0  printed
  2  not printed: wrong flag, no input, a node that is not in it
  3  incomplete: a part of the input could not be read, or a policy could not be
     expressed, so that its pods are closed (--allow-incomplete: 0)

Examples:
  ${name} nft examples/three-tier
  ${name} nft examples/shop/cluster-dump.yaml --node node-1 -o json
`;
}

/** What stands below the flags of `profiles --help`. */
export function profilesHelp(name: string): string {
  return `Formats of -o:
  table  who reads what otherwise; of one profile, every cell and its source
  json   a ProfileTable, with every cell
  md     a table for Markdown, with every cell

Exit codes:
  0  printed
  2  not printed: wrong flag, no such profile

Examples:
  ${name} profiles
  ${name} profiles cilium
`;
}

/** What stands below `help --help`. */
export function helpOfHelp(name: string): string {
  return `Examples:
  ${name} help map
  ${name} help yaml-syntax
`;
}

/** What stands below `completion --help`. */
export function completionHelp(name: string): string {
  return `In bash, now and in ~/.bashrc:
  source <(${name} completion bash)
In zsh, now and in ~/.zshrc, behind compinit:
  source <(${name} completion zsh)
In fish:
  ${name} completion fish > ~/.config/fish/completions/podwall.fish
`;
}
