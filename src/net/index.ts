export { bitsOf, families, formatAddress, lastOf, parseAddress, parseRange } from './address.ts';
export type { Address, AddressLeniency, AddressRange, Family } from './address.ts';
export {
  cidrOf,
  cidrOfRange,
  contains,
  formatCidr,
  joined,
  parseCidr,
  subtract,
  wholeFamily,
} from './cidr.ts';
export type { Cidr, CidrIrregularity, ParsedCidr } from './cidr.ts';
export { PortSet, protocols } from './ports.ts';
export type { PortRange, Protocol } from './ports.ts';
