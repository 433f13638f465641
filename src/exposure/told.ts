import { formatAddress, PortSet, protocols } from '../net/index.ts';
import type { AddressRange } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { allowedPorts, rangesId } from '../reach/index.ts';
import { exampleAddress } from './addresses.ts';
import type { Addressed, OpenAddresses } from './addresses.ts';
import type { Between, FoundAmbiguous } from './ambiguous.ts';
import { examplePodAddress } from './cells.ts';
import { example, has, literalAt, selectorText } from './cubes.ts';
import type { Cube } from './cubes.ts';
import type { Entrances } from './entrances.ts';
import type { Found } from './found.ts';
import { byText } from './literals.ts';
import { nameLabel, placesMinus } from './namespaces.ts';
import type { NamespaceSpace, Places } from './namespaces.ts';
import type { Part } from './narrowing.ts';
import type { Line, RuleRef } from './regions.ts';
import { exposureKinds } from './types.ts';
import type {
  Exposed,
  ExposedNamespaces,
  ExposedPart,
  ExposureKind,
  ExposureReason,
  Witness,
} from './types.ts';
import type { Unit } from './units.ts';
import { portIn } from './uses.ts';
import type { UseTable } from './uses.ts';

/** Who gets through by an address, and between which policies of equal priority, where these disagree. */
type AddressedBetween = Addressed & Partial<Between>;

type ToldPorts = Pick<ExposedPart, 'allowed' | 'named'>;
type ToldAddresses = Pick<Extract<Exposed, { readonly kind: 'ip' }>, 'id' | 'ranges' | 'allowed' | 'witness'>;

/** Without `details`, more names of namespaces than these are not listed, but counted. */
const mostNames = 20;
/** Rules that are named for one peer. */
export const mostReasons = 4;

/** Puts in words of documents who gets through. */
export class Teller {
  readonly #policy: CompiledPolicy;
  readonly #space: NamespaceSpace;
  readonly #uses: UseTable;
  readonly #entrances: Entrances;
  readonly #details: boolean;
  readonly #policyNames: (string | undefined)[] = [];
  /** By use. */
  readonly #toldPorts: (ToldPorts | undefined)[] = [];
  readonly #toldAddresses = new Map<OpenAddresses, ToldAddresses>();
  readonly #equals: () => readonly string[];

  /**
   * @param details - whether every namespace is named that lets potential pods through only in part
   * @param equals - names of the policies that nothing orders: what comes in through entrances is bound at the controller, too
   */
  constructor(
    policy: CompiledPolicy,
    space: NamespaceSpace,
    uses: UseTable,
    entrances: Entrances,
    details: boolean,
    equals: () => readonly string[],
  ) {
    this.#policy = policy;
    this.#space = space;
    this.#uses = uses;
    this.#entrances = entrances;
    this.#details = details;
    this.#equals = equals;
  }

  /** `namespace/name`. */
  policyName(index: number): string {
    let known = this.#policyNames[index];
    if (known === undefined) {
      const { namespace, name } = this.#policy.cluster.policies[index]!;
      this.#policyNames[index] = known = `${namespace}/${name}`;
    }
    return known;
  }

