import type { Direction, Rule } from '../model/index.ts';
import type { Family } from '../net/index.ts';
import type { CompiledPolicy, PolicyEnd } from '../policy/index.ts';
import { areApart, includes, intersection } from './cubes.ts';
import type { Cube } from './cubes.ts';
import { freeOf, isAffordable, IsolatedPods } from './isolated-pods.ts';
import type { Entry, Structure } from './isolated-pods.ts';
import { placesHave } from './namespaces.ts';
import type { Budget, NamespaceSpace, Places, Scope } from './namespaces.ts';
import { Narrowing } from './narrowing.ts';
import type { Effective, Narrowed, Part } from './narrowing.ts';
import { isCovered, lineOf, minimal, regionIn } from './regions.ts';
import type { Line, RuleRef } from './regions.ts';
import { allLeft } from './tier-space.ts';
import type { Left } from './tier-space.ts';
import { noUse } from './uses.ts';
import type { UseTable } from './uses.ts';

/** A rule that lets the pods of an entry talk with whom one of its peers means. */
interface User {
  readonly entry: Entry;
  /** Index in `cluster.policies`, and of the rule. */
  readonly policy: number;
  readonly rule: number;
  /** Of its ports, in the compiled policy. */
  readonly spec: number;
}

/** By index in `structure.selected`, ascending: what rules let these pods use with a subject, where it is something. */
type Used = readonly (readonly [at: number, use: number])[];

/** What a namespace says about its potential pods and one subject; pods that no policy selects are not isolated. */
interface Content {
  readonly id: number;
  readonly structure: Structure;
  readonly used: Used;
  /** What holds for the pods of which `used` says nothing. */
  readonly usual: Used;
  /** By what is asked, then by cube. */
  readonly effective: Map<number | string, Map<Cube, Effective>>;
}

/** What namespaces say about all subjects that the same widely used peers mean. */
interface Base {
  /** Namespaces whose rules let some of their pods use something with them. */
  readonly contents: ReadonlyMap<number, Content>;
  /** All namespaces by what they say; absent until a line spans them. */
  groups?: readonly { readonly content: Content; readonly namespaces: readonly number[] }[];
  /** By namespaces, then by the rest of a line: what is left of it. */
  readonly narrowed: WeakMap<Places, Map<string, Narrowed>>;
}

/** What the namespaces that exist say about one subject. Namespaces that isolate no potential pod say nothing. */
export interface OwnSide {
  readonly base: Base;
  /** One of the subjects, with its class, or -1 where it is its node. */
  readonly subject: PolicyEnd;
  readonly c: number;
  /** The peers that mean it and are not widely used. */
  readonly sparse: readonly number[];
  /** Namespaces that treat this subject in a way of their own; absent until all of them are asked for. */
  own?: ReadonlyMap<number, Content>;
}

/** So much work is done to tell whether lines together have all of some pods; of few lines it is never much. */
const mostCovering = 40_000;
const fewLines = 32;

/** Peers that are used at more entries than this are looked at once for all subjects that they mean. */
const mostSparse = 16;

/**
 * What the policies of the namespaces that exist say about pods that do not exist yet, which `IsolatedPods` tells: what their rules
 * let these use with subjects.
 *
 * Worked out for one direction: `egress` of potential pods towards subjects, or their `ingress` from subjects.
 */
