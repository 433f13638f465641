import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { afterAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import type { Protocol } from '../../src/net/index.ts';
import { labName, remove, whyNoLab } from './lab.ts';
import { RunningLab } from './running.ts';

// The conformance suite of ClusterNetworkPolicy with real packets: each test in one lab that goes from state to state, as the
// suite changes its policies; IPv6 where the suite has a cluster for it.

/** One connection that the suite tries; see clusternetworkpolicy/README.md. */
interface SuiteProbe {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly expect: 'allow' | 'deny';
}

const root = join(import.meta.dirname, '../conformance/clusternetworkpolicy');
const names = folders(root).filter((name) => name.startsWith('cnp-'));
const runs = names.flatMap((name) => [
  { name, family: 'IPv4' as const },
  ...(existsSync(join(root, name, 'cluster-ipv6.yaml')) ? [{ name, family: 'IPv6' as const }] : []),
]);

test('in CI there is a machine for labs', () => {
  expect(process.env['CI'] === 'true' ? whyNoLab : undefined).toBeUndefined();
});

describe.skipIf(whyNoLab !== undefined)('in a lab', { timeout: 60_000 }, () => {
  const lab = new RunningLab(labName('cnp'));
  const seen = { states: 0, probes: 0, IPv6: 0 };
  afterAll(() => remove(labName('cnp')));

  test.each(runs)('$name, $family', async ({ name, family }) => {
    const path = (...parts: readonly string[]): string => {
      const plain = join(root, name, ...parts);
      const own = plain.replace(/\.yaml$/, '-ipv6.yaml');
      return family === 'IPv6' && existsSync(own) ? own : plain;
    };
    const read = (...parts: readonly string[]): string => readFileSync(path(...parts), 'utf8');
    for (const state of folders(join(root, name))) {
      await lab.bring([
        { file: 'cluster.yaml', text: listening(read('cluster.yaml')) },
        { file: 'state.yaml', text: read(state, 'state.yaml') },
      ]);
      const probes: readonly SuiteProbe[] = parse(read(state, 'probes.yaml'));
      const answers = await Promise.all(
        probes.map(({ from, to, protocol, port }) =>
          lab.observe(from, to, `${protocol.toLowerCase()}/${port}`),
        ),
      );
      const found = probes.map((probe, i) => ({
        ...probe,
        expect: answers[i]?.map((answer) => (answer === 'allowed' ? 'allow' : 'deny')).join(),
      }));
      expect({ state, found }).toEqual({ state, found: probes });
      seen.states++;
      seen.probes += probes.length;
      if (family === 'IPv6') seen.IPv6 += probes.length;
    }
  });

  test('every state and probe of the suite was tried', () => {
    console.log(`${seen.probes} probes in ${seen.states} states, ${seen.IPv6} of them over IPv6`);
    expect(seen.probes - seen.IPv6).toBe(301);
    expect(runs.length).toBe(24 + 4);
  });
});

/** The pods of the suite listen on more than they declare (see its README): a lab has to be told. Without names no policy sees it. */
function listening(text: string): string {
  return parseAllDocuments(text)
    .map((document) => {
      const ports = [
        { containerPort: 8080, protocol: 'TCP' },
        { containerPort: 5353, protocol: 'UDP' },
        { containerPort: 9003, protocol: 'SCTP' },
        { containerPort: 9005, protocol: 'SCTP' },
      ];
      if (document.get('kind') === 'Pod' && document.getIn(['spec', 'hostNetwork']) !== true) {
        const more = document.createNode({ name: 'more', image: 'more', ports });
        document.addIn(['spec', 'containers'], more);
      }
      return String(document).replace(/^---\n/, '');
    })
    .join('---\n');
}

function folders(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
