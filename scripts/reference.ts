// `node scripts/reference.ts` writes the pages of docs/reference that data in the sources define: the command line, the
// diagnostic codes, the profiles and the fields of the JSON. test/reference-docs.test.ts fails when one is out of date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command, Option } from 'commander';
import { createProgram } from '../src/cli/program.ts';
import { hostCodes } from '../src/host/index.ts';
import { entryCodes } from '../src/entry/index.ts';
import { diagnosticCodes } from '../src/manifest/index.ts';
import type { CodeDoc } from '../src/model/index.ts';
import { behaviours, profileNames } from '../src/policy/index.ts';
import type { Behaviour, ProfileName } from '../src/policy/index.ts';
import { reachCodes } from '../src/reach/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Every generated page by its path, relative to the root of the repository. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/cli.md', cliPage()],
    ['docs/reference/diagnostics.md', diagnosticsPage()],
    ['docs/reference/json-fields.md', jsonFieldsPage()],
    ['docs/reference/profiles.md', profilesPage()],
  ]);
}

const generated =
  '<!-- Written by scripts/reference.ts: change the sources that it reads, not this page. -->';

function page(...blocks: readonly (string | readonly string[])[]): string {
  return `${[generated, ...blocks.flat()].join('\n\n')}\n`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Plain text as Markdown: signs that would be markup are escaped; lines that are indented are code already. */
function prose(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.startsWith('    ') ? line : line.replace(/[*<\\]|\[(?=[^\]]*\]\()/g, '\\$&')))
    .join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

// The command line.

function cliPage(): string {
  const unused = (): Promise<number> => Promise.reject(new Error('only the program is looked at'));
  const program = createProgram(
    'podwall',
    {
      map: unused,
      explain: unused,
      can: unused,
      exposure: unused,
      nft: unused,
      lab: unused,
      profiles: unused,
      help: unused,
      completion: unused,
    },
    () => undefined,
    () => undefined,
  );
  const commands = program.commands;
  return page(
    '# The command line',
    'What `podwall COMMAND --help` says, on one page. `kubectl podwall` is the same command.',
    table(
      ['command', 'what it answers'],
      commands.map((command) => [`[${code(command.name())}](#podwall-${command.name()})`, command.summary()]),
    ),
    'Flags may stand anywhere, also before the command. `-h` and `--help` explain each command, `podwall --version` prints the version. The answer goes to standard output; diagnostics, notes and errors go to standard error, except that documents (`-o json`, `-o yaml`) carry the diagnostics in them; the JSON of `nft` is for nft, and carries nothing else. `NO_COLOR` is respected.',
    'What ends and ports may be is in [operands](operands.md), the profiles are in [profiles](profiles.md), the documents in [JSON](json.md).',
    commands.flatMap((command) => [
      ...commandSection(command),
      ...command.commands.flatMap((below) => commandSection(below, `${command.name()} `)),
    ]),
  );
}

function commandSection(command: Command, above = ''): readonly string[] {
  const name = `${above}${command.name()}`;
  const blocks = [
    `## podwall ${name}`,
    prose(command.description()),
    fenced('text', `podwall ${name} ${command.usage()}`),
  ];
  if (command.registeredArguments.length > 0) {
    blocks.push(
      table(
        ['operand', 'meaning'],
        command.registeredArguments.map((argument) => [
          code(argument.name().toUpperCase() + (argument.variadic ? '...' : '')),
          `${prose(argument.description)}${argument.required ? '' : ' (optional)'}`,
        ]),
      ),
    );
  }
  const options = command.createHelp().visibleOptions(command);
  const rows = options.filter(({ long }) => long !== '--help').map(optionRow);
  if (rows.length > 0) blocks.push(table(['flag', 'meaning', 'values'], rows));
  if (command.commands.length > 0) {
    blocks.push(
      table(
        ['command', 'what it does'],
        command.commands.map((below) => [
          `[${code(`${name} ${below.name()}`)}](#podwall-${command.name()}-${below.name()})`,
          below.summary(),
        ]),
      ),
    );
  }
  return [...blocks, ...belowFlags(command)];
}

