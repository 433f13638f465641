import { PassThrough, Readable } from 'node:stream';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readFrames, writeFrame } from '../../src/host/lab/frames.ts';
import { KeptInputs } from '../../src/host/lab/keep.ts';
import { readSctp, withoutIPv4Header, writeSctp } from '../../src/host/lab/sctp.ts';
import { addressOf, readSocketAddress, socketAddress } from '../../src/host/lab/sockets.ts';
import { ManifestReader } from '../../src/manifest/index.ts';
import { formatAddress } from '../../src/net/index.ts';

// What of a lab touches no machine.

const seed = Number(process.env['PODWALL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

describe('messages between podwall and a lab', () => {
  test(`arrive as they were sent, however they are cut: seed ${seed}`, async () => {
    const messages = fc.array(
      fc.oneof(
        fc.record({ text: fc.string(), big: fc.bigInt(), bytes: fc.uint8Array({ maxLength: 5000 }) }),
        fc.array(fc.integer(), { maxLength: 300 }),
      ),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(messages, fc.integer({ min: 1, max: 700 }), async (sent, size) => {
        const stream = new PassThrough({ highWaterMark: 2 ** 24 });
        for (const message of sent) await writeFrame(stream, message);
        stream.end();
        const all = Buffer.concat(await stream.toArray());
        const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
          all.subarray(i * size, (i + 1) * size),
        );
        const received: unknown[] = [];
        for await (const message of readFrames(Readable.from(pieces))) received.push(message);
        const plain = (value: unknown): unknown =>
          JSON.parse(
            JSON.stringify(value, (_, part: unknown) =>
              typeof part === 'bigint' ? `${part}n` : part instanceof Uint8Array ? [...part] : part,
            ),
          );
        expect(plain(received)).toEqual(plain(sent));
      }),
      { seed, numRuns: 50 },
    );
  });

  test('end with a stream that breaks off in the middle of one', async () => {
    const stream = new PassThrough();
    await writeFrame(stream, { whole: true });
    stream.write(Buffer.from([0, 0, 1, 0, 1, 2, 3]));
    stream.end();
    const received: unknown[] = [];
    for await (const message of readFrames(stream)) received.push(message);
    expect(received).toEqual([{ whole: true }]);
  });
});

describe('packets of SCTP', () => {
  const parts = { sourcePort: 40_000, destinationPort: 9000, initiateTag: 0xdead_beef, verificationTag: 7 };

  test.each([
    [false, 'INIT'],
    [true, 'INIT ACK'],
  ] as const)('say what was put in: answer %s', (answer, chunk) => {
    expect(readSctp(writeSctp({ ...parts, answer }))).toEqual({ ...parts, chunk });
  });

  test('have the checksum of RFC 9260, least byte first', () => {
    // Worked out bit by bit, as the polynomial says.
    const bytes = writeSctp({ ...parts, answer: false });
    const sum = new DataView(bytes.buffer).getUint32(8, true);
    bytes.fill(0, 8, 12);
    let value = 0xffff_ffff;
    for (const byte of bytes) {
      for (let bit = 0; bit < 8; bit++) {
        const out = (value ^ (byte >> bit)) & 1;
        value = (value >>> 1) ^ (out === 1 ? 0x82f6_3b78 : 0);
      }
    }
    expect(sum).toBe(~value >>> 0);
  });

  test('are none when a bit is another, or they are cut', () => {
    const bytes = writeSctp({ ...parts, answer: true });
    for (let at = 0; at < bytes.length; at++) {
      const other = bytes.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      expect(readSctp(other)).toBeUndefined();
      expect(readSctp(bytes.slice(0, at))).toBeUndefined();
    }
  });

  test('follow the header of IPv4, options included', () => {
    const bytes = writeSctp({ ...parts, answer: false });
    const header = new Uint8Array(24);
    header[0] = 0x46;
    expect(readSctp(withoutIPv4Header(new Uint8Array([...header, ...bytes])))).toMatchObject(parts);
  });
});

test.each(['10.0.0.1', '255.255.255.255', '::1', 'fd00:1:2::ff', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'])(
  'the socket address of %s reads as it was written',
  (text) => {
    const { address, port } = readSocketAddress(socketAddress(addressOf(text), 54_321));
    expect([formatAddress(address), port]).toEqual([text, 54_321]);
  },
);

describe('inputs that a lab keeps', () => {
  test('are the bytes that the reader got', () => {
    const kept = new KeptInputs(new ManifestReader());
    const source = kept.open({ file: 'a.yaml', direct: true });
    const piece = new TextEncoder().encode('apiVersion: v1\nkind: Namespace\n');
    source.push(piece);
    // The caller may use its memory again.
    piece.fill(0x23);
    source.push(new TextEncoder().encode('metadata: {name: a}\n'));
    source.end();
    expect(
      kept.sources.map(({ file, direct, bytes }) => [file, direct, new TextDecoder().decode(bytes)]),
    ).toEqual([['a.yaml', true, 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n']]);
  });

  test('are not endless', () => {
    const kept = new KeptInputs(
      {
        open: () => ({
          isDone: false,
          push: () => undefined,
          room: () => undefined,
          wrote: () => undefined,
          end: () => undefined,
        }),
      },
      2 ** 20,
    );
    const source = kept.open({ file: 'a.yaml' });
    const piece = new Uint8Array(2 ** 19);
    source.push(piece);
    source.push(piece);
    expect(() => source.push(new Uint8Array(1))).toThrow('the input is larger than a lab can be: 1 MiB');
  });
});
