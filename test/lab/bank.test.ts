import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { labName, podwall, remove, run, whyNoLab } from './lab.ts';
import type { Ran } from './lab.ts';

// The bank from end to end: HTTPS from outside through the controller of its Ingress to the application.

const name = labName('bank');
const host = 'bank.example.com';

describe.skipIf(whyNoLab !== undefined)('a lab of examples/bank', () => {
  let up: Ran | undefined;
  let address = '';
  beforeAll(() => {
    up = podwall('lab', 'up', 'examples/bank', '--name', name);
    const { services } = JSON.parse(podwall('lab', 'status', '--name', name, '-o', 'json').out) as {
      readonly services: readonly { readonly name: string; readonly addresses: readonly string[] }[];
    };
    const controller = services.find((service) => service.name.endsWith('/ingress-nginx-controller'));
    address = controller?.addresses.at(-1) ?? '';
  });
  afterAll(() => remove(name));

  const exec = (from: string, ...command: readonly string[]): Ran =>
    podwall('lab', 'exec', from, '--name', name, '--', ...command);
  /** The body and the status of a request from outside. */
  const curl = (url: string, port = 443): Ran =>
    exec(
      'internet',
      'curl',
      '-ksS',
      '-m',
      '10',
      '-w',
      ' %{http_code}',
      '--resolve',
      `${host}:${port}:${address}`,
      url,
    );

  test('is up, and says what it serves', () => {
    expect(up).toMatchObject({
      code: 0,
      out: `✓ The lab ${name} is up: 2 nodes, 5 pods, 2 Services and 1 Ingress with TLS.\n`,
    });
  });

  test('shows the certificate of the Secret', () => {
    const shown = exec(
      'internet',
      'sh',
      '-c',
      `openssl s_client -connect ${address}:443 -servername ${host} </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName`,
    );
    expect(shown.out).toContain(`DNS:${host}`);
  });

  test('sends who comes without TLS to where there is TLS', () => {
    expect(curl(`http://${host}/`, 80).out).toMatch(/ 308$/);
  });

  test('does not reach the application, for nothing admits the controller', () => {
    expect(curl(`https://${host}/`).out).toMatch(/504 Gateway Time-out[^]* 504$/);
  });

  test('does once a policy admits it, and around the controller nobody does', () => {
    const fixed = podwall('lab', 'apply', 'examples/bank', 'examples/bank/fix', '--name', name, '-q');
    expect(fixed.code).toBe(0);
    expect(curl(`https://${host}/`).out).toMatch(/^bank\/bankapp-[01] TCP 80\n 200$/);
    const service = '10.96.0.1';
    expect(exec('ingress-nginx/ingress-nginx-controller', 'cat', '/etc/hosts').out).toContain(service);
    for (const from of ['bank/reports', 'internet', 'node/node-1']) {
      const { code } = exec(from, 'curl', '-sS', '-m', '1', `http://${service}/`);
      // The node of a pod reaches it whatever policies say; of the Service's two pods one is on the other node.
      if (!from.startsWith('node/')) expect([from, code]).toEqual([from, 28]);
    }
    const verified = podwall('lab', 'verify', '--name', name);
    expect(verified).toMatchObject({ code: 0, err: '' });
    // nginx serves on while it is given a new configuration.
    expect(podwall('lab', 'apply', 'examples/bank', '--name', name, '-q').code).toBe(0);
    expect(curl(`https://${host}/`).out).toMatch(/ 504$/);
  });

  test('has an nginx in the network of the controller alone, and it ends with the lab', () => {
    const running = (): readonly string[] =>
      run('ps', '-eo', 'args')
        .split('\n')
        .filter((line) => line.includes(`nginx: master process nginx -p /run/podwall/${name}/`));
    expect(running()).toHaveLength(1);
    remove(name);
    expect(running()).toEqual([]);
  });
});
