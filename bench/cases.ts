// What the bench asks, each case in processes of its own.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { BitMatrix } from './bit-matrix.ts';
import { best, sum } from './clock.ts';
import type { Cost } from './clock.ts';
import type { MeasuredExposure } from './exposure.ts';
import { foci, focusLevels } from './focus.ts';
import type { MeasuredFocus } from './focus.ts';
import { generate, growing, sizeNamed, sizes } from './generate.ts';
import type { InMemory } from './in-memory.ts';
import { aTenth } from './input.ts';
import { timeLine } from './line.ts';
import type { Line } from './line.ts';
import { shapes } from './shapes.ts';
import { added } from './shards.ts';
import type { MeasuredShard } from './shards.ts';
import { platformPolicies } from './tiers.ts';
import type { MeasuredTiers } from './tiers.ts';
import { processCost } from './whole-process.ts';
import type { ProcessCost } from './whole-process.ts';
import { packetLines, updateLines } from './wire/cases.ts';
import { whyNoWire } from './wire/network.ts';
import type { Packets } from './wire/packets.ts';
import type { Updates } from './wire/updates.ts';
import { writeDump } from './write-dump.ts';
import type { DumpForm } from './write-dump.ts';

/** What cases share. */
export interface Context {
  /** How often each process is started; the least that any took counts. */
  readonly runs: number;
  /** For large files; emptied when the run is over. */
  readonly folder: string;
  /** By size: the pairs that may talk, where an earlier case has counted them. */
  readonly allowed: Map<string, number>;
}

/** A question with its sizes. */
export interface Case {
  readonly name: string;
  /** Whether it is small enough for every change: seconds, not minutes. */
  readonly quick: boolean;
  run(context: Context): Promise<readonly Line[]> | readonly Line[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const script = (name: string): string => join(root, 'bench', name);
const podwall = join(root, 'dist/cli/main.js');

/** What a script of this folder says in one line of JSON. */
function ask(name: string, ...args: readonly string[]): unknown {
  const command = ['--expose-gc', '--max-old-space-size=16000', script(name), ...args];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 1 << 26 }));
}

// From objects in memory --------------------------------------------------------------------------------------------

/** Milliseconds from objects to counts: 1.5 times what a prototype took, on 2 shared cores. */
const objectsToCounts: Readonly<Record<string, number>> = {
  '1k/500': 31,
  '10k/5k': 296,
  '100k/20k': 1_185,
  '150k/50k': 1_743,
};
const leastPairsPerSecond = 4e11;

function fromMemory(name: string, runs: number): readonly InMemory[] {
  return Array.from(
    { length: runs },
    (_, run) => ask('in-memory.ts', name, ...(run === 0 ? ['--verify'] : [])) as InMemory,
  );
}

const none: Cost = { wallMs: 0, cpuMs: 0 };
const compileAndCount = ({ compile, matrix, count }: InMemory): Cost => sum([compile, matrix, count]);

function sizeCase(name: string, quick: boolean): Case {
  return {
    name: `from memory, ${name}`,
    quick,
    run: ({ runs, allowed }) => {
      const measured = fromMemory(name, runs);
      const of = (cost: (one: InMemory) => Cost | undefined): Cost =>
        best(measured.map((one) => cost(one) ?? none));
      const [first] = measured;
      if (first?.verified === undefined) throw new Error('nothing was verified');
      allowed.set(name, first.allowed);
      const baseline = { what: 'JSON.parse of them', figure: of(({ jsonParse }) => jsonParse).cpuMs };
      const limit = objectsToCounts[name];
      const { verified, pairs } = first;
      const { flatPairsPerSecond } = verified;
      const rate = (question: string, cost: Cost): Line => ({
        question,
        size: name,
        figure: (pairs / cost.cpuMs) * 1000,
        unit: 'pairs/s',
        better: 'higher',
        ...(flatPairsPerSecond === undefined
          ? {}
          : { baseline: { what: 'one pair of classes after the other', figure: flatPairsPerSecond } }),
        // A constant part outweighs the pairs of small clusters.
        ...(name === '150k/50k' ? { limit: leastPairsPerSecond } : {}),
      });
      return [
        timeLine(
          'objects in memory to exact counts',
          name,
          of((one) => sum([one.read ?? none, compileAndCount(one)])),
          {
            baseline,
            ...(limit === undefined ? {} : { limit }),
            peakMegabytes: first.peakMegabytes,
            equal: verified,
          },
        ),
        timeLine(
          '  read',
          name,
          of(({ read }) => read),
          { baseline },
        ),
        timeLine(
          '  compile',
          name,
          of(({ compile }) => compile),
          { baseline },
        ),
        timeLine(
          '  rows and columns of the matrix',
          name,
          of(({ matrix }) => matrix),
          { baseline },
        ),
        timeLine(
          '  count, for the first time',
          name,
          of(({ count }) => count),
          { baseline },
        ),
        rate(
          '  pairs counted a second, first time',
          of(({ count }) => count),
        ),
        rate(
          '  pairs counted a second, warm',
          of(({ warmCount }) => warmCount),
        ),
        {
          question: 'one verdict with its reasons',
          size: name,
          figure: verified.verdictUs,
          unit: 'µs',
          better: 'lower',
          limit: 2,
          baseline: { what: 'the naive evaluator', figure: verified.naiveUs },
        },
      ];
    },
  };
}

