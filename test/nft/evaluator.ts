import { isObject, text } from './table.ts';
import type { KernelTable } from './table.ts';

// Sends packets through a table: an interpreter of the rules, sets and maps that are there, and of nothing else. What it does
// not know is an error, so a rule cannot be overlooked.

/** What conntrack knows of a connection. NAT is done: `reply` names the backend. */
export interface Flow {
  /** Who opened it. */
  readonly client: string;
  readonly backend: string;
  /** Whom the client asked for, where that was not the backend: the address of a Service. */
  readonly asked?: string;
  /** The backend's port; `undefined` for protocols without. */
  readonly port: number | undefined;
  mark: number;
  readonly labels: Set<number>;
}

/** One packet at a hook. */
export interface Packet {
  readonly hook: 'forward' | 'output' | 'input';
  readonly saddr: string;
  readonly daddr: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'icmp' | 'icmpv6';
  readonly state: 'new' | 'established' | 'related' | 'invalid' | 'untracked';
  readonly direction: 'original' | 'reply';
  /** `undefined` when it is invalid or untracked. */
  readonly flow: Flow | undefined;
  readonly tcpFlags?: readonly string[];
  readonly icmpv6Type?: number;
  /** Whether the source is an address of the machine. */
  readonly localSource?: boolean;
}

/** What became of a packet. */
export interface Fate {
  readonly verdict: 'accept' | 'drop' | 'reset';
  /** The chains that it passed, in order. */
  readonly path: readonly string[];
  /** The dynamic sets in which it was noted. */
  readonly records: readonly string[];
  /** How many rules were looked at. */
  readonly rules: number;
}

type Verdict = { readonly kind: string; readonly target: string };

/** Sends a packet through the base chains of its hook. A flow that is approved is marked, as the kernel marks it. */
export function send(table: KernelTable, packet: Packet): Fate {
  const records: string[] = [];
  const path: string[] = [];
  let rules = 0;
  const walk = (name: string, depth: number): 'accept' | 'drop' | 'reset' | 'return' => {
    if (depth > 16) throw new Error('too many jumps for a kernel');
    const chain = table.chains.get(name);
    if (chain === undefined) throw new Error(`no chain ${name}`);
    path.push(name);
    for (const rule of chain.rules) {
      rules++;
      const verdict = run(table, listOf(rule['expr']), packet, records);
      switch (verdict?.kind) {
        case undefined:
          continue;
        case 'accept':
        case 'drop':
        case 'reset':
        case 'return':
          return verdict.kind;
        case 'goto':
          return walk(verdict.target, depth + 1);
        case 'jump': {
          const inner = walk(verdict.target, depth + 1);
          if (inner !== 'return') return inner;
          break;
        }
        default:
          throw new Error(`verdict ${verdict?.kind}`);
      }
    }
    return 'return';
  };
  for (const [name, { hook }] of table.chains) {
    if (hook !== packet.hook) continue;
    const verdict = walk(name, 0);
    // The policy of a base chain is accept.
    return { verdict: verdict === 'return' ? 'accept' : verdict, path, records, rules };
  }
  // Only at some nodes is anybody judged on the way to the node itself.
  if (packet.hook === 'input') return { verdict: 'accept', path, records, rules };
  throw new Error(`nothing is hooked at ${packet.hook}`);
}

