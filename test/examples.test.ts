import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { readManifests } from '../src/manifest/index.ts';
import type { Cluster } from '../src/model/index.ts';
import { compile } from '../src/policy/index.ts';
import { map } from '../src/reach/index.ts';
import type { AllowedPorts } from '../src/reach/index.ts';
import { difference, repository, shownIn, workspace } from './documents.ts';

const examples = readdirSync(join(repository, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('the examples', () => {
  test('are four, each with a README that shows commands', () => {
    expect(examples).toEqual(['bank', 'platform', 'shop', 'three-tier']);
    for (const name of examples) {
      expect(existsSync(join(repository, 'examples', name, 'README.md'))).toBe(true);
      expect(shownIn(`examples/${name}/README.md`).commands.length).toBeGreaterThan(4);
    }
  });

  test.each(examples)('%s is free of mistakes', (name) => {
    const folder = join(repository, 'examples', name);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.yaml'),
    );
    const { diagnostics, objects } = readManifests(
      files.sort().map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') })),
    );
    expect(objects).toBeGreaterThan(files.length);
    expect(diagnostics.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });

  test('the shop is as large as its README says', () => {
    const cluster = clusterOf('shop');
    expect(cluster.workloads.length).toBe(16);
    expect(cluster.namespaces.size).toBe(5);
    expect(cluster.policies.length).toBe(24);
  });
});

// What the policies of the examples were written to mean, worked out by hand. Some connections are missing on purpose: the
// READMEs lead to them.
const meant = {
  'three-tier': [
    'Deployment/frontend → Deployment/backend TCP 8080', // and not backend → database
  ],
  bank: [
    'Deployment/frontend → Deployment/bankapp TCP 80', // and not the controller
  ],
  platform: [
    'Deployment/api → Deployment/db TCP 5432',
    'Deployment/gateway → Deployment/api TCP 8080',
    'Deployment/gateway → Deployment/portal TCP 8080',
    'Deployment/gateway → Deployment/web TCP 8080',
    'Deployment/prometheus → Deployment/api TCP 9101',
    'Deployment/prometheus → Deployment/cache TCP 9121',
    'Deployment/prometheus → Deployment/db TCP 9187',
    'Deployment/prometheus → Deployment/portal TCP 9100',
    'Deployment/prometheus → Deployment/web TCP 9100',
    'Deployment/web → Deployment/api TCP 8080',
    'edge/public → Deployment/api TCP 8080', // the Gateway, through its pods
    'edge/public → Deployment/portal TCP 8080',
    'edge/public → Deployment/web TCP 8080',
    // Baseline has no word about the outside; its parts are two, for one of them is nobody's to reach.
    '0.0.0.0-169.254.169.253+2 → Deployment/cache all',
    '169.254.169.254/32 → Deployment/cache all',
  ],
  shop: [
    'Deployment/cart → StatefulSet/cart-redis TCP 6379',
    'Deployment/catalog → StatefulSet/catalog-db TCP 5432',
    'Deployment/ingress-nginx-controller → Deployment/web TCP 8080',
    'Deployment/orders → Deployment/cart TCP 8080',
    'Deployment/orders → Deployment/catalog TCP 8000',
    'Deployment/orders → Deployment/gateway TCP 8443',
    'Deployment/web → Deployment/cart TCP 8080',
    'Deployment/web → Deployment/catalog TCP 8000',
    'Deployment/web → Deployment/orders TCP 8080',
    'StatefulSet/catalog-db → StatefulSet/catalog-db TCP 5432', // replicas; and not sales-report
    'StatefulSet/prometheus → Deployment/cart TCP 9100',
    'StatefulSet/prometheus → Deployment/catalog TCP 9100',
    'StatefulSet/prometheus → Deployment/gateway TCP 9102',
    'StatefulSet/prometheus → Deployment/fraud TCP 9102',
    'StatefulSet/prometheus → Deployment/orders TCP 9100',
    'StatefulSet/prometheus → Deployment/web TCP 9090',
    'StatefulSet/prometheus → StatefulSet/cart-redis TCP 9121',
    'StatefulSet/prometheus → StatefulSet/catalog-db TCP 9187',
    'StatefulSet/prometheus → StatefulSet/ledger TCP 9187',
    'Deployment/gateway → Deployment/fraud TCP 9000',
    'Deployment/gateway → StatefulSet/ledger TCP 5432',
    'shop/front → Deployment/web TCP 8080', // the Ingress, through its controller
  ],
} as const;

describe('what reaches the protected workloads of', () => {
  test.each([
    { name: 'three-tier' as const, protectedOnes: /^app\// },
    { name: 'bank' as const, protectedOnes: /\/bankapp$/ },
    { name: 'platform' as const, protectedOnes: /^(orange|violet)\// },
    { name: 'shop' as const, protectedOnes: /^(shop|payments)\// },
  ])('$name', ({ name, protectedOnes }) => {
    const { document } = map(compile(clusterOf(name)), { level: { kind: 'workload' } });
    // What host-network pods reach on their own nodes is not the policies' doing.
    const hosts = new Set(document.peers.filter(({ hostNetwork }) => hostNetwork).map(({ id }) => id));
    const found = document.connections
      .filter(({ from, to }) => protectedOnes.test(to) && !hosts.has(from))
      .map(({ from, to, allowed }) => `${short(from)} → ${short(to)} ${portsOf(allowed)}`);
    expect(found.sort()).toEqual(meant[name].toSorted());
  });
});

/** `shop/Deployment/web` without its namespace; addresses as they are. */
function short(id: string): string {
  return /^[a-z]/.test(id) ? id.split('/').slice(1).join('/') : id;
}

function portsOf(allowed: AllowedPorts): string {
  if (allowed === 'all') return 'all';
  return (['SCTP', 'TCP', 'UDP'] as const)
    .flatMap((protocol) => {
      const ranges = allowed[protocol]?.map(([from, to]) => (from === to ? from : `${from}-${to}`));
      return ranges === undefined ? [] : [`${protocol} ${ranges.join(', ')}`];
    })
    .join('; ');
}

/** The cluster of an example, without what stands in its folders. */
function clusterOf(name: string): Cluster {
  const folder = join(repository, 'examples', name);
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return readManifests(files.map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') })))
    .cluster;
}

describe.each(examples)('examples/%s/README.md', (name) => {
  const { commands, files } = shownIn(`examples/${name}/README.md`);
  const place = workspace(files);
  afterAll(() => place.remove());

  test.each(commands)('line $line: $command', ({ command, exitCode, output, needs }) => {
    expect(needs).toBeUndefined();
    const ran = place.run(command);
    expect(ran).toEqual({ exitCode, output: ran.output });
    expect(output === undefined ? undefined : difference(output, ran.output)).toBeUndefined();
  });
});
