// The baseline of reading a dump: `JSON.parse` of one object of the list after the other, in a file that no string can
// hold. Where objects begin is known from how the bench writes dumps, so nothing is spent on finding out.
//
//     node bench/parse-items.ts dump.json compact
import { closeSync, openSync, readSync } from 'node:fs';
import type { DumpForm } from './write-dump.ts';
import { separators } from './write-dump.ts';

if (import.meta.main) {
  const [path = '', form = 'compact'] = process.argv.slice(2);
  if (form !== 'compact' && form !== 'kubectl') throw new Error('name a form: compact or kubectl');
  console.log(parseItems(path, form));
}

/** @returns how many objects the dump has */
function parseItems(path: string, form: DumpForm): number {
  const mark = Buffer.from(`\n${separators[form]}`);
  const file = openSync(path, 'r');
  let buffer = Buffer.alloc(1 << 22);
  let filled = 0;
  let items = 0;
  let begun = false;
  for (;;) {
    const read = readSync(file, buffer, filled, buffer.length - filled, null);
    filled += read;
    let start = 0;
    for (;;) {
      const next = buffer.subarray(0, filled).indexOf(mark, start + 1);
      if (next < 0) break;
      // Up to the first mark it is the list's head; each object ends in a comma.
      if (begun) parse(buffer.toString('utf8', start, next));
      begun = true;
      start = next;
    }
    if (read === 0) {
      const end = form === 'compact' ? '\n]' : '\n    ]';
      const last = buffer.toString('utf8', start, filled);
      if (begun) parse(last.slice(0, last.lastIndexOf(end)));
      closeSync(file);
      return items;
    }
    buffer.copy(buffer, 0, start, filled);
    filled -= start;
    if (filled === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(buffer.length)]);
  }

  function parse(text: string): void {
    const parsed: unknown = JSON.parse(text.endsWith(',') ? text.slice(0, -1) : text);
    if (typeof parsed === 'object') items++;
  }
}
