import type { Cluster } from '../model/index.ts';
import { byText } from './allowed.ts';
import type { NotModelledEntry } from './types.ts';

/**
 * What podwall knows of but cannot answer for, as documents list it; sorted by kind, namespace and name.
 *
 * @param concerning - only what makes the answer about one of these workloads uncertain
 */
export function notModelledEntries(
  cluster: Cluster,
  concerning?: ReadonlySet<string>,
): readonly NotModelledEntry[] {
  let all: readonly string[] | undefined;
  return cluster.notModelled
    .filter(
      ({ affects, effect }) =>
        concerning === undefined ||
        (effect !== 'none' &&
          (affects === 'all' ? concerning.size > 0 : affects.some((id) => concerning.has(id)))),
    )
    .map(({ ref, origin, affects, effect }): NotModelledEntry => {
      const { file, line } = origin.locate([]);
      const ids = (): readonly string[] =>
        affects === 'all'
          ? (all ??= cluster.workloads.map(({ id }) => id).sort(byText))
          : affects.toSorted(byText);
      return { ...ref, affects: effect === 'none' ? [] : ids(), file, line };
    })
    .sort(
      (a, b) =>
        byText(a.apiVersion, b.apiVersion) ||
        byText(a.kind, b.kind) ||
        byText(a.namespace ?? '', b.namespace ?? '') ||
        byText(a.name, b.name),
    );
}
