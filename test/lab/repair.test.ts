import { describe, expect, test } from 'vitest';

import { LabConnection } from '../../src/host/lab/index.ts';
import { labName, podwall, run, useLab, whyNoLab } from './lab.ts';

// What somebody has changed by hand in a lab that runs is put right by the next apply, of the same input too.

const name = labName('repair');

const input = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { nodeName: one, containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { nodeName: two, containers: [{ name: c, image: x, ports: [{ containerPort: 5432 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop }
spec: { selector: { app: db }, ports: [{ port: 5432 }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }] }]
`;

describe.skipIf(whyNoLab !== undefined)('a lab that somebody has changed by hand', () => {
  const file = useLab(name, input);
  const node = `podwall.${name}.node.two`;
  const nft = (...args: readonly string[]): string => run('ip', 'netns', 'exec', node, 'nft', ...args);
  const apply = (): ReturnType<typeof podwall> => podwall('lab', 'apply', file, '-q', '--name', name);
  const verify = (): unknown => {
    const { code, out } = podwall('lab', 'verify', '-q', '-o', 'json', '--name', name);
    const { disagreements, differences } = JSON.parse(out) as Record<string, unknown>;
    return { code, disagreements, differences };
  };
  const whole = { code: 0, disagreements: 0, differences: [] };
  const head = `✓ The lab ${name} has changed: 2 nodes, 2 pods and 1 Service.\n`;
  const generation = (): number => {
    const { out } = podwall('lab', 'status', '-o', 'json', '--name', name);
    const { nodes } = JSON.parse(out) as { readonly nodes: readonly { name: string; generation: number }[] };
    return nodes.find((each) => each.name === 'two')!.generation;
  };
  const chain = (): string =>
    /10\.244\.\d+\.\d+ : goto (in_\w+)/.exec(nft('list', 'map', 'inet', 'podwall', 'in4'))![1]!;

  test('stays as it is where nothing was changed', () => {
    const before = nft('-a', 'list', 'ruleset');
    expect(apply()).toEqual({ code: 0, out: head, err: '' });
    expect(nft('-a', 'list', 'ruleset')).toBe(before);
    expect(generation()).toBe(1);
  });

  test.each<readonly [string, () => unknown, () => string]>([
    [
      'a rule that is missing',
      () => {
        const own = chain();
        const handle = /"shop\/db rule 1" # handle (\d+)/.exec(
          nft('-a', 'list', 'chain', 'inet', 'podwall', own),
        )![1]!;
        nft('delete', 'rule', 'inet', 'podwall', own, 'handle', handle);
      },
      () => `rule missing on two: chain ${chain()}, "shop/db rule 1"`,
    ],
    [
      'a rule that nobody has loaded',
      () => nft('insert', 'rule', 'inet', 'podwall', chain(), 'accept'),
      () => `rule unexpected on two: chain ${chain()}, accept`,
    ],
    [
      'an element of a set',
      () => {
        const [, set, element] = /set (sel_\w+_4) \{[^}]*elements = \{ ([0-9.]+)/.exec(
          nft('list', 'table', 'inet', 'podwall'),
        )!;
        nft('delete', 'element', 'inet', 'podwall', set!, `{ ${element} }`);
      },
      () => 'element missing on two: set sel_',
    ],
    [
      'a chain of its own in the table',
      () => nft('add chain inet podwall mine { type filter hook forward priority -300; policy drop; }'),
      () => 'chain unexpected on two: mine',
    ],
    [
      'a set of its own in the table',
      () => nft('add set inet podwall mine { type ipv4_addr; }'),
      () => 'set unexpected on two: mine',
    ],
    [
      'a table that sleeps',
      () => nft('table inet podwall { flags dormant; }'),
      () => 'table changed on two: inet podwall, flags dormant',
    ],
    [
      'the whole table',
      () => nft('delete', 'table', 'inet', 'podwall'),
      () => 'table missing on two: inet podwall',
    ],
    [
      'the table of Services',
      () => nft('flush', 'chain', 'inet', 'podwall-lab', 'dispatch'),
      () => 'rule missing on two: chain dispatch, ',
    ],
    [
      'a table of its own',
      () => nft('table ip mine { chain c { type filter hook forward priority -300; policy drop; }; }'),
      () => 'table unexpected on two: ip mine',
    ],
  ])('%s is put right, and told', (_, sabotage, told) => {
    const before = generation();
    sabotage();
    const { code, out, err } = apply();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.startsWith(`${head}  Put right, for somebody had changed it by hand:\n    `)).toBe(true);
    expect(out).toContain(told());
    expect(verify()).toEqual(whole);
    // Flows that were let through meanwhile are judged again.
    expect(generation()).toBe(before + 1);
    expect(apply().out).toBe(head);
  });

  test('a denial that is not of policies is told from those that are', () => {
    nft('table ip mine { chain c { type filter hook forward priority -300; policy drop; }; }');
    const { code, out } = podwall('lab', 'verify', '-q', '-o', 'json', '--name', name);
    const report = JSON.parse(out) as { readonly denied: number; readonly provenByRemoval: number };
    expect(code).toBe(1);
    expect(report.provenByRemoval).toBeLessThan(report.denied);
    apply();
    expect(verify()).toEqual(whole);
  });

  test('tables that verify has taken out of the way stay so, though they are put right', async () => {
    const sleeps = (): boolean => nft('list', 'table', 'inet', 'podwall').includes('flags dormant');
    const lab = await LabConnection.open(name);
    try {
      await lab.ask({ kind: 'suspend' }, 'done');
      expect(sleeps()).toBe(true);
      expect(apply().out).toBe(head);
      nft('flush', 'chain', 'inet', 'podwall', chain());
      expect(apply().out).toContain('"shop/db rule 1"');
      expect(sleeps()).toBe(true);
      await lab.ask({ kind: 'resume' }, 'done');
      expect(sleeps()).toBe(false);
    } finally {
      lab.close();
    }
    expect(verify()).toEqual(whole);
  });

  test('an element that nobody has loaded is put right', () => {
    const [, set] = /set (sel_\w+_4) /.exec(nft('list', 'table', 'inet', 'podwall'))!;
    nft('add', 'element', 'inet', 'podwall', set!, '{ 203.0.113.77 }');
    expect(apply().out).toContain(`element unexpected on two: set ${set}, 203.0.113.77`);
    expect(verify()).toEqual(whole);
  });

  test('rules in another order are put right', () => {
    const judge = (): string => nft('-s', 'list', 'chain', 'inet', 'podwall', 'judge');
    const before = judge();
    const [, handle] = /# handle (\d+)\n\t\}/.exec(nft('-a', 'list', 'chain', 'inet', 'podwall', 'judge'))!;
    const last = before.trim().split('\n').at(-3)?.trim();
    nft('delete', 'rule', 'inet', 'podwall', 'judge', 'handle', handle!);
    nft(`insert rule inet podwall judge ${last ?? ''}`);
    expect(apply().out).toContain('chain changed on two: judge, its rules stand in another order');
    expect(verify()).toEqual(whole);
  });

  test('what the machine lost is made again: a pod, and a node with the pods on it', () => {
    run('ip', 'netns', 'delete', `podwall.${name}.pod.shop.db`);
    expect(apply().out).toContain(`    network namespace missing: podwall.${name}.pod.shop.db\n`);
    expect(verify()).toEqual(whole);
    run('ip', 'netns', 'delete', node);
    expect(apply().out).toContain(`    network namespace missing: ${node}\n`);
    expect(verify()).toEqual(whole);
  });
});
