import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readManifests } from '../../src/manifest/index.ts';
import type { Cluster } from '../../src/model/index.ts';
import { formatAddress } from '../../src/net/index.ts';
import { countProbes, hostsText, probesOf } from '../../src/topology/index.ts';
import type { LabListener, LabPlan, LabProbe, LabRoute } from '../../src/topology/index.ts';

const root = join(import.meta.dirname, '../..');

/** The cluster of all manifests of some folders of the project, those in folders of them left out. */
export function clusterIn(...folders: readonly string[]): Cluster {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .map((file) => join(root, folder, file)),
  );
  return readManifests(files.map((file) => ({ file, text: readFileSync(file, 'utf8') }))).cluster;
}

/** The cluster of a text. */
export function clusterOf(...texts: readonly string[]): Cluster {
  return readManifests(texts.map((text, i) => ({ file: `${i}.yaml`, text }))).cluster;
}

/** A plan as people can review it: all but the rules of policies, and the Services of one node. */
export function planText(plan: LabPlan): string {
  const lines = [`lab ${plan.name}, ${plan.families.join(' and ')}`];
  const section = (title: string, entries: readonly string[]): void => {
    lines.push('', title, ...entries.map((entry) => `  ${entry}`));
  };
  for (const { kind, message, details } of plan.notes) section(`${kind}: ${message}`, details);
  for (const { name, kind, of, forwards, routes, listeners } of plan.namespaces) {
    section(`${name} (${kind}${of === '' ? '' : ` ${of}`}${forwards ? ', forwards' : ''})`, [
      ...plan.links.flatMap(({ ends }) =>
        ends
          .filter(({ namespace }) => namespace === name)
          .map((end) => `${end.name} ${end.addresses.map(({ address }) => address).join(' ')}`),
      ),
      ...routes.map(routeText),
      `listens on ${listeners.map(listenerText).join(' ')}`,
    ]);
  }
  section(
    'links',
    plan.links.map(({ ends }) => ends.map(({ namespace, name }) => `${namespace}/${name}`).join(' - ')),
  );
  section(
    'ends',
    plan.ends.map(
      ({ id, namespace, addresses }) => `${id} in ${namespace}: ${addresses.map(formatAddress).join(' ')}`,
    ),
  );
  const probes = [...probesOf(plan)];
  section(
    `${countProbes(plan)} probes`,
    [...countsOf(probes)].map(([key, count]) => `${key}: ${count}`),
  );
  const [first] = plan.nodes.values();
  const [pod] = plan.namespaces.filter(({ kind }) => kind === 'pod');
  if (pod !== undefined) lines.push('', `hosts of ${pod.name}`, hostsText(plan, pod.name));
  if (first !== undefined) lines.push(`Services of ${first.node.name}`, first.services);
  return lines.join('\n');
}

function routeText({ family, to, via, interface: out, source }: LabRoute): string {
  const ways = [
    via === undefined ? '' : ` via ${via}`,
    ` dev ${out}`,
    source === undefined ? '' : ` src ${source}`,
  ];
  return `${to}${to === 'default' ? ` ${family}` : ''}${ways.join('')}`;
}

function listenerText({ protocol, port }: LabListener): string {
  return `${protocol}/${port}`;
}

/** How many probes of each pair of kinds are allowed and denied. */
function countsOf(probes: readonly LabProbe[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { from, to, family, predicted } of probes) {
    const key = `${from.kind} to ${to.kind}, ${family}, ${predicted}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
