import { families, formatAddress, formatCidr } from '../net/index.ts';
import type { Address, Family } from '../net/index.ts';
import type { LabEndpoint, LabService, LabServicePort } from './plan.ts';

/** The name of the table, of family inet. */
const serviceTable = 'podwall-lab';

/** The bit of the packet mark that asks for the node's address as source; kube-proxy's own. */
const masqueradeMark = '0x4000';

/** What the table of a node depends on besides the Services. */
export interface ServiceTableOptions {
  /** Its name: endpoints on it are its own. */
  readonly node: string;
  /** Its addresses; with the first of a family it hides clients, where it has to. */
  readonly addresses: readonly Address[];
  /** The addresses of the pods on the node, host-network ones left out. */
  readonly pods: readonly Address[];
}

/**
 * The table that makes Services of one node, as kube-proxy writes it: destinations change at the hooks for it, before
 * podwall's table sees packets, and sources after that.
 *
 * Clients are hidden behind the node where they must be: an endpoint that reaches itself, and with the traffic policy Cluster
 * everybody who comes by a node port or the address of a load balancer (corner 36).
 *
 * @returns a transaction for `nft -f` that replaces the whole table
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/proxy/nftables/README.md
 */
export function serviceTableText(services: readonly LabService[], options: ServiceTableOptions): string {
  const table = new Table(services, options);
  return table.text();
}

/** By key; where two Services claim one, the first has it. */
type Entries = Map<string, string>;

type Maps = {
  readonly [map in 'services' | 'nodeports' | 'firewall' | 'refused']: {
    readonly [family in Family]: Entries;
  };
};

