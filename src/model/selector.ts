/** Labels of a pod, namespace or node. A `Map`, so that a key such as `__proto__` is a key like any other. */
export type Labels = ReadonlyMap<string, string>;

/** Corner 18. `NotIn` also matches objects that lack the key. */
export type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

/** One condition on one key. An entry of `matchLabels` is `In` with one value. */
export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  /** At least one for `In` and `NotIn`, none for the others (corner 20). */
  readonly values: readonly string[];
  /** Where it was written: in `matchLabels`, or at this index of `matchExpressions`. */
  readonly written: 'matchLabels' | number;
}

/** All requirements must hold; without any, everything matches (corner 17). */
export interface LabelSelector {
  readonly requirements: readonly Requirement[];
}

/** Whether `labels` satisfy one requirement (corners 18 and 19). */
export function satisfies(labels: Labels, requirement: Requirement): boolean {
  const value = labels.get(requirement.key);
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value);
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** Whether `labels` satisfy every requirement of `selector` (corner 17). */
export function matches(selector: LabelSelector, labels: Labels): boolean {
  return selector.requirements.every((requirement) => satisfies(labels, requirement));
}
