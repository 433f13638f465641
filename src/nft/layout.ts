import { families } from '../net/index.ts';
import type { Family } from '../net/index.ts';
import type { Chain, FlowEnd, Generation, KeyType, NftMap, NftRule, NftSet, Statement } from './ruleset.ts';
import { markText } from './syntax.ts';

// The part of a table that is the same on every node. Why it is so: docs/explanation/enforcement.md.

/** The name of the table, of family inet. */
export const tableName = 'podwall';

/** The bits of the connection mark that hold the generation; others use the rest (checklist 38). */
export const defaultMarkMask = 0x0fff_0000;

/** After DNAT, so that backends are seen; before masquerading, so that real clients are. */
const priority = -5;

/** A flow stays recorded for this long after its last denied packet. */
const recordSeconds = 300;
const mostRecords = 4096;

/** `4` or `6`, the end of the names of a family's sets and maps. */
export function digitOf(family: Family): '4' | '6' {
  return family === 'IPv4' ? '4' : '6';
}

/** The names of the fixed sets and maps of a family. */
export const names = {
  /** Each local pod with itself: what passes without being judged (checklist 2). */
  self: (family: Family): string => `hair${digitOf(family)}`,
  /** Isolated local pods, by direction: for packets that have no flow to judge by (checklist 8). */
  isolated: (direction: 'egress' | 'ingress', family: Family): string =>
    `iso_${direction === 'egress' ? 'eg' : 'in'}${digitOf(family)}`,
  /** Denied flows of protocols with ports, and of others. */
  denied: (ports: boolean, family: Family): string => `${ports ? 'deny' : 'denyp'}${digitOf(family)}`,
  /** Local pods of which tiers speak: a Service that leads them to themselves does not spare them (corner 65). */
  tiered: (family: Family): string => `tier${digitOf(family)}`,
  /** Local pods whose way to their node is judged, and where their packets go (corner 42). */
  toNode: (family: Family): string => `iso_own${digitOf(family)}`,
  nodeDispatch: (family: Family): string => `own${digitOf(family)}`,
  /** Where the packets of an isolated local pod go. */
  dispatch: (direction: 'egress' | 'ingress', family: Family): string =>
    `${direction === 'egress' ? 'eg' : 'in'}${digitOf(family)}`,
  /** The mark of flows that need no judging: that of the generation. */
  generation: 'gen',
  /** The node's ranges for pods, and the pods that are known, where unknown ones are to stay closed. */
  ranges: (family: Family): string => `local${digitOf(family)}`,
  known: (family: Family): string => `known${digitOf(family)}`,
} as const;

/** The ends of a flow by the direction of the policies that judge them. */
export const endOf: { readonly egress: FlowEnd; readonly ingress: FlowEnd } = {
  egress: 'client',
  ingress: 'backend',
};

/** The nft type of a family's addresses. */
export function addressType(family: Family): KeyType {
  return family === 'IPv4' ? 'ipv4_addr' : 'ipv6_addr';
}

/** The sets that packets fill: who was denied, so that the agent can say why. */
export function recordSets(): readonly NftSet[] {
  return families.flatMap((family) =>
    [true, false].map((ports): NftSet => {
      const address = addressType(family);
      const type: KeyType[] = [address, address, 'inet_proto'];
      return {
        name: names.denied(ports, family),
        type: ports ? [...type, 'inet_service'] : type,
        interval: false,
        dynamic: { size: mostRecords, timeoutSeconds: recordSeconds },
        elements: [],
      };
    }),
  );
}

/** How many generations a mark has room for: all values but 0. */
export function mostGenerations(markMask: number): number {
  return markMask / lowestBit(markMask);
}

/** The labels of conntrack have 128 bits, of which epoch 0 needs none. */
const mostEpochs = 128;

/**
 * The generation after another. When the numbers are used up they begin again in a new epoch; after the last epoch, which
 * is half a million generations on, in epoch 1.
 */
export function nextGeneration(markMask: number, { number, epoch }: Generation): Generation {
  if (number < mostGenerations(markMask)) return { number: number + 1, epoch };
  return { number: 1, epoch: epoch + 1 < mostEpochs ? epoch + 1 : 1 };
}

