import { nextGeneration, planTransaction, renderText } from '../nft/index.ts';
import type { Generation, Transaction } from '../nft/index.ts';
import type {
  LabAddress,
  LabChanges,
  LabDamage,
  LabInterface,
  LabLink,
  LabListener,
  LabNamespace,
  LabNamespaceListeners,
  LabNamespaceRoutes,
  LabNode,
  LabPlan,
  LabProxy,
  LabRoute,
  LabState,
} from './plan.ts';

/**
 * What to do for another plan to run than the one that does: everything, where nothing runs.
 *
 * A pod that is on another node now, or has other addresses, is another one: its namespace goes and comes. Everybody else
 * keeps theirs, with the connections in it; rules change in place.
 *
 * @param after - planned with `before.plan` as `previous`, for pods that stay to keep their addresses
 * @param damage - in what the machine is not as `before` says: that is put right on the way
 */
export function planChanges(
  before: LabState | undefined,
  after: LabPlan,
  damage: LabDamage = noDamage,
): LabChanges {
  const old = new Network(before?.plan);
  const next = new Network(after);
  const isNew = (name: string): boolean => {
    const was = old.namespaces.get(name);
    if (damage.namespaces.has(name)) return true;
    return was === undefined || old.identityOf(was) !== next.identityOf(next.namespaces.get(name)!);
  };
  const removed = new Set(
    [...old.namespaces.keys()].filter((name) => !next.namespaces.has(name) || isNew(name)),
  );
  const added = new Set(after.namespaces.flatMap(({ name }) => (isNew(name) ? [name] : [])));
  const isGone = ({ ends }: LabLink): boolean => ends.some(({ namespace }) => removed.has(namespace));
  const addLinks = after.links.filter(({ ends }) => ends.some(({ namespace }) => added.has(namespace)));
  const goneInterfaces = new Set(
    (before?.plan.links ?? []).filter(isGone).flatMap(({ ends }) => ends.map(interfaceKey)),
  );
  const newInterfaces = new Set(addLinks.flatMap(({ ends }) => ends.map(interfaceKey)));
  const staying = [...next.interfaces].flatMap(([key, now]): [LabInterface, LabInterface][] => {
    const was = old.interfaces.get(key);
    return was === undefined || newInterfaces.has(key) ? [] : [[was, now]];
  });
  const changes = nodeChanges(before, after, added, damage);
  return {
    removeNamespaces: [...removed],
    removeLinks: (before?.plan.links ?? [])
      .filter(isGone)
      .flatMap(({ ends }) =>
        ends.filter((end) => !removed.has(end.namespace) && newInterfaces.has(interfaceKey(end))),
      ),
    closeListeners: listenersBeyond(old, next, removed),
    addNamespaces: after.namespaces.filter(({ name }) => added.has(name)),
    ...changes,
    removeAddresses: staying.flatMap(([was, now]) => addressesBeyond(was, now)),
    addAddresses: staying.flatMap(([was, now]) => addressesBeyond(now, was)),
    addLinks,
    removeRoutes: after.namespaces.flatMap((namespace) => {
      const was = added.has(namespace.name) ? undefined : old.namespaces.get(namespace.name);
      const kept = new Set(namespace.routes.map(targetKey));
      return routesOf(
        namespace,
        (was?.routes ?? []).filter(
          (route) =>
            !kept.has(targetKey(route)) &&
            !goneInterfaces.has(interfaceKey({ namespace: namespace.name, name: route.interface })),
        ),
      );
    }),
    addRoutes: after.namespaces.flatMap((namespace) => {
      const was = added.has(namespace.name) ? undefined : old.namespaces.get(namespace.name);
      const known = new Set((was?.routes ?? []).map(routeKey));
      return routesOf(
        namespace,
        namespace.routes.filter(
          (route) =>
            !known.has(routeKey(route)) ||
            newInterfaces.has(interfaceKey({ namespace: namespace.name, name: route.interface })),
        ),
      );
    }),
    openListeners: listenersBeyond(next, old, added, true),
    ...proxyChanges(before?.plan.proxies ?? [], after.proxies, removed),
  };
}

const noDamage: LabDamage = { namespaces: new Set(), tables: new Map() };

/** The namespaces and interfaces of a plan, by name. */
class Network {
  readonly namespaces: ReadonlyMap<string, LabNamespace>;
  readonly interfaces: ReadonlyMap<string, LabInterface>;
  /** Of pods, by the namespace of the pod. */
  readonly #links: ReadonlyMap<string, LabLink>;

  constructor(plan: LabPlan | undefined) {
    const links = plan?.links ?? [];
    this.namespaces = new Map(plan?.namespaces.map((namespace) => [namespace.name, namespace]));
    this.interfaces = new Map(
      links.flatMap(({ ends }) => ends.map((end) => [interfaceKey(end), end] as const)),
    );
    this.#links = new Map(links.map((link) => [link.ends[0].namespace, link]));
  }

