import type { Entry } from '../entry/index.ts';
import type { NonEmpty, RouteTls, Secret } from '../model/index.ts';
import type { ProxySite } from './nginx.ts';
import type { LabCertificate } from './plan.ts';

/** The certificates of a lab, each with the files that it is in. */
export class Certificates {
  readonly #secrets: ReadonlyMap<string, Secret>;
  readonly #known = new Map<string, LabCertificate>();
  /** For hosts that have none: browsers do not trust it, and neither is a real controller's trusted. */
  readonly fallback: LabCertificate = { name: 'fallback', hosts: ['podwall.invalid'], pair: undefined };

  constructor(secrets: readonly Secret[]) {
    this.#secrets = new Map(secrets.map((secret) => [`${secret.namespace}/${secret.name}`, secret]));
  }

  /** A line for each that has to be made. */
  get made(): readonly string[] {
    return Array.from(this.#known).flatMap(([key, { pair, hosts }]) =>
      pair === undefined ? [`${key.includes(' ') ? 'no Secret' : key}: ${hosts.join(', ')}`] : [],
    );
  }

  /** The certificate of a Secret; without one, `undefined` for the name, for some hosts. */
  get(namespace: string, secretName: string | undefined, hosts: readonly string[]): LabCertificate {
    const [first, ...others] = hosts;
    const names: NonEmpty<string> = first === undefined ? this.fallback.hosts : [first, ...others];
    const key =
      secretName === undefined ? `${namespace} for ${hosts.join(' ')}` : `${namespace}/${secretName}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      const pair = secretName === undefined ? undefined : this.#secrets.get(key)?.tls;
      known = { name: `certificate_${this.#known.size}`, hosts: names, pair };
      this.#known.set(key, known);
    } else if (known.pair === undefined) {
      const [head, ...tail] = [...new Set([...known.hosts, ...names])];
      // The name of the files stays, so sites that have it already need not know.
      if (head !== undefined) this.#known.set(key, { ...known, hosts: [head, ...tail] });
    }
    return known;
  }

  /** The certificate that a Route itself has; the router's, which has to be made, if it has none. */
  ofRoute({ id }: Entry, { pair }: RouteTls, hosts: readonly string[]): LabCertificate {
    if (pair === undefined) return this.get(id, undefined, hosts);
    let known = this.#known.get(id);
    if (known === undefined) {
      const [first = 'podwall.invalid', ...others] = hosts;
      known = { name: `certificate_${this.#known.size}`, hosts: [first, ...others], pair };
      this.#known.set(id, known);
    }
    return known;
  }

  /** What some sites need, and what everybody does. */
  of(sites: readonly ProxySite[]): readonly LabCertificate[] {
    const names = new Set(sites.map(({ certificate }) => certificate));
    return [this.fallback, ...[...this.#known.values()].filter(({ name }) => names.has(name))];
  }
}
