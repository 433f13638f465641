import type { Direction } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { allowedPorts } from './allowed.ts';
import type { Entry } from './entries.ts';
import type { FocusTest, Traits } from './focus.ts';
import type { Group, Groups } from './groups.ts';
import type { Outside, OutsideAccess } from './outside.ts';
import type { AllowedPorts } from './types.ts';

/** What connections with addresses outside are asked of. */
interface View {
  readonly policy: CompiledPolicy;
  readonly groups: Groups;
  readonly outside: Outside;
  readonly focus: FocusTest;
  /** By group: what the focus sees in it. */
  readonly traits: Int32Array;
  /** The ports that were asked about at a group, or at addresses outside. */
  readonly portsOf: (destination: Group | undefined) => PortSet;
  /** Whether ports were asked about. */
  readonly isCut: boolean;
}

/** The connections of groups with addresses outside that a focus keeps. */
export class OutsideConnections {
  /** Set while connections are listed: some were left out because they may not use the ports that were asked about. */
  closedByPorts = false;
  readonly #view: View;
  /** By index of a peer outside: the accesses of groups that it may reach; made when first asked for. */
  #reaching: readonly (readonly Reaching[])[] | undefined;
  /** By access from outside: the groups that have it and that the focus keeps. */
  #havingAccess: ReadonlyMap<number, readonly number[]> | undefined;
  readonly #known: Traits[] = [];
  /** By number of a set of ports: how documents write it. */
  readonly #allowed: (AllowedPorts | undefined)[] = [];

  constructor(view: View) {
    this.#view = view;
  }

