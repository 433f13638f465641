import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { labName, podwall, remove, run, whyNoLab } from './lab.ts';
import type { Ran } from './lab.ts';

// Both families, three protocols, a Service; changes of the input and of the kernel while the lab runs.

const name = labName('dual');
const input = readFileSync(join(import.meta.dirname, 'dual-stack.yaml'), 'utf8');

interface Report {
  readonly probes: number;
  readonly allowed: number;
  readonly disagreements: number;
  readonly denied: number;
  readonly provenByRemoval: number;
  readonly details: readonly {
    readonly from: string;
    readonly to: string;
    readonly protocol: string;
    readonly port: number;
    readonly source: string;
    readonly observed: string;
    readonly cause?: string;
  }[];
}

describe.skipIf(whyNoLab !== undefined)('a lab of both families', () => {
  let folder = '';
  let up: Ran | undefined;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'podwall-lab-'));
    up = podwall('lab', 'up', 'test/lab/dual-stack.yaml', '--name', name, '-q');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    remove(name);
  });

  /** What the lab is made of from now on. */
  const apply = (text: string): Ran => {
    const file = join(folder, 'input.yaml');
    writeFileSync(file, text);
    return podwall('lab', 'apply', file, '--name', name, '-q');
  };
  const verify = (): { readonly code: number | null; readonly report: Report } => {
    const { code, out } = podwall('lab', 'verify', '--name', name, '-o', 'json');
    return { code, report: JSON.parse(out) as Report };
  };
  const agrees = { disagreements: 0 } as const;

  test('is up', () => {
    expect(up).toEqual({
      code: 0,
      out: `✓ The lab ${name} is up: 2 nodes, 3 pods and 1 Service.\n`,
      err: '',
    });
  });

  test('does what the engine says over TCP, UDP and SCTP in IPv4 and IPv6', () => {
    const { code, report } = verify();
    expect(report).toMatchObject({ ...agrees, provenByRemoval: report.denied });
    expect(code).toBe(0);
    const kinds = report.details
      .filter(({ from, to, observed }) => from === 'shop/web' && to === 'shop/db' && observed === 'allowed')
      .map(({ protocol, port, source }) => `${protocol} ${port} ${source.includes(':') ? 'IPv6' : 'IPv4'}`);
    expect(kinds.toSorted()).toEqual([
      'SCTP 9000 IPv4',
      'SCTP 9000 IPv6',
      'TCP 5432 IPv4',
      'TCP 5432 IPv6',
      'UDP 53 IPv4',
      'UDP 53 IPv6',
    ]);
    const outside = report.details.filter(
      ({ from, to }) => from.startsWith('203.0.113.') && to === 'shop/db',
    );
    expect(new Set(outside.map(({ observed }) => observed))).toEqual(new Set(['allowed', 'denied']));
  });

  test('answers a probe in each family', () => {
    const { code, out } = podwall('lab', 'probe', 'shop/web', 'shop/db', 'sctp/9000', '--name', name);
    expect(out).toContain('10.244.1.10 → 10.244.2.10, predicted allowed, observed allowed\n');
    expect(out).toContain('fd00:244:1::10 → fd00:244:2::10, predicted allowed, observed allowed\n');
    expect(code).toBe(0);
  });

  test('tells what nobody listens on from what is denied', () => {
    const probe = (...operands: readonly string[]): Ran =>
      podwall('lab', 'probe', ...operands, '--name', name);
    const open = 'it came through, and nobody listens there, as the engine said';
    expect(probe('shop/web', 'shop/other:4242')).toMatchObject({
      code: 0,
      out: expect.stringContaining(open),
    });
    expect(probe('shop/web', 'shop/other:udp/4242')).toMatchObject({
      code: 0,
      out: expect.stringContaining(open),
    });
    expect(probe('shop/web', 'shop/db:4242')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing came back, as the engine said'),
    });
  });

  test('takes the name of a port, and a Service for where to go', () => {
    const probe = (...operands: readonly string[]): Ran =>
      podwall('lab', 'probe', ...operands, '--name', name);
    expect(probe('shop/db', 'shop/web:http')).toMatchObject({
      code: 0,
      out: expect.stringContaining('shop/db → shop/web TCP 8080: it was answered by shop/web TCP 8080'),
    });
    expect(probe('shop/web', 'shop/svc/db:80')).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^✓ shop\/web → shop\/svc\/db TCP 80: it was answered by shop\/db TCP 5432, as the engine said\.\n {2}10\.244\.1\.10 → 10\.96\.0\.10, predicted allowed, observed allowed\n/,
      ),
    });
    expect(probe('shop/other', 'shop/svc/db', '80')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing came back, as the engine said'),
    });
    expect(probe('shop/web', 'shop/svc/db:81').err).toBe('error: shop/svc/db has no port TCP 81\n');
    expect(probe('shop/web', 'shop/db').err).toBe(
      'error: a probe needs a port\nhint: podwall lab probe shop/web shop/db:5432\n',
    );
    expect(probe('shop/wbe', 'shop/db:1').err).toContain('did you mean shop/web?');
  });

  test('a Service is reached by name, where policies admit the client', () => {
    const curl = (pod: string): Ran =>
      podwall('lab', 'exec', pod, '--name', name, '--', 'curl', '-sS', '-m', '1', 'http://db.shop');
    expect(curl('shop/web')).toEqual({ code: 0, out: 'shop/db TCP 5432\n', err: '' });
    expect(curl('shop/other')).toMatchObject({ code: 28, out: '' });
  });

  test('apply changes what is admitted, and back', () => {
    const opened = input.replace(
      '            app: web\n      ports:',
      '            app: other\n      ports:',
    );
    expect(opened).not.toBe(input);
    expect(apply(opened)).toEqual({
      code: 0,
      out: `✓ The lab ${name} has changed: 2 nodes, 3 pods and 1 Service.\n`,
      err: '',
    });
    const probe = (from: string): number | null =>
      podwall('lab', 'probe', from, 'shop/db:5432', '--name', name).code;
    expect(podwall('lab', 'probe', 'shop/other', 'shop/db:5432', '--name', name).out).toContain(
      'answered by shop/db',
    );
    expect(podwall('lab', 'probe', 'shop/web', 'shop/db:5432', '--name', name).out).toContain(
      'nothing came back',
    );
    expect(verify()).toMatchObject({ code: 0, report: agrees });
    expect(apply(input).code).toBe(0);
    expect([probe('shop/web'), probe('shop/other')]).toEqual([0, 0]);
    expect(podwall('lab', 'probe', 'shop/web', 'shop/db:5432', '--name', name).out).toContain(
      'answered by shop/db',
    );
  });

  test('apply brings pods, ports and nodes, and takes them away', () => {
    const more = `${input}---
apiVersion: v1
kind: Pod
metadata:
  name: late
  namespace: shop
  labels:
    app: web
spec:
  nodeName: three
  containers:
    - name: late
      image: late
      ports:
        - containerPort: 7777
status:
  podIP: 10.244.3.10
`;
    expect(apply(more)).toMatchObject({ code: 0, out: expect.stringContaining('3 nodes, 4 pods') });
    expect(podwall('lab', 'probe', 'shop/other', 'shop/late:7777', '--name', name).out).toContain(
      'answered by shop/late TCP 7777',
    );
    expect(verify()).toMatchObject({ code: 0, report: agrees });
    expect(apply(input)).toMatchObject({ code: 0, out: expect.stringContaining('2 nodes, 3 pods') });
    expect(run('ip', 'netns')).not.toContain(`podwall.${name}.pod.shop.late`);
    expect(verify()).toMatchObject({ code: 0, report: agrees });
  });

  test('an input that cannot be a lab changes nothing', () => {
    expect(apply('apiVersion: v1\nkind: Namespace\nmetadata: {name: empty}\n')).toMatchObject({
      code: 2,
      out: '',
    });
    expect(podwall('lab', 'probe', 'shop/web', 'shop/db:5432', '--name', name).code).toBe(0);
  });

  describe('sabotage', () => {
    const node = `podwall.${name}.node.two`;
    const nft = (...args: readonly string[]): string => run('ip', 'netns', 'exec', node, 'nft', ...args);
    const causes = (): readonly (string | undefined)[] => {
      const { code, report } = verify();
      expect(code).toBe(1);
      expect(report.disagreements).toBeGreaterThan(0);
      return report.details.flatMap(({ cause }) => (cause === undefined ? [] : [cause]));
    };

    test('of an element of a set is noticed, and named', () => {
      const set = /goto approve comment "shop\/db rule 1"/.test(nft('list', 'table', 'inet', 'podwall'))
        ? /set (sel_\w+_6) \{[^}]*fd00:244:1::10/.exec(nft('list', 'table', 'inet', 'podwall'))![1]!
        : '';
      nft('delete', 'element', 'inet', 'podwall', set, '{ fd00:244:1::10 }');
      expect(new Set(causes())).toEqual(new Set([`element missing on two: set ${set}, fd00:244:1::10`]));
      nft('add', 'element', 'inet', 'podwall', set, '{ fd00:244:1::10 }');
      expect(verify().code).toBe(0);
    });

    test('of the way into a chain is noticed, and named', () => {
      const chain = /10\.244\.2\.10 : goto (in_\w+)/.exec(nft('list', 'map', 'inet', 'podwall', 'in4'))![1]!;
      nft('delete', 'element', 'inet', 'podwall', 'in4', `{ 10.244.2.10 : goto ${chain} }`);
      expect(new Set(causes())).toEqual(
        new Set([`element missing on two: set in4, 10.244.2.10 : goto ${chain}`]),
      );
      nft('add', 'element', 'inet', 'podwall', 'in4', `{ 10.244.2.10 : goto ${chain} }`);
      expect(verify().code).toBe(0);
    });

    test('of a rule that admits more is noticed, and named', () => {
      nft('insert', 'rule', 'inet', 'podwall', 'judge', 'meta', 'l4proto', 'udp', 'accept');
      expect(new Set(causes())).toEqual(
        new Set(['rule unexpected on two: chain judge, meta l4proto udp accept']),
      );
      const handle = /meta l4proto udp accept # handle (\d+)/.exec(
        nft('-a', 'list', 'chain', 'inet', 'podwall', 'judge'),
      );
      nft('delete', 'rule', 'inet', 'podwall', 'judge', 'handle', handle![1]!);
      expect(verify().code).toBe(0);
    });

    test('that no connection shows is noticed, and named', () => {
      // Only packets that belong to no connection ask for it, and none of these is tried.
      nft('delete', 'element', 'inet', 'podwall', 'iso_in4', '{ 10.244.2.10 }');
      const differences = ['element missing on two: set iso_in4, 10.244.2.10'];
      expect(verify()).toMatchObject({ code: 1, report: { disagreements: 0, differences } });
      nft('add', 'element', 'inet', 'podwall', 'iso_in4', '{ 10.244.2.10 }');
      expect(verify()).toMatchObject({ code: 0, report: { differences: [] } });
    });

    test('of the whole table is noticed, and named', () => {
      nft('delete', 'table', 'inet', 'podwall');
      expect(new Set(causes())).toEqual(new Set(['table missing on two: inet podwall']));
      // What changes the table next makes it anew.
      expect(
        apply(input.replace('port: 5432\n        - port: 53', 'port: 5433\n        - port: 53')).code,
      ).toBe(0);
      expect(verify()).toMatchObject({ code: 0, report: agrees });
    });
  });

  test('that the machine lets change but in part says so, and goes as any other', () => {
    run('ip', 'netns', 'add', `podwall.${name}.node.nine`);
    const more = input.replace('nodeName: two', 'nodeName: nine');
    expect(apply(more)).toMatchObject({ code: 2, err: expect.stringContaining('error: ip failed: ') });
    expect(podwall('lab', 'status', '--name', name)).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /^error: the lab \S+ is half changed, for the machine refused the rest: .*\nhint: podwall lab down /,
      ),
    });
    remove(name);
  });
});
