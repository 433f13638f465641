import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import type { SourceReader } from '../manifest/index.ts';

/** How many bytes of a file are read at a time. */
const pieceLength: number = 2 ** 20;

/**
 * Reads a regular file to its end, or as far as someone listens, through one buffer that is used again and again.
 *
 * @param told - is called with the number of bytes so far
 */
export function readPieces(path: string, source: SourceReader, told: (done: number) => void): void {
  const file = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(pieceLength);
    let done = 0;
    while (!source.isDone) {
      // Into the window of the scanner, where there is one: a copy less.
      const room = source.room();
      const length = readSync(file, room ?? buffer, 0, Math.min((room ?? buffer).length, pieceLength), null);
      if (length === 0) return;
      if (room === undefined) source.push(buffer.subarray(0, length));
      else source.wrote(length);
      told((done += length));
    }
  } finally {
    closeSync(file);
  }
}

/** Reads parts of a regular file once more; `undefined` when it is not what it was when it had `stats`. */
export function rereader(path: string, stats: Stats): (from: number, to: number) => Uint8Array | undefined {
  return (from, to) => {
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch {
      return undefined;
    }
    try {
      const { size, mtimeMs } = fstatSync(file);
      if (size !== stats.size || mtimeMs !== stats.mtimeMs) return undefined;
      const bytes = new Uint8Array(Math.max(0, Math.min(to, size) - from));
      let length = 0;
      while (length < bytes.length) {
        const read = readSync(file, bytes, length, bytes.length - length, from + length);
        if (read === 0) return undefined;
        length += read;
      }
      return bytes;
    } catch {
      return undefined;
    } finally {
      closeSync(file);
    }
  };
}
