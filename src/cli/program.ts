import { readFileSync } from 'node:fs';
import { Argument, Command } from 'commander';
import type { CnpChannel } from '../manifest/index.ts';
import type { ProfileName } from '../policy/index.ts';
import {
  canHelp,
  completionHelp,
  explainHelp,
  exposureHelp,
  formatRootHelp,
  helpOfHelp,
  mapHelp,
  nftHelp,
  outputFormats,
  profilesHelp,
} from './help-text.ts';
import { addLab } from './lab-program.ts';
import type { LabCommand } from './lab-program.ts';
import { outputWidth } from './terminal.ts';
import type { ColorChoice } from './terminal.ts';
import {
  choiceOption,
  choose,
  collect,
  levels,
  parseGeneration,
  parseKubernetesVersion,
  parseLevel,
  parseProfiles,
  profileChoices,
} from './values.ts';

/** The flags that every question about a cluster has. Names are commander's: `--kubernetes-version` and so on. */
export interface InputFlags {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly namespace?: string;
  readonly profile?: ProfileName;
  readonly ingressController?: readonly string[];
  readonly kubernetesVersion?: string;
  readonly cnpChannel?: CnpChannel;
  readonly allowIncomplete?: boolean;
  readonly output: string;
  readonly color: ColorChoice;
  readonly quiet?: boolean;
}

/** The flags of `map`. */
export interface MapFlags extends InputFlags {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly level?: string;
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  readonly peer?: readonly string[];
  readonly port?: readonly string[];
  readonly direction?: 'ingress' | 'egress';
  readonly count?: boolean;
  readonly compareProfiles?: readonly [ProfileName, ProfileName];
  readonly explain?: boolean;
  /** False with `--no-headers`. */
  readonly headers: boolean;
}

/** The flags of `exposure`. */
export interface ExposureFlags extends InputFlags {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly direction?: 'ingress' | 'egress';
  /** False with `--no-headers`. */
  readonly headers: boolean;
}

/** The flags of the commands of `lab`. */
export interface LabFlags extends InputFlags {
  readonly name: string;
  /** Whether somebody has given the name. */
  readonly named?: boolean;
}

/** The flags of `nft`. */
export interface NftFlags extends InputFlags {
  readonly node?: string;
  readonly generation?: number;
}

/** The flags of `profiles`. */
export interface ProfilesFlags {
  readonly output: string;
  readonly color: ColorChoice;
  readonly quiet?: boolean;
  /** False with `--no-headers`. */
  readonly headers: boolean;
}

/** What the commands do; each answers with its exit code. */
export interface Actions {
  map(paths: readonly string[], flags: MapFlags): Promise<number>;
  explain(ends: readonly string[], flags: InputFlags): Promise<number>;
  can(ends: readonly string[], flags: InputFlags): Promise<number>;
  exposure(operands: readonly string[], flags: ExposureFlags): Promise<number>;
  nft(paths: readonly string[], flags: NftFlags): Promise<number>;
  lab(command: LabCommand, operands: readonly string[], flags: LabFlags): Promise<number>;
  profiles(names: readonly string[], flags: ProfilesFlags): Promise<number>;
  help(topic: readonly string[], program: Command): Promise<number>;
  completion(shell: 'bash' | 'zsh' | 'fish', program: Command): Promise<number>;
}

/** The shells that `completion` writes for. */
export const shells: readonly string[] = ['bash', 'zsh', 'fish'];

/** The version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}

/**
 * The whole command line as a value: commands, flags, their values and their help. Completion and help read it too.
 *
 * @param name - how it was called: `podwall` or `kubectl podwall`
 * @param done - is told the exit code of the command that ran
 * @param refuse - is told why the arguments cannot be read, as commander words it
 */
