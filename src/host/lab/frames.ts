import type { Readable, Writable } from 'node:stream';
import { deserialize, serialize } from 'node:v8';

// Messages between podwall and the process of a lab: a length in four bytes, then a value as V8 writes it, so that numbers,
// bytes and big integers arrive as what they were.

/** Writes a message, no faster than it is read. */
export async function writeFrame(stream: Writable, message: unknown): Promise<void> {
  const body = serialize(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const isRead = stream.write(Buffer.concat([length, body]));
  if (isRead || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

/** The messages of a stream, until it ends or breaks. */
export async function* readFrames(stream: Readable): AsyncGenerator<unknown, void> {
  let pieces: Buffer[] = [];
  let size = 0;
  // Pieces are put together only when a message is whole: it may be of many.
  let needed = 4;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    pieces.push(piece);
    size += piece.length;
    while (size >= needed) {
      const all = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      const length = all.readUInt32BE(0);
      const isWhole = all.length >= length + 4;
      const rest = isWhole ? all.subarray(length + 4) : all;
      pieces = rest.length === 0 ? [] : [rest];
      size = rest.length;
      needed = isWhole ? 4 : length + 4;
      if (!isWhole) break;
      const message: unknown = deserialize(all.subarray(4, length + 4));
      yield message;
    }
  }
}
