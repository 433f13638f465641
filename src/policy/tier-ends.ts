import type { Cluster, Direction, Tier } from '../model/index.ts';
import type { Family, PortSet, Protocol } from '../net/index.ts';
import { blockHas } from './blocks.ts';
import type { BlockTable } from './blocks.ts';
import type { ClassIndex } from './class-index.ts';
import type { ClassTable } from './classes.ts';
import { addressesOf } from './ends.ts';
import type { PolicyEnd } from './ends.ts';
import { no, unknown, yes } from './labels.ts';
import type { Holds } from './labels.ts';
import type { PortTable } from './port-table.ts';
import type { Profile } from './profile.ts';
import { hitsOf, sayingsOf } from './tier-decide.ts';
import type { TierHit, TierSay } from './tier-decide.ts';
import { outsideValue } from './tier-outside.ts';
import type { CompiledTiers } from './tier-side.ts';
import { evaluateTiers } from './tier-value.ts';
import type { Reading, TierOther, TierValue } from './tier-value.ts';

/** The other end of a connection, as the tiers of a subject see it. */
export interface TierQuestion {
  readonly direction: Direction;
  readonly other: PolicyEnd;
  /** Its class, -1 for an end that is no pod, or a pod that is its node. */
  readonly otherClass: number;
  readonly family: Family;
}

/** Asks the tiers about single connections. */
export class TierEnds {
  readonly #cluster: Cluster;
  readonly #profile: Profile;
  readonly #blocks: BlockTable;
  readonly #ports: PortTable;
  readonly #classes: ClassTable;
  readonly #index: ClassIndex;
  readonly #tiers: CompiledTiers;
  readonly #reading: Reading;

  constructor(
    tables: {
      readonly cluster: Cluster;
      readonly profile: Profile;
      readonly blocks: BlockTable;
      readonly ports: PortTable;
      readonly classes: ClassTable;
      readonly index: ClassIndex;
      readonly assume: 'closed' | 'open';
    },
    tiers: CompiledTiers,
  ) {
    this.#cluster = tables.cluster;
    this.#profile = tables.profile;
    this.#blocks = tables.blocks;
    this.#ports = tables.ports;
    this.#classes = tables.classes;
    this.#index = tables.index;
    this.#tiers = tiers;
    this.#reading = { bound: tiers.bound, assume: tables.assume };
  }

  /** Whether a peer means an end (corners 58, 63 and 66); of a domain name, any address outside may be. */
  holds(peer: number, end: PolicyEnd, family: Family, c: number): Holds {
    const { peers, nodeLabels } = this.#tiers.tiers;
    const definition = peers.definition(peer);
    switch (definition.kind) {
      case 'everybody':
        return yes;
      case 'pods':
        return c < 0 ? no : this.#index.holds(undefined, definition.namespaces, definition.selector, c);
      case 'network':
        return this.#isIn(definition.block, end, family);
      case 'nodes': {
        if (end.kind === 'address') {
          for (const block of definition.blocks) if (this.#isIn(block, end, family) === yes) return yes;
          return no;
        }
        // A pod on the host network has its node's addresses; a node that only pods mention has no labels that are known.
        const name = this.#nodeOf(end, c);
        if (name === undefined) return no;
        const own = end.kind === 'node' ? end.node : this.#cluster.nodes.get(name);
        const labels = own?.labels ?? new Map<string, string>();
        return nodeLabels.holds(definition.selector, nodeLabels.setOf(labels));
      }
      case 'domains':
        return end.kind === 'address' ? unknown : no;
    }
  }

  #isIn(id: number, end: PolicyEnd, family: Family): typeof yes | typeof no {
    const block = this.#blocks.block(id);
    if (block.family !== family) return no; // corner 37
    for (const address of addressesOf(end)) {
      if (address.family === family && blockHas(block, address.value)) return yes;
    }
    return no;
  }

  #nodeOf(end: PolicyEnd, c: number): string | undefined {
    if (end.kind === 'node') return end.node.name;
    return end.kind === 'pod' && c < 0 ? end.pod.node : undefined;
  }

  /** What a list says of a connection. */
  value(list: number, question: TierQuestion): TierValue {
    const { steps } = this.#tiers.lists[question.direction].list(list);
    const other = this.#other(list, question);
    if (question.other.kind !== 'address')
      return evaluateTiers(steps, question.direction, this.#reading, other);
    const { peers } = this.#tiers.tiers;
    return outsideValue(steps, question.direction, this.#reading, {
      isIn: (peer) => other.holds(peer) === yes,
      isDomain: (peer) => peers.definition(peer).kind === 'domains',
      resolve: other.resolve,
    });
  }

  #other(list: number, { direction, other, otherClass, family }: TierQuestion): TierOther {
    const ports = this.#ports;
    const { portMap } = this.#tiers.lists[direction].list(list);
    return {
      holds: (peer) => this.holds(peer, other, family, otherClass),
      resolve: (spec): PortSet => {
        if (direction === 'ingress') return ports.set(ports.resolve(spec, portMap));
        // Corner 57: a name means a port of a pod, and nothing anywhere else.
        const set =
          otherClass < 0 ? ports.fixed(spec) : ports.resolve(spec, this.#classes.portMap[otherClass]!);
        return ports.set(set);
      },
    };
  }

  /** What each policy of a list says of a connection; rules that name domains may match any address outside. */
  sayings(list: number, question: TierQuestion): readonly TierSay[] {
    const { direction } = question;
    return sayingsOf(this.#tiers.lists[direction].list(list).steps, direction, this.#other(list, question));
  }

  /** The same, but no address is taken to be a domain's (corner 63). */
  sayingsWithoutDomains(list: number, question: TierQuestion): readonly TierSay[] {
    const { direction } = question;
    const { steps } = this.#tiers.lists[direction].list(list);
    return sayingsOf(steps, direction, this.#withoutDomains(this.#other(list, question), question));
  }

  #withoutDomains(other: TierOther, question: TierQuestion): TierOther {
    if (question.other.kind !== 'address') return other;
    const { peers } = this.#tiers.tiers;
    return {
      ...other,
      holds: (peer) => (peers.definition(peer).kind === 'domains' ? no : other.holds(peer)),
    };
  }

  /**
   * The rules of one tier that may decide one connection.
   *
   * @param destination - whose ports names mean
   */
  hits(
    tier: Tier,
    list: number,
    question: TierQuestion,
    destination: PolicyEnd,
    protocol: Protocol,
    port: number,
  ): readonly TierHit[] {
    const { direction } = question;
    const { sidecarPorts } = this.#profile;
    return hitsOf(tier, this.#tiers.lists[direction].list(list).steps, direction, this.#reading, {
      other: this.#withoutDomains(this.#other(list, question), question),
      protocol,
      port,
      policies: this.#cluster.tierPolicies,
      isNamed: (name) =>
        destination.kind === 'pod' &&
        destination.pod.ports.some(
          (declared) =>
            declared.name === name &&
            declared.protocol === protocol &&
            declared.port === port &&
            (sidecarPorts || !declared.sidecar),
        ),
    });
  }
}
