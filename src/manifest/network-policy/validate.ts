import type { Path } from '../../model/index.ts';
import { contains, parseCidr } from '../../net/index.ts';
import type { CidrIrregularity } from '../../net/index.ts';
import {
  FieldErrors,
  decode,
  portNameProblems,
  portNumberProblems,
  reportDuplicates,
  validateLabelSelector,
  validateObjectMeta,
} from '../validate/index.ts';
import type { FieldError, Report } from '../validate/index.ts';
import { networkPolicySchema } from './schema.ts';
import type {
  IpBlockObject,
  PeerObject,
  PolicyObject,
  PortObject,
  RuleObject,
  SpecObject,
} from './schema.ts';

/** What the validation depends on beside the object. */
export interface ValidationOptions {
  /** As `1.34` or `v1.34.4`; without it, only what every supported server refuses is reported. */
  readonly kubernetesVersion?: string | undefined;
  /** Paths of keys that stand more than once in the text. */
  readonly duplicates?: readonly Path[];
}

/**
 * Validates a NetworkPolicy as the API server validates one that is created: all errors, in the order of the API.
 *
 * Errors of decoding come first. With one of them that is a wrong type, the API server stops there, and so does this.
 *
 * @param value - the object as plain JSON-like values
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/validation/validation.go
 */
export function validateNetworkPolicy(
  value: unknown,
  options: ValidationOptions = {},
): readonly FieldError[] {
  const errors = new FieldErrors(Infinity);
  const policy = decodePolicy(value, options.duplicates ?? [], errors.report);
  if (!errors.refused) validateCreated(policy, errors.report);
  return atVersion(errors.list, options.kubernetesVersion);
}

/**
 * Validates `value` as an update of the stored object `old`: names cannot change, and what the old object already had
 * is not judged anew by the stricter rules for CIDRs and label values.
 */
export function validateNetworkPolicyUpdate(
  old: unknown,
  value: unknown,
  options: ValidationOptions = {},
): readonly FieldError[] {
  const errors = new FieldErrors(Infinity);
  const before = decodePolicy(old, [], () => {});
  const policy = decodePolicy(value, options.duplicates ?? [], errors.report);
  if (!errors.refused) {
    validateUnchanged(before, policy, errors.report);
    validateObjectMeta(policy.metadata ?? {}, ['metadata'], errors.report, true);
    validateSpec(policy.spec ?? {}, errors.report, {
      cidrs: cidrsOf(before.spec ?? {}),
      // The exemption looks at the pod selector only, though it then holds for all selectors (corner 20).
      invalidLabelValues: hasInvalidSelector(before.spec ?? {}),
    });
  }
  return atVersion(errors.list, options.kubernetesVersion);
}

/** What an object keeps from its stored form. */
interface Kept {
  readonly cidrs: ReadonlySet<string>;
  readonly invalidLabelValues: boolean;
}

const nothingKept: Kept = { cidrs: new Set(), invalidLabelValues: false };

/** Decodes with every error of decoding, unknown fields and wrong types in the order of the text. */
export function decodePolicy(value: unknown, duplicates: readonly Path[], report: Report): PolicyObject {
  // The schema says which fields there are and of what type, so what it returns has this shape.
  const policy = (decode(networkPolicySchema, value, [], report) ?? {}) as PolicyObject;
  reportDuplicates(duplicates, report);
  return policy;
}

/** Validates a decoded policy as one that is created. Errors of newer servers carry `since`. */
export function validateCreated(policy: PolicyObject, report: Report): void {
  validateObjectMeta(policy.metadata ?? {}, ['metadata'], report);
  validateSpec(policy.spec ?? {}, report, nothingKept);
}

/** Whether servers of `version` refuse old spellings of CIDRs by default: StrictIPCIDRValidation is on from 1.36. */
export function isStrictAboutCidrs(version: string | undefined): boolean {
  const parts = /^v?(\d{1,4})\.(\d{1,4})/.exec(version ?? '');
  if (parts === null) return false;
  const major = Number(parts[1]);
  return major > 1 || (major === 1 && Number(parts[2]) >= 36);
}

