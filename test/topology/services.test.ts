import { describe, expect, test } from 'vitest';

import { formatAddress } from '../../src/net/index.ts';
import { hostsText, noteText, planLab, serviceProbesOf } from '../../src/topology/index.ts';
import type { LabPlan } from '../../src/topology/index.ts';
import { inNamespace, whyNoKernel } from '../nft/namespace.ts';
import { clusterIn, clusterOf } from './plans.ts';

const node = (name: string, ...addresses: readonly string[]): string => `---
apiVersion: v1
kind: Node
metadata: { name: ${name} }
status: { addresses: [ ${addresses.map((address) => `{ type: InternalIP, address: "${address}" }`).join(', ')} ] }
`;

const pod = (name: string, on: string, ip: string, labels = '', ports = ''): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: x, labels: { ${labels} } }
spec: { nodeName: ${on}, containers: [ { name: c, image: c, ports: [ ${ports} ] } ] }
status: { podIPs: [ ${ip
  .split(' ')
  .map((each) => `{ ip: "${each}" }`)
  .join(', ')} ] }
`;

const service = (name: string, spec: string, more = ''): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: x }
spec: { ${spec} }
${more}
`;

const policy = (name: string, spec: string): string => `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: x }
spec: ${spec}
`;

const nodes = [node('n1', '10.1.0.1'), node('n2', '10.1.0.2')];

/** `who by way: verdict`, sorted, of the probes of one Service in one family. */
function predictions(plan: LabPlan, name: string): readonly string[] {
  return [...serviceProbesOf(plan)]
    .filter(({ to }) => to.service.name === name)
    .map(
      ({ from, by, destination, port, predicted }) =>
        `${from.id} ${by} ${formatAddress(destination)}:${port} ${predicted}`,
    )
    .sort();
}

