import type { MapAnswer, MapPeer } from '../reach/index.ts';
import { portsOf, viewOf, type MapView } from './map-lines.ts';
import { partsOf } from './names.ts';
import { visible } from './text.ts';

/** A peer as a node of a drawing: its id there is a number, so no name can break out of it. */
interface Drawn {
  readonly node: string;
  readonly label: string;
  readonly peer: MapPeer;
}

function drawn(view: MapView): {
  readonly groups: ReadonlyMap<string | undefined, readonly Drawn[]>;
  readonly nodes: ReadonlyMap<string, string>;
} {
  const groups = new Map<string | undefined, Drawn[]>();
  const nodes = new Map<string, string>();
  for (const [i, peer] of view.peers.entries()) {
    // A namespace as a peer is a node, not a frame around itself.
    const parts = peer.kind === 'workload' || peer.kind === 'pod' ? partsOf(peer.id) : undefined;
    const name = view.names.operand(peer.id);
    const own: Drawn = {
      node: `n${i}`,
      label: labelOf(view, peer, parts === undefined ? undefined : name.slice(name.indexOf('/') + 1)),
      peer,
    };
    nodes.set(peer.id, own.node);
    const group = groups.get(parts?.namespace);
    if (group === undefined) groups.set(parts?.namespace, [own]);
    else group.push(own);
  }
  return { groups, nodes };
}

function labelOf(view: MapView, peer: MapPeer, bare: string | undefined): string {
  const name = bare === undefined ? view.names.short(peer.id) : visible(bare);
  return peer.hostNetwork === true ? `${name} (host network)` : name;
}

/** A map as a Graphviz graph: namespaces are clusters, edges carry their ports. */
export function* dotOf(answer: MapAnswer): Generator<string, void> {
  const view = viewOf(answer);
  const { groups, nodes } = drawn(view);
  yield 'digraph podwall {\n';
  yield '  rankdir=LR;\n  node [shape=box, style=rounded, fontname="sans-serif"];\n';
  yield '  edge [fontname="sans-serif", fontsize=10];\n';
  let cluster = 0;
  for (const [namespace, members] of groups) {
    const indent = namespace === undefined ? '  ' : '    ';
    if (namespace !== undefined)
      yield `  subgraph cluster_${cluster++} {\n    label=${dotString(namespace)};\n`;
    for (const { node, label, peer } of members) {
      const shape = peer.kind === 'ip' ? ', shape=ellipse' : '';
      yield `${indent}${node} [label=${dotString(label)}${shape}];\n`;
    }
    if (namespace !== undefined) yield '  }\n';
  }
  for (const connection of answer.document.connections) {
    const from = nodes.get(connection.from);
    const to = nodes.get(connection.to);
    if (from === undefined || to === undefined) continue;
    const style =
      connection.ambiguous === true ? ', style=dotted' : connection.partial === true ? ', style=dashed' : '';
    yield `  ${from} -> ${to} [label=${dotString(portsOf(connection))}${style}];\n`;
  }
  yield '}\n';
}

function dotString(text: string): string {
  // In labels Graphviz reads `\N`, `\l` and entities such as `&amp;` besides quotes.
  const safe = visible(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;');
  return `"${safe}"`;
}

/** A map as a Mermaid flowchart, as GitHub draws it in Markdown. */
export function* mermaidOf(answer: MapAnswer): Generator<string, void> {
  const view = viewOf(answer);
  const { groups, nodes } = drawn(view);
  yield 'flowchart LR\n';
  if (answer.document.connections.length > mostMermaidEdges) {
    yield `  %% ${answer.document.connections.length} edges: Mermaid draws ${mostMermaidEdges} unless maxEdges is raised; --level namespace has fewer\n`;
  }
  let cluster = 0;
  for (const [namespace, members] of groups) {
    const indent = namespace === undefined ? '  ' : '    ';
    if (namespace !== undefined) yield `  subgraph s${cluster++}[${mermaidString(namespace)}]\n`;
    for (const { node, label, peer } of members) {
      const text = mermaidString(label);
      yield `${indent}${node}${peer.kind === 'ip' ? `([${text}])` : `[${text}]`}\n`;
    }
    if (namespace !== undefined) yield '  end\n';
  }
  for (const connection of answer.document.connections) {
    const from = nodes.get(connection.from);
    const to = nodes.get(connection.to);
    if (from === undefined || to === undefined) continue;
    const arrow = connection.partial === true || connection.ambiguous === true ? '-.->' : '-->';
    yield `  ${from} ${arrow}|${mermaidString(portsOf(connection))}| ${to}\n`;
  }
}

/** https://mermaid.js.org/config/schema-docs/config.html#maxedges */
const mostMermaidEdges = 500;

function mermaidString(text: string): string {
  // Mermaid has no escapes but its own entities, and reads Markdown in backticks and HTML in labels.
  const safe = visible(text).replace(
    /[^\p{L}\p{N} ./:=,+()_-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  );
  return `"${safe}"`;
}
