import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

// Shapes that nobody writes but somebody may send: each is asked in a process of its own with little memory, for a set
// of ports interned on the way, or a list of peers squared, ends such a process and not a test.

const library = fileURLToPath(new URL('../../src/index.ts', import.meta.url));

/** Runs a program that is given the library and the number of rules, and prints its answer. */
function answerOf(program: string): string {
  const script = `
    const { compile, count, map, readObjects } = await import(${JSON.stringify(library)});
    const pod = (name, labels) => ({
      apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'a', labels },
      spec: { containers: [{ name: 'c', image: 'x' }] }, status: { phase: 'Running', podIP: '10.0.0.1' },
    });
    const policy = (name, spec) => ({
      apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'a' }, spec,
    });
    const many = (n, make) => Array.from({ length: n }, (_, i) => make(i));
    ${program}
  `;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--max-old-space-size=400', '--input-type=module', '--eval', script],
    { encoding: 'utf8', timeout: 60_000 },
  );
  expect({ status, stderr: stderr.slice(0, 400) }).toEqual({ status: 0, stderr: '' });
  return stdout.trim();
}

describe('a policy of very many rules', () => {
  test('with a port each for one peer is one set of ports', () => {
    const answer = answerOf(`
      const { cluster } = readObjects([
        pod('client', { app: 'c' }), pod('server', { app: 's' }),
        policy('p', {
          podSelector: { matchLabels: { app: 's' } },
          ingress: many(12000, (i) => ({ from: [{ podSelector: {} }], ports: [{ port: 1 + 2 * i }] })),
        }),
      ]);
      const { byPorts } = count(compile(cluster));
      console.log(byPorts.map(({ allowed, pairs }) => allowed === 'all' ? 'all ' + pairs : allowed.TCP.length + ' ' + pairs).join());
    `);
    expect(answer).toBe('all 1,12000 1');
  });

  test('with a block and a port each is swept once', () => {
    const answer = answerOf(`
      const { cluster } = readObjects([
        pod('server', { app: 's' }),
        policy('p', {
          podSelector: {},
          ingress: many(600, (i) => ({
            from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['20.' + (i >> 8) + '.' + (i & 255) + '.7/32'] } }],
            ports: [{ port: 1 + 2 * i }],
          })),
        }),
      ]);
      const { connections } = map(compile(cluster), { level: { kind: 'workload' } }).document;
      console.log(connections.filter(({ to }) => to === 'a/Pod/server').length);
    `);
    // One address for each except, which lacks its port, and all the others.
    expect(answer).toBe('601');
  });
});

describe('thousands of policies with a value each that they leave out', () => {
  // With the library loaded a process has some 100 MB. What is quadratic stands in typed arrays, which no heap limit bounds.
  const megabytes = 'process.resourceUsage().maxRSS / 1024';

  test('among the pods that they select', () => {
    const answer = answerOf(`
      const { cluster } = readObjects([
        ...many(6500, (i) => pod('p' + i, { app: 'v' + i })),
        ...many(6500, (i) => policy('n' + i, {
          podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['v' + i] }] },
          ingress: i % 2 ? [] : [{ from: [{ podSelector: { matchLabels: { app: 'v' + i % 10 } } }], ports: [{ port: 80 }] }],
        })),
      ]);
      const { allowed } = count(compile(cluster));
      console.log(allowed, ${megabytes} < 400);
    `);
    // Five pods reach all others.
    expect(answer).toBe(`${5 * 6499} true`);
  });

  test('among their peers', () => {
    const answer = answerOf(`
      const { cluster } = readObjects([
        ...many(3000, (i) => pod('p' + i, { app: 'v' + i })),
        ...many(3000, (i) => policy('n' + i, {
          podSelector: { matchLabels: { app: 'v' + i } },
          ingress: [{ from: [{ podSelector: {
            matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['v' + (i + 1) % 3000] }],
          } }] }],
        })),
      ]);
      const { allowed } = count(compile(cluster));
      console.log(allowed, ${megabytes} < 400);
    `);
    // Each pod is reached by all others but one.
    expect(answer).toBe(`${3000 * 2998} true`);
  });

  test('among their peers, with a port each', () => {
    const answer = answerOf(`
      const { cluster } = readObjects([
        ...many(1500, (i) => pod('p' + i, { app: 'v' + i })),
        ...many(1500, (i) => policy('n' + i, {
          podSelector: { matchLabels: { app: 'v' + i % 7 } },
          ingress: [{
            from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['v' + i] }] } }],
            ports: [{ port: 1 + 2 * i }],
          }],
        })),
      ]);
      const { allowed, byPorts } = count(compile(cluster));
      console.log(allowed, byPorts.length, ${megabytes} < 400);
    `);
    // Seven pods are reached on all ports of theirs but one by each that a policy leaves out, but for themselves; on all
    // of theirs by the others; and nothing isolates the rest.
    expect(answer).toBe(`${1500 * 1499} ${1500 - 7 + 7 + 1} true`);
  });
});

test('a selector of very many values', () => {
  const answer = answerOf(`
    const { cluster } = readObjects([
      ...many(20000, (i) => pod('p' + i, { app: 'v' + i })),
      policy('n', {
        podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: many(20000, (i) => 'v' + i) }] },
      }),
    ]);
    console.log(count(compile(cluster)).allowed);
  `);
  expect(answer).toBe('0');
});