  /**
   * Everybody who gets through, in the order of documents.
   *
   * @param hasAddresses - whether tiers may treat pods by their addresses, so that examples need one
   */
  peers(
    unit: Unit,
    found: readonly (Found | FoundAmbiguous)[],
    addressed: readonly AddressedBetween[],
    workloads: readonly string[],
    hasAddresses: boolean,
  ): readonly Exposed[] {
    const peers: Exposed[] = addressed.flatMap((each) => this.#addressed(unit, each));
    for (const each of found) peers.push(this.#potential(unit, each, hasAddresses));
    if (unit.direction === 'ingress') {
      for (const each of this.#entrances.of(unit.classes, workloads, this.#equals)) peers.push(each);
    }
    if (peers.length < 2) return peers;
    return peers
      .map((peer) => ({ peer, key: sortKey(peer) }))
      .sort(
        (a, b) =>
          exposureKinds.indexOf(a.peer.exposure) - exposureKinds.indexOf(b.peer.exposure) ||
          Number(a.peer.ambiguous !== undefined) - Number(b.peer.ambiguous !== undefined) ||
          widthOf(b.peer) - widthOf(a.peer) ||
          byText(a.key, b.key),
      )
      .map(({ peer }) => peer);
  }

  #addressed(unit: Unit, { addresses, nodes, between }: AddressedBetween): readonly Exposed[] {
    const { said } = unit;
    const ambiguous = between !== undefined && { ambiguous: true as const, between };
    return [
      ...addresses.map((each): Exposed => {
        const { id, ranges, allowed, witness } = this.#toldOf(each);
        return {
          kind: 'ip',
          exposure: each.reach === 'internet' ? 'internet' : `${each.reach}-addresses`,
          id,
          ranges,
          allowed,
          because: this.#addressReasons(unit, said.addresses, each.ranges, each.ports),
          ...ambiguous,
          witness,
        };
      }),
      ...nodes.map(({ nodes: names, ports }): Exposed => ({
        kind: 'nodes',
        exposure: 'nodes',
        nodes: names,
        allowed: allowedPorts(ports),
        because: this.reasons(said.addresses, mostReasons),
        ...ambiguous,
        witness: { kind: 'node', node: names[0]!, ...portIn(ports) },
      })),
    ];
  }

  /** Many pods let the same addresses through: these are put in words once. */
  #toldOf(addresses: OpenAddresses): ToldAddresses {
    let told = this.#toldAddresses.get(addresses);
    if (told === undefined) {
      const { ranges, ports } = addresses;
      told = {
        id: rangesId(ranges),
        ranges: rangeTexts(ranges),
        allowed: allowedPorts(ports),
        witness: { kind: 'address', address: exampleAddress(ranges), ...portIn(ports) },
      };
      this.#toldAddresses.set(addresses, told);
    }
    return told;
  }

  #potential(unit: Unit, found: Found | FoundAmbiguous, hasAddresses: boolean): Exposed {
    const { line, family, ranges } = found;
    return {
      kind: 'pods',
      exposure: kindOf(line),
      namespaces: this.#namespaces(found),
      pods: selectorText(line.pods),
      ...(ranges !== undefined && { addresses: rangeTexts(ranges) }),
      ...this.#ports(line.use),
      ...(family !== undefined && { family }),
      because: this.reasons(line.rules, mostReasons),
      ...('between' in found && { ambiguous: true as const, between: found.between }),
      witness: this.#witness(
        line,
        hasAddresses
          ? examplePodAddress(ranges, ranges?.[0]?.family ?? family ?? unit.sides[0]![0])
          : undefined,
      ),
    };
  }

  #ports(id: number): ToldPorts {
    let told = this.#toldPorts[id];
    if (told === undefined) this.#toldPorts[id] = told = this.#tellPorts(id);
    return told;
  }

  #tellPorts(id: number): ToldPorts {
    const { ports } = this.#uses.use(id);
    const allowed = allowedPorts(ports);
    const named = this.#uses.namedOf(id);
    if (named.length === 0) return { allowed };
    return {
      allowed,
      named: named.map(({ protocol, names, without, within }) => {
        const isEvery = PortSet.everyPort(protocol).minus(ports).equals(within);
        return {
          protocol,
          names,
          ...(without.length > 0 && { without }),
          ...(!isEvery && { within: allowedPorts(within) }),
        };
      }),
    };
  }

  #namespaces(found: Found): ExposedNamespaces {
    const { existing, fresh } = found.line;
    const names = (list: readonly number[]): readonly string[] =>
      list.map((index) => this.#space.name(index));
    const base = {
      ...(fresh !== undefined && { new: selectorText(fresh) }),
      existing: existing.isAll && fresh !== undefined ? ('all' as const) : names(existing.list),
      ...(fresh !== undefined && this.#against(existing, fresh)),
    };
    if (found.kind === 'existing') return { ...base, closedByOwn: 0, partlyByOwn: 0 };
    const { narrowing } = found;
    const { closedCount, partlyCount } = narrowing;
    const isListed = (count: number): boolean => count > 0 && (this.#details || count <= mostNames);
    return {
      ...base,
      closedByOwn: closedCount,
      partlyByOwn: partlyCount,
      ...(isListed(closedCount) && { closed: names(narrowing.closed()) }),
      ...(partlyCount > 0 &&
        this.#details && {
          partly: narrowing.partly().map(({ namespaces, parts }) => ({
            namespaces: names(namespaces),
            peers: parts.map((part) => this.#part(part)),
          })),
        }),
    };
  }

  /** Which of the namespaces that exist are meant otherwise than new ones with their labels are. */
  #against(existing: Places, fresh: Cube): Pick<ExposedNamespaces, 'also' | 'except'> {
    const alike = this.#space.scopeOf(fresh, (labels) => has(fresh, labels)).existing;
    const also = placesMinus(existing, alike).list.map((index) => this.#space.name(index));
    const except = placesMinus(alike, existing).list.map((index) => this.#space.name(index));
    return { ...(also.length > 0 && { also }), ...(except.length > 0 && { except }) };
  }

  #part({ pods, use }: Part): ExposedPart {
    return { pods: selectorText(pods), ...this.#ports(use) };
  }

  #witness({ existing, fresh, pods, use }: Line, address: string | undefined): Witness {
    const { names, ...port } = this.#uses.portOf(use);
    const at = {
      labels: Object.fromEntries(example(pods)),
      ...(address !== undefined && { address }),
      ...(names.length > 0 && { portNames: names }),
      ...port,
    };
    if (fresh === undefined) {
      return { kind: 'pod', namespace: this.#space.name(existing.list[0]!), ...at };
    }
    const labels = new Map(example(fresh));
    const namespace = labels.get(nameLabel) ?? this.#newName(fresh);
    labels.delete(nameLabel);
    return { kind: 'pod', namespace, namespaceLabels: Object.fromEntries(labels), ...at };
  }

  /** A name that no namespace has, and that a cube lets a new one have. */
  #newName(fresh: Cube): string {
    const taken = literalAt(fresh, nameLabel)?.values ?? [];
    let name = 'new';
    for (let i = 2; taken.includes(name) || this.#space.indexOf(name) >= 0; i++) name = `new-${i}`;
    return name;
  }

  /** The rules that some references mean, at most so many. */
  reasons(refs: readonly RuleRef[], most: number): readonly ExposureReason[] {
    return refs.slice(0, most).map(({ policy, rule, peer }) => ({
      index: policy,
      policy: this.policyName(policy),
      rule,
      ...(peer >= 0 && { peer }),
    }));
  }

  /** The rules that let some addresses through. */
  #addressReasons(
    { direction, k }: Unit,
    refs: readonly RuleRef[],
    ranges: Addressed['addresses'][number]['ranges'],
    open: PortSet,
  ): readonly ExposureReason[] {
    const { parts, cluster } = this.#policy;
    const admitting = refs.filter(({ policy, rule, peer }) => {
      const compiled = parts.rules[direction].of(policy)?.[rule];
      const spec = cluster.policies[policy]![direction];
      if (compiled === undefined || spec.kind === 'unaffected') return false;
      const set = parts.ports.set(
        direction === 'ingress'
          ? parts.ports.resolve(compiled.spec, parts.classes.portMap[k]!)
          : parts.ports.fixed(compiled.spec),
      );
      if (set.intersect(open).isEmpty) return false;
      const peers = spec.rules[rule]?.peers;
      const entry = peers?.kind === 'oneOf' ? peers.peers[peer] : undefined;
      if (entry === undefined) return true;
      if (entry.kind !== 'ipBlock') return false;
      const { cidr } = entry;
      return ranges.some(
        (range) => range.family === cidr.family && cidr.first <= range.last && range.first <= cidr.last,
      );
    });
    return this.reasons(admitting, mostReasons);
  }
}

function rangeTexts(ranges: readonly AddressRange[]): readonly (readonly [string, string])[] {
  return ranges.map(({ family, first, last }) => [
    formatAddress({ family, value: first }),
    formatAddress({ family, value: last }),
  ]);
}

function kindOf({ existing, fresh, pods }: Line): ExposureKind {
  const isAnyPod = pods.literals.length === 0;
  if (fresh === undefined) return isAnyPod ? 'namespace' : 'namespace-pods';
  if (fresh.literals.length > 0 || !existing.isAll) return 'new-namespaces';
  return isAnyPod ? 'any-pod' : 'labelled-pods';
}

/** How many ports may be used, all of them first. */
function widthOf({ allowed, named }: Exposed): number {
  if (allowed === 'all') return Infinity;
  const sizes = protocols.flatMap((protocol) => (allowed[protocol] ?? []).map(([from, to]) => to - from + 1));
  return sizes.reduce((sum, size) => sum + size, named?.length ?? 0);
}

function sortKey(peer: Exposed): string {
  switch (peer.kind) {
    case 'ip':
      return peer.id;
    case 'entry':
      return peer.id;
    case 'nodes':
      return peer.nodes.join();
    case 'pods':
      return `${peer.namespaces.new ?? '~'}\u0006${String(peer.namespaces.existing)}\u0006${peer.pods}\u0006${peer.family ?? ''}\u0006${String(peer.addresses ?? '')}`;
  }
}
