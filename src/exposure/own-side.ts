import type { Direction, Rule } from '../model/index.ts';
import type { Family } from '../net/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { byText, cubeFrom, difference, includes, intersection, merged } from './cubes.ts';
import type { Cube } from './cubes.ts';
import type { NamespaceSpace, Places } from './namespaces.ts';
import { isCovered, minimal } from './regions.ts';
import type { Line } from './regions.ts';
import { allLeft } from './tier-space.ts';
import type { Left } from './tier-space.ts';
import { noUse } from './uses.ts';
import type { UseTable } from './uses.ts';

/** Potential pods with what they may use. */
export interface Part {
  readonly pods: Cube;
  readonly use: number;
}

/** What of a line holds for the potential pods of one namespace. */
export interface Effective {
  readonly state: 'open' | 'partly' | 'closed';
  /** The pods that get through, with what they may use; worked out when it is first asked for. */
  readonly parts: () => readonly Part[];
  /** Whether it was too much to decide; then `parts` is what is certain. */
  readonly isUndecided: boolean;
}

/** The policies of one namespace that select the same potential pods, and isolate them. */
interface Entry {
  readonly namespace: number;
  readonly pods: Cube;
  /** Indices in `cluster.policies`. */
  readonly policies: readonly number[];
  /** Index of `pods` in the structure of the namespace. */
  at: number;
}

/** A rule that lets the pods of an entry talk with whom one of its peers means. */
interface User {
  readonly entry: number;
  /** Index in `cluster.policies`, and of the rule. */
  readonly policy: number;
  readonly rule: number;
  /** Of its ports, in the compiled policy. */
  readonly spec: number;
}

/** The pods that the policies of some namespaces isolate: namespaces with equal selectors share one. */
interface Structure {
  readonly id: number;
  readonly selected: readonly Cube[];
  /** By cube: what of it no policy selects; `undefined` where it was too much to work out. */
  readonly free: Map<string, readonly Cube[] | undefined>;
}

/** What a namespace says about its potential pods and one subject; pods that no policy selects are not isolated. */
interface Content {
  readonly id: number;
  readonly structure: Structure;
  /** By index in `structure.selected`: what rules let these pods use with the subject, where it is something. */
  readonly used: ReadonlyMap<number, number>;
  /** What holds for the pods of which `used` says nothing. */
  readonly usual: ReadonlyMap<number, number>;
  /** By cube, then by what is asked of it. */
  readonly effective: Map<Cube, Map<string, Effective>>;
}

/** What namespaces say about all subjects that the same widely used peers mean. */
interface Base {
  readonly contents: ReadonlyMap<number, Content>;
  readonly groups: readonly { readonly content: Content; readonly namespaces: readonly number[] }[];
  /** By namespaces, then by the rest of a line: what is left of it. */
  readonly narrowed: WeakMap<Places, Map<string, Narrowed>>;
}

/** What the namespaces that exist leave of a line, but for those that treat the subject in a way of their own. */
interface Narrowed {
  /** Namespaces no potential pod of which gets through, and those that let some through. Ascending within each content. */
  readonly closed: readonly number[];
  readonly partly: readonly { readonly namespaces: readonly number[]; readonly effective: Effective }[];
  readonly undecided: readonly number[];
  readonly stateOf: ReadonlyMap<number, Effective['state']>;
}

/** What the namespaces that exist say about one subject. Namespaces that isolate no potential pod say nothing. */
export interface OwnSide {
  readonly base: Base;
  /** Namespaces that treat this subject in a way of their own. */
  readonly own: ReadonlyMap<number, Content>;
}

/** Peers that are used at more entries than this are looked at once for all subjects that they mean. */
const mostSparse = 16;
/** More pieces than these of what no policy selects are not worked out. */
const mostPieces = 512;

/**
 * What the policies of the namespaces that exist say about pods that do not exist yet: these are bound by them as soon as
 * they are there (corners 7 and 8). A namespace that does not exist yet has no policies.
 *
 * Worked out for one direction: `egress` of potential pods towards subjects, or their `ingress` from subjects.
 */