describe('what is said of a Service', () => {
  // One endpoint on n2; pods a on n1, b on n2. The endpoint admits what the policy says.
  const of = (policies: string, spec: string): readonly string[] =>
    predictions(
      planLab(
        clusterOf(
          ...nodes,
          pod('a', 'n1', '10.2.0.1', 'app: a'),
          pod('b', 'n2', '10.2.0.2', 'app: b'),
          pod('web', 'n2', '10.2.0.9', 'app: web'),
          service(
            'web',
            `clusterIP: 10.96.0.9, selector: { app: web }, ports: [ { port: 80, targetPort: 8080, nodePort: 30080 } ], ${spec}`,
          ),
          policies,
        ),
      ),
      'web',
    );
  const admits = (...from: readonly string[]): string =>
    policy(
      'p',
      `{ podSelector: { matchLabels: { app: web } }, ingress: [ { from: [ ${from.join(', ')} ] } ] }`,
    );
  const block = (cidr: string): string => `{ ipBlock: { cidr: ${cidr} } }`;

  test('by its cluster IP: the client to the pod', () => {
    expect(
      of(admits('{ podSelector: { matchLabels: { app: a } } }'), 'type: NodePort').filter((line) =>
        line.includes('clusterIP'),
      ),
    ).toEqual([
      'node/n1 clusterIP 10.96.0.9:80 denied',
      'node/n2 clusterIP 10.96.0.9:80 allowed', // its own node
      'x/a clusterIP 10.96.0.9:80 allowed',
      'x/b clusterIP 10.96.0.9:80 denied',
      'x/web clusterIP 10.96.0.9:80 allowed', // itself
    ]);
  });

  test('by node ports with the traffic policy Cluster: who comes by the other node has its address', () => {
    const lines = of(admits(block('10.1.0.1/32')), 'type: NodePort').filter((line) =>
      line.includes('nodePort'),
    );
    expect(lines).toEqual([
      // The address 10.1.0.1 is admitted: it is that of node n1, and of all whom it hides.
      '10.1.0.0 nodePort 10.1.0.1:30080 allowed',
      '10.1.0.0 nodePort 10.1.0.2:30080 denied',
      '10.1.0.3 nodePort 10.1.0.1:30080 allowed',
      '10.1.0.3 nodePort 10.1.0.2:30080 denied',
      '203.0.113.10 nodePort 10.1.0.1:30080 allowed',
      '203.0.113.10 nodePort 10.1.0.2:30080 denied',
      'node/n1 nodePort 10.1.0.1:30080 allowed',
      'node/n1 nodePort 10.1.0.2:30080 allowed',
      'node/n2 nodePort 10.1.0.1:30080 allowed',
      'node/n2 nodePort 10.1.0.2:30080 allowed', // its own node
      'x/a nodePort 10.1.0.1:30080 allowed',
      'x/a nodePort 10.1.0.2:30080 denied',
      'x/b nodePort 10.1.0.1:30080 allowed',
      'x/b nodePort 10.1.0.2:30080 denied',
      'x/web nodePort 10.1.0.1:30080 allowed',
      'x/web nodePort 10.1.0.2:30080 allowed', // itself
    ]);
  });

  test('with the traffic policy Local: clients are seen, and only the node of the endpoint serves others', () => {
    const lines = of(admits(block('203.0.113.10/32')), 'type: NodePort, externalTrafficPolicy: Local').filter(
      (line) => /^(203\.0\.113|x\/a).*nodePort/.test(line),
    );
    expect(lines).toEqual(
      [
        '203.0.113.10 nodePort 10.1.0.2:30080 allowed',
        '203.0.113.11 nodePort 10.1.0.2:30080 denied',
        '203.0.113.9 nodePort 10.1.0.2:30080 denied',
        'x/a nodePort 10.1.0.1:30080 denied',
        'x/a nodePort 10.1.0.2:30080 denied',
      ].sort(),
    );
  });

  test('a pod by a node port of its own node: hidden with the traffic policy Cluster, not with Local', () => {
    const byOwnNode = (spec: string): readonly string[] =>
      of(admits('{ podSelector: { matchLabels: { app: a } } }'), spec).filter((line) =>
        line.startsWith('x/a nodePort 10.1.0.1'),
      );
    expect(byOwnNode('type: NodePort')).toEqual(['x/a nodePort 10.1.0.1:30080 denied']);
    expect(byOwnNode('type: NodePort, externalTrafficPolicy: Local')).toEqual([
      'x/a nodePort 10.1.0.1:30080 allowed',
    ]);
  });

  test('egress by a node port of another node is to that node', () => {
    const egress = policy(
      'e',
      `{ podSelector: { matchLabels: { app: a } }, policyTypes: [ Egress ], egress: [ { to: [ ${block('10.1.0.2/32')} ], ports: [ { port: 30080 } ] } ] }`,
    );
    const lines = of(egress, 'type: NodePort').filter((line) => line.startsWith('x/a'));
    expect(lines).toEqual([
      'x/a clusterIP 10.96.0.9:80 denied',
      'x/a nodePort 10.1.0.1:30080 denied', // its own node leads it to the pod
      'x/a nodePort 10.1.0.2:30080 allowed',
    ]);
    const others = of(egress.replace('30080', '30081'), 'type: NodePort').filter((line) =>
      line.startsWith('x/a nodePort'),
    );
    expect(others).toEqual(['x/a nodePort 10.1.0.1:30080 denied', 'x/a nodePort 10.1.0.2:30080 denied']);
  });

  test('nothing where one endpoint may be reached and another not', () => {
    const plan = planLab(
      clusterOf(
        ...nodes,
        pod('a', 'n1', '10.2.0.1', 'app: a'),
        pod('w1', 'n1', '10.2.0.8', 'app: web, which: one'),
        pod('w2', 'n2', '10.2.0.9', 'app: web, which: two'),
        service('web', 'clusterIP: 10.96.0.9, selector: { app: web }, ports: [ { port: 80 } ]'),
        policy('p', '{ podSelector: { matchLabels: { which: one } }, ingress: [] }'),
      ),
    );
    expect(predictions(plan, 'web').filter((line) => line.startsWith('x/a'))).toEqual([]);
  });
});

