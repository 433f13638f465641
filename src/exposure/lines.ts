import type { Direction, Peer } from '../model/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { anyLabels, cubeFrom } from './cubes.ts';
import { isEmptyScope } from './namespaces.ts';
import type { NamespaceSpace } from './namespaces.ts';
import { lineOf, minimal, regionIn } from './regions.ts';
import type { Line, Region, RuleRef } from './regions.ts';
import { everyUse, noUse } from './uses.ts';
import type { UseTable } from './uses.ts';

/** A peer of a rule that admits nobody, now or later, and why. */
export interface Dropped {
  readonly ref: RuleRef;
  readonly reason: 'contradiction' | 'port-name';
  /** Whether it looks at pods of its own namespace, of others too, or at addresses. */
  readonly looks: 'own' | 'anywhere' | 'addresses' | 'everywhere';
}

/** What the policies of some pods say in one direction. */
export interface Admitted {
  readonly isolated: boolean;
  /** The policies that isolate, as indices in `cluster.policies`, ascending. */
  readonly policies: readonly number[];
  /** Whom they let through, as far as it is pods: exactly these, each with the union of its lines. */
  readonly lines: readonly Line[];
  readonly hasRules: boolean;
  readonly dropped: readonly Dropped[];
  /** Rules with addresses, and rules for every peer. */
  readonly addresses: readonly RuleRef[];
}

/** What one policy says. */
interface Saying extends Pick<Admitted, 'lines' | 'dropped' | 'addresses'> {
  readonly hasRules: boolean;
}

/** What the policies of classes say about pods that could be there. */
export class Admissions {
  readonly #policy: CompiledPolicy;
  readonly #direction: Direction;
  readonly #space: NamespaceSpace;
  readonly #uses: UseTable;
  readonly #namedSpecs: (readonly number[] | undefined)[] = [];
  /** By policy, and by what names mean where its rules name ports of the pods that it selects. */
  readonly #sayings = new Map<number | string, Saying>();

  constructor(policy: CompiledPolicy, direction: Direction, space: NamespaceSpace, uses: UseTable) {
    this.#policy = policy;
    this.#direction = direction;
    this.#space = space;
    this.#uses = uses;
  }

