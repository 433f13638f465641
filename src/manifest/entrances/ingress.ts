import type {
  Ingress,
  IngressBackend,
  IngressClass,
  IngressPath,
  IngressRule,
  IngressTls,
} from '../../model/index.ts';
import { describe, readMetadata } from '../objects/index.ts';
import type { Findings } from '../objects/index.ts';
import type { RawObject } from '../raw.ts';
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  isDnsLabel,
  isDnsSubdomain,
  isPortName,
  portNameProblems,
} from '../validate/index.ts';
import { Field } from './field.ts';
import { hostOf } from './hosts.ts';

const classAnnotation = 'kubernetes.io/ingress.class';
const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';
const pathTypes = ['Exact', 'Prefix', 'ImplementationSpecific'] as const;

/**
 * Reads an Ingress as the API server validates it; `undefined` when every server refuses it.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/
 */
export function readIngress(findings: Findings, object: RawObject): Ingress | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const root = Field.root(findings, object);
  const spec = root.mapping('spec');
  const annotated = annotationOf(root, classAnnotation);
  const classField = spec.at('ingressClassName');
  const className = classField.text();
  if (className !== undefined && !isDnsSubdomain(className)) {
    classField.refuse(
      'name-invalid',
      `The class is ${describe(className)}: ${dnsSubdomainProblems(className)[0]}`,
      {
        value: className,
      },
    );
  }
  // Only the creation of such an object is refused; what is stored keeps both.
  if (className !== undefined && annotated !== undefined) {
    classField.refuse(
      'ingress-class-twice',
      `The class is set twice: ${className} here, and ${annotated} in the annotation ${classAnnotation}`,
      { value: className, hint: 'remove the annotation' },
    );
  }
  const defaultField = defaultBackendOf(spec);
  const ruleFields = spec.at('rules').items();
  if (!defaultField.isThere && ruleFields.length === 0) {
    spec.refuse('ingress-empty', 'This Ingress has neither rules nor a default backend', {
      hint: 'write rules, or defaultBackend: {service: {name: …, port: {number: 80}}}',
    });
  }
  const defaultBackend = defaultField.isThere ? backendOf(defaultField) : undefined;
  const rules = ruleFields.map(ruleOf);
  const tls = spec.at('tls').items().map(tlsOf);
  if (findings.refusals !== before) return undefined;
  const { ref, origin } = object;
  const { namespace = 'default', name } = ref;
  return { ref, origin, namespace, name, className, annotatedClass: annotated, defaultBackend, tls, rules };
}

/** `spec.backend` was its name before networking.k8s.io/v1; only stored objects have it. */
function defaultBackendOf(spec: Field): Field {
  const field = spec.mapping('defaultBackend');
  return field.isThere || !isOld(spec) ? field : spec.mapping('backend');
}

function isOld({ object }: Field): boolean {
  return object.ref.apiVersion !== 'networking.k8s.io/v1';
}

function ruleOf(rule: Field): IngressRule {
  const host = hostOf(rule.at('host'));
  const http = rule.mapping('http');
  if (!http.isThere) return { host, paths: [] };
  const paths = http.at('paths').items();
  if (paths.length === 0) {
    http.refuse('field-missing', 'This rule has http without paths', {
      hint: 'write paths, or leave http out to send all requests to the default backend',
    });
  }
  return { host, paths: paths.map(pathOf) };
}

function pathOf(field: Field): IngressPath {
  const typeField = field.at('pathType');
  const typeText = typeField.text();
  // Before v1, a server filled in ImplementationSpecific.
  if (typeText === undefined && !isOld(field)) {
    typeField.missing('This path', 'write pathType: Prefix (or Exact, or ImplementationSpecific)');
  }
  const pathType = typeField.oneOf(pathTypes, 'ImplementationSpecific');
  const pathField = field.at('path');
  const path = pathField.text();
  checkPath(pathField, path, pathType);
  const backend = field.mapping('backend');
  if (!backend.isThere) backend.missing('This path');
  return { path: path ?? '/', pathType, backend: backend.isThere ? backendOf(backend) : undefined };
}

function checkPath(field: Field, path: string | undefined, pathType: IngressPath['pathType']): void {
  if (path === undefined) {
    // What is there and no text has been told as that.
    const isLeftOut = !field.isThere || field.value === '';
    if (isLeftOut && pathType !== 'ImplementationSpecific')
      field.missing(`A path of type ${pathType}`, 'write path: / for all requests');
    return;
  }
  if (!path.startsWith('/')) {
    field.refuse('path-invalid', `The path is ${describe(path)}, but has to begin with a slash`, {
      value: path,
      hint: `write /${path.slice(0, 60)}`,
    });
    return;
  }
  if (pathType === 'ImplementationSpecific') return;
  const bad =
    ['//', '/./', '/../', '%2f', '%2F'].find((part) => path.includes(part)) ??
    ['/..', '/.'].find((end) => path.endsWith(end));
  if (bad === undefined) return;
  field.refuse('path-invalid', `The path is ${describe(path)}, which may not contain ${bad}`, {
    value: path,
  });
}

