import type { Direction, Tier } from '../model/index.ts';
import type { Family, Protocol } from '../net/index.ts';
import { classFacts, fact, factSize, isolatedBits } from './class-facts.ts';
import { isHost } from './classes.ts';
import type { CompiledParts } from './compiled-parts.ts';
import { has } from './ends.ts';
import type { PolicyEnd } from './ends.ts';
import { entry, entrySize, meansAny, meansOwn, SubjectEntries } from './entries.ts';
import { yes } from './labels.ts';
import type { Holds } from './labels.ts';
import type { PairQuestions } from './pair-questions.ts';
import { familyBits } from './pod-traits.ts';
import type { PortTable } from './port-table.ts';
import { portsOfEntry } from './profiles/reading.ts';
import type { TierHit } from './tier-decide.ts';
import type { TierValue } from './tier-value.ts';

/** What one side says about a connection, with what decided it. */
export interface SideDecision {
  /**
   * `open`: no policy isolates this side. `admitted`: a rule of a NetworkPolicy does. `closed`: NetworkPolicies isolate and none
   * admits. `exempt`: NetworkPolicies are not asked about a pod's own node (corner 42). `accepted`, `denied`: a rule of a tier
   * says so. `ambiguous`: policies of equal priority disagree, and some choice among them allows it (corner 60).
   */
  readonly kind: 'open' | 'admitted' | 'closed' | 'exempt' | 'accepted' | 'denied' | 'ambiguous';
  /** Index in `cluster.policies` of the NetworkPolicy that admits, and in its lists; -1 where there is none. */
  readonly policy: number;
  readonly rule: number;
  /** -1 also when the rule admits every peer. */
  readonly peer: number;
  /** -1 also when the rule admits every port. */
  readonly port: number;
  /** The rules of the tiers that match, first those of Admin: those before it leave the tier, or are equal in priority. */
  readonly hits: readonly TierHit[];
}

/** The verdict on one connection; both sides must let it pass (corner 3). */
export interface Decision {
  /** Whether it is allowed, whichever of several policies of equal priority is applied. */
  readonly allowed: boolean;
  /** Whether it is allowed if some of these are applied, and denied if others are (corner 60). */
  readonly ambiguous: boolean;
  /** `self` or `node` when no policy was asked: a pod reaches itself, and its own node (corners 41 and 42). */
  readonly exempt: 'self' | 'node' | undefined;
  readonly egress: SideDecision;
  readonly ingress: SideDecision;
}

const openSide: SideDecision = { kind: 'open', policy: -1, rule: -1, peer: -1, port: -1, hits: [] };
const closedSide: SideDecision = { ...openSide, kind: 'closed' };
const exemptSide: SideDecision = { ...openSide, kind: 'exempt' };

const anyFamily = familyBits.IPv4 | familyBits.IPv6;

/** In place of the class of a pod that the cluster does not have. */
const unknownPod = -2;

function isClosed({ kind }: SideDecision): boolean {
  return kind === 'closed' || kind === 'denied';
}

function accepts(hits: readonly TierHit[]): boolean {
  return hits.length > 0 && hits.every(({ action }) => action === 'accept');
}

/** What one decision is about. */
interface Asked {
  readonly protocol: Protocol;
  readonly port: number;
  readonly family: Family;
}

/** Decides single connections and names what decides them. */
export class Decisions {
  readonly #parts: CompiledParts;
  readonly #pairs: PairQuestions;
  readonly #possible: () => PairQuestions;
  readonly #entries: SubjectEntries;
  #classFacts: Int32Array | undefined;

  /** @param possible - what the same policy says where equal priorities are resolved to what allows most (corner 60) */
  constructor(parts: CompiledParts, pairs: PairQuestions, possible: () => PairQuestions) {
    this.#parts = parts;
    this.#pairs = pairs;
    this.#possible = possible;
    this.#entries = new SubjectEntries(parts);
  }

