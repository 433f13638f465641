import type { Ip } from './addresses.ts';

export type ReferenceFamily = 'IPv4' | 'IPv6';

/** `other` stands for ICMP and every further protocol that a NetworkPolicy cannot name; its port is of no meaning. */
export type ReferenceProtocol = 'TCP' | 'UDP' | 'SCTP' | 'other';

export interface ContainerPort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

/** `host` is a node, or in `upstream` a host-network pod: no policy selects it and no selector matches it (corner 44). */
export interface End {
  readonly kind: 'pod' | 'host' | 'outside';
  readonly id: string;
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly ports: readonly ContainerPort[];
  readonly addresses: readonly Ip[];
  /** The node it is or runs on; `undefined`: one of its own. */
  readonly node: string | undefined;
  /** A pod on the host's network, where the profile takes it for its node (corner 44). */
  readonly hostNetwork: boolean;
}

/** The family of an address. */
export function familyOf(ip: Ip): ReferenceFamily {
  return ip.bits === 32 ? 'IPv4' : 'IPv6';
}
