import type { Path } from '../../model/index.ts';
import type { Report } from './field-error.ts';
import { labelKeyProblems, labelValueProblems } from './names.ts';

/** A decoded `metav1.LabelSelector`. */
export interface SelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly ExpressionObject[];
}

/** A decoded `metav1.LabelSelectorRequirement`. */
export interface ExpressionObject {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

/**
 * Validates a label selector as the API server does (corner 20).
 *
 * @param allowInvalidValues - values in matchExpressions are not looked at: on an update of an object whose own
 *   selector was already invalid
 * @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go
 */
export function validateLabelSelector(
  selector: SelectorObject,
  path: Path,
  report: Report,
  allowInvalidValues = false,
): void {
  if (selector.matchLabels !== undefined) {
    validateLabels(selector.matchLabels, [...path, 'matchLabels'], report);
  }
  for (const [index, expression] of (selector.matchExpressions ?? []).entries()) {
    validateExpression(expression, [...path, 'matchExpressions', index], report, allowInvalidValues);
  }
}

/** Validates a map of labels: each error is on the whole map, as the API reports it. */
export function validateLabels(labels: Readonly<Record<string, string>>, path: Path, report: Report): void {
  for (const [key, value] of Object.entries(labels)) {
    for (const message of labelKeyProblems(key)) {
      report({ path, type: 'Invalid', code: 'label-key-invalid', message, value: key });
    }
    for (const message of labelValueProblems(value)) {
      report({ path, type: 'Invalid', code: 'label-value-invalid', message, value, expected: [key] });
    }
  }
}

function validateExpression(
  expression: ExpressionObject,
  path: Path,
  report: Report,
  allowInvalidValues: boolean,
): void {
  const values = expression.values ?? [];
  switch (expression.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        report({
          path: [...path, 'values'],
          type: 'Required',
          code: 'selector-values-missing',
          message: "must be specified when `operator` is 'In' or 'NotIn'",
          value: expression.operator,
        });
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        report({
          path: [...path, 'values'],
          type: 'Forbidden',
          code: 'selector-values-forbidden',
          message: "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          value: expression.operator,
        });
      }
      break;
    default:
      report({
        path: [...path, 'operator'],
        type: 'Invalid',
        code: 'selector-operator-invalid',
        message: 'not a valid selector operator',
        value: expression.operator ?? '',
      });
  }
  const key = expression.key ?? '';
  for (const message of labelKeyProblems(key)) {
    report({ path: [...path, 'key'], type: 'Invalid', code: 'label-key-invalid', message, value: key });
  }
  if (allowInvalidValues) return;
  for (const [index, value] of values.entries()) {
    for (const message of labelValueProblems(value)) {
      report({
        path: [...path, 'values', index],
        type: 'Invalid',
        code: 'label-value-invalid',
        message,
        value,
        expected: [key],
      });
    }
  }
}
