import type { NamedController } from '../entry/index.ts';
import type { Diagnostic, Direction, Place, Pod } from '../model/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { apiVersion, notModelledEntries, undecidedDiagnostics } from '../reach/index.ts';
import { AddressTable } from './addresses.ts';
import type { Addressed } from './addresses.ts';
import { AmbiguousFinder } from './ambiguous.ts';
import type { Between } from './ambiguous.ts';
import { closedScopes } from './closed.ts';
import { byText, sorted } from './literals.ts';
import type { Cube } from './cubes.ts';
import { Entrances } from './entrances.ts';
import { Finder } from './found.ts';
import { NamespaceSpace } from './namespaces.ts';
import { OwnSides } from './own-side.ts';
import type { Line } from './regions.ts';
import { TierSpace } from './tier-space.ts';
import { mostReasons, Teller } from './told.ts';
import { exposureKinds } from './types.ts';
import type { Coverage, Exposure, ExposureReason, ExposureReport } from './types.ts';
import { unitsOf } from './units.ts';
import type { Unit } from './units.ts';
import { UseTable } from './uses.ts';

/** What is asked. */
export interface ExposureQuery {
  /** Only these pods; absent: all. */
  readonly pods?: ReadonlySet<Pod>;
  /** Absent: both. */
  readonly direction?: Direction;
  /** Whether every namespace is named that lets potential pods through only in part, however many there are. */
  readonly details?: boolean;
  /** The pods that serve entrances, where the caller knows them. */
  readonly controllers?: readonly NamedController[];
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
  readonly #finder: Finder;
  /** Absent where no policies of equal priority can disagree. */
  readonly #ambiguous: AmbiguousFinder | undefined;
  readonly #teller: Teller;
  readonly #others: { readonly [direction in Direction]: OwnSides };
  readonly #tierNames = new Map<Direction, readonly string[]>();
  readonly #closingNames = new Map<readonly number[], readonly string[]>();
  /** By class: the ids of the workloads with pods of it, and how many pods of those that were asked about. */
  readonly #workloadsOf: (Map<string, number> | undefined)[] = [];
  /** By workload: how many pods it has. */
  readonly #podsOf = new Map<string, number>();

