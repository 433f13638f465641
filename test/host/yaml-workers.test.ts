import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readInputs } from '../../src/host/index.ts';
import type { WorkerOptions } from '../../src/host/yaml-workers.ts';
import { ManifestReader } from '../../src/manifest/index.ts';
import { told } from '../manifest/scan/reading.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwall-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\n  labels: {app: web}\nspec:\n  containers:\n  - name: a\n    ports:\n    - containerPort: 80\n`;
const policy = (name: string, port: string): string =>
  `# größer\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: ${name}\nspec:\n  podSelector: {}\n  ingress:\n  - ports:\n    - port: ${port}\n`;

/** What stands in a file, by its number: all that a folder of manifests may hold. */
const contents: readonly ((i: number) => string | Uint8Array)[] = [
  (i) => pod(`pod-${i}`),
  (i) => `${pod(`one-${i}`)}---\n${policy(`p-${i}`, '80')}---\n${pod(`two-${i}`)}`,
  (i) => policy(`bad-${i}`, 'nonsense!'),
  (i) => `apiVersion: v1\nkind: List\nitems:\n- ${pod(`item-${i}`).replaceAll('\n', '\n  ').trimEnd()}\n`,
  (i) => pod(`windows-${i}`).replaceAll('\n', '\r\n'),
  (i) => `\uFEFF${pod(`mark-${i}`)}`,
  (i) => `${pod(`kept-${i}`)}---\na: [\n`,
  (i) => `metadata: &m {name: anchor-${i}}\nkind: Pod\napiVersion: v1\n`,
  (i) => `${pod(`twice-${i}`)}  hostNetwork: true\n  hostNetwork: false\n`,
  () => 'image: nginx\nreplicas: 3\n',
  () => '# nothing\n',
  () => '',
  (i) => `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "json-${i}"}}`,
  () => Uint8Array.of(0x61, 0x3a, 0x20, 0xff, 0x0a),
  () => 'kind: Pod\nmetadata: {}\n',
];

async function read(workers: WorkerOptions): Promise<unknown> {
  const reader = new ManifestReader();
  const diagnostics = await readInputs([folder, join(folder, 'f0003.yaml')], reader, {
    recursive: true,
    workers,
  });
  const result = reader.finish();
  const quoted = result.diagnostics.map(({ file, line }) =>
    reader.lines(file, Math.max(1, line - 2), line, 400),
  );
  return { told: told(result), diagnostics, quoted };
}

it('several threads read the same as one, also what is wrong, in the same order', async () => {
  for (let i = 0; i < 300; i++) {
    const content = contents[i % contents.length] as (i: number) => string | Uint8Array;
    writeFileSync(join(folder, `f${String(i).padStart(4, '0')}.${i % 7 === 0 ? 'yml' : 'yaml'}`), content(i));
  }
  mkdirSync(join(folder, 'deeper'));
  for (const name of ['x', 'y', 'z'])
    writeFileSync(
      join(folder, 'deeper', `${name}.yaml`),
      Array.from({ length: 40 }, (_, i) => pod(`${name}-${i}`)).join('---\n'),
    );
  const alone = await read({ from: 0, threads: 1, share: 5000 });
  const together = await read({ from: 0, threads: 3, share: 5000 });
  expect(together).toEqual(alone);
  expect((alone as { told: { objects: number } }).told.objects).toBeGreaterThan(350);
});
