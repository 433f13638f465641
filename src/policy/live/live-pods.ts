import type { Pod } from '../../model/index.ts';
import type { Address } from '../../net/index.ts';
import { isHost } from '../classes.ts';
import { familyBits } from '../pod-traits.ts';
import { noCell } from './block-index.ts';
import type { ClassFinder } from './class-finder.ts';
import type { ClassProfiles } from './class-profiles.ts';
import { IntLists } from './int-lists.ts';
import type { ClassKey } from './live-classes.ts';
import { unsureMark } from './live-tiers.ts';
import type { Tables } from './tables.ts';

const mostPortMaps = 1024;

/** Pods, and the classes in which they are: a class is there as long as it has a pod. */
export class LivePods {
  readonly #tables: Tables;
  readonly #profiles: ClassProfiles;
  readonly #finder: ClassFinder;
  readonly #portMaps = new Map<Pod['ports'], number>();

  // By pod number.
  readonly #freedPods: number[] = [];
  readonly #raw: number[] = [];
  readonly #podsOfRaw = new IntLists();
  readonly #posInRaw: number[] = [];

  constructor(tables: Tables, profiles: ClassProfiles, finder: ClassFinder) {
    this.#tables = tables;
    this.#profiles = profiles;
    this.#finder = finder;
  }

