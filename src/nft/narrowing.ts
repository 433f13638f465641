import { families, PortSet } from '../net/index.ts';
import type { Direction } from '../model/index.ts';
import type { AddressRange, Family, Protocol } from '../net/index.ts';
import { indexOf } from './comparison.ts';
import type { Comparison, Index } from './comparison.ts';
import { names, nodeChains } from './layout.ts';
import { isWithin, rangeOfKey } from './ranges.ts';
import { ruleText } from './render.ts';
import type { Key, NftRule, NftSet, PortMatch, Ruleset, Statement } from './ruleset.ts';
import { keyText, sameElements } from './syntax.ts';

/** Something that a flow could do before and perhaps cannot do now, so that all flows have to be judged again. */
export type Narrowing =
  /** An address of the node was open in that direction, and is isolated now. */
  | { readonly kind: 'isolated'; readonly direction: Direction; readonly address: string }
  /** The rules for an address admit less, or other things. */
  | { readonly kind: 'less'; readonly direction: Direction; readonly address: string }
  /** What goes from an address to the node itself was open and is judged now, or is admitted less. */
  | { readonly kind: 'toNode'; readonly address: string }
  /** An address of the node was that of one pod, and is that of another now, or of none. */
  | {
      readonly kind: 'owner';
      readonly address: string;
      readonly before: string;
      readonly after: string | undefined;
    }
  /** Other chains of the layout, other bits of the mark, or other addresses that are closed unless known. */
  | { readonly kind: 'layout'; readonly what: 'rules' | 'mark' | 'ranges' };

/**
 * What a change narrows, for the node. Empty is a proof that it narrows nothing: every flow that `before` would approve,
 * `after` approves too, and no address of a pod has changed hands. The opposite does not hold: where a proof would take
 * unions of sets, the answer is that it narrows (checklist 48: when unsure, judge again).
 */
export function narrowings(before: Ruleset, after: Ruleset, comparison: Comparison): readonly Narrowing[] {
  const found: Narrowing[] = [];
  if (before.markMask !== after.markMask) found.push({ kind: 'layout', what: 'mark' });
  const [old, next] = [viewOf(before), viewOf(after)];
  if (old.fixedRules !== next.fixedRules) found.push({ kind: 'layout', what: 'rules' });
  const cover = new Cover(old, next, comparison);
  for (const family of families) {
    const ranges = names.ranges(family);
    if (!cover.includes([ranges], [ranges], true)) found.push({ kind: 'layout', what: 'ranges' });
    const owners = old.owners(family);
    const owned = next.owners(family);
    for (const [address, owner] of owners) {
      // Checklist 22: what the old owner had open must not be the new one's; an address that is free may be given away.
      if (owned.get(address) !== owner)
        found.push({ kind: 'owner', address, before: owner, after: owned.get(address) });
    }
    for (const direction of ['egress', 'ingress'] as const) {
      const map = names.dispatch(direction, family);
      const chains = old.targets(map);
      for (const [address, chain] of next.targets(map)) {
        const was = chains.get(address);
        if (was === undefined) {
          const wasClosed = !owners.has(address) && old.closesUnknown(address, family);
          if (!wasClosed && !cover.isOpen(chain)) found.push({ kind: 'isolated', direction, address });
        } else if (!cover.covers(was, chain)) {
          found.push({ kind: 'less', direction, address });
        }
      }
    }
    const map = names.nodeDispatch(family);
    const chains = old.targets(map);
    for (const [address, chain] of next.targets(map)) {
      const was = chains.get(address);
      if (was === undefined || !cover.covers(was, chain)) found.push({ kind: 'toNode', address });
    }
  }
  return found;
}

/** One thing that a chain admits. */
interface Admission {
  readonly family: Family | undefined;
  /** The address is in all of them. */
  readonly sets: readonly string[];
  readonly ports: PortSet;
}

const known = new WeakMap<Ruleset, View>();

/** A ruleset as it was looked at before: what is replaced was desired a moment ago. */
function viewOf(ruleset: Ruleset): View {
  let view = known.get(ruleset);
  if (view === undefined) known.set(ruleset, (view = new View(ruleset)));
  return view;
}

/** A ruleset, looked up by name. */
class View {
  readonly #index: Index;
  readonly #targets: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly #keys = new Map<string, ReadonlySet<string>>();
  readonly #ranges = new Map<string, readonly AddressRange[]>();
  readonly #admissions = new Map<string, readonly Admission[]>();
  readonly #owners = new Map<Family, ReadonlyMap<string, string>>();
  #fixedRules: string | undefined;

