import type { LabelSelector, Operator, Requirement } from '../model/index.ts';
import { UsageError } from './exit.ts';

const key = String.raw`[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,315}[A-Za-z0-9])?`;
const value = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?`;
const equality = new RegExp(`^(${key})\\s*(==|=|!=)\\s*(${value})$`);
const membership = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const existence = new RegExp(`^(!?)\\s*(${key})$`);
const oneValue = new RegExp(`^${value}$`);

/**
 * Reads a selector as kubectl's `-l` does: `app=web,tier in (a, b),env!=prod,!canary,zone`.
 *
 * @throws UsageError when `text` is none
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#list-and-watch-filtering
 */
export function parseSelector(text: string): LabelSelector {
  if (text.trim() === '') return { requirements: [] };
  return { requirements: split(text).map((part, index) => parseRequirement(part.trim(), index, text)) };
}

/** At the commas that stand outside of parentheses. */
function split(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')') depth--;
    else if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

function parseRequirement(part: string, index: number, whole: string): Requirement {
  const requirement = (name: string, operator: Operator, values: readonly string[]): Requirement => ({
    key: name,
    operator,
    values,
    written: index,
  });
  const equals = equality.exec(part);
  if (equals !== null) {
    return requirement(equals[1] ?? '', equals[2] === '!=' ? 'NotIn' : 'In', [equals[3] ?? '']);
  }
  const among = membership.exec(part);
  if (among !== null) {
    const values = (among[3] ?? '').split(',').map((one) => one.trim());
    if (values.every((one) => oneValue.test(one))) {
      return requirement(among[1] ?? '', among[2] === 'in' ? 'In' : 'NotIn', values);
    }
  }
  const exists = existence.exec(part);
  if (exists !== null) return requirement(exists[2] ?? '', exists[1] === '!' ? 'DoesNotExist' : 'Exists', []);
  throw new UsageError(
    `"${part}" in the selector "${whole}" cannot be read`,
    'selectors read as in kubectl: app=web,tier in (a,b),env!=prod,!canary',
  );
}
