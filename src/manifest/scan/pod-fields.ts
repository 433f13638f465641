import { podShape } from './fields.ts';
import type { Shape } from './fields.ts';
import { program } from './program.ts';

/** The field of the member at a path of a pod. */
function fieldAt(...path: readonly string[]): number {
  let shape: Shape | undefined = podShape;
  let field = -1;
  for (const key of path) {
    const member: Shape['members'][string] | undefined = shape?.members[key];
    const fields: Readonly<Record<string, number>> | undefined =
      shape === undefined ? undefined : program.fields.get(shape);
    field = fields?.[key] ?? -1;
    shape = member !== undefined && 'shape' in member ? member.shape : undefined;
  }
  return field;
}

/** The fields of what is noted of a pod. */
export const podField = {
  metadata: fieldAt('metadata'),
  name: fieldAt('metadata', 'name'),
  namespace: fieldAt('metadata', 'namespace'),
  generateName: fieldAt('metadata', 'generateName'),
  uid: fieldAt('metadata', 'uid'),
  labels: fieldAt('metadata', 'labels'),
  ownerReferences: fieldAt('metadata', 'ownerReferences'),
  spec: fieldAt('spec'),
  nodeName: fieldAt('spec', 'nodeName'),
  hostNetwork: fieldAt('spec', 'hostNetwork'),
  containers: fieldAt('spec', 'containers'),
  initContainers: fieldAt('spec', 'initContainers'),
  status: fieldAt('status'),
  phase: fieldAt('status', 'phase'),
  podIP: fieldAt('status', 'podIP'),
  podIPs: fieldAt('status', 'podIPs'),
  ip: fieldAt('status', 'podIPs', 'ip'),
  hostIP: fieldAt('status', 'hostIP'),
  hostIPs: fieldAt('status', 'hostIPs'),
} as const;

/** The fields of a pod while it is put together: `undefined` where it has none. */
export class PodFields {
  #hasMetadata = false;
  #hasSpec = false;
  #hasStatus = false;
  #name: unknown;
  #namespace: unknown;
  #generateName: unknown;
  #uid: unknown;
  #labels: unknown;
  #ownerReferences: unknown;
  #nodeName: unknown;
  #hostNetwork: unknown;
  #containers: unknown;
  #initContainers: unknown;
  #phase: unknown;
  #podIP: unknown;
  #podIPs: { ip: unknown }[] | undefined;
  #hostIP: unknown;
  #hostIPs: unknown;

  /** Whether a list of this field is that of the pod's addresses. */
  isAddresses(field: number): boolean {
    return field === podField.podIPs;
  }

  /** An object begins, or the list of addresses, or one of its elements. */
  open(field: number): void {
    if (field === podField.metadata) this.#hasMetadata = true;
    else if (field === podField.spec) this.#hasSpec = true;
    else if (field === podField.status) this.#hasStatus = true;
    else if (field === podField.podIPs) this.#podIPs = [];
    else this.#podIPs?.push({ ip: undefined });
  }

  set(field: number, value: unknown): void {
    switch (field) {
      case podField.name:
        this.#name = value;
        break;
      case podField.namespace:
        this.#namespace = value;
        break;
      case podField.generateName:
        this.#generateName = value;
        break;
      case podField.uid:
        this.#uid = value;
        break;
      case podField.labels:
        this.#labels = value;
        break;
      case podField.ownerReferences:
        this.#ownerReferences = value;
        break;
      case podField.nodeName:
        this.#nodeName = value;
        break;
      case podField.hostNetwork:
        this.#hostNetwork = value;
        break;
      case podField.containers:
        this.#containers = value;
        break;
      case podField.initContainers:
        this.#initContainers = value;
        break;
      case podField.phase:
        this.#phase = value;
        break;
      case podField.podIP:
        this.#podIP = value;
        break;
      case podField.ip: {
        const last = this.#podIPs?.at(-1);
        if (last !== undefined) last.ip = value;
        break;
      }
      case podField.hostIP:
        this.#hostIP = value;
        break;
      case podField.hostIPs:
        this.#hostIPs = value;
        break;
    }
  }

  object(apiVersion: string | undefined, kind: string | undefined): Record<string, unknown> {
    return {
      apiVersion,
      kind,
      metadata: this.#hasMetadata
        ? {
            name: this.#name,
            namespace: this.#namespace,
            generateName: this.#generateName,
            uid: this.#uid,
            labels: this.#labels,
            ownerReferences: this.#ownerReferences,
          }
        : undefined,
      spec: this.#hasSpec
        ? {
            nodeName: this.#nodeName,
            hostNetwork: this.#hostNetwork,
            containers: this.#containers,
            initContainers: this.#initContainers,
          }
        : undefined,
      status: this.#hasStatus
        ? {
            phase: this.#phase,
            podIP: this.#podIP,
            podIPs: this.#podIPs,
            hostIP: this.#hostIP,
            hostIPs: this.#hostIPs,
          }
        : undefined,
    };
  }
}
