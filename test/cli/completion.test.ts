import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionScript } from '../../src/cli/completion.ts';
import type { Shell } from '../../src/cli/completion.ts';
import { createProgram } from '../../src/cli/program.ts';

const nothing = (): Promise<number> => Promise.resolve(0);
const program = createProgram(
  'podwall',
  {
    map: nothing,
    explain: nothing,
    can: nothing,
    exposure: nothing,
    nft: nothing,
    lab: nothing,
    profiles: nothing,
    help: nothing,
    completion: nothing,
  },
  () => undefined,
  () => undefined,
);

const hasShell = (shell: Shell): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podwall-completion-'));
  mkdirSync(join(folder, 'manifests'));
  writeFileSync(join(folder, 'my policies.yaml'), '');
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    writeFileSync(join(folder, `podwall.${shell}`), completionScript(shell, program));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What bash offers behind `words`, the last of which is being typed. */
function bashOffers(...words: string[]): string[] {
  // bash parts --flag=value into three words before it asks.
  const parted = words.flatMap((word) => {
    const at = word.indexOf('=');
    return word.startsWith('--') && at > 0 ? [word.slice(0, at), '=', word.slice(at + 1)] : [word];
  });
  if (parted.at(-1) === '') if (parted.at(-2) === '=') parted.pop();
  const script = `source podwall.bash
COMP_WORDS=(podwall ${parted.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${parted.length}
_podwall
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '');
}

describe.runIf(hasShell('bash'))('bash', () => {
  test('knows the commands', () => {
    expect(bashOffers('')).toEqual([
      'map',
      'explain',
      'can',
      'exposure',
      'nft',
      'lab',
      'profiles',
      'help',
      'completion',
      '--help',
      '--version',
    ]);
    expect(bashOffers('ma')).toEqual(['map']);
    expect(bashOffers('help', 'c')).toEqual(['can', 'completion']);
    expect(bashOffers('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('knows the commands below a command, with flags and operands of their own', () => {
    expect(bashOffers('lab', '')).toEqual(['up', 'apply', 'probe', 'verify', 'exec', 'status', 'down']);
    expect(bashOffers('lab', 'ver')).toEqual(['verify']);
    expect(bashOffers('lab', '-')).toEqual(['-h', '--help']);
    expect(bashOffers('lab', 'up', '--na')).toEqual(['--name']);
    expect(bashOffers('lab', 'up', 'man')).toEqual(['manifests']);
    expect(bashOffers('lab', 'down', '--na')).toEqual(['--name']);
    expect(bashOffers('lab', 'verify', '-o', '')).toEqual(['text', 'json']);
    // The word behind another command is none.
    expect(bashOffers('map', 'lab', '--na')).toEqual(['--namespace']);
  });

  test('knows the flags of each command', () => {
    expect(bashOffers('map', '--l')).toEqual(['--level']);
    expect(bashOffers('can', '--l')).toEqual([]);
    expect(bashOffers('explain', '--al')).toEqual(['--allow-incomplete']);
    for (const command of program.commands) {
      const flags = command.options.flatMap(({ short, long }) =>
        [short, long].filter((flag) => flag !== undefined),
      );
      expect(bashOffers(command.name(), '-').toSorted()).toEqual([...flags, '-h', '--help'].toSorted());
    }
  });

  test('knows the values of flags, apart and behind =', () => {
    expect(bashOffers('map', '-o', 'm')).toEqual(['matrix', 'md', 'mermaid']);
    expect(bashOffers('explain', '-o', '')).toEqual(['text', 'json', 'yaml']);
    expect(bashOffers('map', '--output=ja')).toEqual([]);
    expect(bashOffers('map', '--output=js')).toEqual(['json']);
    expect(bashOffers('map', '--level=')).toEqual(['pod', 'workload', 'namespace', 'label=']);
    expect(bashOffers('map', 'x.yaml', '--profile', 'n')).toEqual(['np-guard']);
    expect(bashOffers('map', '--direction', '')).toEqual(['ingress', 'egress']);
  });

  test('completes files where files are meant, and nothing where names are', () => {
    expect(bashOffers('map', 'm').toSorted()).toEqual(['manifests', 'my policies.yaml']);
    expect(bashOffers('can', '-f', 'my')).toEqual(['my policies.yaml']);
    expect(bashOffers('map', '-n', 'm')).toEqual([]);
    expect(bashOffers('explain', 'm')).toEqual([]);
  });

  test('is registered for both names', () => {
    const { stdout } = spawnSync(
      'bash',
      ['--norc', '-c', 'source podwall.bash; complete -p podwall kubectl-podwall'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    expect(stdout).toBe('complete -F _podwall podwall\ncomplete -F _podwall kubectl-podwall\n');
  });
});

describe.runIf(hasShell('zsh'))('zsh', () => {
  test('the script is loaded, and registered for both names', () => {
    const script =
      'autoload -U compinit; compinit -u -D; source podwall.zsh; print $_comps[podwall] $_comps[kubectl-podwall]';
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', script], { cwd: folder, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '_podwall _podwall\n', stderr: '' });
  });
});

describe.runIf(hasShell('fish'))('fish', () => {
  test('offers commands, flags and values', () => {
    const offers = (line: string): string[] => {
      const { stdout, stderr } = spawnSync(
        'fish',
        ['--no-config', '-c', `source podwall.fish; complete -C '${line}'`],
        {
          cwd: folder,
          encoding: 'utf8',
        },
      );
      expect(stderr).toBe('');
      return stdout
        .split('\n')
        .filter((one) => one !== '')
        .map((one) => one.split('\t')[0] ?? '');
    };
    expect(offers('podwall m')).toEqual(['map']);
    expect(offers('podwall map --le')).toEqual(['--level']);
    expect(offers('podwall map -o js')).toEqual(['json']);
    expect(offers('podwall lab ver')).toEqual(['verify']);
    expect(offers('podwall lab up --na')).toEqual(['--name']);
    expect(offers('podwall completion ').toSorted()).toEqual(['bash', 'fish', 'zsh']);
  });
});

describe('every script', () => {
  test.each(['bash', 'zsh', 'fish'] as const)('%s names every command, flag and value', (shell) => {
    const script = completionScript(shell, program);
    for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
      expect(script).toContain(command.name());
      for (const option of command.options) {
        expect(script).toContain(shell === 'fish' ? `-l ${option.long?.slice(2)}` : String(option.long));
        for (const choice of option.argChoices ?? []) expect(script).toContain(choice.replace(/=.*/, ''));
      }
    }
  });

  test.each(['bash', 'zsh', 'fish'] as const)('%s reads the quotes as closed', (shell) => {
    // A quote within quotes is written as '\'' or \'.
    const script = completionScript(shell, program)
      .replace(/^\s*#.*$/gm, '')
      .replaceAll("'\\''", '');
    expect((script.match(/'/g) ?? []).length % 2).toBe(0);
  });
});
