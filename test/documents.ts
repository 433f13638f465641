import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The root of the repository. */
export const repository: string = join(import.meta.dirname, '..');

/** One command that a document shows. */
export interface ShownCommand {
  /** The path of the document, relative to the repository. */
  readonly document: string;
  /** Where the command begins, from 1. */
  readonly line: number;
  /** For a shell. Lines that end in a backslash are joined. */
  readonly command: string;
  /** The exit code that the document promises: 0 unless the command ends in `# exit 1` or `# needs root, exit 1`. */
  readonly exitCode: number;
  /** The lines that the document shows below it; `undefined` when it shows none. */
  readonly output: readonly string[] | undefined;
  /** What the command ends in after `# needs`: something that a test does not have, such as a cluster. */
  readonly needs: string | undefined;
}

/** A file that a document shows, so that its commands can use it: its code block opens with the language and a name. */
export interface ShownFile {
  readonly name: string;
  readonly text: string;
}

/** What a document shows. */
export interface Shown {
  readonly commands: readonly ShownCommand[];
  readonly files: readonly ShownFile[];
}

/**
 * Finds the commands and files that a Markdown document shows.
 *
 * - ` ```sh `: every line is a command, except empty lines and comments.
 * - ` ```console `: lines that begin with `$ ` are commands, what follows them is what a terminal shows. A line `…` stands
 *   for any number of lines.
 * - ` ```yaml web.yaml ` (any language, then a file name): a file in the folder where the commands run.
 *
 * @param document - its path, relative to the repository
 */
