// Reads one hostile text in a process of its own, whose memory the test bounds, and prints what came of it.
import { readText } from '../../src/manifest/text/index.ts';
import { hostileTexts } from './texts.ts';

const name = process.argv[2] ?? '';
const make = hostileTexts[name];
if (make === undefined) throw new Error(`no hostile text ${name}`);
const text = Buffer.from(make()).toString('utf8');
const { documents, diagnostics } = readText({ file: 'hostile.yaml', text });
// Questions about places must be bounded, too.
for (const { origin } of documents.slice(0, 3)) {
  for (const path of [[], ['a'], ['b', 3, 'x']]) {
    origin.locate(path);
    origin.locateKey(path);
    const end = origin.endLine(path);
    if (end !== undefined) origin.lines(Math.max(1, end - 3), end);
  }
}
const codes = [...new Set(diagnostics.map(({ code }) => code))];
const longest = Math.max(0, ...diagnostics.map((diagnostic) => JSON.stringify(diagnostic).length));
process.stdout.write(
  JSON.stringify({ documents: documents.length, diagnostics: diagnostics.length, codes, longest }),
);
