import type {
  LabAddress,
  LabChanges,
  LabInterface,
  LabListener,
  LabRoute,
} from '../../src/topology/index.ts';

// A machine that does what changes say, and refuses what a kernel refuses.

interface Namespace {
  readonly interfaces: Map<
    string,
    { addresses: LabAddress[]; readonly peer: { namespace: string; name: string } }
  >;
  routes: LabRoute[];
  listeners: Set<string>;
  readonly forwards: boolean;
}

/** Network namespaces as they are after some changes. */
export class Machine {
  readonly namespaces = new Map<string, Namespace>();
  readonly services = new Map<string, string>();

  apply(changes: LabChanges): void {
    // Routes that went with their source may be named once more.
    const lost = new Set<string>();
    for (const name of changes.removeNamespaces) this.#remove(name);
    for (const { namespace, listeners } of changes.closeListeners) {
      for (const key of listeners.map(listenerKey)) {
        if (!this.#at(namespace).listeners.delete(key)) throw new Error(`${key} is not open in ${namespace}`);
      }
    }
    for (const { name, forwards } of changes.addNamespaces) {
      if (this.namespaces.has(name)) throw new Error(`${name} exists`);
      this.namespaces.set(name, { interfaces: new Map(), routes: [], listeners: new Set(), forwards });
    }
    for (const [node, text] of changes.services) this.services.set(node, text);
    for (const { namespace, name, addresses } of changes.removeAddresses) {
      const own = this.#interface(namespace, name);
      for (const { address } of addresses) {
        const at = own.addresses.findIndex((each) => each.address === address);
        if (at < 0) throw new Error(`${namespace} ${name} has no ${address}`);
        own.addresses.splice(at, 1);
        // A kernel takes the routes with it whose source it is.
        const source = address.split('/')[0];
        const from = this.#at(namespace);
        for (const route of from.routes)
          if (route.source === source) lost.add(`${namespace} ${targetKey(route)}`);
        from.routes = from.routes.filter((route) => route.source !== source);
      }
    }
    for (const { namespace, name, addresses } of changes.addAddresses) {
      for (const address of addresses) this.#addAddress(namespace, name, address);
    }
    for (const { ends } of changes.addLinks) {
      const [a, b] = ends;
      this.#addInterface(a, b);
      this.#addInterface(b, a);
    }
    for (const { namespace, routes } of changes.removeRoutes) {
      const own = this.#at(namespace);
      for (const key of routes.map(targetKey)) {
        const kept = own.routes.filter((route) => targetKey(route) !== key);
        if (kept.length === own.routes.length && !lost.has(`${namespace} ${key}`))
          throw new Error(`${namespace} has no route to ${key}`);
        own.routes = kept;
      }
    }
    for (const { namespace, routes } of changes.addRoutes) {
      const own = this.#at(namespace);
      for (const route of routes) {
        this.#interface(namespace, route.interface);
        const local = [...own.interfaces.values()].flatMap(({ addresses }) => addresses.map(plain));
        if (route.via !== undefined && route.family === 'IPv4' && local.includes(route.via))
          throw new Error(`${route.via} is an address of ${namespace} itself`);
        if (route.source !== undefined && !local.includes(route.source))
          throw new Error(`${route.source} is no address of ${namespace}`);
        own.routes = own.routes.filter((each) => targetKey(each) !== targetKey(route));
        own.routes.push(route);
      }
    }
    for (const { namespace, listeners } of changes.openListeners) {
      for (const key of listeners.map(listenerKey)) {
        if (this.#at(namespace).listeners.has(key)) throw new Error(`${key} is open in ${namespace}`);
        this.#at(namespace).listeners.add(key);
      }
    }
    for (const node of this.services.keys()) {
      if (!changes.state.plan.nodes.has(node)) this.services.delete(node);
    }
  }

  /** The namespaces that a packet passes; the last one is where it stays. */
  way(from: string, address: string): readonly string[] {
    const passed = [from];
    for (let at = from; ;) {
      const own = this.#at(at);
      if ([...own.interfaces.values()].some(({ addresses }) => addresses.map(plain).includes(address)))
        return passed;
      if (passed.length > 1 && !own.forwards) throw new Error(`${address} ends in ${at}`);
      const isV6 = address.includes(':');
      const route =
        own.routes.find(({ to }) => to.split('/')[0] === address) ??
        own.routes.find(({ to, family }) => to === 'default' && (family === 'IPv6') === isV6);
      if (route === undefined) throw new Error(`no route to ${address} in ${at}`);
      const { peer } = this.#interface(at, route.interface);
      const hop = route.via ?? address;
      if (!this.#interface(peer.namespace, peer.name).addresses.map(plain).includes(hop))
        throw new Error(`nobody answers for ${hop} at ${peer.namespace} ${peer.name}`);
      at = peer.namespace;
      passed.push(at);
      if (passed.length > 8) throw new Error(`${address} goes round`);
    }
  }

  /** All that it has, in one order. */
  text(): string {
    const lines = [...this.namespaces].flatMap(([name, { interfaces, routes, listeners, forwards }]) => [
      `${name} ${forwards ? 'forwards' : ''}`,
      ...[...interfaces].flatMap(([own, { addresses, peer }]) => [
        `${name} ${own} to ${peer.namespace} ${peer.name}`,
        ...addresses.map((address) => `${name} ${own} ${JSON.stringify(address)}`),
      ]),
      ...routes.map((route) => `${name} ${JSON.stringify(route)}`),
      ...[...listeners].map((listener) => `${name} ${listener}`),
    ]);
    for (const [node, text] of this.services) lines.push(`${node} ${text}`);
    return lines.sort().join('\n');
  }

  #remove(name: string): void {
    for (const { peer } of this.#at(name).interfaces.values()) {
      const other = this.namespaces.get(peer.namespace);
      if (other === undefined) continue;
      other.interfaces.delete(peer.name);
      other.routes = other.routes.filter((route) => route.interface !== peer.name);
    }
    this.namespaces.delete(name);
  }

  #addInterface({ namespace, name, addresses }: LabInterface, peer: LabInterface): void {
    const own = this.#at(namespace);
    if (own.interfaces.has(name)) throw new Error(`${namespace} has ${name}`);
    own.interfaces.set(name, { addresses: [], peer: { namespace: peer.namespace, name: peer.name } });
    for (const address of addresses) this.#addAddress(namespace, name, address);
  }

  #addAddress(namespace: string, name: string, address: LabAddress): void {
    const own = this.#interface(namespace, name);
    if (own.addresses.some((each) => each.address === address.address))
      throw new Error(`${namespace} ${name} has ${address.address}`);
    own.addresses.push(address);
  }

  #at(name: string): Namespace {
    const found = this.namespaces.get(name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  #interface(
    namespace: string,
    name: string,
  ): { addresses: LabAddress[]; readonly peer: { namespace: string; name: string } } {
    const found = this.#at(namespace).interfaces.get(name);
    if (found === undefined) throw new Error(`${namespace} has no ${name}`);
    return found;
  }
}

function plain({ address }: LabAddress): string {
  return address.split('/')[0]!;
}

function targetKey({ family, to }: LabRoute): string {
  return `${family} ${to}`;
}

function listenerKey({ protocol, port }: LabListener): string {
  return `${protocol} ${port}`;
}
