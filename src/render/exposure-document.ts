import type { Exposed, ExposedPart, Exposure, ExposureAnswer, ExposureReason } from '../exposure/index.ts';
import type { Direction } from '../model/index.ts';
import { allowedDocument, diagnosticDocument, mapped, notModelledDocument } from './document.ts';
import type { Field } from './document.ts';

/**
 * The document of `exposure`.
 *
 * @param places - whether every rule carries its place
 */
export function exposureFields(answer: ExposureAnswer, places: boolean): readonly Field[] {
  const { document } = answer;
  return [
    { name: 'apiVersion', value: document.apiVersion },
    { name: 'kind', value: document.kind },
    { name: 'profile', value: document.profile },
    { name: 'coverage', value: document.coverage },
    { name: 'notIsolated', value: document.notIsolated },
    {
      name: 'exposures',
      items: mapped(document.exposures, (each) => exposureDocument(each, answer, places)),
    },
    { name: 'undecided', items: document.undecided },
    { name: 'notModelled', items: mapped(document.notModelled, notModelledDocument) },
    { name: 'diagnostics', items: mapped(document.diagnostics, diagnosticDocument) },
  ];
}

function exposureDocument(exposure: Exposure, answer: ExposureAnswer, places: boolean): unknown {
  const { direction } = exposure;
  const rules = (reasons: readonly ExposureReason[]): unknown =>
    reasons.map((reason) => reasonDocument(reason, direction, answer, places));
  return {
    direction,
    workloads: exposure.workloads,
    pods: exposure.pods,
    partial: exposure.partial,
    isolated: exposure.isolated,
    hostNetwork: exposure.hostNetwork,
    policies: exposure.policies,
    tiers: exposure.tiers,
    peers: exposure.peers.map((peer) => ({ ...peerDocument(peer), because: rules(peer.because) })),
    closed: exposure.closed.map(({ scope, reason, policies, rules: refs }) => ({
      scope,
      reason,
      policies,
      rules: refs === undefined ? undefined : rules(refs),
    })),
  };
}

function peerDocument(peer: Exposed): Record<string, unknown> {
  const { family, ambiguous, between, witness } = peer;
  const use = { ...partDocument(peer), family, ambiguous, between, witness };
  switch (peer.kind) {
    case 'ip':
      return { kind: peer.kind, exposure: peer.exposure, id: peer.id, ranges: peer.ranges, ...use };
    case 'entry':
      return { kind: peer.kind, exposure: peer.exposure, id: peer.id, workloads: peer.workloads, ...use };
    case 'nodes':
      return { kind: peer.kind, exposure: peer.exposure, nodes: peer.nodes, ...use };
    case 'pods': {
      const { namespaces, pods } = peer;
      return {
        kind: peer.kind,
        exposure: peer.exposure,
        namespaces: {
          new: namespaces.new,
          existing: namespaces.existing,
          also: namespaces.also,
          except: namespaces.except,
          closedByOwn: namespaces.closedByOwn,
          partlyByOwn: namespaces.partlyByOwn,
          closed: namespaces.closed,
          partly: namespaces.partly?.map((each) => ({
            namespaces: each.namespaces,
            peers: each.peers.map((part) => ({ pods: part.pods, ...partDocument(part) })),
          })),
        },
        pods,
        addresses: peer.addresses,
        ...use,
      };
    }
  }
}

function partDocument({ allowed, named }: ExposedPart | Exposed): Record<string, unknown> {
  return {
    allowed: allowedDocument(allowed),
    named: named?.map(({ protocol, names, without, within }) => ({
      protocol,
      names,
      without,
      within: within === undefined ? undefined : allowedDocument(within),
    })),
  };
}

function reasonDocument(
  reason: ExposureReason,
  direction: Direction,
  { place }: ExposureAnswer,
  places: boolean,
): unknown {
  const { policy, rule, peer } = reason;
  if (!places) return { policy, rule, peer };
  const { file, line, column } = place(reason, direction);
  return { policy, rule, peer, file, line, column };
}
