import { formatAddress } from '../net/index.ts';
import type { LabPlan, LabService } from './plan.ts';
import { familiesOf } from './services.ts';

/**
 * The text of `/etc/netns/NAMESPACE/hosts`: who a process in a network namespace of the lab is itself, and the names of
 * Services as the cluster's DNS gives them: `db` inside its own namespace, `db.shop`, `db.shop.svc` and
 * `db.shop.svc.cluster.local` everywhere. A headless Service is its pods, each by its own name too where a StatefulSet has named it. The
 * outside knows no names of the cluster, and everybody those of the hosts that Ingresses and Gateways serve.
 *
 * @param namespace - the name of one of the plan's namespaces
 * @see https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
 */
export function hostsText(plan: LabPlan, namespace: string): string {
  const lines = ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback'];
  const pods = plan.ends.flatMap((end) =>
    end.kind === 'pod' && end.namespace === namespace ? [end.pod] : [],
  );
  for (const pod of pods) {
    for (const address of pod.addresses) lines.push(`${formatAddress(address)} ${pod.name}`);
  }
  const kind = plan.namespaces.find(({ name }) => name === namespace)?.kind;
  if (kind === 'pod' || kind === 'node') {
    // The pods of a node's network may be of several namespaces; a short name would have several meanings.
    const own = kind === 'pod' ? pods[0]?.namespace : undefined;
    for (const service of plan.services) lines.push(...serviceLines(service, own));
  }
  // Names of the world's DNS, which the owner of a host writes there.
  const told = new Set<string>();
  for (const { hosts, addresses } of plan.proxies) {
    for (const address of addresses) {
      const names = hosts.filter((host) => !told.has(`${host} ${address.family}`));
      for (const host of names) told.add(`${host} ${address.family}`);
      if (names.length > 0) lines.push(`${formatAddress(address)} ${names.join(' ')}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** A headless Service has a name for each pod of a StatefulSet too: `db-0.db.shop`. */
function serviceLines({ service, pods }: LabService, own: string | undefined): readonly string[] {
  const { namespace, name, headless, clusterIPs } = service;
  const namesOf = (label: string): string => {
    const full = `${label}.${namespace}`;
    const names = [full, `${full}.svc`, `${full}.svc.cluster.local`];
    return (namespace === own ? [label, ...names] : names).join(' ');
  };
  if (!headless) return clusterIPs.map((address) => `${formatAddress(address)} ${namesOf(name)}`);
  const served = familiesOf(service);
  return pods.flatMap((pod) => {
    const ofSet = pod.workload.startsWith(`${pod.namespace}/StatefulSet/`)
      ? ` ${namesOf(`${pod.name}.${name}`)}`
      : '';
    const addresses = pod.addresses.filter(({ family }) => served.includes(family));
    return addresses.map((address) => `${formatAddress(address)} ${namesOf(name)}${ofSet}`);
  });
}
