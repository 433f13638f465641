import { allowedPorts, apiVersion } from '../reach/index.ts';
import type { Explanation, NearMiss, PolicyCheck, SideExplanation } from '../reach/index.ts';
import { allowedDocument, diagnosticDocument, notModelledDocument } from './document.ts';
import type { Field } from './document.ts';
import { entranceDocument } from './entrances.ts';

/** The fields of a document that answers `can`. */
export function verdictFields(explanation: Explanation): readonly Field[] {
  return [...headFields(explanation), ...tailFields(explanation)];
}

/** The same of one that answers `explain`: with the walk, and what would change it. */
export function explanationFields(explanation: Explanation): readonly Field[] {
  const sideOf = explanation.to === undefined ? lonelySideDocument : sideDocument;
  return [
    ...headFields(explanation),
    { name: 'egress', value: sideOf(explanation.egress) },
    { name: 'ingress', value: sideOf(explanation.ingress) },
    { name: 'nearest', value: explanation.nearest.map(nearMissDocument) },
    ...(explanation.entrance === undefined
      ? []
      : [{ name: 'entrance', value: entranceDocument(explanation.entrance) }]),
    ...tailFields(explanation),
  ];
}

function headFields(explanation: Explanation): readonly Field[] {
  const { byFamily } = explanation;
  // Of one end there is no connection to judge.
  const isPair = explanation.to !== undefined;
  return [
    { name: 'apiVersion', value: apiVersion },
    { name: 'kind', value: 'Explanation' },
    { name: 'profile', value: explanation.profile },
    { name: 'from', value: explanation.from },
    { name: 'to', value: explanation.to },
    { name: 'port', value: explanation.port },
    { name: 'verdict', value: isPair ? explanation.verdict : undefined },
    { name: 'sentence', value: explanation.sentence },
    { name: 'allowed', value: isPair ? allowedDocument(allowedPorts(explanation.allowed)) : undefined },
    { name: 'allowedByFamily', value: byFamily === undefined ? undefined : byFamilyDocument(byFamily) },
  ];
}

function byFamilyDocument({ IPv4, IPv6 }: NonNullable<Explanation['byFamily']>): unknown {
  return {
    IPv4: IPv4 === undefined ? undefined : allowedDocument(allowedPorts(IPv4)),
    IPv6: IPv6 === undefined ? undefined : allowedDocument(allowedPorts(IPv6)),
  };
}

function tailFields(explanation: Explanation): readonly Field[] {
  return [
    { name: 'notes', items: explanation.notes },
    { name: 'notModelled', items: explanation.notModelled.map(notModelledDocument) },
    { name: 'diagnostics', items: explanation.diagnostics.map(diagnosticDocument) },
  ];
}

function sideDocument(side: SideExplanation): unknown {
  return {
    subject: side.subject,
    isolated: side.isolated,
    state: side.state,
    exempt: side.exempt,
    allowed: allowedDocument(allowedPorts(side.allowed)),
    ...tiersDocument(side),
    policies: side.policies.map((check) => ({
      policy: policyId(check),
      effect: check.effect,
      rule: check.rule,
      peer: check.peer,
      port: check.port,
      file: check.place.file,
      line: check.place.line,
      column: check.place.column,
    })),
  };
}

/** A side of an explanation of one end: what selects it, and whom and what each rule admits. */
function lonelySideDocument(side: SideExplanation): unknown {
  const whom = side.direction === 'ingress' ? 'from' : 'to';
  return {
    subject: side.subject,
    isolated: side.isolated,
    state: side.isolated ? 'isolated' : 'open',
    exempt: side.exempt,
    ...tiersDocument(side),
    policies: side.policies.map((check) => ({
      policy: policyId(check),
      effect: check.effect,
      admits: check.rules.map((rule) => ({
        rule: rule.rule,
        [whom]: rule.peers.flatMap(({ text }) => text ?? []),
        ports: rule.ports.map(({ text }) => text),
        file: rule.place.file,
        line: rule.place.line,
        column: rule.place.column,
      })),
      file: check.place.file,
      line: check.place.line,
      column: check.place.column,
    })),
  };
}

/** The policies of the tiers in the order in which they are asked; left out where there is none. */
function tiersDocument({ tiers }: SideExplanation): Record<string, unknown> {
  if (tiers.length === 0) return {};
  return {
    tiers: tiers.map((check) => ({
      tier: check.policy.tier,
      kind: check.policy.kind,
      name: check.policy.name,
      priority: check.policy.priority,
      effect: check.effect,
      ambiguous: check.ambiguous,
      failsClosed: check.failsClosed,
      rule: check.rule,
      peer: check.peer,
      file: check.place.file,
      line: check.place.line,
      column: check.place.column,
    })),
  };
}

function policyId({ policy }: PolicyCheck): string {
  return `${policy.namespace}/${policy.name}`;
}

function nearMissDocument(miss: NearMiss): unknown {
  return {
    direction: miss.direction,
    change: miss.change,
    distance: miss.distance,
    patch: miss.patch,
    alsoOpens: miss.alsoOpens.map(({ from, to, allowed }) => ({
      from,
      to,
      allowed: allowedDocument(allowed),
    })),
    opensMore: miss.opensMore,
    file: miss.place.file,
    line: miss.place.line,
    column: miss.place.column,
  };
}
