import type {
  GatewayRoute,
  GatewayRouteKind,
  NameMatch,
  ParentReference,
  RouteBackend,
  RouteFilter,
  RouteMatch,
  RouteRule,
} from '../../model/index.ts';
import { readMetadata } from '../objects/index.ts';
import type { Findings } from '../objects/index.ts';
import type { RawObject } from '../raw.ts';
import { Field } from './field.ts';
import { gatewayGroup, referenceOf } from './gateway.ts';
import { hostOf } from './hosts.ts';

/** A request is never answered with more weight than this. */
const mostWeight = 1_000_000;

/**
 * Reads a route of the Gateway API as its CRD validates it; `undefined` when every server refuses it.
 *
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#httproute
 */
export function readGatewayRoute(
  findings: Findings,
  object: RawObject,
  kind: GatewayRouteKind,
): GatewayRoute | undefined {
  const before = findings.refusals;
  readMetadata(findings, object);
  const spec = Field.root(findings, object).mapping('spec');
  const { ref, origin } = object;
  const { namespace = 'default', name } = ref;
  const parents: ParentReference[] = [];
  for (const field of spec.at('parentRefs').items()) {
    const parent = parentOf(field, namespace);
    if (parent !== undefined) parents.push(parent);
  }
  const hostnames: string[] = [];
  if (kind !== 'TCPRoute' && kind !== 'UDPRoute') {
    for (const field of spec.at('hostnames').texts()) {
      const host = hostOf(field);
      if (host !== undefined) hostnames.push(host);
    }
  }
  const ruleFields = spec.at('rules').items();
  if (ruleFields.length === 0 && (kind === 'TLSRoute' || kind === 'TCPRoute' || kind === 'UDPRoute')) {
    spec.at('rules').missing(`This ${kind}`, 'write rules: [{backendRefs: [{name: …, port: 80}]}]');
  }
  const rules = ruleFields.map((field) => ruleOf(field, kind, namespace));
  if (findings.refusals !== before) return undefined;
  // An HTTPRoute without rules has one that takes every request and leads nowhere.
  return { ref, origin, namespace, name, kind, parents, hostnames, rules };
}

function parentOf(field: Field, namespace: string): ParentReference | undefined {
  const parent = referenceOf(field, namespace, { group: gatewayGroup, kind: 'Gateway' });
  if (parent === undefined) return undefined;
  return { ...parent, sectionName: field.at('sectionName').text(), port: field.at('port').port() };
}

function ruleOf(field: Field, kind: GatewayRouteKind, namespace: string): RouteRule {
  const backends: RouteBackend[] = [];
  const filters: RouteFilter[] = [];
  for (const each of field.at('backendRefs').items()) {
    const reference = backendOf(each, namespace);
    // Filters of one backend mirror and redirect as those of the rule do.
    filters.push(...filtersOf(each.at('filters'), namespace));
    if (reference !== undefined) backends.push({ ...reference, weight: weightOf(each.at('weight')) });
  }
  filters.unshift(...filtersOf(field.at('filters'), namespace));
  return { matches: matchesOf(field, kind), filters, backends };
}

function matchesOf(field: Field, kind: GatewayRouteKind): readonly RouteMatch[] {
  if (kind !== 'HTTPRoute' && kind !== 'GRPCRoute') return [];
  const fields = field.at('matches').items();
  // The CRD fills in a prefix of / for a rule without matches.
  if (fields.length === 0) return [everyRequest];
  return fields.map((match) => (kind === 'HTTPRoute' ? httpMatch(match) : grpcMatch(match)));
}

const everyRequest: RouteMatch = {
  path: { type: 'PathPrefix', value: '/' },
  method: undefined,
  headers: [],
  queryParams: [],
};

function httpMatch(field: Field): RouteMatch {
  const path = field.mapping('path');
  const type = path.at('type').text() ?? 'PathPrefix';
  const valueField = path.at('value');
  const value = valueField.text() ?? '/';
  if ((type === 'PathPrefix' || type === 'Exact') && !value.startsWith('/')) {
    valueField.refuse('path-invalid', `The path ${value} has to begin with a slash`, { value });
  }
  return {
    path: { type, value },
    method: field.at('method').text(),
    headers: nameMatches(field.at('headers')),
    queryParams: nameMatches(field.at('queryParams')),
  };
}

/** A call of gRPC is a POST to /package.Service/Method. */
function grpcMatch(field: Field): RouteMatch {
  const call = field.mapping('method');
  const headers = nameMatches(field.at('headers'));
  const service = call.at('service').text();
  const method = call.at('method').text();
  const path =
    call.at('type').text() === 'RegularExpression'
      ? { type: 'RegularExpression', value: `/${service ?? '[^/]+'}/${method ?? '[^/]+'}` }
      : service === undefined
        ? method === undefined
          ? everyRequest.path
          : { type: 'RegularExpression', value: `/[^/]+/${escapeExpression(method)}` }
        : method === undefined
          ? { type: 'PathPrefix', value: `/${service}/` }
          : { type: 'Exact', value: `/${service}/${method}` };
  return { path, method: 'POST', headers, queryParams: [] };
}

function escapeExpression(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

function nameMatches(field: Field): readonly NameMatch[] {
  const matches: NameMatch[] = [];
  for (const each of field.items()) {
    const name = each.at('name').required('This match');
    const value = each.at('value').text() ?? '';
    if (name !== undefined) matches.push({ type: each.at('type').text() ?? 'Exact', name, value });
  }
  return matches;
}

function filtersOf(field: Field, namespace: string): readonly RouteFilter[] {
  const filters: RouteFilter[] = [];
  for (const each of field.items()) {
    const type = each.at('type').required('This filter');
    if (type === undefined) continue;
    if (type === 'RequestMirror') {
      const mirrored = each.mapping('requestMirror').mapping('backendRef');
      const backend = backendOf(mirrored, namespace);
      if (backend !== undefined) filters.push({ kind: 'mirror', backend, at: mirrored.path });
    } else if (type === 'RequestRedirect') {
      filters.push(redirectOf(each.mapping('requestRedirect')));
    } else {
      filters.push({ kind: 'other', type });
    }
  }
  return filters;
}

function redirectOf(field: Field): RouteFilter {
  const path = field.mapping('path');
  const type = path.at('type').text();
  const value =
    type === 'ReplaceFullPath' ? path.at('replaceFullPath').text() : path.at('replacePrefixMatch').text();
  return {
    kind: 'redirect',
    scheme: field.at('scheme').text(),
    hostname: hostOf(field.at('hostname')),
    port: field.at('port').port(),
    statusCode: field.at('statusCode').integer() ?? 302,
    path: type === undefined ? undefined : { type, value: value ?? '' },
  };
}

function backendOf(
  field: Field,
  namespace: string,
):
  | { readonly group: string; kind: string; namespace: string; name: string; port: number | undefined }
  | undefined {
  const reference = referenceOf(field, namespace, { group: '', kind: 'Service' });
  const portField = field.at('port');
  const port = portField.port();
  if (reference?.group === '' && reference.kind === 'Service' && !portField.isThere) {
    portField.missing('This reference to a Service', 'write the port of the Service: port: 80');
  }
  return reference === undefined ? undefined : { ...reference, port };
}

function weightOf(field: Field): number {
  const weight = field.integer() ?? 1;
  if (weight >= 0 && weight <= mostWeight) return weight;
  field.refuse('weight-invalid', `A weight is 0 to ${mostWeight.toLocaleString('en')}, not ${weight}`, {
    value: weight,
  });
  return 0;
}
