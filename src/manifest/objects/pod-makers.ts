import type { Cluster, Pod } from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import { count, someOf } from './findings.ts';
import type { Findings } from './findings.ts';
import { groupOf } from './kinds.ts';

type Fields = Readonly<Record<string, unknown>>;

/** By group: kinds that make pods, however these are described in them, and that podwall does not read. */
const podMakers: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    'argoproj.io': ['Rollout', 'Workflow', 'CronWorkflow'],
    'apps.openshift.io': ['DeploymentConfig'],
    'serving.knative.dev': ['Service', 'Configuration', 'Revision'],
    'apps.kruise.io': [
      'CloneSet',
      'StatefulSet',
      'DaemonSet',
      'AdvancedCronJob',
      'BroadcastJob',
      'UnitedDeployment',
    ],
    'keda.sh': ['ScaledJob'],
    'jobset.x-k8s.io': ['JobSet'],
    'leaderworkerset.x-k8s.io': ['LeaderWorkerSet'],
    'batch.volcano.sh': ['Job'],
    'kubevirt.io': ['VirtualMachine', 'VirtualMachineInstance'],
    'tekton.dev': ['PipelineRun', 'TaskRun'],
  }).map(([group, kinds]) => [group, new Set(kinds)]),
);

/**
 * Whether an object of a kind that podwall does not read makes pods: by its kind, or for it has a template with
 * containers where Kubernetes' own controllers have theirs.
 */
export function makesPods(apiVersion: string, kind: string, value: Fields): boolean {
  const group = groupOf(apiVersion);
  // The kinds of Kubernetes itself are known.
  if (group?.includes('.') !== true) return false;
  const spec = isRecord(value.spec) ? value.spec : undefined;
  if (spec?.replicas === 0 || hasEnded(value.status)) return false;
  if (podMakers.get(group)?.has(kind) === true) return true;
  const template = isRecord(spec?.template) ? spec.template.spec : undefined;
  return isRecord(template) && Array.isArray(template.containers);
}

/** A workflow or run that is over makes no more pods. */
function hasEnded(status: unknown): boolean {
  return isRecord(status) && (isTime(status.finishedAt) || isTime(status.completionTime));
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/**
 * Says which objects make pods that are not in the input: no answer is about those. One warning for each kind.
 *
 * @param owners - of whatever may belong to one of `makers`, as `ownerKeys` gives them
 * @param cluster - the pods are asked for only where it matters
 */
export function tellPodMakers(
  findings: Findings,
  makers: Iterable<RawObject>,
  owners: Iterable<string>,
  cluster: Pick<Cluster, 'pods'>,
): void {
  const missing = new Map<string, RawObject[]>();
  let known: ReadonlySet<string> | undefined;
  for (const object of makers) {
    // Most inputs have none of these kinds, and then nothing is looked through.
    known ??= new Set([...owners, ...knativeOwners(cluster.pods)]);
    const { apiVersion, kind, namespace = '', name } = object.ref;
    const group = groupOf(apiVersion) ?? '';
    if (known.has(keyOf(namespace, group, kind, name))) continue;
    const key = `${group}/${kind}`;
    const same = missing.get(key);
    if (same === undefined) missing.set(key, [object]);
    else same.push(object);
  }
  for (const objects of missing.values()) {
    const [first] = objects as [RawObject];
    const { kind } = first.ref;
    const names = someOf(objects.map(({ ref }) => `${ref.namespace ?? ''}/${ref.name}`));
    const isOne = objects.length === 1;
    const message = isOne
      ? `The ${kind} ${names} makes pods, and podwall does not read this kind: without them in the input, the answer lacks its pods`
      : `${count(objects.length, 'object')} of kind ${kind} make pods, and podwall does not read this kind: without them in the input, the answer lacks the pods of ${names}`;
    const hint = 'add the running pods (kubectl get pods -A -o yaml)';
    findings.warn(first, 'workload-not-modelled', [], message, { hint });
  }
}

function keyOf(namespace: string, group: string, kind: string, name: string): string {
  return JSON.stringify([namespace, group, kind, name]);
}

/** What `metadata.ownerReferences` of an object name of kinds that are not Kubernetes' own, as keys to compare. */
export function ownerKeys(namespace: string, references: unknown): readonly string[] {
  if (!Array.isArray(references)) return [];
  const keys: string[] = [];
  for (const reference of references as readonly unknown[]) {
    if (!isRecord(reference)) continue;
    const { apiVersion, kind, name } = reference;
    if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string') continue;
    const group = groupOf(apiVersion) ?? '';
    if (group.includes('.')) keys.push(keyOf(namespace, group, kind, name));
  }
  return keys;
}

/** Between a Service of Knative and its Deployment stand two other objects; the pods' labels name all three. */
function* knativeOwners(pods: readonly Pod[]): Generator<string> {
  const group = 'serving.knative.dev';
  for (const { namespace, labels } of pods) {
    for (const kind of ['Service', 'Configuration', 'Revision']) {
      const name = labels.get(`${group}/${kind.toLowerCase()}`);
      if (name !== undefined) yield keyOf(namespace, group, kind, name);
    }
  }
}