/** A port of a Service, or another object; exactly one. */
function backendOf(field: Field): IngressBackend | undefined {
  const service = field.mapping('service');
  const resource = field.mapping('resource');
  if (resource.isThere && service.isThere) {
    field.refuse(
      'backend-invalid',
      'This backend names a Service and a resource, and can only be one of them',
    );
    return undefined;
  }
  if (resource.isThere) {
    const group = resource.at('apiGroup').text() ?? '';
    const kind = resource.at('kind').required('This resource');
    const name = resource.at('name').required('This resource');
    return kind === undefined || name === undefined
      ? undefined
      : { kind: 'resource', group, resource: kind, name };
  }
  if (!service.isThere) return oldBackendOf(field);
  const nameField = service.at('name');
  const name = nameField.required('This backend', 'write the name of a Service of the same namespace');
  if (name !== undefined && !isDnsLabel(name)) {
    nameField.refuse('name-invalid', `The Service is ${describe(name)}: ${dnsLabelProblems(name)[0]}`, {
      value: name,
    });
  }
  const portField = service.mapping('port');
  const port = portOf(portField);
  return name === undefined || port === undefined ? undefined : { kind: 'service', name, port };
}

function portOf(field: Field): number | string | undefined {
  const nameField = field.at('name');
  const name = nameField.text();
  const number = field.at('number').port();
  const isNumber = field.at('number').isThere && field.at('number').value !== 0;
  if (name !== undefined && isNumber) {
    field.refuse('backend-invalid', 'This port has a name and a number, and can only have one of them');
    return undefined;
  }
  if (name !== undefined) {
    if (isPortName(name)) return name;
    nameField.refuse('port-name-invalid', `The port is ${describe(name)}: ${portNameProblems(name)[0]}`, {
      value: name,
    });
    return undefined;
  }
  if (!isNumber) {
    const hint = 'write port: {number: 80} or port: {name: http}, as the Service has it';
    field.missing('This backend', hint);
    return undefined;
  }
  return number;
}

/** `serviceName` and `servicePort` of a stored object of extensions/v1beta1 or networking.k8s.io/v1beta1. */
function oldBackendOf(field: Field): IngressBackend | undefined {
  if (!isOld(field) || !field.at('serviceName').isThere) {
    const isOldShape = field.at('serviceName').isThere;
    field.refuse('backend-invalid', 'This backend names neither a Service nor a resource', {
      hint: isOldShape
        ? 'networking.k8s.io/v1 has service: {name: …, port: {number: …}} instead of serviceName and servicePort'
        : 'write service: {name: …, port: {number: 80}}',
    });
    return undefined;
  }
  const name = field.at('serviceName').text();
  const portField = field.at('servicePort');
  const port = typeof portField.value === 'string' ? portField.text() : portField.port();
  return name === undefined || port === undefined ? undefined : { kind: 'service', name, port };
}

function tlsOf(field: Field): IngressTls {
  const hosts: string[] = [];
  for (const each of field.at('hosts').texts()) {
    const host = hostOf(each);
    if (host !== undefined) hosts.push(host);
  }
  const secret = field.at('secretName');
  const secretName = secret.text();
  if (secretName !== undefined && !isDnsSubdomain(secretName)) {
    const message = `The Secret is ${describe(secretName)}: ${dnsSubdomainProblems(secretName)[0]}`;
    secret.refuse('name-invalid', message, { value: secretName });
  }
  return { hosts, secretName };
}

/** Reads an IngressClass; `undefined` when every server refuses it. */
export function readIngressClass(findings: Findings, object: RawObject): IngressClass | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const root = Field.root(findings, object);
  const controller = root.mapping('spec').at('controller');
  const text = controller.text() ?? '';
  const slash = text.indexOf('/');
  // A server asks for a domain, a slash and a path.
  if (text === '')
    controller.missing('This IngressClass', 'write controller: k8s.io/ingress-nginx, or another');
  else if (slash < 1 || slash === text.length - 1 || !isDnsSubdomain(text.slice(0, slash))) {
    controller.refuse(
      'name-invalid',
      `The controller is ${describe(text)}, but must be a domain, a slash and a path`,
      {
        value: text,
        hint: 'as in k8s.io/ingress-nginx',
      },
    );
  }
  const isDefault = annotationOf(root, defaultAnnotation) === 'true';
  if (findings.refusals !== before) return undefined;
  return { ref: object.ref, origin: object.origin, name: object.ref.name, controller: text, isDefault };
}

/** The value of an annotation; `undefined` when it is absent, empty or no text. */
function annotationOf(root: Field, key: string): string | undefined {
  const field = root.at('metadata').mapping('annotations').at(key);
  return field.text();
}
