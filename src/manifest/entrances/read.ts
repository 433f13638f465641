import type { Entrances, GatewayRouteKind } from '../../model/index.ts';
import type { EntranceReaders } from '../objects/index.ts';
import { readGateway, readGatewayClass, readReferenceGrant } from './gateway.ts';
import { readIngress, readIngressClass } from './ingress.ts';
import { readOpenShiftRoute } from './openshift.ts';
import { readGatewayRoute } from './routes.ts';
import { readSecret } from './secret.ts';
import { readEndpoints, readEndpointSlice } from './slices.ts';

const routeKinds: readonly GatewayRouteKind[] = [
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'TCPRoute',
  'UDPRoute',
];

/** Reads everything that leads into the cluster; what is wrong with an object is in the findings. */
export function readEntrances(readers: EntranceReaders): Entrances {
  const { findings, read } = readers;
  return {
    ingressClasses: read('IngressClass', (object) => readIngressClass(findings, object)),
    ingresses: read('Ingress', (object) => readIngress(findings, object)),
    secrets: read('Secret', (object) => readSecret(findings, object)),
    gatewayClasses: read('GatewayClass', (object) => readGatewayClass(findings, object)),
    gateways: read('Gateway', (object) => readGateway(findings, object)),
    gatewayRoutes: routeKinds.flatMap((kind) =>
      read(kind, (object) => readGatewayRoute(findings, object, kind)),
    ),
    referenceGrants: read('ReferenceGrant', (object) => readReferenceGrant(findings, object)),
    openShiftRoutes: read('Route', (object) => readOpenShiftRoute(findings, object)),
    endpointSlices: [
      ...read('EndpointSlice', (object) => readEndpointSlice(readers, object)),
      ...read('Endpoints', (object) => readEndpoints(readers, object)).flat(),
    ],
  };
}
