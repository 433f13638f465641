import { parseAddress } from '../../net/index.ts';
import { describe } from '../objects/index.ts';
import { isDnsSubdomain } from '../validate/index.ts';
import type { Field } from './field.ts';

/**
 * The host of a field: a DNS name, or `*.` and one. `undefined` where it is absent or empty, which means every host.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/ingress/#hostname-wildcards
 */
export function hostOf(field: Field): string | undefined {
  const host = field.text();
  if (host === undefined) return undefined;
  const name = host.startsWith('*.') ? host.slice(2) : host;
  if (parseAddress(host) !== undefined) {
    field.refuse('host-invalid', `The host is ${describe(host)}, and an IP address is no host`, {
      value: host,
      hint: 'write a DNS name, or leave the host out for all of them',
    });
  } else if (!isDnsSubdomain(name)) {
    const isPort = /:\d+$/.test(host);
    const isScheme = host.includes('://');
    field.refuse('host-invalid', `The host is ${describe(host)}, which is no DNS name`, {
      value: host,
      hint: isScheme
        ? 'write the host alone, without https:// before it and without a path'
        : isPort
          ? 'write the host without its port'
          : host.includes('*')
            ? 'a wildcard is the whole first label: *.example.com'
            : 'write lower-case letters, digits, dashes and dots',
    });
  }
  return host;
}
