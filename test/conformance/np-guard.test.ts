import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { resolveEntries } from '../../src/entry/index.ts';
import { readManifests } from '../../src/manifest/index.ts';
import type { Cluster } from '../../src/model/index.ts';
import { parseIPv4 } from '../../src/net/address.ts';
import { formatAddress, lastOf, PortSet, protocols } from '../../src/net/index.ts';
import { compile } from '../../src/policy/index.ts';
import type { ProfileName } from '../../src/policy/index.ts';
import { allowedPorts, map, portSet } from '../../src/reach/index.ts';
import type { AllowedPorts, ConnectivityMap } from '../../src/reach/index.ts';

// The connections that np-guard/netpol-analyzer states for its own samples, of all classes. See np-guard/README.md.

interface Golden {
  readonly class: 'core' | 'ingress' | 'anp';
  readonly profile: ProfileName;
  readonly connections: readonly {
    readonly src: string;
    readonly dst: string;
    readonly ports: AllowedPorts;
  }[];
}

/** One end: a workload by podwall's id, or IPv4 addresses outside the cluster. */
type GoldenEnd = string | readonly (readonly [first: number, last: number])[];

interface Connection {
  readonly from: GoldenEnd;
  readonly to: GoldenEnd;
  readonly ports: string;
}

const root = join(import.meta.dirname, 'np-guard');
const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => {
    const golden: Golden = JSON.parse(readFileSync(join(root, name, 'expected.json'), 'utf8'));
    return { name, golden };
  });

describe('np-guard', () => {
  const core = cases.filter(({ golden }) => golden.class === 'core');
  const entrances = cases.filter(({ golden }) => golden.class === 'ingress');
  const tiers = cases.filter(({ golden }) => golden.class === 'anp');

  test('all cases were found', () => {
    expect(cases.length).toBe(50);
    expect(core.length).toBe(21);
    expect(entrances.length).toBe(3);
    expect(core.filter(({ golden }) => golden.profile === 'np-guard').length).toBe(8);
    expect(core.reduce((sum, { golden }) => sum + golden.connections.length, 0)).toBe(4755);
    expect(tiers.length).toBe(26);
    expect(tiers.filter(({ golden }) => golden.profile === 'upstream').length).toBe(26);
    expect(tiers.reduce((sum, { golden }) => sum + golden.connections.length, 0)).toBe(413);
  });

  test.each([...core, ...entrances, ...tiers])('$name', ({ name, golden }) => {
    const folder = join(root, name, 'input');
    const { cluster, diagnostics } = readManifests(
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.(ya?ml|json)$/.test(file))
        .sort()
        .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') })),
    );
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const policy = compile(cluster, { profile: golden.profile });
    const { document } = map(policy, { level: { kind: 'workload' } });
    const undeclared = undeclaredPorts(cluster);
    const ours = connectionsOf(document, undeclared);
    const theirs = golden.connections.map(({ src, dst, ports }): Connection => ({
      from: readEnd(src),
      to: readEnd(dst),
      ports: textOf(ports),
    }));
    const cuts = cutsOf([...ours, ...theirs]);
    expect(cutAt(ours, cuts)).toEqual(cutAt(theirs, cuts));
  });
});

const controller = '{ingress-controller}';

/**
 * What a map says, in the reading of the golden files: IPv4 only, and nothing about a workload and itself. All entrances
 * are one controller, which they let through to declared ports alone.
 */
function connectionsOf(document: ConnectivityMap, undeclared: PortSet): readonly Connection[] {
  const peers = new Map(document.peers.map((peer) => [peer.id, peer]));
  const endOf = (id: string): GoldenEnd => {
    const { ranges } = peers.get(id)!;
    if (ranges === undefined) return id;
    return ranges
      .map(([first, last]) => [parseIPv4(first), parseIPv4(last)] as const)
      .filter(([first]) => first >= 0);
  };
  const ours: Connection[] = [];
  const entered = new Map<string, PortSet>();
  for (const { from, to, family, allowed } of document.connections) {
    if (from === to || family === 'IPv6') continue;
    const { kind, controller: served } = peers.get(from)!;
    if (kind !== 'entry') ours.push({ from: endOf(from), to: endOf(to), ports: textOf(allowed) });
    else if (served !== undefined) {
      const ports = portSet(allowed).minus(undeclared);
      entered.set(to, (entered.get(to) ?? PortSet.none).union(ports));
    }
  }
  for (const [to, ports] of entered) {
    if (!ports.isEmpty) ours.push({ from: controller, to, ports: textOf(allowedPorts(ports)) });
  }
  return ours;
}

/** The ports to which entrances lead and that no pod behind them declares. */
function undeclaredPorts(cluster: Cluster): PortSet {
  const targets = resolveEntries(cluster).entries.flatMap(({ ways }) =>
    ways.flatMap(({ protocol, targets: pods }) => pods.map((each) => ({ protocol, ...each }))),
  );
  return PortSet.union(
    targets.flatMap(({ declared, protocol, port }) =>
      declared ? [] : [PortSet.range(protocol, port, port)],
    ),
  );
}

/** `ns/name[Kind]` is podwall's `ns/Kind/name`; `a.b.c.d-e.f.g.h[External]` is a range. */
function readEnd(text: string): GoldenEnd {
  if (text === controller) return text;
  const match = /^(.*)\[(\w+)\]$/.exec(text);
  if (match === null) throw new Error(`${text} is no end`);
  const [, name, kind] = match;
  if (kind === 'External') {
    const [first, last] = name!.split('-').map((address) => parseIPv4(address));
    return [[first!, last!]];
  }
  return name!.replace('/', `/${kind}/`);
}

/** Equal sets of ports as equal texts. That project knows three protocols: all ports of all of them are "all". */
function textOf(ports: AllowedPorts): string {
  if (ports === 'all') return 'all';
  const all = protocols.every((protocol) => JSON.stringify(ports[protocol]) === '[[1,65535]]');
  return all ? 'all' : JSON.stringify(protocols.map((protocol) => ports[protocol] ?? []));
}

/** The first address of every piece into which the ranges of all connections cut the address space. */
function cutsOf(connections: readonly Connection[]): readonly number[] {
  const ranges = connections
    .flatMap(({ from, to }) => [from, to])
    .flatMap((end) => (isRanges(end) ? end : []));
  return [...new Set(ranges.flatMap(([first, last]) => [first, last + 1]))].sort((a, b) => a - b);
}

/** One line for each connection between two workloads, or between a workload and one piece of addresses; sorted. */
function cutAt(connections: readonly Connection[], cuts: readonly number[]): readonly string[] {
  const pieces = (end: GoldenEnd): readonly string[] => {
    if (!isRanges(end)) return [end];
    return end.flatMap(([first, last]) =>
      cuts
        .filter((cut) => first <= cut && cut <= last)
        .map(
          (cut) =>
            `${dotted(cut)}-${dotted((cuts[cuts.indexOf(cut) + 1] ?? Number(lastOf('IPv4')) + 1) - 1)}`,
        ),
    );
  };
  return connections
    .flatMap(({ from, to, ports }) =>
      pieces(from).flatMap((source) =>
        pieces(to).map((destination) => `${source} → ${destination}: ${ports}`),
      ),
    )
    .sort();
}

function isRanges(end: GoldenEnd): end is readonly (readonly [number, number])[] {
  return typeof end !== 'string';
}

function dotted(value: number): string {
  return formatAddress({ family: 'IPv4', value: BigInt(value) });
}
