import type { Direction } from '../model/index.ts';
import { BaseRules } from './base-rules.ts';
import { ClassProfiles } from './class-profiles.ts';
import type { ClassRules, Specs } from './class-rules.ts';
import { PairMap } from './pair-map.ts';
import { openProfile } from './parts.ts';
import type { CompiledRules, SubjectGroup } from './parts.ts';
import type { RuleTable } from './rules.ts';
import type { Subjects } from './subjects.ts';

/** A group with more policies than this is merged before the profiles of its classes are built. */
const mostUnmerged = 4;

/** Scratch that the builders of both directions use in turns. */
export interface BuilderScratch {
  readonly gathered: ClassRules;
  readonly merged: Specs;
}

/** Makes what the policies of a class say in one direction into profiles; equal ones are one. */
export class ProfileBuilder {
  readonly profiles: ClassProfiles = new ClassProfiles();
  readonly #direction: Direction;
  readonly #groups: readonly SubjectGroup[];
  readonly #rules: RuleTable;
  readonly #subjects: Subjects;
  /** By list of groups: its profile, -1 where not asked yet; in ingress that of `#firstMap`. */
  readonly #ofNode: Int32Array;
  /** By list of groups: the first port map that was asked about in ingress. Other maps are rare. */
  readonly #firstMap: Int32Array;
  /** By list of groups and other port map: the profile. */
  readonly #ofOtherMap = new PairMap();
  /** By group of many policies: the peers of all of these, each followed by its spec. */
  readonly #ofGroup = new Map<number, Int32Array>();
  readonly #ofBase: (BaseRules | undefined)[] = [];
  readonly #gathered: ClassRules;
  readonly #merged: Specs;

  constructor(
    direction: Direction,
    groups: readonly SubjectGroup[],
    rules: CompiledRules,
    subjects: Subjects,
    scratch: BuilderScratch,
  ) {
    this.#direction = direction;
    this.#groups = groups;
    this.#rules = rules[direction];
    this.#subjects = subjects;
    this.#gathered = scratch.gathered;
    this.#merged = scratch.merged;
    this.#ofNode = new Int32Array(subjects.size).fill(-1);
    this.#firstMap = new Int32Array(direction === 'ingress' ? subjects.size : 0);
  }

  /**
   * By class: its profile.
   *
   * @param portMaps - by class, where names resolve on the class itself: in ingress (corner 28)
   */
  profilesOf(portMaps: Int32Array | undefined): Int32Array {
    const { nodeOf } = this.#subjects;
    const profileOf = new Int32Array(nodeOf.length);
    if (portMaps === undefined) {
      for (let c = 0; c < nodeOf.length; c++) profileOf[c] = this.#profile(nodeOf[c]!, 0);
    } else for (let c = 0; c < nodeOf.length; c++) profileOf[c] = this.#profile(nodeOf[c]!, portMaps[c]!);
    return profileOf;
  }

  /** The profile of classes with these policies and this port map. */
  #profile(node: number, portMap: number): number {
    if (node === 0) return openProfile;
    const known = this.#ofNode[node]!;
    if (known < 0) {
      if (this.#firstMap.length > 0) this.#firstMap[node] = portMap;
      return (this.#ofNode[node] = this.#build(node, portMap));
    }
    return this.#firstMap.length === 0 || this.#firstMap[node] === portMap
      ? known
      : this.#ofAnotherMap(node, portMap);
  }

  #ofAnotherMap(node: number, portMap: number): number {
    let id = this.#ofOtherMap.get(node, portMap);
    if (id < 0) this.#ofOtherMap.add(node, portMap, (id = this.#build(node, portMap)));
    return id;
  }

  #build(node: number, portMap: number): number {
    const gathered = this.#gathered;
    gathered.clear();
    const { steps } = this.#subjects;
    const end = this.#subjects.end(node);
    for (let i = this.#subjects.start(node); i < end; i++) {
      const step = steps[i]!;
      if (step < 0) {
        this.#baseRules(-1 - step).add(steps, i + 1, end, gathered);
        break;
      }
      this.#addRules(step >> 1, (step & 1) === 1);
    }
    const length = gathered.finish(this.#direction, portMap);
    return length < 0 ? openProfile : this.profiles.intern(gathered.items, length);
  }

  /** Adds the rules of every policy of a group that isolates the direction. */
  #addRules(group: number, unsure: boolean): void {
    const { policies } = this.#groups[group]!;
    const { isolates } = this.#rules;
    const isMany = policies.length > mostUnmerged;
    let counts = false;
    for (let i = 0; i < policies.length; i++) {
      const policy = policies[i]!;
      if (isolates[policy] === 0) continue;
      counts = this.#gathered.isolate(unsure);
      if (counts && !isMany) this.#addPolicy(policy, this.#gathered.specs);
    }
    if (isMany && counts) this.#addMerged(group);
  }

  #addPolicy(policy: number, into: Specs): void {
    const { starts, specs, peerStarts, peers } = this.#rules;
    const end = starts[policy + 1]!;
    for (let rule = starts[policy]!; rule < end; rule++) {
      const spec = specs[rule]!;
      const last = peerStarts[rule + 1]!;
      for (let i = peerStarts[rule]!; i < last; i++) into.addPeer(peers[i]!, spec);
    }
  }

  #addMerged(group: number): void {
    const merged = this.#mergedRules(group);
    for (let i = 0; i < merged.length; i += 2) this.#gathered.specs.addPeer(merged[i]!, merged[i + 1]!);
  }

  /** The rules of a group of many policies, brought together once: peers, each followed by its spec. */
  #mergedRules(group: number): Int32Array {
    let merged = this.#ofGroup.get(group);
    if (merged === undefined) {
      const specs = this.#merged;
      specs.clear();
      for (const policy of this.#groups[group]!.policies) this.#addPolicy(policy, specs);
      const count = specs.finish();
      merged = new Int32Array(count * 2);
      for (let i = 0; i < count; i++) {
        const peer = specs.peers[i]!;
        merged[i * 2] = peer;
        merged[i * 2 + 1] = specs.specOf(peer);
      }
      this.#ofGroup.set(group, merged);
    }
    return merged;
  }

  #baseRules(base: number): BaseRules {
    return (this.#ofBase[base] ??= new BaseRules(this.#groups, this.#rules, this.#subjects.bases[base]!));
  }
}
