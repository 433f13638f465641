import { unreachable } from '../errors.ts';
import type { Explanation, Verdict } from '../reach/index.ts';
import { nearestOf, placeOf } from './explanation-quotes.ts';
import { briefId } from './names.ts';
import { cut, displayWidth, pad, shorten, visible } from './text.ts';
import type { Look } from './text.ts';

/** How a verdict is written: as a sign, as a word, in a colour. */
export function signOf(
  verdict: Verdict,
  look: Look,
): { readonly text: string; readonly word: string; readonly paint: (text: string) => string } {
  switch (verdict) {
    case 'allowed':
      return { text: look.signs.yes, word: 'yes', paint: look.good };
    case 'denied':
      return { text: look.signs.no, word: 'no', paint: look.bad };
    case 'partly':
      return { text: '~', word: 'partly', paint: look.doubtful };
    case 'unknown':
      return { text: look.signs.unknown, word: 'unknown', paint: look.doubtful };
    case 'ambiguous':
      return { text: look.signs.unknown, word: 'ambiguous', paint: look.doubtful };
    default:
      return unreachable(verdict);
  }
}

/** The one line that answers `can`. */
export function verdictLine(explanation: Explanation, look: Look): string {
  const sign = signOf(explanation.verdict, look);
  const word = pad(sign.word, 3);
  const from = briefId(explanation.from);
  const to = briefId(explanation.to ?? '');
  const port = explanation.port === undefined ? '' : ` ${visible(explanation.port)}`;
  const signs = ` ${look.signs.arrow} `;
  const fixed = displayWidth(`${word}  ${signs}${port}`);
  const room = look.width - fixed - displayWidth(from) - displayWidth(to);
  // The reason gives way before the names do: the sentence of `explain` says it at length.
  const reasons = verdictReasons(explanation, room - 5, look).map((text) => `   (${text})`);
  const kept = reasons.find((text) => displayWidth(text) <= room) ?? '';
  const left = look.width - fixed - displayWidth(kept);
  const [a, b] =
    displayWidth(from) + displayWidth(to) <= left
      ? [from, to]
      : shortenedPair(from, to, Math.max(8, left), look);
  return `${sign.paint(word)}  ${a}${signs}${b}${port}${kept === '' ? '' : look.quiet(kept)}`;
}

function shortenedPair(from: string, to: string, room: number, look: Look): readonly [string, string] {
  const half = Math.floor(room / 2);
  if (displayWidth(from) <= half) return [from, shorten(to, room - displayWidth(from), look.signs)];
  if (displayWidth(to) <= half) return [shorten(from, room - displayWidth(to), look.signs), to];
  return [shorten(from, half, look.signs), shorten(to, room - half, look.signs)];
}

/** Whether the asked port, a name, is declared by nobody: then no policy is the reason. */
export function isNowhere({ testedPort }: Explanation): boolean {
  return testedPort === 'no port'; // the words of the reach layer for the empty set
}

/** A sentence is cut to no fewer columns than these. */
const leastReason = 24;

/** The reason that the sentence gives behind its colon, else the first note. */
function toldReason({ sentence, notes }: Explanation): string | undefined {
  const colon = sentence.indexOf(': ');
  const reason = colon < 0 ? notes[0] : sentence.slice(colon + 2);
  return reason === undefined ? undefined : visible(reason);
}

/** The policies that decided, or what is missing, in few words with a place: the longest text first. */
function verdictReasons(explanation: Explanation, room: number, look: Look): readonly string[] {
  const { egress, ingress, verdict } = explanation;
  const sides = [egress, ingress];
  if (verdict === 'allowed') {
    const admitting = sides.flatMap(({ policies }) =>
      policies.filter(({ effect }) => effect === 'admits').slice(0, 1),
    );
    const accepting = sides.flatMap(({ tiers }) =>
      tiers.filter(({ effect }) => effect === 'accepts').slice(0, 1),
    );
    if (admitting.length === 0 && accepting.length > 0) {
      const places = accepting.map(({ place }) => `${visible(place.file)}:${place.line}`);
      const names = accepting.map(({ policy }) => visible(policy.name));
      return [
        names.map((name, i) => `${name}, ${places[i]}`).join('; '),
        places.join(', '),
        names.join(', '),
      ];
    }
    if (admitting.length > 0) {
      return [
        admitting.map((check) => `${visible(check.policy.name)}, ${placeOf(check)}`).join('; '),
        admitting.map(placeOf).join(', '),
        admitting.map((check) => visible(check.policy.name)).join(', '),
      ];
    }
    // Where one end is none that policies apply to, the other decides.
    const open = sides.filter((side) => side.exempt === undefined && !side.isolated);
    const [only] = open;
    if (open.length > 1) return ['no policy isolates either end'];
    if (only !== undefined) return [`no policy isolates the ${only.direction} of ${visible(only.subject)}`];
    // Where the pair is exempt, both sides say the same (corners 41 and 42).
    const exempt = new Set(sides.flatMap((side) => side.exempt ?? []));
    const [reason = ''] = exempt;
    return [exempt.size > 1 ? 'no policy applies to either end' : visible(reason)];
  }
  const closed = sides.find(({ state }) => state === 'closed') ?? sides.find(({ state }) => state !== 'open');
  // An entrance that does not lead there: no policy is the reason.
  if (explanation.entrance !== undefined && closed?.exempt !== undefined) {
    const [brief = ''] = closed.exempt.split(',');
    return [closed.exempt, brief].map(visible);
  }
  // All that disagree, or the one that denies.
  const open = closed?.tiers.filter(({ ambiguous }) => ambiguous === true) ?? [];
  const tiers =
    open.length > 0 ? open : closed?.tiers.filter(({ effect }) => effect === 'denies').slice(0, 1);
  if (closed !== undefined && tiers !== undefined && tiers.length > 0) {
    const named = tiers.map(({ policy }) => visible(policy.name));
    const placed = tiers.map(
      ({ policy, place }) => `${visible(policy.name)}, ${visible(place.file)}:${place.line}`,
    );
    const what = `${closed.direction} ${closed.state}`;
    const places = tiers.map(({ place }) => `${visible(place.file)}:${place.line}`).join(', ');
    const all = placed.join('; ');
    return [`${what}: ${all}`, all, tiers.length > 1 ? named.join(', ') : places];
  }
  const told = toldReason(explanation);
  // No policy decided: what did, only the sentence says.
  const untold =
    told === undefined ? [] : [told, ...(room < leastReason ? [] : [cut(told, room, look.signs)])];
  if (closed === undefined || isNowhere(explanation)) return untold;
  const failing = closed.policies.filter(({ effect }) => effect !== 'admits');
  const first = [...nearestOf(failing)][0] ?? failing[0];
  const what = `${closed.direction} ${closed.state}`;
  if (first === undefined) return [...untold, what];
  const policy = `${visible(first.policy.name)}, ${placeOf(first)}`;
  return [`${what}: ${policy}`, policy, placeOf(first), what];
}
