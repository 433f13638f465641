import type { EntranceBackend, EntranceExplanation, Verdict } from '../reach/index.ts';
import type { MapView } from './map-lines.ts';
import { allowedDocument } from './document.ts';
import { briefId, briefPeer } from './names.ts';
import { portsText } from './ports.ts';
import { tableLines } from './table.ts';
import { count, listed, number, visible } from './text.ts';
import type { Look } from './text.ts';

/** Up to so many entrances are named. */
const mostNamed = 3;

/** That the policies close entrances: nobody outside gets any further, and it is seldom meant. */
export function entranceSentences({ answer }: MapView): readonly string[] {
  const { closedEntrances } = answer.summary;
  if (closedEntrances.length === 0) return [];
  const all = answer.document.peers.filter(({ kind }) => kind === 'entry').length;
  const names = closedEntrances.map(visible);
  const who =
    names.length <= mostNamed ? listed(names) : `${number(names.length)} of ${count(all, 'entrance')}`;
  const verb = names.length === 1 ? 'leads to pods that its' : 'lead to pods that their';
  return [`Closed entrances: ${who} ${verb} requests may not reach.`];
}

/** Rows of one part of an explained entrance. */
const mostRows = 12;

/** Where an entrance leads, and who gets there around it, as two tables. */
export function* entranceTables(entrance: EntranceExplanation, look: Look): Generator<string, void> {
  const { backends, around } = entrance;
  if (backends.length > 0) {
    yield '';
    yield* rowsOf(
      ['THROUGH IT', 'SERVICE', 'LEADS TO', ''],
      backends.map((backend) => [
        requestOf(backend),
        `${visible(backend.service)}:${backend.port}`,
        `${briefId(backend.to)} ${portsText(backend.allowed)}`,
        stateOf(backend.verdict),
      ]),
      look,
    );
  }
  if (around === undefined || backends.length === 0) return;
  yield '';
  if (around.length === 0) {
    yield '  Nobody reaches these ports around it.';
    return;
  }
  yield* rowsOf(
    ['AROUND IT', 'TO', 'PORTS'],
    around.map(({ from, to, allowed, family, partial, ambiguous }) => [
      briefPeer(from),
      briefId(to),
      [
        portsText(allowed),
        family === undefined ? '' : `${family} only`,
        partial === true ? 'partly' : '',
        ambiguous === true ? 'ambiguous' : '',
      ]
        .filter((part) => part !== '')
        .join(', '),
    ]),
    look,
  );
}

function* rowsOf(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  look: Look,
): Generator<string, void> {
  const shown = rows.length <= mostRows + 1 ? rows : rows.slice(0, mostRows);
  for (const line of tableLines(
    titles.map((title) => ({ title })),
    shown,
    look,
  ))
    yield `  ${line}`;
  if (shown.length < rows.length)
    yield look.quiet(
      `  ${look.signs.ellipsis} ${number(rows.length - shown.length)} more: -o json lists all`,
    );
}

/** What a request asks for: `https://bank.example.com/`. */
function requestOf({ hosts, paths, tls }: EntranceBackend): string {
  const host =
    hosts.length === 0 ? 'every host' : hosts.length > 2 ? `${hosts[0]} +${hosts.length - 1}` : listed(hosts);
  const path =
    paths.length === 0 ? '' : paths.length > 2 ? ` ${paths[0]} +${paths.length - 1}` : ` ${paths.join(', ')}`;
  const how = {
    none: '',
    terminate: ', TLS',
    reencrypt: ', TLS up to the pod',
    passthrough: ', TLS of the pod',
  };
  return visible(`${host}${path}${how[tls]}`);
}

function stateOf(verdict: Verdict): string {
  switch (verdict) {
    case 'allowed':
      return 'open';
    case 'denied':
      return 'closed';
    default:
      return verdict;
  }
}

/** The same as part of a document. */
export function entranceDocument({ id, backends, around }: EntranceExplanation): unknown {
  return {
    id,
    backends: backends.map(({ hosts, paths, tls, service, port, to, allowed, verdict }) => ({
      hosts,
      paths,
      tls,
      service,
      port,
      to,
      allowed: allowedDocument(allowed),
      verdict,
    })),
    around: around?.map(({ from, to, allowed, family, partial, ambiguous }) => ({
      from,
      to,
      allowed: allowedDocument(allowed),
      family,
      partial,
      ambiguous,
    })),
  };
}
