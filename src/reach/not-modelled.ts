import type { Cluster } from '../model/index.ts';
import { byText } from './allowed.ts';
import type { NotModelledEntry } from './types.ts';

/** What podwall knows of but cannot answer for, as documents list it; sorted by kind, namespace and name. */
export function notModelledEntries(cluster: Cluster): readonly NotModelledEntry[] {
  const all = cluster.workloads.map(({ id }) => id).sort(byText);
  return cluster.notModelled
    .map(({ ref, origin, affects, effect }): NotModelledEntry => {
      const { file, line } = origin.locate([]);
      const ids = affects === 'all' ? all : affects.toSorted(byText);
      return { ...ref, affects: effect === 'none' ? [] : ids, file, line };
    })
    .sort(
      (a, b) =>
        byText(a.apiVersion, b.apiVersion) ||
        byText(a.kind, b.kind) ||
        byText(a.namespace ?? '', b.namespace ?? '') ||
        byText(a.name, b.name),
    );
}
