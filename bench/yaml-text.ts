// YAML as `kubectl get … -o yaml` prints it, of any objects, in the style of sigs.k8s.io/yaml: keys sorted, sequences
// under the first letter of their key, long texts folded at 80 columns.

const width = 80;

/** The objects as one List document. */
export function asList(objects: readonly unknown[]): string {
  const items = objects.map((object) => item(object, '')).join('');
  return `apiVersion: v1\nitems:\n${items}kind: List\nmetadata:\n  resourceVersion: ""\n`;
}

/** Each object as a document of its own. */
export function asDocuments(objects: readonly unknown[]): string {
  return objects.map((object) => body(object, '')).join('---\n');
}

function isEmpty(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}

function item(value: unknown, indent: string): string {
  if (isEmpty(value)) return `${indent}- ${scalar(value, `${indent}  `, 2)}\n`;
  return `${indent}- ${body(value, `${indent}  `).slice(indent.length + 2)}`;
}

function body(value: unknown, indent: string): string {
  if (Array.isArray(value)) return value.map((each) => item(each, indent)).join('');
  const entries = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries
    .map(([name, each]) => {
      const key = `${indent}${scalar(name, '', 0)}:`;
      if (isEmpty(each)) return `${key} ${scalar(each, `${indent}  `, key.length + 1)}\n`;
      return `${key}\n${body(each, Array.isArray(each) ? indent : `${indent}  `)}`;
    })
    .join('');
}

/** @param column - where the scalar starts, which decides where a long one is folded */
function scalar(value: unknown, indent: string, column: number): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object') return '{}';
  if (typeof value !== 'string') return JSON.stringify(value);
  if (/^[^\n\t\\]*\n(?:.|\n)*$/.test(value) && !value.startsWith(' ')) {
    const kept = value.endsWith('\n') ? '|' : '|-';
    return `${kept}\n${value.replace(/\n$/, '').replaceAll(/^(?=.)/gm, indent)}`;
  }
  if (
    value === '' ||
    /^(?:[-+.]?\d[\d._]*(?:e[-+]?\d+)?|0x[\da-f]+|y|n|yes|no|on|off|true|false|null|~)$/i.test(value) ||
    /^\d{4}-\d\d-\d\d/.test(value)
  )
    return `"${value}"`;
  if (/[\\\t]/.test(value) && /["']/.test(value)) return JSON.stringify(value);
  const plain = !/^[-?:,[\]{}#&*!|>'"%@`\s]|: |:$| #|\s$/.test(value) || /^-[-\w]/.test(value);
  const text = plain ? value : `'${value.replaceAll("'", "''")}'`;
  return folded(text, indent, column);
}

/** Breaks a line at the first single blank behind the limit, as the emitter of go-yaml does. */
function folded(text: string, indent: string, column: number): string {
  let lines = '';
  let length = column;
  for (const [index, word] of text.split(' ').entries()) {
    if (index > 0) {
      const broken = length > width && word !== '' && !lines.endsWith(' ');
      lines += broken ? `\n${indent}` : ' ';
      length = broken ? indent.length : length + 1;
    }
    lines += word;
    length += word.length;
  }
  return lines;
}
