import type { Path } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  isDnsLabel,
  isDnsSubdomain,
  isRecord,
} from '../validate/index.ts';
import { describe, wrongType } from './findings.ts';
import type { Findings } from './findings.ts';

const noMetadata: Readonly<Record<string, unknown>> = {};

/** What the API asks of a name: most are DNS subdomains, those of namespaces DNS labels. */
export type NameRule = 'subdomain' | 'label';

/**
 * Checks the name and the namespace of an object that is no policy, and gives its metadata.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export function readMetadata(
  findings: Findings,
  object: RawObject,
  nameRule: NameRule = 'subdomain',
): Readonly<Record<string, unknown>> {
  const { metadata } = object.value;
  if (object.duplicates.length > 0) reportDuplicates(findings, object);
  if (!isRecord(metadata)) {
    if (metadata === undefined || metadata === null) reportNoName(findings, object);
    else wrongType(findings, object, metadata, ['metadata'], 'a mapping');
    return noMetadata;
  }
  const { name, namespace } = metadata;
  if (typeof name === 'string' && name !== '') {
    const isGood = nameRule === 'label' ? isDnsLabel(name) : isDnsSubdomain(name);
    if (!isGood) reportName(findings, object, ['metadata', 'name'], name, nameRule);
  } else if (name !== undefined && name !== null && name !== '') {
    wrongType(findings, object, name, ['metadata', 'name'], 'text');
  } else if (metadata.generateName !== undefined && metadata.generateName !== '') {
    reportGeneratedName(findings, object, metadata.generateName, nameRule);
  } else {
    reportNoName(findings, object);
  }
  if (object.ref.namespace === undefined) {
    // A server clears the namespace of a kind that has none.
    if (typeof namespace === 'string' && namespace !== '') {
      findings.warn(
        object,
        'namespace-ignored',
        ['metadata', 'namespace'],
        `A ${object.ref.kind} is in no namespace, so this field means nothing`,
        { value: namespace, hint: 'leave it out' },
      );
    }
  } else if (typeof namespace === 'string') {
    if (namespace !== '' && !isDnsLabel(namespace)) {
      const [problem = ''] = dnsLabelProblems(namespace);
      const message = `The namespace is ${describe(namespace)}: ${problem}`;
      findings.refuse(object, 'namespace-invalid', ['metadata', 'namespace'], message, { value: namespace });
    }
  } else if (namespace !== undefined && namespace !== null) {
    wrongType(findings, object, namespace, ['metadata', 'namespace'], 'text');
  }
  return metadata;
}

function reportName(findings: Findings, object: RawObject, path: Path, name: string, rule: NameRule): void {
  const [problem = ''] = rule === 'label' ? dnsLabelProblems(name) : dnsSubdomainProblems(name);
  findings.refuse(object, 'name-invalid', path, `The name is ${describe(name)}: ${problem}`, { value: name });
}

function reportGeneratedName(findings: Findings, object: RawObject, prefix: unknown, rule: NameRule): void {
  const path = ['metadata', 'generateName'];
  if (typeof prefix !== 'string') {
    wrongType(findings, object, prefix, path, 'text');
    return;
  }
  // The server adds five letters or digits, so a dash at the end is fine.
  const full = `${prefix.slice(0, 58)}xxxxx`;
  if (!(rule === 'label' ? isDnsLabel(full) : isDnsSubdomain(full))) {
    reportName(findings, object, path, prefix, rule);
  }
}

function reportNoName(findings: Findings, object: RawObject): void {
  const message = `This ${object.ref.kind} has no name`;
  findings.refuse(object, 'name-missing', ['metadata'], message, { hint: 'write metadata: {name: …}' });
}

function reportDuplicates(findings: Findings, object: RawObject): void {
  for (const path of object.duplicates) {
    const message = `The key ${String(path.at(-1))} stands more than once here; the last one counts`;
    findings.warn(object, 'duplicate-key', path, message, {
      hint: 'remove all but one; a server that checks strictly refuses the object',
    });
  }
}