class Table {
  readonly #options: ServiceTableOptions;
  readonly #chains: string[] = [];
  readonly #maps: Maps = {
    services: emptyEntries(),
    nodeports: emptyEntries(),
    firewall: emptyEntries(),
    refused: emptyEntries(),
  };
  #count = 0;

  constructor(services: readonly LabService[], options: ServiceTableOptions) {
    this.#options = options;
    for (const service of services) {
      if (service.service.headless) continue;
      for (const port of service.ports) {
        for (const family of families) this.#port(service, port, family);
      }
    }
  }

  #port(service: LabService, port: LabServicePort, family: Family): void {
    const { clusterIPs } = service.service;
    if (!clusterIPs.some((address) => address.family === family)) return;
    const number = this.#count++;
    const all = port.endpoints.filter(({ address }) => address.family === family);
    const local = all.filter(({ node }) => node === this.#options.node);
    const about = `${service.id} ${port.port.protocol} ${port.port.port}`;
    const key = (address: Address, at: number): string =>
      `${formatAddress(address)} . ${port.port.protocol.toLowerCase()} . ${at}`;
    const { services, refused } = this.#maps;
    // What has no endpoint at all is refused, so that clients need not wait.
    const inside = this.#balance(`service_${number}`, about, all, family, port);
    const within =
      service.service.internalTrafficPolicy === 'Local' && inside !== undefined
        ? this.#local(`internal_${number}`, about, local, family, port)
        : inside;
    for (const address of ofFamily(clusterIPs, family)) {
      if (within === undefined) add(refused[family], key(address, port.port.port), 'refuse');
      else add(services[family], key(address, port.port.port), within);
    }
    const { exposure } = service;
    if (exposure === undefined) return;
    const outside = this.#external(
      `external_${number}`,
      about,
      exposure.trafficPolicy,
      inside,
      local,
      family,
      port,
    );
    for (const address of ofFamily(exposure.addresses, family)) {
      const at = key(address, port.port.port);
      if (outside === undefined) add(refused[family], at, 'refuse');
      else add(services[family], at, outside);
      if (exposure.loadBalancer.includes(address))
        this.#firewall(`firewall_${number}`, about, service, at, family);
    }
    if (port.nodePort === undefined || outside === undefined) return;
    const at = `${port.port.protocol.toLowerCase()} . ${port.nodePort}`;
    add(this.#maps.nodeports[family], at, outside);
  }

  /** A chain that picks an endpoint; `undefined` when there is none. */
  #balance(
    name: string,
    about: string,
    endpoints: readonly LabEndpoint[],
    family: Family,
    port: LabServicePort,
  ): string | undefined {
    if (endpoints.length === 0) return undefined;
    const names = endpoints.map((endpoint, i) => this.#endpoint(`${name}_${i}`, endpoint, family, port));
    const rules =
      names.length === 1
        ? [`goto ${names[0]}`]
        : [
            `numgen random mod ${names.length} vmap { ${names.map((each, i) => `${i} : goto ${each}`).join(', ')} }`,
          ];
    return this.#chain(name, about, rules);
  }

  #endpoint(
    name: string,
    { address, port, pod }: LabEndpoint,
    family: Family,
    { port: of }: LabServicePort,
  ): string {
    const ip = ipOf(family);
    const text = formatAddress(address);
    return this.#chain(name, pod === undefined ? 'kept by hand' : `${pod.namespace}/${pod.name}`, [
      `${ip} saddr ${text} jump hide`,
      `meta l4proto ${of.protocol.toLowerCase()} dnat ${ip} to ${family === 'IPv4' ? text : `[${text}]`}:${port}`,
    ]);
  }

  /** A chain for what comes from outside; `undefined` when nobody would answer. */
  #external(
    name: string,
    about: string,
    trafficPolicy: 'Cluster' | 'Local',
    inside: string | undefined,
    local: readonly LabEndpoint[],
    family: Family,
    port: LabServicePort,
  ): string | undefined {
    if (inside === undefined) return undefined;
    if (trafficPolicy === 'Cluster') return this.#chain(name, about, ['jump hide', `goto ${inside}`]);
    const here = this.#local(`${name}_local`, about, local, family, port);
    return this.#chain(name, about, [
      // Pods of this node, and the node itself, need not come by a node that has an endpoint.
      `${ipOf(family)} saddr @pods${digitOf(family)} goto ${inside}`,
      `fib saddr type local jump hide`,
      `fib saddr type local goto ${inside}`,
      `goto ${here}`,
    ]);
  }

  /** A chain that picks an endpoint of this node, and drops where there is none. */
  #local(
    name: string,
    about: string,
    local: readonly LabEndpoint[],
    family: Family,
    port: LabServicePort,
  ): string {
    const own = `${about}, endpoints of this node`;
    return this.#balance(name, own, local, family, port) ?? this.#chain(name, own, ['drop']);
  }

  #firewall(name: string, about: string, { exposure }: LabService, key: string, family: Family): void {
    const ranges = exposure?.sourceRanges ?? [];
    if (ranges.length === 0) return;
    const own = ranges.filter((range) => range.family === family);
    if (!this.#chains.some((chain) => chain.includes(`chain ${name} {`))) {
      this.#chain(name, `${about}: loadBalancerSourceRanges`, [
        ...own.map((range) => `${ipOf(family)} saddr ${formatCidr(range)} return`),
        'drop',
      ]);
    }
    add(this.#maps.firewall[family], key, name);
  }

  #chain(name: string, about: string, rules: readonly string[]): string {
    this.#chains.push(
      // A comment ends with its line.
      `\t# ${about.replace(/[^\x20-\x7e]/g, '?')}\n\tchain ${name} {\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n`,
    );
    return name;
  }

  text(): string {
    const look = (map: keyof Maps): string[] =>
      families.map(
        (family) => `${ipOf(family)} daddr . meta l4proto . th dport vmap @${map}${digitOf(family)}`,
      );
    const hides = families.flatMap((family): string[] => {
      const [address] = ofFamily(this.#options.addresses, family);
      // A node without an address of the family has nothing to hide clients behind.
      if (address === undefined) return [];
      return [`meta nfproto ${nfprotoOf(family)} snat ${ipOf(family)} to ${formatAddress(address)}`];
    });
    const base = (
      name: string,
      type: 'nat' | 'filter',
      hook: string,
      priority: number,
      rules: readonly string[],
    ): string =>
      `\tchain ${name} {\n\t\ttype ${type} hook ${hook} priority ${priority}; policy accept;\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n`;
    const parts = [
      ...families.map((family) => this.#set(family)),
      ...families.flatMap((family) => [
        this.#map(`services${digitOf(family)}`, family, true),
        this.#map(`nodeports${digitOf(family)}`, family, false),
        this.#map(`firewall${digitOf(family)}`, family, true),
        this.#map(`refused${digitOf(family)}`, family, true),
      ]),
    ];
    const fixed = [
      `\t# hides the client behind the node\n\tchain hide {\n\t\tmeta mark set meta mark or ${masqueradeMark}\n\t}\n`,
      '\tchain refuse {\n\t\treject\n\t}\n',
    ];
    const hooks = [
      `\tchain dispatch {\n${[
        ...look('services'),
        ...families.map(
          (family) =>
            `meta nfproto ${nfprotoOf(family)} fib daddr type local meta l4proto . th dport vmap @nodeports${digitOf(family)}`,
        ),
      ]
        .map((rule) => `\t\t${rule}\n`)
        .join('')}\t}\n`,
      base('prerouting', 'nat', 'prerouting', -100, ['jump dispatch']),
      base('output', 'nat', 'output', -100, ['jump dispatch']),
      base('postrouting', 'nat', 'postrouting', 100, [
        `meta mark and ${masqueradeMark} == 0x0 return`,
        `meta mark set meta mark xor ${masqueradeMark}`,
        ...hides,
      ]),
      base('firewall', 'filter', 'prerouting', -110, look('firewall')),
      base('refuse_forward', 'filter', 'forward', -110, look('refused')),
      base('refuse_output', 'filter', 'output', -110, look('refused')),
    ];
    return [
      // Added first, so that it can be deleted whether it was there or not.
      `add table inet ${serviceTable}\ndelete table inet ${serviceTable}\n`,
      `table inet ${serviceTable} {\n`,
      [...parts, ...fixed, ...this.#chains, ...hooks].join('\n'),
      '}\n',
      ...this.#elements(),
    ].join('');
  }

  #set(family: Family): string {
    const elements = ofFamily(this.#options.pods, family).map(formatAddress);
    const list = elements.length === 0 ? '' : `\t\telements = { ${elements.join(', ')} }\n`;
    return `\tset pods${digitOf(family)} {\n\t\ttype ${addressType(family)}\n${list}\t}\n`;
  }

  #map(name: string, family: Family, byAddress: boolean): string {
    const type = byAddress
      ? `${addressType(family)} . inet_proto . inet_service`
      : 'inet_proto . inet_service';
    return `\tmap ${name} {\n\t\ttype ${type} : verdict\n\t}\n`;
  }

  /** Where maps lead, when the chains are there. */
  #elements(): readonly string[] {
    return (['services', 'nodeports', 'firewall', 'refused'] as const).flatMap((map) =>
      families.flatMap((family) => {
        const entries = this.#maps[map][family];
        if (entries.size === 0) return [];
        const lines = Array.from(entries, ([key, chain]) => `\t${key} : goto ${chain},\n`);
        return [`add element inet ${serviceTable} ${map}${digitOf(family)} {\n${lines.join('')}}\n`];
      }),
    );
  }
}

function emptyEntries(): { readonly [family in Family]: Entries } {
  return { IPv4: new Map(), IPv6: new Map() };
}

function add(entries: Entries, key: string, chain: string): void {
  if (!entries.has(key)) entries.set(key, chain);
}

function ofFamily(addresses: readonly Address[], family: Family): readonly Address[] {
  return addresses.filter((address) => address.family === family);
}

function digitOf(family: Family): string {
  return family === 'IPv4' ? '4' : '6';
}

function ipOf(family: Family): string {
  return family === 'IPv4' ? 'ip' : 'ip6';
}

function nfprotoOf(family: Family): string {
  return family === 'IPv4' ? 'ipv4' : 'ipv6';
}

function addressType(family: Family): string {
  return family === 'IPv4' ? 'ipv4_addr' : 'ipv6_addr';
}
