import type { Direction } from '../model/index.ts';
import type { AddressRange, Family } from '../net/index.ts';
import type { NamespaceSpace } from './namespaces.ts';
import type { Narrowing, Part } from './narrowing.ts';
import { usualUse } from './own-side.ts';
import type { OwnSide, OwnSides } from './own-side.ts';
import { completed, lineOf, linesOf, minimal, regionBoth, regionKey } from './regions.ts';
import type { Line } from './regions.ts';
import { allLeft } from './tier-space.ts';
import type { Left, LeftAt, TierSpace } from './tier-space.ts';
import type { Unit } from './units.ts';
import { noUse } from './uses.ts';
import type { UseTable } from './uses.ts';

interface FoundCommon {
  readonly line: Line;
  /** Only over this family. */
  readonly family?: Family;
  /** Only pods with one of these addresses. */
  readonly ranges?: readonly AddressRange[];
}

/** A peer that gets through, before it is put in words. */
export type Found =
  | (FoundCommon & { readonly kind: 'spanning'; readonly narrowing: Narrowing })
  | (FoundCommon & { readonly kind: 'existing' });

/** The potential pods that get through, the policies of their own namespaces considered. */
export class Finder {
  readonly tiers: TierSpace;
  readonly #space: NamespaceSpace;
  readonly #uses: UseTable;
  readonly #others: { readonly [direction in Direction]: OwnSides };
  /** Namespaces whose policies were too much to work out. */
  readonly undecided = new Set<string>();

  /** @param others - what namespaces say of pods that are exposed in a direction */
  constructor(
    tiers: TierSpace,
    space: NamespaceSpace,
    uses: UseTable,
    others: { readonly [direction in Direction]: OwnSides },
  ) {
    this.tiers = tiers;
    this.#space = space;
    this.#uses = uses;
    this.#others = others;
  }

  /** Whom the policies of pods let through, the cluster-wide ones considered, in any family and with any address. */
  linesOf({ direction, said, sides, list }: Unit): readonly Line[] {
    const lines = sides.flatMap(([family]) =>
      this.tiers.linesOf(direction, list, said.lines, family).flatMap((bounded) => bounded.lines),
    );
    return sides.length < 2 ? lines : [...new Set(lines)];
  }

  of(unit: Unit): readonly Found[] {
    const { direction, sides, list } = unit;
    const [first, second] = sides;
    if (first === undefined) return [];
    const one = this.ofFamily(unit, first[0], first[1]);
    const isAlike = second !== undefined && second[1] === first[1] && second[2] === first[2];
    if (second === undefined || (isAlike && !this.tiers.rules.asksForAddresses(direction, list))) return one;
    // Corner 37: the families are decided apart, and what they agree on is said once.
    const other = this.ofFamily(unit, second[0], second[1]);
    const inOne = new Set(one.map((each) => this.#keyOf(each)));
    const inOther = new Set(other.map((each) => this.#keyOf(each)));
    return [
      ...one.map((each) => (inOther.has(this.#keyOf(each)) ? each : { ...each, family: first[0] })),
      ...other
        .filter((each) => !inOne.has(this.#keyOf(each)))
        .map((each) => ({ ...each, family: second[0] })),
    ];
  }

  #keyOf({ kind, line, ranges, ...rest }: Found): string {
    const narrowing = 'narrowing' in rest ? this.#narrowingKey(rest.narrowing) : '';
    const where = ranges?.map(({ family, first, last }) => `${family} ${first}-${last}`).join(',');
    return [kind, regionKey(line), line.use, narrowing, where].join('\u0006');
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

  /** The same over one family. */
  ofFamily(unit: Unit, family: Family, side: OwnSide): readonly Found[] {
    const { direction, example: subject, k, said, list } = unit;
    const found: Found[] = [];
    const lefts = this.tiers.leftOf(direction, subject, k, family);
    for (const { lines, ranges } of this.tiers.linesOf(direction, list, said.lines, family)) {
      const own = this.#ofLines(direction, lines, side, lefts);
      for (const each of own) found.push(ranges === undefined ? each : { ...each, ranges });
    }
    return found;
  }

  #ofLines(
    direction: Direction,
    lines: readonly Line[],
    side: OwnSide,
    lefts: readonly LeftAt[] | undefined,
  ): readonly Found[] {
    const found: Found[] = [];
    const fixed: Line[] = [];
    const isBound =
      lefts !== undefined &&
      this.tiers.canCombine(
        lines,
        lefts.map(([, regions]) => regions),
      );
    if (!isBound) this.#narrow(direction, lines, side, allLeft, found, fixed);
    for (const [left, regions] of isBound ? lefts : []) {
      const pieces = lines.flatMap((line) =>
        regions.flatMap((region): readonly Line[] => {
          const shared = regionBoth(line, region);
          return shared === undefined ? [] : [lineOf(shared, line.use, line.rules)];
        }),
      );
      this.#narrow(direction, minimal(pieces, this.#space, this.#uses), side, left, found, fixed);
    }
    if (isBound) return this.#together(found, fixed);
    // What one line leaves in one namespace has been said with as few lines as can be.
    const isMinimal = lines.length < 2 && (lines[0]?.existing.list.length ?? 0) < 2;
    for (const line of isMinimal ? fixed : minimal(fixed, this.#space, this.#uses)) {
      found.push({ kind: 'existing', line });
    }
    return found;
  }

  /**
   * What was found for parts of the ports, with as few lines as can be, each with what wider ones say of the same pods: then it says all
   * that they may use.
   */
  #together(found: readonly Found[], fixed: readonly Line[]): readonly Found[] {
    const isWhole = (each: Found): boolean =>
      each.kind === 'existing' || (each.narrowing.closedCount === 0 && each.narrowing.partlyCount === 0);
    const whole = found.filter(isWhole).map(({ line }) => line);
    const lines = minimal([...whole, ...fixed], this.#space, this.#uses);
    return [
      ...found.filter((each) => !isWhole(each)),
      ...completed(lines, this.#uses).map((line): Found => ({ kind: 'existing', line })),
    ];
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
        for (const namespace of narrowing.undecided()) this.undecided.add(this.#space.name(namespace));
        found.push({
          kind: 'spanning',
          line: use === line.use ? line : lineOf(line, use, line.rules),
          narrowing,
        });
        continue;
      }
      const { list } = line.existing;
      const partsAt = (namespace: number): readonly Part[] => {
        // Pods that no NetworkPolicy isolates have been decided already.
        if (use === noUse && !others.isolates(namespace)) return [];
        const effective = others.effective(line.pods, line.use, side, namespace, left);
        if (effective.isUndecided) this.undecided.add(this.#space.name(namespace));
        return effective.parts();
      };
      if (list.length === 1) {
        const [namespace] = list;
        const { existing } = this.#space.own(namespace!);
        for (const each of linesOf(existing, partsAt(namespace!), line.rules)) fixed.push(each);
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
      for (const { parts, namespaces } of groups.values()) {
        for (const each of linesOf(this.#space.places(namespaces), parts, line.rules)) fixed.push(each);
      }
    }
  }
}
