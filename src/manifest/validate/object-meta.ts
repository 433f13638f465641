import type { Path } from '../../model/index.ts';
import type { Report } from './field-error.ts';
import { dnsLabelProblems, dnsSubdomainProblems, labelKeyProblems, utf8Length } from './names.ts';
import { validateLabels } from './selector.ts';

/** A decoded `metav1.ObjectMeta`, as far as it is validated. */
export interface MetaObject {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerObject[];
  readonly finalizers?: readonly string[];
}

interface OwnerObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly controller?: boolean;
}

const annotationBytes = 256 * 1024;

/**
 * Validates the metadata of a namespaced object whose name is a DNS subdomain, as the API server does.
 *
 * An absent namespace is fine: the client or the request supplies it. A `generateName` counts as a name, to which the
 * server adds five letters or digits.
 *
 * @param update - the rules of an update, which leave out what cannot change any more
 * @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go
 */
export function validateObjectMeta(meta: MetaObject, path: Path, report: Report, update = false): void {
  if (!update) validateNames(meta, path, report);
  if (meta.generation !== undefined && meta.generation < 0) {
    report({
      path: [...path, 'generation'],
      type: 'Invalid',
      code: 'generation-negative',
      message: 'must be greater than or equal to 0',
      value: meta.generation,
    });
  }
  if (meta.labels !== undefined) validateLabels(meta.labels, [...path, 'labels'], report);
  if (meta.annotations !== undefined) validateAnnotations(meta.annotations, [...path, 'annotations'], report);
  validateOwners(meta.ownerReferences ?? [], [...path, 'ownerReferences'], report);
  if (!update) {
    for (const value of meta.finalizers ?? []) {
      for (const message of labelKeyProblems(value)) {
        report({ path: [...path, 'finalizers'], type: 'Invalid', code: 'finalizer-invalid', message, value });
      }
    }
  }
}

function validateNames(meta: MetaObject, path: Path, report: Report): void {
  const { name = '', generateName = '', namespace = '' } = meta;
  if (generateName !== '') {
    // The end is filled in by the server, so a dash there is fine: ValidateNameFunc with prefix set.
    const masked =
      generateName.length > 1 && generateName.endsWith('-') ? `${generateName.slice(0, -2)}a` : generateName;
    for (const message of dnsSubdomainProblems(masked)) {
      report({
        path: [...path, 'generateName'],
        type: 'Invalid',
        code: 'name-invalid',
        message,
        value: generateName,
      });
    }
  }
  const full = name === '' && generateName !== '' ? `${generateName.slice(0, 58)}xxxxx` : name;
  if (full === '') {
    report({
      path: [...path, 'name'],
      type: 'Required',
      code: 'name-missing',
      message: 'name or generateName is required',
      value: '',
    });
  }
  for (const message of full === '' ? [] : dnsSubdomainProblems(full)) {
    report({ path: [...path, 'name'], type: 'Invalid', code: 'name-invalid', message, value: full });
  }
  for (const message of namespace === '' ? [] : dnsLabelProblems(namespace)) {
    report({
      path: [...path, 'namespace'],
      type: 'Invalid',
      code: 'namespace-invalid',
      message,
      value: namespace,
    });
  }
}

function validateAnnotations(
  annotations: Readonly<Record<string, string>>,
  path: Path,
  report: Report,
): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    size += utf8Length(key) + utf8Length(value);
    // Case does not matter in keys of annotations.
    for (const message of labelKeyProblems(key.toLowerCase())) {
      report({ path, type: 'Invalid', code: 'annotation-key-invalid', message, value: key });
    }
  }
  if (size > annotationBytes) {
    report({
      path,
      type: 'TooLong',
      code: 'annotations-too-large',
      message: `may not be more than ${annotationBytes} bytes`,
      value: `${size} bytes`,
    });
  }
}

function validateOwners(owners: readonly OwnerObject[], path: Path, report: Report): void {
  let controllers = 0;
  const invalid = (at: Path, message: string, value: unknown): void => {
    report({ path: at, type: 'Invalid', code: 'owner-reference-invalid', message, value });
  };
  for (const { apiVersion = '', kind = '', name = '', uid = '', controller } of owners) {
    if (apiVersion === '' || apiVersion.endsWith('/')) {
      invalid([...path, 'apiVersion'], 'version must not be empty', apiVersion);
    }
    if (kind === '') invalid([...path, 'kind'], 'must not be empty', kind);
    if (name === '') invalid([...path, 'name'], 'must not be empty', name);
    if (uid === '') invalid([...path, 'uid'], 'must not be empty', uid);
    if (apiVersion === 'v1' && kind === 'Event')
      invalid(path, 'Event is disallowed from being an owner', kind);
    if (controller === true && ++controllers > 1) {
      invalid(path, 'Only one reference can have Controller set to true', `${kind}/${name}`);
    }
  }
}
