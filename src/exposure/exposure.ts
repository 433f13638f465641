import type { Diagnostic, Direction, Place, Pod } from '../model/index.ts';
import { families } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import { familyBits } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { apiVersion, notModelledEntries, undecidedDiagnostics } from '../reach/index.ts';
import { AddressTable } from './addresses.ts';
import { byText } from './cubes.ts';
import type { Cube } from './cubes.ts';
import { closedScopes } from './closed.ts';
import { Entrances } from './entrances.ts';
import { admitted } from './lines.ts';
import type { Admitted } from './lines.ts';
import { NamespaceSpace } from './namespaces.ts';
import { OwnSides, usualUse } from './own-side.ts';
import type { Narrowing, OwnSide, Part } from './own-side.ts';
import { minimal, regionBoth } from './regions.ts';
import { allLeft, TierSpace } from './tier-space.ts';
import type { Left } from './tier-space.ts';
import type { Line } from './regions.ts';
import { exposureKinds } from './types.ts';
import type { Coverage, Exposure, ExposureReason, ExposureReport } from './types.ts';
import { mostReasons, Teller } from './told.ts';
import type { Found, Unit } from './told.ts';
import { noUse, UseTable } from './uses.ts';

/** What is asked. */
export interface ExposureQuery {
  /** Only these pods; absent: all. */
  readonly pods?: ReadonlySet<Pod>;
  /** Absent: both. */
  readonly direction?: Direction;
  /** Whether every namespace is named that lets potential pods through only in part, however many there are. */
  readonly details?: boolean;
  /** Findings of the reading, which the document carries along. */
  readonly diagnostics?: readonly Diagnostic[];
}

/** The answer to `exposure`, before it is rendered. */
export interface ExposureAnswer {
  readonly document: ExposureReport;
  /** Where a rule stands; worked out when it is asked for. */
  readonly place: (reason: ExposureReason, direction: Direction) => Place;
  /** Where a policy or a workload stands, by its id. */
  readonly placeOf: (id: string) => Place | undefined;
}

/**
 * Who could reach pods, and whom they could reach, beyond the pods that exist: pods with any labels in any namespace,
 * existing or new, addresses and nodes.
 *
 * Decided over label space, not by trying: the peers of an exposure are exactly those that get through, each with what
 * it may use. On the other side of the connection stand the policies of the namespaces that exist, which bind pods that
 * are created there; a new namespace has none.
 */
export function exposure(policy: CompiledPolicy, query: ExposureQuery = {}): ExposureAnswer {
  const work = new Exposures(policy, query);
  const exposures = work.all();
  const { cluster } = policy;
  const document: ExposureReport = {
    apiVersion,
    kind: 'ExposureReport',
    profile: policy.profile.name,
    coverage: work.coverage,
    notIsolated: work.notIsolated,
    exposures,
    undecided: work.undecided(),
    notModelled: notModelledEntries(cluster),
    diagnostics: [...(query.diagnostics ?? []), ...undecidedDiagnostics(policy)],
  };
  let places: Map<string, () => Place> | undefined;
  return {
    document,
    place: ({ index, rule, peer }, direction) => {
      const field = direction === 'ingress' ? 'from' : 'to';
      const path = ['spec', direction, rule, ...(peer === undefined ? [] : [field, peer])];
      return cluster.policies[index]!.origin.locate(path);
    },
    placeOf: (id) => {
      places ??= new Map([
        ...cluster.workloads.map((each) => [each.id, () => each.origin.locate([])] as const),
        ...cluster.policies.map(
          (each) => [`${each.namespace}/${each.name}`, () => each.origin.locate([])] as const,
        ),
      ]);
      return places.get(id)?.();
    },
  };
}

