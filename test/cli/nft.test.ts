import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repository } from '../documents.ts';
import { golden } from './golden.ts';

// `podwall nft` as it is called; what the rules do is tested in test/nft.

const policies = readFileSync(join(repository, 'examples/three-tier/policies.yaml'), 'utf8');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwall-nft-cli-'));
  symlinkSync(join(repository, 'examples'), join(folder, 'examples'));
  writeFileSync(join(folder, 'broken.yaml'), `${policies}---\nkind: [\n`);
  writeFileSync(
    join(folder, 'cilium.yaml'),
    `apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {phase: Running, podIPs: [{ip: 10.0.0.1}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {endpointSelector: {}}
`,
  );
  writeFileSync(
    join(folder, 'twins.yaml'),
    ['a', 'b']
      .map(
        (name) => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {phase: Running, podIPs: [{ip: 10.0.0.1}]}
`,
      )
      .join(''),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function podwall(line: string, input = ''): Ran {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(repository, 'src/cli/main.ts'), ...line.split(' ')],
    { cwd: folder, encoding: 'utf8', input, env: { PATH: process.env['PATH'] ?? '' }, maxBuffer: 2 ** 28 },
  );
  return { code: status, out: stdout, err: stderr };
}

describe('the listing', () => {
  test('is for nft, with the places of rules beside it', () => {
    const { code, out, err } = podwall('nft examples/three-tier -q');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(golden('nft-three-tier.txt', out));
    // Every place stands on a line of its own, which nft does not read.
    const places = out.split('\n').filter((line) => /\.yaml:[0-9]+/.test(line));
    expect(places.length).toBeGreaterThan(5);
    for (const line of places) expect(line).toMatch(/^\t*# /);
  });

  test('has the same rules as JSON, without places', () => {
    const { code, out } = podwall('nft examples/three-tier -q -o json');
    expect(code).toBe(0);
    expect(out).not.toContain('.yaml');
    const { nftables } = JSON.parse(out) as { readonly nftables: readonly object[] };
    expect(Object.keys(nftables[0] ?? {})).toEqual(['metainfo']);
    const comments = [...out.matchAll(/"comment":"([^"]* rule [0-9]+)"/g)].map(([, comment]) => comment);
    expect(comments).toEqual([
      'app/allow-backend-egress-https rule 1',
      'app/allow-backend-to-db rule 1',
      'app/allow-frontend-to-backend rule 1',
    ]);
  });

  test('is the same for the same objects in another order', () => {
    const files = ['workloads.yaml', 'policies.yaml'].map((file) =>
      readFileSync(join(repository, 'examples/three-tier', file), 'utf8'),
    );
    const documents = files.flatMap((text) => text.split(/^---$/m));
    const [one, other] = [documents, documents.toReversed()].map(
      (order) => podwall('nft - -q -o json', order.join('\n---\n')).out,
    );
    expect(one).toBe(other);
    expect(one?.length).toBeGreaterThan(1000);
  });

  test('marks flows with the generation that was asked for', () => {
    const { out } = podwall('nft cilium.yaml -q --generation 18');
    expect(out).toContain('add element inet podwall gen {\n\t0x00120000 : accept,\n}');
    expect(out).toContain('ct mark set ct mark & 0xf012ffff | 0x00120000');
    for (const wrong of ['0', '4096', 'x', '-1', '1.5']) {
      const { code, err } = podwall(`nft cilium.yaml --generation=${wrong}`);
      expect([code, err]).toEqual([2, expect.stringContaining('It is a number from 1 to 4095.')]);
    }
  });

  test('is of one node', () => {
    const { code, out } = podwall('nft examples/shop --node node-1 -q');
    expect(code).toBe(0);
    expect(out).toMatch(/^# podwall nft: node node-1: 8 pods\n/);
    expect(out).toContain('10.244.1.10 : goto in_');
    // Pods of other nodes are peers, and nothing leads to their chains.
    expect(out).toContain('\t10.244.2.');
    expect(out).not.toMatch(/10\.244\.2\.[0-9]+ : /);
  });
});

describe('what is said beside it', () => {
  test('pods without address', () => {
    expect(podwall('nft examples/three-tier').err).toContain('The input has no address of a pod: ');
  });

  test('an address that two pods claim', () => {
    expect(podwall('nft twins.yaml').err).toContain(
      '10.0.0.1 is taken to be that of shop/a, although shop/b has it too.\n',
    );
  });

  test('policies that are not modelled, of the pods that are meant', () => {
    const { code, err } = podwall('nft cilium.yaml --node n1');
    expect(code).toBe(0);
    expect(err).toContain('CiliumNetworkPolicy is not modelled');
  });

  test('a node that is not there', () => {
    expect(podwall('nft examples/shop --node node1')).toEqual({
      code: 2,
      out: '',
      err: `error: the input has no node "node1"
did you mean node-1?
hint: its nodes are control-plane-1, node-1, node-2, node-3
`,
    });
    expect(podwall('nft examples/three-tier --node n1').err).toContain('no pod of it has a nodeName');
  });

  test('input that cannot be read makes it incomplete', () => {
    const { code, out, err } = podwall('nft broken.yaml -o json');
    expect(code).toBe(3);
    expect(err).toContain('error yaml-');
    expect(() => JSON.parse(out) as unknown).not.toThrow();
    expect(podwall('nft broken.yaml --allow-incomplete').code).toBe(0);
  });

  test('a reading that a kernel cannot follow', () => {
    expect(podwall('nft examples/three-tier --profile np-guard').err).toContain('unknown flag "--profile"');
  });
});
