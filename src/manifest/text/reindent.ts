/** What may stand where in an object, as far as it takes to put wrongly indented lines back in place. */
type Shape =
  | { readonly kind: 'fields'; readonly fields: ReadonlyMap<string, Shape> }
  | { readonly kind: 'list'; readonly of: Shape }
  /** A mapping of any keys to text. */
  | { readonly kind: 'labels' }
  | { readonly kind: 'text' };

const text: Shape = { kind: 'text' };
const labels: Shape = { kind: 'labels' };
const list = (of: Shape): Shape => ({ kind: 'list', of });
const fields = (entries: Readonly<Record<string, Shape>>): Shape => ({
  kind: 'fields',
  fields: new Map(Object.entries(entries)),
});

const selector = fields({
  matchLabels: labels,
  matchExpressions: list(fields({ key: text, operator: text, values: list(text) })),
});
const peers = list(
  fields({
    podSelector: selector,
    namespaceSelector: selector,
    ipBlock: fields({ cidr: text, except: list(text) }),
  }),
);
const ports = list(fields({ protocol: text, port: text, endPort: text }));

/** https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
const networkPolicy = fields({
  apiVersion: text,
  kind: text,
  metadata: fields({ name: text, namespace: text, labels, annotations: labels }),
  spec: fields({
    podSelector: selector,
    policyTypes: list(text),
    ingress: list(fields({ from: peers, ports })),
    egress: list(fields({ to: peers, ports })),
  }),
});

/** Whether a value has the shape of a NetworkPolicy, with no field that it does not know and nothing left empty. */
export function isNetworkPolicyShaped(value: unknown): boolean {
  return fits(value, networkPolicy);
}