function atVersion(errors: readonly FieldError[], version: string | undefined): readonly FieldError[] {
  return isStrictAboutCidrs(version) ? errors : errors.filter(({ since }) => since === undefined);
}

function validateUnchanged(before: PolicyObject, after: PolicyObject, report: Report): void {
  for (const field of ['name', 'namespace', 'uid'] as const) {
    const value = after.metadata?.[field] ?? '';
    const old = before.metadata?.[field] ?? '';
    // The server fills in an absent uid and namespace from the object that it has.
    if (value === old || (field !== 'name' && (value === '' || old === ''))) continue;
    report({
      path: ['metadata', field],
      type: 'Invalid',
      code: 'immutable-field',
      message: 'field is immutable',
      value,
    });
  }
}

function hasInvalidSelector(spec: SpecObject): boolean {
  let invalid = false;
  validateLabelSelector(spec.podSelector ?? {}, [], () => {
    invalid = true;
  });
  return invalid;
}

function cidrsOf(spec: SpecObject): ReadonlySet<string> {
  const cidrs = new Set<string>();
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const { ipBlock } of [...(rule.from ?? []), ...(rule.to ?? [])]) {
      if (ipBlock?.cidr !== undefined) cidrs.add(ipBlock.cidr);
      for (const except of ipBlock?.except ?? []) cidrs.add(except);
    }
  }
  return cidrs;
}

function validateSpec(spec: SpecObject, report: Report, kept: Kept): void {
  validateLabelSelector(spec.podSelector ?? {}, ['spec', 'podSelector'], report, kept.invalidLabelValues);
  for (const direction of ['ingress', 'egress'] as const) {
    for (const [index, rule] of (spec[direction] ?? []).entries()) {
      validateRule(rule, ['spec', direction, index], report, kept);
    }
  }
  validatePolicyTypes(spec.policyTypes ?? [], ['spec', 'policyTypes'], report);
}

function validatePolicyTypes(types: readonly string[], path: Path, report: Report): void {
  if (types.length > 2) {
    const message = 'may not specify more than two policyTypes';
    report({ path, type: 'Invalid', code: 'policy-types-too-many', message, value: types });
    return;
  }
  for (const [index, type] of types.entries()) {
    if (type === 'Ingress' || type === 'Egress') continue;
    report({
      path: [...path, index],
      type: 'NotSupported',
      code: 'policy-type-unknown',
      message: 'supported values: "Egress", "Ingress"',
      value: type,
    });
  }
}

function validateRule(rule: RuleObject, path: Path, report: Report, kept: Kept): void {
  for (const [index, port] of (rule.ports ?? []).entries()) {
    validatePort(port, [...path, 'ports', index], report);
  }
  for (const field of ['from', 'to'] as const) {
    for (const [index, peer] of (rule[field] ?? []).entries()) {
      validatePeer(peer, [...path, field, index], report, kept);
    }
  }
}

function validatePort({ protocol, port, endPort }: PortObject, path: Path, report: Report): void {
  if (protocol !== undefined && protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') {
    report({
      path: [...path, 'protocol'],
      type: 'NotSupported',
      code: 'protocol-unknown',
      message: 'supported values: "SCTP", "TCP", "UDP"',
      value: protocol,
    });
  }
  const invalidEnd = (code: string, message: string): void => {
    report({ path: [...path, 'endPort'], type: 'Invalid', code, message, value: endPort });
  };
  const invalidPort = (code: string, message: string): void => {
    report({ path: [...path, 'port'], type: 'Invalid', code, message, value: port });
  };
  if (port === undefined) {
    if (endPort !== undefined) {
      invalidEnd('end-port-without-port', 'may not be specified when `port` is not specified');
    }
  } else if (typeof port === 'number') {
    for (const message of portNumberProblems(port)) invalidPort('port-out-of-range', message);
    if (endPort !== undefined) {
      if (endPort < port) invalidEnd('end-port-below-port', 'must be greater than or equal to `port`');
      for (const message of portNumberProblems(endPort)) invalidEnd('end-port-out-of-range', message);
    }
  } else {
    if (endPort !== undefined) {
      invalidEnd('end-port-with-name', 'may not be specified when `port` is non-numeric');
    }
    for (const message of portNameProblems(port)) invalidPort(codeOfPortName(port), message);
  }
}

