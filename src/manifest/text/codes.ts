import type { CodeDoc } from '../raw.ts';

/** Every diagnostic code that the reading of text can give, for `podwall help CODE`. */
export const textCodes: Readonly<Record<TextCode, CodeDoc>> = {
  'yaml-syntax': {
    title: 'The text is not valid YAML.',
    text: `The document cannot be read, by podwall or by kubectl, so it was left out and the answer is incomplete; the other documents of the file count.

Most often a line is indented wrongly: entries of one mapping or list start in the same column, and what belongs to a key stands right of it. A dash may stand under the first letter of its key, never left of it. Spaces indent, tabs do not. Where podwall is sure what was meant, it shows the corrected lines.`,
    example: `spec:
  podSelector: {}
  ingress:
- from:                # left of "ingress:", which it belongs to
    - podSelector: {}`,
  },
  'yaml-tab': {
    title: 'A tab stands in the indentation of YAML.',
    text: `YAML indents with spaces only: how wide a tab is depends on who looks. The document was left out, and kubectl cannot read it either.

Replace each tab by the spaces that were meant, and let your editor insert spaces for YAML files.`,
    example: `ingress:
  - from:
\t- podSelector: {}     # this line starts with a tab`,
  },
  'yaml-value': {
    title: 'The YAML holds something that Kubernetes cannot take as a value.',
    text: `Kubernetes turns YAML into JSON before it looks at it. JSON has no infinite numbers and no keys but text, an alias (*name) needs an anchor (&name) before it, and << merges mappings only. The document was left out; kubectl refuses it, too.`,
    example: `metadata:
  labels:
    ? [a, b]
    : a list cannot be a key`,
  },
  'yaml-expansion': {
    title: 'The aliases of a YAML document stand for far more than its text.',
    text: `Aliases (*name) repeat what an anchor (&name) marks, and aliases of aliases multiply: a few lines can stand for billions of values. Kubernetes refuses such documents (with "document contains excessive aliasing"), by the same rule, and so does podwall. Write the values out.`,
  },
  'json-syntax': {
    title: 'The text starts like JSON, but is not valid JSON.',
    text: `Nothing behind the place that is named could be read, so the answer is incomplete. A text that ends early was often cut off while it was written or copied: make the dump again.`,
    example: `{"apiVersion": "v1", "kind": "List", "items": [`,
  },
  'helm-template': {
    title: 'The document is a Helm template that has not been rendered.',
    text: `{{ … }} is filled in by Helm; before that the text is neither YAML nor a manifest. Render the chart first and give podwall the result:

helm template RELEASE CHART -f values.yaml | podwall map -`,
    example: `metadata:
  name: {{ .Release.Name }}-deny-all`,
  },
  'document-too-large': {
    title: 'A document is larger than podwall reads.',
    text: `A YAML document in which something rare stands (anchors, tags, tabs, flow style over several lines, or a mistake) may have 20 MiB, because the parser that knows all of YAML needs a hundred times of that in memory. Any other may have 64 MiB, and so may each item of a list, which itself may be as long as it likes. The document or item was left out, so the answer is incomplete; the others count.

JSON may be of any size, but beyond 4 MiB one object of it may have 32 MiB; what stands behind a larger one was left out, too.

No object of Kubernetes is larger than 2 MiB, so the text may be damaged. If it is not, dump the objects as JSON (kubectl get … -o json).`,
  },
  'document-too-deep': {
    title: 'Mappings and lists are nested deeper than in any Kubernetes object.',
    text: `podwall reads 300 levels; the deepest Kubernetes objects have less than 100. The document was left out, so the answer is incomplete.`,
  },
  'too-many-documents': {
    title: 'A text holds more documents that are no objects than podwall reads.',
    text: `Kubernetes objects may be as many as fit into memory. Of documents that say no kind, 250,000 of one text are read, and what stands behind them was left out: probably the file is no manifest.`,
  },
  'too-many-errors': {
    title: 'A text holds more unreadable documents than podwall lists.',
    text: `After 1,000 documents that could not be read only the number of further ones is given. Probably the file is no manifest, or one mistake was made in the template of all.`,
  },
};

/** The codes that reading text can give. */
export type TextCode =
  | 'yaml-syntax'
  | 'yaml-tab'
  | 'yaml-value'
  | 'yaml-expansion'
  | 'json-syntax'
  | 'helm-template'
  | 'document-too-large'
  | 'document-too-deep'
  | 'too-many-documents'
  | 'too-many-errors';

/** The codes of bytes that are no text. */
export type ByteCode = 'not-utf8' | 'binary-file';

/** What is said of them. */
export const byteCodes: Readonly<Record<ByteCode, CodeDoc>> = {
  'not-utf8': {
    title: 'The file is not encoded as UTF-8.',
    text: `Manifests are UTF-8 (or UTF-16 with a byte order mark, as PowerShell writes it). The byte that is named is part of no character in UTF-8; often the file was saved as Latin-1 or Windows-1252. The whole file was left out, so the answer is incomplete. Save it as UTF-8, for example with iconv -f WINDOWS-1252 -t UTF-8.`,
  },
  'binary-file': {
    title: 'The file is no text.',
    text: `It holds NUL bytes or is compressed, so it is neither YAML nor JSON, whatever its name says. It was left out, so the answer is incomplete. Unpack it first, or move it out of the folder.`,
  },
};
