import type { Direction } from '../model/index.ts';
import { subtract, wholeFamily } from '../net/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import type { CompiledPolicy, TierStep } from '../policy/index.ts';
import { inOrder, mayBeOfPods } from './cells.ts';
import { byText } from './literals.ts';
import type { Finder, Found } from './found.ts';
import { placesMinus } from './namespaces.ts';
import type { Budget, NamespaceSpace, Places } from './namespaces.ts';
import { costOf, lineOf, linesOf, minimal, regionBoth, regionKey, regionMinus } from './regions.ts';
import type { Line } from './regions.ts';
import { isOpenOrder } from './tier-rules.ts';
import type { RuleSpace } from './tier-rules.ts';
import type { Unit } from './units.ts';
import { noUse } from './uses.ts';
import type { UseTable } from './uses.ts';

/** What policies of equal priority disagree about. */
export interface Between {
  /** Names of the policies, sorted. */
  readonly between: readonly string[];
}

/** Pods that get through or not, depending on which of several policies of equal priority is applied. */
export type FoundAmbiguous = Extract<Found, { readonly kind: 'existing' }> & Between;

/** More pieces are not made of what is possible and not sure. */
const mostPieces = 4096;
/** Nor is more work done in all. */
const mostWork = 4_000_000;

/**
 * Finds what policies of equal priority disagree about (corner 60): what potential pods may use under some choice among these, and not
 * under every one.
 */
export class AmbiguousFinder {
  readonly #policy: CompiledPolicy;
  readonly #sure: Finder;
  readonly #possible: Finder;
  readonly #space: NamespaceSpace;
  readonly #uses: UseTable;
  readonly #work: Budget = { left: mostWork };
  #isTooMuch = false;

  /** @param possible - finds what gets through under some choice, with the same tables as `sure` */
  constructor(policy: CompiledPolicy, sure: Finder, possible: Finder, space: NamespaceSpace, uses: UseTable) {
    this.#policy = policy;
    this.#sure = sure;
    this.#possible = possible;
    this.#space = space;
    this.#uses = uses;
  }

  get isTooMuch(): boolean {
    return this.#isTooMuch || this.#possible.tiers.isTooMuch;
  }

  of(unit: Unit): readonly FoundAmbiguous[] {
    const found = new Map<string, FoundAmbiguous & { readonly of: Family[] }>();
    for (const [family, side] of unit.sides) {
      const sure = this.#sure.ofFamily(unit, family, side);
      const possible = this.#possible.ofFamily(unit, family, side);
      for (const { line, ranges } of this.#differing(sure, possible, family)) {
        const key = `${regionKey(line)} ${line.use} ${textOf(ranges)}`;
        const known = found.get(key);
        if (known !== undefined) {
          known.of.push(family);
          continue;
        }
        const between = this.#between(unit, line, ranges, family);
        found.set(key, { kind: 'existing', line, between, of: [family], ...(ranges && { ranges }) });
      }
    }
    return Array.from(found.values(), ({ of, ...each }) =>
      of.length === unit.sides.length ? each : { ...each, family: of[0]! },
    );
  }

