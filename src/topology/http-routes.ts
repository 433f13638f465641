import type { Entry, EntryWay, GatewayAttachment } from '../entry/index.ts';
import type { RouteFilter, RouteMatch, RouteRule } from '../model/index.ts';
import { isPlainCondition, isPlainHost, isPlainPath } from './nginx.ts';
import type { ProxyAction, ProxyCondition, ProxyEndpoint, ProxyLocation } from './nginx.ts';

const everything: RouteMatch = {
  path: { type: 'PathPrefix', value: '/' },
  method: undefined,
  headers: [],
  queryParams: [],
};

/**
 * Reads what an HTTPRoute asks for at one listener.
 *
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
 */
export class RouteReader {
  readonly #attachment: GatewayAttachment;
  readonly #ways: readonly EntryWay[];
  readonly #leftOut: string[];
  readonly #what: string;

  /**
   * @param entry - the Gateway, with where each backend leads
   * @param leftOut - gets a line for each thing that nginx cannot do here
   */
  constructor(attachment: GatewayAttachment, entry: Entry, leftOut: string[], what: string) {
    const { listener, route } = attachment;
    this.#attachment = attachment;
    this.#ways = entry.ways.filter(
      (way) =>
        way.listener === listener.name && way.route === `${route.kind} ${route.namespace}/${route.name}`,
    );
    this.#leftOut = leftOut;
    this.#what = what;
  }

  locations(): readonly ProxyLocation[] {
    return this.#attachment.route.rules.flatMap((rule, i) => {
      const action = this.#actionOf(rule, i);
      return (rule.matches.length === 0 ? [everything] : rule.matches).flatMap((match) =>
        this.#locationOf(match, action),
      );
    });
  }

  #locationOf(
    { path, method, headers, queryParams }: RouteMatch,
    action: ProxyAction,
  ): readonly ProxyLocation[] {
    const conditions: ProxyCondition[] = [
      ...(method === undefined ? [] : [{ kind: 'method', name: '', value: method } as const]),
      ...headers.map(({ name, value }): ProxyCondition => ({ kind: 'header', name, value })),
      ...queryParams.map(({ name, value }): ProxyCondition => ({ kind: 'parameter', name, value })),
    ];
    const isPlain =
      [...headers, ...queryParams].every(({ type }) => type === 'Exact') &&
      (path.type === 'Exact' || path.type === 'PathPrefix') &&
      isPlainPath(path.value) &&
      conditions.every(isPlainCondition);
    if (!isPlain) {
      this.#leftOut.push(
        `${this.#what}: nginx has no word for a match of ${path.type} ${JSON.stringify(path.value)}`,
      );
      return [];
    }
    return [
      {
        match: path.type === 'Exact' ? 'exact' : 'elements',
        path: path.value,
        ...(conditions.length === 0 ? {} : { conditions }),
        action,
      },
    ];
  }

  #actionOf(rule: RouteRule, at: number): ProxyAction {
    for (const filter of rule.filters) {
      if (filter.kind === 'redirect') return this.#redirect(filter);
      this.#leftOut.push(`${this.#what}: a filter ${filter.kind === 'other' ? filter.type : filter.kind}`);
    }
    const total = rule.backends.reduce((sum, { weight }) => sum + weight, 0);
    const about = `${this.#what}, rule ${at + 1}`;
    // Nobody gets a share, or nobody is named: the specification asks for an error of the server.
    if (total === 0) return { kind: 'status', status: 500, about: `${about} has no backend` };
    const shares = rule.backends.flatMap(({ weight }, j) => {
      const targets = this.#ways
        .filter(({ at: [, , ruleAt, list, own] }) => ruleAt === at && list === 'backendRefs' && own === j)
        .flatMap((way) => way.targets)
        .flatMap(({ pod, port }) => pod.addresses.map((address) => ({ address, port })));
      return targets.length === 0 || weight === 0 ? [] : [{ weight, targets }];
    });
    if (shares.length === 0) return { kind: 'status', status: 503, about: `${about} has no endpoint` };
    return { kind: 'pass', endpoints: weighted(shares), about };
  }

  #redirect(filter: RouteFilter & { readonly kind: 'redirect' }): ProxyAction {
    const { scheme, hostname, port, statusCode, path } = filter;
    const { listener } = this.#attachment;
    const isPlain =
      (scheme === undefined || /^https?$/.test(scheme)) &&
      (hostname === undefined || isPlainHost(hostname)) &&
      (path === undefined ||
        (path.type === 'ReplaceFullPath' && isPlainPath(path.value) && !/["\\$]/.test(path.value)));
    if (!isPlain) {
      this.#leftOut.push(`${this.#what}: a redirect that nginx has no word for`);
      return { kind: 'status', status: 500, about: `${this.#what} has a redirect that is not understood` };
    }
    // Without a port: that of the scheme if one is named, else the listener's.
    const own = port ?? (scheme === undefined ? listener.port : undefined);
    const usual = (scheme ?? listener.protocol.toLowerCase()) === 'https' ? 443 : 80;
    return {
      kind: 'redirect',
      status: statusCode,
      scheme,
      host: hostname,
      port: own === usual ? undefined : own,
      path: path?.value,
    };
  }
}

/** What one backend gets, and where that goes. */
interface Share {
  readonly weight: number;
  readonly targets: readonly Pick<ProxyEndpoint, 'address' | 'port'>[];
}

/** A backend's share is divided among its endpoints; nginx takes whole numbers. */
export function weighted(shares: readonly Share[]): readonly ProxyEndpoint[] {
  const exact = shares.map(({ weight, targets }) => weight / targets.length);
  const least = Math.min(...exact);
  // Within a tenth of the smallest share, which has ten parts unless all are the same.
  const scale = exact.every((share) => share === least) ? 1 / least : 10 / least;
  return shares.flatMap(({ targets }, i) =>
    targets.map((target) => ({ ...target, weight: Math.min(65_535, Math.round(exact[i]! * scale)) })),
  );
}
