// Two pods and their node as network namespaces, joined by routed veths.
import { execFileSync } from 'node:child_process';
import process from 'node:process';

/** Names of namespaces, and the addresses of the two pods. */
export interface Wire {
  readonly client: string;
  readonly node: string;
  readonly server: string;
  /** Another address of the client's pod, which no policy admits. */
  readonly stranger: string;
  readonly clientAddress: string;
  readonly serverAddress: string;
}

/** Why no packets can be sent here, in one line; `undefined` where they can. */
export function whyNoWire(): string | undefined {
  if (process.platform !== 'linux') return 'packets are measured on Linux only';
  return process.getuid?.() === 0 ? undefined : 'network namespaces need root';
}

/** Runs `work` in a network of its own, which is gone afterwards. */
export async function withWire<T>(work: (wire: Wire) => Promise<T>): Promise<T> {
  const name = (part: string): string => `pw-bench-${process.pid}-${part}`;
  const wire: Wire = {
    client: name('client'),
    node: name('node'),
    server: name('server'),
    clientAddress: '10.77.0.2',
    stranger: '10.77.0.3',
    serverAddress: '10.77.1.2',
  };
  const namespaces = [wire.client, wire.node, wire.server];
  const stop = (): void => {
    for (const namespace of namespaces) run('ip', ['netns', 'del', namespace], true);
  };
  const interrupted = (): never => {
    stop();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    for (const namespace of namespaces) run('ip', ['netns', 'add', namespace]);
    join(wire.client, 'eth0', `${wire.clientAddress}/24`, wire.node, 'client', '10.77.0.1/24');
    join(wire.server, 'eth0', `${wire.serverAddress}/24`, wire.node, 'server', '10.77.1.1/24');
    ip(wire.client, 'addr', 'add', `${wire.stranger}/24`, 'dev', 'eth0');
    ip(wire.client, 'route', 'add', 'default', 'via', '10.77.0.1');
    ip(wire.server, 'route', 'add', 'default', 'via', '10.77.1.1');
    run('ip', ['netns', 'exec', wire.node, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    return await work(wire);
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    stop();
  }
}

function join(
  podNamespace: string,
  pod: string,
  podAddress: string,
  nodeNamespace: string,
  node: string,
  nodeAddress: string,
): void {
  const peer = ['type', 'veth', 'peer', 'name', node, 'netns', nodeNamespace];
  ip(podNamespace, 'link', 'add', pod, ...peer);
  ip(podNamespace, 'addr', 'add', podAddress, 'dev', pod);
  ip(nodeNamespace, 'addr', 'add', nodeAddress, 'dev', node);
  ip(podNamespace, 'link', 'set', pod, 'up');
  ip(podNamespace, 'link', 'set', 'lo', 'up');
  ip(nodeNamespace, 'link', 'set', node, 'up');
}

function ip(namespace: string, ...args: readonly string[]): void {
  run('ip', ['-n', namespace, ...args]);
}

/**
 * Runs a program in a network namespace.
 *
 * @returns what it wrote
 * @throws Error when it fails
 */
export function runIn(namespace: string, command: string, ...args: readonly string[]): string {
  return run('ip', ['netns', 'exec', namespace, command, ...args]);
}

function run(command: string, args: readonly string[], lenient = false): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    if (lenient) return '';
    throw error;
  }
}
