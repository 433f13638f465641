import { podFlag, satisfies } from '../../model/index.ts';
import type {
  LabelSelector,
  Namespace,
  NotModelled,
  Pod,
  PodColumns,
  Requirement,
  Workload,
} from '../../model/index.ts';
import type { RawObject } from '../raw.ts';
import { isRecord } from '../validate/index.ts';
import type { NotModelledRule } from './kinds.ts';
import { readSelector } from './labels.ts';

type Fields = Readonly<Record<string, unknown>>;

const everyPod: LabelSelector = { requirements: [] };
const noWorkloads: readonly string[] = [];
const noFields: Fields = {};

/** Labels are compared at most so often for all objects together; after that, an object affects everyone. */
const comparisons = 20_000_000;
/** Ids are listed at most so often in all. */
const listedIds = 2_000_000;

/** Istio's own namespace: what stands there without selector holds in the whole mesh. */
const istioRoot = 'istio-system';

/** What selectors see of a pod. */
type LabelsOfPod = Pick<Pod, 'labels' | 'undecided'>;

/** Finds the workloads that selectors select, within a bound on the work. */
export class Subjects {
  readonly #workloads: () => readonly Workload[];
  readonly #pods: () => Pick<PodColumns, 'table' | 'pods'>;
  readonly #namespaces: ReadonlyMap<string, Namespace>;
  #byNamespace: ReadonlyMap<string, readonly Workload[]> | undefined;
  readonly #answers = new Map<string, readonly string[]>();
  #comparisonsLeft = comparisons;
  #idsLeft = listedIds;

  /**
   * @param workloads - makes them; most inputs never ask
   * @param pods - the rows of the live ones in their table
   */
  constructor(
    workloads: () => readonly Workload[],
    pods: () => Pick<PodColumns, 'table' | 'pods'>,
    namespaces: ReadonlyMap<string, Namespace>,
  ) {
    this.#workloads = workloads;
    this.#pods = pods;
    this.#namespaces = namespaces;
  }

  /**
   * Ids of the workloads in the namespaces with some pod that `pods` selects or may select. Workloads without pods are
   * left out: nothing that is said of them is uncertain.
   *
   * @param namespaces - a name, or a selector of namespaces
   * @param includeHosts - whether host-network pods can be selected; the kinds that are for nodes exclude them
   * @returns `undefined` when the bound is reached
   */
  select(
    namespaces: string | LabelSelector,
    pods: LabelSelector,
    includeHosts = true,
  ): readonly string[] | undefined {
    const question = JSON.stringify([
      typeof namespaces === 'string' ? namespaces : namespaces.requirements,
      pods.requirements,
      includeHosts,
    ]);
    const known = this.#answers.get(question);
    const found = known ?? this.#find(namespaces, pods, includeHosts);
    if (found === undefined) return undefined;
    this.#answers.set(question, found);
    return found;
  }

