import type { Command } from 'commander';
import { outputFormats } from './help-text.ts';
import { labHelp } from './lab-help.ts';
import type { LabFlags } from './program.ts';

/** The commands of `lab`. */
export type LabCommand = 'up' | 'apply' | 'probe' | 'verify' | 'exec' | 'status' | 'down';

/** The name of a lab that was given none. */
const usualName = 'lab';

/**
 * Adds `lab` and its commands to the program.
 *
 * @param shared - what adds the flags that other commands have, too
 * @param run - does what a command asks for
 */
export function addLab(
  program: Command,
  name: string,
  shared: {
    readonly addInput: (command: Command, profiles: boolean) => void;
    readonly addOutput: (command: Command, formats: readonly string[], fallback: string) => void;
  },
  run: (command: LabCommand, operands: readonly string[], flags: LabFlags) => Promise<void>,
): void {
  const lab = program
    .command('lab')
    .summary('a network on this machine, where real packets show what policies do')
    .description(
      'Makes every pod of the input a network namespace on this machine, loads the rules that podwall nft prints, and tries connections with real packets. Needs Linux and root.',
    )
    .usage('COMMAND [flags]')
    .helpCommand(false)
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', () => labHelp.lab(name));

  const add = (command: LabCommand, summary: string, description: string, usage: string): Command => {
    const added = lab
      .command(command)
      .summary(summary)
      .description(description)
      .usage(usage)
      .helpOption('-h, --help', 'show this help');
    added.addHelpText('after', () => labHelp[command](name));
    return added;
  };
  const named = (command: Command): Command =>
    command.optionsGroup('Choose the lab:').option('--name <name>', 'the name of the lab', usualName);
  const within = (command: Command): Command =>
    command
      .optionsGroup('Choose what is asked:')
      .option('-n, --namespace <name>', 'the namespace of ends that name none');
  const withInput = (command: Command): Command => {
    command.argument('[path...]', 'like the paths of -f, after them');
    shared.addInput(command, false);
    return named(command);
  };
  const shown = (command: Command, formats: readonly string[]): void => {
    command.optionsGroup('Choose how to see it:');
    shared.addOutput(command, formats, formats[0]!);
  };
  const onPaths =
    (command: LabCommand) =>
    async (paths: string[], flags: LabFlags, given: Command): Promise<void> =>
      run(command, paths, {
        ...flags,
        named: given.getOptionValueSource('name') !== 'default',
        output: flags.output ?? 'text',
      });

  const up = withInput(
    add(
      'up',
      'make a lab of the input',
      'Makes a lab, which stays until it is taken down.',
      '[PATH...] [flags]',
    ),
  );
  shown(up, outputFormats['lab up']);
  up.action(onPaths('up'));

  const apply = withInput(
    add(
      'apply',
      'change a lab that runs',
      'Makes a lab that runs into what the input says, each node in one transaction; what stays as it is keeps its connections.',
      '[PATH...] [flags]',
    ),
  );
  shown(apply, outputFormats['lab apply']);
  apply.action(onPaths('apply'));

  const probe = named(
    within(
      add(
        'probe',
        'try one connection',
        'Tries one connection with real packets, and says what happened beside what the engine had said.',
        'FROM TO[:PORT] [PORT] [flags]',
      )
        .argument('<from>', 'a pod, a workload, a node, or an address outside')
        .argument('<to>', 'the destination; TO:PORT names the port too')
        .argument('[port]', 'one port: 5432, udp/53'),
    ),
  );
  shown(probe, outputFormats['lab probe']);
  probe.action(async (from: string, to: string, port: string | undefined, flags: LabFlags) =>
    run('probe', port === undefined ? [from, to] : [from, to, port], flags),
  );

  const verify = withInput(
    add(
      'verify',
      'try every connection, and compare with the engine',
      'Tries every pair on every port with real packets and compares with what the engine says. With PATH a lab of its own is made for it, under --name if that is given, and taken down again, else the lab that runs is verified.',
      '[PATH...] [flags]',
    ),
  );
  shown(verify, outputFormats['lab verify']);
  verify.action(onPaths('verify'));

  const exec = named(
    within(
      add(
        'exec',
        'run a command in a pod',
        'Runs a command of this machine in the network of a pod, where the names of Services are known.',
        'POD [flags] -- COMMAND...',
      )
        .argument('<pod>', 'a pod, a workload, a node, or an address outside')
        .argument('<command...>', 'the command with its arguments, behind --'),
    ),
  );
  exec.action(async (end: string, command: string[], flags: LabFlags) =>
    run('exec', [end, ...command], { ...flags, output: 'text', color: 'auto' }),
  );

  const status = named(
    add('status', 'what is in a lab', 'Shows the nodes, pods and Services of a lab that runs.', '[flags]'),
  );
  shown(status, outputFormats['lab status']);
  status.action(async (flags: LabFlags) => run('status', [], flags));

  const down = named(
    add('down', 'take a lab down', 'Takes a lab down, and whatever is left of one that has died.', '[flags]'),
  );
  shown(down, outputFormats['lab down']);
  down.action(async (flags: LabFlags) => run('down', [], { ...flags, output: 'text' }));
}
