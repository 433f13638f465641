import type { MapView } from './map-lines.ts';
import { count, listed, number, visible } from './text.ts';

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
