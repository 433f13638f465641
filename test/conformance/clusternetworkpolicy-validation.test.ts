import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diagnosticCodes, readManifests } from '../../src/manifest/index.ts';
import type { CnpChannel } from '../../src/manifest/index.ts';
import { readText } from '../../src/manifest/text/index.ts';
import { validateTierPolicy } from '../../src/manifest/tier-policy/index.ts';
import type { FieldError } from '../../src/manifest/validate/index.ts';
import { formatPath } from '../../src/model/index.ts';

// Manifests that the CRD of ClusterNetworkPolicy accepts and refuses, in both channels. See clusternetworkpolicy/README.md.

const root = join(import.meta.dirname, 'clusternetworkpolicy', 'validation');
const channels: readonly CnpChannel[] = ['standard', 'experimental'];

interface Case {
  readonly file: string;
  readonly text: string;
  /** What each channel says: `path reason`, or that it accepts. */
  readonly answers: Readonly<Record<CnpChannel, string | 'accepted'>>;
  /** `path why` of what is accepted without sense. */
  readonly lenient: string | undefined;
}

function casesOf(folder: 'valid' | 'invalid'): readonly Case[] {
  return readdirSync(join(root, folder)).map((file) => {
    const text = readFileSync(join(root, folder, file), 'utf8');
    const line = (keyword: string): string | undefined =>
      text
        .split('\n')
        .find((each) => each.startsWith(`# ${keyword}: `))
        ?.slice(keyword.length + 4);
    const experimental = line('error') ?? 'accepted';
    const standard = line('standard-channel')?.replace(/^error: /, '') ?? experimental;
    return { file, text, answers: { standard, experimental }, lenient: line('lenient') };
  });
}

const valid = casesOf('valid');
const invalid = casesOf('invalid');

function judged(text: string, cnpChannel: CnpChannel): readonly FieldError[] {
  const [document] = readText({ file: 'policy.yaml', text }).documents;
  return validateTierPolicy(document?.value, { cnpChannel, duplicates: document?.duplicates ?? [] });
}

/** An error in the words that the files begin their reasons with. */
function reasonOf({ type, code, message, value }: FieldError): string {
  switch (type) {
    case 'Decoding':
      return 'Unknown field';
    case 'Required':
      return 'Required value';
    case 'NotSupported':
      return 'Unsupported value';
    case 'TooMany':
      return 'Too many';
    case 'TooLong':
      return 'Too long';
    case 'Duplicate':
      return `Duplicate value: ${String(value)}`;
    default:
      return code === 'wrong-type' ? `Invalid value: ${message}` : 'Invalid value';
  }
}

/** The errors that make a server refuse the object, and the unknown fields where there are no others. */
function decisive(errors: readonly FieldError[]): readonly FieldError[] {
  const refusing = errors.filter(({ strict }) => strict === undefined);
  return refusing.length > 0 ? refusing : errors;
}

describe.each(channels)('by the %s CRD', (channel) => {
  test.each([...valid, ...invalid])('$file', ({ text, answers }) => {
    const errors = decisive(judged(text, channel));
    const answer = answers[channel];
    if (answer === 'accepted') {
      expect(errors).toEqual([]);
      return;
    }
    expect(errors.map(({ path }) => formatPath(path))).toEqual([answer.split(' ', 1)[0]]);
    const [error] = errors as [FieldError];
    expect(answer.slice(answer.indexOf(' ') + 1)).toMatch(
      new RegExp(`^${reasonOf(error).replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}`),
    );
  });
});

describe.each(channels)('told by reading, with the %s CRD', (cnpChannel) => {
  const read = (text: string): ReturnType<typeof readManifests> =>
    readManifests([{ file: 'policy.yaml', text, direct: true }], { cnpChannel });
  // A place may be that of the field, of the mapping that lacks it, or of what stands in it.
  const isAbout = (told: string | undefined, path: string): boolean =>
    told !== undefined && (path.startsWith(told) || told.startsWith(path));

  test.each([...valid, ...invalid])('$file', ({ text, answers, lenient }) => {
    const { cluster, diagnostics } = read(text);
    const answer = answers[cnpChannel];
    const path = answer.split(' ', 1)[0] ?? '';
    const isDropped = answer.includes('Unknown field');
    const severity = isDropped ? 'warning' : 'error';
    if (answer === 'accepted' || isDropped) {
      expect(cluster.tierPolicies).toHaveLength(1);
    } else {
      expect(cluster.tierPolicies).toEqual([]);
    }
    if (answer !== 'accepted') {
      expect(diagnostics.filter((each) => each.severity !== 'note')).toHaveLength(1);
      const told = diagnostics.find((each) => each.severity === severity);
      // What is missing as a whole is told where the object begins.
      expect(told?.path === '' || isAbout(told?.path, path)).toBe(true);
      // Behind the comments that say what is expected, and the head of the object.
      expect(told?.line).toBeGreaterThan(text.split('\n').findIndex((line) => line.startsWith('apiVersion')));
      expect(diagnosticCodes.has(told?.code ?? '')).toBe(true);
      return;
    }
    const warned = diagnostics.filter((each) => each.severity !== 'note');
    // What only one channel refuses is a warning in the other.
    if (lenient === undefined && answers.experimental !== 'accepted') expect(warned).not.toEqual([]);
    else if (lenient === undefined) expect(warned).toEqual([]);
    else expect(warned.some((each) => isAbout(each.path, lenient.split(' ', 1)[0] ?? ''))).toBe(true);
  });
});

test('the suite has read what its README counts', () => {
  expect([valid.length, invalid.length]).toEqual([47, 128]);
  expect(valid.filter(({ lenient }) => lenient !== undefined)).toHaveLength(9);
  const differing = [...valid, ...invalid].filter(
    ({ answers: { standard, experimental } }) => standard !== experimental,
  );
  expect(differing).toHaveLength(29);
});
