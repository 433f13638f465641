import type { Exposure, ExposureAnswer } from '../exposure/index.ts';
import { coverageText, narrowedTexts, peerText, usableText } from './exposure-words.ts';
import { briefId } from './names.ts';

/** An exposure as two tables for Markdown. */
export function* exposureMarkdown({ document }: ExposureAnswer): Generator<string, void> {
  yield `${upper(coverageText(document.coverage))}.`;
  // Whom workloads let in stands first: what they could reach is mostly much wider, and would bury it.
  for (const direction of ['ingress', 'egress'] as const) {
    const own = document.exposures.filter((exposure) => exposure.direction === direction);
    if (own.length === 0) continue;
    yield '';
    yield direction === 'ingress' ? '**Who could reach them**' : '**Whom they could reach**';
    yield '';
    yield '| Workloads | Peer | Ports | Less |';
    yield '| --- | --- | --- | --- |';
    for (const { workloads: ids, peers } of own) {
      const workloads = ids.map((id) => escaped(briefId(id))).join('<br>');
      const row = (peer: string, ports: string, less: string): string =>
        `| ${workloads} | ${escaped(peer)} | ${escaped(ports)} | ${escaped(less)} |`;
      if (peers.length === 0) yield row('nobody', 'none', '');
      for (const peer of peers) {
        yield row(peerText(peer), usableText(peer), narrowedTexts(peer, direction).join('; '));
      }
    }
  }
  for (const text of document.undecided) yield* ['', `${upper(text)}.`];
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function escaped(text: string): string {
  return text.replace(/[\\|`*_<>[\]&]/g, (character) =>
    character === '<' ? '&lt;' : character === '&' ? '&amp;' : `\\${character}`,
  );
}

/** An exposure as a graph for Graphviz: peers beside the workloads that they could reach, or that could reach them. */
export function* exposureDot({ document }: ExposureAnswer): Generator<string, void> {
  yield 'digraph exposure {';
  yield '  rankdir=LR;';
  yield '  node [shape=box, fontname="sans-serif"];';
  const peers = new Map<string, string>();
  const workloads = new Map<string, string>();
  const lines: string[] = [];
  for (const exposure of document.exposures) {
    const own = workloadsNode(exposure, workloads);
    for (const peer of exposure.peers) {
      const text = peerText(peer);
      let id = peers.get(text);
      if (id === undefined) peers.set(text, (id = `peer${peers.size}`));
      const isNarrowed = narrowedTexts(peer, exposure.direction).length > 0;
      const style = peer.ambiguous === true ? ', style=dotted' : isNarrowed ? ', style=dashed' : '';
      const [from, to] = exposure.direction === 'ingress' ? [id, own] : [own, id];
      lines.push(`  ${from} -> ${to} [label=${quoted(usableText(peer))}${style}];`);
    }
  }
  for (const [text, id] of peers) yield `  ${id} [label=${quoted(text)}, style="rounded,dashed"];`;
  for (const [text, id] of workloads) yield `  ${id} [label=${quoted(text)}];`;
  yield* lines;
  yield '}';
}

/** Workloads that are alike are one node. */
function workloadsNode({ workloads: ids }: Exposure, known: Map<string, string>): string {
  const shown = ids.slice(0, mostInNode).map(briefId);
  const text = [...shown, ...(ids.length > mostInNode ? [`and ${ids.length - mostInNode} more`] : [])].join(
    '\n',
  );
  let id = known.get(text);
  if (id === undefined) known.set(text, (id = `workloads${known.size}`));
  return id;
}

const mostInNode = 8;

/** A string of DOT. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`;
}
