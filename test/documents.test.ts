import { afterAll, describe, expect, test } from 'vitest';

import { difference, shownIn, workspace } from './documents.ts';

// What finds and runs the commands of documents must itself not overlook any.

const text = `# A document

\`\`\`sh
# a remark
podwall map web.yaml
podwall can a b 80 \\
  -f web.yaml   # exit 1

kubectl get pods | podwall map -   # needs a cluster
\`\`\`

1. In a list:

   \`\`\`console
   $ echo one; echo two
   one
   …
   $ true
   \`\`\`

\`\`\`yaml web.yaml
kind: List
\`\`\`

\`\`\`json
{ "no": "command" }
\`\`\`
`;

test('the commands and files of a document are found', () => {
  const shown = { document: 'how-to.md', output: undefined, needs: undefined, exitCode: 0 };
  expect(shownIn('how-to.md', text)).toEqual({
    commands: [
      { ...shown, line: 5, command: 'podwall map web.yaml' },
      { ...shown, line: 6, command: 'podwall can a b 80   -f web.yaml', exitCode: 1 },
      { ...shown, line: 9, command: 'kubectl get pods | podwall map -', needs: 'a cluster' },
      { ...shown, line: 15, command: 'echo one; echo two', output: ['one', '…'] },
      { ...shown, line: 18, command: 'true' },
    ],
    files: [{ name: 'web.yaml', text: 'kind: List\n' }],
  });
});

test('output without a command is refused', () => {
  expect(() => shownIn('x.md', '```console\noutput\n```\n')).toThrow('x.md:2 shows output without a command');
});

describe('a workspace', () => {
  const place = workspace(shownIn('how-to.md', text).files);
  afterAll(() => place.remove());

  test('has the files of the document and the examples', () => {
    expect(place.run('cat web.yaml && ls examples').output).toBe(
      'kind: List\nbank\nplatform\nshop\nthree-tier\n',
    );
  });

  test('shows standard error among standard output, and the exit code', () => {
    expect(place.run('echo a; echo b >&2; echo c; exit 3')).toEqual({ exitCode: 3, output: 'a\nb\nc\n' });
  });

  test('installs nothing, and knows the scripts of package.json', () => {
    expect(place.run('npm ci && npm test && npm run bench').exitCode).toBe(0);
    expect(place.run('npm run what').exitCode).not.toBe(0);
    expect(place.run('npx cowsay').exitCode).toBe(127);
    expect(place.run('kubectl get pods').exitCode).toBe(1);
  });
});

describe('shown and printed output', () => {
  test.each([
    { shown: ['a', 'b'], printed: 'a\nb\n', is: undefined },
    { shown: ['a', 'b'], printed: 'a  \nb\n\n', is: undefined },
    { shown: ['a', 'c'], printed: 'a\nb\n', is: 'shown: c\nprinted: b' },
    { shown: ['a'], printed: 'a\nb\n', is: 'not shown: b' },
    { shown: ['a', 'b'], printed: 'a\n', is: 'shown: b\nprinted: (nothing)' },
    { shown: ['a', '…'], printed: 'a\nb\nc\n', is: undefined },
    { shown: ['…', 'c'], printed: 'a\nb\nc\n', is: undefined },
    { shown: ['a', '…', 'c', '…', 'e'], printed: 'a\nb\nc\nd\ne\n', is: undefined },
    { shown: ['a', '…', 'x', '…'], printed: 'a\nb\nc\n', is: 'shown: x\nprinted: (nothing)' },
    { shown: ['…', 'b'], printed: 'a\nb\nc\n', is: 'shown: b\nprinted: c' },
  ])('$shown and $printed', ({ shown, printed, is }) => {
    expect(difference(shown, printed)).toBe(is);
  });
});
