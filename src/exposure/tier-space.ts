import type { Direction, TierPods } from '../model/index.ts';
import type { Family, PortSet } from '../net/index.ts';
import { evaluateTiers, TierEnds } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd, TierReading, TierStep } from '../policy/index.ts';
import { anyLabels, cubeFrom } from './cubes.ts';
import type { Cube } from './cubes.ts';
import { isEmptyScope } from './namespaces.ts';
import type { NamespaceSpace } from './namespaces.ts';
import { minimal, regionBoth, regionMinus } from './regions.ts';
import type { Line, Region } from './regions.ts';
import { everyUse, noUse } from './uses.ts';
import type { UseTable } from './uses.ts';

/**
 * What the tiers that bind potential pods leave to them, by themselves: `accepted` whatever NetworkPolicies say, and what
 * they leave to these (corners 53 and 60): `free` for pods that no NetworkPolicy isolates, where Baseline is asked, and
 * `isolated` for the others (corners 55 and 64).
 */
export interface Left {
  readonly key: string;
  readonly accepted: number;
  readonly free: number;
  readonly isolated: number;
}

/** What is left where no tier speaks. */
export const allLeft: Left = { key: '', accepted: noUse, free: everyUse, isolated: everyUse };

/** Potential pods that no selector tells apart which was looked at. */
interface Atom {
  readonly regions: readonly Region[];
  /** The selectors that mean them: places of policies in the ranking, or ids of peers. */
  readonly meaning: ReadonlySet<number>;
}

/** More pieces of the space than these are not looked at. */
const mostPieces = 1024;
/** Nor are more comparisons of pieces with selectors made in all, each counted by how many namespaces there are. */
const mostWork = 4_000_000;
/** Nor are more lines put together with regions in all, where it is more than a few for some pods. */
const mostCombined = 250_000;
const few = 1024;

/**
 * The space of potential pods as the tiers cut it: as subjects of the tiers with rules of a direction, and as peers of the tiers
 * that bind some pods. Within one atom they say the same of all. Cut by everything at once, it would fall into far more pieces.
 *
 * A pod that is not there has no address, so `networks`, `nodes` and `domainNames` do not mean it (corner 39).
 */
export class TierSpace {
  readonly #policy: CompiledPolicy;
  readonly #space: NamespaceSpace;
  readonly #uses: UseTable;
  readonly #ends: TierEnds | undefined;
  readonly #reading: TierReading;
  readonly #atoms = new Map<string, readonly Atom[]>();
  #isTooMuch = false;
  #work = 0;
  #combined = 0;
  readonly #lines = new WeakMap<readonly Line[], Map<string, readonly Line[]>>();
  #asksForNames = false;
  readonly #left = new Map<string, readonly (readonly [Left, readonly Region[]])[]>();

  constructor(policy: CompiledPolicy, space: NamespaceSpace, uses: UseTable) {
    this.#policy = policy;
    this.#space = space;
    this.#uses = uses;
    const { tiers, assume } = policy.parts;
    this.#ends = tiers === undefined ? undefined : new TierEnds(policy.parts, tiers);
    this.#reading = { bound: tiers?.bound ?? 'sure', assume };
  }

  get isThere(): boolean {
    return this.#ends !== undefined;
  }

  /** Whether there are so many selectors that the tiers were left out of account. */
  get isTooMuch(): boolean {
    return this.#isTooMuch;
  }

  /** Whether a rule asks for names of ports of pods that are not there, which were taken to declare none. */
  get asksForNames(): boolean {
    return this.#asksForNames;
  }

  /** The number of the list of tiers that bind a class in a direction; 0 where none does. */
  listOf(direction: Direction, k: number): number {
    const { profiles, profileOf, classes } = this.#policy.parts;
    return classes.host[k] === 1 ? 0 : profiles[direction][profileOf[direction][k]!]!.tiers;
  }

