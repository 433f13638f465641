import fc from 'fast-check';
import { stringify } from 'yaml';

/** Texts that say more than they seem to, beside plain ones. */
const words = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z][\w./-]{0,12}$/) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...`yes no on off y N true False null Null ~ .inf -.inf .nan .5 5. 1e3 1e-400 1_000 0x10 0o17 017 08 0b11 -0 +1 -1.50
      12345678901234567890 9223372036854775808 1:30 2026-01-01 10.0.0.0/8 100m 1.2.3 -- --- ... - -a ? ?a : :80 a: a:b #a a#b
      &a *a !a %a @a |a >a [a] {a} [ ] { } , a,b 'a' "a" it's << = <none> __proto__ constructor toString items`
        .split(/\s+/)
        .filter((word) => word !== ''),
      '',
      ' ',
      'a b',
      'a: b',
      'a #b',
      ' a',
      'a ',
      'a\nb',
      'a\nb\n',
      'a\n\nb\n\n',
      '\na',
      ' a\nb\n',
      'a\n b\n\n  c\n',
      'a\tb',
      '\ta\n',
      'a\\nb',
      'größer',
      '😀',
      '\u00a0',
      '\u0085',
      '\u2028',
      'a\rb',
      'x '.repeat(60),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 100 }) },
);

const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      words,
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(words, tie('tree'), { maxKeys: 5 }),
  ),
}));
const values = fc.oneof(fc.dictionary(words, tree, { maxKeys: 6 }), fc.array(tree, { maxLength: 4 }));

/** Texts that the package `yaml` writes, in any of its styles. */
export const documents: fc.Arbitrary<string> = fc
  .tuple(
    values,
    fc.record({
      indent: fc.constantFrom(1, 2, 4, 7),
      indentSeq: fc.boolean(),
      lineWidth: fc.constantFrom(0, 20, 80),
      defaultStringType: fc.constantFrom(
        'PLAIN',
        'QUOTE_DOUBLE',
        'QUOTE_SINGLE',
        'BLOCK_LITERAL',
        'BLOCK_FOLDED',
      ),
      defaultKeyType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE'),
      collectionStyle: fc.constantFrom('any', 'block', 'flow'),
      flowCollectionPadding: fc.boolean(),
      directives: fc.constantFrom(null, true),
    } as const),
  )
  .map(([value, options]) => stringify(value, { ...options, version: '1.1' }));

/** Writes values as people do, who are not consistent: every choice is a throw of the dice. */
class Hand {
  private readonly dice: readonly number[];
  private thrown = 0;

  constructor(dice: readonly number[]) {
    this.dice = dice;
  }

  document(value: unknown): string {
    const head = this.choose('', '', '---\n', '# head\n', '\n---\n', '--- # head\n', '# c\n---\n\n');
    const tail = this.choose('', '', '\n', '# tail\n', '   \n', '...\n', '  # tail');
    return head + this.block(value, this.choose('', '', '', ' ', '   ')) + tail;
  }

  private choose<T>(...options: readonly T[]): T {
    const die = this.dice[this.thrown++ % this.dice.length] as number;
    return options[(die + this.thrown) % options.length] as T;
  }

  /** Lines of a block collection, each with its indentation. */
  private block(value: unknown, indent: string): string {
    if (Array.isArray(value))
      return value.map((item) => this.aside(indent) + this.entry(`${indent}-`, item, indent)).join('');
    return Object.entries(value as object)
      .map(
        ([key, item]) => this.aside(indent) + this.entry(`${indent}${this.text(key, true)}:`, item, indent),
      )
      .join('');
  }

  private aside(indent: string): string {
    return this.choose(
      '',
      '',
      '',
      '',
      '',
      '\n',
      '# aside\n',
      `${indent}# aside\n`,
      `${indent}   # aside: b\n`,
      '  \n',
    );
  }

  private end(): string {
    return this.choose('', '', '', '', ' ', '  # why', ' # a: b "c') + '\n';
  }