class Exposures {
  readonly coverage: Coverage;
  readonly notIsolated: ExposureReport['notIsolated'];
  readonly #policy: CompiledPolicy;
  readonly #query: ExposureQuery;
  readonly #uses: UseTable;
  readonly #space: NamespaceSpace;
  readonly #addresses: AddressTable;
  readonly #tiers: TierSpace;
  readonly #teller: Teller;
  readonly #others: { readonly [direction in Direction]: OwnSides };
  readonly #undecidedNamespaces = new Set<string>();
  readonly #closingNames = new Map<readonly number[], readonly string[]>();
  /** By class: the ids of the workloads with pods of it, and how many pods of those that were asked about. */
  readonly #workloadsOf: (Map<string, number> | undefined)[] = [];
  /** By workload: how many pods it has. */
  readonly #podsOf = new Map<string, number>();

  constructor(policy: CompiledPolicy, query: ExposureQuery) {
    this.#policy = policy;
    this.#query = query;
    this.#uses = new UseTable(policy.profile);
    this.#space = new NamespaceSpace(policy.cluster);
    this.#addresses = new AddressTable(policy);
    this.#tiers = new TierSpace(policy, this.#space, this.#uses);
    const entrances = new Entrances(policy, query.pods);
    this.#teller = new Teller(policy, this.#space, this.#uses, entrances, query.details === true);
    // Whom pods let in is met by the egress of others, and the other way round.
    this.#others = {
      ingress: new OwnSides(policy, 'egress', this.#uses, this.#space),
      egress: new OwnSides(policy, 'ingress', this.#uses, this.#space),
    };
    const { classes } = policy.parts;
    for (const [i, pod] of classes.pods.entries()) {
      this.#podsOf.set(pod.workload, (this.#podsOf.get(pod.workload) ?? 0) + pod.replicas);
      if (query.pods !== undefined && !query.pods.has(pod)) continue;
      const workloads = (this.#workloadsOf[classes.classOf[i]!] ??= new Map<string, number>());
      workloads.set(pod.workload, (workloads.get(pod.workload) ?? 0) + pod.replicas);
    }
    const covered = this.#covered();
    this.coverage = covered.coverage;
    this.notIsolated = covered.notIsolated;
  }

  #covered(): Pick<Exposures, 'coverage' | 'notIsolated'> {
    const { classes, profiles, profileOf } = this.#policy.parts;
    const workloads = new Set<string>();
    const open = { ingress: new Set<string>(), egress: new Set<string>() };
    const counts = { pods: 0, hostNetwork: 0, ingress: 0, egress: 0, both: 0 };
    for (const [k, own] of this.#workloadsOf.entries()) {
      if (own === undefined) continue;
      let pods = 0;
      for (const [workload, replicas] of own) {
        workloads.add(workload);
        pods += replicas;
      }
      counts.pods += pods;
      if (classes.host[k] === 1) {
        counts.hostNetwork += pods;
        continue;
      }
      const isolated = (direction: Direction): boolean =>
        profiles[direction][profileOf[direction][k]!]!.isolated;
      for (const direction of ['ingress', 'egress'] as const) {
        if (isolated(direction)) counts[direction] += pods;
        else for (const workload of own.keys()) open[direction].add(workload);
      }
      if (isolated('ingress') && isolated('egress')) counts.both += pods;
    }
    return {
      coverage: { workloads: workloads.size, ...counts },
      notIsolated: {
        ingress: [...open.ingress].sort(byText),
        egress: [...open.egress].sort(byText),
      },
    };
  }

  all(): readonly Exposure[] {
    const directions = (['ingress', 'egress'] as const).filter(
      (each) => this.#query.direction === undefined || this.#query.direction === each,
    );
    return directions
      .flatMap((direction) => this.#units(direction).map((unit) => this.#exposureOf(unit)))
      .sort(
        (a, b) =>
          rankOf(a) - rankOf(b) ||
          byText(a.workloads[0] ?? '', b.workloads[0] ?? '') ||
          // Ingress first, as in every list of directions.
          byText(b.direction, a.direction) ||
          byText(a.policies.join(), b.policies.join()),
      );
  }

  #units(direction: Direction): readonly Unit[] {
    const { classes, groups, rules, ports, groupsOf } = this.#policy.parts;
    const units = new Map<string, Unit>();
    const said = new Map<string, Admitted>();
    const sideIds = new Map<OwnSide, number>();
    for (const [k, own] of this.#workloadsOf.entries()) {
      if (own === undefined) continue;
      const isHost = classes.host[k] === 1;
      const selections = isHost
        ? []
        : groupsOf(k).filter(({ group }) =>
            groups[group]!.policies.some((index) => rules[direction][index] !== undefined),
          );
      const map =
        direction === 'ingress' && ports.hasNames && selections.length > 0 ? classes.portMap[k]! : 0;
      const policies = `${selections.map(({ group, unsure }) => (unsure ? `${group}?` : group)).join(',')};${map};${isHost}`;
      const subject: PolicyEnd = { kind: 'pod', pod: classes.pods[classes.example[k]!]! };
      const bits = classes.family[k]!;
      const sides = families
        .filter((family) => (bits & familyBits[family]) !== 0)
        .map((family) => {
          const side = this.#others[direction].of(subject, k, family);
          return [family, side, this.#tiers.signature(direction, subject, k, family)] as const;
        });
      const ids = sides.map(([, side, tiers]) => {
        let id = sideIds.get(side);
        if (id === undefined) sideIds.set(side, (id = sideIds.size));
        return tiers === '' ? id : `${id} ${tiers}`;
      });
      const list = this.#tiers.listOf(direction, k);
      const key = `${policies};${bits};${ids.join(',')};${list}`;
      const known = units.get(key);
      if (known !== undefined) {
        known.classes.push(k);
        continue;
      }
      let admission = said.get(policies);
      if (admission === undefined) {
        said.set(policies, (admission = admitted(this.#policy, direction, k, this.#space, this.#uses)));
      }
      units.set(key, { direction, k, example: subject, said: admission, sides, list, classes: [k] });
    }
    return [...units.values()];
  }

  #exposureOf(unit: Unit): Exposure {
    const { direction, said, k } = unit;
    const pods = new Map<string, number>();
    for (const own of unit.classes) {
      for (const [workload, count] of this.#workloadsOf[own]!) {
        pods.set(workload, (pods.get(workload) ?? 0) + count);
      }
    }
    const workloads = [...pods.keys()].sort(byText);
    const found = this.#found(unit);
    const addressed = this.#addresses.of(direction, k);
    const isHost = this.#policy.parts.classes.host[k] === 1;
    const isPartial = workloads.some((workload) => pods.get(workload) !== this.#podsOf.get(workload));
    const policies = said.policies.map((index) => this.#teller.policyName(index)).sort(byText);
    const own = this.#ownNamespace(unit);
    const tiers = [...new Set(this.#tiers.namesOf(direction, unit.list))].sort(byText);
    return {
      direction,
      workloads,
      pods: [...pods.values()].reduce((sum, count) => sum + count, 0),
      ...(isPartial && { partial: true }),
      isolated: said.isolated,
      ...(isHost && { hostNetwork: true }),
      policies,
      ...(tiers.length > 0 && { tiers }),
      peers: this.#teller.peers(unit, found, addressed, workloads),
      closed:
        said.isolated || tiers.length > 0
          ? closedScopes({
              said,
              tiers,
              otherTiers: this.#tiersWith(direction === 'ingress' ? 'egress' : 'ingress'),
              lines: this.#tiers.linesOf(direction, unit.list, said.lines),
              own,
              found,
              addressed,
              namespaces: this.#space.all.length,
              hasNodes: this.#policy.cluster.nodes.size > 0,
              policies,
              reasons: (refs) => this.#teller.reasons(refs, mostReasons),
              policiesOf: (lines) => this.#closing(direction, lines),
            })
          : [],
    };
  }

  /** The namespace of pods that policies isolate: all of one unit are in it. */
  #ownNamespace({ said }: Unit): number {
    const [first] = said.policies;
    return first === undefined ? -1 : this.#space.indexOf(this.#policy.cluster.policies[first]!.namespace);
  }

  /** The names of the cluster-wide policies that have rules in a direction, sorted. */
  #tiersWith(direction: Direction): readonly string[] {
    const deciding = this.#policy.cluster.tierPolicies.filter((policy) => policy[direction].length > 0);
    return [...new Set(deciding.map(({ name }) => name))].sort(byText);
  }

  /** The policies of existing namespaces that isolate the potential pods of some lines. */
  #closing(direction: Direction, lines: readonly Line[]): readonly string[] {
    const [first, second] = lines;
    if (first === undefined) return [];
    if (second === undefined && first.existing.list.length === 1) {
      return this.#closingAt(direction, first.existing.list[0]!, first.pods);
    }
    const names = new Set<string>();
    for (const { existing, pods } of lines) {
      for (const namespace of existing.list) {
        for (const name of this.#closingAt(direction, namespace, pods)) names.add(name);
      }
    }
    return [...names].sort(byText);
  }

  #closingAt(direction: Direction, namespace: number, pods: Cube): readonly string[] {
    const indices = this.#others[direction].isolating(namespace, pods);
    let names = this.#closingNames.get(indices);
    if (names === undefined) {
      names = [...new Set(indices.map((index) => this.#teller.policyName(index)))].sort(byText);
      this.#closingNames.set(indices, names);
    }
    return names;
  }

  /** The potential pods that get through, the policies of their own namespaces considered. */
  #found(unit: Unit): readonly Found[] {
    const { direction, said, sides, list } = unit;
    const [first, second] = sides;
    if (first === undefined) return [];
    const lines = this.#tiers.linesOf(direction, list, said.lines);
    const one = this.#foundIn(unit, lines, first[0], first[1]);
    if (second === undefined || (second[1] === first[1] && second[2] === first[2])) return one;
    // Corner 37: the families are decided apart, and what they agree on is said once.
    const other = this.#foundIn(unit, lines, second[0], second[1]);
    const inOne = new Set(one.map((each) => this.#keyOf(each)));
    const inOther = new Set(other.map((each) => this.#keyOf(each)));
    return [
      ...one.map((each) => (inOther.has(this.#keyOf(each)) ? each : { ...each, family: first[0] })),
      ...other
        .filter((each) => !inOne.has(this.#keyOf(each)))
        .map((each) => ({ ...each, family: second[0] })),
    ];
  }

  #keyOf({ kind, line, ...rest }: Found): string {
    const { existing, fresh, pods, use } = line;
    const narrowing = 'narrowing' in rest ? this.#narrowingKey(rest.narrowing) : '';
    return [kind, existing.list.join(','), fresh?.key, pods.key, use, narrowing].join('\u0006');
  }

  #narrowingKey(narrowing: Narrowing): string {
    const partly = narrowing
      .partly()
      .map(
        ({ namespaces, parts }) =>
          `${namespaces.join(',')}:${parts.map(({ pods, use }) => pods.key + use).join()}`,
      );
    return `${narrowing.closed().join(',')};${partly.join(';')}`;
  }

  #foundIn(
    { direction, example: subject, k }: Unit,
    lines: readonly Line[],
    family: Family,
    side: OwnSide,
  ): readonly Found[] {
    const found: Found[] = [];
    const fixed: Line[] = [];
    const all = this.#tiers.leftOf(direction, subject, k, family);
    const size = all.reduce((sum, [, regions]) => sum + regions.length, 0);
    const lefts = this.#tiers.canCombine(lines.length, size) ? all : [];
    if (lefts.length === 0) this.#narrow(direction, lines, side, allLeft, found, fixed);
    for (const [left, regions] of lefts) {
      const pieces = lines.flatMap((line) =>
        regions.flatMap((region): readonly Line[] => {
          const shared = regionBoth(line, region);
          return shared === undefined ? [] : [{ ...line, ...shared }];
        }),
      );
      this.#narrow(direction, minimal(pieces, this.#space, this.#uses), side, left, found, fixed);
    }
    // What one line leaves in one namespace has been said with as few lines as can be.
    const isMinimal = lines.length < 2 && lefts.length < 2 && (lines[0]?.existing.list.length ?? 0) < 2;
    for (const line of isMinimal ? fixed : minimal(fixed, this.#space, this.#uses)) {
      found.push({ kind: 'existing', line });
    }
    return found;
  }

  /** What the other side leaves of lines: those that new namespaces have a part in, and those of namespaces that exist. */
  #narrow(
    direction: Direction,
    lines: readonly Line[],
    side: OwnSide,
    left: Left,
    found: Found[],
    fixed: Line[],
  ): void {
    const others = this.#others[direction];
    for (const line of lines) {
      const use = usualUse(line.use, left, this.#uses);
      if (line.fresh !== undefined && use !== noUse) {
        const narrowing = others.narrowing(line, side, left);
        for (const namespace of narrowing.undecided())
          this.#undecidedNamespaces.add(this.#space.name(namespace));
        found.push({ kind: 'spanning', line: { ...line, use }, narrowing });
        continue;
      }
      const at = (namespaces: readonly number[], parts: readonly Part[]): void => {
        const existing = namespaces.length === 1 ? this.#space.own(namespaces[0]!).existing : undefined;
        for (const part of parts) {
          fixed.push({
            ...part,
            existing: existing ?? this.#space.places(namespaces),
            fresh: undefined,
            rules: line.rules,
          });
        }
      };
      const partsAt = (namespace: number): readonly Part[] => {
        // Pods that no NetworkPolicy isolates have been decided already.
        if (use === noUse && !others.isolates(namespace)) return [];
        const effective = others.effective(line.pods, line.use, side, namespace, left);
        if (effective.isUndecided) this.#undecidedNamespaces.add(this.#space.name(namespace));
        return effective.parts();
      };
      const { list } = line.existing;
      if (list.length === 1) {
        at(list, partsAt(list[0]!));
        continue;
      }
      // Where only some namespaces are meant, each is asked, and those that leave the same stand together.
      const groups = new Map<string, { readonly parts: readonly Part[]; readonly namespaces: number[] }>();
      for (const namespace of list) {
        const parts = partsAt(namespace);
        const key = parts.map((part) => `${part.use} ${part.pods.key}`).join('\u0006');
        const known = groups.get(key);
        if (known === undefined) groups.set(key, { parts, namespaces: [namespace] });
        else known.namespaces.push(namespace);
      }
      for (const { parts, namespaces } of groups.values()) at(namespaces, parts);
    }
  }

  undecided(): readonly string[] {
    const sentences: string[] = [];
    if (this.#tiers.isTooMuch) {
      sentences.push(
        'some of what cluster-wide policies say was left out of account, for they have too many selectors',
      );
    }
    if (this.#tiers.asksForNames) {
      sentences.push(
        'a cluster-wide policy names ports of destinations: of pods that do not exist yet, those are told that declare no such port',
      );
    }
    if (this.#policy.possible !== this.#policy) {
      sentences.push(
        'cluster-wide policies of equal priority disagree for some pods: what only one of them lets through is left out',
      );
    }
    const namespaces = [...this.#undecidedNamespaces].sort(byText);
    if (namespaces.length > 0) {
      sentences.push(
        `which potential pods the policies of ${namespaces.slice(0, 5).join(', ')}${namespaces.length > 5 ? ' and others' : ''} do not select was too much to work out, so these pods are left out`,
      );
    }
    if (this.#uses.isCut) {
      sentences.push(
        'ports that bear two names at once were left out, for there are too many names of ports',
      );
    }
    return sentences;
  }
}

/** The widest peer of an exposure decides where it stands; what is open for nobody comes last. */
function rankOf({ peers }: Exposure): number {
  const [first] = peers;
  return first === undefined ? exposureKinds.length : exposureKinds.indexOf(first.exposure);
}
