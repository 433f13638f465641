import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readManifests } from '../../src/manifest/index.ts';
import type { Diagnostic, Cluster } from '../../src/model/index.ts';
import type { Family, Protocol } from '../../src/net/index.ts';

// The suite of ClusterNetworkPolicy as it lies here. See clusternetworkpolicy/README.md.

const root = join(import.meta.dirname, 'clusternetworkpolicy');

/** One connection that the suite tries. */
export interface SuiteProbe {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly expect: 'allow' | 'deny';
  readonly line: string;
}

/** A test of the suite, and one of the states through which it goes. */
export interface SuiteState {
  readonly name: string;
  readonly state: string;
}

function folders(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** The tests of the suite, by name. */
export const suiteTests: readonly string[] = folders(root).filter((name) => name !== 'validation');

/** Every state of every test, in order. */
export const suiteStates: readonly SuiteState[] = suiteTests.flatMap((name) =>
  folders(join(root, name)).map((state) => ({ name, state })),
);

/** `standard` where upstream asks for no experimental feature: such a test has to hold with either CRD. */
function channelOf(name: string): 'standard' | 'experimental' {
  const { channel }: { readonly channel: 'standard' | 'experimental' } = parse(
    readFileSync(join(root, name, 'case.yaml'), 'utf8'),
  );
  return channel;
}

/** The cluster in a state with what is wrong with it, `undefined` where there is none of this family. */
export function suiteCluster(
  { name, state }: SuiteState,
  family: Family,
): { readonly cluster: Cluster; readonly wrong: readonly Diagnostic[] } | undefined {
  const suffix = family === 'IPv6' ? '-ipv6' : '';
  const base = `cluster${suffix}.yaml`;
  if (!existsSync(join(root, name, base))) return undefined;
  const own = `${state}/state${suffix}.yaml`;
  const files = [base, existsSync(join(root, name, own)) ? own : `${state}/state.yaml`];
  const { cluster, diagnostics } = readManifests(
    files.map((file) => ({ file: `${name}/${file}`, text: readFileSync(join(root, name, file), 'utf8') })),
    { cnpChannel: channelOf(name) },
  );
  // A state replaces pods and namespaces of the cluster, and some of it says that once more.
  const wrong = diagnostics.filter(
    ({ severity, code }) => severity === 'error' || (severity === 'warning' && code !== 'object-twice'),
  );
  return { cluster, wrong };
}

/** What the suite expects in a state. */
export function suiteProbes({ name, state }: SuiteState): readonly SuiteProbe[] {
  return parse(readFileSync(join(root, name, state, 'probes.yaml'), 'utf8'));
}