  /** What a namespace cannot change and still be the same. */
  identityOf({ name, kind }: LabNamespace): string {
    const link = this.#links.get(name);
    if (link === undefined) return kind;
    const [near, far] = link.ends;
    // Nodes and the outside gain and lose addresses.
    return JSON.stringify([kind, near.name, far.namespace, far.name, kind === 'pod' ? [near, far] : []]);
  }
}

function nodeChanges(
  before: LabState | undefined,
  after: LabPlan,
  added: ReadonlySet<string>,
  damage: LabDamage,
): Pick<LabChanges, 'transactions' | 'services' | 'repairs' | 'state'> {
  const transactions = new Map<string, Transaction>();
  const services = new Map<string, string>();
  const repairs = new Map<string, string>();
  const generations = new Map<string, Generation>();
  for (const [name, node] of after.nodes) {
    const was = added.has(node.namespace) ? undefined : before?.plan.nodes.get(name);
    const generation = before?.generations.get(name);
    const transaction = planTransaction(
      was === undefined || generation === undefined ? undefined : { ruleset: was.ruleset, generation },
      node.ruleset,
    );
    const unknown = damage.tables.get(name);
    if (was !== undefined && generation !== undefined && unknown !== undefined) {
      // Flows may have been approved by what was no policy.
      const next = nextGeneration(node.ruleset.markMask, generation);
      repairs.set(name, repairText(node, next, unknown));
      generations.set(name, next);
      continue;
    }
    if (transaction.batches.length > 0) transactions.set(name, transaction);
    generations.set(name, transaction.installed.generation);
    if (was?.services !== node.services) services.set(name, node.services);
  }
  return { transactions, services, repairs, state: { plan: after, generations } };
}

/** All tables of a node made anew, in one transaction: no packet finds less than one whole table. */
function repairText(
  { ruleset, services }: LabNode,
  generation: Generation,
  unknown: readonly string[],
): string {
  // What is added first can be deleted whether it was there or not.
  const without = [...unknown, `inet ${ruleset.table}`].map(
    (table) => `add table ${table}\ndelete table ${table}\n`,
  );
  return [...without, ...renderText(ruleset, generation), services].join('');
}

function proxyChanges(
  before: readonly LabProxy[],
  after: readonly LabProxy[],
  removed: ReadonlySet<string>,
): Pick<LabChanges, 'stopProxies' | 'startProxies'> {
  const was = new Map(
    before.flatMap((each) => (removed.has(each.namespace) ? [] : [[each.namespace, each]])),
  );
  const stays = new Set(after.map(({ namespace }) => namespace));
  return {
    stopProxies: [...was.keys()].filter((namespace) => !stays.has(namespace)),
    startProxies: after.filter((proxy) => {
      const old = was.get(proxy.namespace);
      return old === undefined || !sameProxy(old, proxy);
    }),
  };
}

function sameProxy(a: LabProxy, b: LabProxy): boolean {
  return (
    a.config === b.config &&
    a.certificates.length === b.certificates.length &&
    a.certificates.every((certificate, i) => {
      const other = b.certificates[i]!;
      return (
        certificate.name === other.name &&
        certificate.hosts.join() === other.hosts.join() &&
        certificate.pair?.certificate.reveal() === other.pair?.certificate.reveal() &&
        certificate.pair?.key.reveal() === other.pair?.key.reveal()
      );
    })
  );
}

/** What the namespaces of `one` listen on and those of `other` do not, by name. */
function listenersBeyond(
  one: Network,
  other: Network,
  whole: ReadonlySet<string>,
  takesWhole = false,
): readonly LabNamespaceListeners[] {
  return [...one.namespaces.values()].flatMap(({ name, listeners }) => {
    // Those of a namespace that goes, go with it; those of one that comes, all come.
    if (whole.has(name)) return takesWhole && listeners.length > 0 ? [{ namespace: name, listeners }] : [];
    const known = new Set((other.namespaces.get(name)?.listeners ?? []).map(listenerKey));
    const own = listeners.filter((listener) => !known.has(listenerKey(listener)));
    return own.length === 0 ? [] : [{ namespace: name, listeners: own }];
  });
}

function addressesBeyond(one: LabInterface, other: LabInterface): readonly LabInterface[] {
  const known = new Set(other.addresses.map(addressKey));
  const addresses = one.addresses.filter((address) => !known.has(addressKey(address)));
  return addresses.length === 0 ? [] : [{ ...one, addresses }];
}

function routesOf({ name }: LabNamespace, routes: readonly LabRoute[]): readonly LabNamespaceRoutes[] {
  return routes.length === 0 ? [] : [{ namespace: name, routes }];
}

function interfaceKey({ namespace, name }: Pick<LabInterface, 'namespace' | 'name'>): string {
  return `${namespace} ${name}`;
}

function addressKey({ address, scope }: LabAddress): string {
  return `${address} ${scope}`;
}

function listenerKey({ protocol, port }: LabListener): string {
  return `${protocol} ${port}`;
}

function targetKey({ family, to }: LabRoute): string {
  return `${family} ${to}`;
}

function routeKey(route: LabRoute): string {
  return `${targetKey(route)} ${route.via ?? ''} ${route.interface} ${route.source ?? ''}`;
}