export function createProgram(
  name: string,
  actions: Actions,
  done: (code: number) => void,
  refuse: (message: string) => void,
): Command {
  const program = new Command(name)
    .exitOverride()
    .configureOutput({
      outputError: refuse,
      getOutHelpWidth: () => outputWidth() ?? 80,
    })
    .configureHelp({
      minWidthToWrap: 20,
      optionTerm: (option) => plainFlags(option.flags, option.short !== undefined),
      argumentTerm: (argument) => metavar(argument.name()) + (argument.variadic ? '...' : ''),
      argumentDescription: (argument) => argument.description,
      optionDescription: (option) => option.description,
      formatHelp: (command, helper) =>
        command.parent === null ? formatRootHelp(name) : formatCommandHelp(command, helper, name),
    })
    .helpCommand(false)
    .helpOption('-h, --help', 'show this help')
    .version(packageVersion(), '--version', 'show the version');

  const map = program
    .command('map')
    .summary('who can talk to whom, on which ports, and what is open')
    .description('Shows all allowed connections, and what no policy isolates.')
    .usage('[PATH...] [flags]')
    .argument('[path...]', 'like the paths of -f, after them');
  addInput(map);
  map
    .optionsGroup('Choose what to see:')
    .option('-n, --namespace <name>', 'connections with an end in this namespace')
    .option('-A, --all-namespaces', 'all namespaces, which is the default')
    .option('-l, --selector <selector>', 'connections with an end of such labels: a=b,!c')
    .option('--from <end>', 'connections from there', collect)
    .option('--to <end>', 'connections to there', collect)
    .option('--peer <end>', 'connections from or to there', collect)
    .option('--port <port>', 'connections on these ports', collect)
    .addOption(
      choiceOption('--direction <direction>', 'ingress or egress of what -n, -l or --peer names', [
        'ingress',
        'egress',
      ]),
    );
  map
    .optionsGroup('Choose how to see it:')
    .addOption(
      choiceOption('--level <level>', 'pod, workload (default), namespace or label=KEY', levels).argParser(
        parseLevel,
      ),
    )
    .option('--explain', 'name the rules that admit each connection')
    .option('--count', 'only how many pairs of pods can connect, by port')
    .option('--compare-profiles <a,b>', 'only what two profiles answer differently, and why', parseProfiles);
  addOutput(map, outputFormats.map, 'table');
  map.option('--no-headers', 'only the rows').addHelpText('after', () => mapHelp(name));
  map.action(async (paths: string[], flags: MapFlags) => done(await actions.map(paths, flags)));

  const explain = program
    .command('explain')
    .summary('whether one can reach the other, and which lines decide it')
    .description('Says whether one end can reach the other, and shows the policies and lines that decide it.')
    .usage('FROM [TO[:PORT]] [PORT] [flags]')
    .argument('<from>', 'the source; alone: what its policies admit')
    .argument('[to]', 'the destination; TO:PORT names the port too')
    .argument('[port]', 'one port or several: 5432, udp/53, http, 80,443');
  explain.optionsGroup(asked).option('-n, --namespace <name>', 'the namespace of ends that name none');
  addInput(explain);
  explain.optionsGroup('Choose how to see it:');
  addOutput(explain, outputFormats.explain, 'text');
  explain.addHelpText('after', () => explainHelp(name));
  explain.action(async (from: string, to: string | undefined, port: string | undefined, flags: InputFlags) =>
    done(await actions.explain(given(from, to, port), flags)),
  );

  const can = program
    .command('can')
    .summary('yes or no, also as the exit code')
    .description('Says yes only if every pod, address and port that was asked about may connect.')
    .usage('FROM TO PORT [flags]')
    .argument('<from>', 'the source')
    .argument('<to>', 'the destination; TO:PORT names the port too')
    .argument('[port]', 'one port or several: 5432, udp/53, http, 80,443');
  can.optionsGroup(asked).option('-n, --namespace <name>', 'the namespace of ends that name none');
  addInput(can);
  can.optionsGroup('Choose how to see it:');
  addOutput(can, outputFormats.can, 'text');
  can.addHelpText('after', () => canHelp(name));
  can.action(async (from: string, to: string, port: string | undefined, flags: InputFlags) =>
    done(await actions.can(given(from, to, port), flags)),
  );

  const exposure = program
    .command('exposure')
    .summary('who could reach workloads, and whom they could reach, beyond the pods that exist')
    .description(
      'Shows who could reach workloads, and whom they could reach: pods that do not exist yet, in any namespace and with any labels, the internet, nodes.',
    )
    .usage('[WORKLOAD...] [flags]')
    .argument('[workload...]', 'only these, one by one; without -f: the paths to read');
  exposure
    .optionsGroup(asked)
    .option('-n, --namespace <name>', 'workloads of this namespace')
    .option('-A, --all-namespaces', 'all namespaces, which is the default')
    .option('-l, --selector <selector>', 'pods with such labels: a=b,!c')
    .addOption(
      choiceOption('--direction <direction>', 'who could reach them (ingress), or whom they could (egress)', [
        'ingress',
        'egress',
      ]),
    );
  addInput(exposure);
  exposure.optionsGroup('Choose how to see it:');
  addOutput(exposure, outputFormats.exposure, 'table');
  exposure.option('--no-headers', 'only the rows').addHelpText('after', () => exposureHelp(name));
  exposure.action(async (operands: string[], flags: ExposureFlags) =>
    done(await actions.exposure(operands, flags)),
  );

  const nft = program
    .command('nft')
    .summary('the nftables rules that make a node enforce the policies')
    .description('Prints the nftables table that makes one node enforce the policies. It loads nothing.')
    .usage('[PATH...] [flags]')
    .argument('[path...]', 'like the paths of -f, after them');
  addInput(nft, false);
  nft
    .optionsGroup('Choose what to see:')
    .option('--node <name>', 'the node whose pods are meant; without it all pods, as if on one node')
    .option(
      '--generation <number>',
      'what approved flows are marked with, 1 (default) to 4095; flows with another mark are judged again',
      parseGeneration,
    );
  nft.optionsGroup('Choose how to see it:');
  addOutput(nft, outputFormats.nft, 'text');
  nft.addHelpText('after', () => nftHelp(name));
  nft.action(async (paths: string[], flags: NftFlags) => done(await actions.nft(paths, flags)));

  addLab(program, name, { addInput, addOutput }, async (command, operands, flags) =>
    done(await actions.lab(command, operands, flags)),
  );

  const profiles = program
    .command('profiles')
    .summary('what implementations make of what the API leaves open')
    .description(
      'Prints the table of profiles: what the API leaves open, and what implementations make of it.',
    )
    .usage('[PROFILE...] [flags]')
    .argument('[profile...]', 'only these; one alone is shown with its sources');
  profiles.optionsGroup('Choose how to see it:');
  addOutput(profiles, outputFormats.profiles, 'table');
  profiles.option('--no-headers', 'only the rows').addHelpText('after', () => profilesHelp(name));
  profiles.action(async (names: string[], flags: ProfilesFlags) =>
    done(await actions.profiles(names, flags)),
  );

  program
    .command('help')
    .summary('help on a command, or on the code of an error or warning')
    .description('Explains a command, or the code of an error, warning or note.')
    .usage('[COMMAND|CODE]')
    .argument('[topic...]', 'a command, or a code such as yaml-syntax')
    .addHelpText('after', () => helpOfHelp(name))
    .action(async (topic: readonly string[]) => done(await actions.help(topic, program)));

  program
    .command('completion')
    .summary('completion of commands, flags and files in your shell')
    .description('Writes a script that completes commands, flags, their values and files.')
    .usage('bash|zsh|fish')
    .addArgument(
      new Argument('<shell>', 'bash, zsh or fish')
        .choices(shells)
        .argParser((shell: string) => choose(shell, shells)),
    )
    .addHelpText('after', () => completionHelp(name))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => done(await actions.completion(shell, program)));
  return program;
}