  constructor(ruleset: Ruleset) {
    this.#index = indexOf(ruleset);
    this.#targets = new Map(
      ruleset.maps.map(({ name, entries }) => [
        name,
        new Map(
          entries.flatMap(({ key, verdict }) => (verdict.kind === 'accept' ? [] : [[key, verdict.chain]])),
        ),
      ]),
    );
  }

  /** The rules of the layout's own chains, as text; what goes to the node itself is told by its own maps. */
  get fixedRules(): string {
    if (this.#fixedRules === undefined) {
      const fixed = [...this.#index.chains.values()].filter(
        ({ name }) => !/^(eg|in|own)_/.test(name) && !nodeChains.has(name),
      );
      this.#fixedRules = JSON.stringify(
        fixed.map(({ name, hook, rules }) => [name, hook, rules.map(ruleText)]),
      );
    }
    return this.#fixedRules;
  }

  /** Whose the addresses of the node are. */
  owners(family: Family): ReadonlyMap<string, string> {
    let owners = this.#owners.get(family);
    if (owners === undefined) {
      const elements = this.set(names.self(family))?.elements ?? [];
      owners = new Map(
        elements.map(({ key, comment }) => [
          typeof key === 'object' && 'pair' in key ? key.pair[0] : keyText(key),
          comment ?? '',
        ]),
      );
      this.#owners.set(family, owners);
    }
    return owners;
  }

  targets(map: string): ReadonlyMap<string, string> {
    return this.#targets.get(map) ?? new Map<string, string>();
  }

  /** Whether an address is in the ranges that are closed unless a pod of the node is known to have it. */
  closesUnknown(address: string, family: Family): boolean {
    return this.holds(names.ranges(family), address) && !this.holds(names.known(family), address);
  }

  set(name: string): NftSet | undefined {
    return this.#index.sets.get(name);
  }

  /** Whether an address, or a whole range of them, is in a set. */
  holds(name: string, key: Key): boolean {
    const set = this.set(name);
    if (set === undefined) return false;
    if (!set.interval) {
      let keys = this.#keys.get(name);
      if (keys === undefined) {
        keys = new Set(set.elements.map((element) => keyText(element.key)));
        this.#keys.set(name, keys);
      }
      return keys.has(keyText(key));
    }
    let ranges = this.#ranges.get(name);
    if (ranges === undefined) {
      ranges = set.elements.map((element) => rangeOfKey(element.key));
      this.#ranges.set(name, ranges);
    }
    return isWithin(rangeOfKey(key), ranges);
  }

  rules(chain: string): readonly NftRule[] {
    return this.#index.chains.get(chain)?.rules ?? [];
  }

  /** Whether a chain admits some flows and denies the rest, whatever the order: that of NetworkPolicies. */
  isUnion(chain: string): boolean {
    return this.rules(chain).every((rule, i, { length }) =>
      i === length - 1 ? verdictOf(rule) === 'deny' : verdictOf(rule) === 'allow',
    );
  }

  admissions(chain: string): readonly Admission[] {
    let admissions = this.#admissions.get(chain);
    if (admissions === undefined) {
      admissions = this.rules(chain).flatMap((rule) =>
        verdictOf(rule) === 'allow' ? [this.admissionOf(rule)] : [],
      );
      this.#admissions.set(chain, admissions);
    }
    return admissions;
  }

  /** What a rule asks. */
  admissionOf({ statements }: NftRule): Admission {
    const addresses = statements.filter((each) => each.kind === 'flowAddress');
    return {
      family: addresses[0]?.family,
      sets: addresses.map(({ set }) => set),
      ports: this.#portsOf(statements),
    };
  }

  #portsOf(statements: readonly Statement[]): PortSet {
    const asked = statements.find((each) => each.kind === 'protocol');
    if (asked === undefined) return PortSet.all;
    const protocol: Protocol = protocolOf[asked.protocol];
    const port = statements.find((each) => each.kind === 'port')?.port;
    if (port === undefined) return PortSet.everyPort(protocol);
    return PortSet.union(this.#rangesOf(port).map(([from, to]) => PortSet.range(protocol, from, to)));
  }

  #rangesOf(port: PortMatch): readonly (readonly [number, number])[] {
    if (typeof port === 'number') return [[port, port]];
    if ('range' in port) return [port.range];
    return (this.set(port.set)?.elements ?? []).map(({ key }): readonly [number, number] => {
      if (typeof key === 'object' && 'range' in key) return [Number(key.range[0]), Number(key.range[1])];
      return [Number(key), Number(key)];
    });
  }
}

/** Whether a rule lets a flow pass or stops it, or where it leads to. */
function verdictOf({ statements }: NftRule): 'allow' | 'deny' | { readonly chain: string } {
  const last = statements.at(-1);
  if (last?.kind === 'return') return 'allow';
  if (last?.kind !== 'goto') return 'deny';
  if (last.chain === 'approve') return 'allow';
  return last.chain === 'deny' ? 'deny' : { chain: last.chain };
}

/** What rules of policies ask. */
const usualKinds: ReadonlySet<Statement['kind']> = new Set(['flowAddress', 'protocol', 'port']);

const protocolOf = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' } as const;

/** Whether what one ruleset admits the next admits too. */
class Cover {
  readonly #before: View;
  readonly #after: View;
  readonly #comparison: Comparison;
  readonly #chains = new Map<string, boolean>();
  readonly #sets = new Map<string, boolean>();

