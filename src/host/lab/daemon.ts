// The process of a lab: makes it, holds its sockets, answers questions about it. It is started by `podwall lab up` with the
// name of the lab, and reads from standard input what the lab is to be.
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { LabError } from './error.ts';
import { claim, folderOf, socketOf, watchOver } from './folder.ts';
import { readFrames, writeFrame } from './frames.ts';
import { Machine } from './machine.ts';
import { loadNative, Namespaces } from './native.ts';
import { Poller } from './poller.ts';
import { Proxies } from './proxies.ts';
import type { LabReply, LabRequest, LabStart } from './protocol.ts';
import { RunningLab } from './running.ts';
import { EchoServers } from './servers.ts';

/** So many probes stand in one message. */
const probesOfMessage = 500;

async function main(): Promise<void> {
  const messages = readFrames(process.stdin);
  const first = await messages.next();
  if (first.done === true) return;
  const { lab: name, input, attached } = first.value as LabStart;
  const native = await loadNative();
  const folder = await claim(native, name);
  watchOver(name, folder);
  const namespaces = new Namespaces(native);
  const servers = new EchoServers(native, namespaces, new Poller(native));
  const proxies = new Proxies(namespaces, folderOf(name));
  const lab = new RunningLab(name, new Machine(namespaces, servers, proxies), servers);
  const control = new Control(lab);
  await control.listen(socketOf(name));
  writeFileSync(join(folderOf(name), 'pid'), `${process.pid}\n`);
  // Who has started the lab is gone: Ctrl-C, or worse. The shell that watches cleans up.
  let isUp = false;
  void messages.next().then(() => {
    if (!isUp || attached) process.exit(0);
  });
  const summary = await control.inTurn(async () =>
    lab.apply(input, (text) => void writeFrame(process.stdout, { kind: 'stage', text } satisfies LabReply)),
  );
  isUp = true;
  await writeFrame(process.stdout, { kind: 'up', summary } satisfies LabReply);
  process.stdout.end();
}

/** Answers those who ask over the lab's socket; what changes the lab is done one after the other. */
class Control {
  readonly #lab: RunningLab;
  #last: Promise<unknown> = Promise.resolve();

  constructor(lab: RunningLab) {
    this.#lab = lab;
  }

  async listen(path: string): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      void this.#converse(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
  }

  async inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #converse(socket: Socket): Promise<void> {
    const say = async (reply: LabReply): Promise<void> => writeFrame(socket, reply);
    let isSuspended = false;
    try {
      for await (const message of readFrames(socket)) {
        const request = message as LabRequest;
        try {
          if (request.kind === 'suspend') isSuspended = true;
          if (request.kind === 'resume') isSuspended = false;
          await this.inTurn(async () => this.#answer(request, say));
        } catch (error) {
          await say(failureOf(error));
        }
      }
    } catch {
      // A connection that breaks is one that ends.
    }
    // Who took the policies away, and is gone, would leave the lab open.
    if (isSuspended) await this.inTurn(async () => this.#lab.setDormant(false)).catch(() => undefined);
    socket.destroy();
  }

  async #answer(request: LabRequest, say: (reply: LabReply) => Promise<void>): Promise<void> {
    const lab = this.#lab;
    switch (request.kind) {
      case 'status':
        return say({ kind: 'status', status: lab.status() });
      case 'apply': {
        const summary = await lab.apply(request.input, (text) => void say({ kind: 'stage', text }));
        return say({ kind: 'up', summary });
      }
      case 'probes': {
        let probes = [];
        for (const probe of lab.probes()) {
          probes.push(probe);
          if (probes.length < probesOfMessage) continue;
          await say({ kind: 'probes', probes });
          probes = [];
        }
        await say({ kind: 'probes', probes });
        return say({ kind: 'done' });
      }
      case 'find':
        return say({ kind: 'found', probes: lab.find(request) });
      case 'where':
        return say({ kind: 'where', namespace: lab.where(request) });
      case 'suspend':
      case 'resume':
        await lab.setDormant(request.kind === 'suspend');
        return say({ kind: 'done' });
      case 'causes':
        return say({ kind: 'causes', ...(await lab.causes(request.probes)) });
      case 'end':
        await say({ kind: 'done' });
        process.exit(0);
    }
  }
}

function failureOf(error: unknown): LabReply {
  if (error instanceof LabError) return { kind: 'failed', message: error.message, hint: error.hint };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'failed', message: text, hint: undefined };
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(0));
// Nobody reads what it would say any more.
process.stdout.on('error', () => undefined);

main().catch(async (error: unknown) => {
  await writeFrame(process.stdout, failureOf(error));
  process.stdout.end(() => process.exit(1));
});
