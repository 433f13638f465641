import type { Direction, Pod } from '../../model/index.ts';
import type { Engine } from './engine.ts';
import { Findings } from './findings.ts';
import type { BoundSegment, Difference, Step } from './findings.ts';
import type { LiveMatrix } from './live-matrix.ts';

/** What a class was, in one direction: source in egress, destination in ingress. */
interface Was {
  /** Its row or column, which is held. */
  readonly line: number;
  /** Its exact access with the classes that sparse entries touch. */
  readonly touched: ReadonlyMap<number, number>;
  /** Its profile, which is held. */
  readonly profile: number;
}

/** A class as it was in the directions that a change concerns. */
export interface Before {
  readonly egress: ReadonlyMap<number, Was>;
  readonly ingress: ReadonlyMap<number, Was>;
}

/** By profile of egress: what it says of addresses outside. */
export type OutsideBefore = ReadonlyMap<number, readonly BoundSegment[]>;

/** Classes that a change concerns, as source (row) and as destination (column). */
export interface ConcernedClass {
  readonly c: number;
  readonly row: boolean;
  readonly column: boolean;
}

/** Finds out what changes between two moments; between them the matrix must not make peers dense or sparse. */
export class Differ {
  readonly #engine: Engine;
  readonly #matrix: LiveMatrix;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#matrix = engine.matrix;
  }

  /** Remembers classes as they are. */
  remember(classes: readonly ConcernedClass[]): Before {
    this.#matrix.defer();
    const egress = new Map<number, Was>();
    const ingress = new Map<number, Was>();
    for (const { c, row, column } of classes) {
      if (row) egress.set(c, this.#was('egress', c));
      if (column) ingress.set(c, this.#was('ingress', c));
    }
    return { egress, ingress };
  }

  #was(direction: Direction, c: number): Was {
    const lines = direction === 'egress' ? this.#matrix.rows : this.#matrix.columns;
    const touched = new Map<number, number>();
    this.#matrix.touchedBy(direction, c, (other, access) => touched.set(other, access));
    const side = this.#matrix.side(direction);
    return {
      line: lines.hold(lines.of[c]!),
      touched,
      profile: side.profiles.again(side.profileOf[c]!),
    };
  }

  /** What profiles say of addresses outside, for changes of what these stand for. */
  rememberOutside(): OutsideBefore {
    const found = new Findings(this.#engine);
    const side = this.#matrix.egress;
    const segments = new Map<number, readonly BoundSegment[]>();
    for (let profile = 0; profile < side.profiles.top; profile++) {
      if (side.profiles.isLive(profile) && side.tiersOf(profile) >= 0)
        segments.set(profile, found.segmentsOf('egress', profile));
    }
    return segments;
  }

  /** What has changed outside for profiles that were remembered and are the same. */
  #ofOutside(before: OutsideBefore, found: Findings): void {
    const side = this.#matrix.egress;
    for (const [profile, segments] of before) {
      const byFamily = Map.groupBy(side.classes.copy(profile), (c) => this.#matrix.familyOf(c));
      for (const [family, classes] of byFamily) {
        const some = classes.filter((c) => this.#matrix.weight[c]! > 0);
        if (some.length === 0) continue;
        const after = found.segmentsOf('egress', profile);
        found.addSegments('egress', found.podsOf(some), segments, after, family);
      }
    }
  }

  /** Lets go of what was remembered. */
  forget(before: Before): void {
    for (const direction of ['egress', 'ingress'] as const) {
      const lines = direction === 'egress' ? this.#matrix.rows : this.#matrix.columns;
      for (const { line, profile } of before[direction].values()) {
        lines.release(line);
        this.#matrix.releaseProfile(direction, profile);
      }
    }
    this.#matrix.settleAll();
  }

  /**
   * What has changed for classes that were remembered and still have the same pods.
   *
   * @param outside - what profiles said that are the same and may say something else by now
   */
  ofClasses(before: Before, outside: OutsideBefore = new Map()): Difference {
    const found = new Findings(this.#engine);
    this.#ofLines('egress', before, found);
    this.#ofLines('ingress', before, found);
    for (const direction of ['egress', 'ingress'] as const) {
      const side = this.#matrix.side(direction);
      const groups = new Map<
        string,
        { readonly classes: number[]; readonly was: number; readonly is: number }
      >();
      for (const [c, { profile: was }] of before[direction]) {
        const is = side.profileOf[c]!;
        if (was === is || this.#matrix.weight[c] === 0) continue;
        const family = this.#matrix.familyOf(c);
        const key = `${was} ${is} ${family}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { classes: [c], was, is });
        else group.classes.push(c);
      }
      for (const { classes, was, is } of groups.values()) {
        const family = this.#matrix.familyOf(classes[0]!);
        found.addOutside(direction, found.podsOf(classes), was, is, family, family);
      }
    }
    this.#ofOutside(outside, found);
    return found.finish();
  }

  #ofLines(direction: Direction, { egress, ingress }: Before, found: Findings): void {
    const matrix = this.#matrix;
    const isRow = direction === 'egress';
    const own = isRow ? egress : ingress;
    const [ownLines, otherLines] = isRow ? [matrix.rows, matrix.columns] : [matrix.columns, matrix.rows];
    const block = (line: number, other: number): number =>
      isRow ? matrix.block(line, other) : matrix.block(other, line);
    const ownNode = (line: number, other: number): number =>
      isRow ? matrix.ofOwnNode(line, other) : matrix.ofOwnNode(other, line);

    // The others, by what they were and are. Pairs of two concerned classes are left to the rows.
    const others = new Map<
      string,
      { readonly was: number; readonly is: number; readonly classes: number[] }
    >();
    const lineBefore = (c: number): number => (isRow ? ingress.get(c)?.line : undefined) ?? otherLines.of[c]!;
    for (let c = 0; c < matrix.weight.length; c++) {
      if (matrix.weight[c] === 0 || (!isRow && egress.has(c))) continue;
      const was = lineBefore(c);
      const is = otherLines.of[c]!;
      const key = `${was} ${is}`;
      const group = others.get(key);
      if (group === undefined) others.set(key, { was, is, classes: [c] });
      else group.classes.push(c);
    }

    const groups = new Map<
      string,
      { readonly was: number; readonly is: number; readonly classes: number[] }
    >();
    for (const [c, { line: was }] of own) {
      if (matrix.weight[c] === 0) continue;
      const is = ownLines.of[c]!;
      const group = groups.get(`${was} ${is}`);
      if (group === undefined) groups.set(`${was} ${is}`, { was, is, classes: [c] });
      else group.classes.push(c);
    }
    for (const { was, is, classes } of groups.values()) {
      const touchedNow = new Map<number, ReadonlyMap<number, number>>();
      const special = new Set<number>();
      for (const c of classes) {
        const now = new Map<number, number>();
        matrix.touchedBy(direction, c, (other, access) => now.set(other, access));
        touchedNow.set(c, now);
        for (const other of [...own.get(c)!.touched.keys(), ...now.keys()]) {
          if (matrix.weight[other]! > 0 && (isRow || !egress.has(other))) special.add(other);
        }
      }
      const pods = found.podsOf(classes);
      const steps = new Steps();
      for (const group of others.values()) {
        const [before, after] = [block(was, group.was), block(is, group.is)];
        if (before === after) continue;
        const shared = ownLines.family(is) & otherLines.family(group.is);
        const rest = group.classes.filter((c) => !special.has(c));
        steps.add({ before, after, sharedBefore: shared, sharedAfter: shared }, rest);
      }
      steps.forEach((step, some) => found.pairs(isRow, pods, found.podsOf(some), step));
      // Corner 42: to a pod's own node only tiers decide, and what they say goes by lines.
      const exempt = new Steps();
      for (const group of others.values()) {
        const [before, after] = [ownNode(was, group.was), ownNode(is, group.is)];
        if (before === after) continue;
        const shared = ownLines.family(is) & otherLines.family(group.is);
        exempt.add({ before, after, sharedBefore: shared, sharedAfter: shared }, group.classes);
      }
      exempt.forEach((step, some) => found.ownNode(isRow, pods, found.podsOf(some), step));

      // Classes that say the same of all special ones are one entry.
      const alike = new Map<string, { readonly classes: number[]; readonly steps: Steps }>();
      for (const c of classes) {
        const mine = new Steps();
        for (const other of special) {
          const before = own.get(c)!.touched.get(other) ?? block(was, lineBefore(other));
          const after = touchedNow.get(c)!.get(other) ?? block(is, otherLines.of[other]!);
          if (before === after) continue;
          const shared = matrix.familyOf(c) & matrix.familyOf(other);
          mine.add({ before, after, sharedBefore: shared, sharedAfter: shared }, [other]);
        }
        const known = alike.get(mine.key);
        if (known === undefined) alike.set(mine.key, { classes: [c], steps: mine });
        else known.classes.push(c);
      }
      for (const group of alike.values()) {
        const some = found.podsOf(group.classes);
        group.steps.forEach((step, others) => found.pairs(isRow, some, found.podsOf(others), step));
      }
    }
  }

  /**
   * What has changed for one pod that is new, gone or different, and nobody else.
   *
   * @param was - the pod and its class before, which must be remembered in both directions
   * @param is - its number now
   */
  ofPod(
    before: Before,
    was: { readonly pod: Pod; readonly c: number; readonly family: number } | undefined,
    is: number | undefined,
  ): Difference {
    const engine = this.#engine;
    const matrix = this.#matrix;
    const found = new Findings(engine);
    const now = is === undefined ? undefined : { pod: engine.pods[is]!, c: engine.classes.of(is) };
    const pod = now?.pod ?? was?.pod;
    if (pod === undefined) return found.finish();
    const familyBefore = was?.family ?? 0;
    const familyAfter = now === undefined ? 0 : matrix.familyOf(now.c);
    const exempt = [...new Set([was?.pod, now?.pod])].flatMap((each) => engine.besides(each));
    const special = new Set(exempt.filter((number) => number !== is));

    for (const direction of ['egress', 'ingress'] as const) {
      const isRow = direction === 'egress';
      const [ownLines, otherLines] = isRow ? [matrix.rows, matrix.columns] : [matrix.columns, matrix.rows];
      const block = (line: number, other: number): number =>
        isRow ? matrix.block(line, other) : matrix.block(other, line);
      const old = was === undefined ? undefined : before[direction].get(was.c);
      const touched = new Map<number, number>();
      if (now !== undefined)
        matrix.touchedBy(direction, now.c, (other, access) => touched.set(other, access));
      const stepTo = (c: number): Step => {
        const line = otherLines.of[c]!;
        return {
          before: old === undefined ? 0 : (old.touched.get(c) ?? block(old.line, line)),
          after: now === undefined ? 0 : (touched.get(c) ?? block(ownLines.of[now.c]!, line)),
          sharedBefore: familyBefore & matrix.familyOf(c),
          sharedAfter: familyAfter & matrix.familyOf(c),
        };
      };
      const steps = new Steps();
      for (let c = 0; c < matrix.weight.length; c++) if (matrix.weight[c]! > 0) steps.add(stepTo(c), [c]);
      steps.forEach((step, classes) => {
        const pods: Pod[] = [];
        for (const c of classes) {
          for (const number of engine.classes.pods.copy(c)) {
            if (number !== is && !special.has(number)) pods.push(engine.pods[number]!);
          }
        }
        found.emit(isRow ? [pod] : pods, isRow ? pods : [pod], step);
      });
      for (const number of special) {
        const other = engine.pods[number]!;
        const step = stepTo(engine.classes.of(number));
        const line = otherLines.of[engine.classes.of(number)]!;
        const free = (own: number): number =>
          isRow ? matrix.ofOwnNode(own, line) : matrix.ofOwnNode(line, own);
        const exempts = (own: Pod, its: Pod): boolean =>
          isRow ? engine.exempts(own, its) : engine.exempts(its, own);
        const freed = {
          ...step,
          before: was !== undefined && exempts(was.pod, other) ? free(old!.line) : step.before,
          after: now !== undefined && exempts(now.pod, other) ? free(ownLines.of[now.c]!) : step.after,
        };
        found.emit(isRow ? [pod] : [other], isRow ? [other] : [pod], freed);
      }
      found.addOutside(
        direction,
        [pod],
        old?.profile,
        now === undefined ? undefined : matrix.side(direction).profileOf[now.c]!,
        familyBefore,
        familyAfter,
      );
    }
    // A pod that stands for several: they are pairs among themselves.
    const selfBefore = was !== undefined && was.pod.replicas > 1;
    const selfAfter = now !== undefined && now.pod.replicas > 1;
    if (selfBefore || selfAfter) {
      const old = selfBefore ? before.egress.get(was.c)! : undefined;
      const step = {
        before:
          old === undefined
            ? 0
            : (old.touched.get(was!.c) ?? matrix.block(old.line, before.ingress.get(was!.c)!.line)),
        after: selfAfter ? matrix.access(now.c, now.c) : 0,
        sharedBefore: selfBefore ? familyBefore : 0,
        sharedAfter: selfAfter ? familyAfter : 0,
      };
      found.emit([pod], [pod], step);
    }
    return found.finish((each) => (each === pod ? selfBefore || selfAfter : each.replicas > 1));
  }
}

/** Classes by what happens to their access. */
class Steps {
  readonly #steps = new Map<string, { readonly step: Step; readonly classes: number[] }>();

  add(step: Step, classes: readonly number[]): void {
    const { before, after, sharedBefore, sharedAfter } = step;
    if (before === after && sharedBefore === sharedAfter) return;
    if (classes.length === 0) return;
    const key = `${before} ${after} ${sharedBefore} ${sharedAfter}`;
    const known = this.#steps.get(key);
    if (known === undefined) this.#steps.set(key, { step, classes: [...classes] });
    else for (const c of classes) known.classes.push(c);
  }

  /** Equal for equal steps of equal classes that were added in the same order. */
  get key(): string {
    return Array.from(this.#steps, ([key, { classes }]) => `${key}: ${classes.join()}`).join(';');
  }

  forEach(visit: (step: Step, classes: readonly number[]) => void): void {
    for (const { step, classes } of this.#steps.values()) visit(step, classes);
  }
}