// As deep as the shapes are.
function fits(value: unknown, shape: Shape): boolean {
  if (value === null || value === undefined) return false;
  switch (shape.kind) {
    case 'text':
      return typeof value !== 'object';
    case 'list':
      return Array.isArray(value) && value.every((item) => fits(item, shape.of));
    case 'labels':
      return isMapping(value) && Object.values(value).every((item) => fits(item, text));
    case 'fields':
      return (
        isMapping(value) &&
        Object.entries(value).every(([key, item]) => {
          const field = shape.fields.get(key);
          return field !== undefined && fits(item, field);
        })
      );
    default:
      return shape satisfies never;
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One line of block YAML: `- key: rest`, `key: rest` or `- rest`. */
export interface Entry {
  /** How many blanks precede it; a tab counts as one. */
  readonly indent: number;
  readonly dash: boolean;
  /** Without its colon; `undefined` for an item that is no mapping. */
  readonly key: string | undefined;
  /** What stands behind key and colon, or behind the dash; without comment. */
  readonly rest: string;
  /** The line from its first character that is no blank. */
  readonly content: string;
}

const entryPattern =
  /^([ \t]*)(?:(-)(?:[ \t]+|$))?(?:("[^"]*"|'[^']*'|[^\s"'#:{}[\],&*!|>%@-][^\s:]*)[ \t]*:(?=[ \t]|$)[ \t]*)?(.*)$/;

/** Reads a line as an entry; `undefined` for blank lines and comments. */
export function entryOf(line: string): Entry | undefined {
  const found = entryPattern.exec(line.replace(/\r$/, ''));
  if (found === null) return undefined;
  const [, blanks = '', dash, key, behind = ''] = found;
  const content = line.trim();
  if (content === '' || content.startsWith('#')) return undefined;
  return {
    indent: blanks.length,
    dash: dash !== undefined,
    key: key?.replace(/^(["'])(.*)\1$/, '$2'),
    rest: behind.replace(/(?:^|[ \t]+)#.*$/, '').trim(),
    content,
  };
}

/** An open mapping or list while lines are put in place. */
interface Frame {
  readonly shape: Shape;
  /** The column of its entries, known with the first one; blanks, from 0. */
  column: number | undefined;
  /** The column of the key that it is the value of, -1 for the object itself. */
  readonly parent: number;
  /** The column that the text gave that key. */
  readonly written: number;
  readonly keys: Set<string>;
}

/** Blanks from a key to what belongs to it, where the text has no other custom. */
const step = 2;

/**
 * Puts the lines of a NetworkPolicy back where their fields belong, whatever their indentation is.
 *
 * Field names say where a line belongs, dashes where an item starts; lines that stand right keep their indentation.
 * Order and content of the lines stay: only blanks change.
 *
 * @returns `undefined` where a line could belong in several places or in none, and for text that runs over several lines
 */
export function reindentNetworkPolicy(lines: readonly string[]): readonly string[] | undefined {
  const offset = listOffset(lines);
  const stack: Frame[] = [
    { shape: networkPolicy, column: undefined, parent: -1, written: -1, keys: new Set() },
  ];
  const result: string[] = [];
  /** Comments and blank lines go with the entry that follows. */
  let waiting: string[] = [];
  let moved = false;
  for (const line of lines) {
    const entry = entryOf(line);
    if (entry === undefined || entry.content === '---') {
      waiting.push(line);
      continue;
    }
    const depth = frameOf(stack, entry);
    if (depth === undefined || /^[|>&*!"']/.test(entry.rest.replace(/^(["']).*\1$/, ''))) return undefined;
    stack.length = depth + 1;
    const frame = stack[depth] as Frame;
    frame.column ??= columnFor(frame, entry, moved, offset);
    const { column } = frame;
    if (column !== entry.indent || line.slice(0, entry.indent).includes('\t')) moved = true;
    const shift = column - entry.indent;
    for (const comment of waiting)
      result.push(comment.trim() === '' || shift === 0 ? comment : indent(column, comment.trim()));
    waiting = [];
    result.push(indent(column, entry.content));
    open(stack, frame, entry, column);
  }
  result.push(...waiting);
  return moved ? result : undefined;
}

function indent(column: number, content: string): string {
  return `${' '.repeat(column)}${content}`;
}

/** The one open container that the entry can belong to; `undefined` when there are several or none. */
function frameOf(stack: readonly Frame[], entry: Entry): number | undefined {
  let found: number | undefined;
  for (let depth = stack.length - 1; depth >= 0; depth--) {
    const frame = stack[depth] as Frame;
    if (!accepts(frame, entry)) continue;
    if (found !== undefined) return undefined;
    found = depth;
  }
  return found;
}

function accepts({ shape, keys, written }: Frame, { dash, key, rest, indent: at }: Entry): boolean {
  if (dash) {
    if (shape.kind !== 'list') return false;
    if (key === undefined) return shape.of.kind === 'text' && rest !== '';
    return shape.of.kind === 'fields' && shape.of.fields.has(key);
  }
  if (key === undefined || keys.has(key)) return false;
  // Any key can be a label, so only those that stood right of `matchLabels` are taken for one.
  if (shape.kind === 'labels') return rest !== '' && at > written;
  if (shape.kind !== 'fields') return false;
  const field = shape.fields.get(key);
  // Text needs a value on its line.
  return field !== undefined && (field.kind !== 'text' || rest !== '');
}

function columnFor(frame: Frame, entry: Entry, moved: boolean, offset: number): number {
  const isList = frame.shape.kind === 'list';
  const least = isList ? frame.parent : frame.parent + 1;
  if (!moved && entry.indent >= least) return entry.indent;
  return frame.parent < 0 ? 0 : frame.parent + (isList ? offset : step);
}

/** Opens what the entry starts: the item of a list, and the value of a key that has none on its line. */
function open(stack: Frame[], frame: Frame, entry: Entry, column: number): void {
  let holder = frame;
  let behindDash = 0;
  if (entry.dash) {
    if (entry.key === undefined || frame.shape.kind !== 'list') return;
    behindDash = /^-[ \t]*/.exec(entry.content)?.[0].length ?? step;
    holder = {
      shape: frame.shape.of,
      column: column + behindDash,
      parent: column,
      written: entry.indent,
      keys: new Set(),
    };
    stack.push(holder);
  }
  if (entry.key === undefined) return;
  holder.keys.add(entry.key);
  const field = holder.shape.kind === 'fields' ? holder.shape.fields.get(entry.key) : undefined;
  if (field === undefined || entry.rest !== '') return;
  stack.push({
    shape: field,
    column: undefined,
    parent: column + behindDash,
    written: entry.indent + behindDash,
    keys: new Set(),
  });
}

/** How far the first list that stands right is indented under its key: the text's own custom. */
function listOffset(lines: readonly string[]): number {
  let before: Entry | undefined;
  for (const line of lines) {
    const entry = entryOf(line);
    if (entry === undefined) continue;
    if (
      entry.dash &&
      before !== undefined &&
      !before.dash &&
      before.key !== undefined &&
      before.rest === ''
    ) {
      const offset = entry.indent - before.indent;
      if (offset >= 0 && offset <= 8) return offset;
    }
    before = entry;
  }
  return step;
}