function lowestBit(mask: number): number {
  return (mask & -mask) >>> 0;
}

/** Fewer bits would be counted through too soon: an idle flow could meet its old number. */
const fewestBits = 8;

/** Whether a mask is a run of enough of the 32 bits for generations to be counted in it. */
export function isMarkMask(mask: number): boolean {
  if (!Number.isInteger(mask) || mask <= 0 || mask > 0xffff_ffff) return false;
  const run = mask / lowestBit(mask);
  return run >= 2 ** fewestBits - 1 && Number.isInteger(Math.log2(run + 1));
}

/** The mark of flows that a generation has approved. */
function markOf(markMask: number, { number }: Generation): number {
  return (number * lowestBit(markMask)) >>> 0;
}

/**
 * The map that knows which approvals count. The number is an element and no part of the rule that accepts: where a rule
 * with a verdict changes, the kernel walks through all chains of the table to see that none leads to itself.
 */
export function generationMap(markMask: number, generation: Generation): NftMap {
  return {
    name: names.generation,
    type: 'mark',
    entries: [{ key: markText(markOf(markMask, generation)), verdict: { kind: 'accept' } }],
  };
}

/** The chain that marks what may pass. */
export const approveChain = 'approve';

/** The two chains that know the generation: the fast path, and its entry. */
export function markChains(markMask: number, generation: Generation): readonly [Chain, Chain] {
  const { epoch } = generation;
  // Epoch 0 needs no label: flows that were approved then lack those of later ones, and are judged again.
  const epochs = epoch === 0 ? [] : [epoch];
  const gate: Statement[] = [
    ...epochs.map((bit): Statement => ({ kind: 'label', bit })),
    { kind: 'generation', mask: markMask, map: names.generation },
  ];
  const approve: Statement[] = [
    ...epochs.map((bit): Statement => ({ kind: 'setLabel', bit })),
    { kind: 'setMark', mask: markMask, value: markOf(markMask, generation) },
  ];
  return [
    { name: 'gate', about: 'flows that this generation has approved', rules: [{ statements: gate }] },
    { name: approveChain, about: 'marks a flow as approved', rules: [{ statements: approve }] },
  ];
}

/** What a layout has to have, beside what all have. */
export interface LayoutNeeds {
  /** Addresses of the node's ranges are closed unless a pod is known. */
  readonly closesUnknown: boolean;
  /** Tiers speak of some pod of the node. */
  readonly tiers: boolean;
  /** The way of some pod to its node is judged. */
  readonly node: boolean;
}

/** The chains that are there for the way of pods to their node, alone. */
export const nodeChains: ReadonlySet<string> = new Set(['noown', 'input']);

/** The chains of the layout after `gate` and `approve`, the base chains last. */
export function fixedChains(needs: LayoutNeeds): readonly Chain[] {
  return [
    { name: 'deny', about: 'notes a flow as denied, once, and drops the packet', rules: denyRules() },
    { name: 'noct', about: 'packets that no flow is known of', rules: withoutFlowRules() },
    ...(needs.node
      ? [{ name: 'noown', about: 'the same, for the node itself', rules: withoutFlowToNodeRules() }]
      : []),
    {
      name: 'midstream',
      about: 'a connection that is older than its flow: its ends have to begin again',
      rules: midstreamRules(),
    },
    { name: 'judge', about: 'both ends must allow a flow', rules: judgeRules(needs) },
    { name: 'forward', hook: { hook: 'forward', priority }, rules: entryRules() },
    {
      name: 'output',
      hook: { hook: 'output', priority },
      about: 'own packets of the node pass; others come here under IPVS',
      rules: [rule({ kind: 'localSource' }, { kind: 'accept' }), ...entryRules()],
    },
    ...(needs.node
      ? [
          {
            name: 'input',
            hook: { hook: 'input', priority },
            about: 'to the node itself: pods whose tiers speak of it',
            rules: nodeRules(),
          } as const,
        ]
      : []),
  ];
}

function rule(...statements: readonly Statement[]): NftRule {
  return { statements };
}

