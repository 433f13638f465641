import type { Direction } from '../model/index.ts';
import { families } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import { familyBits } from '../policy/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { Admissions } from './lines.ts';
import type { Admitted } from './lines.ts';
import type { NamespaceSpace } from './namespaces.ts';
import type { OwnSide, OwnSides } from './own-side.ts';
import type { TierSpace } from './tier-space.ts';
import type { UseTable } from './uses.ts';

/** Pods with the same policies in one direction, of whom everybody else says the same. */
export interface Unit {
  readonly direction: Direction;
  /** The class of one of the pods. */
  readonly k: number;
  readonly example: PolicyEnd;
  readonly said: Admitted;
  /** By family of the pods: what others say of them. */
  readonly sides: readonly (readonly [family: Family, side: OwnSide, tiers: string])[];
  /** The tiers that bind the pods. */
  readonly list: number;
  readonly classes: number[];
}

/** What some policies say, and the pods that they bind, by what others say of these. */
interface Bound {
  readonly said: Admitted;
  readonly units: Map<string, Unit>;
}

/** What decides about units of pods. */
export interface UnitTables {
  readonly policy: CompiledPolicy;
  readonly space: NamespaceSpace;
  readonly uses: UseTable;
  readonly tiers: TierSpace;
  /** What others say of pods, by the direction of these. */
  readonly others: { readonly [direction in Direction]: OwnSides };
}

/**
 * Puts classes together that policies treat alike in one direction.
 *
 * @param ask - the classes that are asked about
 */
export function unitsOf(direction: Direction, ask: Iterable<number>, tables: UnitTables): readonly Unit[] {
  const { policy, space, uses, tiers } = tables;
  const { classes, groups, rules, ports, groupsOf } = policy.parts;
  const { isolates } = rules[direction];
  const others = tables.others[direction];
  const admissions = new Admissions(policy, direction, space, uses);
  const isIsolating = groups.map(({ policies }) => policies.some((index) => isolates[index] === 1));
  // Names of ports mean what they mean on the pods that are exposed (corner 28).
  const namesIn = groups.map(({ policies }, group) =>
    direction === 'ingress' && isIsolating[group]!
      ? policies.flatMap((index) => admissions.namesIn(index))
      : [],
  );
  const bound = new Map<string, Bound>();
  const sideIds = new Map<OwnSide, number>();
  const units: Unit[] = [];
  for (const k of ask) {
    const selections = classes.host[k] === 1 ? [] : groupsOf(k);
    let policies = classes.host[k] === 1 ? 'host' : '';
    for (const { group, unsure } of selections) {
      if (!isIsolating[group]!) continue;
      policies += unsure ? `${group}?,` : `${group},`;
      for (const spec of namesIn[group]!) policies += `${ports.resolve(spec, classes.portMap[k]!)}.`;
    }
    let own = bound.get(policies);
    if (own === undefined) {
      own = { said: admissions.of(k, selections), units: new Map<string, Unit>() };
      bound.set(policies, own);
    }
    const subject: PolicyEnd = { kind: 'pod', pod: classes.pods[classes.example[k]!]! };
    const bits = classes.family[k]!;
    const list = tiers.rules.listOf(direction, k);
    const sides: (readonly [Family, OwnSide, string])[] = [];
    let key = `${bits} ${list}`;
    for (const family of families) {
      if ((bits & familyBits[family]) === 0) continue;
      const side = others.of(subject, k, family);
      const signature = tiers.rules.signature(direction, subject, k, family);
      let id = sideIds.get(side);
      if (id === undefined) sideIds.set(side, (id = sideIds.size));
      key += ` ${id} ${signature}`;
      sides.push([family, side, signature]);
    }
    const known = own.units.get(key);
    if (known !== undefined) known.classes.push(k);
    else {
      const unit = { direction, k, example: subject, said: own.said, sides, list, classes: [k] };
      own.units.set(key, unit);
      units.push(unit);
    }
  }
  return units;
}
