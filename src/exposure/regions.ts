import {
  areApart,
  areEqual,
  difference,
  example,
  has,
  includes,
  intersection,
  literalAt,
  union,
  without,
} from './cubes.ts';
import type { Cube, CutOrder } from './cubes.ts';
import {
  arePlacesEqual,
  freshBoth,
  isEmptyScope,
  nameLabel,
  placesBoth,
  placesEither,
  placesInclude,
  placesMeet,
  placesMinus,
} from './namespaces.ts';
import type { Budget, NamespaceSpace, Places, Scope } from './namespaces.ts';
import type { UseTable } from './uses.ts';

/** Pods that could be there: any in these namespaces with labels of a cube. */
export interface Region extends Scope {
  readonly pods: Cube;
}

/** Where a rule stands: indices of the policy in `cluster.policies`, of the rule and of its peer; peer -1 for every peer. */
export interface RuleRef {
  readonly policy: number;
  readonly rule: number;
  readonly peer: number;
}

/** That every pod of a region may have at least this use. What a pod may have in all is the union of the lines that have it. */
export interface Line extends Region {
  readonly use: number;
  /** The rules that say so; of a line that is put together of several, those of all. */
  readonly rules: readonly RuleRef[];
}

/** The pods of a cube in some namespaces. All regions are made here, for code that meets one shape of object is faster. */
export function regionIn({ existing, fresh }: Scope, pods: Cube): Region {
  return { existing, fresh, pods };
}

/** A region with what its pods may have. All lines are made here, for the same reason. */
export function lineOf({ existing, fresh, pods }: Region, use: number, rules: readonly RuleRef[]): Line {
  return { existing, fresh, pods, use, rules };
}

/** What parts of the potential pods of some namespaces that exist may have. */
export function linesOf(
  existing: Places,
  parts: readonly { readonly pods: Cube; readonly use: number }[],
  rules: readonly RuleRef[],
): readonly Line[] {
  return parts.map(({ pods, use }) => lineOf({ existing, fresh: undefined, pods }, use, rules));
}

/** Equal regions have equal keys, and others have others. */
export function regionKey({ existing, fresh, pods }: Region): string {
  const places = existing.isAll ? '*' : existing.list.join(',');
  return `${places}\u0004${fresh?.key ?? '-'}\u0004${pods.key}`;
}

/** Whether every pod of `inner` is in `outer`. */
export function regionIncludes(outer: Region, inner: Region): boolean {
  if (!includes(outer.pods, inner.pods) || !placesInclude(outer.existing, inner.existing)) return false;
  if (inner.fresh === undefined) return true;
  return outer.fresh !== undefined && includes(outer.fresh, inner.fresh);
}

/** What two regions share; `undefined` when they share nothing. */
export function regionBoth(a: Region, b: Region): Region | undefined {
  const pods = intersection(a.pods, b.pods);
  if (pods === undefined) return undefined;
  const scope = { existing: placesBoth(a.existing, b.existing), fresh: freshBoth(a.fresh, b.fresh) };
  return isEmptyScope(scope) ? undefined : regionIn(scope, pods);
}

/** What `a` has and `b` has not; `order` as of `difference`. */
export function regionMinus(a: Region, b: Region, order?: CutOrder): readonly Region[] {
  if (areApart(a.pods, b.pods)) return [a];
  const scope = { existing: placesBoth(a.existing, b.existing), fresh: freshBoth(a.fresh, b.fresh) };
  if (isEmptyScope(scope)) return [a];
  const left: Region[] = [];
  const elsewhere = placesMinus(a.existing, b.existing);
  if (elsewhere.list.length > 0) left.push({ existing: elsewhere, fresh: undefined, pods: a.pods });
  const nowhere = { list: [], isAll: false };
  if (a.fresh !== undefined) {
    const others = b.fresh === undefined ? [a.fresh] : difference(a.fresh, b.fresh, order);
    for (const fresh of others) left.push({ existing: nowhere, fresh, pods: a.pods });
  }
  for (const pods of difference(a.pods, b.pods, order)) left.push(regionIn(scope, pods));
  return left;
}

/** More pieces than these are not looked at: then it is left open whether they are covered. */
const mostPieces = 256;

/** How much work it is to look at a region. */
export function costOf({ existing, fresh, pods }: Region): number {
  return 1 + (pods.size + (fresh?.size ?? 0)) / 8 + existing.list.length / 64;
}

