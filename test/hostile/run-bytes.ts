// Reads hostile bytes as they come, in a process of its own, whose memory the test bounds, and prints what came of it.
import { ManifestReader } from '../../src/manifest/index.ts';
import { hostileBytes } from './bytes.ts';

const make = hostileBytes[process.argv[2] ?? ''];
if (make === undefined) throw new Error(`no hostile bytes ${process.argv[2] ?? ''}`);
const reader = new ManifestReader();
const source = reader.open({ file: '<stdin>', direct: true });
const encoder = new TextEncoder();
let bytes = 0;
for (const piece of make()) {
  const encoded = encoder.encode(piece);
  bytes += encoded.length;
  source.push(encoded);
  if (source.isDone) break;
}
source.end();
const { diagnostics, objects } = reader.finish();
const codes = [...new Set(diagnostics.map(({ code }) => code))];
let longest = 0;
for (const diagnostic of diagnostics) longest = Math.max(longest, JSON.stringify(diagnostic).length);
const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(
  JSON.stringify({ objects, codes, longest, diagnostics: diagnostics.length, megabytes, bytes }),
);
