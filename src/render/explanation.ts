import { unreachable } from '../errors.ts';
import type { Direction, Place } from '../model/index.ts';
import type {
  Explanation,
  LabelCheck,
  NearMiss,
  PolicyCheck,
  PortCheck,
  RuleCheck,
  SideExplanation,
  Verdict,
} from '../reach/index.ts';
import { allowedPorts, apiVersion } from '../reach/index.ts';
import {
  allowedDocument,
  diagnosticDocument,
  jsonOf,
  notModelledDocument,
  yamlOf,
  type Field,
} from './document.ts';
import { entranceDocument, entranceTables } from './entrances.ts';
import { briefId, briefPeer } from './names.ts';
import { notModelledSentences } from './not-modelled.ts';
import { portsText } from './ports.ts';
import { quoteLines, type QuotedLine } from './quote.ts';
import {
  count,
  cut,
  displayWidth,
  lookOf,
  pad,
  reminder,
  shorten,
  visible,
  wrap,
  type Look,
  type RenderOptions,
} from './text.ts';

/** The formats of `explain -o` and `can -o`. */
export type ExplanationFormat = 'text' | 'json' | 'yaml';

/** The answer to `explain`: verdict, walk, nearest changes. The text ends in a line end. */
export function renderExplanation(
  explanation: Explanation,
  format: ExplanationFormat,
  options: RenderOptions,
): string {
  return inFormat(format, explanationFields, explanation, () =>
    [...explanationLines(explanation, options, lookOf(options))].map((line) => `${line}\n`).join(''),
  );
}

/** The answer to `can`: one line, or the document of `explain` without the walk. The text ends in a line end. */
export function renderVerdict(
  explanation: Explanation,
  format: ExplanationFormat,
  options: RenderOptions,
): string {
  return inFormat(format, verdictFields, explanation, () => `${verdictLine(explanation, lookOf(options))}\n`);
}

/** An answer as text, or as a document of its fields. */
function inFormat(
  format: ExplanationFormat,
  fieldsOf: (explanation: Explanation) => readonly Field[],
  explanation: Explanation,
  text: () => string,
): string {
  switch (format) {
    case 'json':
      return [...jsonOf(fieldsOf(explanation))].join('');
    case 'yaml':
      return [...yamlOf(fieldsOf(explanation))].join('');
    case 'text':
      return text();
    default:
      return unreachable(format);
  }
}

function verdictFields(explanation: Explanation): readonly Field[] {
  return [...headFields(explanation), ...tailFields(explanation)];
}

function explanationFields(explanation: Explanation): readonly Field[] {
  const sideOf = explanation.to === undefined ? lonelySideDocument : sideDocument;
  return [
    ...headFields(explanation),
    { name: 'egress', value: sideOf(explanation.egress) },
    { name: 'ingress', value: sideOf(explanation.ingress) },
    { name: 'nearest', value: explanation.nearest.map(nearMissDocument) },
    ...(explanation.entrance === undefined
      ? []
      : [{ name: 'entrance', value: entranceDocument(explanation.entrance) }]),
    ...tailFields(explanation),
  ];
}

function headFields(explanation: Explanation): readonly Field[] {
  const { byFamily } = explanation;
  // Of one end there is no connection to judge.
  const isPair = explanation.to !== undefined;
  return [
    { name: 'apiVersion', value: apiVersion },
    { name: 'kind', value: 'Explanation' },
    { name: 'profile', value: explanation.profile },
    { name: 'from', value: explanation.from },
    { name: 'to', value: explanation.to },
    { name: 'port', value: explanation.port },
    { name: 'verdict', value: isPair ? explanation.verdict : undefined },
    { name: 'sentence', value: explanation.sentence },
    { name: 'allowed', value: isPair ? allowedDocument(allowedPorts(explanation.allowed)) : undefined },
    { name: 'allowedByFamily', value: byFamily === undefined ? undefined : byFamilyDocument(byFamily) },
  ];
}

function byFamilyDocument({ IPv4, IPv6 }: NonNullable<Explanation['byFamily']>): unknown {
  return {
    IPv4: IPv4 === undefined ? undefined : allowedDocument(allowedPorts(IPv4)),
    IPv6: IPv6 === undefined ? undefined : allowedDocument(allowedPorts(IPv6)),
  };
}

