// What stands below the flags of `lab` and its commands.

const labCodes = (yes: string): string => `Exit codes:
  0  ${yes}
  2  not done: wrong flag, no input, no such lab, or a machine without Linux or
     root
`;

const incompleteCode = `  3  incomplete: a part of the input could not be read, or a policy could not be
     expressed, so that its pods are closed (--allow-incomplete: 0)
`;

/** What stands below the flags of the commands of `lab`. */
export const labHelp = {
  lab: (name: string): string => `Examples:
  ${name} lab verify examples/three-tier
  ${name} lab up examples/three-tier
  ${name} lab probe app/frontend app/backend:8080
  ${name} lab down
`,
  up: (name: string): string => `${labCodes('the lab is up')}${incompleteCode}
Examples:
  ${name} lab up examples/three-tier
  ${name} lab up examples/shop --name shop
`,
  apply: (name: string): string => `${labCodes('the lab is what the input says')}${incompleteCode}
Examples:
  ${name} lab apply examples/three-tier
`,
  probe: (name: string): string => `Exit codes:
  0  the kernel did what the engine had said, whether that was yes or no
  1  it did not
  2  not tried: wrong flag, no such lab, an end that is not in it

Examples:
  ${name} lab probe app/frontend app/backend:8080
  ${name} lab probe app/backend app/database udp/5432
`,
  verify: (name: string): string => `Exit codes:
  0  the kernel agrees with the engine on every connection, each that was denied
     is made when the policies are out of the way, and nobody changed the rules
  1  it does not
  2  not verified: wrong flag, no input, no such lab
${incompleteCode}
Examples:
  ${name} lab verify examples/three-tier
  ${name} lab verify --name shop -o json
`,
  exec: (name: string): string => `Exit codes:
  the command's own, and 128 and its number when a signal ended it
  2    no such lab or pod
  126  the command cannot be run
  127  there is no such command on this machine

Examples:
  ${name} lab exec app/frontend -- ip address
  ${name} lab exec -n app frontend -- ip address
  ${name} lab exec shop/web -- curl -m 2 http://db.shop
`,
  status: (name: string): string => `${labCodes('shown')}
Examples:
  ${name} lab status
  ${name} lab status --name shop -o json
`,
  down: (name: string): string => `${labCodes('nothing of the lab is left')}
Examples:
  ${name} lab down
  ${name} lab down --name shop
`,
} as const;
