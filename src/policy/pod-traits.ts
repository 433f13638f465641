import { podColumns, podFlag } from '../model/index.ts';
import type { Cluster, PodIdentities, PodTable } from '../model/index.ts';
import type { Family } from '../net/index.ts';
import type { BlockTable, Cells } from './blocks.ts';
import type { LabelTable } from './labels.ts';
import type { PortTable } from './port-table.ts';
import type { Profile } from './profile.ts';
import type { Tiers } from './tiers.ts';

/** Bits of the families that a pod has; a pod without an address has both (corner 39). */
export const familyBits = { IPv4: 1, IPv6: 2 } as const;

/** What is asked to see pods as policies do. */
export interface SeeingTables {
  readonly profile: Profile;
  readonly namespaceIndex: ReadonlyMap<string, number>;
  readonly podLabels: LabelTable;
  readonly ports: PortTable;
  readonly blocks: BlockTable;
  readonly tiers: Tiers | undefined;
}

/** What policies see of pods: by pod, in numbers. */
export interface PodTraits {
  /** The pods in columns, and the row of each. */
  readonly table: PodTable;
  readonly rows: Int32Array;
  /** What the pods are called, by row. */
  readonly identities: PodIdentities;
  /** The pods that are their node, as far as policies go (corner 44): their indices, ascending. */
  readonly hostPods: readonly number[];
  /** Numbers of their namespaces; -1 of host-network pods: no selector matches those (corner 44). */
  readonly namespaces: Int32Array;
  /** What remains of their labels; -1 of host-network pods. */
  readonly sets: Int32Array;
  /** What their port names mean; of host-network pods what remains of their node's labels, plus 1 (corner 63). */
  readonly owns: Int32Array;
  /** As `familyBits`. */
  readonly families: Uint8Array;
  /** The part of each address by family, -1 without one, or where no block is asked about it; and the cell of each part. */
  readonly parts: { readonly [family in Family]: Int32Array };
  readonly cells: Cells;
}

/** Sees the pods of a cluster as its policies do; no selector, port name or block may come later. */
export function podTraits(cluster: Cluster, tables: SeeingTables): PodTraits {
  const { table, pods: live, finishedPods, identities } = podColumns(cluster);
  const rows = tables.profile.finishedPods === 'pod' ? joined(live, finishedPods) : live;
  return new Seen(cluster, table, rows, identities, tables);
}