  constructor(before: View, after: View, comparison: Comparison) {
    this.#before = before;
    this.#after = after;
    this.#comparison = comparison;
  }

  /** Whether a chain of the ruleset afterwards admits everything. */
  isOpen(chain: string): boolean {
    return (
      this.#after.isUnion(chain) &&
      this.#after.admissions(chain).some(({ sets, ports }) => sets.length === 0 && ports.isAll)
    );
  }

  /** Whether all that a chain admitted before, a chain afterwards admits. */
  covers(before: string, after: string): boolean {
    if (before === after && this.#comparison.sameChain(before)) return true;
    const key = `${before} ${after}`;
    let covers = this.#chains.get(key);
    if (covers === undefined) {
      // While it is worked out nothing is proved. Chains lead on, and never back.
      this.#chains.set(key, false);
      covers =
        this.#before.isUnion(before) && this.#after.isUnion(after)
          ? this.#coversUnion(before, after)
          : this.#coversOrder(before, after);
      this.#chains.set(key, covers);
    }
    return covers;
  }

  #coversUnion(before: string, after: string): boolean {
    const next = this.#after.admissions(after);
    return this.#before.admissions(before).every((admission) => this.#isAdmitted(admission, next));
  }

  /**
   * The same of chains in which the first rule that matches decides, as those of tiers: rule by rule, what allows matches no
   * less, what denies no more, and what leads elsewhere the same.
   */
  #coversOrder(before: string, after: string): boolean {
    const [old, next] = [this.#before.rules(before), this.#after.rules(after)];
    return old.length === next.length && old.every((rule, i) => this.#coversRule(rule, next[i]!));
  }

  #coversRule(old: NftRule, next: NftRule): boolean {
    const [verdict, now] = [verdictOf(old), verdictOf(next)];
    const isUsual = (rule: NftRule): boolean =>
      rule.statements.slice(0, -1).every(({ kind }) => usualKinds.has(kind));
    if (!isUsual(old) || !isUsual(next)) {
      // A pod with itself: the pair of an address stays what it is as long as the address is one pod's.
      return verdict === now && ruleText(old) === ruleText(next);
    }
    const [asked, asks] = [this.#before.admissionOf(old), this.#after.admissionOf(next)];
    const grows =
      asks.sets.length === 0 || (asked.family === asks.family && this.includes(asked.sets, asks.sets));
    const shrinks =
      asked.sets.length === 0 || (asked.family === asks.family && this.includes(asks.sets, asked.sets, true));
    const matchesNoLess = grows && asks.ports.includes(asked.ports);
    const matchesNoMore = shrinks && asked.ports.includes(asks.ports);
    if (verdict === 'allow' && now === 'allow') return matchesNoLess;
    if (verdict === 'deny') return matchesNoMore && now === 'deny';
    return (
      typeof verdict === 'object' &&
      typeof now === 'object' &&
      matchesNoLess &&
      matchesNoMore &&
      this.covers(verdict.chain, now.chain)
    );
  }

  #isAdmitted({ family, sets, ports }: Admission, next: readonly Admission[]): boolean {
    const admitting = next.filter(
      (each) => each.sets.length === 0 || (each.family === family && this.includes(sets, each.sets)),
    );
    return PortSet.union(admitting.map((each) => each.ports)).includes(ports);
  }

  /**
   * Whether every address that is in all of some sets before is in all of others afterwards.
   *
   * @param reverse - whether it is asked of the sets afterwards, that they were so before
   */
  includes(before: readonly string[], after: readonly string[], reverse = false): boolean {
    const key = `${before.join(' ')} | ${after.join(' ')} ${reverse}`;
    let includes = this.#sets.get(key);
    if (includes === undefined) {
      const [from, to] = reverse ? [this.#after, this.#before] : [this.#before, this.#after];
      includes = after.every((set) => isPart(from, before, to, set));
      this.#sets.set(key, includes);
    }
    return includes;
  }
}

/** Whether what is in all of some sets of one ruleset is in a set of another. */
function isPart(from: View, sets: readonly string[], to: View, target: string): boolean {
  const known = sets.flatMap((name) => from.set(name) ?? []);
  if (known.length === 0) return sets.length > 0;
  const goal = to.set(target);
  if (known.some(({ name, elements }) => name === target && sameElements(elements, goal?.elements ?? [])))
    return true;
  const inTarget = (key: Key): boolean => to.holds(target, key);
  // One of the sets may be enough.
  if (known.some(({ elements }) => elements.every(({ key }) => inTarget(key)))) return true;
  const listed = known.find(({ interval }) => !interval);
  if (listed === undefined) return false;
  const others = known.filter((set) => set !== listed);
  return listed.elements
    .map(({ key }) => key)
    .filter((key) => others.every(({ name }) => from.holds(name, key)))
    .every(inTarget);
}
