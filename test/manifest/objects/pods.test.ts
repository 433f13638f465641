import { expect, test } from 'vitest';
import { formatAddress } from '../../../src/net/index.ts';
import { documents, onlyPod, pod, read } from './read.ts';

function addresses(text: string): string[] {
  return onlyPod(read(text)).addresses.map(formatAddress);
}

test('ports are those of regular and restartable init containers, TCP by default (corner 28)', () => {
  const text = pod(
    'a',
    '',
    `spec: {containers: [{name: c, ports: [{containerPort: 80, name: http}, {containerPort: 53, protocol: UDP}]}],
      initContainers: [{name: i, ports: [{containerPort: 1}]}, {name: s, restartPolicy: Always, ports: [{containerPort: 15001, name: mesh}]}],
      ephemeralContainers: [{name: e, ports: [{containerPort: 2}]}]}`,
  );
  expect(onlyPod(read(text)).ports).toEqual([
    { name: 'http', protocol: 'TCP', port: 80, sidecar: false },
    { name: undefined, protocol: 'UDP', port: 53, sidecar: false },
    { name: 'mesh', protocol: 'TCP', port: 15001, sidecar: true },
  ]);
});

test('a name may stand in two containers', () => {
  const spec =
    'spec: {containers: [{name: a, ports: [{containerPort: 1, name: x}]}, {name: b, ports: [{containerPort: 2, name: x}]}]}';
  expect(onlyPod(read(pod('a', '', spec))).ports.map(({ port }) => port)).toEqual([1, 2]);
});

test('addresses are the first of each family', () => {
  const ips = '[{ip: "fd00::1"}, {ip: 10.0.0.1}, {ip: 10.0.0.2}]';
  expect(addresses(pod('a', '', `status: {podIP: "fd00::1", podIPs: ${ips}}`))).toEqual([
    'fd00::1',
    '10.0.0.1',
  ]);
  expect(addresses(pod('a', '', 'status: {podIP: 10.0.0.3}'))).toEqual(['10.0.0.3']);
  expect(addresses(pod('a'))).toEqual([]);
});

test('a host-network pod has the addresses of its node (corner 44)', () => {
  const spec = 'spec: {hostNetwork: true, nodeName: n1}';
  const node =
    '{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: Hostname, address: 10.9.9.9}, {type: InternalIP, address: 10.0.0.7}, {type: InternalIP, address: "fd00::7"}, {type: ExternalIP, address: 1.2.3.4}]}}';
  expect(addresses(pod('a', '', `${spec}, status: {hostIP: 10.0.0.9}`))).toEqual(['10.0.0.9']);
  expect(addresses(documents(pod('a', '', spec), node))).toEqual(['10.0.0.7', 'fd00::7']);
  expect(addresses(pod('a', '', 'spec: {nodeName: n1}, status: {hostIP: 10.0.0.9}'))).toEqual([]);
});

test('a node that is only mentioned is a node', () => {
  const { nodes } = read(pod('a', '', 'spec: {nodeName: n1}')).cluster;
  expect([...nodes.values()].map(({ name, origin }) => [name, origin])).toEqual([['n1', undefined]]);
});

test('equal labels and equal ports are the same instances, in whatever order the keys stand', () => {
  const spec = 'spec: {containers: [{name: c, ports: [{containerPort: 80, name: http}]}]}';
  const { pods } = read(
    documents(
      pod('a', 'labels: {app: web, tier: front}', spec),
      pod('b', 'labels: {tier: front, app: web}', spec),
      pod('c', 'labels: {app: web, tier: back}', spec),
    ),
  ).cluster;
  expect(pods[0]?.labels).toBe(pods[1]?.labels);
  expect(pods[0]?.ports).toBe(pods[1]?.ports);
  expect(Object.fromEntries(pods[2]?.labels ?? [])).toEqual({ app: 'web', tier: 'back' });
});

test('hostile keys are keys like any other', () => {
  const text =
    '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"constructor": "x"}}}';
  expect([...onlyPod(read(text)).labels]).toEqual([['constructor', 'x']]);
  const bad = text.replace('constructor', '__proto__');
  expect(read(bad).diagnostics.map(({ code }) => code)).toEqual(['label-key-invalid']);
});