/** The name of the node of a pod; `undefined`: a node of its own. */
export function nodeName({ node, vocabulary }: PodTable, row: number): string | undefined {
  return vocabulary.nodes.values[node[row]!];
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

class Seen implements PodTraits {
  readonly table: PodTable;
  readonly rows: Int32Array;
  readonly identities: PodIdentities;
  readonly hostPods: number[] = [];
  readonly namespaces: Int32Array;
  readonly sets: Int32Array;
  readonly owns: Int32Array;
  readonly families: Uint8Array;
  readonly parts: { readonly [family in Family]: Int32Array };
  readonly cells: Cells;
  readonly #cluster: Cluster;
  readonly #tables: SeeingTables;
  /** By number of a list of ports: its port map, plus 1; 0 where not asked yet. */
  readonly #portMaps: Int32Array;
  /** By family and part: 1 where a pod is. */
  readonly #touched: { readonly [family in Family]: Uint8Array };

  constructor(
    cluster: Cluster,
    table: PodTable,
    rows: Int32Array,
    identities: PodIdentities,
    tables: SeeingTables,
  ) {
    const { blocks } = tables;
    this.#cluster = cluster;
    this.#tables = tables;
    this.table = table;
    this.rows = rows;
    this.identities = identities;
    this.#portMaps = new Int32Array(table.vocabulary.ports.values.length);
    this.namespaces = new Int32Array(rows.length).fill(-1);
    this.sets = new Int32Array(rows.length).fill(-1);
    this.owns = new Int32Array(rows.length);
    this.families = new Uint8Array(rows.length);
    this.parts = {
      IPv4: new Int32Array(rows.length).fill(-1),
      IPv6: new Int32Array(table.ipv6.size === 0 ? 0 : rows.length).fill(-1),
    };
    const partsIn = (family: Family): number => (blocks.size === 0 ? 0 : blocks.partCount(family));
    this.#touched = { IPv4: new Uint8Array(partsIn('IPv4')), IPv6: new Uint8Array(partsIn('IPv6')) };
    this.#see();
    this.cells = blocks.cells({
      IPv4: onesOf(this.#touched.IPv4),
      IPv6: onesOf(this.#touched.IPv6),
    });
  }

  /** One loop for everything: before V8 has compiled a loop, its rounds are slow, and each has this time of its own. */
  #see(): void {
    const { table, rows, namespaces, sets, owns, families, hostPods } = this;
    const { blocks, profile, tiers, podLabels, ports } = this.#tables;
    const { flags, namespace, labels, undecided, vocabulary } = table;
    const namespaceOf = this.#namespaceNumbers();
    const setOf = podLabels.setsOf(vocabulary.labels, vocabulary.undecided.values);
    // Corners 58 and 63: networks of tiers match pods in every reading.
    const isSeen = blocks.size > 0 && tiers?.peers.asksForNetworks === true;
    // Corner 34: whether an ipBlock matches the address of a pod, or of a node, is the profile's.
    const seesPods = isSeen || (blocks.size > 0 && profile.ipBlockMatchesPods);
    const seesHosts = isSeen || (blocks.size > 0 && profile.ipBlockMatchesNodes);
    const hostsAreNodes = profile.hostNetworkPods === 'node';
    const { hasNames } = ports;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const flag = flags[row]!;
      const bits = (flag & familyFlags) >>> familyShift;
      families[i] = bits === 0 ? familyBits.IPv4 | familyBits.IPv6 : bits;
      if (hostsAreNodes && (flag & podFlag.hostNetwork) !== 0) {
        hostPods.push(i);
        owns[i] = this.#nodeSet(row) + 1;
        if (seesHosts) this.#findParts(i, row, flag);
      } else {
        namespaces[i] = namespaceOf[namespace[row]!]!;
        sets[i] = setOf(labels[row]!, undecided[row]!);
        if (hasNames) owns[i] = this.#portMap(row);
        if (seesPods) this.#findParts(i, row, flag);
      }
    }
  }

  #namespaceNumbers(): Int32Array {
    const { namespaceIndex } = this.#tables;
    return Int32Array.from(this.table.vocabulary.namespaces.values, (name) => namespaceIndex.get(name) ?? -1);
  }

  /** Pods of one template share their list of ports: each distinct list is looked at once. */
  #portMap(row: number): number {
    const list = this.table.ports[row]!;
    return (this.#portMaps[list]! || (this.#portMaps[list] = this.#makePortMap(list) + 1)) - 1;
  }

  #makePortMap(list: number): number {
    const { ports, profile } = this.#tables;
    const declared = this.table.vocabulary.ports.values[list]!;
    // Corner 28: whether the names of sidecars count is the profile's.
    return ports.portMap(profile.sidecarPorts ? declared : declared.filter((port) => !port.sidecar));
  }

  /** Numbers what remains of the labels of a pod's node; -1 for a pod whose node is not known, and where nobody asks. */
  #nodeSet(row: number): number {
    const { tiers } = this.#tables;
    if (tiers?.peers.asksForNodes !== true) return -1;
    const name = nodeName(this.table, row);
    if (name === undefined) return -1;
    // A node that only pods mention has no labels that are known.
    const labels = this.#cluster.nodes.get(name)?.labels ?? none;
    return tiers.nodeLabels.setOf(labels);
  }

  #findParts(i: number, row: number, flag: number): void {
    const { blocks } = this.#tables;
    if ((flag & podFlag.ipv4) !== 0) {
      const part = blocks.partOfIPv4(this.table.ipv4[row]!);
      this.parts.IPv4[i] = part;
      this.#touched.IPv4[part] = 1;
    }
    if ((flag & podFlag.ipv6) !== 0) {
      const part = blocks.partOf('IPv6', this.table.ipv6.get(row)!);
      this.parts.IPv6[i] = part;
      this.#touched.IPv6[part] = 1;
    }
  }
}

// The flags of families stand as `familyBits` do.
const familyFlags = podFlag.ipv4 | podFlag.ipv6;
const familyShift = 2;

const none: ReadonlyMap<string, string> = new Map();

/** The indices of ones, ascending. */
function onesOf(marks: Uint8Array): readonly number[] {
  const found: number[] = [];
  for (let i = marks.indexOf(1); i >= 0; i = marks.indexOf(1, i + 1)) found.push(i);
  return found;
}