const shapeLimitsMs: Readonly<Record<string, number>> = {
  '25k namespaces': 500,
  'all select all': 500,
  '101 policies each': 500,
  'a policy for each pod': 500,
  'wide selectors': 2_000,
  'no two pods alike': 2_000,
};

function shapeCase(shape: string, quick: boolean): Case {
  const name = quick ? `${shape}${aTenth}` : shape;
  return {
    name: `shape, ${name}`,
    quick,
    run: ({ runs }) => {
      const measured = fromMemory(name, Math.min(runs, 3));
      const [first] = measured;
      if (first?.verified === undefined || first.jsonParse === undefined)
        throw new Error('nothing was verified');
      const jsonParse = best(measured.map((one) => one.jsonParse ?? none));
      const limit = shapeLimitsMs[shape];
      const rest = { baseline: { what: 'JSON.parse of them', figure: jsonParse.cpuMs } };
      return [
        timeLine('compile and count', name, best(measured.map(compileAndCount)), {
          ...rest,
          ...(quick || limit === undefined ? {} : { limit }),
          peakMegabytes: first.peakMegabytes,
          equal: first.verified,
        }),
        timeLine('  read', name, best(measured.map(({ read }) => read ?? none)), rest),
      ];
    },
  };
}

// The whole process -------------------------------------------------------------------------------------------------

interface Dump {
  readonly size: string;
  readonly form: DumpForm;
  readonly limitMs: number;
  readonly limitMegabytes: number;
}

const dumps: readonly Dump[] = [
  { size: '10k/5k', form: 'compact', limitMs: 500, limitMegabytes: 300 },
  { size: '150k/50k', form: 'kubectl', limitMs: 2_000, limitMegabytes: 1_000 },
  { size: '1M/200k', form: 'compact', limitMs: 8_000, limitMegabytes: 2_000 },
];

async function dumpOf(size: string, form: DumpForm, folder: string): Promise<string> {
  const shape = sizeNamed(size);
  if (shape === undefined) throw new Error(`no size is named ${size}`);
  const path = join(folder, `${size.replace('/', '-')}-${form}.json`);
  if (!existsSync(path)) await writeDump(generate(shape), path, form);
  return path;
}

interface Counted extends ProcessCost {
  readonly allowed: number;
}

function counted(dump: string, runs: number): Counted {
  const cost = processCost([podwall, 'map', '--count', '-o', 'json', dump], runs);
  const { allowed } = JSON.parse(cost.stdout) as { readonly allowed: number };
  return { ...cost, allowed };
}

function dumpCase({ size, form, limitMs, limitMegabytes }: Dump): Case {
  return {
    name: `map --count, ${size}`,
    quick: false,
    run: async ({ runs, folder, allowed }) => {
      const dump = await dumpOf(size, form, folder);
      const bytes = `${size}, ${(statSync(dump).size / 1e6).toFixed(0)} MB ${form}`;
      const parsed = processCost([script('parse-items.ts'), dump, form], Math.min(runs, 2));
      const cost = counted(dump, runs);
      if (form === 'kubectl') rmSync(dump);
      const expected = allowed.get(size) ?? (ask('in-memory.ts', size, '--stream') as InMemory).allowed;
      return [
        timeLine('map --count of a JSON file', bytes, cost, {
          limit: limitMs,
          peakMegabytes: cost.peakMegabytes,
          baseline: { what: 'JSON.parse, object by object', figure: parsed.cpuMs },
          equal: {
            equal: cost.allowed === expected,
            text: `${cost.allowed} pairs, and ${expected} from memory`,
          },
        }),
        {
          question: '  memory at its peak',
          size: bytes,
          figure: cost.peakMegabytes,
          unit: 'MB',
          better: 'lower',
          limit: limitMegabytes,
          baseline: { what: 'JSON.parse, object by object', figure: parsed.peakMegabytes },
        },
      ];
    },
  };
}

