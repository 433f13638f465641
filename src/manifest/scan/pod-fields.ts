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

const metadata = fieldAt('metadata');
const name = fieldAt('metadata', 'name');
const namespace = fieldAt('metadata', 'namespace');
const generateName = fieldAt('metadata', 'generateName');
const uid = fieldAt('metadata', 'uid');
const labels = fieldAt('metadata', 'labels');
const ownerReferences = fieldAt('metadata', 'ownerReferences');
const spec = fieldAt('spec');
const nodeName = fieldAt('spec', 'nodeName');
const hostNetwork = fieldAt('spec', 'hostNetwork');
const containers = fieldAt('spec', 'containers');
const initContainers = fieldAt('spec', 'initContainers');
const status = fieldAt('status');
const phase = fieldAt('status', 'phase');
const podIP = fieldAt('status', 'podIP');
const podIPs = fieldAt('status', 'podIPs');
const ip = fieldAt('status', 'podIPs', 'ip');
const hostIP = fieldAt('status', 'hostIP');
const hostIPs = fieldAt('status', 'hostIPs');

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
    return field === podIPs;
  }

  /** An object begins, or the list of addresses, or one of its elements. */
  open(field: number): void {
    if (field === metadata) this.#hasMetadata = true;
    else if (field === spec) this.#hasSpec = true;
    else if (field === status) this.#hasStatus = true;
    else if (field === podIPs) this.#podIPs = [];
    else this.#podIPs?.push({ ip: undefined });
  }

  set(field: number, value: unknown): void {
    switch (field) {
      case name:
        this.#name = value;
        break;
      case namespace:
        this.#namespace = value;
        break;
      case generateName:
        this.#generateName = value;
        break;
      case uid:
        this.#uid = value;
        break;
      case labels:
        this.#labels = value;
        break;
      case ownerReferences:
        this.#ownerReferences = value;
        break;
      case nodeName:
        this.#nodeName = value;
        break;
      case hostNetwork:
        this.#hostNetwork = value;
        break;
      case containers:
        this.#containers = value;
        break;
      case initContainers:
        this.#initContainers = value;
        break;
      case phase:
        this.#phase = value;
        break;
      case podIP:
        this.#podIP = value;
        break;
      case ip: {
        const last = this.#podIPs?.at(-1);
        if (last !== undefined) last.ip = value;
        break;
      }
      case hostIP:
        this.#hostIP = value;
        break;
      case hostIPs:
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
