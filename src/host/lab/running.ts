import process from 'node:process';
import { ManifestReader } from '../../manifest/index.ts';
import type { Cluster } from '../../model/index.ts';
import { formatAddress } from '../../net/index.ts';
import { nameOfPolicy } from '../../nft/index.ts';
import type { LabStatusView } from '../../render/index.ts';
import {
  countProbes,
  noteText,
  planChanges,
  LabPlanError,
  planLab,
  probesOf,
  serviceProbesOf,
} from '../../topology/index.ts';
import type { LabDamage, LabState } from '../../topology/index.ts';
import { fastestScanner } from '../scanner.ts';
import { causesOf } from './causes.ts';
import { differencesOf, differenceText, dormantText } from './differences.ts';
import { LabError } from './error.ts';
import { namespaceOf } from './machine.ts';
import type { Machine } from './machine.ts';
import { findEnd, findProbes, specOf } from './operands.ts';
import type { ProbeOperands } from './operands.ts';
import type { LabInput, LabNamespace, LabSummary, ProbeSpec } from './protocol.ts';
import type { EchoServers } from './servers.ts';

/** Half an hour of them, and half a gigabyte. */
const mostProbes = 2_000_000;

/** A lab that runs: what it is by plan, and the machine that does it. */
export class RunningLab {
  readonly #name: string;
  readonly #machine: Machine;
  readonly #servers: EchoServers;
  readonly #startedAt = new Date().toISOString();
  #state: LabState | undefined;
  /** Why the machine stopped in the middle of a change. */
  #broken: string | undefined;
  #inputs: readonly string[] = [];
  /** Whether podwall's tables are out of the way of packets. */
  #isDormant = false;

  constructor(name: string, machine: Machine, servers: EchoServers) {
    this.#name = name;
    this.#machine = machine;
    this.#servers = servers;
  }

