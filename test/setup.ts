// Installs what tests need beyond npm: shells whose completion scripts are run, nft and ip for kernels that load rules,
// what labs serve and ask with. Only as root, where apt is, and only what is missing; elsewhere the suites that need it say
// what they skipped.
import { execFileSync, spawnSync } from 'node:child_process';

/** Command to Debian package. */
const needed: ReadonlyMap<string, string> = new Map([
  ['bash', 'bash'],
  ['fish', 'fish'],
  ['zsh', 'zsh'],
  ['nft', 'nftables'],
  ['ip', 'iproute2'],
  ['conntrack', 'conntrack'],
  ['nginx', 'nginx-light'],
  ['openssl', 'openssl'],
  ['curl', 'curl'],
]);

export default function setup(): void {
  const missing = [...needed].filter(([command]) => isMissing(command));
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && !isMissing('apt-get')) install(missing.map(([, name]) => name));
  for (const [command] of missing) {
    if (isMissing(command)) console.log(`skipped: what needs ${command}, which is not installed`);
  }
}

function isMissing(command: string): boolean {
  return spawnSync(command, ['--version']).error !== undefined;
}

function install(packages: readonly string[]): void {
  console.log(`installing for the tests: ${packages.join(', ')}`);
  const apt = (...args: readonly string[]): void => {
    // Another run may be installing at the same time.
    execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  try {
    apt('update');
    apt('install', '-y', '--no-install-recommends', ...packages);
  } catch (error) {
    console.log(
      `could not install ${packages.join(', ')}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
