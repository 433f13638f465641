import type { Path } from '../../model/index.ts';
import type { ListOrigin, PodIntake, PodOrigins } from '../objects/index.ts';
import type { JsonExpectation } from '../text/index.ts';
import { isRecord } from '../validate/index.ts';
import type { ListMember, ListPlaces, Start } from './places.ts';

/** An object or list that is taken apart while it is read. */
export interface Frame {
  readonly kind: 'object' | 'items' | 'values';
  readonly start: Start;
  /** Of an object: what may come next. Of lists: whether a value has been. */
  expect: JsonExpectation;
  /** Of an object: its members as they are written, of `items` only the key; and where they stand. */
  readonly members: string[];
  readonly marks: ListMember[];
  membersLength: number;
  /** Of an object: its items, once it has some, and whether they still count. */
  items: Items | undefined;
  areItemsLast: boolean;
  /** What its members so far say of its items, worked out when it is asked for: members can be long, and lists many. */
  given: Given | undefined;
}

/** What a list says of items that do not say themselves what they are. */
export interface Given {
  /** As the scanner is told. */
  readonly header: number;
  readonly walked: number;
  /** `later`: it has not said a kind yet, and may do so behind its items. */
  readonly kind: 'yes' | 'no' | 'later';
}

/** Takes one value that has been read. */
export type Take = (value: unknown, origin: ListOrigin, duplicates: readonly Path[]) => void;

/** The items of a list. */
export interface Items {
  readonly values: unknown[];
  readonly origins: ListOrigin[];
  readonly duplicates: Path[];
  readonly list: ListPlaces;
  /** Items of the outermost list that say that they are pods: they are read at once, and not kept. */
  readonly pods: PodIntake | undefined;
  /** Where these stand. */
  readonly podOrigins: PodOrigins;
  /** So far, all items say themselves what they are. */
  arePodsPlain: boolean;
}

/** What pods are taken in as. */
export const podHeader = { apiVersion: 'v1', kind: 'Pod', namespaced: true };

/** Whether a value says that it is a pod. */
export function isPod(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && value.kind === 'Pod' && value.apiVersion === 'v1';
}

/** Whether a value says what it is, and neither is a pod to a server of any version nor a list that may hold some. */
export function isNoPod(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return false;
  return apiVersion !== '' && kind !== '' && kind.toLowerCase() !== 'pod' && !kind.endsWith('List');
}

/** Whether an item is no object of Kubernetes: its list has not given it a kind, or nothing looks as if it could. */
export function isForeignItem(value: unknown, given: Given['kind'] | undefined): boolean {
  if (!isRecord(value)) return true;
  if (typeof value.kind === 'string' && value.kind !== '') return false;
  return given === 'later' ? !isRecord(value.metadata) : given !== 'yes';
}