function optionRow(option: Option): readonly string[] {
  const flags = option.flags
    .replace(/<([^>]+)>/g, (_, value: string) => value.toUpperCase())
    .split(', ')
    .map(code)
    .join(', ');
  const choices = (option.argChoices ?? []).map(code).join(', ');
  const fallback: unknown = option.defaultValue;
  return [
    flags,
    prose(option.description),
    [choices, typeof fallback === 'string' ? `default ${code(fallback)}` : '']
      .filter((part) => part !== '')
      .join('; '),
  ];
}

/** What stands below the flags in a command's help; its examples become commands that a test runs. */
function belowFlags(command: Command): readonly string[] {
  let help = '';
  command.configureOutput({ writeOut: (piece) => (help += piece) });
  command.outputHelp();
  const below = help.slice(command.helpInformation().length).trim();
  if (below === '') throw new Error(`the help of ${command.name()} ends with its flags`);
  return below.split('\n\n').map((paragraph) => {
    const [heading = '', ...lines] = paragraph.split('\n');
    const text = lines.map((line) => line.replace(/^ {2}/, '')).join('\n');
    if (!heading.endsWith(':')) return prose(paragraph);
    if (heading !== 'Examples:') return `${heading}\n\n${fenced('text', text)}`;
    // A lab changes the machine, so its commands are tried in tests of their own.
    const marked = text.replace(/^podwall lab .*/gm, (line) => `${line}   # needs root`);
    return `${heading}\n\n${fenced('sh', marked)}`;
  });
}

// The codes.

function diagnosticsPage(): string {
  const codes: ReadonlyMap<string, CodeDoc> = new Map([
    ...diagnosticCodes,
    ...Object.entries(entryCodes),
    ...Object.entries(reachCodes),
    ...Object.entries(hostCodes),
  ]);
  const sorted = [...codes].sort(([a], [b]) => (a < b ? -1 : 1));
  return page(
    '# Diagnostics',
    `Every finding about the input has a code that does not change; \`podwall help CODE\` prints what is said here. There are ${sorted.length}. A finding is an *error* (something was left out or cannot be decided: the answer is incomplete, exit code 3), a *warning* (probably not what was meant) or a *note* (worth knowing); the last two change no exit code. One code may be an error in a file and a warning in a dump of a cluster: what carries \`metadata.uid\` was taken by a server, so it counts.`,
    table(
      ['code', 'what is wrong'],
      sorted.map(([name, { title }]) => [`[${code(name)}](#${name})`, prose(title)]),
    ),
    sorted.flatMap(([name, { title, text, example }]) => [
      `## ${name}`,
      ...`**${prose(title)}** ${prose(text.trimEnd())}`.split('\n\n').map(commandOrProse),
      ...(example === undefined ? [] : [fenced('yaml', example)]),
    ]),
  );
}

/** A paragraph that is a command reads better as one. */
function commandOrProse(paragraph: string): string {
  return /^(helm|kubectl|podwall) \S.* \| .*$/.test(paragraph) ? fenced('text', paragraph) : paragraph;
}

// The profiles.

