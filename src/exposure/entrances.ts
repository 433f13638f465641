import type { NamedController } from '../entry/index.ts';
import type { Pod } from '../model/index.ts';
import { PortSet } from '../net/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { allowedPorts, EntranceAccess, entriesOf } from '../reach/index.ts';
import { byText } from './literals.ts';
import type { Exposed } from './types.ts';
import { portIn } from './uses.ts';

/** What comes in through one entrance to pods of one workload and class. */
interface Led {
  readonly entry: string;
  readonly k: number;
  readonly workload: string;
  /** Not where policies of equal priority disagree about it (corner 60). */
  readonly isSure: boolean;
  ports: PortSet;
}

/** Which pods entrances lead to, as far as the policies admit who opens the connections there (corner 51). */
export class Entrances {
  readonly #byClass: ReadonlyMap<number, readonly Led[]>;

  /**
   * @param pods - those that are asked about; absent: all
   * @param controllers - whose pods serve entrances, where the caller knows them
   */
  constructor(
    policy: CompiledPolicy,
    pods: ReadonlySet<Pod> | undefined,
    controllers: readonly NamedController[] | undefined,
  ) {
    const { entries } = entriesOf(policy.cluster, controllers);
    const sure = new EntranceAccess(policy, entries);
    const possible = policy.possible === policy ? undefined : new EntranceAccess(policy.possible, entries);
    const { classes } = policy.parts;
    const led = new Map<string, Led>();
    for (const entry of entries) {
      for (const { protocol, targets } of entry.ways) {
        for (const target of targets) {
          const { pod, port } = target;
          const at = classes.indexOf(pod);
          if (at < 0 || (pods !== undefined && !pods.has(pod))) continue;
          const admits = (access: EntranceAccess | undefined): boolean =>
            access !== undefined && access.of(entry, target, protocol).some.length > 0;
          const isSure = admits(sure);
          if (!isSure && !admits(possible)) continue;
          const k = classes.classOf[at]!;
          const key = `${entry.id} ${k} ${pod.workload} ${isSure}`;
          let own = led.get(key);
          if (own === undefined) {
            own = { entry: entry.id, k, workload: pod.workload, isSure, ports: PortSet.none };
            led.set(key, own);
          }
          own.ports = own.ports.union(PortSet.range(protocol, port, port));
        }
      }
    }
    this.#byClass = Map.groupBy(led.values(), ({ k }) => k);
  }

  /**
   * What leads to pods of some classes, as entries of an exposure.
   *
   * @param between - the policies of equal priority that bind these pods
   */
  of(
    classes: readonly number[],
    workloads: readonly string[],
    between: () => readonly string[],
  ): readonly Exposed[] {
    const groups = new Map<
      string,
      Pick<Led, 'ports' | 'isSure'> & { readonly id: string; readonly led: Set<string> }
    >();
    const asked = new Set(workloads);
    const perWorkload = new Map<string, Led>();
    for (const k of classes) {
      for (const each of this.#byClass.get(k) ?? []) {
        if (!asked.has(each.workload)) continue;
        const key = `${each.entry} ${each.workload} ${each.isSure}`;
        const known = perWorkload.get(key);
        perWorkload.set(key, known === undefined ? each : { ...each, ports: known.ports.union(each.ports) });
      }
    }
    for (const { entry: id, workload, ports, isSure } of perWorkload.values()) {
      const key = `${id} ${ports.key} ${isSure}`;
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { ports, id, isSure, led: new Set([workload]) });
      else known.led.add(workload);
    }
    return [...groups.values()].map(({ ports, id, isSure, led }): Exposed => ({
      kind: 'entry',
      exposure: 'entry',
      id,
      workloads: [...led].sort(byText),
      allowed: allowedPorts(ports),
      because: [],
      ...(!isSure && { ambiguous: true as const, between: between() }),
      witness: { kind: 'entry', entry: id, ...portIn(ports) },
    }));
  }
}