  /** Whether a subject of tiers selects some pod: host-network pods are none (corner 56). True when the bound is reached. */
  any(namespaces: LabelSelector, pods: LabelSelector): boolean {
    const { table, pods: live } = this.#pods();
    const { vocabulary } = table;
    // By number of a namespace.
    const isMeant = new Map<number, boolean>();
    for (const row of live) {
      if (this.#comparisonsLeft < 0) return true;
      const number = table.namespace[row]!;
      let meant = isMeant.get(number);
      if (meant === undefined) {
        meant = this.#means(namespaces, vocabulary.namespaces.values[number]!);
        isMeant.set(number, meant);
      }
      if (!meant || (table.flags[row]! & podFlag.hostNetwork) !== 0) continue;
      if (pods.requirements.length === 0) return true;
      const labels = vocabulary.labels.labels(table.labels[row]!);
      if (this.#mayMatch(pods, { labels, undecided: vocabulary.undecided.values[table.undecided[row]!]! }))
        return true;
    }
    return false;
  }

  #find(
    namespaces: string | LabelSelector,
    pods: LabelSelector,
    includeHosts: boolean,
  ): readonly string[] | undefined {
    const ids: string[] = [];
    for (const workloads of this.#candidates(namespaces)) {
      for (const workload of workloads) {
        this.#comparisonsLeft -= 1 + pods.requirements.length;
        if (this.#comparisonsLeft < 0) return undefined;
        if (workload.pods.some((pod) => (includeHosts || !pod.hostNetwork) && this.#mayMatch(pods, pod))) {
          ids.push(workload.id);
        }
      }
    }
    this.#idsLeft -= ids.length;
    return this.#idsLeft < 0 ? undefined : ids;
  }

  *#candidates(namespaces: string | LabelSelector): Generator<readonly Workload[]> {
    const byNamespace = (this.#byNamespace ??= group(this.#workloads()));
    if (typeof namespaces === 'string') {
      yield byNamespace.get(namespaces) ?? [];
      return;
    }
    for (const [name, workloads] of byNamespace) {
      if (this.#means(namespaces, name)) yield workloads;
    }
  }

  /** Whether a selector means a namespace, by its name. */
  #means({ requirements }: LabelSelector, namespace: string): boolean {
    this.#comparisonsLeft -= 1 + requirements.length;
    const labels = this.#namespaces.get(namespace)?.labels;
    return labels !== undefined && requirements.every((asked) => satisfies(labels, asked));
  }

  #mayMatch(selector: LabelSelector, pod: LabelsOfPod): boolean {
    this.#comparisonsLeft -= 1 + selector.requirements.length;
    return selector.requirements.every((asked) => maySatisfy(pod, asked));
  }
}

/** Whether a requirement holds, or may hold once controllers and scheduler have set their labels (corner 23). */
function maySatisfy(pod: LabelsOfPod, requirement: Requirement): boolean {
  const undecided = pod.undecided.get(requirement.key);
  if (undecided === undefined) return satisfies(pod.labels, requirement);
  return undecided === 'maybe' || requirement.operator !== 'DoesNotExist';
}

function group(workloads: readonly Workload[]): ReadonlyMap<string, readonly Workload[]> {
  const groups = new Map<string, Workload[]>();
  for (const workload of workloads) {
    const members = groups.get(workload.namespace);
    if (members === undefined) groups.set(workload.namespace, [workload]);
    else members.push(workload);
  }
  return groups;
}

/** The entry of an object that is not modelled, with the workloads whose answer it makes uncertain. */
export function notModelled(object: RawObject, rule: NotModelledRule, subjects: Subjects): NotModelled {
  return {
    ref: object.ref,
    origin: object.origin,
    affects: affectedBy(object, rule, subjects) ?? 'all',
    effect: rule.effect,
  };
}

/** `undefined`: everyone, or it cannot be told. */
function affectedBy(
  object: RawObject,
  rule: NotModelledRule,
  subjects: Subjects,
): readonly string[] | undefined {
  const spec = isRecord(object.value.spec) ? object.value.spec : noFields;
  const namespace = object.ref.namespace ?? '';
  const select = (where: string | LabelSelector, written: unknown): readonly string[] | undefined => {
    const pods = readSelector(written);
    return pods === undefined ? undefined : subjects.select(where, pods);
  };
  switch (rule.subject) {
    case 'nobody':
      return noWorkloads;
    case 'everything':
      return undefined;
    case 'namespace':
      return subjects.select(namespace, everyPod);
    case 'podSelector':
      return select(namespace, spec.podSelector);
    case 'endpointSelector':
      // Labels of Cilium may carry a source (k8s:app) or name things that are no labels of pods.
      return hasCiliumKeys(spec) || spec.endpointSelector === undefined
        ? subjects.select(namespace, everyPod)
        : select(namespace, spec.endpointSelector);
    case 'clusterEndpointSelector':
      return hasCiliumKeys(spec) || spec.endpointSelector === undefined
        ? undefined
        : select(everyPod, spec.endpointSelector);
    case 'istioSelector':
      return selectOfMesh(
        subjects,
        namespace,
        isRecord(spec.selector) ? spec.selector.matchLabels : undefined,
      );
    case 'workloadSelector':
      return selectOfMesh(
        subjects,
        namespace,
        isRecord(spec.workloadSelector) ? spec.workloadSelector.labels : undefined,
      );
    case 'namespaceSelector': {
      const namespaces = readSelector(spec.namespaceSelector);
      return namespaces === undefined ? undefined : subjects.select(namespaces, everyPod);
    }
  }
}

function selectOfMesh(
  subjects: Subjects,
  namespace: string,
  matchLabels: unknown,
): readonly string[] | undefined {
  const pods = readSelector({ matchLabels });
  if (pods === undefined) return undefined;
  return subjects.select(namespace === istioRoot ? everyPod : namespace, pods);
}

function hasCiliumKeys(spec: Fields): boolean {
  const selector = isRecord(spec.endpointSelector) ? spec.endpointSelector : noFields;
  const keys = isRecord(selector.matchLabels) ? Object.keys(selector.matchLabels) : [];
  const expressions = Array.isArray(selector.matchExpressions)
    ? (selector.matchExpressions as readonly unknown[])
    : [];
  for (const expression of expressions) {
    if (isRecord(expression) && typeof expression.key === 'string') keys.push(expression.key);
  }
  return keys.some((key) => key.includes(':') || key.startsWith('io.'));
}