/** A number, a range or a protocol in the place of a name are mistakes with words of their own. */
function codeOfPortName(name: string): string {
  if (/^\s*\d+\s*$/.test(name)) return 'port-quoted';
  if (/^\s*\d+\s*[-:]\s*\d+\s*$/.test(name)) return 'port-range-in-text';
  if (/^\s*(\d+\s*\/\s*[a-z]+|[a-z]+\s*\/\s*\d+)\s*$/i.test(name)) return 'port-with-protocol';
  return 'port-name-invalid';
}

function validatePeer(peer: PeerObject, path: Path, report: Report, kept: Kept): void {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  if (podSelector !== undefined) {
    validateLabelSelector(podSelector, [...path, 'podSelector'], report, kept.invalidLabelValues);
  }
  if (namespaceSelector !== undefined) {
    validateLabelSelector(namespaceSelector, [...path, 'namespaceSelector'], report, kept.invalidLabelValues);
  }
  if (ipBlock !== undefined) validateIpBlock(ipBlock, [...path, 'ipBlock'], report, kept);
  if (podSelector === undefined && namespaceSelector === undefined && ipBlock === undefined) {
    report({ path, type: 'Required', code: 'peer-empty', message: 'must specify a peer', value: '' });
  } else if (ipBlock !== undefined && (podSelector !== undefined || namespaceSelector !== undefined)) {
    const message = 'may not specify both ipBlock and another peer';
    report({ path, type: 'Forbidden', code: 'peer-mixed', message, value: peer });
  }
}

function validateIpBlock(block: IpBlockObject, path: Path, report: Report, kept: Kept): void {
  const cidr = block.cidr ?? '';
  if (cidr === '') {
    report({ path: [...path, 'cidr'], type: 'Required', code: 'cidr-missing', message: '', value: '' });
    return;
  }
  validateCidr(cidr, [...path, 'cidr'], report, kept);
  const outer = parseCidr(cidr);
  // What is no CIDR has been reported, and its except list is not looked at.
  if (outer === undefined) return;
  for (const [index, except] of (block.except ?? []).entries()) {
    const at = [...path, 'except', index];
    validateCidr(except, at, report, kept);
    const inner = parseCidr(except);
    if (inner === undefined) continue;
    // The API compares the prefix lengths as they are written, also across families (part 9).
    const holdsStart = contains(outer.cidr, { ...inner.cidr, last: inner.cidr.first });
    if (holdsStart && writtenPrefix(cidr) < writtenPrefix(except)) continue;
    report({
      path: at,
      type: 'Invalid',
      code: 'except-outside-cidr',
      message: 'must be a strict subset of `cidr`',
      value: except,
      expected: [cidr],
    });
  }
}

function writtenPrefix(cidr: string): number {
  return Number(cidr.slice(cidr.indexOf('/') + 1));
}

function validateCidr(value: string, path: Path, report: Report, kept: Kept): void {
  if (kept.cidrs.has(value)) return;
  const parsed = parseCidr(value);
  if (parsed === undefined) {
    report({
      path,
      type: 'Invalid',
      code: 'cidr-invalid',
      message: 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      value,
    });
    return;
  }
  const strict = strictProblem(parsed.irregularities);
  if (strict !== undefined) report({ path, type: 'Invalid', since: '1.36', ...strict, value });
}

/** The one thing that a strict server says about an old spelling: it stops at the first. */
function strictProblem(
  irregularities: readonly CidrIrregularity[],
): { readonly code: string; readonly message: string } | undefined {
  if (irregularities.includes('leading-zeros') || irregularities.includes('prefix-leading-zeros')) {
    return { code: 'cidr-leading-zeros', message: 'must not have leading 0s in IP or prefix length' };
  }
  if (irregularities.includes('ipv4-mapped')) {
    return { code: 'cidr-ipv4-mapped', message: 'must not have an IPv4-mapped IPv6 address' };
  }
  if (irregularities.includes('host-bits')) {
    return { code: 'cidr-host-bits', message: 'must not have bits set beyond the prefix length' };
  }
  return undefined;
}