const startCase: Case = {
  name: 'start',
  quick: false,
  run: ({ runs }) => {
    const nothing = processCost(['-e', '0'], runs);
    return [
      timeLine('podwall --help', '', processCost([podwall, '--help'], runs), {
        limit: 100,
        baseline: { what: 'Node doing nothing', figure: nothing.cpuMs },
      }),
    ];
  },
};

// Growth ------------------------------------------------------------------------------------------------------------

/** The slope of a straight line through logarithms: 1 is linear, 2 quadratic. */
function exponent(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const meanX = logs.reduce((total, [x]) => total + x, 0) / logs.length;
  const meanY = logs.reduce((total, [, y]) => total + y, 0) / logs.length;
  const covariance = logs.reduce((total, [x, y]) => total + (x - meanX) * (y - meanY), 0);
  return covariance / logs.reduce((total, [x]) => total + (x - meanX) ** 2, 0);
}

const spread = `${growing[0]?.name} to ${growing.at(-1)?.name}`;

const growthInMemory: Case = {
  name: 'growth in memory',
  quick: false,
  run: ({ runs, allowed }) => {
    const points = growing.map(({ name, pods }) => {
      const measured = Array.from(
        { length: Math.min(runs, 3) },
        () => ask('in-memory.ts', name, '--stream') as InMemory,
      );
      const [first] = measured;
      if (first !== undefined) allowed.set(name, first.allowed);
      return {
        name,
        pods,
        cost: best(measured.map(compileAndCount)),
        megabytes: first?.policyMegabytes ?? 0,
      };
    });
    return [
      ...points.map(({ name, cost }) => timeLine('compile and count, proportions kept', name, cost)),
      ...points.map(({ name, megabytes }): Line => ({
        question: '  what the compiled policy holds',
        size: name,
        figure: megabytes,
        unit: 'MB',
        better: 'lower',
      })),
      {
        question: '  exponent of their growth',
        size: spread,
        figure: exponent(points.map(({ pods, cost }) => [pods, cost.cpuMs])),
        unit: 'exponent',
        better: 'lower',
        limit: 1.05,
      },
    ];
  },
};

const growthOfProcess: Case = {
  name: 'growth of the process',
  quick: false,
  run: async ({ runs, folder, allowed }) => {
    const start = processCost([podwall, '--help'], runs);
    const points: { name: string; pods: number; cost: Counted; equal: boolean }[] = [];
    for (const { name, pods } of growing) {
      const cost = counted(await dumpOf(name, 'compact', folder), Math.min(runs, 3));
      points.push({ name, pods, cost, equal: cost.allowed === (allowed.get(name) ?? cost.allowed) });
    }
    return [
      ...points.map(({ name, cost, equal }) =>
        timeLine('map --count, proportions kept', name, cost, {
          peakMegabytes: cost.peakMegabytes,
          equal: { equal, text: `${cost.allowed} pairs, as from memory` },
        }),
      ),
      {
        question: '  exponent of its growth, start left out',
        size: spread,
        figure: exponent(points.map(({ pods, cost }) => [pods, cost.cpuMs - start.cpuMs])),
        unit: 'exponent',
        better: 'lower',
        limit: 1.05,
      },
    ];
  },
};

// Another algorithm -------------------------------------------------------------------------------------------------

