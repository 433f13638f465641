// What a map focused on one workload or namespace costs after the cluster is compiled: the first question of a process, so
// that cold code counts, and what the engine builds when it is first asked.
//
//     node --expose-gc bench/focus.ts 10k/5k pod workload             one line of JSON
//     node --expose-gc bench/focus.ts 10k/5k pod workload --verify    and whether it is a part of the whole map
import { parseArgs } from 'node:util';
import { readObjects } from '../src/manifest/index.ts';
import type { Cluster, Pod } from '../src/model/index.ts';
import { compile } from '../src/policy/index.ts';
import type { CompiledPolicy } from '../src/policy/index.ts';
import { readableMap, resolveEnd, streamedMap } from '../src/reach/index.ts';
import type { Level, MapConnection, MapQuery } from '../src/reach/index.ts';
import { streamList, streamMap, streamOverview } from '../src/render/index.ts';
import { timed } from './clock.ts';
import type { Cost } from './clock.ts';
import { objectsNamed } from './input.ts';
import type { Equality } from './verify.ts';

/** Levels of a map, as `--level` takes them. */
export const focusLevels = ['namespace', 'workload', 'label=version', 'pod'] as const;

/** What a map is focused on: a workload in both directions, a namespace of usual size, the largest one. */
export const foci = ['workload', 'namespace', 'large namespace'] as const;

/** What one process measured. */
export interface MeasuredFocus {
  /** From the words of the question to the whole text of the table. */
  readonly table: Cost;
  /** The same question again, as JSON: to its first piece, and to the end, or to `mostCharacters`. */
  readonly firstJson: Cost;
  readonly json: Cost;
  readonly compile: Cost;
  /** How long the table is, and the JSON. */
  readonly characters: number;
  readonly jsonCharacters: number;
  readonly equal: Equality | undefined;
}

/** Of a map of gigabytes no more is written: 150,000 pods have billions of pairs. */
const mostCharacters = 1e8;

/** More connections than these are told in lines that stand for many, as the command line does. */
const mostInTable = 200_000;
const look = { width: 120, color: false, headers: true, focused: true } as const;

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { verify: { type: 'boolean', default: false } },
  });
  const [size = '', level = '', focus = ''] = positionals;
  console.log(JSON.stringify(measure(size, level, focus, values.verify)));
}

function measure(size: string, level: string, focus: string, verify: boolean): MeasuredFocus {
  const { cluster, diagnostics } = readObjects(objectsNamed(size)());
  const wrong = diagnostics.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw new Error(`the generator made a mistake: ${wrong.message}`);
  // What a question is about is chosen from objects, which are made for that: it is not what is measured.
  const { namespace, workload } = chosen(cluster, focus === 'large namespace');
  globalThis.gc?.();
  const [compileCost, policy] = timed(() => compile(cluster));
  const asked = (): MapQuery => {
    const of = { level: levelOf(level) };
    if (focus !== 'workload') return { ...of, namespace };
    const end = resolveEnd(cluster, workload);
    if (end.kind === 'problem') throw new Error(end.message);
    return { ...of, peer: [end] };
  };
  const [table, text] = timed(() => tableOf(policy, asked()));
  const pieces: string[] = [];
  const list = streamList(streamedMap(policy, asked()), 'json', look)[Symbol.iterator]();
  const [first] = timed(() => pieces.push(list.next().value as string));
  const [rest, length] = timed(() => {
    let characters = pieces[0]!.length;
    for (let piece = list.next(); piece.done !== true; piece = list.next()) {
      characters += piece.value.length;
      if (characters > mostCharacters) break;
    }
    return characters;
  });
  return {
    table,
    firstJson: first,
    json: { wallMs: first.wallMs + rest.wallMs, cpuMs: first.cpuMs + rest.cpuMs },
    compile: compileCost,
    characters: text.length,
    jsonCharacters: length,
    equal: verify
      ? partOfWhole(policy, asked(), (pod) =>
          focus === 'workload' ? pod.workload === workload : pod.namespace === namespace,
        )
      : undefined,
  };
}

function levelOf(text: string): Level {
  switch (text) {
    case 'namespace':
    case 'workload':
    case 'pod':
      return { kind: text };
    default:
      return { kind: 'label', key: text.slice('label='.length) };
  }
}

/** A tenant of usual size, or the largest, and a workload of it that has several pods. */
function chosen(
  cluster: Cluster,
  isLarge: boolean,
): { readonly namespace: string; readonly workload: string } {
  const sizes = new Map<string, number>();
  for (const { namespace } of cluster.pods) sizes.set(namespace, (sizes.get(namespace) ?? 0) + 1);
  const bySize = [...sizes].sort(([, a], [, b]) => b - a);
  const namespace = bySize[isLarge ? 0 : bySize.length >> 1]![0];
  const own = cluster.workloads.filter((each) => each.namespace === namespace);
  return { namespace, workload: (own.find(({ pods }) => pods.length > 1) ?? own[0]!).id };
}

function tableOf(policy: CompiledPolicy, query: MapQuery): string {
  const answer = readableMap(policy, query, mostInTable);
  const lines =
    answer.kind === 'overview' ? streamOverview(answer.overview, look) : streamMap(answer.map, 'table', look);
  return [...lines].join('');
}

/** Whether a focused map lists what the whole one does of the peers that hold the pods asked about, in the same words and order. */
function partOfWhole(policy: CompiledPolicy, query: MapQuery, isAsked: (pod: Pod) => boolean): Equality {
  const { level } = query;
  const ids = new Set<string>();
  for (const pod of policy.cluster.pods) {
    if (!isAsked(pod)) continue;
    if (level.kind === 'label') ids.add(`${level.key}=${pod.labels.get(level.key) ?? ''}`);
    else ids.add(level.kind === 'pod' ? pod.id : level.kind === 'workload' ? pod.workload : pod.namespace);
  }
  const focused = streamedMap(policy, query).document.connections[Symbol.iterator]();
  const text = (connection: MapConnection): string => JSON.stringify(connection);
  let equal = true;
  let connections = 0;
  for (const connection of streamedMap(policy, { level }).document.connections) {
    if (!ids.has(connection.from) && !ids.has(connection.to)) continue;
    connections++;
    const next = focused.next();
    if (next.done === true || text(next.value) !== text(connection)) equal = false;
  }
  if (focused.next().done !== true) equal = false;
  return { equal, text: `${connections} connections, as the whole map has them` };
}