export class OwnSides {
  readonly #policy: CompiledPolicy;
  readonly #direction: Direction;
  readonly #uses: UseTable;
  readonly #space: NamespaceSpace;
  readonly #isolated: IsolatedPods;
  /** By peer of the compiled policy. */
  readonly #users: (User[] | undefined)[] = [];
  /** Rules that let everybody in or out. */
  readonly #ofEverybody: User[] = [];
  /** By class: the peers with users that mean it, those with many users apart; ipBlocks are by cell. */
  readonly #sparseOf: (number[] | undefined)[] = [];
  readonly #denseOf: (number[] | undefined)[] = [];
  readonly #blocksOfCell: (number[] | undefined)[] = [];
  readonly #contents = new Map<string, Content>();
  /** By structure: what namespaces say about subjects whom no rule of them means. */
  readonly #closed: (Content | undefined)[] = [];
  readonly #bases = new Map<string, Base>();
  readonly #sides = new Map<string, OwnSide>();
  /** Whether what rules let use depends on the ports that the subject declares. */
  readonly #isNamed: boolean;
  /** Where pods of one namespace are compared: which it is does not matter. */
  readonly #anywhere: Scope;

  constructor(policy: CompiledPolicy, direction: Direction, uses: UseTable, space: NamespaceSpace) {
    this.#policy = policy;
    this.#direction = direction;
    this.#uses = uses;
    this.#space = space;
    this.#anywhere = space.own(0);
    this.#isolated = new IsolatedPods(policy, direction, space);
    for (const entry of this.#isolated.entries) {
      for (const index of entry.policies) this.#addRules(entry, index);
    }
    const { ports } = policy.parts;
    const isNamed = ({ spec }: User): boolean => ports.isNamed(spec);
    this.#isNamed =
      direction === 'egress' &&
      (this.#ofEverybody.some(isNamed) || this.#users.some((users) => users?.some(isNamed)));
    this.#findPeers();
  }

  #addRules(entry: Entry, policy: number): void {
    const compiled = this.#policy.parts.rules[this.#direction].of(policy) ?? [];
    for (let rule = 0; rule < compiled.length; rule++) {
      const { peers, spec } = compiled[rule]!;
      const user = { entry, policy, rule, spec };
      if (this.#rule(user)?.peers.kind === 'any') this.#ofEverybody.push(user);
      else
        for (const peer of peers.length < 2 ? peers : new Set(peers)) (this.#users[peer] ??= []).push(user);
    }
  }

  #rule({ policy, rule }: User): Rule | undefined {
    const spec = this.#policy.cluster.policies[policy]![this.#direction];
    return spec.kind === 'unaffected' ? undefined : spec.rules[rule];
  }

  /** Which peers mean which classes. */
  #findPeers(): void {
    const { peers, index, assume, classes } = this.#policy.parts;
    for (let peer = 0; peer < this.#users.length; peer++) {
      const users = this.#users[peer];
      if (users === undefined) continue;
      const definition = peers.definition(peer);
      if (definition.kind === 'block') {
        for (const cell of classes.cells.cellsOfBlock[definition.block] ?? []) {
          (this.#blocksOfCell[cell] ??= []).push(peer);
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

  /** Whether policies of a namespace isolate potential pods of it. */
  isolates(namespace: number): boolean {
    return this.#isolated.structures.has(namespace);
  }

  /** The policies of a namespace that isolate some pods of a cube, as indices in `cluster.policies`. */
  isolating(namespace: number, pods: Cube): readonly number[] {
    return this.#isolated.isolating(namespace, this.#space.shared(pods));
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
    const blocks = isMet ? (this.#blocksOfCell[cell] ?? []) : [];
    let sparse: readonly number[] = this.#sparseOf[k] ?? [];
    let dense: readonly number[] = this.#denseOf[k] ?? [];
    if (blocks.length > 0) {
      const isDense = (peer: number): boolean => this.#users[peer]!.length > mostSparse;
      sparse = [...sparse, ...blocks.filter((peer) => !isDense(peer))];
      dense = [...dense, ...blocks.filter(isDense)];
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
      this.#sides.set(key, (side = { base, subject, c, sparse }));
    }
    return side;
  }

  #baseOf(dense: readonly number[], subject: PolicyEnd, c: number): Base {
    const usedBy: UsedBy = new Map();
    for (const user of this.#ofEverybody) this.#add(usedBy, user, anyPeer, subject, c);
    for (const peer of dense) {
      for (const user of this.#users[peer]!) this.#add(usedBy, user, peer, subject, c);
    }
    const contents = new Map<number, Content>();
    for (const [namespace, used] of usedBy) {
      const structure = this.#isolated.structures.get(namespace)!;
      const content = this.#content(String(structure.id), structure, this.#together(used), nothingUsed);
      contents.set(namespace, content);
    }
    return { contents, narrowed: new WeakMap() };
  }

  /** What a namespace says about all subjects of a base; `undefined` where it isolates no potential pod. */
  #usualAt({ contents }: Base, namespace: number): Content | undefined {
    const content = contents.get(namespace);
    if (content !== undefined) return content;
    const structure = this.#isolated.structures.get(namespace);
    if (structure === undefined) return undefined;
    return (this.#closed[structure.id] ??= this.#content(
      String(structure.id),
      structure,
      nothingUsed,
      nothingUsed,
    ));
  }

  #groupsOf(base: Base): NonNullable<Base['groups']> {
    if (base.groups !== undefined) return base.groups;
    const groups = new Map<Content, number[]>();
    for (const namespace of this.#isolated.structures.keys()) {
      const content = this.#usualAt(base, namespace)!;
      const known = groups.get(content);
      if (known === undefined) groups.set(content, [namespace]);
      else known.push(namespace);
    }
    base.groups = Array.from(groups, ([content, namespaces]) => ({
      content,
      namespaces: namespaces.sort((a, b) => a - b),
    }));
    return base.groups;
  }

  /** The namespaces that treat a subject in a way of their own. */
  #own(side: OwnSide): ReadonlyMap<number, Content> {
    if (side.own !== undefined) return side.own;
    const usedBy: UsedBy = new Map();
    for (const peer of side.sparse) {
      for (const user of this.#users[peer]!) this.#add(usedBy, user, peer, side.subject, side.c);
    }
    const own = new Map<number, Content>();
    for (const [namespace, found] of usedBy) {
      const usual = this.#usualAt(side.base, namespace)!;
      const content = this.#beyond(usual, found);
      if (content !== usual) own.set(namespace, content);
    }
    side.own = own;
    return own;
  }

  /** What one namespace says, without asking what all others do. */
  #at(side: OwnSide, namespace: number): Content | undefined {
    const usual = this.#usualAt(side.base, namespace);
    if (usual === undefined) return undefined;
    if (side.own !== undefined) return side.own.get(namespace) ?? usual;
    const usedBy: UsedBy = new Map();
    for (const peer of side.sparse) {
      for (const user of this.#users[peer]!) {
        if (user.entry.namespace === namespace) this.#add(usedBy, user, peer, side.subject, side.c);
      }
    }
    const found = usedBy.get(namespace);
    return found === undefined ? usual : this.#beyond(usual, found);
  }

  /** What a namespace says where rules let more be used than usual; the same where they do not. */
  #beyond(content: Content, found: Used): Content {
    const { id, structure, used: usual } = content;
    const more: (readonly [at: number, use: number])[] = [];
    let i = 0;
    for (const [at, use] of this.#together(found)) {
      while (i < usual.length && usual[i]![0] < at) i++;
      const before = usual[i]?.[0] === at ? usual[i]![1] : noUse;
      const union = this.#uses.union(before, use);
      if (union !== before) more.push([at, union]);
    }
    return more.length === 0 ? content : this.#content(`+${id}`, structure, more, usual);
  }

  #content(what: string, structure: Structure, used: Used, usual: Used): Content {
    let key = what;
    for (let i = 0; i < used.length; i++) key += `,${used[i]![0]}=${used[i]![1]}`;
    let content = this.#contents.get(key);
    if (content === undefined) {
      content = { id: this.#contents.size, structure, used, usual, effective: new Map() };
      this.#contents.set(key, content);
    }
    return content;
  }

  /** Notes what a rule of potential pods lets them use with the subject, which one of its peers means. */
  #add(
    usedBy: UsedBy,
    { entry, policy, rule, spec }: User,
    peer: number,
    subject: PolicyEnd,
    c: number,
  ): void {
    let use: number;
    if (this.#direction === 'ingress') {
      const written = this.#policy.cluster.policies[policy]!.ingress;
      if (written.kind === 'unaffected') return;
      use = this.#uses.ofRule(written.rules[rule]!.ports, 'ingress', spec);
    } else {
      // Corner 28: names resolve on the destination, and that is the subject.
      use = this.#uses.of(this.#policy.parts.ports.set(this.#policy.pairs.resolve(spec, peer, subject, c)));
    }
    if (use === noUse) return;
    const known = usedBy.get(entry.namespace);
    if (known === undefined) usedBy.set(entry.namespace, [[entry.at, use]]);
    else known.push([entry.at, use]);
  }

  /** Brings together what rules let the same pods use. */
  #together(found: Used): Used {
    if (found.length < 2) return found;
    const used: (readonly [at: number, use: number])[] = [];
    for (const each of found.toSorted(([a], [b]) => a - b)) {
      const last = used.at(-1);
      if (last?.[0] !== each[0]) used.push(each);
      else used[used.length - 1] = [each[0], this.#uses.union(last[1], each[1])];
    }
    return used;
  }

  /** What of a line holds for the potential pods of one namespace. */
  effective(pods: Cube, use: number, side: OwnSide, namespace: number, left: Left): Effective {
    return this.#effectiveOf(this.#space.shared(pods), use, this.#at(side, namespace), left);
  }

  #effectiveOf(pods: Cube, use: number, content: Content | undefined, left: Left): Effective {
    if (content === undefined) return whole(pods, usualUse(use, left, this.#uses));
    const asked = left === allLeft ? use : `${use} ${left.key}`;
    let byPods = content.effective.get(asked);
    if (byPods === undefined) content.effective.set(asked, (byPods = new Map<Cube, Effective>()));
    let known = byPods.get(pods);
    if (known === undefined) byPods.set(pods, (known = this.#work(pods, use, content, left)));
    return known;
  }

  #work(pods: Cube, use: number, { structure, used, usual: rest }: Content, left: Left): Effective {
    const usual = usualUse(use, left, this.#uses);
    const free = freeOf(pods, structure, this.#space.pieces);
    const accepted = this.#uses.intersect(use, left.accepted);
    const isUndecided = free === undefined;
    // Mostly no policy selects any of the pods, or all of them are closed.
    if (free?.[0] === pods) return whole(pods, usual);
    if (free?.length === 0 && used.length + rest.length === 0 && accepted === noUse) return closed;
    const lines: Line[] = [];
    const add = (cube: Cube, own: number): void => {
      if (own !== noUse) lines.push(lineOf(regionIn(this.#anywhere, cube), own, noRules));
    };
    const addShared = (selected: Cube, own: number): void => {
      if (own === noUse || areApart(pods, selected)) return;
      add(intersection(pods, selected)!, own);
    };
    for (const piece of free ?? []) add(piece, usual);
    // In one order, whichever subject was looked at first: what is put together of the lines depends on it.
    const isolated = this.#uses.intersect(use, left.isolated);
    for (const [at, admitted] of rest.length === 0 ? used : overlaid(rest, used)) {
      addShared(structure.selected[at]!, this.#uses.intersect(isolated, admitted));
    }
    if (accepted !== noUse) {
      // What a tier accepts no NetworkPolicy closes (corner 61).
      for (const selected of structure.selected) addShared(selected, accepted);
    }
    if (lines.length === 0) return isUndecided ? undecided : closed;
    if (
      !isAffordable(
        lines.map((line) => line.pods),
        this.#space.pieces,
      )
    ) {
      return undecided;
    }
    const wide = lines.filter((line) => this.#uses.includes(line.use, usual));
    const isOpen =
      usual !== noUse &&
      lines.every((line) => this.#uses.includes(usual, line.use)) &&
      (wide.some((line) => includes(line.pods, pods)) || (wide.length > 1 && this.#areAll(pods, wide)));
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

  /** Whether the pods that get through are all; if that takes too long to tell, they are told one by one. */
  #areAll(pods: Cube, lines: readonly Line[]): boolean {
    const { pieces } = this.#space;
    const granted = lines.length > fewLines ? Math.min(mostCovering, pieces.left) : mostCovering;
    const budget: Budget = { left: granted };
    const areAll = isCovered(regionIn(this.#anywhere, pods), lines, budget);
    if (lines.length > fewLines) pieces.left -= granted - budget.left;
    return areAll;
  }

  /** What the namespaces of a line leave of it. */
  narrowing(line: Pick<Line, 'existing' | 'pods' | 'use'>, side: OwnSide, left: Left): Narrowing {
    const { base } = side;
    const pods = this.#space.shared(line.pods);
    let byRest = base.narrowed.get(line.existing);
    if (byRest === undefined) base.narrowed.set(line.existing, (byRest = new Map<string, Narrowed>()));
    const key = `${line.use} ${left.key} ${pods.key}`;
    let narrowed = byRest.get(key);
    if (narrowed === undefined) byRest.set(key, (narrowed = this.#narrowed({ ...line, pods }, base, left)));
    const others = new Map<number, Effective>();
    for (const [namespace, content] of this.#own(side)) {
      if (!placesHave(line.existing, namespace)) continue;
      others.set(namespace, this.#effectiveOf(pods, line.use, content, left));
    }
    return new Narrowing(narrowed, others);
  }

  #narrowed(line: Pick<Line, 'existing' | 'pods' | 'use'>, base: Base, left: Left): Narrowed {
    const closedAt: number[] = [];
    const partly: Narrowed['partly'][number][] = [];
    const undecided: number[] = [];
    const stateOf = new Map<number, Effective['state']>();
    for (const { content, namespaces } of this.#groupsOf(base)) {
      const here = line.existing.isAll ? namespaces : namespaces.filter((n) => placesHave(line.existing, n));
      if (here.length === 0) continue;
      const effective = this.#effectiveOf(line.pods, line.use, content, left);
      if (effective.isUndecided) for (const namespace of here) undecided.push(namespace);
      if (effective.state === 'open') continue;
      for (const namespace of here) stateOf.set(namespace, effective.state);
      if (effective.state === 'closed') for (const namespace of here) closedAt.push(namespace);
      else partly.push({ namespaces: here, effective });
    }
    closedAt.sort((a, b) => a - b);
    return { closed: closedAt, partly, undecided, stateOf };
  }
}

/** What potential pods that no NetworkPolicy isolates may use of what a line lets them. */
export function usualUse(use: number, left: Left, uses: UseTable): number {
  return left === allLeft ? use : uses.intersect(use, uses.union(left.accepted, left.free));
}

const closed: Effective = { state: 'closed', parts: () => [], isUndecided: false };
/** Nobody of whom it is certain. */
const undecided: Effective = { ...closed, isUndecided: true };

function whole(pods: Cube, use: number): Effective {
  return use === noUse ? closed : { state: 'open', parts: () => [{ pods, use }], isUndecided: false };
}

/** By namespace: what rules let its pods use, in the order of the rules. */
type UsedBy = Map<number, (readonly [at: number, use: number])[]>;

/** What `over` says, and `under` where it says nothing. */
function overlaid(under: Used, over: Used): Used {
  return [...new Map([...under, ...over])].sort(([a], [b]) => a - b);
}

const noRules: readonly RuleRef[] = [];
const nothingUsed: Used = [];

/** The peer of rules that name none. */
const anyPeer = 0;
