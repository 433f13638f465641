// Explanations built by hand around real lines of text.
import type { NetworkPolicy, Origin, Place } from '../../src/model/index.ts';
import { PortSet } from '../../src/net/index.ts';
import type { Explanation, LabelCheck, PolicyCheck, SideExplanation } from '../../src/reach/index.ts';

const text = `kind: NetworkPolicy
metadata:
  name: default-deny-all
spec:
  podSelector: {}
---
kind: NetworkPolicy
metadata:
  name: allow-backend-to-db
spec:
  podSelector:
    matchLabels:
      app: database
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: backend
    ports:
    - port: 5432
  # Not for humans \u001b[31m and not for \u202eesrever
  - from:
    - ipBlock:
        cidr: 10.0.0.0/8
        except: [10.1.0.0/16]
`;

export function originOf(file: string, source: string | undefined): Origin {
  const lines = source?.split('\n');
  return {
    file,
    locate: () => ({ file, line: 1, column: 1 }),
    locateKey: () => ({ file, line: 1, column: 1 }),
    lines: (from, to) => lines?.slice(from - 1, to),
    endLine: () => undefined,
  };
}

const at = (line: number, column = 1): Place => ({ file: 'policies.yaml', line, column });

export function policyOf(name: string, source: string | undefined = text, namespace = 'app'): NetworkPolicy {
  return {
    ref: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace, name },
    origin: originOf('policies.yaml', source),
    namespace,
    name,
    podSelector: { requirements: [] },
    ingress: { kind: 'isolates', rules: [] },
    egress: { kind: 'unaffected' },
  };
}

const wantsBackend: LabelCheck = {
  of: 'pod',
  key: 'app',
  wants: 'app=backend',
  has: 'frontend',
  holds: false,
  place: at(18, 11),
};

export const denyAll: PolicyCheck = {
  policy: policyOf('default-deny-all'),
  effect: 'doesNotAdmit',
  summary: 'admits nothing',
  rules: [],
  place: at(1),
};

/** The policy of the database, asked about the frontend: one label fails, then an ipBlock. */
export function databasePolicy(source?: string): PolicyCheck {
  return {
    policy: policyOf('allow-backend-to-db', source ?? text),
    effect: 'doesNotAdmit',
    summary: 'does not admit it: the peer',
    rules: [
      {
        rule: 0,
        admits: false,
        peers: [
          {
            peer: 0,
            matches: false,
            kind: 'pods',
            text: 'pods with app=backend',
            namespaceMatches: true,
            labels: [wantsBackend],
            reason: 'frontend has app=frontend',
            place: at(16, 7),
          },
        ],
        ports: [{ port: 0, matches: true, text: 'TCP 5432', reason: undefined, place: at(20, 7) }],
        place: at(15, 5),
        endLine: 20,
      },
      {
        rule: 1,
        admits: false,
        peers: [
          {
            peer: 0,
            matches: false,
            kind: 'ipBlock',
            text: '10.0.0.0/8 except 10.1.0.0/16',
            namespaceMatches: true,
            labels: [],
            reason: '10.1.2.3 is in except 10.1.0.0/16',
            place: at(23, 7),
          },
        ],
        ports: [],
        place: at(22, 5),
        endLine: 25,
      },
    ],
    place: at(7),
  };
}

export const openSide = (direction: 'egress' | 'ingress', subject: string): SideExplanation => ({
  direction,
  subject,
  isolated: false,
  state: 'open',
  exempt: undefined,
  tiers: [],
  networkPoliciesAsked: true,
  policies: [],
  allowed: PortSet.all,
});

export function explanationOf(parts: Partial<Explanation>): Explanation {
  return {
    profile: 'upstream',
    from: 'app/frontend',
    to: 'app/database',
    port: 'TCP 5432',
    verdict: 'denied',
    sentence:
      'app/frontend cannot reach app/database on TCP 5432: the database admits only pods with app=backend',
    egress: openSide('egress', 'app/Deployment/frontend'),
    ingress: {
      direction: 'ingress',
      subject: 'app/Deployment/database',
      isolated: true,
      state: 'closed',
      exempt: undefined,
      tiers: [],
      networkPoliciesAsked: true,
      policies: [denyAll, databasePolicy()],
      allowed: PortSet.none,
    },
    allowed: PortSet.none,
    nearest: [],
    notes: [],
    notModelled: [],
    diagnostics: [],
    ...parts,
  };
}

/** The frontend asks for the database. */
export function denied(): Explanation {
  return explanationOf({
    nearest: [
      {
        direction: 'ingress',
        change: 'in policies.yaml:18 admit app in (backend, frontend)',
        place: at(18, 11),
        patch: ['matchExpressions:', '- {key: app, operator: In, values: [backend, frontend]}'],
        alsoOpens: [],
        distance: 1,
      },
      {
        direction: 'ingress',
        change: 'drop the podSelector in policies.yaml:16',
        place: at(16, 7),
        patch: undefined,
        alsoOpens: Array.from({ length: 6 }, (_, i) => ({
          from: `app/Deployment/w${i}`,
          to: 'app/Deployment/database',
          allowed: { TCP: [[5432, 5432]] },
        })),
        distance: 2,
      },
    ],
  });
}