  /**
   * Makes the lab what an input says, in place where it runs already. What somebody has changed by hand is put right.
   *
   * @throws LabError when it cannot be planned, and nothing has changed, or when the machine refuses
   */
  async apply(input: LabInput, told: (stage: string) => void): Promise<LabSummary> {
    if (this.#broken !== undefined) throw this.#brokenError(this.#broken);
    if (this.#state !== undefined) told('comparing tables');
    const damage = await this.#damage();
    told('planning');
    const changes = ((): ReturnType<typeof planChanges> => {
      try {
        const plan = planLab(readSources(input), {
          name: this.#name,
          ...(this.#state === undefined ? {} : { previous: this.#state.plan }),
        });
        return planChanges(this.#state, plan, damage);
      } catch (error) {
        if (error instanceof LabPlanError) throw new LabError(error.message, undefined, error);
        throw error;
      }
    })();
    let notes: readonly string[];
    try {
      notes = await this.#machine.apply(changes, told);
      // A table that was made anew is awake.
      if (this.#isDormant && changes.repairs.size > 0) await this.#sleep(changes.state, true);
    } catch (error) {
      // What has been done stays done, and no plan says what that is.
      this.#broken = error instanceof Error ? error.message : String(error);
      throw error;
    }
    this.#state = changes.state;
    this.#inputs = input.sources.map(({ file }) => file);
    const { plan } = changes.state;
    const served = [...new Set(plan.proxies.flatMap(({ serves }) => serves))];
    return {
      nodes: plan.nodes.size,
      pods: plan.ends.filter(({ kind }) => kind === 'pod').length,
      services: plan.services.length,
      changedNodes: changes.transactions.size + changes.repairs.size,
      repaired: damage.words,
      closed: [...plan.nodes.values()].flatMap(({ report: { closed } }) =>
        closed.map(
          ({ policy, direction, reason }) =>
            `${nameOfPolicy(policy)} could not be expressed, so ${direction} of its pods is closed: ${reason}.`,
        ),
      ),
      notes: [...plan.notes.map(noteText), ...new Set(notes)],
      ingresses: served.filter((id) => id.startsWith('ingress/')).length,
      gateways: served.filter((id) => id.startsWith('gateway/')).length,
      routes: served.filter((id) => id.startsWith('route/')).length,
      tls: plan.proxies.some(({ certificates }) => certificates.length > 0),
    };
  }

  /**
   * All that verify tries.
   *
   * @throws LabError when it would never be done
   */
  *probes(): Generator<ProbeSpec, void> {
    const count = countProbes(this.#running.plan);
    if (count > mostProbes)
      throw new LabError(
        `the lab has ${count.toLocaleString('en')} connections to try, and verify tries at most ${mostProbes.toLocaleString('en')}`,
        'verify a part of the cluster',
      );
    for (const probe of probesOf(this.#running.plan)) yield specOf(probe);
    for (const probe of serviceProbesOf(this.#running.plan)) yield specOf(probe);
  }

  /**
   * The connections that operands name: one for each family that both ends have.
   *
   * @throws LabError when they name none
   */
  find(asked: ProbeOperands): readonly ProbeSpec[] {
    return findProbes(this.#running.plan, asked);
  }

  /** The network namespace of an end. */
  where({ end, namespace }: { readonly end: string } & LabNamespace): string {
    return findEnd(this.#running.plan, end, namespace).namespace;
  }

  status(): LabStatusView {
    const { plan, generations } = this.#running;
    return {
      lab: this.#name,
      pid: process.pid,
      startedAt: this.#startedAt,
      inputs: this.#inputs,
      residentBytes: process.memoryUsage.rss(),
      sockets: this.#servers.count,
      nodes: Array.from(plan.nodes, ([name, { node, namespace, pods }]) => ({
        name,
        namespace,
        addresses: node.addresses.map(formatAddress),
        pods: pods.length,
        generation: generations.get(name)?.number ?? 0,
      })),
      pods: plan.ends.flatMap((end) =>
        end.kind === 'pod'
          ? [
              {
                name: end.id,
                namespace: end.namespace,
                node: end.node,
                addresses: end.addresses.map(formatAddress),
                ports: end.listeners.map(({ protocol, port }) =>
                  protocol === 'TCP' ? String(port) : `${protocol.toLowerCase()}/${port}`,
                ),
              },
            ]
          : [],
      ),
      services: plan.services.map(({ id, service, exposure }) => ({
        name: id,
        addresses: [...service.clusterIPs, ...(exposure?.addresses ?? [])].map(formatAddress),
      })),
    };
  }

  /** What is wrong in the kernel, in words, and what of it explains connections that came out other than predicted. */
  async causes(
    probes: readonly ProbeSpec[],
  ): Promise<{ readonly causes: readonly (string | undefined)[]; readonly differences: readonly string[] }> {
    return causesOf(this.#running, this.#machine, probes, this.#isDormant);
  }

  /** Takes podwall's tables out of the way of packets, or puts them back, as they are. */
  async setDormant(dormant: boolean): Promise<void> {
    this.#isDormant = dormant;
    await this.#sleep(this.#running, dormant);
  }

  async #sleep({ plan }: LabState, dormant: boolean): Promise<void> {
    for (const node of plan.nodes.keys()) {
      const namespace = namespaceOf(plan, node);
      // One that somebody has removed is no table to be woken.
      const tables = await this.#machine.ask(namespace, 'list', 'tables', 'inet');
      if (!/^table inet podwall$/m.test(tables)) continue;
      await this.#machine.load(namespace, dormantText(dormant));
    }
  }

  /** In what the machine is not as the lab has made it, also in words. */
  async #damage(): Promise<LabDamage & { readonly words: readonly string[] }> {
    const state = this.#state;
    if (state === undefined) return { namespaces: new Set(), tables: new Map(), words: [] };
    const namespaces = new Set(this.#machine.missing(state.plan));
    // The tables of a node that is gone are made with it.
    const nodes = new Map([...state.plan.nodes].filter(([, { namespace }]) => !namespaces.has(namespace)));
    const there = { ...state, plan: { ...state.plan, nodes } };
    const differences = [...(await differencesOf(there, this.#machine, this.#isDormant))];
    return {
      namespaces,
      tables: new Map(
        differences.flatMap(([node, found]) => {
          const unknown = found.flatMap(({ what, kind, of }) =>
            kind === 'table' && what === 'unexpected' ? [of] : [],
          );
          return found.length === 0 ? [] : [[node, unknown]];
        }),
      ),
      words: [
        ...Array.from(namespaces, (name) => `network namespace missing: ${name}`),
        ...differences.flatMap(([, found]) => found.map(differenceText)),
      ],
    };
  }

  #brokenError(why: string): LabError {
    return new LabError(
      `the lab ${this.#name} is half changed, for the machine refused the rest: ${why}`,
      `podwall lab down --name ${this.#name}, then up`,
    );
  }

  get #running(): LabState {
    if (this.#broken !== undefined) throw this.#brokenError(this.#broken);
    if (this.#state === undefined) throw new LabError('the lab is still being made');
    return this.#state;
  }
}

/** What was wrong with the input has been told by who sent it. */
function readSources({ sources, kubernetesVersion, cnpChannel }: LabInput): Cluster {
  const reader = new ManifestReader({
    scanner: fastestScanner,
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
    ...(cnpChannel === undefined ? {} : { cnpChannel }),
  });
  for (const { file, direct, bytes } of sources) {
    const source = reader.open({
      file,
      direct,
      reread: (from, to) => bytes.subarray(from, to),
    });
    source.push(bytes);
    source.end();
  }
  return reader.finish().cluster;
}