export class OwnSides {
  readonly #policy: CompiledPolicy;
  readonly #direction: Direction;
  readonly #uses: UseTable;
  readonly #space: NamespaceSpace;
  readonly #entries: Entry[] = [];
  readonly #entriesOf = new Map<number, number[]>();
  /** By peer of the compiled policy. */
  readonly #users = new Map<number, User[]>();
  /** Rules that let everybody in or out. */
  readonly #ofEverybody: User[] = [];
  /** By class: the peers with users that mean it, those with many users apart; ipBlocks are by cell. */
  readonly #sparseOf: (number[] | undefined)[] = [];
  readonly #denseOf: (number[] | undefined)[] = [];
  readonly #blocksOfCell = new Map<number, number[]>();
  readonly #structures = new Map<number, Structure>();
  readonly #contents = new Map<string, Content>();
  readonly #bases = new Map<string, Base>();
  readonly #sides = new Map<string, OwnSide>();
  readonly #isolating = new Map<Cube, Map<number, readonly number[]>>();
  /** Whether what rules let use depends on the ports that the subject declares. */
  readonly #isNamed: boolean;

  constructor(policy: CompiledPolicy, direction: Direction, uses: UseTable, space: NamespaceSpace) {
    this.#policy = policy;
    this.#direction = direction;
    this.#uses = uses;
    this.#space = space;
    const { cluster, parts } = policy;
    for (const group of parts.groups) {
      const isolating = group.policies.filter((i) => parts.rules[direction].isolates[i] === 1);
      const [first] = isolating;
      const pods = first === undefined ? undefined : cubeFrom(cluster.policies[first]!.podSelector);
      // A selector that contradicts itself selects nobody, now or later (corner 21).
      if (first === undefined || pods === undefined) continue;
      const namespace = space.indexOf(cluster.policies[first]!.namespace);
      const entry = this.#entries.length;
      this.#entries.push({ namespace, pods, policies: isolating, at: 0 });
      push(this.#entriesOf, namespace, entry);
      for (const index of isolating) this.#addRules(entry, index);
    }
    this.#isNamed = direction === 'egress' && parts.ports.hasNames;
    this.#findStructures();
    this.#findPeers();
  }

  #findStructures(): void {
    const known = new Map<string, Structure>();
    for (const [namespace, entries] of this.#entriesOf) {
      const byKey = new Map(
        entries.map((entry) => [this.#entries[entry]!.pods.key, this.#entries[entry]!.pods]),
      );
      const keys = [...byKey.keys()].sort(byText);
      const at = new Map(keys.map((key, i) => [key, i]));
      for (const entry of entries) this.#entries[entry]!.at = at.get(this.#entries[entry]!.pods.key)!;
      const key = keys.join('\u0005');
      let structure = known.get(key);
      if (structure === undefined) {
        structure = { id: known.size, selected: keys.map((each) => byKey.get(each)!), free: new Map() };
        known.set(key, structure);
      }
      this.#structures.set(namespace, structure);
    }
  }

  #addRules(entry: number, policy: number): void {
    const compiled = this.#policy.parts.rules[this.#direction].of(policy) ?? [];
    for (const [rule, { peers, spec }] of compiled.entries()) {
      const user = { entry, policy, rule, spec };
      if (this.#rule(user)?.peers.kind === 'any') this.#ofEverybody.push(user);
      else for (const peer of new Set(peers)) push(this.#users, peer, user);
    }
  }

  #rule({ policy, rule }: User): Rule | undefined {
    const spec = this.#policy.cluster.policies[policy]![this.#direction];
    return spec.kind === 'unaffected' ? undefined : spec.rules[rule];
  }

  /** Which peers mean which classes. */
  #findPeers(): void {
    const { peers, index, assume, classes } = this.#policy.parts;
    for (const [peer, users] of this.#users) {
      const definition = peers.definition(peer);
      if (definition.kind === 'block') {
        for (const cell of classes.cells.cellsOfBlock[definition.block] ?? []) {
          push(this.#blocksOfCell, cell, peer);
        }
      }
      if (definition.kind !== 'pods') continue;
      const { sure, unsure } =
        definition.namespace === undefined
          ? index.inNamespaces(definition.namespaces!, definition.selector)
          : index.inNamespace(definition.namespace, definition.selector);
      const lists = users.length > mostSparse ? this.#denseOf : this.#sparseOf;
      // Corner 23: what files cannot tell counts as it was assumed.
      for (const list of assume === 'open' ? [sure, unsure] : [sure]) {
        for (let i = 0; i < list.length; i++) (lists[list[i]!] ??= []).push(peer);
      }
    }
  }

  /** The namespaces whose policies isolate potential pods. */
  get namespaces(): Iterable<number> {
    return this.#structures.keys();
  }

  /** Whether policies of a namespace isolate potential pods of it. */
  isolates(namespace: number): boolean {
    return this.#entriesOf.has(namespace);
  }

  /** The policies of a namespace that isolate some pods of a cube, as indices in `cluster.policies`. */
  isolating(namespace: number, pods: Cube): readonly number[] {
    let byNamespace = this.#isolating.get(pods);
    if (byNamespace === undefined)
      this.#isolating.set(pods, (byNamespace = new Map<number, readonly number[]>()));
    let found = byNamespace.get(namespace);
    if (found === undefined) {
      found = (this.#entriesOf.get(namespace) ?? []).flatMap((entry) => {
        const { policies, pods: selected } = this.#entries[entry]!;
        return intersection(selected, pods) === undefined ? [] : policies;
      });
      byNamespace.set(namespace, found);
    }
    return found;
  }

  /**
   * What all namespaces say about a subject; subjects of whom they say the same have the same object.
   *
   * @param k - the class of `subject` in the table of classes, also of a pod that is its node
   */
  of(subject: PolicyEnd, k: number, family: Family): OwnSide {
    const { classes } = this.#policy.parts;
    const isHost = classes.host[k] === 1;
    const { ipBlockMatchesNodes, ipBlockMatchesPods } = this.#policy.profile;
    const cell = (family === 'IPv4' ? classes.cell4 : classes.cell6)[k]!;
    // Corner 34: networks of tiers tell addresses of pods apart also where ipBlocks match none.
    const isMet = isHost ? ipBlockMatchesNodes : ipBlockMatchesPods;
    const blocks = isMet ? (this.#blocksOfCell.get(cell) ?? []) : [];
    const sparse = blocks.length === 0 ? (this.#sparseOf[k] ?? []) : [...(this.#sparseOf[k] ?? [])];
    const dense = blocks.length === 0 ? (this.#denseOf[k] ?? []) : [...(this.#denseOf[k] ?? [])];
    for (const peer of blocks) {
      (this.#users.get(peer)!.length > mostSparse ? dense : sparse).push(peer);
    }
    const c = isHost ? -1 : k;
    const ports = this.#isNamed ? (isHost ? 'node' : classes.portMap[k]!) : '';
    // Peers are met in one order for all classes, so equal lists are equal texts.
    const combination = `${dense.join(',')};${ports}`;
    const key = `${combination};${sparse.join(',')}`;
    let side = this.#sides.get(key);
    if (side === undefined) {
      let base = this.#bases.get(combination);
      if (base === undefined) {
        this.#bases.set(combination, (base = this.#baseOf(dense, subject, c)));
      }
      this.#sides.set(key, (side = { base, own: this.#own(base, sparse, subject, c) }));
    }
    return side;
  }

  #baseOf(dense: readonly number[], subject: PolicyEnd, c: number): Base {
    const used = new Map<number, number>();
    for (const user of this.#ofEverybody) this.#add(used, user, anyPeer, subject, c);
    for (const peer of dense) {
      for (const user of this.#users.get(peer)!) this.#add(used, user, peer, subject, c);
    }
    const usedBy = new Map<number, Map<number, number>>();
    for (const [entry, use] of used) this.#gather(usedBy, entry, use);
    const contents = new Map<number, Content>();
    const groups = new Map<Content, number[]>();
    for (const [namespace, structure] of this.#structures) {
      const own = usedBy.get(namespace) ?? new Map<number, number>();
      const content = this.#content(`${structure.id}`, own, () => ({
        structure,
        used: own,
        usual: nothingUsed,
      }));
      contents.set(namespace, content);
      push(groups, content, namespace);
    }
    return {
      contents,
      groups: Array.from(groups, ([content, namespaces]) => ({
        content,
        namespaces: namespaces.sort((a, b) => a - b),
      })),
      narrowed: new WeakMap(),
    };
  }

  /** Brings together what entries of a namespace with the same pods let use. */
  #gather(usedBy: Map<number, Map<number, number>>, entry: number, use: number): void {
    if (use === noUse) return;
    const { namespace, at } = this.#entries[entry]!;
    let own = usedBy.get(namespace);
    if (own === undefined) usedBy.set(namespace, (own = new Map<number, number>()));
    own.set(at, this.#uses.union(own.get(at) ?? noUse, use));
  }

  #own(base: Base, sparse: readonly number[], subject: PolicyEnd, c: number): ReadonlyMap<number, Content> {
    if (sparse.length === 0) return nothingOwn;
    const used = new Map<number, number>();
    for (const peer of sparse) {
      for (const user of this.#users.get(peer)!) this.#add(used, user, peer, subject, c);
    }
    const usedBy = new Map<number, Map<number, number>>();
    for (const [entry, use] of used) this.#gather(usedBy, entry, use);
    const own = new Map<number, Content>();
    for (const [namespace, more] of usedBy) {
      const usual = base.contents.get(namespace)!;
      for (const [at, use] of more) {
        const union = this.#uses.union(usual.used.get(at) ?? noUse, use);
        if (union === usual.used.get(at)) more.delete(at);
        else more.set(at, union);
      }
      if (more.size === 0) continue;
      const content = this.#content(`+${usual.id}`, more, () => ({
        structure: usual.structure,
        used: more,
        usual: usual.used,
      }));
      own.set(namespace, content);
    }
    return own;
  }

