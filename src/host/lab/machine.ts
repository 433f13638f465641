import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderText, transactionText } from '../../nft/index.ts';
import type { Transaction } from '../../nft/index.ts';
import { hostsText } from '../../topology/index.ts';
import type {
  LabChanges,
  LabInterface,
  LabNamespace,
  LabNode,
  LabPlan,
  LabRoute,
} from '../../topology/index.ts';
import { command, eachOf } from './command.ts';
import { LabError } from './error.ts';
import type { Namespaces } from './native.ts';
import type { Proxies } from './proxies.ts';
import type { EchoServers, Listening } from './servers.ts';

/** `ip netns exec` lays what stands here for a namespace over /etc. */
const hostsFolder = '/etc/netns';

/** Where `ip netns` keeps names. */
const namedNamespaces = '/run/netns';

/** So many programs run at the same time. */
const atOnce = 4;

/**
 * Settings of a new namespace, below /proc/sys/net. Both ends of a veth know each other, so nothing has to be found out about
 * an address before it is used; packets may come back another way than they went.
 */
const settings: readonly (readonly [string, string])[] = [
  ...['all', 'default'].flatMap((which): [string, string][] => [
    [`ipv4/conf/${which}/rp_filter`, '0'],
    [`ipv4/conf/${which}/send_redirects`, '0'],
    [`ipv4/conf/${which}/accept_redirects`, '0'],
    [`ipv6/conf/${which}/accept_dad`, '0'],
    [`ipv6/conf/${which}/dad_transmits`, '0'],
    [`ipv6/conf/${which}/accept_ra`, '0'],
    [`ipv6/conf/${which}/accept_redirects`, '0'],
  ]),
  // The plan has the link-local addresses of both ends.
  ['ipv6/conf/default/addr_gen_mode', '1'],
  // Errors of ICMP are what tells a closed port from a filtered one, however many are asked.
  ['ipv4/icmp_ratelimit', '0'],
  ['ipv6/icmp/ratelimit', '0'],
];

const forwarding: readonly (readonly [string, string])[] = [
  ['ipv4/ip_forward', '1'],
  ['ipv6/conf/all/forwarding', '1'],
];

/** Carries a plan out: namespaces, links, addresses, routes, tables and sockets of one lab. */
export class Machine {
  readonly #namespaces: Namespaces;
  readonly #servers: EchoServers;
  readonly #proxies: Proxies;
  /** What stands in the files of names, by namespace. */
  readonly #hosts = new Map<string, string>();

  constructor(namespaces: Namespaces, servers: EchoServers, proxies: Proxies) {
    this.#namespaces = namespaces;
    this.#servers = servers;
    this.#proxies = proxies;
  }