function profilesPage(): string {
  const valueIn = (behaviour: Behaviour, name: ProfileName): string => {
    const cell = behaviour.cells[name];
    return cell === 'unknown' ? 'unknown' : cell.text;
  };
  const rows = (followed: boolean): string =>
    table(
      ['question', 'left open in', ...profileNames.map(code)],
      behaviours
        .filter((behaviour) => behaviour.followed === followed)
        .map((behaviour) => [
          behaviour.question,
          cornerLink(behaviour.corner),
          ...profileNames.map((name) => valueIn(behaviour, name)),
        ]),
    );
  return page(
    '# Profiles',
    'Where the API leaves the behaviour to implementations, a profile decides. It is a column of a table, not a second engine: `--profile NAME`, or `compile(cluster, { profile })` in the library. Every answer names its profile. `podwall profiles` prints the table, `podwall map --compare-profiles A,B` lists what two profiles answer differently.',
    "- `upstream`, the default: the reading that Kubernetes' own end-to-end tests require, and the API's text where they are silent.\n- `np-guard`: the reading of np-guard's netpol-analyzer, for people who compare its answers with podwall's; tests hold it against that tool's own cases.\n- The others: what network plugins are known to do in their usual configuration, as far as public sources say.",
    'A cell is *unknown* where no public source was at hand. The profile then answers as `upstream` does, and says so: as a note where nothing depends on it, as an error (the answer is incomplete) where the other reading gives another answer. Sources are named as they stood when the cell was written; plugins change, so a cell is a reason to look, not a proof.',
    '## What answers follow',
    rows(true),
    '## What is only told',
    'No answer depends on these: they are about addresses before and after translation, about time, or about what files lack.',
    rows(false),
    '## Sources',
    ...behaviours.flatMap(({ id, question, cells }) => {
      const known = profileNames.flatMap((name) => {
        const cell = cells[name];
        if (cell === 'unknown') return [];
        const { text, url } = cell.source;
        return [`- ${code(name)}: ${cell.text} (${url === undefined ? text : `[${text}](${url})`})`];
      });
      return [`### ${id}`, question, known.join('\n')];
    }),
    'What podwall answers in the corners that no profile turns is in [what a NetworkPolicy means](../explanation/semantics.md).',
  );
}

function cornerLink(corner: number): string {
  return `[corner ${corner}](../explanation/semantics.md#corner-${corner})`;
}

// The fields of the JSON.

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly $ref?: string;
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

function jsonFieldsPage(): string {
  const folder = join(root, 'schemas');
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.schema.json'))
    .sort();
  const schemas = files.map(
    (file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as Schema] as const,
  );
  const parts = new Map<string, Schema>();
  for (const [file, { $defs }] of schemas) {
    for (const [name, part] of Object.entries($defs ?? {})) {
      const known = parts.get(name);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(part))
        throw new Error(`${file} describes ${name} otherwise than another schema`);
      parts.set(name, part);
    }
  }
  const sorted = [...parts].sort(([a], [b]) => (a < b ? -1 : 1));
  return page(
    '# The fields of the JSON',
    'What every field of the machine-readable answers means, from the schemas in the package. What the documents are for, and how to use them: [JSON](json.md).',
    schemas.flatMap(([file, schema]) => [
      `## ${schema.title ?? file}`,
      `${prose(schema.description ?? '')} Schema: [${code(`podwall/schemas/${file}`)}](../../schemas/${file}).`,
      ...fieldsOf(schema, parts),
    ]),
    '## Parts',
    sorted.flatMap(([name, part]) => [
      `### ${name}`,
      prose(part.description ?? ''),
      ...fieldsOf(part, parts),
    ]),
  );
}

/** The table of an object's fields; of anything else one line that says what it may be. */
function fieldsOf(schema: Schema, parts: ReadonlyMap<string, Schema>): readonly string[] {
  if (schema.properties === undefined) return [`Type: ${typeOf(schema)}.`];
  const rows = Object.entries(schema.properties).map(([name, field]) => [
    code(name),
    typeOf(field),
    schema.required?.includes(name) === true ? 'always' : '',
    prose(field.description ?? parts.get(nameOf(field.$ref))?.description ?? ''),
  ]);
  return [table(['field', 'type', 'there', 'meaning'], rows)];
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined)
    return schema.enum
      .map((value) => code(typeof value === 'string' ? value : JSON.stringify(value)))
      .join(', ');
  if (schema.oneOf !== undefined) return schema.oneOf.map(typeOf).join(' or ');
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.type === 'array') return 'list';
  if (schema.properties !== undefined) {
    const fields = Object.entries(schema.properties).map(
      ([name, field]) => `${code(name)}: ${typeOf(field)}`,
    );
    return `object with ${fields.join(', ')}`;
  }
  if (schema.type === undefined) throw new Error('a schema without type is not described');
  return schema.type;
}

/** The name of the part that a schema refers to. */
function nameOf(ref: string | undefined): string {
  return (ref ?? '').replace('#/$defs/', '');
}

if (import.meta.main) {
  for (const [file, text] of referencePages()) writeFileSync(join(root, file), text);
}