  /** The names of the policies of a list. */
  namesOf(direction: Direction, list: number): readonly string[] {
    if (list === 0) return [];
    const { steps } = this.#policy.parts.tiers!.lists[direction].list(list);
    return steps.map(({ policy }) => this.#policy.cluster.tierPolicies[policy.index]!.name);
  }

  /** The lines of a subject with what its tiers say before and after its NetworkPolicies. */
  linesOf(direction: Direction, list: number, lines: readonly Line[]): readonly Line[] {
    if (list === 0) return lines;
    let known = this.#lines.get(lines);
    if (known === undefined) this.#lines.set(lines, (known = new Map<string, readonly Line[]>()));
    const key = `${direction} ${list}`;
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = this.#bound(direction, list, lines)));
    return found;
  }

  /** Whether so many lines and regions are not too many to be put together; if they are, `isTooMuch` says so. */
  canCombine(lines: number, regions: number): boolean {
    const pieces = lines * regions;
    if (pieces <= few) return true;
    if (this.#combined + pieces > mostCombined) {
      this.#isTooMuch = true;
      return false;
    }
    this.#combined += pieces;
    return true;
  }

  #bound(direction: Direction, list: number, lines: readonly Line[]): readonly Line[] {
    const { steps, portMap } = this.#policy.parts.tiers!.lists[direction].list(list);
    const atoms = this.#peersOf(direction, list, steps);
    const size = atoms.reduce((sum, { regions }) => sum + regions.length, 0);
    if (!this.canCombine(lines.length, size)) return lines;
    const made: Line[] = [];
    for (const atom of atoms) {
      const value = evaluateTiers(steps, direction, this.#reading, {
        holds: (peer) => (atom.meaning.has(peer) ? 1 : 0),
        resolve: (spec) => this.#ofPotential(direction === 'egress', spec, portMap),
      });
      const accepted = this.#uses.of(value.accepted);
      const asked = this.#uses.of(value.asked);
      for (const region of atom.regions) {
        if (accepted !== noUse) made.push({ ...region, use: accepted, rules: [] });
        for (const line of asked === noUse ? [] : lines) {
          const shared = regionBoth(line, region);
          const use = this.#uses.intersect(line.use, asked);
          if (shared !== undefined && use !== noUse) made.push({ ...shared, use, rules: line.rules });
        }
      }
    }
    return minimal(made, this.#space, this.#uses);
  }

