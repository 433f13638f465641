import { cidrOfRange, formatAddress, formatCidr, parseAddress, parseCidr } from '../net/index.ts';
import type { Address, AddressRange, ParsedCidr } from '../net/index.ts';
import { serviceEnd } from './ends-known.ts';
import type { Known } from './ends-known.ts';
import { listOf, quote } from './ends-problem.ts';
import type { EndProblem } from './ends-problem.ts';
import type { End } from './types.ts';

interface Block {
  readonly range: AddressRange;
  /** One address, written without prefix. */
  readonly bare: boolean;
  /** What was read otherwise than written. */
  readonly note: string | undefined;
}

/** The address that was written is one of many in its block, and 010 is 8 to some: an answer has to say what was asked. */
function noteOf(text: string, { cidr, irregularities }: ParsedCidr): string | undefined {
  const asked = `asked is ${formatCidr(cidr)}`;
  if (irregularities.includes('host-bits')) return `${text} has bits set after its length: ${asked}`;
  if (irregularities.includes('leading-zeros') || irregularities.includes('prefix-leading-zeros')) {
    return `${text} has leading zeros, read as decimal: ${asked}`;
  }
  if (irregularities.includes('ipv4-mapped')) return `${text} is IPv4 in the spelling of IPv6: ${asked}`;
  return undefined;
}

/** Addresses as people write them: one, a CIDR or a range; `undefined` for anything else. */
export function parseBlock(text: string): Block | undefined {
  const body = text.replace(/\+[0-9]+$/, '');
  if (body.length > 110) return undefined;
  const parsed = parseCidr(body);
  if (parsed !== undefined) {
    const { cidr } = parsed;
    return {
      range: { family: cidr.family, first: cidr.first, last: cidr.last },
      bare: false,
      note: noteOf(body, parsed),
    };
  }
  const dash = body.indexOf('-');
  const first = parseAddress(dash < 0 ? body : body.slice(0, dash));
  const last = dash < 0 ? first : parseAddress(body.slice(dash + 1));
  if (first === undefined || last === undefined || first.family !== last.family || first.value > last.value) {
    return undefined;
  }
  return {
    range: { family: first.family, first: first.value, last: last.value },
    bare: dash < 0,
    note: undefined,
  };
}

/** Who has these addresses: see `resolveEnd`. */
export function resolveBlock(known: Known, text: string, { range, bare, note }: Block): End | EndProblem {
  if (range.first === range.last) {
    const { family } = range;
    const address: Address = { family, value: range.first };
    const has = ({ addresses }: { readonly addresses: readonly Address[] }): boolean =>
      addresses.some((own) => own.family === family && own.value === address.value);
    const owners = known.pods.filter(has);
    const pods = owners.filter((pod) => !pod.hostNetwork);
    const [pod] = pods;
    if (pod !== undefined && pods.length === 1)
      return { kind: 'pods', name: `${pod.namespace}/${pod.name}`, family, pods };
    if (pods.length > 1) {
      const choices = pods.map(({ namespace, name }) => `${namespace}/Pod/${name}`);
      return {
        kind: 'problem',
        reason: 'ambiguous',
        message: `${quote(text)} is the address of ${listOf(choices)}`,
        choices,
        hint: 'write the one that is meant',
      };
    }
    const node = [...known.cluster.nodes.values()].find(has);
    if (node !== undefined) return { kind: 'nodes', name: `node/${node.name}`, family, nodes: [node] };
    // The address of host-network pods whose Node is not in the input, or is there without addresses.
    if (owners.length > 0) return { kind: 'pods', name: formatAddress(address), family, pods: owners };
    // A cluster IP is rewritten to an endpoint's address before policies see it (corner 35). As a CIDR it is what an
    // ipBlock writes, and an id of a map: that stays an address.
    const service = bare
      ? known.cluster.services.find(({ clusterIPs }) => has({ addresses: clusterIPs }))
      : undefined;
    if (service !== undefined) {
      const end = serviceEnd(known, service);
      return end.kind === 'problem' ? end : { ...end, family };
    }
    if (bare) return { kind: 'outside', name: formatAddress(address), ranges: [range] };
  }
  const cidr = cidrOfRange(range);
  const ends = [range.first, range.last].map((value) => formatAddress({ family: range.family, value }));
  return {
    kind: 'outside',
    name: cidr === undefined ? ends.join('-') : formatCidr(cidr),
    ...(note === undefined ? {} : { note }),
    ranges: [range],
  };
}
