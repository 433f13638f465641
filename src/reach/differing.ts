import type { Direction } from '../model/index.ts';
import { noAccess } from '../policy/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { byText } from './allowed.ts';
import { Connections } from './connections.ts';
import { ambiguousEntries } from './entries.ts';
import type { Entry } from './entries.ts';
import { entriesOf } from './entrance-access.ts';
import { MapEntrances } from './entrances.ts';
import { none } from './accesses.ts';
import type { Accesses } from './accesses.ts';
import type { MapQuery } from './map.ts';
import { rangeText } from './outside.ts';
import { labelOf } from './overview-lines.ts';
import { surveyOf } from './survey.ts';
import type { MapConnection, MapPeer } from './types.ts';

/** Whether a question can be compared by blocks: nodes are asked about one by one, and names of ports mean other numbers in each pod. */
export function isInBlocks({ ports, from, to, peer }: MapQuery): boolean {
  const ends = [...(from ?? []), ...(to ?? []), ...(peer ?? [])];
  return ports === undefined && ends.every(({ kind }) => kind !== 'nodes');
}

/** Pairs of ends by their ids; `undefined` stands for all addresses outside. */
export type EndPair = readonly [from: string | undefined, to: string | undefined];

/** The connections of one map, by what is open in any case and by what may be. */
class Side {
  readonly found: Connections;
  readonly #most: Connections | undefined;
  /** By access, or set of accesses: its number, of what is open in any case and of what may be. */
  readonly #numbers = [new Map<Accesses, number>(), new Map<Accesses, number>()] as const;
  /** By the two numbers: the number of the text. */
  readonly #texts = new Map<number, number>();
  readonly #names: Texts;

  constructor(found: Connections, names: Texts) {
    this.found = found;
    this.#most = found.possible;
    this.#names = names;
  }

  /** Both views: what is open in any case, and what may be, where that is more. */
  get views(): readonly Connections[] {
    return this.#most === undefined ? [this.found] : [this.found, this.#most];
  }

