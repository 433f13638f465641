import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { LabError } from './error.ts';
import { writeFrame } from './frames.ts';
import type { Native } from './native.ts';
import type { LabRequest } from './protocol.ts';

// What a lab leaves outside of its processes: namespaces, which `ip netns` knows, files of /etc/netns, and one folder, whose
// lock says that it lives. Who holds the lock: the lab's process, and the shell that cleans up after it whatever ends it.

/** Where labs keep what they must tell others, a folder each. */
const labsFolder = '/run/podwall';

const lock = { exclusive: 2, nonBlocking: 4 } as const;

/** How long a lab that has ended may take to be cleaned up. */
const cleanUpMs = 30_000;
const againMs = 50;

/**
 * The folder of a lab.
 *
 * @throws LabError when `lab` cannot be the name of one: it goes into paths that are removed
 */
export function folderOf(lab: string): string {
  checkName(lab);
  return join(labsFolder, lab);
}

function isName(lab: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$/.test(lab);
}

/** @throws LabError when a lab cannot be called so */
export function checkName(lab: string): void {
  if (isName(lab)) return;
  throw new LabError(
    `"${lab.slice(0, 40)}" cannot be the name of a lab`,
    'write at most 20 lower case letters, digits and dashes, the dashes inside',
  );
}

/** The word by which the process of a lab is known among others. */
export function markOf(lab: string): string {
  return `podwall-lab=${lab}.`;
}

/** The socket that a lab listens on. */
export function socketOf(lab: string): string {
  return join(folderOf(lab), 'control');
}

/** The names of labs that have a folder, sorted; they need not live. */
export function knownLabs(): readonly string[] {
  return entriesOf(labsFolder).filter(isName).toSorted();
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What is there of a lab by name: namespaces, and folders below /etc/netns and /run. */
export function leftoversOf(lab: string): readonly string[] {
  checkName(lab);
  const prefix = `podwall.${lab}.`;
  return [
    ...['/run/netns', '/etc/netns'].flatMap((folder) =>
      entriesOf(folder)
        .filter((name) => name.startsWith(prefix))
        .map((name) => join(folder, name)),
    ),
    ...(knownLabs().includes(lab) ? [folderOf(lab)] : []),
  ];
}

/**
 * Ends what is left of a lab by name: processes, namespaces with the links, tables and sockets in them, and files. `$1` is the
 * name of the lab, `$2` a process that is spared, `$3` the session of the lab's process, where that is known: what it has
 * started may be making namespaces still. It is a script so that it can do its work when podwall is gone.
 */
const cleanUpScript = `
[ -n "$1" ] || exit 1
prefix="podwall.$1."
ours() {
  grep -la "podwall-lab[=]$1[.]" /proc/[0-9]*/cmdline 2>/dev/null | tr -dc '0-9\\n'
  [ -z "$3" ] || cat /proc/[0-9]*/stat 2>/dev/null |
    awk -v session="$3" '{ pid = $1; sub(/^.*\\) /, ""); if ($4 == session) print pid }'
  inodes=$(stat -L -c %i /run/netns/"$prefix"* 2>/dev/null | tr '\\n' ' ')
  ls -l /proc/[0-9]*/ns/net 2>/dev/null | awk -v inodes="$inodes" '
    BEGIN { n = split(inodes, list, " "); for (i = 1; i <= n; i++) of["net:[" list[i] "]"] = 1 }
    $NF in of { split($(NF - 2), path, "/"); print path[3] }'
}
for attempt in 1 2 3 4 5; do
  for pid in $(ours "$@"); do
    [ "$pid" = "$2" ] || kill -KILL "$pid" 2>/dev/null
  done
  names=$(ls /run/netns 2>/dev/null | awk -v prefix="$prefix" 'index($0, prefix) == 1 { print "netns del " $0 }')
  [ -n "$names" ] || break
  echo "$names" | ip -force -batch - 2>/dev/null
done
rm -rf /etc/netns/"$prefix"* /run/podwall/"$1"
rmdir /etc/netns /run/podwall 2>/dev/null
exit 0
`;

/** Ends what is left of a lab by name. Nobody else may be at it: its lock is held, or it has no folder. */
async function cleanUp(lab: string): Promise<void> {
  const child = spawn('/bin/sh', ['-c', cleanUpScript, 'podwall-lab-clean', lab, String(process.pid)], {
    stdio: 'ignore',
  });
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve());
  });
}