  /** Whether some address outside is asked about with a group. */
  keeps(direction: Direction): (group: number) => boolean {
    if (this.#view.focus.keepsAll) return () => true;
    const { outside } = this.#view;
    const probes = new Set(
      Array.from({ length: this.#view.focus.tellsAddressesApart ? outside.size : 1 }, (_, i) =>
        this.#view.focus.ofRanges(outside.peer(i).ranges),
      ),
    );
    const known: (boolean | undefined)[] = [];
    const keeps = (own: Traits): boolean => {
      for (const traits of probes) {
        if (
          direction === 'egress' ? this.#view.focus.keeps(own, traits) : this.#view.focus.keeps(traits, own)
        )
          return true;
      }
      return false;
    };
    return (group) => {
      const own = this.#view.traits[group]!;
      return (known[own] ??= keeps(own));
    };
  }

  /** The addresses outside that a group has some connection with, and the ports of each. */
  *open(
    direction: Direction,
    group: number,
  ): Generator<{
    readonly peer: number;
    readonly set: PortSet;
    readonly allowed: AllowedPorts;
    readonly partial: boolean;
  }> {
    const access = this.#view.outside.accessOf[direction][group]!;
    if (access < 0) return;
    const open = this.#view.outside.open(direction, access);
    if (open.length === 0) return;
    const { focus } = this.#view;
    const own = this.#view.traits[group]!;
    const isKept = (peer: number): boolean => {
      if (focus.keepsAll) return true;
      const traits = this.traits(peer);
      return direction === 'egress' ? focus.keeps(own, traits) : focus.keeps(traits, own);
    };
    if (!focus.tellsAddressesApart && !isKept(0)) return;
    const filter = this.#view.isCut
      ? this.#view.portsOf(direction === 'egress' ? undefined : this.#view.groups.get(group))
      : PortSet.all;
    for (const { peer, access: own_ } of open) {
      if (focus.tellsAddressesApart && !isKept(peer)) continue;
      const whole = this.#view.policy.parts.ports.set(own_.ports);
      const set = this.#view.isCut ? whole.intersect(filter) : whole;
      if (set.isEmpty) this.closedByPorts = true;
      else yield { peer, set, allowed: this.#written(own_.ports, set), partial: own_.partial };
    }
  }

  /** The groups that have pods and of which something is asked with addresses outside, in a direction. */
  *asking(direction: Direction): Generator<number, void> {
    const isKept = this.keeps(direction);
    const accessOf = this.#view.outside.accessOf[direction];
    for (let group = 0; group < accessOf.length; group++)
      if (accessOf[group]! >= 0 && isKept(group)) yield group;
  }

  /** Whether a group has a connection with some address outside. */
  opens(direction: Direction, group: number): boolean {
    return (
      this.#remembered(this.#opens[direction], direction, group, () => {
        for (const _ of this.open(direction, group)) return 1;
        return 0;
      }) === 1
    );
  }

  /** With how many peers outside a group has a connection. */
  count(direction: Direction, group: number): number {
    return this.#remembered(this.#counted[direction], direction, group, () => {
      let count = 0;
      for (const _ of this.open(direction, group)) count++;
      return count;
    });
  }

  readonly #opens = { egress: new Map<number, number>(), ingress: new Map<number, number>() };
  readonly #counted = { egress: new Map<number, number>(), ingress: new Map<number, number>() };

  #remembered(known: Map<number, number>, direction: Direction, group: number, work: () => number): number {
    // Names mean ports of the pods of a group.
    if (this.#view.isCut) return work();
    const key = this.alike(direction, group);
    let count = known.get(key);
    if (count === undefined) known.set(key, (count = work()));
    return count;
  }

  /** Groups with the same number have the same connections with addresses outside, ports that were asked about aside. */
  alike(direction: Direction, group: number): number {
    return this.#view.outside.accessOf[direction][group]! * 0x1_0000_0000 + this.#view.traits[group]!;
  }

  /** Groups that a peer outside reaches have one of the accesses that it has, so they are found by these. */
  from(address: number, found: Map<number, readonly Entry[]>): void {
    const { reaching, having } = this.#byPeer();
    for (const { access, own } of reaching[address]!) {
      const { partial } = own;
      const whole = this.#view.policy.parts.ports.set(own.ports);
      const entry = [{ allowed: this.#written(own.ports, whole), family: undefined, partial }];
      for (const group of having.get(access) ?? []) {
        if (
          this.#view.focus.tellsAddressesApart &&
          !this.#view.focus.keeps(this.traits(address), this.#view.traits[group]!)
        )
          continue;
        if (!this.#view.isCut) {
          found.set(group, entry);
          continue;
        }
        const set = whole.intersect(this.#view.portsOf(this.#view.groups.get(group)));
        if (set.isEmpty) this.closedByPorts = true;
        else found.set(group, [{ allowed: allowedPorts(set), family: undefined, partial }]);
      }
    }
  }

  /** What the focus sees in a peer outside. */
  traits(address: number): Traits {
    return (this.#known[address] ??= this.#view.focus.ofRanges(this.#view.outside.peer(address).ranges));
  }

  /** The peers outside, by index, that have a connection with some group. */
  reaching(): Iterable<number> {
    return this.#byPeer().reaching.flatMap((accesses, peer) => (accesses.length > 0 ? [peer] : []));
  }

  #byPeer(): {
    readonly reaching: readonly (readonly Reaching[])[];
    readonly having: ReadonlyMap<number, readonly number[]>;
  } {
    if (this.#reaching === undefined || this.#havingAccess === undefined) {
      const reaching: Reaching[][] = Array.from({ length: this.#view.outside.size }, () => []);
      const having = new Map<number, number[]>();
      const kept = this.keeps('ingress');
      for (let group = 0; group < this.#view.groups.count; group++) {
        const access = this.#view.outside.accessOf.ingress[group]!;
        if (access < 0 || !kept(group)) continue;
        const list = having.get(access);
        if (list !== undefined) {
          list.push(group);
          continue;
        }
        having.set(access, [group]);
        for (const { peer, access: own } of this.#view.outside.open('ingress', access))
          reaching[peer]!.push({ access, own });
      }
      this.#reaching = reaching;
      this.#havingAccess = having;
    }
    return { reaching: this.#reaching, having: this.#havingAccess };
  }

  /** Ports as documents write them, where none were asked about: very many connections have one of few sets. */
  #written(ports: number, set: PortSet): AllowedPorts {
    if (this.#view.isCut) return allowedPorts(set);
    return (this.#allowed[ports] ??= allowedPorts(set));
  }
}

/** An access from outside, by its number and in full. */
interface Reaching {
  readonly access: number;
  readonly own: OutsideAccess;
}
