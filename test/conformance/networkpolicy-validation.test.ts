import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  defaultNetworkPolicy,
  validateNetworkPolicy,
  validateNetworkPolicyUpdate,
} from '../../src/manifest/network-policy/index.ts';
import type { FieldError } from '../../src/manifest/validate/index.ts';
import { formatPath } from '../../src/model/index.ts';
import type { Path } from '../../src/model/index.ts';
import { readText } from '../../src/manifest/text/index.ts';

const root = join(import.meta.dirname, 'networkpolicy-validation');

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder)).filter((file) => file.endsWith('.yaml'));
}

/** The one document of `text`, as Kubernetes reads YAML. */
function readManifest(text: string): { readonly value: unknown; readonly duplicates: readonly Path[] } {
  const { documents, diagnostics } = readText({ file: 'policy.yaml', text });
  const [document] = documents;
  // A duplicate key may be told by the reader of texts as well; nothing else is wrong with these texts.
  if (document === undefined || documents.length > 1) throw new Error(JSON.stringify(diagnostics));
  return document;
}

function textOf(...path: string[]): string {
  return readFileSync(join(root, ...path), 'utf8');
}

/** The lines `# error: …` and the like at the head of a file, without their keyword. */
function expected(text: string, keyword: string): string[] {
  return text.split('\n').flatMap((line) => (line.startsWith(`# ${keyword}: `) ? [line.slice(keyword.length + 4)] : []));
}

function judged(errors: readonly FieldError[]): string[] {
  return errors.map(({ path, type }) => `${formatPath(path)} ${type}`);
}

// The files were judged by v1.34 and by v1.36; a version between or none must judge as the older ones do.
const versions = { old: [undefined, '1.32', 'v1.34.4', '1.35.0'], strict: ['1.36', 'v1.38.1', '2.0'] };

describe('valid manifests have no error, in any version', () => {
  test.each(filesOf('valid'))('%s', (file) => {
    const { value, duplicates } = readManifest(textOf('valid', file));
    for (const kubernetesVersion of [...versions.old, ...versions.strict]) {
      expect(validateNetworkPolicy(value, { kubernetesVersion, duplicates })).toEqual([]);
    }
  });
});

describe('invalid manifests have the errors of the API, in its order', () => {
  test.each(filesOf('invalid'))('%s', (file) => {
    const text = textOf('invalid', file);
    const { value, duplicates } = readManifest(text);
    const wanted = expected(text, 'error');
    expect(wanted).not.toEqual([]);
    for (const kubernetesVersion of [...versions.old, ...versions.strict]) {
      expect(judged(validateNetworkPolicy(value, { kubernetesVersion, duplicates }))).toEqual(wanted);
    }
  });
});

describe('strict decoding', () => {
  test.each(filesOf('strict'))('%s', (file) => {
    const text = textOf('strict', file);
    const { value, duplicates } = readManifest(text);
    const wanted = expected(text, 'strict');
    expect(wanted).not.toEqual([]);
    const decoding = validateNetworkPolicy(value, { duplicates }).filter(({ strict }) => strict !== undefined);
    expect(decoding.map(({ strict, path }) => `${strict} ${formatPath(path)}`)).toEqual(wanted);
  });
});

describe('what depends on the version', () => {
  test.each(filesOf('version-dependent'))('%s', (file) => {
    const text = textOf('version-dependent', file);
    const { value } = readManifest(text);
    const always = expected(text, 'error');
    const since = expected(text, 'error since v1.36');
    expect(since).not.toEqual([]);
    for (const kubernetesVersion of versions.old) {
      expect(judged(validateNetworkPolicy(value, { kubernetesVersion }))).toEqual(always);
    }
    for (const kubernetesVersion of versions.strict) {
      expect(judged(validateNetworkPolicy(value, { kubernetesVersion }))).toEqual([...always, ...since]);
    }
  });
});

describe('defaults', () => {
  test.each(filesOf('defaults').filter((file) => !file.endsWith('.expected.yaml')))('%s', (file) => {
    const { value } = readManifest(textOf('defaults', file));
    const wanted = readManifest(textOf('defaults', file.replace('.yaml', '.expected.yaml'))).value;
    expect(defaultNetworkPolicy(value)).toEqual(wanted);
  });
});

describe('updates', () => {
  test.each(readdirSync(join(root, 'update')))('%s', (folder) => {
    const old = readManifest(textOf('update', folder, 'old.yaml')).value;
    const text = textOf('update', folder, 'new.yaml');
    const { value } = readManifest(text);
    const always = expected(text, 'error');
    for (const kubernetesVersion of versions.old) {
      expect(judged(validateNetworkPolicyUpdate(old, value, { kubernetesVersion }))).toEqual(always);
    }
    for (const kubernetesVersion of versions.strict) {
      expect(judged(validateNetworkPolicyUpdate(old, value, { kubernetesVersion }))).toEqual([
        ...always,
        ...expected(text, 'error since v1.36'),
      ]);
    }
  });
});

test('the suite has read what its README counts', () => {
  const counts = ['valid', 'invalid', 'strict', 'version-dependent'].map((folder) => filesOf(folder).length);
  expect(counts).toEqual([43, 110, 49, 7]);
  expect(filesOf('defaults')).toHaveLength(22);
  expect(readdirSync(join(root, 'update'))).toHaveLength(6);
  expect(filesOf('invalid').flatMap((file) => expected(textOf('invalid', file), 'error'))).toHaveLength(135);
});