function bitMatrixCase(size: string, quick: boolean): Case {
  return {
    name: `bit matrix, ${size}`,
    quick,
    run: ({ runs }) => {
      const times = Array.from({ length: Math.min(runs, 3) });
      const matrices = times.map(() => ask('bit-matrix.ts', size) as BitMatrix);
      const measured = times.map(() => ask('in-memory.ts', size, '--stream') as InMemory);
      const compared = ask('bit-matrix.ts', size, '--compare') as BitMatrix;
      const matrix = best(matrices.map(({ cost }) => cost));
      if (compared.compared === undefined) throw new Error('nothing was compared');
      const ours = best(measured.map(compileAndCount));
      const name = `${size}, beside a bit matrix`;
      // A tenth of the pods has a hundredth of the bits, and the clock tells little of so short a time.
      const byTheClock: Line = {
        question: '  by the clock',
        size: name,
        figure: ours.wallMs,
        unit: 'ms',
        better: 'lower',
        baseline: { what: 'that matrix', figure: matrix.wallMs },
        ratioLimit: 1 / 25,
      };
      return [
        timeLine('compile and count', name, ours, {
          baseline: { what: 'a matrix of a bit for each pair of pods', figure: matrix.cpuMs },
          equal: compared.compared,
        }),
        ...(quick ? [] : [byTheClock]),
        {
          question: '  what it holds',
          size: name,
          figure: Math.min(...measured.map(({ policyMegabytes }) => policyMegabytes)),
          unit: 'MB',
          better: 'lower',
          baseline: { what: 'one such matrix', figure: compared.matrixMegabytes },
          ...(quick ? {} : { ratioLimit: 1 / 8 }),
        },
      ];
    },
  };
}

// Shards ------------------------------------------------------------------------------------------------------------

function shardsCase(size: string, shards: number): Case {
  return {
    name: `shards, ${size}`,
    quick: false,
    run: () => {
      const whole = ask('shards.ts', size) as MeasuredShard;
      const parts = Array.from(
        { length: shards },
        (_, i) => ask('shards.ts', size, String(i), String(shards)) as MeasuredShard,
      );
      const together = added(parts.map(({ pairs }) => pairs));
      const equal = isDeepStrictEqual(together, whole.pairs);
      const steps = ['compile', 'matrix', 'count'] as const;
      const largest = Math.max(...parts.map(({ policyMegabytes }) => policyMegabytes));
      const name = `${size}, the largest of ${shards}`;
      const median = (step: (typeof steps)[number]): Cost => {
        const sorted = parts.map((part) => part[step]).sort((a, b) => a.cpuMs - b.cpuMs);
        return sorted[sorted.length >> 1] ?? none;
      };
      return [
        ...steps.map((step) =>
          timeLine(`one shard: ${step}`, `${size}, median of ${shards}`, median(step), {
            baseline: { what: 'the whole', figure: whole[step].cpuMs },
            ...(step === 'count'
              ? {
                  equal: {
                    equal,
                    text: `${Object.keys(together).length} counts of ${shards} shards add up to the whole's`,
                  },
                }
              : {}),
          }),
        ),
        {
          question: '  what a shard holds',
          size: name,
          figure: largest,
          unit: 'MB',
          better: 'lower',
          baseline: { what: 'the whole', figure: whole.policyMegabytes },
        },
      ];
    },
  };
}

// Focused maps ------------------------------------------------------------------------------------------------------

/** Milliseconds after compile. */
const focusedMap = 200;

function focusCase(size: string, quick: boolean): Case {
  return {
    name: `focus, ${size}`,
    quick,
    run: ({ runs }) =>
      focusLevels.flatMap((level) =>
        (quick ? foci.filter((focus) => focus !== 'namespace') : foci).flatMap((focus): readonly Line[] => {
          const args = ['focus.ts', size, level, focus] as const;
          const measured = Array.from(
            { length: Math.min(runs, quick ? 1 : 3) },
            (_, run) => ask(...args, ...(quick && run === 0 ? ['--verify'] : [])) as MeasuredFocus,
          );
          const [first] = measured;
          if (first === undefined) throw new Error('nothing was measured');
          const of = (cost: (one: MeasuredFocus) => Cost): Cost => best(measured.map(cost));
          const baseline = { what: 'compile', figure: of(({ compile }) => compile).cpuMs };
          const limit = quick ? {} : { limit: focusedMap };
          const equal = first.equal === undefined ? {} : { equal: first.equal };
          const question = `map of one ${focus}, level ${level}`;
          return [
            timeLine(
              `${question}, table`,
              size,
              of(({ table }) => table),
              { baseline, ...limit, ...equal },
            ),
            timeLine(
              `${question}, first JSON`,
              size,
              of(({ firstJson }) => firstJson),
              { baseline, ...limit },
            ),
          ];
        }),
      ),
  };
}

// Reading -----------------------------------------------------------------------------------------------------------

/** What bench/scan.ts says; gigabytes a second. */
interface Scanned {
  readonly wasmGBs: number;
  readonly twinGBs: number;
  readonly jsonParseGBs: number;
  readonly equal: boolean;
}