/** Runs the statements of a rule until one does not hold; `undefined` when no verdict came of it. */
function run(
  table: KernelTable,
  statements: readonly unknown[],
  packet: Packet,
  records: string[],
): Verdict | undefined {
  for (const statement of statements) {
    if (!isObject(statement)) throw new Error('a statement is an object');
    const [[kind, body] = ['', undefined]] = Object.entries(statement);
    switch (kind) {
      case 'match':
        if (!isObject(body) || !holds(table, body, packet)) return undefined;
        break;
      case 'vmap': {
        if (!isObject(body)) throw new Error('a vmap is an object');
        const verdict = lookUp(table, body, packet);
        return verdict;
      }
      case 'mangle':
        mangle(body, packet);
        break;
      case 'set': {
        if (!isObject(body)) throw new Error('a set statement is an object');
        if (valuesOf(body['elem'], packet) === undefined) return undefined;
        const name = text(body['set']).slice(1);
        if (!table.sets.has(name)) throw new Error(`no set ${name}`);
        records.push(name);
        break;
      }
      case 'accept':
      case 'drop':
      case 'return':
        return { kind, target: '' };
      case 'reject':
        if (packet.protocol !== 'tcp') return undefined;
        return { kind: 'reset', target: '' };
      case 'jump':
      case 'goto':
        return { kind, target: String(isObject(body) ? body['target'] : '') };
      default:
        throw new Error(`statement ${kind}`);
    }
  }
  return undefined;
}

function lookUp(
  table: KernelTable,
  body: Readonly<Record<string, unknown>>,
  packet: Packet,
): Verdict | undefined {
  const key = valuesOf(body['key'], packet);
  if (key === undefined) return undefined;
  const { data } = body;
  if (isObject(data)) {
    const pair = listOf(data['set'])
      .map(listOf)
      .find(([state]) => state === key[0]);
    return pair === undefined ? undefined : verdictOf(pair[1]);
  }
  const found = setOf(table, data).get(key);
  return found === undefined ? undefined : verdictOf(JSON.parse(found));
}

function verdictOf(value: unknown): Verdict {
  const [[kind, body] = ['', undefined]] = Object.entries(isObject(value) ? value : {});
  return { kind, target: isObject(body) ? text(body['target']) : '' };
}

function holds(table: KernelTable, body: Readonly<Record<string, unknown>>, packet: Packet): boolean {
  const { op, left, right } = body;
  const values = valuesOf(left, packet);
  // What a packet does not have makes the rule not match, whatever is asked.
  if (values === undefined) return false;
  const equal = isAmong(table, values, right, left);
  switch (op) {
    case '==':
    case 'in':
      return equal;
    case '!=':
      return !equal;
    default:
      throw new Error(`operator ${text(op)}`);
  }
}

function isAmong(table: KernelTable, values: readonly string[], right: unknown, left: unknown): boolean {
  if (typeof right === 'string' && right.startsWith('@')) return setOf(table, right).has(values);
  const [value = ''] = values;
  if (isObject(right) && Array.isArray(right['set'])) {
    return right['set'].some((each) => isAmong(table, values, each, left));
  }
  if (isObject(right) && Array.isArray(right['range'])) {
    const [first, last] = right['range'].map((end) => icmpv6Number(end));
    return Number(value) >= first! && Number(value) <= last!;
  }
  if (isObject(left) && isObject(left['ct']) && left['ct']['key'] === 'label')
    return values.includes(text(right));
  return value === String(icmpv6Number(right));
}

const icmpv6Types: Readonly<Record<string, number>> = {
  'mld-listener-query': 130,
  'nd-redirect': 137,
  'mld2-listener-report': 143,
};

function icmpv6Number(value: unknown): number {
  return (typeof value === 'string' ? (icmpv6Types[value] ?? value) : value) as number;
}

function setOf(table: KernelTable, name: unknown): NonNullable<ReturnType<KernelTable['sets']['get']>> {
  const set = typeof name === 'string' ? table.sets.get(name.slice(1)) : undefined;
  if (set === undefined) throw new Error(`no set ${text(name)}`);
  return set;
}