export function shownIn(document: string, text = readFileSync(join(repository, document), 'utf8')): Shown {
  const commands: ShownCommand[] = [];
  const files: ShownFile[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const opening = /^(\s*)(`{3,}|~{3,})\s*(\S*)\s*(\S*)\s*$/.exec(lines[at]!);
    if (opening === null) continue;
    const [, indent, fence, language, name] = opening;
    const first = at + 1;
    at++;
    while (at < lines.length && lines[at]!.trim() !== fence) at++;
    const body = lines
      .slice(first, at)
      .map((line) => (line.startsWith(indent!) ? line.slice(indent!.length) : line));
    if (language === 'sh') commands.push(...commandsOf(document, first + 1, body));
    else if (language === 'console') commands.push(...sessionsOf(document, first + 1, body));
    else if (name !== '') files.push({ name: name!, text: body.join('\n') + '\n' });
  }
  return { commands, files };
}

function commandsOf(document: string, line: number, body: readonly string[]): readonly ShownCommand[] {
  const commands: ShownCommand[] = [];
  for (let at = 0; at < body.length; at++) {
    const begin = at;
    if (body[at]!.trim() === '' || body[at]!.trim().startsWith('#')) continue;
    let command = body[at]!;
    while (command.endsWith('\\') && at + 1 < body.length) command = `${command.slice(0, -1)}${body[++at]!}`;
    commands.push(commandOf(document, line + begin, command, undefined));
  }
  return commands;
}

function sessionsOf(document: string, line: number, body: readonly string[]): readonly ShownCommand[] {
  const commands: ShownCommand[] = [];
  for (let at = 0; at < body.length;) {
    if (!body[at]!.startsWith('$ '))
      throw new Error(`${document}:${line + at} shows output without a command`);
    const begin = at;
    let command = body[at++]!.slice('$ '.length);
    while (command.endsWith('\\') && at < body.length) command = `${command.slice(0, -1)}${body[at++]!}`;
    const output: string[] = [];
    while (at < body.length && !body[at]!.startsWith('$ ')) output.push(body[at++]!);
    while (output.at(-1) === '') output.pop();
    commands.push(commandOf(document, line + begin, command, output.length === 0 ? undefined : output));
  }
  return commands;
}

function commandOf(
  document: string,
  line: number,
  text: string,
  output: readonly string[] | undefined,
): ShownCommand {
  const exit = /\s+#\s*exit(?: code)? ([0-9]+)\s*$/.exec(text);
  const needs = /\s+#\s*needs ([^,]+)(?:, exit ([0-9]+))?\s*$/.exec(text);
  const command = text.slice(0, (exit ?? needs)?.index ?? text.length).trim();
  return {
    document,
    line,
    command,
    exitCode: Number(exit?.[1] ?? needs?.[2] ?? 0),
    output,
    needs: needs?.[1],
  };
}

/** What a command did. `output` is what a terminal would show: standard output and standard error in their order. */
export interface Ran {
  readonly exitCode: number | null;
  readonly output: string;
}

/** A folder of its own, with the examples in it, where the commands of documents can run. */
export interface Workspace {
  run(command: string): Ran;
  remove(): void;
}

/**
 * Makes a folder where commands of documents run as a reader would run them: `podwall`, `npx podwall` and
 * `kubectl podwall` are the command line of this repository, programs can import it as `podwall`, `examples` and what
 * `files` holds are there.
 *
 * `npm` is stood in for by a command that installs nothing and knows the scripts of package.json; other `kubectl`
 * commands fail, as there is no cluster.
 */
export function workspace(files: readonly ShownFile[] = []): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'podwall-documents-'));
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  const podwall = `'${process.execPath}' '${join(repository, 'src/cli/main.ts')}'`;
  const script = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  script('podwall', `exec ${podwall} "$@"`);
  script(
    'kubectl',
    `[ "$1" = podwall ] || { echo 'there is no cluster' >&2; exit 1; }; shift; exec ${podwall} "$@"`,
  );
  script('npx', `[ "$1" = podwall ] || { echo "npx $1" >&2; exit 127; }; shift; exec ${podwall} "$@"`);
  script(
    'npm',
    `case "$1" in ci|install|link) exit 0;; test) set -- run test;; esac
[ "$1" = run ] && grep -q "^    \\"$2\\": " '${join(repository, 'package.json')}'`,
  );
  script('node', `exec '${process.execPath}' "$@"`);
  installLibrary(folder);
  symlinkSync(join(repository, 'examples'), join(folder, 'examples'));
  for (const { name, text } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return {
    run: (command) => {
      const { status, stdout } = spawnSync('/bin/sh', ['-c', `{ ${command}\n} 2>&1`], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: folder, LC_ALL: 'C.UTF-8' },
        input: '',
        timeout: 60_000,
      });
      return { exitCode: status, output: stdout };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Lets programs in a folder import `podwall` and `podwall/render`: the sources of this repository. */
function installLibrary(folder: string): void {
  const library = join(folder, 'node_modules/podwall');
  mkdirSync(library, { recursive: true });
  const exports = { '.': './index.js', './render': './render.js' };
  writeFileSync(join(library, 'package.json'), JSON.stringify({ name: 'podwall', type: 'module', exports }));
  for (const [door, source] of [
    ['index.js', 'src/index.ts'],
    ['render.js', 'src/render/index.ts'],
  ] as const) {
    const url = pathToFileURL(join(repository, source)).href;
    writeFileSync(join(library, door), `export * from ${JSON.stringify(url)};\n`);
  }
}

/**
 * Compares what a document shows with what a command printed; a shown line `…` stands for any number of lines, and
 * spaces at the end of lines do not count.
 *
 * @returns the first shown line that is not there, or the first printed one that is not shown; `undefined` when all agree
 */
export function difference(shown: readonly string[], printed: string): string | undefined {
  const lines = printed
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
  const blocks: string[][] = [[]];
  for (const line of shown) {
    if (line.trim() === '…') blocks.push([]);
    else blocks.at(-1)?.push(line.trimEnd());
  }
  let at = 0;
  for (const [index, block] of blocks.entries()) {
    // The first block begins where the output does, the last ends where it ends, others stand anywhere between.
    let begin = at;
    if (index > 0) {
      const latest = lines.length - block.length;
      if (index === blocks.length - 1) begin = Math.max(at, latest);
      else while (begin <= latest && !block.every((line, i) => lines[begin + i] === line)) begin++;
    }
    for (const [i, line] of block.entries()) {
      if (lines[begin + i] !== line) return `shown: ${line}\nprinted: ${lines[begin + i] ?? '(nothing)'}`;
    }
    at = begin + block.length;
  }
  return at < lines.length && !(lines.length === 1 && lines[0] === '')
    ? `not shown: ${lines[at]}`
    : undefined;
}