describe('Services', () => {
  test('lead to pods by number and by name, and to what is kept by hand', () => {
    const plan = planLab(
      clusterOf(
        ...nodes,
        pod('w1', 'n1', '10.2.0.1', 'app: web', '{ name: http, containerPort: 8080 }'),
        pod('w2', 'n2', '10.2.0.2', 'app: web', '{ name: http, containerPort: 9090 }'),
        pod('w3', 'n2', '10.2.0.3', 'app: web', '{ name: http, containerPort: 53, protocol: UDP }'),
        service(
          'web',
          'selector: { app: web }, ports: [ { name: a, port: 80, targetPort: http }, { name: b, port: 81, targetPort: 7000 } ]',
        ),
        service('hand', 'clusterIP: 10.96.0.20, ports: [ { name: db, port: 5432 } ]'),
        `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: hand-1, namespace: x, labels: { kubernetes.io/service-name: hand } }
addressType: IPv4
ports: [ { name: db, port: 6000, protocol: TCP } ]
endpoints: [ { addresses: [ 198.51.100.77 ] }, { addresses: [ 10.2.0.1 ] } ]
`,
      ),
    );
    const ends = (name: string, at: number): readonly string[] =>
      plan.services
        .find(({ service: { name: own } }) => own === name)!
        .ports[at]!.endpoints.map(({ address, port }) => `${formatAddress(address)}:${port}`);
    expect(ends('web', 0)).toEqual(['10.2.0.1:8080', '10.2.0.2:9090']);
    expect(ends('web', 1)).toEqual(['10.2.0.1:7000', '10.2.0.2:7000', '10.2.0.3:7000']);
    expect(ends('hand', 0)).toEqual(['198.51.100.77:6000', '10.2.0.1:6000']);
    // The outside has the address, and listens there.
    const beyond = plan.ends.find(({ id }) => id === '198.51.100.77');
    expect(beyond?.listeners).toContainEqual({ protocol: 'TCP', port: 6000 });
  });

  test('are given what the API server would give, which stays', () => {
    const cluster = (first: string): ReturnType<typeof clusterOf> =>
      clusterOf(
        ...nodes,
        pod('w', 'n1', '10.2.0.1', 'app: web'),
        first,
        service(
          'lb',
          'type: LoadBalancer, selector: { app: web }, ports: [ { port: 80 }, { name: u, port: 80, protocol: UDP } ]',
        ),
        service(
          'fixed',
          'type: NodePort, clusterIP: 10.96.0.1, selector: { app: web }, ports: [ { port: 80, nodePort: 30000 } ]',
        ),
        service(
          'none',
          'type: LoadBalancer, allocateLoadBalancerNodePorts: false, selector: { app: web }, ports: [ { port: 80 } ]',
        ),
        service('names', 'type: ExternalName, externalName: example.com'),
      );
    const given = (plan: LabPlan, name: string): readonly string[] => {
      const found = plan.services.find(({ service: { name: own } }) => own === name)!;
      return [
        ...found.service.clusterIPs.map(formatAddress),
        ...found.ports.map(({ nodePort }) => String(nodePort)),
        ...(found.exposure?.addresses ?? []).map(formatAddress),
      ];
    };
    const plan = planLab(cluster(''));
    expect(given(plan, 'fixed')).toEqual(['10.96.0.1', '30000']);
    expect(given(plan, 'lb')).toEqual(['10.96.0.2', '30001', '30000', '192.0.2.1']);
    expect(given(plan, 'none')).toEqual(['10.96.0.3', 'undefined', '192.0.2.2']);
    expect(plan.notes.find(({ kind }) => kind === 'services-left-out')?.details).toEqual([
      'x/svc/names: an ExternalName is a name in DNS',
    ]);
    const early = service('aaa', 'type: LoadBalancer, selector: { app: web }, ports: [ { port: 80 } ]');
    const next = planLab(cluster(early), { previous: plan });
    expect(given(next, 'lb')).toEqual(given(plan, 'lb'));
    expect(given(next, 'none')).toEqual(given(plan, 'none'));
    expect(given(next, 'aaa')).toEqual(['10.96.0.4', '30002', '192.0.2.3']);
  });

  test('have an address of each family that they ask for', () => {
    const plain = (name: string, ip = ''): string =>
      ip === ''
        ? `---\napiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, namespace: x, labels: { app: web } }\nspec: { containers: [ { name: c, image: c } ] }\n`
        : pod(name, 'n1', ip, 'app: web');
    const asking = (name: string, asked: string): string =>
      service(name, `${asked}, selector: { app: web }, ports: [ { port: 80 } ]`);
    const of = (
      ...parts: readonly string[]
    ): { readonly plan: LabPlan; readonly told: readonly string[] } => {
      const plan = planLab(clusterOf(...parts));
      const found = plan.services.map(
        ({ id, service: { clusterIPs } }) => `${id} ${clusterIPs.map(({ family }) => family).join(' ')}`,
      );
      const notes = plan.notes.flatMap((each) => (each.kind === 'service-families' ? each.details : []));
      return { plan, told: [...found, ...notes] };
    };
    // Nobody has an address yet: the cluster is one in which all of this can be.
    const both = of(
      plain('w'),
      asking('a', 'ipFamilyPolicy: RequireDualStack'),
      asking('b', 'ipFamilies: [ IPv6 ]'),
      asking('c', 'ipFamilies: [ IPv6, IPv4 ]'),
      asking('d', 'ipFamilyPolicy: PreferDualStack, clusterIP: "fd00:96::7"'),
      asking('e', 'ipFamilyPolicy: SingleStack'),
    );
    expect(both.told).toEqual([
      'x/svc/a IPv4 IPv6',
      'x/svc/b IPv6',
      'x/svc/c IPv6 IPv4',
      'x/svc/d IPv6 IPv4',
      'x/svc/e IPv4',
    ]);
    expect(both.plan.families).toEqual(['IPv4', 'IPv6']);
    const [first] = both.plan.services;
    expect(first?.ports[0]?.endpoints.map(({ address }) => address.family)).toEqual(['IPv4', 'IPv6']);
    // Nodes and pods say what the cluster has.
    const single = of(
      ...nodes,
      plain('w', '10.2.0.1'),
      asking('a', 'ipFamilyPolicy: RequireDualStack'),
      asking('b', 'ipFamilies: [ IPv6 ]'),
      asking('c', 'ipFamilyPolicy: PreferDualStack, ipFamilies: [ IPv4, IPv6 ]'),
      asking('d', 'ipFamilyPolicy: PreferDualStack, ipFamilies: [ IPv6 ]'),
    );
    expect(single.told).toEqual([
      'x/svc/a IPv4',
      'x/svc/b ',
      'x/svc/c IPv4',
      'x/svc/d IPv4',
      'x/svc/a: IPv6',
      'x/svc/b: IPv6',
      'x/svc/d: IPv6',
    ]);
    expect(single.plan.notes.map(noteText).filter((text) => text.includes('family'))).toEqual([
      'Services ask for a family of addresses that pods and nodes of the input have not, and are not reached by it: x/svc/a: IPv6; x/svc/b: IPv6; x/svc/d: IPv6',
    ]);
    // What stays keeps its addresses.
    const again = planLab(clusterOf(plain('w'), asking('a', 'ipFamilyPolicy: RequireDualStack')), {
      previous: both.plan,
    });
    expect(again.services[0]?.service.clusterIPs).toEqual(first?.service.clusterIPs);
  });

  test('hide who comes by a node port behind the node, with the traffic policy Cluster (corner 36)', () => {
    const external = (trafficPolicy: string): string | undefined => {
      const text = `type: NodePort, externalTrafficPolicy: ${trafficPolicy}, selector: { app: web }, ports: [ { port: 80 } ]`;
      const plan = planLab(clusterOf(...nodes, pod('w', 'n2', '10.2.0.1', 'app: web'), service('np', text)));
      return /\tchain external_0 \{\n([^}]*)\t\}/.exec(plan.nodes.get('n1')!.services)?.[1];
    };
    expect(external('Cluster')).toBe('\t\tjump hide\n\t\tgoto service_0\n');
    expect(external('Local')).toMatch(/goto external_0_local\n$/);
    expect(external('Local')).not.toMatch(/^\t\tjump hide/);
  });

  test('that are headless have names for the family that they ask for', () => {
    const names = (asked: string): number => {
      const text = service('h', `clusterIP: None, ${asked} selector: { app: web }, ports: [ { port: 80 } ]`);
      const plan = planLab(clusterOf(pod('w', 'n1', '10.2.0.1 fd00::1', 'app: web'), text));
      return hostsText(plan, 'podwall.lab.pod.x.w').match(/ h h\.x /g)?.length ?? 0;
    };
    expect([names(''), names('ipFamilies: [ IPv6 ],'), names('ipFamilyPolicy: RequireDualStack,')]).toEqual([
      2, 1, 2,
    ]);
  });

  test('that are left out are named, with the reason', () => {
    const notes = (count: number): readonly string[] =>
      planLab(
        clusterOf(
          pod('w', 'n1', '10.2.0.1'),
          ...Array.from({ length: count }, (_, i) =>
            service(`n${i}`, 'type: ExternalName, externalName: example.com'),
          ),
        ),
      ).notes.flatMap((each) => (each.kind === 'services-left-out' ? [noteText(each)] : []));
    const why = 'an ExternalName is a name in DNS';
    expect(notes(1)).toEqual([`the lab does not serve every Service: x/svc/n0: ${why}`]);
    expect(notes(5)).toEqual([
      `the lab does not serve every Service: x/svc/n0: ${why}; x/svc/n1: ${why}; x/svc/n2: ${why}; +2`,
    ]);
  });

  test('that lead to too much are refused', () => {
    const many = Array.from({ length: 5001 }, (_, i) => service(`s${i}`, 'ports: [ { port: 80 } ]'));
    expect(() => planLab(clusterOf(pod('a', 'n1', '10.2.0.1'), ...many))).toThrow('5001 Services');
    const replicas = `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: x }
spec: { replicas: 1000, selector: { matchLabels: { app: web } }, template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: c, image: c } ] } } }
`;
    const ports = Array.from({ length: 600 }, (_, i) => `{ name: p${i}, port: ${i + 1} }`).join(', ');
    const wide = service('wide', `selector: { app: web }, ports: [ ${ports} ]`);
    expect(() => planLab(clusterOf(...nodes, replicas, wide))).toThrow('too many pods');
  });

  test('have names: short ones in their own namespace, their pods where they are headless', () => {
    const plan = planLab(
      clusterOf(
        pod('a', 'n1', '10.2.0.1', 'app: a'),
        pod('b', 'n1', '10.2.0.2', 'app: b').replace('namespace: x', 'namespace: other'),
        service('db', 'clusterIP: 10.96.0.7, selector: { app: a }, ports: [ { port: 80 } ]'),
        service('each', 'clusterIP: None, selector: { app: a }'),
        `---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: set, namespace: x }
spec: { serviceName: set, selector: { matchLabels: { app: set } }, template: { metadata: { labels: { app: set } }, spec: { containers: [ { name: c, image: c } ] } } }
`,
        service('set', 'clusterIP: None, selector: { app: set }'),
      ),
    );
    expect(hostsText(plan, 'podwall.lab.pod.x.a').split('\n')).toEqual([
      '127.0.0.1 localhost',
      '::1 localhost ip6-localhost ip6-loopback',
      '10.2.0.1 a',
      '10.96.0.7 db db.x db.x.svc db.x.svc.cluster.local',
      '10.2.0.1 each each.x each.x.svc each.x.svc.cluster.local',
      '10.244.0.1 set set.x set.x.svc set.x.svc.cluster.local set-0.set set-0.set.x set-0.set.x.svc set-0.set.x.svc.cluster.local',
      '',
    ]);
    expect(hostsText(plan, 'podwall.lab.pod.other.b')).toContain(
      '\n10.96.0.7 db.x db.x.svc db.x.svc.cluster.local\n',
    );
    expect(hostsText(plan, 'podwall.lab.outside')).not.toContain('db');
  });
});