/** What bench/yaml.ts says; megabytes a second, and milliseconds for one position. */
interface YamlRead {
  readonly size: string;
  readonly fastMBs: number;
  readonly yamlMBs: number;
  readonly placeMs: number;
  readonly equal: boolean;
}

function scanCase(size: string, quick: boolean): Case {
  return {
    name: `scan, ${size}`,
    quick,
    run: () => {
      const { wasmGBs, twinGBs, jsonParseGBs, equal } = ask('scan.ts', size) as Scanned;
      const compact = ask('scan.ts', size, 'compact') as Scanned;
      const line = (question: string, figure: number, parsed: number, same: boolean) => ({
        question,
        size,
        figure,
        unit: 'GB/s' as const,
        better: 'higher' as const,
        baseline: { what: 'JSON.parse', figure: parsed },
        equal: { equal: same, text: 'all that is found, by both' },
      });
      return [
        { ...line('scan a JSON dump, in WASM', wasmGBs, jsonParseGBs, equal), limit: 1.2, ratioLimit: 5 },
        { ...line('scan a JSON dump, in plain TypeScript', twinGBs, jsonParseGBs, equal), limit: 0.4 },
        line('  a compact one, in WASM', compact.wasmGBs, compact.jsonParseGBs, compact.equal),
        line('  a compact one, in plain TypeScript', compact.twinGBs, compact.jsonParseGBs, compact.equal),
      ];
    },
  };
}

function yamlCase(size: string): Case {
  return {
    name: `yaml, ${size}`,
    quick: false, // the package yaml takes its time
    run: () => {
      const { size: text, fastMBs, yamlMBs, placeMs, equal } = ask('yaml.ts', size) as YamlRead;
      return [
        {
          question: 'read block YAML',
          size: text,
          figure: fastMBs,
          unit: 'MB/s',
          better: 'higher',
          limit: 60,
          baseline: { what: 'yaml', figure: yamlMBs },
          equal: { equal, text: 'every value, by both' },
        },
        {
          question: '  a position on demand',
          size: text,
          figure: placeMs,
          unit: 'ms',
          better: 'lower',
          limit: 1,
        },
      ];
    },
  };
}

// Pods that do not exist --------------------------------------------------------------------------------------------

function exposureCase(size: string, limit: number | undefined): Case {
  return {
    name: `exposure, ${size}`,
    quick: true,
    run: ({ runs }) => {
      const measured = Array.from({ length: runs }, () => ask('exposure.ts', size) as MeasuredExposure);
      const [first] = measured;
      if (first === undefined) throw new Error('nothing was measured');
      const of = (cost: (one: MeasuredExposure) => Cost): Cost => best(measured.map(cost));
      return [
        timeLine(
          'who could reach each pod, and whom it could',
          size,
          of((one) => one.exposure),
          {
            baseline: { what: 'JSON.parse of them', figure: of((one) => one.jsonParse).cpuMs },
            peakMegabytes: first.peakMegabytes,
            ...(limit === undefined ? {} : { limit }),
          },
        ),
      ];
    },
  };
}

// The kernel --------------------------------------------------------------------------------------------------------

const packetsCase: Case = {
  name: 'packets',
  quick: false,
  run: () => packetLines(ask('wire/packets.ts') as Packets),
};

const updatesCase: Case = {
  name: 'updates in the kernel',
  quick: false,
  run: () => updateLines(ask('wire/updates.ts') as Updates),
};

/** Nobody but root can send packets through a network of their own. */
const kernelCases: readonly Case[] = whyNoWire() === undefined ? [packetsCase, updatesCase] : [];

// Changes -----------------------------------------------------------------------------------------------------------

interface Times {
  readonly n: number;
  readonly medianUs: number;
  readonly p99Us: number;
}

/** What bench/live.ts says. */
interface Live {
  readonly changes: number;
  readonly compileAndCountMs: number;
  /** Changes that touch at most 8 classes, and the others. */
  readonly small: Times;
  readonly byKind: Readonly<Record<string, Times>>;
  readonly large: Times & { readonly usByClass: number };
  readonly equalAtOpening: boolean;
  readonly equalAfterwards: boolean;
}

