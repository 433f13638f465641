import { unreachable } from '../errors.ts';
import type { Family } from '../net/index.ts';
import type { FlowEnd, Key, NftRule, PortMatch, SetElement, Statement, Verdict } from './ruleset.ts';

/** A value of a JSON document. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json };

/** A statement as nft's language has it. */
export function statementText(statement: Statement): string {
  switch (statement.kind) {
    case 'flowAddress':
      return `${flowAddress(statement.end, statement.family)} ${statement.negated === true ? '!= ' : ''}@${statement.set}`;
    case 'flowPair':
      return `${flowAddress('client', statement.family)} . ${flowAddress('backend', statement.family)} @${statement.set}`;
    case 'askedPair':
      return `${flowAddress('client', statement.family)} . ct original ${ipOf(statement.family)} daddr @${statement.set}`;
    case 'packetAddress':
      return `${ipOf(statement.family)} ${statement.field} @${statement.set}`;
    case 'protocol':
      return `meta l4proto ${statement.protocol}`;
    case 'hasPorts':
      return `meta l4proto ${statement.negated ? '!= ' : ''}{ ${withPorts.join(', ')} }`;
    case 'port':
      return `ct reply proto-src ${portText(statement.port)}`;
    case 'dispatch':
      return `${flowAddress(statement.end, statement.family)} vmap @${statement.map}`;
    case 'state':
      return `ct state vmap { invalid : goto ${statement.untracked}, related : accept, untracked : goto ${statement.untracked} }`;
    case 'midstream':
      return 'ct state new tcp flags & (fin|syn|rst|ack) != syn';
    case 'original':
      return 'ct direction original';
    case 'generation':
      return `ct mark & ${markText(statement.mask)} vmap @${statement.map}`;
    case 'setMark':
      return `ct mark set ct mark & ${markText(keptBits(statement))} | ${markText(statement.value)}`;
    case 'label':
      return `ct label ${statement.bit}`;
    case 'setLabel':
      return `ct label set ${statement.bit}`;
    case 'localSource':
      return 'fib saddr type local';
    case 'neighbours':
      return 'icmpv6 type { 130-137, 143 }';
    case 'record': {
      const ip = ipOf(statement.family);
      const ports = statement.ports ? ' . th dport' : '';
      return `update @${statement.set} { ${ip} saddr . ${ip} daddr . meta l4proto${ports} }`;
    }
    case 'accept':
    case 'drop':
    case 'return':
      return statement.kind;
    case 'reset':
      return 'reject with tcp reset';
    case 'jump':
    case 'goto':
      return `${statement.kind} ${statement.chain}`;
    default:
      return unreachable(statement);
  }
}

/** The same in libnftables' JSON (libnftables-json(5)). One of ours may be two of theirs. */
export function statementJson(statement: Statement): readonly Json[] {
  switch (statement.kind) {
    case 'flowAddress': {
      const { end, family, set, negated } = statement;
      return [match(negated === true ? '!=' : '==', flowAddressJson(end, family), `@${set}`)];
    }
    case 'flowPair': {
      const ends = (['client', 'backend'] as const).map((end) => flowAddressJson(end, statement.family));
      return [match('==', { concat: ends }, `@${statement.set}`)];
    }
    case 'askedPair': {
      const asked = { ct: { key: `${ipOf(statement.family)} daddr`, dir: 'original' } };
      return [
        match('==', { concat: [flowAddressJson('client', statement.family), asked] }, `@${statement.set}`),
      ];
    }
    case 'packetAddress':
      return [match('==', payload(ipOf(statement.family), statement.field), `@${statement.set}`)];
    case 'protocol':
      return [match('==', l4proto, statement.protocol)];
    case 'hasPorts':
      return [match(statement.negated ? '!=' : '==', l4proto, { set: withPorts })];
    case 'port':
      return [match('==', { ct: { key: 'proto-src', dir: 'reply' } }, portJson(statement.port))];
    case 'dispatch':
      return [{ vmap: { key: flowAddressJson(statement.end, statement.family), data: `@${statement.map}` } }];
    case 'state': {
      const untracked = { goto: { target: statement.untracked } };
      const verdicts: Json = [
        ['invalid', untracked],
        ['related', { accept: null }],
        ['untracked', untracked],
      ];
      return [{ vmap: { key: { ct: { key: 'state' } }, data: { set: verdicts } } }];
    }
    case 'midstream':
      return [
        match('in', { ct: { key: 'state' } }, 'new'),
        match('!=', { '&': [payload('tcp', 'flags'), ['fin', 'syn', 'rst', 'ack']] }, 'syn'),
      ];
    case 'original':
      return [match('==', { ct: { key: 'direction' } }, 'original')];
    case 'generation':
      return [{ vmap: { key: { '&': [ctMark, statement.mask] }, data: `@${statement.map}` } }];
    case 'setMark': {
      const value = { '|': [{ '&': [ctMark, keptBits(statement)] }, statement.value] };
      return [{ mangle: { key: ctMark, value } }];
    }
    case 'label':
      return [match('in', { ct: { key: 'label' } }, statement.bit)];
    case 'setLabel':
      return [{ mangle: { key: { ct: { key: 'label' } }, value: statement.bit } }];
    case 'localSource':
      return [match('==', { fib: { result: 'type', flags: ['saddr'] } }, 'local')];
    case 'neighbours':
      return [match('==', payload('icmpv6', 'type'), { set: [{ range: [130, 137] }, 143] })];
    case 'record': {
      const ip = ipOf(statement.family);
      const parts: Json[] = [payload(ip, 'saddr'), payload(ip, 'daddr'), l4proto];
      if (statement.ports) parts.push(payload('th', 'dport'));
      return [{ set: { op: 'update', elem: { concat: parts }, set: `@${statement.set}` } }];
    }
    case 'accept':
    case 'drop':
    case 'return':
      return [{ [statement.kind]: null }];
    case 'reset':
      return [{ reject: { type: 'tcp reset' } }];
    case 'jump':
    case 'goto':
      return [{ [statement.kind]: { target: statement.chain } }];
    default:
      return unreachable(statement);
  }
}