/** What an expression is of a packet; `undefined` where the packet does not have it. */
function valuesOf(expression: unknown, packet: Packet): readonly string[] | undefined {
  if (!isObject(expression)) throw new Error(`expression ${text(expression)}`);
  const [[kind, body] = ['', undefined]] = Object.entries(expression);
  if (kind === 'concat') {
    const parts = listOf(body).map((part) => valuesOf(part, packet));
    return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
  }
  if (kind === '&') {
    const [inner, mask] = listOf(body);
    const values = valuesOf(inner, packet);
    if (values === undefined) return undefined;
    if (Array.isArray(mask)) {
      const kept = (packet.tcpFlags ?? []).filter((flag) => mask.includes(flag));
      return [kept.join(',')];
    }
    return [String(Number(BigInt(values[0]!) & BigInt(Number(mask))))];
  }
  if (!isObject(body)) throw new Error(`expression ${kind}`);
  const is6 = packet.saddr.includes(':');
  switch (kind) {
    case 'ct':
      return flowValues(body, packet, is6);
    case 'meta':
      if (body['key'] !== 'l4proto') throw new Error(`meta ${String(body['key'])}`);
      return [packet.protocol];
    case 'fib':
      return [packet.localSource === true ? 'local' : 'unicast'];
    case 'payload':
      return payloadValues(body, packet, is6);
    default:
      throw new Error(`expression ${kind}`);
  }
}

function flowValues(
  { key, dir }: Readonly<Record<string, unknown>>,
  { flow, state, direction }: Packet,
  is6: boolean,
): readonly string[] | undefined {
  if (key === 'state') return [state];
  if (flow === undefined) return undefined;
  switch (`${text(key)} ${text(dir ?? '')}`.trim()) {
    case 'direction':
      return [direction];
    case 'mark':
      return [String(flow.mark)];
    case 'label':
      return [...flow.labels].map(String);
    case 'ip saddr original':
      return is6 ? undefined : [flow.client];
    case 'ip6 saddr original':
      return is6 ? [flow.client] : undefined;
    case 'ip daddr original':
      return is6 ? undefined : [flow.asked ?? flow.backend];
    case 'ip6 daddr original':
      return is6 ? [flow.asked ?? flow.backend] : undefined;
    case 'ip saddr reply':
      return is6 ? undefined : [flow.backend];
    case 'ip6 saddr reply':
      return is6 ? [flow.backend] : undefined;
    case 'proto-src reply':
      return flow.port === undefined ? undefined : [String(flow.port)];
    default:
      throw new Error(`ct ${text(key)} ${text(dir)}`);
  }
}

function payloadValues(
  { protocol, field }: Readonly<Record<string, unknown>>,
  packet: Packet,
  is6: boolean,
): readonly string[] | undefined {
  switch (`${text(protocol)} ${text(field)}`) {
    case 'ip saddr':
      return is6 ? undefined : [packet.saddr];
    case 'ip daddr':
      return is6 ? undefined : [packet.daddr];
    case 'ip6 saddr':
      return is6 ? [packet.saddr] : undefined;
    case 'ip6 daddr':
      return is6 ? [packet.daddr] : undefined;
    case 'th dport':
      return [String(packet.flow?.port ?? 0)];
    case 'tcp flags':
      return packet.protocol === 'tcp' ? [(packet.tcpFlags ?? []).join(',')] : undefined;
    case 'icmpv6 type':
      return packet.protocol === 'icmpv6' ? [String(packet.icmpv6Type ?? 128)] : undefined;
    default:
      throw new Error(`payload ${text(protocol)} ${text(field)}`);
  }
}

function mangle(body: unknown, packet: Packet): void {
  const { flow } = packet;
  if (flow === undefined || !isObject(body) || !isObject(body['key'])) throw new Error('mangle');
  const { ct } = body['key'];
  const { value } = body;
  if (isObject(ct) && ct['key'] === 'label') {
    flow.labels.add(Number(value));
  } else if (isObject(ct) && ct['key'] === 'mark' && isObject(value)) {
    const [kept, set] = listOf(value['|']);
    const [, mask] = isObject(kept) ? listOf(kept['&']) : [];
    flow.mark = Number((BigInt(flow.mark) & BigInt(Number(mask))) | BigInt(Number(set)));
  } else {
    throw new Error('mangle of something else');
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`a list was expected, not ${JSON.stringify(value)}`);
  return value;
}