  /** The number of what documents list for some accesses. */
  textOf(sure: Accesses, most: Accesses, to: number): number {
    const a = numberOf(this.#numbers[0], sure);
    const b = this.#most === undefined ? 0 : numberOf(this.#numbers[1], most);
    const key = a * 0x400_0000 + b;
    let text = this.#texts.get(key);
    if (text === undefined) {
      const entries = this.found.entriesOf(sure, to);
      const all =
        this.#most === undefined
          ? entries
          : [...entries, ...ambiguousEntries(entries, this.#most.entriesOf(most, to))];
      text = this.#names.of(all.map(told).join(';'));
      this.#texts.set(key, text);
    }
    return text;
  }

  /** The number of what documents list for a pair of groups. */
  textBetween(from: number, to: number): number {
    const [sure, most] = this.views.map((view) => view.accesses(from, to));
    return this.textOf(sure ?? none, most ?? none, to);
  }
}

function told(entry: Entry): string {
  return `${labelOf(entry)}${entry.ambiguous === true ? ' ambiguous' : ''}`;
}

function numberOf(numbers: Map<Accesses, number>, accesses: Accesses): number {
  // None is written in two ways.
  const key = accesses === none ? noAccess : accesses;
  let number = numbers.get(key);
  if (number === undefined) numbers.set(key, (number = numbers.size));
  return number;
}

/** Equal texts have one number. */
class Texts {
  readonly #numbers = new Map<string, number>();

  of(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) this.#numbers.set(text, (number = this.#numbers.size));
    return number;
  }
}

/** By side: the number of a group there; -1 for one that it does not have. */
type Joint = readonly [number, number];

/**
 * The pairs of groups that two maps of one question answer differently, and the groups that differ with addresses outside:
 * blocks of groups with the same rows and columns in both are compared once, and single pairs where one of the maps has
 * something else than its block. Nodes, entrances and single ports are no part of it.
 *
 * @param one - of the same level and focus as `other`, without nodes and ports
 */
export function* differingPairs(one: Connections, other: Connections): Generator<EndPair, void> {
  const names = new Texts();
  const sides = [new Side(one, names), new Side(other, names)] as const;
  const joint = jointGroups(one, other);
  const views = sides.flatMap(({ views: own }, side) => own.map((view) => ({ view, side: side as 0 | 1 })));
  const idOf = ([a, b]: Joint): string => (a < 0 ? other.id(b) : one.id(a));

  // Who asks the same of all views, and has the same rows in all of them.
  const byParties = new Map<string, Map<string, Joint[]>>();
  for (const each of joint) {
    const parties = views.map(({ view, side }) => (each[side] < 0 ? -1 : view.demandsOf(each[side])));
    if (parties.every((party) => party < 0)) continue;
    const rows = views.map(({ view, side }, i) =>
      parties[i]! < 0 ? -1 : view.party(parties[i]!)!.access.rowsOf(each[side]),
    );
    append2(byParties, parties.join(), rows.join(), each);
  }
  for (const [parties, byRows] of byParties) {
    const accesses = parties.split(',').map((party, i) => views[i]!.view.party(Number(party))?.access);
    const byColumns = new Map<string, Joint[]>();
    for (const each of joint) {
      const columns = views.map(({ side }, i) => {
        const access = accesses[i];
        return access === undefined || each[side] < 0 || access.targets.members[each[side]] === 0
          ? -1
          : access.columnsOf(each[side]);
      });
      if (columns.every((column) => column < 0)) continue;
      append(byColumns, columns.join(), each);
    }
    const columnKeys = [...byColumns].map(([key, members]) => [key.split(',').map(Number), members] as const);
    for (const [rowKey, sources] of byRows) {
      const rows = rowKey.split(',').map(Number);
      const differing: (readonly Joint[])[] = [];
      for (const [columns, members] of columnKeys) {
        let at = 0;
        const text = (side: 0 | 1): number => {
          const shared = sides[side].views.map(() => {
            const i = at++;
            const [row, column] = [rows[i]!, columns[i]!];
            return row < 0 || column < 0 ? none : accesses[i]!.shared(row, column);
          });
          const to = members[0]![side];
          return sides[side].textOf(shared[0] ?? none, shared[1] ?? none, Math.max(to, 0));
        };
        if (text(0) !== text(1)) differing.push(members);
      }
      for (const from of sources) {
        // Pairs that some view knows apart from their blocks are asked about by themselves.
        const apart = new Set<string>();
        for (const [i, { view, side }] of views.entries()) {
          if (from[side] < 0 || accesses[i] === undefined) continue;
          for (const to of accesses[i].targetsApart(from[side])) apart.add(view.id(to));
        }
        const id = idOf(from);
        for (const members of differing)
          for (const to of members) if (!apart.has(idOf(to))) yield [id, idOf(to)];
        for (const to of apart) {
          const target = jointOf(one, other, to);
          const text = (side: 0 | 1): number =>
            from[side] < 0 || target[side] < 0
              ? sides[side].textOf(none, none, 0)
              : sides[side].textBetween(from[side], target[side]);
          if (text(0) !== text(1)) yield [id, to];
        }
      }
    }
  }
  for (const direction of ['egress', 'ingress'] as const) {
    const texts = sides.map(({ found }) => new OutsideTexts(found, direction, names));
    for (const each of joint) {
      const [a, b] = texts.map((text, side) => text.of(each[side as 0 | 1]));
      if (a !== b) yield direction === 'egress' ? [idOf(each), undefined] : [undefined, idOf(each)];
    }
  }
}

/** The groups of two maps, those with one id together. */
function jointGroups(one: Connections, other: Connections): readonly Joint[] {
  const found: Joint[] = one.groups.ids.map((id, group) => [group, other.groupOf(id)]);
  for (const [group, id] of other.groups.ids.entries()) if (one.groupOf(id) < 0) found.push([-1, group]);
  return found;
}

function jointOf(one: Connections, other: Connections, id: string): Joint {
  return [one.groupOf(id), other.groupOf(id)];
}

/**
 * A question as one profile answers it: the map without its listing, of which only what is asked for is worked out.
 */
export class Answer {
  readonly found: Connections;
  readonly entrances: MapEntrances;

  constructor(policy: CompiledPolicy, query: MapQuery) {
    this.found = new Connections(policy, query);
    this.entrances = new MapEntrances(
      policy,
      this.found,
      entriesOf(policy.cluster, query.controllers).entries,
    );
  }

  /** The pairs that another profile answers differently, entrances among the sources. */
  *differing(other: Answer): Generator<EndPair, void> {
    yield* differingPairs(this.found, other.found);
    for (const id of new Set([...this.entrances.rows.keys(), ...other.entrances.rows.keys()])) {
      const [a, b] = [this, other].map(({ entrances }) =>
        Map.groupBy(entrances.rows.get(id) ?? [], ({ to }) => to),
      );
      for (const to of new Set([...a!.keys(), ...b!.keys()]))
        if (JSON.stringify(a!.get(to)) !== JSON.stringify(b!.get(to))) yield [id, to];
    }
  }

  /** Whether another profile gives another answer: other connections, or other pods. */
  differs(other: Answer): boolean {
    const [peers, others] = [this, other].map((each) => each.#shown());
    return peers !== others || this.differing(other).next().done !== true;
  }

  /** The groups that are peers of the map, with their numbers of pods. */
  #shown(): string {
    const { found, entrances } = this;
    const { groups, focus, possible } = found;
    const surveys = focus.isFocused ? [found, possible].map((view) => view && surveyOf(view)) : [];
    return groups.ids
      .map((id, group) => `${id} ${groups.weight[group]}`)
      .filter(
        (_, group) =>
          !focus.isFocused ||
          found.isNamed(group) ||
          entrances.targets.has(group) ||
          surveys.some((survey) => survey?.isConnected[group] === 1),
      )
      .sort(byText)
      .join('\n');
  }

  /** The connections of some pairs, as the map lists them, and the peers that they have. */
  listed(pairs: Iterable<EndPair>): { readonly peers: MapPeer[]; readonly connections: MapConnection[] } {
    const { found, entrances } = this;
    const connections: MapConnection[] = [];
    const peers = new Map<string, MapPeer>();
    const peerOf = (id: string): number => {
      const group = found.groupOf(id);
      if (group >= 0 && !peers.has(id)) peers.set(id, found.groups.peer(group));
      return group;
    };
    const add = (from: string, to: string, entries: readonly Entry[]): void => {
      for (const { allowed, family, partial, ambiguous } of entries) {
        connections.push({
          from,
          to,
          allowed,
          ...(family === undefined ? {} : { family }),
          ...(partial ? { partial } : {}),
          ...(ambiguous === true ? { ambiguous } : {}),
        });
      }
    };
    for (const [from, to] of pairs) {
      if (from !== undefined && to !== undefined) {
        const [source, target] = [peerOf(from), peerOf(to)];
        const entered = entrances.rows.get(from);
        if (entered !== undefined) for (const each of entered) if (each.to === to) connections.push(each);
        if (entered === undefined && source >= 0 && target >= 0) add(from, to, found.between(source, target));
        continue;
      }
      const group = peerOf((from ?? to)!);
      if (group < 0) continue;
      for (const [index, entries] of found.outsideOf(from === undefined ? 'ingress' : 'egress', group)) {
        const { id, ranges } = found.outside.peer(index);
        if (!peers.has(id)) peers.set(id, { id, kind: 'ip', ranges: ranges.map(rangeText) });
        if (from === undefined) add(id, to!, entries);
        else add(from, id, entries);
      }
    }
    return { peers: [...peers.values(), ...entrances.peers], connections };
  }
}

/** What groups may use outside in one direction, as numbers of texts that are equal where the access is. */
class OutsideTexts {
  readonly #found: Connections;
  readonly #direction: Direction;
  readonly #names: Texts;
  readonly #known = new Map<string, number>();

  constructor(found: Connections, direction: Direction, names: Texts) {
    this.#found = found;
    this.#direction = direction;
    this.#names = names;
  }

  of(group: number): number {
    const found = this.#found;
    const views = found.possible === undefined ? [found] : [found, found.possible];
    const key =
      group < 0
        ? ''
        : `${views.map((view) => view.outside.accessOf[this.#direction][group]).join()} ${found.traits(group)}`;
    let text = this.#known.get(key);
    if (text === undefined) {
      text = this.#names.of(group < 0 ? '' : this.#textOf(group, views));
      this.#known.set(key, text);
    }
    return text;
  }

  /** Every range with what may be used there: those that touch and are alike are one, however the outside is cut. */
  #textOf(group: number, views: readonly Connections[]): string {
    const ofViews = views.map((view) => {
      const open = Array.from(view.addresses.open(this.#direction, group), ({ peer, set, partial }) => ({
        ranges: view.outside.peer(peer).ranges,
        label: `${set.key}${partial ? ' partial' : ''}`,
      }));
      const pieces = open
        .flatMap(({ ranges, label }) => ranges.map((range) => ({ ...range, label })))
        .sort((a, b) =>
          a.family === b.family ? (a.first < b.first ? -1 : 1) : a.family < b.family ? -1 : 1,
        );
      const texts: string[] = [];
      let last: (typeof pieces)[number] | undefined;
      let start = 0n;
      const close = (): void => {
        if (last !== undefined) texts.push(`${last.family} ${start}-${last.last} ${last.label}`);
      };
      for (const piece of pieces) {
        const continues =
          last?.family === piece.family && last.label === piece.label && last.last + 1n === piece.first;
        if (!continues) {
          close();
          start = piece.first;
        }
        last = piece;
      }
      close();
      return texts.join(';');
    });
    // Where nothing may be more than what is open in any case, there is nothing ambiguous.
    return ofViews.length === 2 && ofViews[0] === ofViews[1] ? ofViews[0]! : ofViews.join('|');
  }
}

function append<K, T>(lists: Map<K, T[]>, key: K, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function append2<T>(lists: Map<string, Map<string, T[]>>, key: string, inner: string, item: T): void {
  let of = lists.get(key);
  if (of === undefined) lists.set(key, (of = new Map<string, T[]>()));
  append(of, inner, item);
}
