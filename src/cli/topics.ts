import type { Command } from 'commander';
import { hostCodes } from '../host/index.ts';
import { entryCodes } from '../entry/index.ts';
import { diagnosticCodes } from '../manifest/index.ts';
import { reachCodes } from '../reach/index.ts';
import type { CodeDoc } from '../manifest/index.ts';
import { didYouMean, exitCode, UsageError } from './exit.ts';
import { outputWidth, print } from './terminal.ts';
import { meantWord } from './values.ts';

/** Every code that a finding can have. */
const codes: ReadonlyMap<string, CodeDoc> = new Map([
  ...diagnosticCodes,
  ...Object.entries(entryCodes),
  ...Object.entries(reachCodes),
  ...Object.entries(hostCodes),
]);

/**
 * `podwall help [COMMAND|CODE]`.
 *
 * @throws UsageError when `topic` is neither a command, of `lab` with two words, nor a code
 */
export async function help(topic: readonly string[], program: Command): Promise<number> {
  let command: Command | undefined = program;
  for (const word of topic) command = command?.commands.find((one) => one.name() === word);
  const [first = ''] = topic;
  const code = topic.length === 1 ? codes.get(first) : undefined;
  if (command !== undefined) await print(helpOf(command));
  else if (code !== undefined) await print(codeHelp(first, code, program));
  else throw unknownTopic(topic.join(' '), program);
  return exitCode.yes;
}

/** The help of a command with all that stands below its flags. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (piece) => (text += piece) });
  command.outputHelp();
  return text;
}

/** What a code means, why it matters and what to do, as written beside the check that reports it. */
function codeHelp(code: string, { title, text, example }: CodeDoc, program: Command): string {
  // Wider than this is hard to read, whatever the terminal has.
  const width = Math.min(outputWidth() ?? 80, 100);
  const wrap = (paragraph: string): string => program.createHelp().boxWrap(paragraph.trimEnd(), width);
  const paragraphs = [wrap(`${code}: ${title}`), wrap(text)];
  if (example !== undefined) paragraphs.push(example.trimEnd().replace(/^(?=.)/gm, '    '));
  return `${paragraphs.join('\n\n')}\n`;
}

function unknownTopic(topic: string, program: Command): UsageError {
  const words = [...program.commands.map((one) => one.name()), ...codes.keys()];
  const containing = words.filter((word) => topic.length > 2 && word.includes(topic)).slice(0, 5);
  const near = meantWord(topic, words);
  return new UsageError(
    `"${topic}" is neither a command nor the code of an error, warning or note`,
    didYouMean(containing.length > 0 || near === undefined ? containing : [near]) ??
      `${program.name()} --help`,
  );
}