function tailFields(explanation: Explanation): readonly Field[] {
  return [
    { name: 'notes', items: explanation.notes },
    { name: 'notModelled', items: explanation.notModelled.map(notModelledDocument) },
    { name: 'diagnostics', items: explanation.diagnostics.map(diagnosticDocument) },
  ];
}

function sideDocument(side: SideExplanation): unknown {
  return {
    subject: side.subject,
    isolated: side.isolated,
    state: side.state,
    exempt: side.exempt,
    allowed: allowedDocument(allowedPorts(side.allowed)),
    ...tiersDocument(side),
    policies: side.policies.map((check) => ({
      policy: policyId(check),
      effect: check.effect,
      rule: check.rule,
      peer: check.peer,
      port: check.port,
      file: check.place.file,
      line: check.place.line,
      column: check.place.column,
    })),
  };
}

/** A side of an explanation of one end: what selects it, and whom and what each rule admits. */
function lonelySideDocument(side: SideExplanation): unknown {
  const whom = side.direction === 'ingress' ? 'from' : 'to';
  return {
    subject: side.subject,
    isolated: side.isolated,
    state: side.isolated ? 'isolated' : 'open',
    exempt: side.exempt,
    ...tiersDocument(side),
    policies: side.policies.map((check) => ({
      policy: policyId(check),
      effect: check.effect,
      admits: check.rules.map((rule) => ({
        rule: rule.rule,
        [whom]: rule.peers.flatMap(({ text }) => text ?? []),
        ports: rule.ports.map(({ text }) => text),
        file: rule.place.file,
        line: rule.place.line,
        column: rule.place.column,
      })),
      file: check.place.file,
      line: check.place.line,
      column: check.place.column,
    })),
  };
}

/** The policies of the tiers in the order in which they are asked; left out where there is none. */
function tiersDocument({ tiers }: SideExplanation): Record<string, unknown> {
  if (tiers.length === 0) return {};
  return {
    tiers: tiers.map((check) => ({
      tier: check.policy.tier,
      kind: check.policy.kind,
      name: check.policy.name,
      priority: check.policy.priority,
      effect: check.effect,
      ambiguous: check.ambiguous,
      failsClosed: check.failsClosed,
      rule: check.rule,
      peer: check.peer,
      file: check.place.file,
      line: check.place.line,
      column: check.place.column,
    })),
  };
}

function policyId({ policy }: PolicyCheck): string {
  return `${policy.namespace}/${policy.name}`;
}

function nearMissDocument(miss: NearMiss): unknown {
  return {
    direction: miss.direction,
    change: miss.change,
    distance: miss.distance,
    patch: miss.patch,
    alsoOpens: miss.alsoOpens.map(({ from, to, allowed }) => ({
      from,
      to,
      allowed: allowedDocument(allowed),
    })),
    opensMore: miss.opensMore,
    file: miss.place.file,
    line: miss.place.line,
    column: miss.place.column,
  };
}

/** Policies of one side that are listed one by one. */
const mostPolicies = 8;
/** Lines of YAML quoted for one side. */
const mostQuoted = 24;
/** Lines of YAML quoted for one policy. */
const mostOfPolicy = 14;
/** Changes that are offered. */
const mostChanges = 3;
/** Connections that a change opens besides, named one by one. */
const mostOpened = 4;

