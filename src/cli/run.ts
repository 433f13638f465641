import { basename } from 'node:path';
import process from 'node:process';
import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { errorText, exitCode, issueTracker, UsageError } from './exit.ts';
import { commandFirst, createProgram } from './program.ts';
import type { Actions } from './program.ts';
import { complain, endQuietlyOnClosedPipes, print } from './terminal.ts';

// What reads manifests and reasons about them is loaded when a command needs it: help and version answer at once.
const actions: Actions = {
  map: async (paths, flags) => (await import('./answers.ts')).map(paths, flags),
  explain: async (ends, flags) => (await import('./answers.ts')).explain(ends, flags),
  can: async (ends, flags) => (await import('./answers.ts')).can(ends, flags),
  exposure: async (operands, flags) => (await import('./exposure.ts')).exposure(operands, flags),
  nft: async (paths, flags) => (await import('./nft.ts')).nft(paths, flags),
  lab: async (command, operands, flags) => (await import('./lab.ts')).lab(command, operands, flags),
  profiles: async (names, flags) => (await import('./profiles.ts')).profiles(names, flags),
  help: async (topic, program) => (await import('./topics.ts')).help(topic, program),
  completion: async (shell, program) => {
    const { completionScript } = await import('./completion.ts');
    await print(completionScript(shell, program));
    return exitCode.yes;
  },
};

/**
 * Runs the command line and answers with its exit code. Nothing is thrown: what goes wrong is printed.
 *
 * @param args - without the names of the runtime and of the program
 */
export async function run(args: readonly string[]): Promise<number> {
  endQuietlyOnClosedPipes();
  // Whatever escapes would end with Node's own exit code 1, which says "denied".
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error: unknown) => {
      complain(escaped(error));
      process.exit(exitCode.error);
    });
  }
  const name = calledAs();
  let code: number = exitCode.yes;
  let refusal = '';
  const program = createProgram(
    name,
    actions,
    (answer) => (code = answer),
    (message) => (refusal = message),
  );
  try {
    if (args.length === 0) {
      await print(program.helpInformation());
      return exitCode.yes;
    }
    // A command that has commands, and nothing behind it, is a question about them.
    const [first] = args;
    if (
      args.length === 1 &&
      program.commands.some((each) => each.name() === first && each.commands.length > 0)
    )
      return await actions.help(args, program);
    await program.parseAsync(commandFirst(program, args), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCode.yes;
      complain(refusalText(refusal, error, program, name));
    } else if (error instanceof UsageError) {
      complain(errorText(error.message, error.hints));
    } else {
      complain(escaped(error));
    }
    return exitCode.error;
  }
}

/** kubectl finds plugins by file name, and calls them so. */
function calledAs(): string {
  return basename(process.argv[1] ?? '').startsWith('kubectl-podwall') ? 'kubectl podwall' : 'podwall';
}

/** What commander has against the arguments, in the words of the help, and where to read on. */
function refusalText(refusal: string, error: CommanderError, program: Command, name: string): string {
  const near = /\n\(Did you mean (.*)\?\)$/.exec(refusal.trim());
  const text = (near === null ? refusal.trim() : refusal.slice(0, near.index))
    .replace(/^error: /, '')
    .replace(/option '[^']*(--[a-z-]+)[^']*' argument '([^']*)' is invalid\./s, "'$2' is no value of $1.")
    .replace(/command-argument value '([^']*)' is invalid for argument '[^']*'\./s, "'$1' is no operand.")
    .replace(
      /option '(-[^']*)' argument missing/,
      (_, flags: string) => `a value is missing: ${capitals(flags)}`,
    )
    .replace(
      /missing required argument '(.*)'/,
      (_, operand: string) => `${operand.toUpperCase()} is missing`,
    )
    .replace(/too many arguments.* but got [0-9]+: /s, 'too many operands: ')
    .replace(/unknown option/, 'unknown flag')
    .replaceAll("'", '"');
  const [first = '', second] = program.args;
  const above = program.commands.find((one) => one.name() === first);
  const below = above?.commands.find((one) => one.name() === second);
  const command = below ?? above;
  const path = [name, above?.name(), below?.name()].filter((word) => word !== undefined).join(' ');
  let hint = `${path} --help`;
  if (error.code === 'commander.unknownCommand' && above === undefined) {
    if (first === 'version') hint = `${name} --version`;
    // A path: people leave out the command that they use most.
    else if (/[./]/.test(first)) hint = `${name} map ${first}`;
  } else if (command !== undefined && /^commander\.(missing|excess)Argument/.test(error.code)) {
    hint = `${path} ${command.usage()}`;
  }
  return errorText(text, near === null ? [hint] : [`did you mean ${near[1]}?`, hint]);
}

function capitals(flags: string): string {
  return flags.replace(/<([^>]*)>/, (_, value: string) => value.toUpperCase());
}

/** What escaped: a refusal of the machine, such as a full disk, or a defect of ours. */
function escaped(error: unknown): string {
  if (error instanceof Error && 'syscall' in error) return errorText(error.message, []);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${text}\n\nThis is a defect of podwall, please report it: ${issueTracker}\n`;
}
