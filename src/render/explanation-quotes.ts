import type { Direction, Place } from '../model/index.ts';
import type { LabelCheck, PolicyCheck, PortCheck, RuleCheck } from '../reach/index.ts';
import { briefId } from './names.ts';
import type { QuotedLine } from './quote.ts';
import { count, displayWidth, pad, visible, wrap } from './text.ts';
import type { Look } from './text.ts';

/** Where a policy decided, with the column where the line alone does not tell. */
export function placeOf({ place, policy }: PolicyCheck): string {
  const text = `${visible(place.file)}:${place.line}`;
  return canQuote(policy, place) ? text : `${text}:${place.column}`;
}

/** Whether the lines around a place can be shown; JSON on one line cannot, and only a column tells where in it. */
export function canQuote({ origin }: PolicyCheck['policy'], { line }: Place): boolean {
  return origin.lines(line, line) !== undefined;
}

/** Where places begin, so that they stand below each other. */
const placeColumn = 64;

/** A line that ends in a place; places stay whole, so that terminals can make them clickable, if need be on their own line. */
export function* withPlace(head: string, text: string, place: string, look: Look): Generator<string, void> {
  const start = displayWidth(head);
  const column =
    look.width === Infinity ? placeColumn : Math.min(placeColumn, look.width - displayWidth(place));
  const used = start + displayWidth(text);
  if (used + 2 <= column) {
    yield `${pad(head + text, column)}${look.quiet(place)}`;
  } else if (used + 2 + displayWidth(place) <= look.width) {
    yield `${head}${text}  ${look.quiet(place)}`;
  } else {
    yield* wrap(text, look, head, ' '.repeat(Math.min(start, Math.floor(look.width / 2))));
    yield ' '.repeat(Math.max(2, Math.min(start, look.width - displayWidth(place)))) + look.quiet(place);
  }
}

/** Entries that are named instead of quoted, of one policy. */
const mostNamed = 6;

/** What fails, entry by entry with its place, where the text of the manifest cannot be shown. */
export function* unquotedLines(
  check: PolicyCheck,
  direction: Direction,
  other: string,
  asked: string | undefined,
  look: Look,
): Generator<string, void> {
  const entries: { readonly name: string; readonly why: string; readonly place: Place }[] = [];
  for (const rule of quotedRules(check, other)) {
    const of = `${direction} rule ${rule.rule + 1}`;
    for (const { peer, matches, labels, reason, place } of rule.peers) {
      if (peer === undefined || matches === true) continue;
      const failing = labels.filter(({ holds }) => holds !== true);
      const why =
        failing.length > 0
          ? failing.map((label) => labelNote(label, briefName(other))).join('; ')
          : visible(reason ?? 'does not match');
      entries.push({ name: `${of}, peer ${peer + 1}`, why, place });
    }
    for (const port of rule.ports) {
      if (port.port === undefined || port.matches !== false) continue;
      entries.push({ name: `${of}, port ${port.port + 1}`, why: portNote(port, asked), place: port.place });
    }
  }
  for (const { name, why, place } of entries.slice(0, mostNamed)) {
    yield* withPlace(
      '      ',
      `${name}: ${why}`,
      `${visible(place.file)}:${place.line}:${place.column}`,
      look,
    );
  }
  const more = entries.length - mostNamed;
  if (more > 0) yield look.quiet(`      ${look.signs.ellipsis} ${count(more, 'more entry', 'more entries')}`);
}

/** The rules worth quoting: those that miss least, in their order; for one end the first few. */
export function quotedRules(check: PolicyCheck, other: string | undefined): readonly RuleCheck[] {
  if (other === undefined) return check.rules.slice(0, 3);
  const candidates = check.rules.filter(({ admits }) => admits !== true || check.effect !== 'admits');
  const best = candidates.toSorted((a, b) => missesOf(a) - missesOf(b)).slice(0, 2);
  return best.sort((a, b) => a.rule - b.rule);
}

/** Policies quoted on one side. */
const mostQuotedPolicies = 2;

/** Of the policies that do not admit, those whose best rule misses least: the others are not what the reader looks for. */
export function nearestOf(checks: readonly PolicyCheck[]): ReadonlySet<PolicyCheck> {
  const misses = checks
    .filter(({ effect, rules }) => effect !== 'admits' && rules.length > 0)
    .map((check) => ({ check, distance: Math.min(...check.rules.map(missesOf)) }));
  const least = Math.min(...misses.map(({ distance }) => distance));
  return new Set(
    misses
      .filter(({ distance }) => distance === least)
      .slice(0, mostQuotedPolicies)
      .map(({ check }) => check),
  );
}

/** How far a rule is from admitting: the peer that fails least, and the port entry that fails least. */
function missesOf(rule: RuleCheck): number {
  let peer = rule.peers.length === 0 ? 0 : Infinity;
  for (const check of rule.peers) {
    const failing = check.labels.filter(({ holds }) => holds !== true).length;
    const own = check.matches === true ? 0 : Math.max(1, failing);
    // A selector that looks in another namespace is further off than one whose label differs.
    peer = Math.min(peer, own + (check.namespaceMatches === false ? 1 : 0));
  }
  const port = rule.ports.length === 0 || rule.ports.some(({ matches }) => matches !== false) ? 0 : 1;
  return peer + port;
}