function* explanationLines(
  explanation: Explanation,
  options: RenderOptions,
  look: Look,
): Generator<string, void> {
  const sign = signOf(explanation.verdict, look);
  const isOneEnded = explanation.to === undefined;
  const verdict = isOneEnded ? sentenceText(explanation) : `${sign.text} ${sentenceText(explanation)}`;
  const [first = '', ...rest] = wrap(verdict, look, '', isOneEnded ? '' : '  ');
  yield isOneEnded ? look.heading(first) : sign.paint(first);
  yield* rest.map((line) => (isOneEnded ? look.heading(line) : sign.paint(line)));
  yield '';
  const sides = [
    { side: explanation.egress, name: `egress of ${sideName(explanation, 'egress')}` },
    { side: explanation.ingress, name: `ingress of ${sideName(explanation, 'ingress')}` },
  ];
  const nameWidth = Math.min(
    Math.max(...sides.map(({ name }) => displayWidth(name))),
    look.width === Infinity ? Infinity : Math.floor(look.width * 0.45),
  );
  const asked = isNowhere(explanation) ? explanation.port : (explanation.testedPort ?? explanation.port);
  const stateWidth = Math.max(isOneEnded ? 8 : 6, ...sides.map(({ side }) => side.state.length));
  for (const { side, name } of sides) {
    const other = side.direction === 'egress' ? explanation.ingress.subject : explanation.egress.subject;
    yield* sideLines(side, asked, name, { nameWidth, stateWidth }, isOneEnded ? undefined : other, look);
  }
  const changes = explanation.nearest.slice(0, mostChanges);
  for (const [i, change] of changes.entries()) {
    yield '';
    yield* changeLines(change, i === 0 ? 'Nearest change: ' : 'Or: ', look);
  }
  if (explanation.entrance !== undefined) yield* entranceTables(explanation.entrance, look);
  const notes = [
    ...explanation.notes.map((note) => endSentence(visible(note))),
    ...notModelledSentences(explanation.notModelled),
  ];
  if (notes.length > 0) yield '';
  for (const note of notes) yield* wrap(note, look, '  ', '    ');
  if (options.brief === true) return;
  yield '';
  for (const line of wrap(reminder, look, '  ')) yield look.quiet(line);
}

function sentenceText(explanation: Explanation): string {
  return endSentence(visible(explanation.sentence));
}

function endSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The end whose policies a side asks, as the reader named it. */
function sideName(explanation: Explanation, direction: 'egress' | 'ingress'): string {
  return briefId(explanation.to === undefined ? explanation.from : explanation[direction].subject);
}

