import type { ByteSource, SourceReader } from '../../manifest/index.ts';
import type { InputSink } from '../inputs.ts';
import { LabError } from './error.ts';
import type { LabSource } from './protocol.ts';

/** A lab has at most 2,000 pods: what says more than this (256 MiB) is no input for one. */
const mostBytes: number = 2 ** 28;

/** Hands inputs on, and keeps their bytes: a lab goes on with what was read when it was made. */
export class KeptInputs implements InputSink {
  readonly sources: LabSource[] = [];
  readonly #sink: InputSink;
  readonly #mostBytes: number;
  #bytes = 0;

  /** @param most - how many bytes are taken, where they are not as many as usual */
  constructor(sink: InputSink, most: number = mostBytes) {
    this.#sink = sink;
    this.#mostBytes = most;
  }

  open(source: ByteSource): SourceReader {
    const reader = this.#sink.open(source);
    const pieces: Uint8Array[] = [];
    return {
      get isDone() {
        return reader.isDone;
      },
      push: (bytes) => {
        this.#bytes += bytes.length;
        if (this.#bytes > this.#mostBytes)
          throw new LabError(`the input is larger than a lab can be: ${this.#mostBytes / 2 ** 20} MiB`);
        // The caller may write others there.
        pieces.push(bytes.slice());
        reader.push(bytes);
      },
      // So that all bytes come through `push`.
      room: () => undefined,
      wrote: (length) => reader.wrote(length),
      end: () => {
        this.sources.push({
          file: source.file,
          direct: source.direct === true,
          bytes: Buffer.concat(pieces),
        });
        reader.end();
      },
    };
  }
}