/** Whether some regions together have all of another; `false` also where that would take too long to tell. */
export function isCovered(region: Region, by: readonly Region[], budget?: Budget, order?: CutOrder): boolean {
  if (budget !== undefined) {
    if (budget.left < 0) return false;
    budget.left -= (by.length + keysOf(by).conditions) / 16;
  }
  if (!samplesAreIn(region.pods, by)) return false;
  let left: readonly Region[] = [region];
  for (const each of by) {
    if (budget !== undefined) {
      for (const piece of left) budget.left -= costOf(piece);
      if (budget.left < 0) return false;
    }
    left = left.flatMap((piece) => regionMinus(piece, each, order));
    if (left.length === 0) return true;
    if (left.length > mostPieces) return false;
  }
  return false;
}

/** Whether some region has the pods of a cube with as few labels as can be, and some those with a value of their own for every key. */
function samplesAreIn(pods: Cube, by: readonly Region[]): boolean {
  const least = example(pods);
  if (!by.some((each) => has(each.pods, least))) return false;
  const most = new Map(least);
  for (const key of keysOf(by).keys) {
    if (!most.has(key) && literalAt(pods, key) === undefined) most.set(key, valueOfNobody);
  }
  return by.some((each) => has(each.pods, most));
}

/** The same regions are often asked whether they cover one and another. */
const keysOfRegions = new WeakMap<readonly Region[], Keys>();

interface Keys {
  readonly keys: ReadonlySet<string>;
  readonly conditions: number;
}

/** The keys that some regions have conditions on, and how much all conditions are. */
function keysOf(regions: readonly Region[]): Keys {
  let found = keysOfRegions.get(regions);
  if (found === undefined) {
    const all = regions.flatMap(({ pods }) => pods.literals.map(({ key }) => key));
    const conditions = regions.reduce((sum, { pods }) => sum + pods.size, 0);
    keysOfRegions.set(regions, (found = { keys: new Set(all), conditions }));
  }
  return found;
}

/** No selector names it, for it is no label value. */
const valueOfNobody = '\u0007';

/** Two regions as one, where one region says exactly what they say. */
function regionEither(a: Region, b: Region, space: NamespaceSpace): Region | undefined {
  if (areEqual(a.pods, b.pods)) {
    const fresh =
      a.fresh === undefined || b.fresh === undefined ? (a.fresh ?? b.fresh) : union(a.fresh, b.fresh);
    if (fresh === undefined && (a.fresh !== undefined || b.fresh !== undefined)) return undefined;
    return { existing: space.places(placesEither(a.existing, b.existing)), fresh, pods: a.pods };
  }
  if (!arePlacesEqual(a.existing, b.existing)) return undefined;
  if (a.fresh === undefined ? b.fresh !== undefined : b.fresh === undefined || !areEqual(a.fresh, b.fresh)) {
    return undefined;
  }
  const pods = union(a.pods, b.pods);
  return pods === undefined ? undefined : { existing: a.existing, fresh: a.fresh, pods };
}

/** Of more lines than these only the widest are held against the others. */
const mostHeld = 1024;
/** So much work is done to say one thing with fewer lines: what they say stays exact, and may be longer. */
const mostWork = 40_000;
/** Lines with more conditions than these are not put together at each of them. */
const mostConditions = 24;
/** More lines than these are not each told with what others say of the same pods. */
const mostCompleted = 256;
/** Rules that are named for one line. */
const mostRules = 16;

/** The same said with fewer and wider lines: what others have already is left out, and neighbours become one. */
export function minimal(all: readonly Line[], space: NamespaceSpace, uses: UseTable): readonly Line[] {
  // Where very much has been said already, the rest is said as it was found.
  if (all.length < 2 || (all.length > mostPaired && space.work.left <= 0)) return all;
  let lines = alike(all, uses);
  if (lines.length < 2) return lines;
  if (lines.length <= mostPaired && areUnlike(lines, uses)) return lines;
  // Many answers of much work each would be too much, too.
  const granted = Math.min(mostWork, space.work.left);
  const budget: Budget = { left: granted };
  if (lines.length > mostPaired) for (const line of lines) budget.left -= costOf(line) / 4;
  for (let changed = true; changed && budget.left > 0;) {
    lines = withoutContained(lines, uses, budget);
    const fewer = joined(lines, space, budget);
    changed = fewer.length < lines.length;
    lines = fewer;
    if (changed) continue;
    for (let i = 0; i < lines.length && lines.length > 1; i++) {
      const wider = widened(lines[i]!, lines, space, uses, budget);
      if (wider === undefined) continue;
      lines = lines.with(i, wider);
      changed = true;
      break;
    }
  }
  lines = alike(trimmed(withoutCovered(lines, uses, budget), space, uses, budget), uses);
  space.work.left -= granted - budget.left;
  return lines;
}

/** Of no more lines than these each is held against each other at once. */
const mostPaired = 8;

/** Whether no line lets use what another does too: then none says anything that others say, and none can be put together. */
function areUnlike(lines: readonly Line[], uses: UseTable): boolean {
  return lines.every((line, i) => lines.every((other, j) => i === j || !uses.includes(other.use, line.use)));
}