  constructor(policy: CompiledPolicy, query: ExposureQuery) {
    this.#policy = policy;
    this.#query = query;
    this.#uses = new UseTable(policy.profile, policy.cluster);
    this.#space = new NamespaceSpace(policy.cluster);
    // Whom pods let in is met by the egress of others, and the other way round.
    this.#others = {
      ingress: new OwnSides(policy, 'egress', this.#uses, this.#space),
      egress: new OwnSides(policy, 'ingress', this.#uses, this.#space),
    };
    const finderOf = (bound: 'sure' | 'possible'): Finder =>
      new Finder(
        new TierSpace(policy, this.#space, this.#uses, bound),
        this.#space,
        this.#uses,
        this.#others,
      );
    this.#finder = finderOf(policy.parts.tiers?.bound ?? 'sure');
    const { tiers } = this.#finder;
    if (tiers.rules.canDisagree) {
      const possible = finderOf('possible');
      this.#ambiguous = new AmbiguousFinder(policy, this.#finder, possible, this.#space, this.#uses);
    }
    this.#addresses = new AddressTable(policy);
    const entrances = new Entrances(policy, query.pods, query.controllers);
    this.#teller = new Teller(policy, this.#space, this.#uses, entrances, query.details === true, () =>
      tiers.rules.equals(),
    );
    const { classes } = policy.parts;
    const { pods, classOf } = classes;
    for (let i = 0; i < pods.length; i++) {
      const pod = pods[i]!;
      const { workload, replicas } = pod;
      this.#podsOf.set(workload, (this.#podsOf.get(workload) ?? 0) + replicas);
      if (query.pods !== undefined && !query.pods.has(pod)) continue;
      const workloads = (this.#workloadsOf[classOf[i]!] ??= new Map<string, number>());
      workloads.set(workload, (workloads.get(workload) ?? 0) + replicas);
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
        profiles[direction].isolates(profileOf[direction][k]!);
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
    const asked = [...this.#workloadsOf.keys()].filter((k) => this.#workloadsOf[k] !== undefined);
    const tables = {
      policy: this.#policy,
      space: this.#space,
      uses: this.#uses,
      tiers: this.#finder.tiers,
      others: this.#others,
    };
    const order = new Map([...this.#podsOf.keys()].sort(byText).map((id, i) => [id, i]));
    const ranked: { readonly exposure: Exposure; readonly rank: number; readonly first: number }[] = [];
    for (const direction of directions) {
      for (const unit of unitsOf(direction, asked, tables)) {
        const exposure = this.#exposureOf(unit);
        ranked.push({ exposure, rank: rankOf(exposure), first: order.get(exposure.workloads[0]!)! });
      }
    }
    ranked.sort(
      (a, b) =>
        a.rank - b.rank ||
        a.first - b.first ||
        // Ingress first, as in every list of directions.
        byText(b.exposure.direction, a.exposure.direction) ||
        byText(a.exposure.policies.join(), b.exposure.policies.join()),
    );
    return ranked.map(({ exposure }) => exposure);
  }

  #exposureOf(unit: Unit): Exposure {
    const { direction, said, k } = unit;
    const pods = this.#podsIn(unit.classes);
    const workloads = [...pods.keys()].sort(byText);
    let count = 0;
    for (const own of pods.values()) count += own;
    const found = [...this.#finder.of(unit), ...(this.#ambiguous?.of(unit) ?? [])];
    const addressed = [this.#addresses.of(direction, k), ...this.#ambiguousAddresses(unit)];
    const isHost = this.#policy.parts.classes.host[k] === 1;
    const isPartial = workloads.some((workload) => pods.get(workload) !== this.#podsOf.get(workload));
    const policies = said.policies.map((index) => this.#teller.policyName(index)).sort(byText);
    const own = this.#ownNamespace(unit);
    const tiers = unit.list === 0 ? [] : sorted(this.#finder.tiers.rules.namesOf(direction, unit.list));
    return {
      direction,
      workloads,
      pods: count,
      ...(isPartial && { partial: true }),
      isolated: said.isolated,
      ...(isHost && { hostNetwork: true }),
      policies,
      ...(tiers.length > 0 && { tiers }),
      peers: this.#teller.peers(
        unit,
        found,
        addressed,
        workloads,
        this.#finder.tiers.rules.asksForAddresses(direction, unit.list),
      ),
      closed:
        said.isolated || tiers.length > 0
          ? closedScopes({
              said,
              tiers,
              otherTiers: this.#tiersWith(direction === 'ingress' ? 'egress' : 'ingress'),
              lines: this.#finder.linesOf(unit),
              own,
              found,
              addressed,
              namespaces: this.#space.all.length,
              hasNodes: this.#policy.cluster.nodes.size > 0,
              policies,
              reasons: (refs) => this.#teller.reasons(refs, mostReasons),
              policiesOf: (lines, isMeant) => this.#closing(direction, lines, isMeant),
            })
          : [],
    };
  }

  /** By workload: how many pods of some classes. */
  #podsIn(classes: readonly number[]): ReadonlyMap<string, number> {
    const [first] = classes;
    if (classes.length === 1) return this.#workloadsOf[first!]!;
    const pods = new Map<string, number>();
    for (const own of classes) {
      for (const [workload, count] of this.#workloadsOf[own]!) {
        pods.set(workload, (pods.get(workload) ?? 0) + count);
      }
    }
    return pods;
  }

  /** Addresses and nodes that policies of equal priority disagree about. */
  #ambiguousAddresses({ direction, k, list }: Unit): readonly (Addressed & Between)[] {
    const finder = this.#ambiguous;
    if (finder === undefined) return [];
    const addressed = this.#addresses.ambiguous(direction, k);
    return [
      ...addressed.addresses.map((each) => ({
        addresses: [each],
        nodes: [],
        between: finder.betweenAddresses(direction, list, each.ranges),
      })),
      ...addressed.nodes.map((each) => ({
        addresses: [],
        nodes: [each],
        between: finder.betweenAddresses(direction, list, this.#addresses.rangesOf(each.nodes)),
      })),
    ];
  }

  /** The namespace of pods that policies isolate: all of one unit are in it. */
  #ownNamespace({ said }: Unit): number {
    const [first] = said.policies;
    return first === undefined ? -1 : this.#space.indexOf(this.#policy.cluster.policies[first]!.namespace);
  }

  /** The names of the cluster-wide policies that have rules in a direction, sorted. */
  #tiersWith(direction: Direction): readonly string[] {
    let names = this.#tierNames.get(direction);
    if (names === undefined) {
      const deciding = this.#policy.cluster.tierPolicies.filter((policy) => policy[direction].length > 0);
      names = sorted(deciding.map(({ name }) => name));
      this.#tierNames.set(direction, names);
    }
    return names;
  }

  /** The policies of the existing namespaces that are meant, as far as they isolate the potential pods of some lines. */
  #closing(
    direction: Direction,
    lines: readonly Line[],
    isMeant: (namespace: number) => boolean,
  ): readonly string[] {
    const [first, second] = lines;
    if (first === undefined) return [];
    if (second === undefined && first.existing.list.length === 1) {
      const [only] = first.existing.list as readonly [number];
      return isMeant(only) ? this.#closingAt(direction, only, first.pods) : [];
    }
    const names = new Set<string>();
    for (const { existing, pods } of lines) {
      for (const namespace of existing.list) {
        if (!isMeant(namespace)) continue;
        for (const name of this.#closingAt(direction, namespace, pods)) names.add(name);
      }
    }
    return [...names].sort(byText);
  }

  #closingAt(direction: Direction, namespace: number, pods: Cube): readonly string[] {
    const indices = this.#others[direction].isolating(namespace, pods);
    let names = this.#closingNames.get(indices);
    if (names === undefined) {
      names = sorted(indices.map((index) => this.#teller.policyName(index)));
      this.#closingNames.set(indices, names);
    }
    return names;
  }

  undecided(): readonly string[] {
    const sentences: string[] = [];
    if (this.#finder.tiers.isTooMuch || this.#ambiguous?.isTooMuch === true) {
      sentences.push(
        'some of what cluster-wide policies say was left out of account, for they have too many selectors',
      );
    }
    const namespaces = [...this.#finder.undecided].sort(byText);
    if (namespaces.length > 0) {
      sentences.push(
        `which potential pods the policies of ${namespaces.slice(0, 5).join(', ')}${namespaces.length > 5 ? ' and others' : ''} do not select was too much to work out, so these pods are left out`,
      );
    }
    if (this.#uses.isCut) {
      sentences.push(
        'what ports may be used that bear several names was left out, for there are too many names of ports',
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