  private entry(head: string, value: unknown, indent: string): string {
    if (typeof value !== 'object' || value === null) {
      if (typeof value === 'string' && value.includes('\n') && this.choose(true, true, false))
        return this.literal(head, value, indent);
      return `${head}${this.choose(' ', ' ', ' ', '  ')}${this.text(value, false)}${this.end()}`;
    }
    const empty = Object.keys(value).length === 0;
    if (empty || this.choose(false, false, false, true)) return `${head} ${this.flow(value)}${this.end()}`;
    const isList = Array.isArray(value);
    const deeper = indent + this.choose('  ', '  ', ' ', '    ');
    if (head.endsWith('-') && this.choose(true, true, false)) {
      const inner = `${indent} ${this.choose(' ', ' ', '   ')}`;
      const lines = this.block(value, inner);
      // Only where the first line is an entry, and no comment.
      if (/^ *[^ #\n]/.test(lines)) return head + lines.slice(indent.length + 1);
    }
    const same = isList && head.endsWith(':') && this.choose(true, false);
    return head + this.end() + this.block(value, same ? indent : deeper);
  }

  private literal(head: string, value: string, indent: string): string {
    const inner = indent + this.choose('  ', ' ', '    ');
    const lines = value.replace(/\n$/, '').split('\n');
    return `${head} ${this.choose('|', '|-', '|+', '|')}\n${lines.map((line) => (line === '' ? this.choose('', inner, ' ') : inner + line)).join('\n')}\n${this.choose('', '', '\n', '\n\n')}`;
  }

  private flow(value: unknown): string {
    const pad = this.choose('', ' ');
    if (Array.isArray(value))
      return `[${pad}${value.map((item) => this.flow(item)).join(this.choose(', ', ','))}${pad}]`;
    if (typeof value === 'object' && value !== null)
      return `{${pad}${Object.entries(value)
        .map(([key, item]) => `${this.text(key, true)}: ${this.flow(item)}`)
        .join(', ')}${pad}}`;
    return this.text(value, false);
  }

  private text(value: unknown, key: boolean): string {
    if (typeof value !== 'string')
      return this.choose(
        JSON.stringify(value),
        JSON.stringify(value),
        value === null ? '~' : JSON.stringify(value),
      );
    const isPlain = /^[\w./-][\w./ -]*$/.test(value);
    const plain = isPlain || (!key && this.choose(false, false, false, true)) ? value : JSON.stringify(value);
    return this.choose(plain, plain, JSON.stringify(value), `'${value.replaceAll("'", "''")}'`);
  }
}

/** Texts as people write them. */
export const handWritten: fc.Arbitrary<string> = fc
  .tuple(
    fc.dictionary(words, tree, { minKeys: 1, maxKeys: 6 }),
    fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
  )
  .map(([value, dice]) => new Hand(dice).document(value));

/** One mistake somewhere in a text: a character or line more, less, twice, elsewhere or indented differently. */
export const edits: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc
    .record({
      at: fc.nat(),
      remove: fc.constantFrom(0, 0, 1, 2),
      insert: fc.oneof(
        fc.constantFrom(
          ...'\t\n\r #:-?!&*|>[]{},"\'\\%@`~<.=0_é\u00a0\ufeff\u2028\u0085\u0000'.split(''),
          '\n\n',
          ' #',
          '# ',
          ': ',
          '- ',
          '  ',
          '\r\n',
          '|\n',
          '>-\n',
          '|2\n',
          '---\n',
          '...\n',
          "''",
          '""',
          '<<: ',
          '{}',
          '[]',
          ' |+\n\n\n',
          '\n  ',
        ),
        words,
      ),
    })
    .map(({ at, remove, insert }) => (text: string) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + insert + text.slice(place + remove);
    }),
  fc
    .tuple(fc.nat(), fc.integer({ min: -3, max: 3 }), fc.boolean())
    .map(([at, by, rest]) => (text: string) => {
      const lines = text.split('\n');
      const from = at % lines.length;
      return lines
        .map((line, index) => {
          if (index < from || (index > from && !rest)) return line;
          return by >= 0 ? ' '.repeat(by) + line : line.slice(Math.min(-by, line.search(/\S|$/)));
        })
        .join('\n');
    }),
  fc
    .tuple(fc.nat(), fc.nat(), fc.constantFrom('remove', 'twice', 'move', 'comment', 'blank'))
    .map(([at, to, what]) => (text: string) => {
      const lines = text.split('\n');
      const index = at % lines.length;
      const line = lines[index] as string;
      if (what === 'remove') lines.splice(index, 1);
      else if (what === 'twice') lines.splice(index, 0, line);
      else if (what === 'move') lines.splice(to % lines.length, 0, ...lines.splice(index, 1));
      else if (what === 'comment') lines.splice(index, 0, `${' '.repeat(to % 9)}# ${line.trim()}`);
      else lines.splice(index, 0, ' '.repeat(to % 5));
      return lines.join('\n');
    }),
);