/** Each line with what wider ones say of the same pods: then it says all that these may use. Of very many it is left. */
export function completed(lines: readonly Line[], uses: UseTable): readonly Line[] {
  if (lines.length > mostCompleted) return lines;
  return lines.map((line) => {
    let { use } = line;
    for (const other of lines) {
      if (!uses.includes(use, other.use) && regionIncludes(other, line)) use = uses.union(use, other.use);
    }
    return use === line.use ? line : lineOf(line, use, line.rules);
  });
}

/** Lines of one region become one. */
function alike(lines: readonly Line[], uses: UseTable): readonly Line[] {
  if (lines.length <= mostPaired) return alikePairs(lines, uses);
  const byRegion = new Map<string, Line>();
  for (const line of lines) {
    const key = regionKey(line);
    const known = byRegion.get(key);
    byRegion.set(key, known === undefined ? line : both(known, line, uses));
  }
  return [...byRegion.values()];
}

function alikePairs(all: readonly Line[], uses: UseTable): readonly Line[] {
  let lines: Line[] | undefined;
  for (let i = 0; i < all.length; i++) {
    const line = all[i]!;
    const before = lines ?? all;
    const end = lines?.length ?? i;
    let at = 0;
    while (at < end && !areRegionsEqual(before[at]!, line)) at++;
    if (at < end) {
      lines ??= all.slice(0, i);
      lines[at] = both(lines[at]!, line, uses);
    } else lines?.push(line);
  }
  return lines ?? all;
}

function areRegionsEqual(a: Region, b: Region): boolean {
  return (
    areEqual(a.pods, b.pods) &&
    (a.fresh === undefined ? b.fresh === undefined : b.fresh !== undefined && areEqual(a.fresh, b.fresh)) &&
    arePlacesEqual(a.existing, b.existing)
  );
}

function both(a: Line, b: Line, uses: UseTable): Line {
  return lineOf(a, uses.union(a.use, b.use), rulesOf(a, b));
}

function rulesOf(...lines: readonly Line[]): readonly RuleRef[] {
  return [...new Set(lines.flatMap(({ rules }) => rules))].slice(0, mostRules);
}

function withoutContained(lines: readonly Line[], uses: UseTable, budget: Budget): readonly Line[] {
  const widest =
    lines.length <= mostHeld
      ? lines
      : lines
          .toSorted(
            (a, b) => conditions(a) - conditions(b) || b.existing.list.length - a.existing.list.length,
          )
          .slice(0, 8);
  budget.left -= (lines.length * widest.length) / 16;
  const isIn = (line: Line, i: number): boolean =>
    widest.some(
      (other) =>
        other !== line &&
        uses.includes(other.use, line.use) &&
        regionIncludes(other, line) &&
        // Of two that say the same the first stays.
        (!uses.includes(line.use, other.use) || !regionIncludes(line, other) || lines.indexOf(other) < i),
    );
  return lines.some(isIn) ? lines.filter((line, i) => !isIn(line, i)) : lines;
}

function conditions({ pods, fresh }: Line): number {
  return pods.literals.length + (fresh?.literals.length ?? 4);
}

/** Lines that differ in one condition only, or in the namespaces that exist, become one where one line says exactly what they say. */
function joined(lines: readonly Line[], space: NamespaceSpace, budget: Budget): readonly Line[] {
  if (lines.length <= mostPaired) return joinedPairs(lines, space);
  const byRest = new Map<string, Line>();
  const left = new Set<Line>();
  const waiting = lines.toReversed();
  for (let line = waiting.pop(); line !== undefined; line = waiting.pop()) {
    const rests = budget.left > 0 ? restsOf(line) : [];
    budget.left -= rests.length * costOf(line) * 0.25;
    let merged: Line | undefined;
    for (const rest of rests) {
      const other = byRest.get(rest);
      const region =
        other !== undefined && left.has(other) && other.use === line.use
          ? regionEither(other, line, space)
          : undefined;
      if (region === undefined) continue;
      left.delete(other!);
      merged = asOne(other!, line, region);
      break;
    }
    if (merged !== undefined) {
      waiting.push(merged);
      continue;
    }
    left.add(line);
    for (const rest of rests) byRest.set(rest, line);
  }
  return [...left];
}

/** Two lines with one use as one: of one that has all of the other, the other's rules say nothing new. */
function asOne(a: Line, b: Line, region: Region): Line {
  if (regionIncludes(a, b)) return a;
  return regionIncludes(b, a) ? b : lineOf(region, a.use, rulesOf(a, b));
}

