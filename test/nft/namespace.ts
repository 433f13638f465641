import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** Why no kernel can be asked here, in one line; `undefined` where one can. */
export const whyNoKernel: string | undefined = probe();

if (whyNoKernel !== undefined) console.log(`skipped: rules in a kernel: ${whyNoKernel}`);

function probe(): string | undefined {
  if (process.platform !== 'linux') return `${process.platform} has no nftables`;
  const { error, status, stderr } = spawnSync('unshare', [...flags(), 'nft', 'list', 'ruleset'], {
    encoding: 'utf8',
  });
  if (error !== undefined) return `unshare cannot be run: ${error.message}`;
  return status === 0 ? undefined : `no network namespace with nft: ${stderr.trim().split('\n')[0]}`;
}

/** Who is not root is given a user namespace, where the kernel allows it. */
function flags(): readonly string[] {
  return process.getuid?.() === 0 ? ['-n'] : ['-rn'];
}

/**
 * Runs a shell script in a network namespace of its own, which is gone afterwards; `files` lie in its folder.
 *
 * @returns its standard output
 * @throws Error with what it wrote to standard error, when it fails
 */
export function inNamespace(script: string, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'podwall-nft-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { status, stdout, stderr } = spawnSync('unshare', [...flags(), 'sh', '-e', '-c', script], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    if (status !== 0) throw new Error(stderr === '' ? `exit ${status}` : stderr);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
