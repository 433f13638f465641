import process from 'node:process';
import { behaviours, profileNames } from '../policy/index.ts';
import { renderProfiles } from '../render/index.ts';
import type { ProfileFormat } from '../render/index.ts';
import { didYouMean, exitCode, UsageError } from './exit.ts';
import type { ProfilesFlags } from './program.ts';
import { colorFor, outputWidth, print } from './terminal.ts';
import { meantWord } from './values.ts';

/**
 * `podwall profiles`: prints the table of what implementations make of the behaviours that the API leaves open.
 *
 * @throws UsageError when an operand is no profile
 */
export async function profiles(operands: readonly string[], flags: ProfilesFlags): Promise<number> {
  for (const operand of operands) {
    if (profileNames.some((name) => name === operand)) continue;
    const near = meantWord(operand, profileNames);
    throw new UsageError(
      `there is no profile "${operand}"`,
      didYouMean(near === undefined ? [] : [near]),
      `they are ${profileNames.join(', ')}`,
    );
  }
  // In the order of the table, whatever the order of the operands.
  const named = profileNames.filter((name) => operands.length === 0 || operands.includes(name));
  const text = renderProfiles(behaviours, named, flags.output as ProfileFormat, {
    width: outputWidth(),
    color: colorFor(process.stdout, flags.color),
    headers: flags.headers,
    brief: flags.quiet === true,
  });
  await print(text);
  return exitCode.yes;
}