  /**
   * What the policies of a class say.
   *
   * A pod that is not there yet has no address, so an ipBlock does not mean it (corner 39); what it could get through an
   * address is said of the addresses.
   *
   * @param k - the class in the table of classes
   * @param selections - the groups of policies that select it; none for a pod that is its node (corner 44)
   */
  of(k: number, selections: ReturnType<CompiledPolicy['parts']['groupsOf']>): Admitted {
    const { parts } = this.#policy;
    const policies: number[] = [];
    const unsurely = new Set<number>();
    const { isolates } = parts.rules[this.#direction];
    for (const { group, unsure } of selections) {
      // Corner 23: a policy of which files cannot tell isolates and admits nothing, or the opposite where that was assumed.
      if (unsure && parts.assume === 'open') continue;
      for (const index of parts.groups[group]!.policies) {
        if (isolates[index] !== 1) continue;
        policies.push(index);
        if (unsure) unsurely.add(index);
      }
    }
    policies.sort((a, b) => a - b);
    const sayings: Saying[] = [];
    for (const index of policies) {
      if (!unsurely.has(index)) sayings.push(this.#saying(index, parts.classes.portMap[k]!));
    }
    const hasRules = sayings.some((saying) => saying.hasRules);
    const dropped = all(sayings, (saying) => saying.dropped);
    const addresses = all(sayings, (saying) => saying.addresses);
    if (policies.length === 0) {
      const everybody = lineOf(regionIn(this.#space.everywhere, anyLabels), everyUse, []);
      return { isolated: false, policies, lines: [everybody], hasRules, dropped, addresses };
    }
    const told = minimal(
      all(sayings, (saying) => saying.lines),
      this.#space,
      this.#uses,
    );
    return { isolated: true, policies, lines: told, hasRules, dropped, addresses };
  }

  #saying(index: number, portMap: number): Saying {
    let key: number | string = index;
    if (this.#direction === 'ingress' && portMap !== 0) {
      const { ports } = this.#policy.parts;
      const specs = this.namesIn(index);
      // Names mostly stand for few numbers, whatever other ports a pod has.
      if (specs.length > 0) key = `${index} ${specs.map((spec) => ports.resolve(spec, portMap)).join()}`;
    }
    let saying = this.#sayings.get(key);
    if (saying === undefined) this.#sayings.set(key, (saying = this.#say(index, portMap)));
    return saying;
  }

  /** What rules of ingress of a policy say of ports, as far as they name them: specs of the compiled policy. */
  namesIn(index: number): readonly number[] {
    const { rules, ports } = this.#policy.parts;
    return (this.#namedSpecs[index] ??= (rules.ingress.of(index) ?? [])
      .map(({ spec }) => spec)
      .filter((spec) => ports.isNamed(spec)));
  }

  #say(index: number, portMap: number): Saying {
    const { cluster, parts } = this.#policy;
    const direction = this.#direction;
    const { namespace, [direction]: spec } = cluster.policies[index]!;
    const lines: Line[] = [];
    const dropped: Dropped[] = [];
    const addresses: RuleRef[] = [];
    const own = this.#space.indexOf(namespace);
    const rules = spec.kind === 'unaffected' ? [] : spec.rules;
    const written = parts.rules[direction].of(index) ?? [];
    for (let rule = 0; rule < rules.length; rule++) {
      const { peers, ports } = rules[rule]!;
      const compiled = written[rule];
      if (compiled === undefined) continue;
      const use =
        direction === 'egress'
          ? this.#uses.ofRule(ports, 'egress', compiled.spec)
          : this.#uses.of(parts.ports.set(parts.ports.resolve(compiled.spec, portMap)));
      const entries: readonly (Peer | undefined)[] = peers.kind === 'any' ? [undefined] : peers.peers;
      for (let i = 0; i < entries.length; i++) {
        const peer = entries[i];
        const ref = { policy: index, rule, peer: peer === undefined ? -1 : i };
        const looks = looksOf(peer);
        // Corner 29: a name that the pod lacks admits nobody.
        if (use === noUse) {
          dropped.push({ ref, reason: 'port-name', looks });
          continue;
        }
        if (looks === 'addresses' || looks === 'everywhere') addresses.push(ref);
        if (peer?.kind === 'ipBlock') continue;
        const region = regionOf(peer, own, this.#space);
        if (region === undefined) dropped.push({ ref, reason: 'contradiction', looks });
        else lines.push(lineOf(region, use, [ref]));
      }
    }
    return { lines, dropped, addresses, hasRules: rules.length > 0 };
  }
}

/** What sayings have, one after the other; what only one has is not copied. */
function all<T>(sayings: readonly Saying[], of: (saying: Saying) => readonly T[]): readonly T[] {
  const lists = sayings.map(of).filter((list) => list.length > 0);
  return lists.length < 2 ? (lists[0] ?? []) : lists.flat();
}

function looksOf(peer: Peer | undefined): Dropped['looks'] {
  if (peer === undefined) return 'everywhere';
  if (peer.kind === 'ipBlock') return 'addresses';
  return peer.namespaces === 'own' ? 'own' : 'anywhere';
}

/** The pods that a peer means, now or later; `undefined` when it can mean none (corner 21). */
function regionOf(
  peer: Extract<Peer, { readonly kind: 'pods' }> | undefined,
  own: number,
  space: NamespaceSpace,
): Region | undefined {
  if (peer === undefined) return regionIn(space.everywhere, anyLabels);
  const pods = cubeFrom(peer.pods);
  const scope = peer.namespaces === 'own' ? space.own(own) : space.selected(peer.namespaces);
  return pods === undefined || isEmptyScope(scope) ? undefined : regionIn(scope, space.shared(pods));
}
