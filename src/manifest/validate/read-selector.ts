import type { LabelSelector, Requirement } from '../../model/index.ts';
import { parseCidr } from '../../net/index.ts';
import type { ParsedCidr } from '../../net/index.ts';
import { isLabelKey, isLabelValue } from './names.ts';
import { isRecord } from './schema.ts';

/** The empty selector, as one instance (corner 17). */
export const selectsEverything: LabelSelector = { requirements: [] };

const noItems: readonly unknown[] = [];

/**
 * Reads a LabelSelector as the API server understands it (corners 17 to 20): absent and null select everything.
 *
 * @param stray - called for what is not understood, and for fields that are not known and change nothing
 * @returns `undefined` when some part of it cannot be understood
 */
export function readLabelSelector(raw: unknown, stray: () => void): LabelSelector | undefined {
  if (raw === null || raw === undefined) return selectsEverything;
  const selector = isRecord(raw) ? fieldsOf(raw, stray) : undefined;
  if (selector === undefined) stray();
  return selector;
}

function fieldsOf(raw: Readonly<Record<string, unknown>>, stray: () => void): LabelSelector | undefined {
  let labels: unknown;
  let expressions: unknown;
  for (const key of Object.keys(raw)) {
    if (key === 'matchLabels') labels = raw[key];
    else if (key === 'matchExpressions') expressions = raw[key];
    else stray();
  }
  const base = labels === undefined || labels === null ? selectsEverything : matchLabelsOf(labels);
  const list = listOf(expressions);
  if (base === undefined || list === undefined) return undefined;
  if (list.length === 0) return base;
  const requirements = [...base.requirements];
  for (const [index, item] of list.entries()) {
    const requirement = requirementOf(item, index, stray);
    if (requirement === undefined) return undefined;
    requirements.push(requirement);
  }
  return { requirements };
}

function requirementOf(raw: unknown, written: number, stray: () => void): Requirement | undefined {
  if (!isRecord(raw)) return undefined;
  let key: unknown;
  let operator: unknown;
  let list: unknown;
  for (const field of Object.keys(raw)) {
    if (field === 'key') key = raw[field];
    else if (field === 'operator') operator = raw[field];
    else if (field === 'values') list = raw[field];
    else stray();
  }
  const items = listOf(list);
  if (items === undefined || typeof key !== 'string' || !isLabelKey(key)) return undefined;
  const values: string[] = [];
  for (const item of items) {
    const value = item ?? '';
    if (typeof value !== 'string' || !isLabelValue(value)) return undefined;
    values.push(value);
  }
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 ? { key, operator, values, written } : undefined;
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0 ? { key, operator, values, written } : undefined;
    default:
      return undefined;
  }
}

/** Absent and null are the empty list; `undefined` when it is no list at all. */
function listOf(raw: unknown): readonly unknown[] | undefined {
  if (raw === undefined || raw === null) return noItems;
  return Array.isArray(raw) ? (raw as readonly unknown[]) : undefined;
}

const remembered = 20_000;
let selectors = new Map<string, LabelSelector>();
let cidrs = new Map<string, ParsedCidr>();

/** Equal matchLabels give the same instance, and are judged once. `undefined` when they are invalid. */
function matchLabelsOf(raw: unknown): LabelSelector | undefined {
  if (!isRecord(raw)) return undefined;
  let text = '';
  let count = 0;
  for (const key of Object.keys(raw)) {
    const value = raw[key] ?? '';
    if (typeof value !== 'string') return undefined;
    text += `${key}=${value},`;
    count++;
  }
  if (count === 0) return selectsEverything;
  // Good keys and values hold neither sign, so with the count in front no bad ones can spell the text of good ones:
  // they would have more signs than that.
  text = `${count} ${text}`;
  const known = selectors.get(text);
  if (known !== undefined) return known;
  const requirements: Requirement[] = [];
  for (const key of Object.keys(raw)) {
    const value = raw[key] ?? '';
    if (typeof value !== 'string' || !isLabelKey(key) || !isLabelValue(value)) return undefined;
    requirements.push({ key, operator: 'In', values: [value], written: 'matchLabels' });
  }
  const selector: LabelSelector = { requirements };
  if (text.length <= 1000) {
    if (selectors.size >= remembered) selectors = new Map();
    selectors.set(text, selector);
  }
  return selector;
}

/** As `parseCidr`; the same text gives the same instance. */
export function readCidr(text: string): ParsedCidr | undefined {
  const known = cidrs.get(text);
  if (known !== undefined) return known;
  const parsed = parseCidr(text);
  if (parsed === undefined || text.length > 100) return parsed;
  if (cidrs.size >= remembered) cidrs = new Map();
  cidrs.set(text, parsed);
  return parsed;
}
