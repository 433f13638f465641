import { matches, podColumns, setPodColumns } from '../model/index.ts';
import type { Cluster, Direction, Namespace, NetworkPolicy, Pod, Rule } from '../model/index.ts';
import { families, joined, PortSet } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import { compile, has } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { narrowed } from './narrow.ts';
import type { DeniedQuestion } from './nearest-candidates.ts';
import { endOf, Found, idOf, membership, rangesOf, unitOf, Units } from './opened-units.ts';
import type { ProbeEnd, Side, Unit } from './opened-units.ts';
import { rangesId } from './outside.ts';
import type { NearMiss } from './types.ts';

/** What one change makes of a cluster. */
export type Change = {
  readonly policy: NetworkPolicy;
  readonly direction: Direction;
  readonly apply: (cluster: Cluster) => Cluster;
} & (
  | {
      /** A rule is widened or added, so the policy admits to the pods that it selects what it did, and what this rule does. */
      readonly kind: 'rule';
      readonly rule: Rule;
    }
  /** A namespace has other labels, so any peer with a namespaceSelector may mean its pods or cease to. */
  | { readonly kind: 'labels'; readonly namespace: Namespace }
);

/** What a change opens beside what was asked for. */
export interface Opened {
  readonly list: NearMiss['alsoOpens'];
  /** Whether there is more than the list holds. */
  readonly hasMore: boolean;
}

/**
 * Says what changes open, exactly, by asking the engine about the ends that they touch: pods that a changed policy selects
 * with the ends that its new rule means, or pods of a relabelled namespace with those whose policies ask for the label.
 * Everybody else has the policies and the peers that they had.
 */
export class Openings {
  readonly #cluster: Cluster;
  readonly #profile: CompiledPolicy['profile'];
  readonly #asked: DeniedQuestion;
  /** Every changed rule as a policy of its own over all pods: it knows who selects, and who is meant. */
  readonly #probe: CompiledPolicy;
  readonly #indexOf: ReadonlyMap<Change, number>;
  /** By class of the probe: its pods. */
  readonly #podsOf: readonly (readonly Pod[])[];
  /** By index of the probe's policies: the classes that it selects. */
  readonly #selected: readonly ReadonlySet<number>[];
  readonly #nodes: readonly ProbeEnd[];
  readonly #reached = new Map<Change, ReadonlyMap<number, readonly number[]>>();
  #before: CompiledPolicy | undefined;