/** The frontend asks for the backend, which admits it. */
export function allowed(): Explanation {
  const admitting: PolicyCheck = {
    ...databasePolicy(),
    policy: policyOf('allow-frontend-to-backend'),
    effect: 'admits',
    summary: 'rule 1',
    rule: 0,
    peer: 0,
    port: 0,
    place: at(16, 5),
  };
  return explanationOf({
    to: 'app/backend',
    port: 'TCP 8080',
    verdict: 'allowed',
    sentence: 'app/frontend can reach app/backend on TCP 8080',
    ingress: {
      direction: 'ingress',
      subject: 'app/Deployment/backend',
      isolated: true,
      state: 'open',
      exempt: undefined,
      tiers: [],
      networkPoliciesAsked: true,
      policies: [denyAll, admitting],
      allowed: PortSet.range('TCP', 8080, 8080),
    },
    allowed: PortSet.range('TCP', 8080, 8080),
    notes: ['app/frontend cannot reach the DNS of the cluster, so it may not find the name backend'],
  });
}

/** One end: what selects the database, and what that admits. */
export function oneEnded(): Explanation {
  return explanationOf({
    from: 'app/database',
    to: undefined,
    port: undefined,
    verdict: 'partly',
    sentence:
      '2 policies select app/database: it takes connections from 1 workload and opens them to everyone',
    egress: openSide('egress', 'app/Deployment/database'),
    ingress: {
      ...explanationOf({}).ingress,
      state: 'partly',
      tiers: [],
      networkPoliciesAsked: true,
      policies: [
        denyAll,
        { ...databasePolicy(), effect: 'admits', summary: 'admits app=backend on TCP 5432', rule: 0 },
      ],
      allowed: PortSet.range('TCP', 5432, 5432),
    },
    allowed: PortSet.range('TCP', 5432, 5432),
  });
}

/** Labels that files cannot tell, and a policy that podwall does not model. */
export function unknown(): Explanation {
  const check = databasePolicy();
  const [first] = check.rules;
  return explanationOf({
    from: 'app/ReplicaSet/web-5d8f',
    egress: openSide('egress', 'app/ReplicaSet/web-5d8f'),
    verdict: 'unknown',
    sentence: 'it cannot be told whether app/web-5d8f can reach app/database on TCP 5432',
    ingress: {
      ...explanationOf({}).ingress,
      state: 'unknown',
      tiers: [],
      networkPoliciesAsked: true,
      policies: [
        {
          ...check,
          effect: 'unknown',
          summary: 'depends on pod-template-hash',
          rules:
            first === undefined
              ? []
              : [
                  {
                    ...first,
                    admits: 'unknown',
                    peers: first.peers.map((peer) => ({
                      ...peer,
                      matches: 'unknown',
                      labels: [
                        { ...wantsBackend, holds: 'unknown' },
                        { ...wantsBackend, of: 'namespace', key: 'team', has: undefined, place: at(17) },
                      ],
                    })),
                  },
                ],
        },
      ],
    },
    notModelled: [
      {
        apiVersion: 'projectcalico.org/v3',
        kind: 'GlobalNetworkPolicy',
        name: 'quarantine',
        affects: ['app/Deployment/database'],
        file: 'calico.yaml',
        line: 7,
      },
    ],
  });
}

/** Ten policies in one line of JSON, a very long name, and two sides closed. */
export function crowded(): Explanation {
  const long = 'a-very-long-namespace-name-of-some-platform-team/the-even-longer-name-of-a-workload-in-it';
  const name = (i: number): string => `policy-with-a-name-that-goes-on-and-on-and-on-for-a-while-number-${i}`;
  const side = explanationOf({}).ingress;
  return explanationOf({
    from: long,
    to: `${long}-2`,
    verdict: 'denied',
    sentence: `${long} cannot reach ${long}-2 on TCP 5432: nothing admits it`,
    egress: { ...side, direction: 'egress', subject: long },
    ingress: {
      ...side,
      subject: `${long}-2`,
      tiers: [],
      networkPoliciesAsked: true,
      policies: Array.from({ length: 10 }, (_, i) => ({
        ...databasePolicy(),
        policy: {
          ...policyOf(name(i), 'x'),
          origin: originOf('clusters/production/eu-west-1/policies.yaml', undefined),
        },
        place: {
          file: `clusters/production/eu-west-1/namespace-${i}/policies.yaml`,
          line: 100 + i,
          column: 3,
        },
      })),
    },
    notes: [
      'first note',
      'second note that is so long that it has to be set on two lines of an ordinary terminal',
    ],
  });
}

/** Text of the manifest that a terminal must never obey. */
export function hostileExplanation(): Explanation {
  const bad = '\u001b[31mevil\u009b0m\u202e';
  const check = databasePolicy();
  return explanationOf({
    from: `app/${bad}`,
    egress: openSide('egress', `app/${bad}`),
    sentence: `${bad} cannot reach app/database`,
    ingress: {
      ...explanationOf({}).ingress,
      tiers: [],
      networkPoliciesAsked: true,
      policies: [
        {
          ...check,
          policy: { ...check.policy, name: bad },
          summary: bad,
          place: { file: bad, line: 3, column: 1 },
        },
      ],
    },
    nearest: [{ direction: 'ingress', change: bad, place: at(1), patch: [bad], alsoOpens: [], distance: 1 }],
    notes: [bad],
  });
}