  /**
   * Decides one connection and names what decided it: for each side the first rule that admits, in the order of the
   * input. About a microsecond.
   *
   * @param port - 1 to 65535
   * @param family - default: the first that both ends have
   */
  decide(from: PolicyEnd, to: PolicyEnd, protocol: Protocol, port: number, family?: Family): Decision {
    const fromClass = this.#classIfAny(from);
    const toClass = this.#classIfAny(to);
    const inBoth = this.#familiesOf(from, fromClass) & this.#familiesOf(to, toClass);
    const shared = family ?? ((inBoth & familyBits.IPv4) === 0 ? 'IPv6' : 'IPv4');
    if ((inBoth & familyBits[shared]) === 0) {
      return { allowed: false, ambiguous: false, exempt: undefined, egress: openSide, ingress: openSide };
    }
    const exempt = this.#pairs.exemption(from, to);
    if (exempt !== undefined)
      return { allowed: true, ambiguous: false, exempt, egress: openSide, ingress: openSide };
    if (fromClass === unknownPod) this.#pairs.classOf(from);
    if (toClass === unknownPod) this.#pairs.classOf(to);
    const ask = { protocol, port, family: shared };
    const egress = this.#decideSide('egress', from, fromClass, to, toClass, ask);
    const ingress = this.#decideSide('ingress', to, toClass, from, fromClass, ask);
    const isDenied = isClosed(egress) || isClosed(ingress);
    const isOpen = egress.kind === 'ambiguous' || ingress.kind === 'ambiguous';
    return { allowed: !isDenied && !isOpen, ambiguous: !isDenied && isOpen, exempt, egress, ingress };
  }

  /** The class of an end as `classOf` has it; `unknownPod` where that throws. */
  #classIfAny(end: PolicyEnd): number {
    if (end.kind !== 'pod' || isHost(end.pod, this.#parts.profile)) return -1;
    const { classes } = this.#parts;
    const at = classes.indexOf(end.pod);
    return at < 0 ? unknownPod : classes.classOf[at]!;
  }

  get #facts(): Int32Array {
    return (this.#classFacts ??= classFacts(this.#parts));
  }

  /** The families of an end, as `familyBits`. Those of a class stand together, those of its pods all over memory. */
  #familiesOf(end: PolicyEnd, c: number): number {
    if (c >= 0) return this.#facts[c * factSize + fact.flags]! & anyFamily;
    return (has(end, 'IPv4') ? familyBits.IPv4 : 0) | (has(end, 'IPv6') ? familyBits.IPv6 : 0);
  }

