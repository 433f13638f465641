import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { KubernetesObject } from './generate.ts';

/**
 * How a dump is written.
 *
 * `compact`: one object on each line, with what the generator made and nothing else. `kubectl`: indented by four spaces,
 * each object with all that a server returns of it, as `kubectl get pods,ns,nodes,netpol -A -o json` prints them.
 */
export type DumpForm = 'compact' | 'kubectl';

/**
 * Writes a List object by object: 150,000 pods are beyond one string.
 *
 * In both forms an object of the list ends where a line begins with `separators[form]`, and nowhere else.
 *
 * @returns the number of bytes written
 */
export async function writeDump(
  objects: Iterable<KubernetesObject>,
  path: string,
  form: DumpForm = 'compact',
): Promise<number> {
  const out = createWriteStream(path);
  let pending = '';
  const write = async (text: string): Promise<void> => {
    pending += text;
    if (pending.length < 1 << 20) return;
    const full = !out.write(pending);
    pending = '';
    if (full) await once(out, 'drain');
  };
  const indented = form === 'kubectl';
  await write(indented ? '{\n    "apiVersion": "v1",\n    "items": [\n' : '{"apiVersion":"v1","items":[\n');
  let separator = '';
  for (const object of objects) {
    const text = indented
      ? JSON.stringify(asServed(object), undefined, 4).replaceAll(/^/gm, '        ')
      : JSON.stringify(object);
    await write(separator + text);
    separator = ',\n';
  }
  await write(
    indented
      ? '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n'
      : '\n],"kind":"List","metadata":{"resourceVersion":""}}\n',
  );
  out.end(pending);
  await once(out, 'finish');
  return out.bytesWritten;
}

/** What the first line after an object of the list begins with; see `writeDump`. */
export const separators: Readonly<Record<DumpForm, string>> = { compact: '{', kubectl: '        {' };

// What a server returns --------------------------------------------------------------------------------------------

type Json = Readonly<Record<string, unknown>>;

const as = (value: unknown): Json => value as Json; // of our own generator's objects, whose shapes are known
const listOf = (value: unknown): readonly Json[] => value as readonly Json[];

/** The object with the fields that admission, the scheduler, the kubelet and controllers add; keys in their order. */
export function asServed(object: KubernetesObject): KubernetesObject {
  switch (object['kind']) {
    case 'Pod':
      return podAsServed(object);
    case 'Node':
      return nodeAsServed(object);
    case 'NetworkPolicy':
      return policyAsServed(object);
    default:
      return object;
  }
}

function podAsServed(pod: Json): KubernetesObject {
  const metadata = as(pod['metadata']);
  const spec = as(pod['spec']);
  const status = as(pod['status']);
  const hash = String(metadata['uid']).replaceAll('-', '');
  const since = '2026-04-11T21:40:41Z';
  const volume = `kube-api-access-${hash.slice(0, 5)}`;
  const mounts = [
    { mountPath: '/etc/config', name: 'config', readOnly: true },
    { mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', name: volume, readOnly: true },
  ];
  const containers = listOf(spec['containers']).map((container) => {
    return {
      args: ['--config=/etc/config/config.yaml', '--log-level=info'],
      env: [
        {
          name: 'POD_NAME',
          valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } },
        },
        {
          name: 'OPTIONS',
          value: '{"retries": 3, "pattern": "^[a-z]+\\\\.[a-z]{2,}$", "note": "größer \\u003e 0"}',
        },
      ],
      image: container['image'],
      imagePullPolicy: 'IfNotPresent',
      name: container['name'],
      ports: container['ports'],
      resources: {
        requests: { cpu: '100m', memory: '128Mi' },
      },
      securityContext: {
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
      },
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      volumeMounts: mounts,
    };
  });
  return {
    ...pod,
    metadata: {
      annotations: {
        'checksum/config': (hash + hash).slice(0, 64),
        'prometheus.io/scrape': 'true',
      },
      ...metadata,
    },
    spec: {
      automountServiceAccountToken: true,
      containers,
      dnsPolicy: spec['dnsPolicy'],
      enableServiceLinks: true,
      ...(spec['hostNetwork'] === true ? { hostNetwork: true } : {}),
      nodeName: spec['nodeName'],
      preemptionPolicy: 'PreemptLowerPriority',
      priority: 0,
      restartPolicy: spec['restartPolicy'],
      schedulerName: 'default-scheduler',
      securityContext: { fsGroup: 1000, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      serviceAccount: spec['serviceAccountName'],
      serviceAccountName: spec['serviceAccountName'],
      terminationGracePeriodSeconds: 30,
      tolerations: ['not-ready', 'unreachable'].map((key) => ({
        effect: 'NoExecute',
        key: `node.kubernetes.io/${key}`,
        operator: 'Exists',
        tolerationSeconds: 300,
      })),
      volumes: [
        { configMap: { defaultMode: 420, name: 'config' }, name: 'config' },
        {
          name: volume,
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
            ],
          },
        },
      ],
    },
    status: {
      conditions: [
        'PodReadyToStartContainers',
        'Initialized',
        'Ready',
        'ContainersReady',
        'PodScheduled',
      ].map((type) => ({ lastProbeTime: null, lastTransitionTime: since, status: 'True', type })),
      containerStatuses: containers.map(({ image, name }) => ({
        containerID: `containerd://${hash}${hash}`,
        image,
        imageID: `${String(image).replace(/:.*/, '')}@sha256:${hash}${hash}`,
        name,
        ready: true,
        restartCount: 0,
        state: { running: { startedAt: since } },
      })),
      hostIP: status['hostIP'],
      phase: status['phase'],
      podIP: status['podIP'],
      podIPs: status['podIPs'],
      qosClass: 'Burstable',
      startTime: status['startTime'],
    },
  };
}

function nodeAsServed(node: Json): KubernetesObject {
  const status = as(node['status']);
  const since = '2026-03-02T08:14:07Z';
  return {
    ...node,
    status: {
      addresses: status['addresses'],
      allocatable: { cpu: '7910m', 'ephemeral-storage': '95551679124', memory: '31245Mi', pods: '110' },
      capacity: { cpu: '8', 'ephemeral-storage': '104845292Ki', memory: '32345Mi', pods: '110' },
      conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
        lastHeartbeatTime: since,
        lastTransitionTime: since,
        message: `kubelet has ${type === 'Ready' ? 'posted ready status' : 'sufficient resources'}`,
        reason: 'KubeletReported',
        status: type === 'Ready' ? 'True' : 'False',
        type,
      })),
      images: Array.from({ length: 10 }, (_, i) => ({
        names: [`registry.example/library/image-${i}@sha256:${String(i).padStart(64, '0')}`],
        sizeBytes: 10_000_000 + i,
      })),
      nodeInfo: { architecture: 'amd64', kubeletVersion: 'v1.36.0', operatingSystem: 'linux' },
    },
  };
}

/** As `kubectl apply` leaves it: with its own text in an annotation, quotes escaped. */
function policyAsServed(policy: Json): KubernetesObject {
  const { name, namespace } = as(policy['metadata']);
  const applied = { ...policy, metadata: { annotations: {}, name, namespace } };
  return {
    ...policy,
    metadata: {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(applied)}\n` },
      ...as(policy['metadata']),
    },
  };
}