function signOf(
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

function* sideLines(
  side: SideExplanation,
  asked: string | undefined,
  name: string,
  { nameWidth, stateWidth }: { readonly nameWidth: number; readonly stateWidth: number },
  other: string | undefined,
  look: Look,
): Generator<string, void> {
  const admitting = side.policies.filter(({ effect }) => effect === 'admits');
  const [onlyOne] = admitting;
  // Without a connection to judge, a side is neither open nor closed: policies isolate it, or none does.
  const state = other === undefined && side.isolated ? 'isolated' : side.state;
  const head = `  ${pad(shorten(name, nameWidth, look.signs), nameWidth)}  ${pad(state, stateWidth)}  `;
  // An open side is explained by what admits; that other policies do not is of no interest then.
  const isShort = side.state === 'open' && other !== undefined;
  if (side.tiers.length > 0) {
    yield* withTierLines(side, other, head, look);
    if (side.policies.length === 0 || !side.networkPoliciesAsked) return;
  }
  if (side.tiers.length === 0 && isShort && admitting.length === 1 && onlyOne !== undefined) {
    const why = `${visible(onlyOne.policy.name)}, ${ruleText(onlyOne)}`;
    yield* withPlace(head, why, placeOf(onlyOne), look);
    return;
  }
  if (side.tiers.length === 0) {
    const because = wrap(sideReason(side, other !== undefined), look, '', '').join(' ');
    yield* wrap(because, look, head, ' '.repeat(Math.min(displayWidth(head), Math.floor(look.width / 2))));
  }
  const listed = isShort ? admitting : side.policies;
  const shown = listed.slice(0, mostPolicies);
  const policyWidth = Math.min(
    Math.max(0, ...shown.map(({ policy }) => displayWidth(visible(policy.name)))),
    Math.max(Math.min(32, Math.floor(look.width * 0.35)), nameWidth - 2),
  );
  let left = mostQuoted;
  const worthQuoting = other === undefined ? new Set(shown) : nearestOf(shown);
  for (const check of shown) {
    const policyName = shorten(visible(check.policy.name), policyWidth, look.signs);
    yield* withPlace(
      `    ${pad(policyName, policyWidth)}  `,
      policyText(check, other === undefined),
      placeOf(check),
      look,
    );
    if (left <= 0 || !worthQuoting.has(check)) continue;
    const quoted = quotedOf(check, other, asked, Math.min(left, mostOfPolicy));
    left -= quoted.length;
    yield* quoteLines(quoted, look, '      ');
    if (other !== undefined && !canQuote(check.policy, check.place)) {
      yield* unquotedLines(check, side.direction, other, asked, look);
    }
    const hidden = check.rules.length - quotedRules(check, other).length;
    if (quoted.length > 0 && hidden > 0) {
      const what = other === undefined ? 'not shown' : 'none admits it';
      yield look.quiet(
        `      ${look.signs.ellipsis} ${count(hidden, 'more rule')}, ${hidden === 1 && other !== undefined ? 'which does not admit it either' : what}`,
      );
    }
  }
  if (listed.length > shown.length) {
    const more = listed.length - shown.length;
    yield look.quiet(
      `    ${look.signs.ellipsis} ${count(more, 'more policy', 'more policies')}: -o json lists all`,
    );
  }
}

const tierNames = { admin: 'Admin', baseline: 'Baseline' } as const;
/** Lines of YAML quoted of the rule of a tier. */
const mostOfTier = 8;

/**
 * The walk through the tiers: Admin, NetworkPolicy, Baseline, and the default behind them, each with what it says
 * (corners 53 and 60). The NetworkPolicies themselves follow.
 */
function* withTierLines(
  side: SideExplanation,
  other: string | undefined,
  head: string,
  look: Look,
): Generator<string, void> {
  yield* wrap(
    tierReason(side, other !== undefined),
    look,
    head,
    ' '.repeat(Math.min(displayWidth(head), Math.floor(look.width / 2))),
  );
  const isPair = other !== undefined;
  for (const tier of ['admin', 'baseline'] as const) {
    const checks = side.tiers.filter(({ policy }) => policy.tier === tier);
    for (const check of checks.slice(0, mostPolicies)) {
      const { policy, place, endLine } = check;
      const priority = policy.priority === undefined ? '' : ` ${policy.priority}`;
      yield* withPlace(
        `    ${tierNames[tier]}${priority}  `,
        `${policy.kind} ${visible(policy.name)}: ${visible(check.summary)}${check.ambiguous === true ? ', and one of equal priority says otherwise' : ''}`,
        `${visible(place.file)}:${place.line}`,
        look,
      );
      if (endLine === undefined || !isPair) continue;
      const lines = policy.origin.lines(place.line, Math.max(place.line, endLine)) ?? [];
      const quoted = lines.slice(0, mostOfTier).map((text, i) => ({ line: place.line + i, text, notes: [] }));
      yield* quoteLines(quoted, look, '      ');
    }
    if (checks.length > mostPolicies) {
      const more = checks.length - mostPolicies;
      yield look.quiet(
        `    ${look.signs.ellipsis} ${count(more, 'more policy', 'more policies')}: -o json lists all`,
      );
    }
    if (tier === 'admin') {
      // Baseline decides only where none isolates (corners 55 and 64), so nothing came before these.
      const reason = !side.isolated
        ? 'no policy isolates it'
        : side.networkPoliciesAsked
          ? sideReason(side, isPair)
          : 'not asked: a tier decides before';
      yield* wrap(`NetworkPolicy  ${reason}`, look, '    ', '      ');
    }
  }
  if (!side.isolated && side.networkPoliciesAsked) yield '    default  what no policy decides is allowed';
}

/** What the tiers and the policies between them come to. */
function tierReason(side: SideExplanation, isPair: boolean): string {
  const { state, tiers, isolated } = side;
  if (!isPair)
    return `${count(tiers.length, 'cluster-wide policy speaks', 'cluster-wide policies speak')} of it`;
  const decides = (effect: 'accepts' | 'denies'): string | undefined => {
    const check = tiers.find((each) => each.effect === effect);
    return check === undefined
      ? undefined
      : `${check.policy.kind} ${visible(check.policy.name)} ${effect} it`;
  };
  switch (state) {
    case 'open':
      return decides('accepts') ?? (isolated ? 'a NetworkPolicy admits it' : 'no policy decides about it');
    case 'closed':
      return decides('denies') ?? 'no NetworkPolicy admits it';
    case 'partly':
      return 'the tiers decide about part of it';
    case 'ambiguous':
      return 'policies of equal priority disagree, and the implementation may apply any of them';
    case 'unknown':
      return 'it depends on what files cannot tell';
    default:
      return unreachable(state);
  }
}

/** Why a side is as it is, when no single policy says it. */
function sideReason(side: SideExplanation, isPair: boolean): string {
  if (side.exempt !== undefined) return visible(side.exempt);
  if (!side.isolated) return 'no policy isolates it';
  const isolating = side.policies.length;
  const isolate = `${count(isolating, 'policy isolates', 'policies isolate')} it`;
  const admitting = side.policies.filter(({ effect }) => effect === 'admits').length;
  if (!isPair) return isolate;
  const uncertain = side.policies.filter(({ effect }) => effect === 'unknown').length;
  if (uncertain > 0 && admitting === 0) {
    return `${isolate}, of ${uncertain === isolating ? 'which' : String(uncertain)} it cannot be told whether ${uncertain === 1 ? 'it admits' : 'they admit'} this connection`;
  }
  if (admitting === 0)
    return `${isolate}, ${isolating === 1 ? 'and does not admit this connection' : 'none admits this connection'}`;
  if (side.state === 'open') return `${isolate}, ${count(admitting, 'admits', 'admit')} this connection`;
  return `${isolate}, ${count(admitting, 'admits', 'admit')} part of this connection`;
}

function ruleText(check: PolicyCheck): string {
  return check.rule === undefined ? visible(check.summary) : `rule ${check.rule + 1}`;
}

function policyText(check: PolicyCheck, isOneEnded: boolean): string {
  if (check.effect === 'admits' && !isOneEnded) {
    const rule = ruleText(check);
    return rule.startsWith('rule') ? `admits it: ${rule}` : rule;
  }
  return visible(check.summary);
}

function placeOf({ place, policy }: PolicyCheck): string {
  const text = `${visible(place.file)}:${place.line}`;
  return canQuote(policy, place) ? text : `${text}:${place.column}`;
}

/** Whether the lines around a place can be shown; JSON on one line cannot, and only a column tells where in it. */
function canQuote({ origin }: PolicyCheck['policy'], { line }: Place): boolean {
  return origin.lines(line, line) !== undefined;
}

/** Where places begin, so that they stand below each other. */
const placeColumn = 64;

/** A line that ends in a place; places stay whole, so that terminals can make them clickable, if need be on their own line. */
function* withPlace(head: string, text: string, place: string, look: Look): Generator<string, void> {
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
function* unquotedLines(
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
function quotedRules(check: PolicyCheck, other: string | undefined): readonly RuleCheck[] {
  if (other === undefined) return check.rules.slice(0, 3);
  const candidates = check.rules.filter(({ admits }) => admits !== true || check.effect !== 'admits');
  const best = candidates.toSorted((a, b) => missesOf(a) - missesOf(b)).slice(0, 2);
  return best.sort((a, b) => a.rule - b.rule);
}

/** Policies quoted on one side. */
const mostQuotedPolicies = 2;

/** Of the policies that do not admit, those whose best rule misses least: the others are not what the reader looks for. */
function nearestOf(checks: readonly PolicyCheck[]): ReadonlySet<PolicyCheck> {
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
function quotedOf(
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

function* changeLines(change: NearMiss, title: string, look: Look): Generator<string, void> {
  yield* wrap(`${title}${endSentence(visible(change.change))}`, look, '  ', '    ');
  for (const line of change.patch ?? []) yield `      ${cut(visible(line), look.width - 6, look.signs)}`;
  yield* wrap(openedText(change, look), look, '  ', '    ');
}

function openedText(change: NearMiss, look: Look): string {
  const { alsoOpens } = change;
  if (change.opensMore === true)
    return `It would also open more than ${count(alsoOpens.length, 'other connection')}.`;
  if (alsoOpens.length === 0) return 'It would open this pair and nothing else.';
  const named = alsoOpens
    .slice(0, mostOpened)
    .map(
      ({ from, to, allowed }) =>
        `${briefPeer(from)} ${look.signs.arrow} ${briefPeer(to)} ${portsText(allowed, 3)}`,
    );
  const more = alsoOpens.length - named.length;
  return `It would also open ${count(alsoOpens.length, 'other connection')}: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
}

function verdictLine(explanation: Explanation, look: Look): string {
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
function isNowhere({ testedPort }: Explanation): boolean {
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