  #decideSide(
    direction: Direction,
    subject: PolicyEnd,
    subjectClass: number,
    other: PolicyEnd,
    otherClass: number,
    ask: Asked,
  ): SideDecision {
    const admitted = this.#pairs.isOwnNode(direction, subject, other)
      ? exemptSide
      : this.#decideAdmitted(direction, subject, subjectClass, other, otherClass, ask);
    const list = this.#pairs.tierList(direction, subjectClass);
    if (list === 0) return admitted;
    const { protocol, port, family } = ask;
    const allows = ({ accepted, asked }: TierValue): boolean =>
      accepted.has(protocol, port) || (!isClosed(admitted) && asked.has(protocol, port));
    const value = this.#pairs.tierValue(list, direction, other, otherClass, family);
    const destination = direction === 'ingress' ? subject : other;
    const question = { direction, other, otherClass, family };
    const find = (tier: Tier): readonly TierHit[] =>
      this.#pairs.tierEnds!.hits(tier, list, question, destination, protocol, port);
    const admin = find('admin');
    const leaves = admin.length === 0 || admin.some(({ action }) => action === 'pass');
    const baseline = leaves ? find('baseline') : [];
    const hits = [...admin, ...baseline];
    if (allows(value)) {
      // Where NetworkPolicies were asked, they said so, or the Baseline tier did in their stead.
      const isAccepted = accepts(admin) || (admitted.kind === 'open' && baseline.length > 0);
      return isAccepted ? { ...openSide, kind: 'accepted', hits } : { ...admitted, hits };
    }
    const possible = this.#possible();
    if (possible !== this.#pairs && allows(possible.tierValue(list, direction, other, otherClass, family)))
      return { ...openSide, kind: 'ambiguous', hits };
    const isDenied = !value.asked.has(protocol, port);
    return isDenied ? { ...openSide, kind: 'denied', hits } : { ...admitted, hits };
  }

  #decideAdmitted(
    direction: Direction,
    subject: PolicyEnd,
    subjectClass: number,
    other: PolicyEnd,
    otherClass: number,
    { protocol, port, family }: Asked,
  ): SideDecision {
    const { ports, classes } = this.#parts;
    const facts = this.#facts;
    const at = subjectClass * factSize;
    if (subjectClass < 0 || (facts[at + fact.flags]! & isolatedBits[direction]) === 0) return openSide;
    const entries = this.#entries.of(direction, facts[at + fact.subject]!, subjectClass);
    const namespace = otherClass < 0 ? -1 : facts[otherClass * factSize + fact.namespace]!;
    for (let i = 0; i < entries.length; i += entrySize) {
      const kind = entries[i]!;
      // Most peers are of another namespace: that can be seen here.
      if (kind === meansOwn && entries[i + entry.scope] !== namespace) continue;
      const peer = entries[i + entry.peer]!;
      if (kind !== meansAny && !this.#pairs.counts(this.#entryHolds(entries, i, other, otherClass, family)))
        continue;
      const spec = entries[i + entry.spec]!;
      const set =
        direction === 'ingress'
          ? ports.resolve(spec, classes.portMap[subjectClass]!)
          : this.#pairs.resolve(spec, peer, other, otherClass);
      if (!ports.set(set).has(protocol, port)) continue;
      const policy = entries[i + entry.policy]!;
      const rule = entries[i + entry.rule]!;
      const model = this.#parts.cluster.policies[policy]![direction];
      const written = model.kind === 'isolates' ? model.rules[rule] : undefined;
      const destination = direction === 'ingress' ? subject : other;
      return {
        kind: 'admitted',
        policy,
        rule,
        peer: written?.peers.kind === 'any' ? -1 : entries[i + entry.at]!,
        port: written === undefined ? -1 : this.#portEntry(written.ports, destination, protocol, port),
        hits: [],
      };
    }
    return closedSide;
  }

  /** Whether the peer of an entry means an end; of its own namespace it is known that it is that of the end. */
  #entryHolds(entries: Int32Array, at: number, other: PolicyEnd, otherClass: number, family: Family): Holds {
    if (entries[at] !== meansOwn)
      return this.#pairs.peerHas(entries[at + entry.peer]!, other, family, otherClass);
    const { podLabels, classes } = this.#parts;
    const selector = entries[at + entry.selector]!;
    return selector === podLabels.everything ? yes : podLabels.holds(selector, classes.labels[otherClass]!);
  }

  /** The index of the first entry of `ports` that admits a port of a destination; -1 when the rule admits every port. */
  #portEntry(
    entries: Parameters<PortTable['specOf']>[0],
    destination: PolicyEnd,
    protocol: Protocol,
    port: number,
  ): number {
    if (entries.kind === 'all') return -1;
    return entries.ports.findIndex((entry) => {
      if (entry.protocol !== protocol) return false;
      if (entry.kind !== 'named') return portsOfEntry(entry, this.#parts.profile).has(protocol, port);
      if (destination.kind !== 'pod') return false;
      return destination.pod.ports.some(
        (declared) =>
          declared.name === entry.name &&
          declared.protocol === protocol &&
          declared.port === port &&
          (this.#parts.profile.sidecarPorts || !declared.sidecar),
      );
    });
  }
}