describe.skipIf(whyNoKernel !== undefined)('tables of Services in a kernel', () => {
  const everything = clusterOf(
    node('n1', '10.1.0.1', 'fd00:1::1'),
    node('n2', '10.1.0.2', 'fd00:1::2'),
    pod('a', 'n1', '10.2.0.1 fd00:2::1', 'app: web', '{ name: http, containerPort: 8080 }'),
    pod('b', 'n2', '10.2.0.2 fd00:2::2', 'app: web', '{ name: http, containerPort: 8081 }'),
    ...(['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) =>
      ['Cluster', 'Local'].map((traffic) =>
        service(
          `${protocol.toLowerCase()}-${traffic.toLowerCase()}`,
          `type: LoadBalancer, externalTrafficPolicy: ${traffic}, internalTrafficPolicy: ${traffic}, selector: { app: web }, loadBalancerSourceRanges: [ 192.0.2.0/24, "2001:db8::/32" ], externalIPs: [ 198.51.100.${protocol.length * 10 + traffic.length} ], ports: [ { port: 80, targetPort: 4000, protocol: ${protocol} } ]`,
        ),
      ),
    ),
    service(
      'six',
      'clusterIPs: [ "fd00:96::7", 10.96.0.7 ], type: NodePort, selector: { app: web }, ports: [ { port: 80, targetPort: http } ]',
    ),
    service('nobody', 'type: NodePort, selector: { app: nobody }, ports: [ { port: 80 } ]'),
    // Two that claim one port of the nodes, and one address.
    service(
      'twice',
      'clusterIP: 10.96.0.7, type: NodePort, selector: { app: web }, ports: [ { name: a, port: 80, nodePort: 31000 } ]',
    ),
    service(
      'thrice',
      'type: NodePort, selector: { app: web }, ports: [ { name: a, port: 80, nodePort: 31000 } ]',
    ),
  );

  test('of two Services that claim one port of the nodes the first has it', () => {
    for (const { services } of planLab(everything).nodes.values()) {
      const chains = [...services.matchAll(/tcp \. 31000 : goto (\S+),/g)].map(([, chain]) => chain);
      expect(chains.length).toBe(1);
      for (const chain of chains)
        expect(services).toMatch(new RegExp(`# x/svc/twice TCP 80\\n\\tchain ${chain} `));
    }
  });

  test.each([
    ['bank', clusterIn('examples/bank')],
    ['shop', clusterIn('examples/shop')],
    ['everything', everything],
  ])('%s', (_, cluster) => {
    for (const { services } of planLab(cluster).nodes.values()) {
      // Loaded twice: it takes the place of what was there. Listed, and loaded as it is listed, it is the same.
      const script =
        'nft -c -f table\nnft -f table\nnft list ruleset >one\nnft -f table\nnft list ruleset >two\ndiff one two\nnft flush ruleset\nnft -f two\nnft list ruleset | diff two -\nnft list ruleset';
      const listed = inNamespace(script, { table: services });
      expect(listed).toContain('table inet podwall-lab');
      for (const name of services.matchAll(/^\tchain (\S+)/gm))
        expect(listed).toContain(`chain ${name[1]} {`);
    }
  });
});
