import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError, hostCodes, readInputs } from '../../src/host/index.ts';
import { ManifestReader, diagnosticCodes } from '../../src/manifest/index.ts';
import type { ByteSource, SourceReader } from '../../src/manifest/index.ts';

let root: string;
const at = (...path: string[]): string => join(root, ...path);
const write = (path: string, content: string | Uint8Array): void => {
  mkdirSync(join(at(path), '..'), { recursive: true });
  writeFileSync(at(path), content);
};

/** Hands on what it is given, and remembers it. */
class Recorder {
  readonly reader = new ManifestReader({}, { text: 1000 });
  readonly sources: { readonly file: string; readonly direct: boolean; readonly bytes: number[] }[] = [];

  open({ file, direct = false }: ByteSource): SourceReader {
    const source = this.reader.open({ file, direct });
    const bytes: number[] = [];
    this.sources.push({ file, direct, bytes });
    return {
      get isDone() {
        return source.isDone;
      },
      push: (piece) => {
        if (bytes.length < 10_000) bytes.push(...piece.subarray(0, 10_000));
        source.push(piece);
      },
      room: () => undefined,
      wrote: () => undefined,
      end: () => source.end(),
    };
  }
}

async function read(paths: readonly string[], recursive = false, stdin?: AsyncIterable<string>) {
  const recorder = new Recorder();
  const ofFiles = await readInputs(paths, recorder, {
    recursive,
    ...(stdin === undefined ? {} : { stdin }),
  });
  const isRead = ({ code }: { readonly code: string }) => !['no-objects', 'yaml-syntax'].includes(code);
  const diagnostics = [...ofFiles, ...recorder.reader.finish().diagnostics.filter(isRead)];
  const refused = new Set(diagnostics.map(({ file }) => file));
  const sources = recorder.sources.filter(({ file }) => !refused.has(file));
  return {
    files: sources.map(({ file, direct }) => `${relative(root, file)}${direct ? ' direct' : ''}`),
    texts: sources.map(({ bytes }) => Buffer.from(bytes).toString()),
    lines: sources.map(({ file }) => recorder.reader.lines(file, 1, 1, 100)),
    diagnostics,
    codes: diagnostics.map(
      ({ code, file, line, column }) => `${relative(root, file)}:${line}:${column} ${code}`,
    ),
  };
}

async function* chunks(...parts: readonly string[]): AsyncGenerator<string> {
  yield* parts;
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'podwall-inputs-'));
  for (const path of [
    'all/b.yaml',
    'all/a.yml',
    'all/c.json',
    'all/a/z.yaml',
    'all/.hidden.yaml',
    'all/x.txt',
  ])
    write(path, path);
  write('all/.git/config.yaml', 'hidden');
  mkdirSync(at('all/folder.yaml'));
  symlinkSync('..', at('all/a/up'));
  symlinkSync('../b.yaml', at('all/a/link.yaml'));
  mkdirSync(at('empty/sub'), { recursive: true });
  write('bad/gone/.keep', '');
  symlinkSync('nowhere', at('bad/dangling.yaml'));
  write('bad/latin1.yaml', Buffer.from('a: 1\nö: gr\u00fc\u00df', 'latin1'));
  write('bad/nul.yaml', 'a: \0');
  write('bad/packed.json', gzipSync('{}'));
  write('bad/big.yaml', 'x'.repeat(1001));
  write('bad/good.yaml', 'a: 1');
  write('utf/8.yaml', '\uFEFFa: ö');
  write('utf/16le.yaml', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a: ö', 'utf16le')]));
  write('utf/16be.yaml', Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from('a: ö', 'utf16le').swap16()]));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('folders', () => {
  it('hold the manifests among their direct children, in order of path', async () => {
    expect(await read([at('all')])).toMatchObject({
      files: ['all/a.yml', 'all/b.yaml', 'all/c.json'],
      codes: [],
    });
  });

  it('are descended with -R, each file and each folder once', async () => {
    const { files } = await read([at('all')], true);
    expect(files).toEqual(['all/a.yml', 'all/a/link.yaml', 'all/a/z.yaml', 'all/c.json']);
  });

  it('without manifests are an error, with a hint when -R would help', async () => {
    const { codes, diagnostics } = await read([at('empty')]);
    expect(codes).toEqual(['empty:1:1 no-manifests']);
    expect(diagnostics[0]).toMatchObject({
      severity: 'error',
      hint: expect.stringContaining('-R') as string,
    });
    expect((await read([at('empty')], true)).diagnostics[0]?.hint).toBeUndefined();
  });

  it('give what can be read, and say what cannot', async () => {
    const { files, codes } = await read([at('bad')]);
    expect(files).toEqual(['bad/good.yaml']);
    expect(codes).toEqual([
      'bad/dangling.yaml:1:1 unreadable-file',
      'bad/big.yaml:1:1 document-too-large',
      'bad/latin1.yaml:2:1 not-utf8',
      'bad/nul.yaml:1:1 binary-file',
      'bad/packed.json:1:1 binary-file',
    ]);
  });

  it('that may not be read are said to be so', async () => {
    if (process.getuid?.() === 0) return; // root may read everything
    mkdirSync(at('locked/inner'), { recursive: true });
    chmodSync(at('locked/inner'), 0);
    expect((await read([at('locked')], true)).codes).toEqual(['locked/inner:1:1 unreadable-file']);
    await expect(read([at('locked/inner')])).rejects.toThrow('permission denied');
  });

  it('have a documented code for each finding', async () => {
    const { diagnostics } = await read([at('bad'), at('empty')]);
    const codes = new Set(diagnostics.map(({ code }) => code));
    for (const code of Object.keys(hostCodes)) expect(codes).toContain(code);
    for (const code of codes) expect([...Object.keys(hostCodes), ...diagnosticCodes.keys()]).toContain(code);
  });
});

