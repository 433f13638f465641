import { isMap, isPair, isScalar, parseDocument, visit } from 'yaml';
import type { Path } from '../../../src/model/index.ts';

/** A manifest of a test: its value as Kubernetes reads YAML, and the paths of keys that stand twice. */
export interface Manifest {
  readonly value: unknown;
  readonly duplicates: readonly Path[];
}

/** Reads one document with the booleans of YAML 1.1; of a key that stands twice the last value counts. */
export function readManifest(text: string): Manifest {
  const document = parseDocument(text, { version: '1.1', uniqueKeys: false });
  const duplicates: Path[] = [];
  visit(document, {
    Map(_, map, ancestors) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : '';
        if (seen.has(name)) duplicates.push([...pathOf([...ancestors, map]), name]);
        seen.add(name);
      }
    },
  });
  return { value: document.toJS(), duplicates };
}

function pathOf(nodes: readonly unknown[]): (string | number)[] {
  const path: (string | number)[] = [];
  for (const [index, node] of nodes.entries()) {
    if (isPair(node)) path.push(isScalar(node.key) ? String(node.key.value) : '');
    else if (isMap(node) || index === 0) continue;
    else {
      const next = nodes[index + 1];
      if (
        typeof node === 'object' &&
        node !== null &&
        'items' in node &&
        Array.isArray(node.items) &&
        next !== undefined
      ) {
        path.push(node.items.indexOf(next));
      }
    }
  }
  return path;
}