  /** What a spec means: on the subject, or on a pod that is not there. */
  #ofPotential(isPotential: boolean, spec: number, portMap: number): PortSet {
    const { ports } = this.#policy.parts;
    if (!isPotential) return ports.set(ports.resolve(spec, portMap));
    if (ports.isNamed(spec)) this.#asksForNames = true;
    return ports.set(ports.fixed(spec));
  }

  /** By class and family, as text: which peers of tiers mean a subject. Subjects with equal texts are treated alike. */
  signature(direction: Direction, subject: PolicyEnd, k: number, family: Family): string {
    const ends = this.#ends;
    if (ends === undefined) return '';
    const { classes, ports } = this.#policy.parts;
    const c = classes.host[k] === 1 ? -1 : k;
    const { size } = this.#policy.parts.tiers!.tiers.peers;
    let text = direction === 'ingress' && ports.hasNames ? `${c < 0 ? 'node' : classes.portMap[k]!}:` : '';
    for (let peer = 1; peer < size; peer++) text += ends.holds(peer, subject, family, c);
    return text;
  }

  /**
   * What the tiers that bind potential pods leave them to use with a subject, with the regions where they leave it.
   *
   * @param direction - that of the subject: potential pods are asked for the other one
   */
  leftOf(
    direction: Direction,
    subject: PolicyEnd,
    k: number,
    family: Family,
  ): readonly (readonly [Left, readonly Region[]])[] {
    const ends = this.#ends;
    if (ends === undefined) return [];
    const key = `${direction} ${family} ${this.signature(direction, subject, k, family)}`;
    let found = this.#left.get(key);
    if (found === undefined)
      this.#left.set(key, (found = this.#evaluate(ends, direction, subject, k, family)));
    return found;
  }

  #evaluate(
    ends: TierEnds,
    direction: Direction,
    subject: PolicyEnd,
    k: number,
    family: Family,
  ): readonly (readonly [Left, readonly Region[]])[] {
    const { tiers, classes } = this.#policy.parts;
    const other: Direction = direction === 'ingress' ? 'egress' : 'ingress';
    const c = classes.host[k] === 1 ? -1 : k;
    const groups = new Map<string, { readonly left: Left; readonly regions: Region[] }>();
    for (const { regions, meaning } of this.#subjectsOf(other)) {
      const steps: TierStep[] = [...tiers!.tiers.ranked.entries()].flatMap(([place, policy]) =>
        meaning.has(place) ? [{ policy, unsure: false }] : [],
      );
      const question = {
        holds: (peer: number) => ends.holds(peer, subject, family, c),
        // The ports of the subject where it is the destination; else those of a pod that is not there.
        resolve: (spec: number) =>
          this.#ofPotential(other === 'ingress' || c < 0, spec, c < 0 ? 0 : classes.portMap[c]!),
      };
      const admin = steps.filter(({ policy }) => policy.tier === 'admin');
      const isolated = evaluateTiers(admin, other, this.#reading, question);
      const free =
        admin.length === steps.length ? isolated : evaluateTiers(steps, other, this.#reading, question);
      const left = {
        accepted: this.#uses.of(isolated.accepted),
        free: this.#uses.of(free.asked),
        isolated: this.#uses.of(isolated.asked),
      };
      const add = (some: Omit<Left, 'key'>, where: readonly Region[]): void => {
        if (where.length === 0) return;
        const key = `${some.accepted} ${some.free} ${some.isolated}`;
        const isAll = some.accepted === noUse && some.free === everyUse && some.isolated === everyUse;
        const known = groups.get(key);
        if (known !== undefined) for (const region of where) known.regions.push(region);
        else groups.set(key, { left: isAll ? allLeft : { key, ...some }, regions: [...where] });
      };
      if (left.free === left.isolated) add(left, regions);
      else {
        const { spared, rest } = this.#parted(regions, direction);
        add({ ...left, free: left.isolated }, spared);
        add(left, rest);
      }
    }
    return [...groups.values()].map(({ left, regions }) => [left, regions] as const);
  }

  /**
   * Parts regions into those of pods that no Baseline policy is asked about although no NetworkPolicy isolates them in the
   * direction they are asked for, and the rest: where a profile decides by pod, one that isolates the other direction is
   * enough (corner 64).
   *
   * @param isolated - the other direction
   */
  #parted(
    regions: readonly Region[],
    isolated: Direction,
  ): { readonly spared: readonly Region[]; readonly rest: readonly Region[] } {
    const spared: Region[] = [];
    let rest: readonly Region[] = regions;
    for (const cut of this.#selectedIn(isolated)) {
      for (const region of rest) {
        const shared = regionBoth(region, cut);
        if (shared !== undefined) spared.push(shared);
      }
      rest = rest.flatMap((region) =>
        regionBoth(region, cut) === undefined ? [region] : regionMinus(region, cut),
      );
      if (spared.length + rest.length > mostPieces) {
        this.#isTooMuch = true;
        break;
      }
    }
    return { spared, rest };
  }

  /** The regions of the pods that NetworkPolicies isolate in a direction; none where a profile decides by direction. */
  #selectedIn(direction: Direction): readonly Region[] {
    const { profile, cluster, parts } = this.#policy;
    if (profile.baselineAfterPolicies !== 'pod') return [];
    const byPods = new Map<string, { readonly pods: Cube; readonly namespaces: Set<number> }>();
    for (const [i, { namespace, podSelector }] of cluster.policies.entries()) {
      const pods = parts.rules[direction][i] === undefined ? undefined : cubeFrom(podSelector);
      if (pods === undefined) continue;
      let group = byPods.get(pods.key);
      if (group === undefined) byPods.set(pods.key, (group = { pods, namespaces: new Set<number>() }));
      group.namespaces.add(this.#space.indexOf(namespace));
    }
    return [...byPods.values()].map(({ pods, namespaces }) => ({
      existing: this.#space.places([...namespaces].sort((a, b) => a - b)),
      fresh: undefined,
      pods,
    }));
  }

  /** Cut by the policies with rules of a direction that select potential pods. */
  #subjectsOf(direction: Direction): readonly Atom[] {
    let atoms = this.#atoms.get(direction);
    if (atoms === undefined) this.#atoms.set(direction, (atoms = this.#cutBy(this.#subjectCuts(direction))));
    return atoms;
  }

  /** Cut by whom the rules of the policies of one list mean. */
  #peersOf(direction: Direction, list: number, steps: readonly TierStep[]): readonly Atom[] {
    const key = `${direction} ${list}`;
    let atoms = this.#atoms.get(key);
    if (atoms === undefined) this.#atoms.set(key, (atoms = this.#cutBy(this.#peerCuts(direction, steps))));
    return atoms;
  }

  #cutBy(cuts: ReadonlyMap<number, Region | undefined>): readonly Atom[] {
    const everywhere: Region = { ...this.#space.everywhere, pods: anyLabels };
    const cost = 1 + this.#space.all.length / 16;
    let pieces: { readonly region: Region; readonly marks: readonly number[] }[] = [
      { region: everywhere, marks: [] },
    ];
    for (const [mark, cut] of cuts) {
      if (cut === undefined) continue;
      this.#work += pieces.length * cost;
      pieces = pieces.flatMap(({ region, marks }) => {
        const shared = regionBoth(region, cut);
        if (shared === undefined) return [{ region, marks }];
        const rest = regionMinus(region, cut).map((each) => ({ region: each, marks }));
        return [{ region: shared, marks: [...marks, mark] }, ...rest];
      });
      if (pieces.length > mostPieces || this.#work > mostWork) {
        this.#isTooMuch = true;
        return [{ regions: [everywhere], meaning: new Set() }];
      }
    }
    return [...Map.groupBy(pieces, ({ marks }) => marks.join()).values()].map((alike) => ({
      regions: alike.map(({ region }) => region),
      meaning: new Set(alike[0]!.marks),
    }));
  }

  /** By place in the ranking: whom the policies with rules of a direction select. */
  #subjectCuts(direction: Direction): ReadonlyMap<number, Region | undefined> {
    const cuts = new Map<number, Region | undefined>();
    for (const [place, { index, rules }] of this.#policy.parts.tiers!.tiers.ranked.entries()) {
      if (rules[direction].length === 0) continue;
      cuts.set(place, this.#regionOf(this.#policy.cluster.tierPolicies[index]!.subject));
    }
    return cuts;
  }

  /** By id: whom the peers of the rules of some policies mean. */
  #peerCuts(direction: Direction, steps: readonly TierStep[]): ReadonlyMap<number, Region | undefined> {
    const cuts = new Map<number, Region | undefined>();
    for (const { policy: compiled } of steps) {
      const { index, rules } = compiled;
      for (const { peers, written, rule } of rules[direction]) {
        const entries = this.#policy.cluster.tierPolicies[index]![direction][rule]?.peers ?? [];
        for (const [i, peer] of peers.entries()) {
          const entry = entries[written[i] ?? -1];
          if (entry?.kind === 'pods') cuts.set(peer, this.#regionOf(entry));
        }
      }
    }
    return cuts;
  }

  #regionOf(pods: TierPods): Region | undefined {
    if (pods.kind === 'unusable') return undefined;
    const cube = cubeFrom(pods.pods);
    const scope = this.#space.selected(pods.namespaces);
    return cube === undefined || isEmptyScope(scope) ? undefined : { ...scope, pods: cube };
  }
}
