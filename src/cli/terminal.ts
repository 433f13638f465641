import { once } from 'node:events';
import process from 'node:process';
import type { WriteStream } from 'node:tty';

/** When to colour: `auto` is a terminal that has not asked for none. */
export type ColorChoice = 'auto' | 'always' | 'never';

type Output = NodeJS.WriteStream & { readonly fd: 1 | 2 };

/**
 * Whether text for `stream` is coloured. `--color` decides; `auto` listens to NO_COLOR (https://no-color.org), then
 * FORCE_COLOR, then whether the stream is a terminal that can.
 */
export function colorFor(stream: Output, choice: ColorChoice): boolean {
  if (choice !== 'auto') return choice === 'always';
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  const force = process.env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  // On a pipe `isTTY` is undefined, which the colours would take as leave to look for themselves.
  return stream.isTTY ? process.env['TERM'] !== 'dumb' : false;
}

/** Columns of standard output, or of COLUMNS; `undefined` when the output is piped and nobody said. */
export function outputWidth(): number | undefined {
  return widthOf(process.stdout);
}

/** The same for standard error. */
export function errorWidth(): number | undefined {
  return widthOf(process.stderr);
}

function widthOf(stream: Output): number | undefined {
  // A shell does not export COLUMNS: whoever sets it for a command means it, also for a pipe.
  const given = process.env['COLUMNS'] ?? '';
  if (/^[0-9]{1,5}$/.test(given) && Number(given) > 0) return Number(given);
  // A terminal of no columns is one that does not know its size.
  return stream.isTTY && stream.columns > 0 ? stream.columns : undefined;
}

/** Whether nobody reads standard output any more. Node does not mark it as destroyed. */
let isUnread = false;

/** Makes a closed pipe (`podwall … | head`) the end of the output instead of a crash. */
export function endQuietlyOnClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (stream === process.stdout) isUnread = true;
    });
  }
}

const pieceLength = 1 << 16;

/** Writes to standard output no faster than it is read; stops without a word when the reader has gone. */
export async function print(text: string | Iterable<string>): Promise<void> {
  clearProgress();
  let waiting = '';
  for (const piece of typeof text === 'string' ? [text] : text) {
    waiting += piece;
    if (waiting.length < pieceLength) continue;
    await write(waiting);
    waiting = '';
    if (isUnread) return;
  }
  await write(waiting);
}

async function write(text: string): Promise<void> {
  // A reader that has gone is heard of in a later turn of the loop, as an error: then there is no drain.
  if (text === '' || process.stdout.write(text)) await new Promise<void>((resolve) => setImmediate(resolve));
  else await once(process.stdout, 'drain').catch(() => undefined);
}

/** Writes to standard error. */
export function complain(text: string): void {
  clearProgress();
  process.stderr.write(text);
}

/** What takes less is not told of. */
const quickMs = 1000;
/** A line that changes more often cannot be read. */
const betweenMs = 100;

let isProgressShown = false;

/** Tells what is going on, on a terminal only: a line that the next output takes away. */
export class Progress {
  readonly #start = performance.now();
  #last = -Infinity;

  /**
   * Shows what is going on, once it has taken a second, or at once when it is known to take long.
   *
   * @param text - one line that holds nothing a terminal would act on
   */
  update(text: string, takesLong = false): void {
    const { stderr }: { readonly stderr: WriteStream } = process;
    if (!stderr.isTTY || process.env['TERM'] === 'dumb') return;
    const now = performance.now();
    if (!takesLong && (now - this.#start < quickMs || now - this.#last < betweenMs)) return;
    this.#last = now;
    // A line that wraps could not be taken away.
    const width = (errorWidth() ?? 80) - 1;
    stderr.write(`\r${text.slice(0, width)}\u001B[K`);
    isProgressShown = true;
  }
}

/** Takes away what `Progress` shows. */
export function clearProgress(): void {
  if (isProgressShown) process.stderr.write('\r\u001B[K');
  isProgressShown = false;
}