const read = 'Read the cluster from:';
const asked = 'Ask about:';

/** @param profiles - whether the answer may follow another reading than that which a kernel can follow */
function addInput(command: Command, profiles = true): void {
  command
    .optionsGroup(read)
    .option('-f, --filename <path>', 'a file, a folder, or - for standard input', collect)
    .option('-R, --recursive', 'also the folders inside of folders')
    .optionsGroup('Choose how to read it:');
  if (profiles) {
    command.addOption(
      choiceOption('--profile <name>', 'how to read what the API leaves open', profileChoices),
    );
    command.option('--ingress-controller <end>', 'whose pods serve entrances: NAMESPACE/WORKLOAD', collect);
  }
  command
    .option(
      '--kubernetes-version <v>',
      'whose checks decide what is valid: 1.34, v1.34.4',
      parseKubernetesVersion,
    )
    .addOption(
      choiceOption('--cnp-channel <channel>', 'CRDs of tiers: experimental (default), standard', [
        'experimental',
        'standard',
      ]),
    )
    .option('--allow-incomplete', 'exit as if all had been read and decided');
}

function addOutput(command: Command, formats: readonly string[], fallback: string): void {
  if (formats.length > 1) {
    command.addOption(
      choiceOption('-o, --output <format>', 'the format of the answer', formats).default(fallback),
    );
  }
  command
    .option('-q, --quiet', 'the answer alone: no warnings, notes or closing words')
    .addOption(
      choiceOption('--color <when>', 'auto (default), always or never', ['auto', 'always', 'never']).default(
        'auto',
      ),
    );
}

