import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { labName, podwall, remove, run, whyNoLab } from './lab.ts';

// What packets do that are no plain connections: fragments, ICMP errors that belong to a flow, path MTU, a pod that calls its
// own Service, and nodes. Two nodes, both families.

const pod = (name: string, node: string, addresses: readonly [string, string], ports = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { nodeName: ${node}, containers: [{ name: main, image: main, ports: [${ports}] }] }
status: { phase: Running, podIP: ${addresses[0]}, podIPs: [{ ip: ${addresses[0]} }, { ip: '${addresses[1]}' }] }
---`;
const node = (name: string, addresses: readonly [string, string]): string => `
apiVersion: v1
kind: Node
metadata: { name: ${name} }
status:
  addresses: [{ type: InternalIP, address: ${addresses[0]} }, { type: InternalIP, address: '${addresses[1]}' }]
---`;
const input = [
  node('n1', ['172.20.0.1', 'fd20::1']),
  node('n2', ['172.20.0.2', 'fd20::2']),
  pod(
    'web',
    'n1',
    ['10.5.1.1', 'fd05::11'],
    '{ containerPort: 8080 }, { containerPort: 5300, protocol: UDP }',
  ),
  pod('friend', 'n2', ['10.5.2.1', 'fd05::21']),
  pod('stranger', 'n2', ['10.5.2.2', 'fd05::22']),
  `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec:
  ipFamilyPolicy: RequireDualStack
  clusterIP: 10.96.7.7
  clusterIPs: [10.96.7.7, 'fd96::7']
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: friend } } }]
      ports: [{ port: 8080 }, { port: 5000, endPort: 6000, protocol: UDP }]
`,
].join('');

/** Sends one datagram of so many bytes, and prints what became of it. */
const datagram = `
const [size, port, host] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
const end = (what) => { console.log(what); process.exit(); };
socket.on('error', ({ code }) => end(code)).on('message', ({ length }) => end('answered ' + length));
socket.connect(Number(port), host, () => socket.send(Buffer.alloc(Number(size), 'a'), () => {}));
setTimeout(end, 800, 'nothing');
`;

/** Sends so many bytes over TCP, and prints how many came back. */
const stream = `
const [size, port, host] = process.argv.slice(1);
let back = 0;
const socket = require('node:net').connect(Number(port), host, () => socket.end(Buffer.alloc(Number(size), 'a')));
socket.on('data', ({ length }) => { back += length; }).on('end', () => { console.log(back); process.exit(); });
setTimeout(() => { console.log('only ' + back); process.exit(); }, 5000);
`;

const families = [
  { family: 'IPv4', web: '10.5.1.1', flag: '-4' },
  { family: 'IPv6', web: 'fd05::11', flag: '-6' },
];

test('in CI there is a machine for labs', () => {
  expect(process.env['CI'] === 'true' ? whyNoLab : undefined).toBeUndefined();
});

describe.skipIf(whyNoLab !== undefined)('packets', { timeout: 30_000 }, () => {
  const name = labName('packets');
  const folder = mkdtempSync(join(tmpdir(), 'podwall-lab-packets-'));
  beforeAll(() => {
    const file = join(folder, 'cluster.yaml');
    writeFileSync(file, input);
    const { code, err } = podwall('lab', 'up', file, '--name', name, '-q');
    if (code !== 0) throw new Error(err);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    remove(name);
  });
  const exec = (from: string, ...command: readonly string[]): string =>
    podwall('lab', 'exec', from, '--name', name, '--', ...command).out.trim();
  const script = (text: string, from: string, ...words: readonly (string | number)[]): string =>
    exec(from, process.execPath, '-e', text, ...words.map(String));
  const curl = (from: string, ...words: readonly string[]): string =>
    exec(from, 'curl', '-s', '-m', '2', '-w', '%{exitcode}', ...words);

  describe.each(families)('over $family', ({ web, flag }) => {
    test('fragments of a datagram arrive together or not at all (checklist 7)', () => {
      const name = 'shop/web UDP 5300\n'.length;
      expect(script(datagram, 'shop/friend', 4000, 5300, web)).toBe(`answered ${4000 + name}`);
      expect(script(datagram, 'shop/stranger', 4000, 5300, web)).toBe('nothing');
    });

    test('the ICMP error of an admitted datagram comes back, and that of another has no cause (checklist 6)', () => {
      expect(script(datagram, 'shop/friend', 10, 5301, web)).toBe('ECONNREFUSED');
      expect(script(datagram, 'shop/stranger', 10, 5301, web)).toBe('nothing');
    });

    test('a pod reaches itself through its own Service, whatever is isolated (checklist 2)', () => {
      expect(curl('shop/web', flag, 'http://web')).toBe('shop/web TCP 8080\n0');
    });

    test('its own node reaches an isolated pod, another node does not (checklist 1)', () => {
      const url = `http://${web.includes(':') ? `[${web}]` : web}:8080`;
      expect(curl('node/n1', url)).toBe('shop/web TCP 8080\n0');
      expect(curl('node/n2', url)).toBe('28');
    });

    test('an isolated pod reaches its own node, and no other (checklist 1)', () => {
      const [own, other] = flag === '-4' ? ['172.20.0.1', '172.20.0.2'] : ['fd20::1', 'fd20::2'];
      // Nobody listens there: what comes through is refused.
      expect(script(datagram, 'shop/web', 10, 7, own)).toBe('ECONNREFUSED');
      expect(script(datagram, 'shop/web', 10, 7, other)).toBe('nothing');
    });

    test('a Service of both families leads there by either', () => {
      expect(curl('shop/friend', flag, 'http://web')).toBe('shop/web TCP 8080\n0');
      expect(curl('shop/stranger', flag, 'http://web')).toBe('28');
    });

    test('a path that takes smaller packets is found, so long streams get through (checklist 6)', () => {
      // The node in front of the pod takes no packet of a common size any more: it says so by ICMP, to who sent one.
      const at = `podwall.${name}.node.n1`;
      const link = /^\S+ dev (pod\d+) .*$/m.exec(
        run('ip', 'netns', 'exec', at, 'ip', flag, 'route', 'show', web),
      )?.[1];
      expect(link).toBeDefined();
      run('ip', '-n', at, 'link', 'set', link!, 'mtu', '1280');
      try {
        const said = 'shop/web TCP 8080\n'.length;
        expect(script(stream, 'shop/friend', 200_000, 8080, web)).toBe(String(200_000 + said));
        // It was the ICMP message that did it.
        expect(exec('shop/friend', 'ip', flag, 'route', 'get', web)).toContain('mtu 1280');
      } finally {
        run('ip', '-n', at, 'link', 'set', link!, 'mtu', '1500');
      }
    });
  });
});
