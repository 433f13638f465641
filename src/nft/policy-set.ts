import type { Direction, NetworkPolicy, Peer, Pod, Ports, Rule, TierPolicy } from '../model/index.ts';
import { PortSet, protocols } from '../net/index.ts';
import type { AddressRange, Family, Protocol } from '../net/index.ts';
import type { CompiledPolicy, SelectingPolicy } from '../policy/index.ts';
import { clausesOf, conditions } from './clauses.ts';
import type { Clause } from './clauses.ts';
import { names as fixedNames } from './layout.ts';
import { comment, nameOfPolicy, Names } from './naming.ts';
import type { Chain, NftRule, RuleSource, Statement } from './ruleset.ts';
import type { SetHandle, SetTable } from './set-table.ts';
import { sha256 } from './sha256.ts';
import { TierChains } from './tier-chains.ts';
import type { TierDraft, TierSet, TierTarget, TierWay } from './tier-chains.ts';

/**
 * The policies that judge some pods in one direction, with what the names of ports mean on them: pods that share one share
 * a chain (layout 5).
 */
export interface PolicySet {
  readonly direction: Direction;
  /** Equal for equal sets, in every ruleset. */
  readonly meaning: string;
  /** The NetworkPolicies that isolate, by name. */
  readonly policies: readonly SelectingPolicy[];
  /** What is asked first, if there is any. */
  readonly tiers?: TierSet;
  /** With tiers: the NetworkPolicies by themselves, if they isolate. */
  readonly alone?: PolicySet;
  /** One of the pods, on which ingress resolves names (checklist 10). */
  readonly example: Pod;
}

/** What `build` makes of policy sets. */
export interface BuiltChains {
  /** By name. */
  readonly chains: readonly Chain[];
  readonly nameOf: (set: PolicySet) => string;
  /** The chain for what goes from the pods of a set to their node; `undefined` where it cannot be denied (corner 42). */
  readonly toNodeOf: (set: PolicySet) => string | undefined;
  readonly closed: readonly {
    readonly policy: NetworkPolicy | TierPolicy;
    readonly direction: Direction;
    readonly reason: string;
    readonly policySets: readonly PolicySet[];
  }[];
}

/** Everything that the rules of a policy set say about one peer. */
interface PeerRules {
  readonly id: number;
  readonly policy: NetworkPolicy;
  /** `undefined`: every peer. */
  readonly peer: Peer | undefined;
  readonly fixed: PortSet[];
  /** `TCP/http`: in egress each destination resolves its own. */
  readonly names: Set<string>;
  readonly sources: RuleSource[];
}

/** A policy that keeps its policy set from being built. */
interface Obstacle {
  readonly policy: NetworkPolicy | TierPolicy;
  readonly reason: string;
}

/** Chains of one policy set before they have names: where they lead, and where from. */
interface ChainDraft {
  readonly name: () => string;
  readonly about: string;
  readonly rules: () => readonly NftRule[];
}