/** Moves flags that stand before the command behind it, as kubectl allows: `podwall -n shop map x`. */
export function commandFirst(program: Command, args: readonly string[]): string[] {
  let at = 0;
  while (at < args.length) {
    const arg = args[at] ?? '';
    if (arg === '--' || !arg.startsWith('-') || arg === '-') break;
    const option = program.commands
      .flatMap((command) => command.options)
      .find(({ short, long }) => arg === short || arg === long || arg.startsWith(`${long}=`));
    // --help, --version and wrong flags belong to podwall itself.
    if (option === undefined) return [...args];
    if (arg.includes('=')) at++;
    else at += option.required ? 2 : 1;
  }
  const command = args[at];
  if (at === 0 || command === undefined || command === '--') return [...args];
  return [command, ...args.slice(0, at), ...args.slice(at + 1)];
}

function given(...operands: readonly (string | undefined)[]): string[] {
  return operands.filter((operand) => operand !== undefined);
}

/** `-o, --output FORMAT`; long flags without short one stand below the other long ones. */
function plainFlags(flags: string, hasShort: boolean): string {
  return (hasShort ? '' : '    ') + flags.replace(/<([^>]+)>/g, (_, name: string) => metavar(name));
}

function metavar(name: string): string {
  return name.toUpperCase();
}

/** `podwall map`, `podwall lab up`. */
function pathOf(command: Command, name: string): string {
  return command.parent === null ? name : `${pathOf(command.parent, name)} ${command.name()}`;
}

type Helper = ReturnType<Command['createHelp']>;

function formatCommandHelp(command: Command, helper: Helper, name: string): string {
  const width = Math.min(helper.padWidth(command, helper), 28);
  const usage = `Usage: ${pathOf(command, name)} ${command.usage()}`;
  const lines = [helper.boxWrap(command.description(), helper.helpWidth ?? 80), '', usage, ''];
  const groups = new Map<string, string[]>();
  const add = (group: string, term: string, description: string): void => {
    const item = helper.formatItem(term, width, description, helper);
    const items = groups.get(group);
    if (items === undefined) groups.set(group, [item]);
    else items.push(item);
  };
  for (const argument of helper.visibleArguments(command)) {
    // The operands of map and nft are inputs like those of -f.
    add(
      argument.name() === 'path' ? read : asked,
      helper.argumentTerm(argument),
      helper.argumentDescription(argument),
    );
  }
  for (const each of helper.visibleCommands(command)) {
    add('Commands:', `${each.name()} ${each.usage()}`, each.summary());
  }
  for (const option of helper.visibleOptions(command)) {
    if (option.long !== '--help')
      add(option.helpGroupHeading ?? 'Flags:', helper.optionTerm(option), helper.optionDescription(option));
  }
  for (const [group, items] of groups) lines.push(group, ...items, '');
  return `${lines.join('\n')}\n`;
}