  /** The class of a key; a new one has no pods yet. */
  #classOf(key: ClassKey): number {
    const known = this.#tables.classes.find(key);
    if (known >= 0) return known;
    const c = this.#tables.classes.add(key);
    this.#tables.blocks.again(key.cell4);
    this.#tables.blocks.again(key.cell6);
    const peers: number[] = [];
    if (key.namespace >= 0) {
      this.#tables.namespaces.again(key.namespace);
      const { matching } = this.#tables.namespaces;
      for (const each of this.#finder.selectorsOf(key.labels)) {
        const [selector, unsure] = [each >> 1, (each & 1) === 1];
        const group = this.#tables.groups.find(key.namespace, selector);
        if (group >= 0) this.#tables.groups.selected.add(group, c, unsure);
        const isNobody = unsure && this.#tables.assume === 'closed';
        const own = isNobody ? -1 : this.#tables.peers.find('own', key.namespace, selector);
        if (own >= 0) peers.push(own);
        if (this.#tables.peers.selecting(selector) === 0) continue;
        for (let i = 0; i < matching.size(key.namespace); i++) {
          const scope = matching.at(key.namespace, i);
          const peer = isNobody ? -1 : this.#tables.peers.find('selected', scope, selector);
          if (peer >= 0) peers.push(peer);
          const ofTiers = this.#tables.peers.find('tierPods', scope, selector);
          if (ofTiers >= 0) peers.push(unsure ? ofTiers | unsureMark : ofTiers);
        }
      }
    }
    for (const cell of [key.cell4, key.cell6]) {
      for (let i = 0; i < this.#tables.blocks.cells.size(cell); i++) {
        const block = this.#tables.blocks.cells.at(cell, i);
        const peer = this.#tables.isMatched(key.host) ? this.#tables.peers.find('block', block, 0) : -1;
        if (peer >= 0) peers.push(peer);
        const ofTiers = this.#tables.peers.find('network', block, 0);
        if (ofTiers >= 0) peers.push(ofTiers);
      }
    }
    if (key.node >= 0) peers.push(...this.#tables.hosts.peersOf(key.node));
    this.#tables.matrix.addClass(c, key.family, key.portMap, peers);
    if (
      this.#tables.groups.selected.count(c) > 0 ||
      peers.some((peer) => this.#tables.tiers.isSubject(peer & ~unsureMark))
    ) {
      this.#tables.matrix.setProfiles(c, this.#profiles.hold(c, 'egress'), this.#profiles.hold(c, 'ingress'));
    }
    return c;
  }

  /** Forgets a class when it has no pods. */
  #drop(c: number): void {
    if (this.#tables.classes.pods.size(c) > 0) return;
    const { namespace, cell4, cell6 } = this.#tables.classes.key(c);
    this.#tables.matrix.removeClass(c);
    this.#tables.groups.selected.removeClass(c);
    this.#tables.classes.remove(c);
    this.#tables.blocks.releaseCell(cell4);
    this.#tables.blocks.releaseCell(cell6);
    if (namespace >= 0) this.#tables.namespaces.release(namespace);
  }

  /** The class of a key that means the same to every policy as another class. */
  #likeness(key: ClassKey, like: number): number {
    const known = this.#tables.classes.find(key);
    if (known >= 0) return known;
    const c = this.#tables.classes.add(key);
    this.#tables.blocks.again(key.cell4);
    this.#tables.blocks.again(key.cell6);
    if (key.namespace >= 0) this.#tables.namespaces.again(key.namespace);
    this.#tables.groups.selected.copy(like, c);
    this.#tables.matrix.copyClass(c, like, key.family, key.portMap);
    return c;
  }

  /** Moves pods to other classes that are the same to every policy: a class that moves as a whole gets another key. */
  moveAll(pods: readonly number[], keyOf: (c: number) => ClassKey): void {
    const byClass = new Map<number, number[]>();
    for (const pod of pods) {
      const c = this.#tables.classes.of(pod);
      const list = byClass.get(c);
      if (list === undefined) byClass.set(c, [pod]);
      else list.push(pod);
    }
    for (const [c, some] of byClass) {
      const key = keyOf(c);
      if (some.length < this.#tables.classes.pods.size(c) || this.#tables.classes.find(key) >= 0) {
        for (const pod of some) this.move(pod, key);
        continue;
      }
      this.#tables.matrix.touched++;
      const { cell4, cell6 } = this.#tables.classes.key(c);
      this.#tables.blocks.again(key.cell4);
      this.#tables.blocks.again(key.cell6);
      this.#tables.classes.rename(c, key);
      this.#tables.blocks.releaseCell(cell4);
      this.#tables.blocks.releaseCell(cell6);
    }
  }

  /** Moves a pod to another class that is the same to every policy: no total changes. */
  move(pod: number, key: ClassKey): void {
    const from = this.#tables.classes.of(pod);
    const to = this.#likeness(key, from);
    if (to === from) return;
    const { node, replicas } = this.#tables.pods[pod]!;
    this.#tables.matrix.touched++;
    this.#tables.matrix.unchanged(() => {
      this.#tables.nodes.remove(pod, node, from, replicas, this.#tables.classes.isHost(from));
      this.#tables.classes.leave(pod);
      this.#tables.classes.enter(pod, to);
      this.#tables.matrix.moveWeight(from, to, replicas);
      this.#tables.nodes.add(pod, node, to, replicas, this.#tables.classes.isHost(to));
    });
    this.#drop(from);
  }

  /** Moves the pods of raw sets to the classes of their label set. */
  readonly regroup = (raws: readonly number[], labels: number): void => {
    const pods = raws.flatMap((raw) => [...this.#podsOfRaw.copy(raw)]);
    this.moveAll(pods, (c) => ({ ...this.#tables.classes.key(c), labels }));
  };

  /** Takes in a pod that is not there yet. Returns its number. */
  add(pod: Pod): number {
    const number = this.#freedPods.pop() ?? this.#tables.pods.length;
    this.#tables.pods[number] = pod;
    const host = isHost(pod, this.#tables.profile);
    const namespace = host ? -1 : this.#tables.namespaces.hold(pod.namespace);
    const raw = host ? -1 : this.#tables.labels.hold(pod);
    const node = host ? this.#tables.hosts.enter(number, pod.node) : -1;
    this.#raw[number] = raw;
    if (!host) this.#posInRaw[number] = this.#podsOfRaw.push(raw, number);
    let family = 0;
    let cell4 = noCell;
    let cell6 = noCell;
    for (const address of addressesOf(pod)) {
      family |= familyBits[address.family];
      this.#tables.blocks.addAddress(address, number);
      const cell = this.#tables.blocks.holdCell(address);
      if (address.family === 'IPv4') cell4 = cell;
      else cell6 = cell;
    }
    const c = this.#classOf({
      namespace,
      labels: host ? -1 : this.#tables.labels.setOf(raw),
      portMap: host ? 0 : this.#portMapOf(pod.ports),
      cell4,
      cell6,
      // Corner 39: a pod without an address has both families.
      family: family === 0 ? familyBits.IPv4 | familyBits.IPv6 : family,
      host,
      node: this.#tables.hosts.isAsked ? node : -1,
    });
    this.#tables.blocks.releaseCell(cell4);
    this.#tables.blocks.releaseCell(cell6);
    // The class holds it.
    if (!host) this.#tables.namespaces.release(namespace);
    this.#tables.classes.enter(number, c);
    this.#tables.matrix.addWeight(c, pod.replicas);
    this.#tables.nodes.add(number, pod.node, c, pod.replicas, host);
    return number;
  }

  /** What the declared ports of a pod mean for the names of rules. */
  #portMapOf(declared: Pod['ports']): number {
    let id = this.#portMaps.get(declared);
    if (id === undefined) {
      // Corner 28: whether the names of sidecars count is the profile's.
      const counted = this.#tables.profile.sidecarPorts ? declared : declared.filter((port) => !port.sidecar);
      id = this.#tables.ports.portMap(counted, true);
      // Pods of one template share their list. A few are remembered: all of them would outlive their pods.
      if (this.#portMaps.size >= mostPortMaps) this.#portMaps.clear();
      this.#portMaps.set(declared, id);
    }
    return id;
  }

  remove(number: number): void {
    const pod = this.#tables.pods[number]!;
    const c = this.#tables.classes.of(number);
    this.#tables.nodes.remove(number, pod.node, c, pod.replicas, this.#tables.classes.isHost(c));
    this.#tables.matrix.addWeight(c, -pod.replicas);
    this.#tables.classes.leave(number);
    this.#drop(c);
    for (const address of addressesOf(pod)) this.#tables.blocks.removeAddress(address, number);
    if (isHost(pod, this.#tables.profile)) this.#tables.hosts.leave(number, pod.node);
    const raw = this.#raw[number]!;
    if (raw >= 0) {
      const moved = this.#podsOfRaw.swapRemove(raw, this.#posInRaw[number]!);
      if (moved >= 0) this.#posInRaw[moved] = this.#posInRaw[number]!;
      this.#tables.labels.release(raw);
    }
    this.#tables.pods[number] = undefined;
    this.#freedPods.push(number);
  }

  /** Forgets the port maps that it remembers, so that they can be swept. */
  forgetPortMaps(): void {
    this.#portMaps.clear();
  }
}

/** The first address of each family, as the class of a pod has it. */
function addressesOf(pod: Pod): readonly Address[] {
  const { addresses } = pod;
  if (addresses.length <= 1) return addresses;
  return addresses.filter(({ family }, i) => addresses.findIndex((each) => each.family === family) === i);
}