describe('files', () => {
  it('are read whatever they are called, in the order in which they are named', async () => {
    expect(await read([at('all/x.txt'), at('all/.hidden.yaml'), at('all/b.yaml')])).toMatchObject({
      files: ['all/x.txt direct', 'all/.hidden.yaml direct', 'all/b.yaml direct'],
      texts: ['all/x.txt', 'all/.hidden.yaml', 'all/b.yaml'],
    });
  });

  it('that are named twice are read once, and count as named', async () => {
    const { files } = await read([at('all'), at('all/b.yaml'), at('all/a/link.yaml')]);
    expect(files).toEqual(['all/a.yml', 'all/b.yaml direct', 'all/c.json']);
  });

  it('that do not exist end the run', async () => {
    await expect(read([at('all'), at('nowhere')])).rejects.toThrow(InputError);
    await expect(read([at('nowhere')])).rejects.toMatchObject({
      path: at('nowhere'),
      message: `no such file or folder: ${at('nowhere')}`,
    });
    await expect(read([at('all/b.yaml/x')])).rejects.toThrow('a part of its path is no folder');
  });

  it('are decoded from UTF-8 and UTF-16, without the mark', async () => {
    expect((await read([at('utf')])).lines).toEqual([['a: ö'], ['a: ö'], ['a: ö']]);
  });

  it.each([
    [[0x61, 0x80], '1:2', '0x80'], // no character starts so
    [[0x0a, 0xc3, 0xa4, 0xc3], '2:2', '0xC3'], // cut off
    [[0xf0, 0x9f, 0x98, 0x80, 0xc0, 0xaf], '1:3', '0xC0'], // overlong
    [[0xed, 0xa0, 0x80], '1:1', '0xED'], // a surrogate
    [[0xf4, 0x90, 0x80, 0x80], '1:1', '0xF4'], // beyond U+10FFFF
  ])('that are no UTF-8 are refused at their first bad byte: %j', async (bytes, place, value) => {
    write('utf8.bin', Uint8Array.from(bytes));
    const { diagnostics, files } = await read([at('utf8.bin')]);
    expect(files).toEqual([]);
    expect(diagnostics).toMatchObject([{ code: 'not-utf8', value }]);
    expect(`${diagnostics[0]?.line}:${diagnostics[0]?.column}`).toBe(place);
  });

  it('may be endless devices and pipes', async () => {
    expect((await read(['/dev/zero'])).diagnostics).toMatchObject([{ code: 'binary-file' }]);
    execFileSync('mkfifo', [at('pipe')]);
    const reading = read([at('pipe')]);
    // In a process of its own: opening a pipe waits for its reader.
    const writer = spawn('sh', ['-c', `printf 'a: 1' > '${at('pipe')}'`]);
    expect(await reading).toMatchObject({ files: ['pipe direct'], texts: ['a: 1'] });
    writer.kill();
  });
});

describe('standard input', () => {
  it('is named <stdin>', async () => {
    const recorder = new Recorder();
    await readInputs(['-', '-'], recorder, { recursive: false, stdin: chunks('a: ', '1') });
    expect(recorder.sources).toEqual([{ file: '<stdin>', direct: true, bytes: [...Buffer.from('a: 1')] }]);
  });

  it('is read up to the limit when it never ends', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield 'x'.repeat(100);
      } finally {
        closed = true;
      }
    }
    const { diagnostics, files } = await read(['-', at('all/b.yaml')], false, endless());
    expect(diagnostics).toMatchObject([{ code: 'document-too-large', severity: 'error', file: '<stdin>' }]);
    expect(files).toEqual(['all/b.yaml direct']);
    expect(closed).toBe(true);
  });

  it('that fails ends the run', async () => {
    async function* failing(): AsyncGenerator<string> {
      yield 'a';
      throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' });
    }
    await expect(read(['-'], false, failing())).rejects.toThrow('cannot read standard input: it is a folder');
  });
});