  /**
   * Turns what runs into what `changes` say, in the order that they ask for.
   *
   * @param told - called before each stage with what it is, for people
   * @returns what they should know: sentences without final full stop
   * @throws LabError when the machine refuses a part; what was done before it stays done
   */
  async apply(changes: LabChanges, told: (stage: string) => void): Promise<readonly string[]> {
    const { plan } = changes.state;
    if (changes.removeNamespaces.length > 0) {
      told('removing namespaces');
      for (const name of changes.removeNamespaces) {
        await this.#proxies.stop(name);
        this.#servers.forget(name);
        this.#namespaces.forget(name);
        this.#hosts.delete(name);
      }
      const gone = new Map<string, string[]>();
      for (const { namespace, name } of changes.removeLinks) addTo(gone, namespace, `link del ${name}`);
      await eachOf(gone, atOnce, async ([namespace, lines]) => this.#unlink(lines, namespace));
      const there = new Set(knownNamespaces());
      const left = changes.removeNamespaces.filter((name) => there.has(name));
      await this.#batch(left.map((name) => `netns del ${name}`));
    }
    for (const { namespace } of [...changes.closeListeners, ...changes.removeAddresses]) {
      const listening = listeningOf(plan, namespace);
      if (listening !== undefined) this.#servers.narrow(listening);
    }
    if (changes.addNamespaces.length > 0) {
      told('making namespaces');
      await this.#batch(changes.addNamespaces.map(({ name }) => `netns add ${name}`));
      for (const namespace of changes.addNamespaces) this.#configure(namespace);
    }
    const { transactions, services, repairs } = changes;
    if (transactions.size + services.size + repairs.size > 0) told('loading rules');
    await eachOf(repairs, atOnce, async ([node, text]) => this.load(namespaceOf(plan, node), text));
    await eachOf(transactions, atOnce, async ([node, transaction]) =>
      this.#change(plan.nodes.get(node)!, transaction),
    );
    await eachOf(services, atOnce, async ([node, text]) => this.load(namespaceOf(plan, node), text));
    told('making links');
    await this.#link(changes);
    this.#writeHosts(changes);
    told('opening sockets');
    for (const name of changes.stopProxies) await this.#proxies.stop(name);
    // Datagrams are received at an address, so one that is new has to be listened on, too.
    for (const namespace of new Set(
      [...changes.openListeners, ...changes.addAddresses].map((each) => each.namespace),
    )) {
      const listening = listeningOf(plan, namespace);
      if (listening !== undefined) await this.#servers.listen(listening);
    }
    if (changes.startProxies.length > 0) told('starting nginx');
    const notes: string[] = [];
    for (const proxy of changes.startProxies) notes.push(...(await this.#proxies.serve(proxy)));
    return notes;
  }

  /** Where somebody has changed the table by hand, a transaction may not fit it: then it is made anew, in one. */
  async #change({ namespace, ruleset }: LabNode, transaction: Transaction): Promise<void> {
    try {
      for (const text of transactionText(transaction)) await this.load(namespace, text);
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      const table = `table inet ${ruleset.table}`;
      const whole = [...renderText(ruleset, transaction.installed.generation)].join('');
      await this.load(namespace, `add ${table}\ndelete ${table}\n${whole}`);
    }
  }

  /** Loads a transaction in nft's language in a namespace. */
  async load(namespace: string, text: string): Promise<void> {
    await command('nft', ['-f', '-'], { input: text, within: this.#in(namespace) });
  }

  /** The network namespaces of a plan that somebody has removed. */
  missing({ namespaces }: LabPlan): readonly string[] {
    const there = new Set(knownNamespaces());
    return namespaces.flatMap(({ name }) => (there.has(name) ? [] : [name]));
  }

  /** What `nft` prints in a namespace. */
  async ask(namespace: string, ...args: readonly string[]): Promise<string> {
    return command('nft', args, { within: this.#in(namespace) });
  }

  #in(name: string): { readonly namespaces: Namespaces; readonly name: string } {
    return { namespaces: this.#namespaces, name };
  }

  #configure({ name, forwards }: LabNamespace): void {
    this.#namespaces.within(name, () => {
      for (const [setting, value] of [...settings, ...(forwards ? forwarding : [])]) {
        const file = `/proc/sys/net/${setting}`;
        // A kernel may be without IPv6, or without one of the settings.
        if (existsSync(file)) writeFileSync(file, value);
      }
    });
  }

  /** The names that programs in the namespaces know, where `ip netns exec` looks for them. */
  #writeHosts({ removeNamespaces, state: { plan } }: LabChanges): void {
    for (const name of removeNamespaces) rmSync(join(hostsFolder, name), { recursive: true, force: true });
    for (const { name } of plan.namespaces) {
      const text = hostsText(plan, name);
      if (this.#hosts.get(name) === text) continue;
      mkdirSync(join(hostsFolder, name), { recursive: true });
      writeFileSync(join(hostsFolder, name, 'hosts'), text);
      this.#hosts.set(name, text);
    }
  }

  async #link(changes: LabChanges): Promise<void> {
    const made = new Map<string, string[]>();
    // Made at the end that has many: one program for each node, not for each pod.
    for (const { ends } of changes.addLinks) {
      const [far, near] = ends;
      addTo(
        made,
        near.namespace,
        `link add ${near.name} address ${macOf(near)} type veth peer name ${far.name} address ${macOf(far)} netns ${far.namespace}`,
      );
    }
    await eachOf(made, atOnce, async ([namespace, lines]) => this.#batch(lines, namespace));
    const lines = new Map<string, string[]>();
    for (const { name } of changes.addNamespaces) addTo(lines, name, 'link set lo up');
    // Before the addresses: a route goes with the address that it sends from.
    for (const { namespace, routes } of changes.removeRoutes)
      addTo(lines, namespace, ...routes.map((route) => routeLine('del', route)));
    for (const end of changes.removeAddresses) addTo(lines, end.namespace, ...addressLines('del', end));
    for (const end of changes.addAddresses) addTo(lines, end.namespace, ...addressLines('add', end));
    for (const { ends } of changes.addLinks) {
      for (const end of ends)
        addTo(lines, end.namespace, ...addressLines('add', end), `link set ${end.name} up`);
    }
    const peers = new Map(
      changes.state.plan.links.flatMap(({ ends: [one, other] }) => [
        [endKey(one.namespace, one.name), other] as const,
        [endKey(other.namespace, other.name), one] as const,
      ]),
    );
    for (const { namespace, routes } of changes.addRoutes) {
      for (const route of routes) {
        const peer = peers.get(endKey(namespace, route.interface));
        const known = peer === undefined ? [] : neighbourLines(route, peer);
        addTo(lines, namespace, ...known, routeLine('replace', route));
      }
    }
    await eachOf(lines, atOnce, async ([namespace, batch]) => this.#batch(batch, namespace));
  }

  /** Takes interfaces away; those whose other end is gone may be gone with it. */
  async #unlink(lines: readonly string[], namespace: string): Promise<void> {
    try {
      await command('ip', ['-force', '-batch', '-'], {
        input: `${lines.join('\n')}\n`,
        within: this.#in(namespace),
      });
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
    }
  }

  async #batch(lines: readonly string[], namespace?: string): Promise<void> {
    if (lines.length === 0) return;
    await command('ip', ['-batch', '-'], {
      input: `${lines.join('\n')}\n`,
      ...(namespace === undefined ? {} : { within: this.#in(namespace) }),
    });
  }
}

/** Those that `ip netns` knows. */
function knownNamespaces(): readonly string[] {
  return existsSync(namedNamespaces) ? readdirSync(namedNamespaces) : [];
}

/** What listens in a namespace; `undefined` when a plan has no such namespace. */
function listeningOf(plan: LabPlan, namespace: string): Listening | undefined {
  const found = plan.namespaces.find(({ name }) => name === namespace);
  if (found === undefined) return undefined;
  const ends = plan.ends.filter((end) => end.namespace === namespace);
  return {
    namespace,
    name: found.kind === 'outside' ? 'outside' : (ends[0]?.id ?? namespace),
    addresses: ends.flatMap(({ addresses }) => addresses),
    ports: found.listeners,
  };
}

/** The network namespace of a node. */
export function namespaceOf(plan: LabPlan, node: string): string {
  return plan.nodes.get(node)!.namespace;
}

function addressLines(verb: 'add' | 'del', { name, addresses }: LabInterface): readonly string[] {
  return addresses.map(({ address, family, scope }) =>
    verb === 'add'
      ? `addr add ${address} dev ${name} scope ${scope}${family === 'IPv6' ? ' nodad' : ''}`
      : `addr del ${address} dev ${name}`,
  );
}

function routeLine(verb: 'replace' | 'del', { family, to, via, interface: name, source }: LabRoute): string {
  // A batch takes no -6: the addresses must tell the family.
  const everything = family === 'IPv4' ? '0.0.0.0/0' : '::/0';
  const next = via === undefined ? `dev ${name}` : `via ${via} dev ${name} onlink`;
  const from = source === undefined ? '' : ` src ${source}`;
  return `route ${verb} ${to === 'default' ? everything : to} ${next}${from}`;
}

function endKey(namespace: string, name: string): string {
  return `${namespace} ${name}`;
}

/** The address of an end of a veth below IP, the same whenever it is asked for. */
function macOf({ namespace, name }: LabInterface): string {
  const digits = createHash('sha256').update(endKey(namespace, name)).digest('hex').slice(0, 10);
  // Of those that nobody has sold.
  return `02:${digits.match(/../g)?.join(':') ?? ''}`;
}

/**
 * Who is at the other end, for the next hop of a route. Told for good: what is found out counts against one limit for all
 * namespaces of the machine (gc_thresh3, 1024), which some hundred pods reach.
 */
function neighbourLines({ to, via, interface: name }: LabRoute, peer: LabInterface): readonly string[] {
  const hop = via ?? (to === 'default' ? undefined : to.split('/')[0]);
  return hop === undefined ? [] : [`neigh replace ${hop} lladdr ${macOf(peer)} dev ${name} nud permanent`];
}

function addTo(lines: Map<string, string[]>, namespace: string, ...more: readonly string[]): void {
  const known = lines.get(namespace);
  if (known === undefined) lines.set(namespace, [...more]);
  else known.push(...more);
}