  /** @param changes - all that `of` will be asked about */
  constructor(
    cluster: Cluster,
    profile: CompiledPolicy['profile'],
    changes: readonly Change[],
    asked: DeniedQuestion,
  ) {
    this.#cluster = cluster;
    this.#profile = profile;
    this.#asked = asked;
    const rules = [...new Set(changes)].filter((change) => change.kind === 'rule');
    this.#indexOf = new Map(rules.map((change, i) => [change, i]));
    const probed = { ...cluster, policies: rules.map(probeOf), tierPolicies: [] };
    // Its pods are those of the cluster, and need no columns of their own.
    setPodColumns(probed, podColumns(cluster));
    this.#probe = compile(probed, { profile });
    const { classes } = this.#probe.parts;
    const podsOf: Pod[][] = Array.from({ length: classes.size }, () => []);
    for (const [i, pod] of classes.pods.entries()) podsOf[classes.classOf[i]!]!.push(pod);
    this.#podsOf = podsOf;
    const selected = rules.map(() => new Set<number>());
    for (let c = 0; c < classes.size; c++) {
      if (classes.host[c] === 1) continue;
      for (const { index, sure } of this.#probe.selectingClass(c)) if (sure) selected[index]!.add(c);
    }
    this.#selected = selected;
    this.#nodes = [...cluster.nodes.values()]
      .filter(({ addresses }) => addresses.length > 0)
      .map((node) => ({ end: { kind: 'node', node }, c: -1 }));
  }

  /** What changes that are made together open. */
  of(changes: readonly Change[]): Opened {
    const isRelabelled = changes.some(({ kind }) => kind === 'labels');
    const found = new Found();
    const sides = isRelabelled ? this.#relabelled(changes) : this.#widened(changes);
    for (const side of sides) {
      if (found.hasMore) break;
      this.#pairs(side, found);
    }
    for (const change of changes) {
      if (change.kind === 'rule') {
        if (!meansOutside(change.rule)) continue;
        const selected = this.#selected[this.#indexOf.get(change)!]!;
        this.#strangers(
          [...selected].flatMap((c) => this.#podsOf[c]!),
          [change.direction],
          changes,
          found,
        );
      } else if (this.#cluster.tierPolicies.length > 0) {
        // Policies of tiers select pods by the labels of their namespace.
        const { pods } = this.#probe.parts.classes;
        const own = pods.filter(({ namespace }) => namespace === change.namespace.name);
        this.#strangers(own, ['egress', 'ingress'], changes, found);
      }
    }
    return { list: found.list(), hasMore: found.hasMore };
  }

  /** For one changed rule: by selected class, the classes that the rule means there, of whatever port. */
  #reachedBy(change: Change): ReadonlyMap<number, readonly number[]> {
    let reached = this.#reached.get(change);
    if (reached === undefined) {
      const { classes } = this.#probe.parts;
      const made = new Map<number, readonly number[]>();
      const alike = new Map<string, readonly number[]>();
      for (const s of this.#selected[this.#indexOf.get(change)!]!) {
        // Of a subject, a rule asks for nothing but its families and what names of ports mean there.
        const key = `${classes.family[s]} ${classes.portMap[s]}`;
        let others = alike.get(key);
        if (others === undefined) {
          const subject = this.#example(s);
          others = this.#podsOf.flatMap((_, o) =>
            this.#admits(change, subject, this.#example(o)) ? [o] : [],
          );
          alike.set(key, others);
        }
        made.set(s, others);
      }
      this.#reached.set(change, (reached = made));
    }
    return reached;
  }

  #example(c: number): ProbeEnd {
    const isHost = this.#probe.parts.classes.host[c] === 1;
    return { end: { kind: 'pod', pod: this.#podsOf[c]![0]! }, c: isHost ? -1 : c };
  }

  #admits(change: Change, subject: ProbeEnd, other: ProbeEnd): boolean {
    return families.some((family) => !this.#added(change, subject, other, family).isEmpty);
  }

  /** What the changed rule admits in a family. */
  #added(change: Change, subject: ProbeEnd, other: ProbeEnd, family: Family): PortSet {
    if (!has(subject.end, family) || !has(other.end, family)) return PortSet.none;
    const { ports } = this.#probe.parts;
    const index = this.#indexOf.get(change)!;
    const sets = this.#probe.pairs.admittedByRule(
      change.direction,
      index,
      subject.end,
      other.end,
      [family],
      subject.c,
      other.c,
    );
    return ports.set(sets.get(0) ?? 0);
  }

  /** The engine of the cluster as it is, for the pods that all changed rules touch. */
  #beforeAll(): CompiledPolicy {
    if (this.#before === undefined) {
      const touched = new Set<Pod>();
      for (const change of this.#indexOf.keys()) this.#touch(change, touched);
      const isMost = touched.size * 2 > this.#cluster.pods.length;
      this.#before = compile(isMost ? this.#cluster : narrowed(this.#cluster, touched), {
        profile: this.#profile,
      });
    }
    return this.#before;
  }

  #touch(change: Change, touched: Set<Pod>): void {
    for (const [s, others] of this.#reachedBy(change)) {
      for (const pod of this.#podsOf[s]!) touched.add(pod);
      for (const o of others) for (const pod of this.#podsOf[o]!) touched.add(pod);
    }
  }

  /** Rules only ever add: what a side admits afterwards is what it did, and what the changed rules admit. */
  *#widened(changes: readonly Change[]): Generator<Side> {
    const before = this.#beforeAll();
    const units = new Units(before, this.#probe, this.#asked);
    const { ports } = before.parts;
    const sideAfter = (direction: Direction, subject: Unit, other: Unit, family: Family): PortSet => {
      let set = ports.set(before.pairs.sideAllowed(direction, subject.example, other.example, family));
      for (const change of changes) {
        if (change.direction !== direction || !this.#selects(change, subject.second)) continue;
        const added = this.#added(change, endOf(subject), endOf(other), family);
        if (added.isEmpty) continue;
        // What a tier decides is asked of no NetworkPolicy.
        set = set.union(
          added.intersect(before.pairs.tierAsked(direction, subject.example, other.example, family)),
        );
      }
      return set;
    };
    const gain = (from: Unit, to: Unit): PortSet => {
      let after = PortSet.none;
      for (const family of families) {
        if (!has(from.example, family) || !has(to.example, family)) continue;
        const egress = sideAfter('egress', from, to, family);
        if (!egress.isEmpty) after = after.union(egress.intersect(sideAfter('ingress', to, from, family)));
      }
      return after.isEmpty ? after : after.minus(policed(before, from.example, to.example));
    };
    for (const change of changes) {
      for (const [s, others] of this.#reachedBy(change)) {
        const subject = this.#example(s);
        const nodes = this.#nodes.filter((node) => this.#admits(change, subject, node));
        yield {
          direction: change.direction,
          subjects: units.ofSecond(s),
          others: [...others.flatMap((o) => units.ofSecond(o)), ...nodes.map(({ end }) => unitOf(end))],
          gain,
          engine: before,
        };
      }
    }
  }

  #selects(change: Change, c: number): boolean {
    return this.#selected[this.#indexOf.get(change)!]!.has(c);
  }

  /** A label may close as well as open: the ends that it touches are asked before and after. */
  *#relabelled(changes: readonly Change[]): Generator<Side> {
    const touched = new Set<Pod>();
    const all = this.#probe.parts.classes.pods;
    for (const change of changes) {
      if (change.kind === 'rule') this.#touch(change, touched);
      else for (const pod of concerned(this.#cluster, all, change.namespace)) touched.add(pod);
    }
    const changed = changes.reduce((cluster, change) => change.apply(cluster), this.#cluster);
    const before = compile(narrowed(this.#cluster, touched), { profile: this.#profile });
    const after = compile(narrowed(changed, touched), { profile: this.#profile });
    const units = new Units(before, after, this.#asked);
    const gain = (from: Unit, to: Unit): PortSet =>
      policed(after, from.example, to.example).minus(policed(before, from.example, to.example));
    for (const change of changes) {
      const isConcerned = ({ example: end }: Unit): boolean =>
        end.kind === 'pod' &&
        (change.kind === 'labels'
          ? end.pod.namespace === change.namespace.name
          : before.selecting(end).some(({ policy }) => policy === change.policy));
      const subjects = units.all.filter(isConcerned);
      const nodes =
        change.kind === 'rule' || this.#cluster.tierPolicies.length > 0
          ? this.#nodes.map(({ end }) => unitOf(end))
          : [];
      const others = [...units.all, ...nodes];
      const common = { subjects, others, gain, engine: before };
      if (change.kind === 'labels' || change.direction === 'ingress')
        yield { ...common, direction: 'ingress' };
      if (change.kind === 'labels' || change.direction === 'egress') yield { ...common, direction: 'egress' };
    }
  }

  #pairs({ direction, subjects, others, gain, engine }: Side, found: Found): void {
    const isFrom = membership(this.#asked.fromEnd);
    const isTo = membership(this.#asked.toEnd);
    for (const subject of subjects) {
      for (const other of others) {
        if (found.hasMore) return;
        found.look();
        const [from, to] = direction === 'egress' ? [subject, other] : [other, subject];
        const set = gain(from, to);
        if (set.isEmpty) continue;
        for (const source of from.ends) {
          for (const target of to.ends) {
            if (found.hasMore) return;
            found.look();
            if (engine.exemption(source, target) !== undefined) continue;
            const isAsked = isFrom(source) && isTo(target);
            found.add(idOf(source), idOf(target), isAsked ? set.minus(this.#asked.ports) : set);
          }
        }
      }
    }
  }

  /** Addresses outside, to and from the pods that a change concerns. */
  #strangers(
    pods: readonly Pod[],
    directions: readonly Direction[],
    changes: readonly Change[],
    found: Found,
  ): void {
    const subjects = new Set(pods);
    const changed = changes.reduce((cluster, each) => each.apply(cluster), this.#cluster);
    const before = compile(narrowed(this.#cluster, subjects), { profile: this.#profile });
    const after = compile(narrowed(changed, subjects), { profile: this.#profile });
    const add = (from: string, to: string, set: PortSet): void => found.add(from, to, set);
    for (const unit of new Units(before, after, this.#asked).all) {
      for (const end of unit.ends) {
        if (found.hasMore) return;
        if (end.kind !== 'pod') continue;
        for (const direction of directions) outside(before, after, direction, end.pod, this.#asked, add);
      }
    }
  }
}

/** What policies allow between two ends; whether the two are exempt is up to the pair, and these may stand for many. */
function policed(policy: CompiledPolicy, from: PolicyEnd, to: PolicyEnd): PortSet {
  const { ports } = policy.parts;
  return PortSet.union(
    families
      .filter((family) => has(from, family) && has(to, family))
      .map((family) =>
        ports.set(
          ports.intersect(
            policy.pairs.sideAllowed('egress', from, to, family),
            policy.pairs.sideAllowed('ingress', to, from, family),
          ),
        ),
      ),
  );
}

/** A policy that selects whom the changed one does, and admits what its changed rule does. */
function probeOf({ policy, direction, rule }: Change & { readonly kind: 'rule' }): NetworkPolicy {
  return {
    ...policy,
    ingress: { kind: 'unaffected' },
    egress: { kind: 'unaffected' },
    [direction]: { kind: 'isolates', rules: [rule] },
  };
}

function meansOutside({ peers }: Rule): boolean {
  return peers.kind === 'any' || peers.peers.some(({ kind }) => kind === 'ipBlock');
}

/**
 * The pods of a namespace that gets other labels, and those for which this matters: some policy that selects them, or that
 * may, has a peer that means the namespace before and not after, or the other way round.
 */
function concerned(cluster: Cluster, pods: readonly Pod[], after: Namespace): readonly Pod[] {
  const labels = cluster.namespaces.get(after.name)?.labels ?? new Map<string, string>();
  const turns = ({ ingress, egress }: NetworkPolicy): boolean =>
    [ingress, egress].some(
      (spec) =>
        spec.kind === 'isolates' &&
        spec.rules.some(
          ({ peers }) =>
            peers.kind === 'oneOf' &&
            peers.peers.some(
              (peer) =>
                peer.kind === 'pods' &&
                peer.namespaces !== 'own' &&
                matches(peer.namespaces, labels) !== matches(peer.namespaces, after.labels),
            ),
        ),
    );
  const turning = Map.groupBy(cluster.policies.filter(turns), ({ namespace }) => namespace);
  // Any policy of a tier may select other pods, or mean others, by the new labels.
  if (cluster.tierPolicies.length > 0) return pods;
  return pods.filter(
    ({ namespace, labels: own, undecided }) =>
      namespace === after.name ||
      turning.get(namespace)?.some(({ podSelector }) => undecided.size > 0 || matches(podSelector, own)),
  );
}

function outside(
  before: CompiledPolicy,
  after: CompiledPolicy,
  direction: Direction,
  pod: Pod,
  asked: DeniedQuestion,
  add: (from: string, to: string, set: PortSet) => void,
): void {
  const end: PolicyEnd = { kind: 'pod', pod };
  const stranger = rangesOf(direction === 'ingress' ? asked.fromEnd : asked.toEnd);
  const old = before.outside(direction, before.classOf(end));
  let at = 0;
  const ranges = new Map<string, { set: PortSet; readonly ranges: AddressRange[] }>();
  for (const segment of after.outside(direction, after.classOf(end))) {
    // Corner 37: addresses of a family that the pod lacks cannot reach it, nor it them.
    if (!has(end, segment.family)) continue;
    for (; at < old.length; at++) {
      const other = old[at]!;
      if (other.family !== segment.family) {
        if (families.indexOf(other.family) > families.indexOf(segment.family)) break;
        continue;
      }
      if (other.first > segment.last) break;
      const first = other.first > segment.first ? other.first : segment.first;
      const last = other.last < segment.last ? other.last : segment.last;
      let set = after.parts.ports.set(segment.ports).minus(before.parts.ports.set(other.ports));
      const within = (range: AddressRange): boolean =>
        range.family === segment.family && range.first <= first && last <= range.last;
      if (stranger.some(within)) set = set.minus(asked.ports);
      if (!set.isEmpty && last >= first) {
        const known = ranges.get(set.key);
        if (known === undefined)
          ranges.set(set.key, { set, ranges: [{ family: segment.family, first, last }] });
        else known.ranges.push({ family: segment.family, first, last });
      }
      if (other.last > segment.last) break;
    }
  }
  for (const { set, ranges: list } of ranges.values()) {
    const id = rangesId(joined(list));
    if (direction === 'ingress') add(id, pod.workload, set);
    else add(pod.workload, id, set);
  }
}