  #differing(
    sure: readonly Found[],
    possible: readonly Found[],
    family: Family,
  ): readonly { readonly line: Line; readonly ranges?: readonly AddressRange[] }[] {
    const groups = new Map<string, { readonly lines: readonly Line[]; readonly ranges: AddressRange[] }>();
    const cells = cellsOf([...sure, ...possible], family);
    for (const cell of cells) {
      const here = ({ ranges }: Found): boolean => ranges === undefined || cell.of.has(textOf(ranges));
      const lines = this.#minus(
        possible.filter(here).flatMap((each) => this.#plain(each)),
        sure.filter(here).flatMap((each) => this.#plain(each)),
      );
      const key = lines.map((line) => `${regionKey(line)} ${line.use}`).join('\u0007');
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { lines, ranges: [...cell.ranges] });
      else for (const range of cell.ranges) known.ranges.push(range);
    }
    const isOne = groups.size < 2;
    return [...groups.values()].flatMap(({ lines, ranges }) =>
      lines.map((line) => (isOne ? { line } : { line, ranges: inOrder(ranges) })),
    );
  }

  /** What was found as lines that nothing is taken away from. */
  #plain(found: Found): readonly Line[] {
    const { line } = found;
    if (found.kind === 'existing') return [line];
    const partly = found.narrowing.partly();
    const others = [...found.narrowing.closed(), ...partly.flatMap(({ namespaces }) => namespaces)];
    const taken: Places = this.#space.places(others.sort((a, b) => a - b));
    return [
      lineOf(
        { ...line, existing: this.#space.places(placesMinus(line.existing, taken).list) },
        line.use,
        line.rules,
      ),
      ...partly.flatMap(({ namespaces, parts }) =>
        linesOf(this.#space.places(namespaces), parts, line.rules),
      ),
    ];
  }

  #minus(lines: readonly Line[], taken: readonly Line[]): readonly Line[] {
    const uses = this.#uses;
    let left = lines;
    for (const each of taken) {
      for (const line of left) this.#work.left -= costOf(line);
      if (this.#work.left < 0) {
        this.#isTooMuch = true;
        return [];
      }
      left = left.flatMap((line): readonly Line[] => {
        const use = uses.minus(line.use, each.use);
        const shared = use === line.use ? undefined : regionBoth(line, each);
        if (shared === undefined) return [line];
        const rest = regionMinus(line, each).map((region) => lineOf(region, line.use, line.rules));
        return use === noUse ? rest : [...rest, lineOf(shared, use, line.rules)];
      });
      if (left.length > mostPieces) {
        this.#isTooMuch = true;
        return [];
      }
    }
    return minimal(left, this.#space, uses);
  }

  /** The policies of equal priority that may disagree about pods of a line, on either side of the connection. */
  #between(
    { direction, list, example, k }: Unit,
    line: Line,
    ranges: readonly AddressRange[] | undefined,
    family: Family,
  ): readonly string[] {
    const { tiers } = this.#sure;
    const { blocks, tiers: compiled } = this.#policy.parts;
    const isMet = (rule: RuleSpace): boolean =>
      rule.networks.some((network) => {
        const definition = compiled!.tiers.peers.definition(network);
        if (definition.kind !== 'network') return false;
        const block = blocks.block(definition.block);
        return block.family === family && (ranges === undefined || meet(ranges, block.ranges));
      });
    const names = new Set<string>();
    for (const rules of [
      tiers.rules.of(direction, list),
      tiers.rules.binding(direction, example, k, family),
    ]) {
      const here = rules.flatMap((rule) => {
        const use = this.#uses.intersect(rule.use, line.use);
        const regions = isMet(rule)
          ? [line]
          : rule.regions.flatMap((region) => regionBoth(region, line) ?? []);
        return use === noUse || regions.length === 0 ? [] : [{ ...rule, use, regions }];
      });
      for (const [i, one] of here.entries()) {
        for (const other of here.slice(i + 1)) {
          if (!mayDisagree(one, other) || this.#uses.intersect(one.use, other.use) === noUse) continue;
          if (!one.regions.some((a) => other.regions.some((b) => regionBoth(a, b) !== undefined))) continue;
          for (const { step } of [one, other]) names.add(this.#nameOf(step));
        }
      }
    }
    return [...names].sort(byText);
  }

  #nameOf({ policy }: TierStep): string {
    return this.#policy.cluster.tierPolicies[policy.index]!.name;
  }

  /** The policies of equal priority that may disagree about addresses. */
  betweenAddresses(direction: Direction, list: number, ranges: readonly AddressRange[]): readonly string[] {
    if (list === 0) return [];
    const { blocks, tiers } = this.#policy.parts;
    const { peers } = tiers!.tiers;
    const isMet = (peer: number): boolean => {
      const definition = peers.definition(peer);
      if (definition.kind === 'everybody') return true;
      if (definition.kind !== 'network' && definition.kind !== 'nodes') return false;
      const own = definition.kind === 'network' ? [definition.block] : definition.blocks;
      return own.some((block) => meet(ranges, blocks.block(block).ranges));
    };
    const here = tiers!.lists[direction]
      .list(list)
      .steps.flatMap((step) =>
        step.policy.rules[direction].flatMap((rule) => (rule.peers.some(isMet) ? [{ step, rule }] : [])),
      );
    const names = new Set<string>();
    for (const [i, one] of here.entries()) {
      for (const other of here.slice(i + 1)) {
        if (!mayDisagree(one, other)) continue;
        for (const { step } of [one, other]) names.add(this.#nameOf(step));
      }
    }
    return [...names].sort(byText);
  }
}

/** Whether rules of two policies say different things and nothing orders the policies (corner 60). */
function mayDisagree(a: Pick<RuleSpace, 'step' | 'rule'>, b: Pick<RuleSpace, 'step' | 'rule'>): boolean {
  const [one, other] = [a.step.policy, b.step.policy];
  return (
    one !== other && one.tier === other.tier && a.rule.action !== b.rule.action && isOpenOrder(one, other)
  );
}

function textOf(ranges: readonly AddressRange[] | undefined): string {
  return (ranges ?? []).map(({ family, first, last }) => `${family} ${first}-${last}`).join();
}

function meet(a: readonly AddressRange[], b: readonly AddressRange[]): boolean {
  return a.some((one) =>
    b.some((other) => one.family === other.family && one.first <= other.last && other.first <= one.last),
  );
}

/** The addresses of a family, cut by those that some peers found are bound to; `of` are the texts of these. */
function cellsOf(
  found: readonly Found[],
  family: Family,
): readonly { readonly ranges: readonly AddressRange[]; readonly of: ReadonlySet<string> }[] {
  const lists = new Map<string, readonly AddressRange[]>();
  for (const { ranges } of found) if (ranges !== undefined) lists.set(textOf(ranges), ranges);
  let cells: { ranges: readonly AddressRange[]; of: readonly string[] }[] = [
    { ranges: [wholeFamily(family)], of: [] },
  ];
  for (const [text, list] of lists) {
    cells = cells.flatMap(({ ranges, of }) => {
      const outside = ranges.flatMap((range) => subtract(range, list));
      const inside = ranges.flatMap((range) => subtract(range, outside));
      return [
        { ranges: inside, of: [...of, text] },
        { ranges: outside, of },
      ].filter((cell) => mayBeOfPods(cell.ranges));
    });
  }
  return cells.map(({ ranges, of }) => ({ ranges, of: new Set(of) }));
}