  #content(
    what: string,
    used: ReadonlyMap<number, number>,
    make: () => Pick<Content, 'structure' | 'used' | 'usual'>,
  ): Content {
    let key = what;
    for (const [at, use] of used.size < 2 ? used : [...used].sort(([a], [b]) => a - b))
      key += `,${at}=${use}`;
    let content = this.#contents.get(key);
    if (content === undefined) {
      content = { id: this.#contents.size, ...make(), effective: new Map<Cube, Map<string, Effective>>() };
      this.#contents.set(key, content);
    }
    return content;
  }

  /** What a rule of potential pods lets them use with the subject, which one of its peers means. */
  #add(used: Map<number, number>, user: User, peer: number, subject: PolicyEnd, c: number): void {
    const rule = this.#rule(user);
    if (rule === undefined) return;
    let use: number;
    if (this.#direction === 'ingress') {
      use = this.#uses.ofRule(rule.ports, 'ingress', user.spec);
    } else {
      // Corner 28: names resolve on the destination, and that is the subject.
      use = this.#uses.of(this.#policy.parts.ports.set(this.#policy.resolve(user.spec, peer, subject, c)));
    }
    used.set(user.entry, this.#uses.union(used.get(user.entry) ?? noUse, use));
  }

  /** What of a line holds for the potential pods of one namespace. */
  effective(pods: Cube, use: number, side: OwnSide, namespace: number, left: Left): Effective {
    return this.#effectiveOf(pods, use, side.own.get(namespace) ?? side.base.contents.get(namespace), left);
  }

  #effectiveOf(pods: Cube, use: number, content: Content | undefined, left: Left): Effective {
    if (content === undefined) return whole(pods, usualUse(use, left, this.#uses));
    let byUse = content.effective.get(pods);
    if (byUse === undefined) content.effective.set(pods, (byUse = new Map<string, Effective>()));
    const key = `${use} ${left.key}`;
    let known = byUse.get(key);
    if (known === undefined) byUse.set(key, (known = this.#work(pods, use, content, left)));
    return known;
  }

  #work(pods: Cube, use: number, { structure, used, usual: rest }: Content, left: Left): Effective {
    const usual = usualUse(use, left, this.#uses);
    const lines: Line[] = [];
    const scope = this.#space.own(0);
    const add = (cube: Cube, own: number): void => {
      if (own !== noUse) lines.push({ ...scope, pods: cube, use: own, rules: [] });
    };
    if (!structure.free.has(pods.key)) structure.free.set(pods.key, freeOf(pods, structure.selected));
    const free = structure.free.get(pods.key);
    for (const piece of free ?? []) add(piece, usual);
    const admit = (at: number, admitted: number): void => {
      const shared = intersection(pods, structure.selected[at]!);
      if (shared === undefined) return;
      add(shared, this.#uses.intersect(use, this.#uses.intersect(left.isolated, admitted)));
    };
    // In one order, whichever subject was looked at first: what is put together of the lines depends on it.
    const all = new Map([...rest, ...used]);
    for (const [at, admitted] of [...all].sort(([a], [b]) => a - b)) admit(at, admitted);
    const accepted = this.#uses.intersect(use, left.accepted);
    if (accepted !== noUse) {
      // What a tier accepts no NetworkPolicy closes (corner 61).
      for (const selected of structure.selected) {
        const shared = intersection(pods, selected);
        if (shared !== undefined) add(shared, accepted);
      }
    }
    const isUndecided = free === undefined;
    if (lines.length === 0) return { state: 'closed', parts: () => [], isUndecided };
    const wide = lines.filter((line) => this.#uses.includes(line.use, usual));
    const isOpen =
      usual !== noUse &&
      lines.every((line) => this.#uses.includes(usual, line.use)) &&
      (wide.some((line) => includes(line.pods, pods)) ||
        (wide.length > 1 && isCovered({ ...scope, pods }, wide)));
    if (isOpen) return { ...whole(pods, usual), isUndecided };
    let parts: readonly Part[] | undefined;
    return {
      state: 'partly',
      parts: () =>
        (parts ??= minimal(lines, this.#space, this.#uses).map((line) => ({
          pods: line.pods,
          use: line.use,
        }))),
      isUndecided,
    };
  }

  /** What the namespaces of a line leave of it. */
  narrowing(line: Pick<Line, 'existing' | 'pods' | 'use'>, { base, own }: OwnSide, left: Left): Narrowing {
    let byRest = base.narrowed.get(line.existing);
    if (byRest === undefined) base.narrowed.set(line.existing, (byRest = new Map<string, Narrowed>()));
    const key = `${line.use} ${left.key} ${line.pods.key}`;
    let narrowed = byRest.get(key);
    if (narrowed === undefined) byRest.set(key, (narrowed = this.#narrowed(line, base, left)));
    const others = new Map<number, Effective>();
    for (const [namespace, content] of own) {
      if (!contains(line.existing, namespace)) continue;
      others.set(namespace, this.#effectiveOf(line.pods, line.use, content, left));
    }
    return new Narrowing(narrowed, others);
  }

  #narrowed(line: Pick<Line, 'existing' | 'pods' | 'use'>, { groups }: Base, left: Left): Narrowed {
    const closed: number[] = [];
    const partly: Narrowed['partly'][number][] = [];
    const undecided: number[] = [];
    const stateOf = new Map<number, Effective['state']>();
    for (const { content, namespaces } of groups) {
      const here = line.existing.isAll ? namespaces : namespaces.filter((n) => contains(line.existing, n));
      if (here.length === 0) continue;
      const effective = this.#effectiveOf(line.pods, line.use, content, left);
      if (effective.isUndecided) for (const namespace of here) undecided.push(namespace);
      if (effective.state === 'open') continue;
      for (const namespace of here) stateOf.set(namespace, effective.state);
      if (effective.state === 'closed') for (const namespace of here) closed.push(namespace);
      else partly.push({ namespaces: here, effective });
    }
    closed.sort((a, b) => a - b);
    return { closed, partly, undecided, stateOf };
  }
}

/** What potential pods that no NetworkPolicy isolates may use of what a line lets them. */
export function usualUse(use: number, left: Left, uses: UseTable): number {
  return left === allLeft ? use : uses.intersect(use, uses.union(left.accepted, left.free));
}

function whole(pods: Cube, use: number): Effective {
  if (use === noUse) return { state: 'closed', parts: () => [], isUndecided: false };
  return { state: 'open', parts: () => [{ pods, use }], isUndecided: false };
}

/** What of a cube none of some cubes has; `undefined` when that would take too many pieces. */
function freeOf(pods: Cube, selected: readonly Cube[]): readonly Cube[] | undefined {
  // Most policies ask for one value of one key: all that ask for the same key are taken away at once.
  let free: readonly Cube[] = [pods];
  for (const cube of merged(selected)) {
    free = free.flatMap((piece) => (includes(cube, piece) ? [] : difference(piece, cube)));
    if (free.length > mostPieces) return undefined;
  }
  return free;
}

const nothingUsed: ReadonlyMap<number, number> = new Map();
const nothingOwn: ReadonlyMap<number, Content> = new Map();

/** The peer of rules that name none. */
const anyPeer = 0;

/** What the policies of existing namespaces leave of a line that spans them; nothing is copied before it is read. */
export class Narrowing {
  readonly #usual: Narrowed;
  readonly #others: ReadonlyMap<number, Effective>;
  /** How many namespaces let no potential pod of the line through. */
  readonly closedCount: number;
  /** How many let some through, or all of them only in part. */
  readonly partlyCount: number;

  constructor(usual: Narrowed, others: ReadonlyMap<number, Effective>) {
    this.#usual = usual;
    this.#others = others;
    let closed = usual.closed.length;
    let partly = usual.stateOf.size - closed;
    for (const [namespace, { state }] of others) {
      const before = usual.stateOf.get(namespace);
      if (before === 'closed') closed--;
      if (before === 'partly') partly--;
      if (state === 'closed') closed++;
      if (state === 'partly') partly++;
    }
    this.closedCount = closed;
    this.partlyCount = partly;
  }

  /** What a namespace of the line leaves of it. */
  stateOf(namespace: number): Effective['state'] {
    return this.#others.get(namespace)?.state ?? this.#usual.stateOf.get(namespace) ?? 'open';
  }

  /** Namespaces that let no potential pod of the line through, ascending. */
  closed(): readonly number[] {
    const own = [...this.#others]
      .filter(([, { state }]) => state === 'closed')
      .map(([namespace]) => namespace);
    return [...this.#usual.closed.filter((namespace) => !this.#others.has(namespace)), ...own].sort(
      (a, b) => a - b,
    );
  }

  /** Namespaces that let some through, with whom; those that let the same through together. */
  partly(): readonly { readonly namespaces: readonly number[]; readonly parts: readonly Part[] }[] {
    const groups = new Map<string, { namespaces: number[]; parts: readonly Part[] }>();
    const add = (namespace: number, parts: readonly Part[]): void => {
      const key = parts.map(({ pods, use }) => `${use} ${pods.key}`).join('\u0005');
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { namespaces: [namespace], parts });
      else known.namespaces.push(namespace);
    };
    for (const { namespaces, effective } of this.#usual.partly) {
      for (const namespace of namespaces) if (!this.#others.has(namespace)) add(namespace, effective.parts());
    }
    for (const [namespace, { state, parts }] of this.#others) if (state === 'partly') add(namespace, parts());
    return [...groups.values()]
      .map(({ namespaces, parts }) => ({ namespaces: namespaces.sort((a, b) => a - b), parts }))
      .sort((a, b) => a.namespaces[0]! - b.namespaces[0]!);
  }

  /** Namespaces of which it was too much to decide, ascending. */
  undecided(): readonly number[] {
    const own = [...this.#others]
      .filter(([, { isUndecided }]) => isUndecided)
      .map(([namespace]) => namespace);
    return [...this.#usual.undecided.filter((namespace) => !this.#others.has(namespace)), ...own].sort(
      (a, b) => a - b,
    );
  }
}

function contains({ list, isAll }: Places, namespace: number): boolean {
  if (isAll) return true;
  let low = 0;
  let high = list.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = list[middle]!;
    if (found === namespace) return true;
    if (found < namespace) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

function push<K, V>(lists: Map<K, V[]>, key: K, item: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