/** The drop is a rule of its own: a record that fails, as the set is full, ends only the rule that it stands in. */
function denyRules(): readonly NftRule[] {
  const records = [true, false].flatMap((ports) =>
    families.map((family) =>
      rule(
        { kind: 'original' },
        { kind: 'hasPorts', negated: !ports },
        { kind: 'record', family, set: names.denied(ports, family), ports },
      ),
    ),
  );
  return [...records, rule({ kind: 'drop' })];
}

function withoutFlowRules(): readonly NftRule[] {
  return [
    // Bridged frames: neighbour discovery must work whatever the policy (checklist 4).
    rule({ kind: 'neighbours' }, { kind: 'accept' }),
    ...families.flatMap((family) => [
      rule(
        { kind: 'packetAddress', field: 'saddr', family, set: names.isolated('egress', family) },
        { kind: 'drop' },
      ),
      rule(
        { kind: 'packetAddress', field: 'daddr', family, set: names.isolated('ingress', family) },
        { kind: 'drop' },
      ),
    ]),
    rule({ kind: 'accept' }),
  ];
}

function withoutFlowToNodeRules(): readonly NftRule[] {
  return [
    rule({ kind: 'neighbours' }, { kind: 'accept' }),
    ...families.map((family) =>
      rule({ kind: 'packetAddress', field: 'saddr', family, set: names.toNode(family) }, { kind: 'drop' }),
    ),
    rule({ kind: 'accept' }),
  ];
}

/** Whoever is in neither map passes, without being marked: a pod that nobody speaks of is not judged here. */
function nodeRules(): readonly NftRule[] {
  return [
    rule({ kind: 'state', untracked: 'noown' }),
    rule({ kind: 'jump', chain: 'gate' }),
    ...families.map((family) =>
      rule({ kind: 'dispatch', end: 'client', family, map: names.nodeDispatch(family) }),
    ),
  ];
}

/** Who opened the connection cannot be told any more, so either end may be the isolated one. */
function midstreamRules(): readonly NftRule[] {
  return families.flatMap((family) =>
    (['saddr', 'daddr'] as const).flatMap((field) =>
      (['egress', 'ingress'] as const).map((direction) =>
        rule(
          { kind: 'packetAddress', field, family, set: names.isolated(direction, family) },
          { kind: 'reset' },
        ),
      ),
    ),
  );
}

function judgeRules({ closesUnknown, tiers }: LayoutNeeds): readonly NftRule[] {
  const unknown = closesUnknown
    ? (['client', 'backend'] as const).flatMap((end) =>
        families.map((family) =>
          rule(
            { kind: 'flowAddress', end, family, set: names.ranges(family) },
            { kind: 'flowAddress', end, family, set: names.known(family), negated: true },
            { kind: 'goto', chain: 'deny' },
          ),
        ),
      )
    : [];
  return [
    rule({ kind: 'midstream' }, { kind: 'jump', chain: 'midstream' }),
    ...unknown,
    ...families.flatMap((family) => selfRules(family, tiers)),
    ...(['egress', 'ingress'] as const).flatMap((direction) =>
      families.map((family) =>
        rule({ kind: 'dispatch', end: endOf[direction], family, map: names.dispatch(direction, family) }),
      ),
    ),
    rule({ kind: 'goto', chain: 'approve' }),
  ];
}

/** A pod reaches itself; where tiers speak of it, by its own address, but not through a Service (corners 41 and 65). */
function selfRules(family: Family, tiers: boolean): readonly NftRule[] {
  const self: Statement = { kind: 'flowPair', family, set: names.self(family) };
  const approve: Statement = { kind: 'goto', chain: 'approve' };
  if (!tiers) return [rule(self, approve)];
  return [
    rule(
      self,
      { kind: 'flowAddress', end: 'client', family, set: names.tiered(family), negated: true },
      approve,
    ),
    rule(self, { kind: 'askedPair', family, set: names.self(family) }, approve),
  ];
}

function entryRules(): readonly NftRule[] {
  return [
    rule({ kind: 'state', untracked: 'noct' }),
    rule({ kind: 'jump', chain: 'gate' }),
    rule({ kind: 'jump', chain: 'judge' }),
  ];
}
