import type { Command, Option } from 'commander';
import { unreachable } from '../errors.ts';
import { collect } from './values.ts';

/** The shells that a script is written for. */
export type Shell = 'bash' | 'zsh' | 'fish';

/** What may stand as the value of a flag or as an operand. */
type Values =
  { readonly kind: 'words'; readonly words: readonly string[] } | { readonly kind: 'files' | 'free' };

interface Flag {
  readonly short: string | undefined;
  readonly long: string;
  readonly description: string;
  /** `undefined`: a switch. */
  readonly value: Values | undefined;
  readonly repeatable: boolean;
}

interface Entry {
  /** `map`, `lab up`. */
  readonly name: string;
  /** The commands below it: `lab` has some. */
  readonly below: readonly Entry[];
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Of the first operand, and of all others when it is variadic. */
  readonly operand: Values;
  readonly variadic: boolean;
}

/** A completion script, written from the program itself: it knows every command, flag and value, and files. */
export function completionScript(shell: Shell, program: Command): string {
  const entries = program.commands.map((command) => entryOf(command, program, ''));
  switch (shell) {
    case 'bash':
      return bash(entries);
    case 'zsh':
      return zsh(entries);
    case 'fish':
      return fish(entries);
    default:
      return unreachable(shell);
  }
}

function entryOf(command: Command, program: Command, above: string): Entry {
  const name = `${above}${command.name()}`;
  const argument = command.registeredArguments[0];
  const operand = ((): Values => {
    if (argument?.argChoices !== undefined) return { kind: 'words', words: argument.argChoices };
    if (command.commands.length > 0)
      return { kind: 'words', words: command.commands.map((one) => one.name()) };
    if (command.name() === 'help') return { kind: 'words', words: program.commands.map((one) => one.name()) };
    return { kind: argument?.name() === 'path' ? 'files' : 'free' };
  })();
  return {
    name,
    below: command.commands.map((one) => entryOf(one, program, `${name} `)),
    summary: command.summary(),
    flags: [...command.options.map(flagOf), helpFlag],
    operand,
    variadic: argument?.variadic === true,
  };
}

/** All commands, each before those below it. */
function allOf(entries: readonly Entry[]): readonly Entry[] {
  return entries.flatMap((entry) => [entry, ...allOf(entry.below)]);
}

/** The last word of the name of a command. */
function lastWord({ name }: Entry): string {
  return name.slice(name.lastIndexOf(' ') + 1);
}

const helpFlag: Flag = {
  short: 'h',
  long: 'help',
  description: 'show this help',
  value: undefined,
  repeatable: false,
};

function flagOf(option: Option): Flag {
  const value = ((): Values | undefined => {
    if (!option.required) return undefined;
    // A value such as label=KEY is completed up to what is the reader's.
    if (option.argChoices !== undefined) {
      return { kind: 'words', words: option.argChoices.map((word) => word.replace(/=.*/, '=')) };
    }
    return { kind: option.flags.includes('<path>') ? 'files' : 'free' };
  })();
  return {
    short: option.short?.slice(1),
    long: (option.long ?? '').slice(2),
    description: option.description,
    value,
    repeatable: option.parseArg === collect,
  };
}

function spellings({ short, long }: Flag): string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${long}`];
}

function bash(entries: readonly Entry[]): string {
  const names = entries.map(({ name }) => name);
  const all = allOf(entries);
  const values = all.flatMap(({ name, flags }) =>
    flags.flatMap((flag) => {
      if (flag.value === undefined) return [];
      const pattern = spellings(flag)
        .map((spelling) => `'${name} ${spelling}'`)
        .join(' | ');
      return [`    ${pattern}) ${bashReply(flag.value)} ;;`];
    }),
  );
  const operands = all.map(
    ({ name, flags, operand }) =>
      `    '${name}') if [[ $cur == -* ]]; then __podwall_words '${flags.flatMap(spellings).join(' ')}'; else ${bashReply(operand)}; fi ;;`,
  );
  return `# Completion of podwall for bash: source <(podwall completion bash)

__podwall_words() {
  local IFS=$' \\t\\n'
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
  # The word after "label=" is the reader's own, so no space goes behind it.
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}

__podwall_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}

_podwall() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command='' i
  COMPREPLY=()
  # bash parts --flag=value into three words.
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]]; then
    prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
    ${all.map(({ name }) => (name.includes(' ') ? `'${name}'` : `' ${name}'`)).join(' | ')})
      command="\${command:+$command }\${COMP_WORDS[i]}"
      ;;
    esac
  done
  case "$command $prev" in
${values.join('\n')}
  *)
    case "$command" in
${operands.join('\n')}
    *) __podwall_words '${[...names, '--help', '--version'].join(' ')}' ;;
    esac
    ;;
  esac
}

complete -F _podwall podwall kubectl-podwall
`;
}

function bashReply(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `__podwall_words '${values.words.join(' ')}'`;
    case 'files':
      return '__podwall_files';
    case 'free':
      return 'return';
    default:
      return unreachable(values);
  }
}

function zsh(entries: readonly Entry[]): string {
  const commands = entries.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = entries.map((entry) => zshCase(entry));
  return `#compdef podwall kubectl-podwall