/** A key as nft's language has it; equal keys have equal texts. */
export function keyText(key: Key): string {
  if (typeof key !== 'object') return String(key);
  if ('pair' in key) return key.pair.join(' . ');
  if ('range' in key) return key.range.join('-');
  return key.prefix.join('/');
}

/** The same in JSON. */
export function keyJson(key: Key): Json {
  if (typeof key !== 'object') return key;
  if ('pair' in key) return { concat: key.pair };
  if ('range' in key) return { range: key.range };
  return { prefix: { addr: key.prefix[0], len: key.prefix[1] } };
}

/** What a map leads to as nft's language has it; equal verdicts have equal texts. */
export function verdictText(verdict: Verdict): string {
  return verdict.kind === 'accept' ? 'accept' : `${verdict.kind} ${verdict.chain}`;
}

/** The same in JSON. */
export function verdictJson(verdict: Verdict): Json {
  return verdict.kind === 'accept' ? { accept: null } : { [verdict.kind]: { target: verdict.chain } };
}

/** An element of a set as nft's language has it. */
export function elementText({ key, comment }: SetElement): string {
  return comment === undefined ? keyText(key) : `${keyText(key)} comment "${comment}"`;
}

/** The same in JSON. */
export function elementJson({ key, comment }: SetElement): Json {
  return comment === undefined ? keyJson(key) : { elem: { val: keyJson(key), comment } };
}

/** Whether two sets hold the same, in the same order. Most sets of a node do not change when something does. */
export function sameElements(a: readonly SetElement[], b: readonly SetElement[]): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every(({ key, comment }, i) => {
      const other = b[i]!;
      return comment === other.comment && (key === other.key || keyText(key) === keyText(other.key));
    })
  );
}

/** The sets and maps that a rule names. */
export function namedBy({ statements }: NftRule): readonly string[] {
  return statements.flatMap((statement) => {
    if ('set' in statement) return [statement.set];
    if ('map' in statement) return [statement.map];
    return statement.kind === 'port' && typeof statement.port === 'object' && 'set' in statement.port
      ? [statement.port.set]
      : [];
  });
}

const withPorts: readonly string[] = ['tcp', 'udp', 'sctp'];
const ctMark: Json = { ct: { key: 'mark' } };
const l4proto: Json = { meta: { key: 'l4proto' } };

/** nft's word for a family's header. */
function ipOf(family: Family): 'ip' | 'ip6' {
  return family === 'IPv4' ? 'ip' : 'ip6';
}

// Keys that do not depend on the direction of a packet: who sent the first one, and who answers it once NAT is done.
const directionOf = { client: 'original', backend: 'reply' } as const;

function flowAddress(end: FlowEnd, family: Family): string {
  return `ct ${directionOf[end]} ${ipOf(family)} saddr`;
}

function flowAddressJson(end: FlowEnd, family: Family): Json {
  return { ct: { key: `${ipOf(family)} saddr`, dir: directionOf[end] } };
}

function portText(port: PortMatch): string {
  if (typeof port === 'number') return String(port);
  return 'set' in port ? `@${port.set}` : port.range.join('-');
}

function portJson(port: PortMatch): Json {
  if (typeof port === 'number') return port;
  return 'set' in port ? `@${port.set}` : { range: port.range };
}

/** A mark, or bits of one, as nft lists it. */
export function markText(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

/** The bits of a mark that stay as they are. What is set anew may stay too: nft lists it so. */
function keptBits({ mask, value }: { readonly mask: number; readonly value: number }): number {
  return (~mask | value) >>> 0;
}

function match(op: string, left: Json, right: Json): Json {
  return { match: { op, left, right } };
}

function payload(protocol: string, field: string): Json {
  return { payload: { protocol, field } };
}