/**
 * Starts the shell that cleans up after a lab when the process that called this ends, however it does. It holds the lock of
 * the folder until it is done.
 *
 * @param folder - the descriptor that `claim` has made
 */
export function watchOver(lab: string, folder: number): void {
  const child = spawn(
    '/bin/sh',
    ['-c', `cat >/dev/null\n${cleanUpScript}`, 'podwall-lab-watch', lab, '', String(process.pid)],
    {
      stdio: ['pipe', 'ignore', 'ignore', folder],
      // A signal to the lab's group, such as that of Ctrl-C, is not for it.
      detached: true,
      cwd: '/',
    },
  );
  if (child.pid === undefined) throw new LabError('cannot run /bin/sh to watch over the lab');
  child.unref();
}

/**
 * Makes a lab's folder this process's, and cleans up what a dead lab of the same name has left.
 *
 * @returns a descriptor of the folder; the lock holds until it is closed, here and in processes that were given it
 * @throws LabError when such a lab runs
 */
export async function claim(native: Native, lab: string): Promise<number> {
  const fd = await lockFolder(native, lab);
  if (fd === undefined)
    throw new LabError(`the lab ${lab} runs already`, `podwall lab down --name ${lab}, or another --name`);
  if (entriesOf(folderOf(lab)).length === 0 && leftoversOf(lab).length === 1) return fd;
  // The script takes the folder away, too, so that it is made anew, with another lock.
  await cleanUp(lab);
  closeSync(fd);
  return claim(native, lab);
}

/** The lock of a lab's folder, which is made if it is not there; `undefined` when the lab lives. */
async function lockFolder(native: Native, lab: string): Promise<number | undefined> {
  const deadline = Date.now() + cleanUpMs;
  for (;;) {
    const fd = tryLock(native, lab, true);
    if (fd !== undefined) return fd;
    // It may be that the lab has ended and is being cleaned up.
    if (entriesOf(folderOf(lab)).includes('control') && (await lives(lab))) return undefined;
    if (Date.now() > deadline) return undefined;
    await after(againMs);
  }
}

/**
 * Ends a lab, whatever state it is in: one that runs, that is stuck, or that has left something behind.
 *
 * @returns whether there was anything to end
 * @throws LabError when something of it cannot be removed
 */
export async function takeDown(native: Native, lab: string): Promise<boolean> {
  if (leftoversOf(lab).length === 0) return false;
  // Whoever listens ends itself, and is cleaned up after.
  await askToEnd(lab);
  const begin = Date.now();
  while (leftoversOf(lab).length > 0) {
    if (entriesOf(labsFolder).includes(lab)) {
      const fd = tryLock(native, lab, false);
      if (fd !== undefined) {
        await cleanUp(lab);
        closeSync(fd);
        continue;
      }
    } else {
      await cleanUp(lab);
      if (leftoversOf(lab).length === 0) break;
    }
    const took = Date.now() - begin;
    if (took > cleanUpMs)
      throw new LabError(`the lab ${lab} cannot be removed: ${leftoversOf(lab)[0] ?? ''} is still there`);
    // It is stuck: the script kills it, and what watches over it does the rest.
    if (took > cleanUpMs / 3) await cleanUp(lab);
    await after(againMs);
  }
  return true;
}

function tryLock(native: Native, lab: string, make: boolean): number | undefined {
  let fd: number;
  try {
    if (make) mkdirSync(folderOf(lab), { recursive: true, mode: 0o700 });
    fd = openSync(folderOf(lab), 'r');
  } catch {
    return undefined;
  }
  const held = native.flock(fd, lock.exclusive | lock.nonBlocking) === 0;
  if (held && statSync(folderOf(lab), { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return fd;
  closeSync(fd);
  return undefined;
}

/** Whether anybody listens on the socket of a lab. */
async function lives(lab: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketOf(lab));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Asks a lab to end itself, if anybody listens. */
async function askToEnd(lab: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(socketOf(lab));
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.once('connect', () => void writeFrame(socket, { kind: 'end' } satisfies LabRequest));
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.once('close', () => resolve());
  });
}

/** A lab that has nothing to say for so long is stuck, or busy with what is in vain. */
const answerMs = 5000;
