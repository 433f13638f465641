import type { Service } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { groupOf } from './kinds.ts';

const managedBy = 'endpointslice.kubernetes.io/managed-by';
const controller = 'endpointslice-controller.k8s.io';
const serviceName = 'kubernetes.io/service-name';

/**
 * Knows the EndpointSlices and Endpoints that follow from a Service with a selector: they say nothing that its selector
 * and the pods do not. Those of default/kubernetes, which every cluster has, lead to the API servers.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#management
 */
export class ManagedEndpoints {
  /** `namespace/name`. */
  readonly #selecting: ReadonlySet<string>;

  constructor(services: readonly Service[]) {
    const selecting = services.filter(({ selector }) => selector !== undefined);
    this.#selecting = new Set([
      'default/kubernetes',
      ...selecting.map(({ namespace, name }) => `${namespace}/${name}`),
    ]);
  }

  has({ ref, value }: RawObject): boolean {
    const { apiVersion, kind, namespace = '', name } = ref;
    const group = groupOf(apiVersion);
    if (group === '' && kind === 'Endpoints') return this.#selecting.has(`${namespace}/${name}`);
    if (group !== 'discovery.k8s.io' || kind !== 'EndpointSlice') return false;
    const metadata = isRecord(value.metadata) ? value.metadata : {};
    const labels = isRecord(metadata.labels) ? metadata.labels : {};
    if (labels[managedBy] === controller) return true;
    // The API server keeps this one, and writes no other label.
    if (namespace === 'default' && labels[serviceName] === 'kubernetes') return true;
    const owners: readonly unknown[] = Array.isArray(metadata.ownerReferences)
      ? metadata.ownerReferences
      : [];
    return owners.some(
      (owner) =>
        isRecord(owner) &&
        owner.apiVersion === 'v1' &&
        owner.kind === 'Service' &&
        typeof owner.name === 'string' &&
        this.#selecting.has(`${namespace}/${owner.name}`),
    );
  }
}