/** Writes the chains of policy sets. */
export class ChainBuilder {
  readonly #policy: CompiledPolicy;
  readonly #sets: SetTable;
  readonly #tiers: TierChains;
  readonly #families: readonly Family[];
  readonly #limits: { readonly mostRules: number; readonly refused: ReadonlySet<string> };
  readonly #known = {
    ingress: new Map<number, PolicySet | undefined>(),
    egress: new Map<number, PolicySet | undefined>(),
  };

  constructor(
    policy: CompiledPolicy,
    sets: SetTable,
    inFamilies: readonly Family[],
    limits: { readonly mostRules: number; readonly refused: ReadonlySet<string> },
  ) {
    this.#policy = policy;
    this.#sets = sets;
    this.#families = inFamilies;
    this.#limits = limits;
    this.#tiers = new TierChains(policy, sets, inFamilies);
  }

  /** The policy set of a pod in a direction; `undefined` where nothing isolates it (corner 1), and no tier denies it anything. */
  policySetOf(direction: Direction, pod: Pod): PolicySet | undefined {
    const known = this.#known[direction];
    const c = this.#policy.classOf({ kind: 'pod', pod });
    if (known.has(c)) return known.get(c);
    const rules = this.#policy.parts.rules[direction];
    const policies = this.#policy
      .selecting({ kind: 'pod', pod })
      .filter(({ index }) => rules.isolates[index] === 1)
      .sort((a, b) => (a.policy.name < b.policy.name ? -1 : 1));
    const alone: PolicySet | undefined =
      policies.length === 0
        ? undefined
        : { direction, policies, example: pod, meaning: meaningOf(direction, policies, pod) };
    const tiers = this.#tiers.tierSetOf(direction, pod) ?? (alone && this.#tiers.silentSetOf(direction, pod));
    const set = tiers === undefined ? alone : this.#withTiers(direction, pod, tiers, alone);
    known.set(c, set);
    return set;
  }

  #withTiers(direction: Direction, example: Pod, tiers: TierSet, alone: PolicySet | undefined): PolicySet {
    const names = direction === 'ingress' ? this.#tiers.namesOn(tiers, example) : [];
    const steps = tiers.list.steps.map((step) => {
      const { kind, name } = this.#tiers.policyOf(step);
      return [kind, name, step.unsure];
    });
    const meaning = JSON.stringify([direction, 'tiers', steps, names, alone?.meaning ?? '']);
    const policies = alone?.policies ?? [];
    return { direction, policies, tiers, example, meaning, ...(alone !== undefined && { alone }) };
  }

  build(policySets: readonly PolicySet[]): BuiltChains {
    const names = new Names();
    const nameOf = ({ direction, meaning }: PolicySet): string => names.of(prefixes[direction], meaning);
    const closed = new Map<string, { obstacle: Obstacle; direction: Direction; policySets: PolicySet[] }>();
    const close = (set: PolicySet, obstacle: Obstacle): void => {
      const key = JSON.stringify([set.direction, nameOfPolicy(obstacle.policy), obstacle.reason]);
      const known = closed.get(key);
      if (known === undefined) closed.set(key, { obstacle, direction: set.direction, policySets: [set] });
      else known.policySets.push(set);
    };
    // What stands behind tiers is the chain of pods without them.
    const byMeaning = new Map(
      policySets
        .flatMap((set) => (set.alone === undefined ? [set] : [set, set.alone]))
        .map((set) => [set.meaning, set]),
    );
    const toNode = new Set<string>();
    const drafts = [...byMeaning.values()].flatMap((set): readonly ChainDraft[] => {
      if (set.tiers === undefined) return [this.#policiesDraft(set, names, close)];
      const own = this.#tierDrafts(set, set.tiers, set.direction, names, close);
      if (set.direction === 'ingress' || !this.#tiers.deniesNode(set.tiers)) return own;
      toNode.add(set.meaning);
      return [...own, ...this.#tierDrafts(set, set.tiers, 'node', names, close)];
    });
    const chains = drafts.map(({ name, about, rules }): Chain => ({ name: name(), about, rules: rules() }));
    return {
      chains: chains.sort((a, b) => (a.name < b.name ? -1 : 1)),
      nameOf,
      toNodeOf: ({ meaning }) => (toNode.has(meaning) ? names.of(prefixes.node, meaning) : undefined),
      closed: [...closed]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { obstacle, direction, policySets: sets }]) => ({
          ...obstacle,
          direction,
          policySets: sets,
        })),
    };
  }

  /** The chain of NetworkPolicies. */
  #policiesDraft(
    set: PolicySet,
    names: Names,
    close: (set: PolicySet, obstacle: Obstacle) => void,
  ): ChainDraft {
    names.add(prefixes[set.direction], set.meaning);
    const clauses = this.#clausesOf(set);
    if (isObstacle(clauses)) close(set, clauses);
    return {
      name: () => names.of(prefixes[set.direction], set.meaning),
      about: `${set.direction} under ${set.policies.map(({ policy }) => nameOfPolicy(policy)).join(', ')}`,
      rules: () => {
        const rules = isObstacle(clauses) ? [] : clauses.map((clause) => ruleOf(clause, set.direction));
        const sorted = isObstacle(clauses) ? [] : sortedRules(clauses, rules);
        return [...sorted, denyRule(set, isObstacle(clauses))];
      },
    };
  }

  /** The chains of tiers. The first has the name of the set, the others lead on from it. */
  #tierDrafts(
    set: PolicySet,
    tiers: TierSet,
    way: TierWay,
    names: Names,
    close: (set: PolicySet, obstacle: Obstacle) => void,
  ): readonly ChainDraft[] {
    const prefix = prefixes[way];
    const { direction, alone } = set;
    const policies = tiers.list.steps.map((step) => this.#tiers.policyOf(step));
    const { mostRules, refused } = this.#limits;
    const unwanted = policies.find((policy) => refused.has(nameOfPolicy(policy)));
    const drafted = unwanted === undefined ? this.#tiers.draft(tiers, way, mostRules) : { policy: unwanted };
    let drafts: readonly TierDraft[];
    if ('policy' in drafted) {
      const { policy } = drafted;
      close(set, { policy, reason: unwanted === undefined ? tooManyWords(mostRules) : refusedWords });
      const source: RuleSource = { policy, direction, rule: -1 };
      drafts = [{ rules: [{ clauses: undefined, target: 'denied', source }] }];
    } else {
      drafts = drafted;
    }
    // Meanings are as long as the list of policies, and chains may be as many: its hash is enough for the further ones.
    const hash = drafts.length > 1 ? sha256(set.meaning) : '';
    const meanings = drafts.map((_, i) => (i === 0 ? set.meaning : JSON.stringify(['further', hash, i])));
    for (const meaning of meanings) names.add(prefix, meaning);
    const verdictOf = (target: TierTarget): Statement => {
      if (typeof target === 'number') return { kind: 'goto', chain: names.of(prefix, meanings[target]!) };
      switch (target) {
        case 'allowed':
          return allowed(way);
        case 'denied':
          return { kind: 'goto', chain: 'deny' };
        case 'networkPolicies':
          return { kind: 'goto', chain: names.of(prefix, alone!.meaning) };
      }
    };
    const what = way === 'node' ? 'egress to the own node' : way;
    const under = policies.map(nameOfPolicy).join(', ') || 'tiers that say nothing of it';
    return drafts.map(({ rules }, i) => ({
      name: () => names.of(prefix, meanings[i]!),
      about: `${what}${i === 0 ? '' : ', further on,'} under ${under}`,
      rules: () => rules.flatMap((rule) => this.#tierRules(rule, direction, verdictOf(rule.target))),
    }));
  }

  /** What one rule of a tier comes to, cheap ones first: all have the same verdict. */
  #tierRules(
    { clauses, source }: TierDraft['rules'][number],
    direction: Direction,
    verdict: Statement,
  ): readonly NftRule[] {
    const from = source === undefined ? {} : { comment: sourcesComment([source]), sources: [source] };
    if (clauses === undefined) return [{ statements: [verdict], ...from }];
    if (clauses === 'self') {
      return this.#families.map((family) => ({
        statements: [{ kind: 'flowPair', family, set: fixedNames.self(family) }, verdict],
      }));
    }
    const rules = clauses.map((clause): NftRule => ({
      statements: [...conditions(clause, direction), verdict],
      ...from,
    }));
    return sortedRules(clauses, rules);
  }

  #clausesOf(set: PolicySet): readonly Clause[] | Obstacle {
    for (const { policy } of set.policies) {
      if (this.#limits.refused.has(nameOfPolicy(policy))) return { policy, reason: refusedWords };
    }
    const gathered = this.#gather(set);
    const every = gathered.find(({ peer }) => peer === undefined);
    const open = every === undefined ? PortSet.none : PortSet.union(every.fixed);
    const clauses: Clause[] = [];
    const blocks = new Map<string, { ports: PortSet; peers: PeerRules[] }>();
    for (const each of gathered) {
      const admitted = PortSet.union(each.fixed);
      // What is open to everybody need not be asked for again.
      const ports = each.peer !== undefined && open.includes(admitted) ? PortSet.none : admitted;
      if (each.peer?.kind === 'ipBlock') {
        if (!ports.isEmpty) {
          const known = blocks.get(ports.key);
          if (known === undefined) blocks.set(ports.key, { ports, peers: [each] });
          else known.peers.push(each);
        }
      } else {
        const rank = each.peer === undefined ? 0 : 2;
        clauses.push(...clausesOf(rank, this.#addressesOf(each), ports, each.sources, this.#sets));
      }
      this.#addNamed(clauses, each, PortSet.union([open, admitted]));
      // Not at the end: a few texts could ask for more rules than memory holds.
      if (clauses.length > this.#limits.mostRules) return tooMany(clauses, this.#limits.mostRules);
    }
    for (const { ports, peers } of blocks.values()) {
      const sources = peers.flatMap((each) => each.sources);
      clauses.push(...clausesOf(5, this.#blockAddresses(peers), ports, sources, this.#sets));
    }
    const { mostRules } = this.#limits;
    return clauses.length <= mostRules ? clauses : tooMany(clauses, mostRules);
  }

  /** The rules of all policies by peer (corner 2: the union of all). */
  #gather({ direction, policies, example }: PolicySet): readonly PeerRules[] {
    const { parts } = this.#policy;
    const c = this.#policy.classOf({ kind: 'pod', pod: example });
    const byPeer = new Map<number, PeerRules>();
    for (const { index, policy, sure } of policies) {
      // Corner 23: what perhaps selects the pod isolates it, and admits nothing.
      if (!sure) continue;
      const written = policy[direction];
      const compiled = parts.rules[direction].of(index);
      if (written.kind === 'unaffected' || compiled === undefined) continue;
      for (const [i, rule] of written.rules.entries()) {
        const { peers, spec } = compiled[i]!;
        const fixed =
          direction === 'ingress'
            ? parts.ports.resolve(spec, parts.classes.portMap[c]!)
            : parts.ports.fixed(spec);
        const source: RuleSource = { policy, direction, rule: i };
        for (const [at, id] of peers.entries()) {
          let known = byPeer.get(id);
          if (known === undefined) {
            const peer = peerAt(rule, at);
            known = { id, policy, peer, fixed: [], names: new Set(), sources: [] };
            byPeer.set(id, known);
          }
          known.fixed.push(parts.ports.set(fixed));
          if (direction === 'egress') for (const name of namesIn(rule.ports)) known.names.add(name);
          if (known.sources.at(-1)?.policy !== policy || known.sources.at(-1)?.rule !== i)
            known.sources.push(source);
        }
      }
    }
    return [...byPeer.values()];
  }

  /** In egress a name is what each destination means by it: a clause for each number (layout 8). */
  #addNamed(clauses: Clause[], each: PeerRules, admitted: PortSet): void {
    for (const text of [...each.names].sort()) {
      const [protocol, name] = parseName(text);
      const numbers = this.#sets.numbersOf(protocol, name);
      const meant = each.peer?.kind === 'pods' ? new Set(this.#sets.classesOf(each.id)) : undefined;
      if (meant?.size === 0) continue;
      for (const [number, classes] of numbers) {
        if (admitted.has(protocol, number)) continue;
        if (meant !== undefined && !classes.some((c) => meant.has(c))) continue;
        const port = PortSet.range(protocol, number, number);
        for (const [family, sets] of this.#addressesOf(each)) {
          for (const known of family === undefined ? this.#families : [family]) {
            const named = this.#sets.namedPort(protocol, name, number, known);
            clauses.push(...clausesOf(4, [[known, [...sets, named]]], port, each.sources, this.#sets));
          }
        }
      }
    }
  }

  /** By family: the sets in which the other end of a peer is. */
  #addressesOf(each: PeerRules): readonly (readonly [Family | undefined, readonly SetHandle[]])[] {
    const { peer } = each;
    if (peer === undefined) return [[undefined, []]];
    if (peer.kind === 'ipBlock') return this.#blockAddresses([each]);
    return this.#families.map((family) => [family, [this.#sets.peer(peer, each.policy, each.id, family)]]);
  }

  /** Blocks with the same ports are one set: each less its own excepts, then all together (layout 7). */
  #blockAddresses(peers: readonly PeerRules[]): readonly (readonly [Family, readonly SetHandle[]])[] {
    const { parts } = this.#policy;
    return this.#families.flatMap((family) => {
      const ranges: AddressRange[] = [];
      for (const { id } of peers) {
        const definition = parts.peers.definition(id);
        if (definition.kind !== 'block') continue;
        const block = parts.blocks.block(definition.block);
        if (block.family !== family || block.ranges.length === 0) continue; // corner 37
        ranges.push(...block.ranges);
      }
      return ranges.length === 0 ? [] : [[family, [this.#sets.blocks(ranges, family)]] as const];
    });
  }
}

/** What the names of chains begin with. */
const prefixes = { egress: 'eg_', ingress: 'in_', node: 'own_' } as const;

const refusedWords = 'the kernel has refused its rules';

function tooManyWords(most: number): string {
  return `its pods would have more than ${most} rules, most of them its own`;
}

/** Egress that is allowed returns, for ingress to be judged (checklist 17); the way to the own node ends there. */
function allowed(way: TierWay): Statement {
  return way === 'egress' ? { kind: 'return' } : { kind: 'goto', chain: 'approve' };
}

function isObstacle(clauses: readonly Clause[] | Obstacle): clauses is Obstacle {
  return 'reason' in clauses;
}

/** The policy that makes most of the rules is the one that cannot be expressed. */
function tooMany(clauses: readonly Clause[], most: number): Obstacle {
  const rules = new Map<NetworkPolicy | TierPolicy, number>();
  for (const { sources } of clauses) {
    for (const policy of new Set(sources.map((source) => source.policy)))
      rules.set(policy, (rules.get(policy) ?? 0) + 1);
  }
  const [[policy]] = [...rules].sort(
    ([a, m], [b, n]) => n - m || (nameOfPolicy(a) < nameOfPolicy(b) ? -1 : 1),
  ) as [[NetworkPolicy | TierPolicy, number]];
  return { policy, reason: tooManyWords(most) };
}

function peerAt(rule: Rule, at: number): Peer | undefined {
  return rule.peers.kind === 'any' ? undefined : rule.peers.peers[at];
}

function namesIn(ports: Ports): readonly string[] {
  if (ports.kind === 'all') return [];
  return ports.ports.flatMap((entry) => (entry.kind === 'named' ? [`${entry.protocol}/${entry.name}`] : []));
}

function parseName(text: string): readonly [Protocol, string] {
  const at = text.indexOf('/');
  return [protocols.find((protocol) => protocol === text.slice(0, at)) ?? 'TCP', text.slice(at + 1)];
}

/** JSON lists keep parts apart whatever they hold, so that names of chains are injective (checklist 44). */
function meaningOf(direction: Direction, policies: readonly SelectingPolicy[], pod: Pod): string {
  const named = new Set<string>();
  if (direction === 'ingress') {
    for (const { policy } of policies) {
      const spec = policy.ingress;
      if (spec.kind === 'isolates')
        for (const rule of spec.rules) for (const name of namesIn(rule.ports)) named.add(name);
    }
  }
  const resolved = [...named].sort().map((text) => {
    const [protocol, name] = parseName(text);
    const numbers = pod.ports
      .filter((port) => port.name === name && port.protocol === protocol)
      .map(({ port }) => port);
    return [text, [...new Set(numbers)].sort((a, b) => a - b)];
  });
  const ids = policies.map(({ policy, sure }) => [policy.namespace, policy.name, sure]);
  return JSON.stringify([direction, ids, resolved]);
}

function ruleOf(clause: Clause, direction: Direction): NftRule {
  const sources = sortedSources(clause.sources);
  return {
    statements: [...conditions(clause, direction), allowed(direction)],
    comment: sourcesComment(sources),
    sources,
  };
}

/** Rules in canonical order: the cheap ones first, then by what they ask. */
function sortedRules(clauses: readonly Clause[], rules: readonly NftRule[]): readonly NftRule[] {
  return clauses
    .map(({ rank }, i) => ({ rank, rule: rules[i]!, text: JSON.stringify(rules[i]!.statements) }))
    .sort((a, b) => a.rank - b.rank || (a.text < b.text ? -1 : 1))
    .map(({ rule }) => rule);
}

function sortedSources(sources: readonly RuleSource[]): readonly RuleSource[] {
  const byText = new Map(sources.map((source) => [`${nameOfPolicy(source.policy)} ${source.rule}`, source]));
  return [...byText.values()].sort((a, b) => {
    if (a.policy !== b.policy) return nameOfPolicy(a.policy) < nameOfPolicy(b.policy) ? -1 : 1;
    return a.rule - b.rule;
  });
}

/** One policy and rule, and how many more the rule stands for: `shop/db rule 1 +2`. */
function sourcesComment(sources: readonly RuleSource[]): string {
  const [first, ...more] = sources;
  if (first === undefined) return '';
  return withMore(`${nameOfPolicy(first.policy)} rule ${first.rule + 1}`, more.length);
}

function withMore(text: string, more: number): string {
  return comment(more === 0 ? text : `${text} +${more}`);
}

/** What no rule admits is denied; the comment names a policy that isolates. */
function denyRule({ direction, policies }: PolicySet, closed: boolean): NftRule {
  const [first] = policies;
  const verb = closed ? 'closed for' : 'isolated by';
  return {
    statements: [{ kind: 'goto', chain: 'deny' }],
    comment: withMore(
      `${verb} ${first === undefined ? '' : nameOfPolicy(first.policy)}`,
      policies.length - 1,
    ),
    sources: policies.map(({ policy }) => ({ policy, direction, rule: -1 })),
  };
}
