import { shapes } from './fields.ts';
import type { Member, Shape } from './fields.ts';

/**
 * The shapes as one list of 32-bit integers, which both forms of the scanner walk.
 *
 * A node stands for a shape: `nodeSize` words, of which word `i` is where the members with keys of `i` bytes begin, 0 for
 * none; word 0 is 1 for a strict shape. A member has `entrySize` words: where the next member with a key of that length
 * is, its bit among the members of its shape, its action, its field, the node below it, and in which word its key begins,
 * four bytes in each.
 */
export interface Program {
  readonly words: Int32Array<ArrayBuffer>;
  /** The same as bytes. */
  readonly bytes: Uint8Array;
  /** The node of each of `shapes`. */
  readonly roots: readonly number[];
  /** The key of each field. */
  readonly keys: readonly string[];
  /** The field of each member of a shape, by its key. */
  readonly fields: ReadonlyMap<Shape, Readonly<Record<string, number>>>;
}

/** Words of a node: longer keys are never noted. */
export const nodeSize = 24;
/** Words of a member before its key. */
export const entrySize = 6;

/** What is done with a member, as the program says it. */
export const action = {
  nothing: 0,
  value: 1,
  shared: 2,
  text: 3,
  presence: 4,
  annotations: 5,
  object: 6,
  list: 7,
  sharedList: 8,
} as const;

function compileShapes(): Program {
  // Word 0 is no place, so that 0 can say that there is none.
  const words: number[] = [0];
  const keys: string[] = [];
  const spelt: { readonly at: number; readonly key: string }[] = [];
  const nodes = new Map<Shape, number>();
  const fields = new Map<Shape, Record<string, number>>();

  const nodeOf = (shape: Shape): number => {
    const known = nodes.get(shape);
    if (known !== undefined) return known;
    const node = words.length;
    nodes.set(shape, node);
    for (let i = 0; i < nodeSize; i++) words.push(0);
    words[node] = shape.strict === true ? 1 : 0;
    const own: Record<string, number> = {};
    fields.set(shape, own);
    for (const [i, [key, member]] of Object.entries(shape.members).entries()) {
      const below = 'shape' in member ? nodeOf(member.shape) : 0;
      const entry = words.length;
      words.push(words[node + key.length] as number, 1 << i, actionOf(member), keys.length, below, 0);
      words[node + key.length] = entry;
      words[entry + entrySize - 1] = words.length;
      spelt.push({ at: words.length, key });
      for (let i = 0; i < key.length; i += 4) words.push(0);
      own[key] = keys.length;
      keys.push(key);
    }
    return node;
  };
  const roots = shapes.map(nodeOf);
  const compiled = Int32Array.from(words);
  const bytes = new Uint8Array(compiled.buffer);
  for (const { at, key } of spelt) for (let i = 0; i < key.length; i++) bytes[at * 4 + i] = key.charCodeAt(i);
  return { words: compiled, bytes, roots, keys, fields };
}

function actionOf(member: Member): number {
  return member.note === 'list' && member.shared ? action.sharedList : action[member.note];
}

/** The program of `shapes`. */
export const program: Program = compileShapes();

/** The field of annotations, whose events stand for their keys. */
export const annotationField: number = program.keys.indexOf('annotations');