function liveCase(size: string, changes: number, quick: boolean): Case {
  return {
    name: `live, ${size}`,
    quick,
    run: () => {
      const live = ask('live.ts', size, '--changes', String(changes)) as Live;
      const line = (question: string, figure: number, limit?: number): Line => ({
        question,
        size,
        figure,
        unit: 'µs',
        better: 'lower',
        ...(limit === undefined ? {} : { limit }),
      });
      const fresh = { what: 'a fresh compile', figure: live.compileAndCountMs * 1000 };
      return [
        {
          ...line('a change of at most 8 classes, median', live.small.medianUs, 40),
          baseline: fresh,
          equal: {
            equal: live.equalAtOpening && live.equalAfterwards,
            text: `totals of a fresh compile, before and after ${live.changes} changes`,
          },
        },
        line('  99 of 100', live.small.p99Us, 1_000),
        ...Object.entries(live.byKind).map(([kind, { medianUs }]) => line(`  ${kind}`, medianUs)),
        line('  for each class, where more are touched', live.large.usByClass, 3),
      ];
    },
  };
}

/** What the policies of a platform team cost: the same cluster with and without them, in the same process. */
function tiersCase(size: string, quick: boolean): Case {
  return {
    name: `tiers, ${size}`,
    quick,
    run: () => {
      const { policies, countMs, changeUs } = ask('tiers.ts', size) as MeasuredTiers;
      const line = (question: string, unit: 'ms' | 'µs', cost: MeasuredTiers['countMs']): Line => ({
        question: `${question} with ${policies} cluster-wide policies`,
        size,
        figure: cost.with,
        unit,
        better: 'lower',
        baseline: { what: 'the same cluster without them', figure: cost.without },
        ratioLimit: 1.3,
      });
      return [line('compile and count', 'ms', countMs), line('a change', 'µs', changeUs)];
    },
  };
}

/** The command, from the file to the count: what a person waits for, in a process whose code has not run before. */
function tiersCommandCase(size: string): Case {
  return {
    name: `map --count with tiers, ${size}`,
    quick: false,
    run: async ({ runs, folder }) => {
      const shape = sizeNamed(size);
      if (shape === undefined) throw new Error(`no size is named ${size}`);
      const path = join(folder, 'tiers.json');
      const objects = [...platformPolicies()];
      await writeDump(joinedWith(generate(shape), objects), path);
      const times = Math.max(runs, 3);
      const without = counted(await dumpOf(size, 'compact', folder), times);
      const cost = counted(path, times);
      rmSync(path);
      const { allowed } = ask('tiers.ts', size, '--rounds', '1', '--changes', '1') as MeasuredTiers;
      return [
        timeLine(`map --count of a JSON file with ${objects.length} cluster-wide policies`, size, cost, {
          ratioLimit: 1.3,
          baseline: { what: 'the same cluster without them', figure: without.cpuMs },
          equal: {
            equal: cost.allowed === allowed.with && without.allowed === allowed.without,
            text: `${cost.allowed} pairs with and ${without.allowed} without, and as many from memory`,
          },
        }),
      ];
    },
  };
}

function* joinedWith<T>(some: Iterable<T>, others: Iterable<T>): Generator<T> {
  yield* some;
  yield* others;
}

/** Every case, in the order of the table. */
export const cases: readonly Case[] = [
  scanCase('10k/5k', true),
  yamlCase('10k/5k'),
  ...sizes.filter(({ pods }) => pods <= 10_000).map(({ name }) => sizeCase(name, true)),
  ...sizes.filter(({ pods }) => pods > 10_000 && pods < 1_000_000).map(({ name }) => sizeCase(name, false)),
  ...Object.keys(shapes).map((shape) => shapeCase(shape, true)),
  ...Object.keys(shapes).map((shape) => shapeCase(shape, false)),
  bitMatrixCase('10k/5k', true),
  bitMatrixCase('100k/20k', false),
  liveCase('1k/500', 1_000, true),
  liveCase('10k/5k', 10_000, false),
  liveCase('150k/50k', 10_000, false),
  tiersCase('10k/5k', true),
  tiersCase('100k/20k', false),
  tiersCommandCase('10k/5k'),
  tiersCommandCase('100k/20k'),
  focusCase('1k/500', true),
  focusCase('150k/50k', false),
  growthInMemory,
  shardsCase('100k/20k', 8),
  ...kernelCases,
  startCase,
  ...dumps.map(dumpCase),
  growthOfProcess,
  exposureCase('1k/500', undefined),
  exposureCase('10k/5k', 500),
  exposureCase(`a policy for each pod${aTenth}`, undefined),
];