# Completion of podwall for zsh: source <(podwall completion zsh)

_podwall() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a podwall_commands
  podwall_commands=(
${commands.join('\n')}
  )
  _arguments -C \\
    '(- *)'{-h,--help}'[show this help]' \\
    '(- *)--version[show the version]' \\
    '1: :->command' \\
    '*:: :->operands'
  case $state in
  command)
    _describe 'command' podwall_commands
    ;;
  operands)
    case $words[1] in
${cases.join('\n')}
    esac
    ;;
  esac
}

# In a folder of $fpath zsh runs this file as the function; sourced, it has to be registered.
if [[ $funcstack[1] == _podwall ]]; then
  _podwall "$@"
else
  compdef _podwall podwall kubectl-podwall
fi
`;
}

function zshCase(entry: Entry): string {
  const { flags, operand, variadic, below } = entry;
  const begin = `    ${lastWord(entry)})\n      _arguments `;
  if (below.length === 0) {
    const specs = [...flags.map(zshFlag), quote(`${variadic ? '*' : '1'}:${zshValues('operand', operand)}`)];
    return `${begin}-s ${specs.join(' \\\n        ')}\n      ;;`;
  }
  const specs = [...flags.map(zshFlag), quote(`1:${zshValues('command', operand)}`), "'*:: :->below'"];
  return `${begin}-C ${specs.join(' \\\n        ')}
      if [[ $state == below ]]; then
        case $words[1] in
${below.map(zshCase).join('\n')}
        esac
      fi
      ;;`;
}

function zshFlag(flag: Flag): string {
  const [first = '', second] = spellings(flag);
  const star = flag.repeatable ? '*' : '';
  const description = `[${flag.description.replace(/[[\]\\:]/g, '\\$&')}]`;
  const value = flag.value === undefined ? '' : `:${zshValues(flag.long, flag.value)}`;
  // The two spellings of one flag exclude each other, unless it may be repeated.
  const excludes = flag.repeatable || second === undefined ? star : `(${first} ${second})`;
  const tail = quote(`${description}${value}`);
  if (second === undefined)
    return `${quote(`${excludes}${first}${flag.value === undefined ? '' : '='}`)}${tail}`;
  const names = flag.value === undefined ? `{${first},${second}}` : `{${first}+,${second}=}`;
  return `${excludes === '' ? '' : quote(excludes)}${names}${tail}`;
}

/** `name:action` of one `_arguments` spec. */
function zshValues(name: string, values: Values): string {
  switch (values.kind) {
    case 'words':
      return `${name}:(${values.words.map((word) => word.replace(/[=]/g, '\\$&')).join(' ')})`;
    case 'files':
      return `${name}:_files`;
    case 'free':
      return `${name}: `;
    default:
      return unreachable(values);
  }
}

function fish(entries: readonly Entry[]): string {
  const names = entries.map(({ name }) => name).join(' ');
  const lines = entries.flatMap((entry) => fishLines(entry, `not __fish_seen_subcommand_from ${names}`, ''));
  return `# Completion of podwall for fish: podwall completion fish > ~/.config/fish/completions/podwall.fish
complete -c podwall -f
complete -c podwall -n 'not __fish_seen_subcommand_from ${names}' -s h -l help -d 'show this help'
complete -c podwall -n 'not __fish_seen_subcommand_from ${names}' -l version -d 'show the version'
${lines.join('\n')}
complete -c kubectl-podwall -w podwall
`;
}

/**
 * @param before - holds while the command has not been typed
 * @param above - holds when the command that it belongs to has been
 */
function fishLines(entry: Entry, before: string, above: string): readonly string[] {
  const { summary, flags, operand, below } = entry;
  const seen = `${above}__fish_seen_subcommand_from ${lastWord(entry)}`;
  const complete = (condition: string, rest: string): string =>
    `complete -c podwall -n '${condition}'${rest}`;
  const beforeBelow = `${seen}; and not __fish_seen_subcommand_from ${below.map(lastWord).join(' ')}`;
  return [
    complete(before, ` -a ${lastWord(entry)} -d ${quote(summary)}`),
    ...(operand.kind === 'files' ? [complete(seen, ' -F')] : []),
    ...(operand.kind === 'words' && below.length === 0
      ? [complete(seen, ` -a ${quote(operand.words.join(' '))}`)]
      : []),
    ...flags.map(({ short, long, value, description }) => {
      const letter = short === undefined ? '' : ` -s ${short}`;
      return complete(seen, `${letter} -l ${long}${fishValues(value)} -d ${quote(description)}`);
    }),
    ...below.flatMap((each) => fishLines(each, beforeBelow, `${seen}; and `)),
  ];
}

function fishValues(values: Values | undefined): string {
  if (values === undefined) return '';
  switch (values.kind) {
    case 'words':
      return ` -x -a ${quote(values.words.join(' '))}`;
    case 'files':
      return ' -r -F';
    case 'free':
      return ' -x';
    default:
      return unreachable(values);
  }
}

/** For all three shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