/** Lines of the rules worth quoting, each with what it says about the other end. */
export function quotedOf(
  check: PolicyCheck,
  other: string | undefined,
  asked: string | undefined,
  most: number,
): readonly QuotedLine[] {
  const rules = quotedRules(check, other);
  const quoted = new Map<number, QuotedLine>();
  const notes = other === undefined ? new Map<number, string[]>() : notesOf(rules, briefName(other), asked);
  const { origin } = check.policy;
  for (const rule of rules) {
    if (rule.endLine === undefined) continue;
    const start = isFirstRule(rule) ? rule.place.line - 1 : rule.place.line;
    const lines = origin.lines(Math.max(1, start), Math.max(rule.place.line, rule.endLine));
    if (lines === undefined) continue;
    for (const [i, text] of lines.entries()) {
      const line = Math.max(1, start) + i;
      if (text.trim() === '' || isAbove(text, line, rule)) continue;
      quoted.set(line, { line, text, notes: notes.get(line) ?? [] });
    }
  }
  const all = [...quoted.values()].sort((a, b) => a.line - b.line).map(movedToPort);
  return all.length <= most ? all : abridged(all, most);
}

function isFirstRule(rule: RuleCheck): boolean {
  return rule.rule === 0;
}

/** An entry's note stands beside its port where the entry begins with its protocol: the port is what people look for. */
function movedToPort(line: QuotedLine, i: number, lines: readonly QuotedLine[]): QuotedLine {
  const above = lines[i - 1];
  const below = lines[i + 1];
  if (above !== undefined && startsWithProtocol(above, line)) {
    return { ...line, notes: [...above.notes, ...line.notes] };
  }
  return below !== undefined && startsWithProtocol(line, below) ? { ...line, notes: [] } : line;
}

function startsWithProtocol(line: QuotedLine, next: QuotedLine): boolean {
  return (
    /^\s*-\s+protocol\s*:/.test(line.text) && /^\s+port\s*:/.test(next.text) && next.line === line.line + 1
  );
}

/** The line above the first rule is quoted only when it is the field that holds the rules. */
function isAbove(text: string, line: number, rule: RuleCheck): boolean {
  return line < rule.place.line && !/^\s*(?:- )?(?:ingress|egress)\s*:/.test(text);
}

/** Keeps lines with notes and their neighbours first, then fills up from the top. */
function abridged(lines: readonly QuotedLine[], most: number): readonly QuotedLine[] {
  const kept = new Set<number>();
  const keep = (i: number): void => {
    if (i >= 0 && i < lines.length && kept.size < most) kept.add(i);
  };
  const noted = lines.flatMap(({ notes }, i) => (notes.length > 0 ? [i] : []));
  for (const i of noted) keep(i);
  for (const i of noted) {
    keep(i - 1);
    keep(i - 2);
  }
  for (let i = 0; i < lines.length; i++) keep(i);
  return lines.filter((_, i) => kept.has(i));
}

/** What stands beside the lines of rules: does a requirement hold, and what is there instead. */
function notesOf(
  rules: readonly RuleCheck[],
  other: string,
  asked: string | undefined,
): Map<number, string[]> {
  const notes = new Map<number, string[]>();
  const note = (line: number, text: string): void => {
    const known = notes.get(line);
    if (known === undefined) notes.set(line, [text]);
    else if (!known.includes(text)) known.push(text);
  };
  for (const rule of rules) {
    for (const peer of rule.peers) {
      const isExplained = peer.labels.some(({ holds }) => holds !== true);
      for (const label of peer.labels) note(label.place.line, labelNote(label, other));
      if (isExplained && peer.namespaceMatches !== false) continue;
      if (peer.matches === true) {
        if (peer.labels.length === 0) note(peer.place.line, 'matches');
      } else if (
        peer.reason !== undefined &&
        !(isExplained && peer.labels.some(({ of }) => of === 'namespace'))
      ) {
        note(peer.place.line, visible(peer.reason));
      }
    }
    for (const port of rule.ports) {
      if (port.port === undefined || port.matches === 'none') continue;
      if (port.matches === true) note(port.place.line, 'matches');
      else if (port.matches === 'some') note(port.place.line, 'matches in part');
      else note(port.place.line, portNote(port, asked));
    }
  }
  return notes;
}

function portNote({ reason }: PortCheck, asked: string | undefined): string {
  if (reason !== undefined) return visible(reason);
  return asked === undefined ? 'does not match' : `does not match ${visible(asked)}`;
}

function labelNote(label: LabelCheck, other: string): string {
  if (label.holds === true) return 'matches';
  const whose = label.of === 'pod' ? other : 'its namespace';
  if (label.holds === 'unknown') return `cannot be told for ${whose}`;
  if (label.has === undefined) return `${whose} has no label ${visible(label.key)}`;
  return `${whose} has ${visible(label.key)}=${visible(label.has)}`;
}

/** `app/frontend` as `frontend`; addresses as they are. */
function briefName(end: string): string {
  const name = briefId(end);
  if (/^[0-9a-f.:]+(?:\/\d+)?$/i.test(name)) return name;
  return name.slice(name.lastIndexOf('/') + 1) || name;
}