function joinedPairs(all: readonly Line[], space: NamespaceSpace): readonly Line[] {
  let lines = all;
  for (let i = 0; i < lines.length; i++) {
    for (let j = i + 1; j < lines.length; j++) {
      const a = lines[i]!;
      const b = lines[j]!;
      const region = a.use === b.use ? regionEither(a, b, space) : undefined;
      if (region === undefined) continue;
      lines = lines.toSpliced(j, 1).with(i, asOne(a, b, region));
      // What it is now may be put together with one before.
      i = -1;
      break;
    }
  }
  return lines;
}

/** What of a line has to be equal in others that it can be put together with, for each way to do that. */
function restsOf({ existing, fresh, pods, use }: Line): readonly string[] {
  const places = existing.isAll ? '*' : existing.list.join(',');
  const ofFresh = fresh?.key ?? '-';
  const rests = [`${use}\u0004n\u0004${pods.key}`];
  if (pods.literals.length <= mostConditions) {
    for (const { key } of pods.literals)
      rests.push(`${use}\u0004${key}\u0004${places}\u0004${ofFresh}\u0004${without(pods, key).key}`);
  }
  return rests;
}

/** A line with one condition less, where other lines have the rest. */
function widened(
  line: Line,
  lines: readonly Line[],
  space: NamespaceSpace,
  uses: UseTable,
  budget: Budget,
): Line | undefined {
  budget.left -= lines.length / 16;
  if (budget.left < 0) return undefined;
  const others = lines.filter((other) => uses.includes(other.use, line.use));
  if (others.length < 2) return undefined;
  const candidates: Region[] = [];
  // Pods of other places are no part of the line with one condition less.
  const near = others.filter((other) => other === line || areNear(other, line));
  for (const { key } of near.length < 2 ? [] : line.pods.literals) {
    if (!couldCover(near, ({ pods }) => pods, key)) continue;
    candidates.push({ existing: line.existing, fresh: line.fresh, pods: without(line.pods, key) });
  }
  for (const { key } of line.fresh?.literals ?? []) {
    if (!couldCover(others, ({ fresh }) => fresh, key)) continue;
    const cube = without(line.fresh!, key);
    if (literalAt(cube, nameLabel) !== undefined) continue;
    const scope = space.scopeOf(cube, (labels) => has(cube, labels));
    const existing = space.places(placesEither(scope.existing, line.existing));
    candidates.push({ existing, fresh: scope.fresh, pods: line.pods });
  }
  const wider = candidates.find((region) => isCovered(region, others, budget));
  return wider === undefined
    ? undefined
    : lineOf(wider, line.use, rulesOf(line, ...others.filter((other) => regionBoth(other, wider))));
}

/** Whether some place is in both regions. */
function areNear(a: Region, b: Region): boolean {
  if (a.fresh !== undefined && b.fresh !== undefined && !areApart(a.fresh, b.fresh)) return true;
  return placesMeet(a.existing, b.existing);
}

/** Whether some lines have values of a key that nobody names, and some go without it: where not, a condition is needed. */
function couldCover(lines: readonly Line[], cubeOf: (line: Line) => Cube | undefined, key: string): boolean {
  let others = false;
  let absent = false;
  for (const line of lines) {
    const cube = cubeOf(line);
    if (cube === undefined) continue;
    const literal = literalAt(cube, key);
    others ||= literal === undefined || literal.except;
    absent ||= literal === undefined || literal.absent;
  }
  return others && absent;
}

/** Without the lines that others together have, the narrowest first. */
function withoutCovered(lines: readonly Line[], uses: UseTable, budget: Budget): readonly Line[] {
  if (lines.length < 3) return lines;
  const kept = new Set(lines);
  for (const line of lines.toSorted((a, b) => conditions(b) - conditions(a))) {
    budget.left -= kept.size / 16;
    if (budget.left < 0) break;
    const others = [...kept].filter((other) => other !== line && uses.includes(other.use, line.use));
    if (others.length > 1 && isCovered(line, others, budget)) kept.delete(line);
  }
  return kept.size === lines.length ? lines : lines.filter((line) => kept.has(line));
}

/** Without the namespaces that exist of which a line speaks beside those with its labels, where others speak of them too. */
function trimmed(
  all: readonly Line[],
  space: NamespaceSpace,
  uses: UseTable,
  budget: Budget,
): readonly Line[] {
  let lines = all;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const { fresh, existing, pods, use } = line;
    if (fresh === undefined) continue;
    const alike = space.scopeOf(fresh, (labels) => has(fresh, labels)).existing;
    const also = placesMinus(existing, alike);
    if (also.list.length === 0) continue;
    const others = lines.filter((other) => other !== line && uses.includes(other.use, use));
    if (!isCovered({ existing: also, fresh: undefined, pods }, others, budget)) continue;
    lines = lines.with(
      i,
      lineOf({ existing: space.places(placesBoth(existing, alike).list), fresh, pods }, use, line.rules),
    );
  }
  return lines;
}
