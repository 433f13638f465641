import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { LabCertificate, LabProxy } from '../../topology/index.ts';
import { command } from './command.ts';
import { LabError } from './error.ts';
import type { Namespaces } from './native.ts';

/** How long an nginx may take to listen, or to take a new configuration. */
const patienceMs = 10_000;
const againMs = 20;
/** The longest common name of a certificate, RFC 5280. */
const longestName = 64;

interface Pem {
  readonly certificate: string;
  readonly key: string;
}

/** The nginx of a lab, one in each namespace of a controller. */
export class Proxies {
  readonly #namespaces: Namespaces;
  readonly #folder: string;
  readonly #running = new Map<string, ChildProcess>();
  /** Those that were made, by what for: they stay the same while the lab runs, as a reader may have come to trust one. */
  readonly #made = new Map<string, Pem>();

  /** @param folder - of the lab, which nobody else may read */
  constructor(namespaces: Namespaces, folder: string) {
    this.#namespaces = namespaces;
    this.#folder = folder;
  }

  /**
   * Starts an nginx, or gives one that runs in the namespace its new configuration; when this is done it serves.
   *
   * @returns what a reader should know: sentences without final full stop
   * @throws LabError when nginx refuses
   */
  async serve(proxy: LabProxy): Promise<readonly string[]> {
    const { namespace, config, certificates } = proxy;
    const folder = join(this.#folder, 'nginx', namespace);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const notes: string[] = [];
    for (const certificate of certificates) {
      const given = pemOf(certificate);
      if (certificate.pair !== undefined && given === undefined)
        notes.push(
          `the Secret for ${certificate.hosts[0]} holds no certificate with its key, so one was made`,
        );
      const pem = given ?? (await this.#makeCertificate(certificate));
      writeFileSync(join(folder, `${certificate.name}.crt`), pem.certificate, { mode: 0o600 });
      writeFileSync(join(folder, `${certificate.name}.key`), pem.key, { mode: 0o600 });
    }
    writeFileSync(join(folder, 'nginx.conf'), config);
    try {
      await command('nginx', [...argumentsFor(folder), '-t'], {
        within: { namespaces: this.#namespaces, name: namespace },
      });
    } catch (error) {
      if (!(error instanceof LabError) || !error.message.endsWith(' is not installed')) throw error;
      return [`nginx is not installed, so nothing serves ${proxy.serves.join(', ')}`];
    }
    const child = this.#running.get(namespace);
    if (child === undefined) await this.#start(namespace, folder);
    else await reload(child);
    return notes;
  }

  /** Ends the nginx of a namespace, if there is one. */
  async stop(namespace: string): Promise<void> {
    const child = this.#running.get(namespace);
    this.#running.delete(namespace);
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(join(this.#folder, 'nginx', namespace), { recursive: true, force: true });
  }

  async #start(namespace: string, folder: string): Promise<void> {
    const log = join(folder, 'error.log');
    const fd = openSync(log, 'w');
    const child = this.#namespaces.within(namespace, () =>
      spawn('nginx', argumentsFor(folder), { stdio: ['ignore', 'ignore', fd] }),
    );
    closeSync(fd);
    child.on('error', () => undefined);
    this.#running.set(namespace, child);
    child.once('exit', () => {
      if (this.#running.get(namespace) === child) this.#running.delete(namespace);
    });
    // It writes this file when its sockets listen.
    const listens = async (): Promise<boolean> => Promise.resolve(existsSync(join(folder, 'nginx.pid')));
    if (await comesTrue(listens, () => child.exitCode === null && child.signalCode === null)) return;
    const [first = ''] = readFileSync(log, 'utf8').split('\n');
    throw new LabError(`nginx does not serve in ${namespace}: ${first === '' ? 'it does not start' : first}`);
  }

  async #makeCertificate({ hosts }: LabCertificate): Promise<Pem> {
    const known = this.#made.get(hosts.join());
    if (known !== undefined) return known;
    const [first] = hosts;
    const name = first.length > longestName ? 'podwall lab' : first;
    const names = hosts.map((host) => `DNS:${host}`).join(',');
    const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -batch -days 365';
    const pem = await command('openssl', [
      ...`${words} -keyout - -out -`.split(' '),
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=${names}`,
    ]);
    const made = { certificate: partOf(pem, 'CERTIFICATE'), key: partOf(pem, 'PRIVATE KEY') };
    this.#made.set(hosts.join(), made);
    return made;
  }
}

function argumentsFor(folder: string): readonly string[] {
  return ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'];
}

/** What a Secret holds, if it is a certificate with the key that belongs to it. */
function pemOf({ pair }: LabCertificate): Pem | undefined {
  if (pair === undefined) return undefined;
  const pem = { certificate: pair.certificate.reveal(), key: pair.key.reveal() };
  try {
    const fits = new X509Certificate(pem.certificate).checkPrivateKey(createPrivateKey(pem.key));
    return fits ? pem : undefined;
  } catch {
    // What the errors say might be a part of the key.
    return undefined;
  }
}

function partOf(text: string, label: string): string {
  const part = new RegExp(`-----BEGIN ${label}-----[^]*?-----END ${label}-----\n`).exec(text)?.[0];
  if (part === undefined) throw new LabError(`openssl made no ${label.toLowerCase()}`);
  return part;
}

/** Waits until something is so; the answer is whether that came, before patience or hope were gone. */
async function comesTrue(
  isTrue: () => Promise<boolean>,
  isHope: () => boolean = () => true,
): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline && isHope()) {
    if (await isTrue()) return true;
    await after(againMs);
  }
  return isTrue();
}

/** Gives an nginx its new configuration: when new workers have come, they serve it. */
async function reload(child: ChildProcess): Promise<void> {
  const workers = (): readonly string[] => {
    try {
      return readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    } catch {
      return [];
    }
  };
  const before = new Set(workers());
  child.kill('SIGHUP');
  await comesTrue(async () => Promise.resolve(workers().some((pid) => !before.has(pid))));
}
