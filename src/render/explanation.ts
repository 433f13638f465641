import { unreachable } from '../errors.ts';
import type { Explanation, NearMiss, PolicyCheck, SideExplanation } from '../reach/index.ts';
import { jsonOf, yamlOf } from './document.ts';
import type { Field } from './document.ts';
import { entranceTables } from './entrances.ts';
import { explanationFields, verdictFields } from './explanation-document.ts';
import {
  canQuote,
  nearestOf,
  placeOf,
  quotedOf,
  quotedRules,
  unquotedLines,
  withPlace,
} from './explanation-quotes.ts';
import { briefId, briefPeer } from './names.ts';
import { notModelledSentences } from './not-modelled.ts';
import { portsText } from './ports.ts';
import { quoteLines } from './quote.ts';
import { count, cut, displayWidth, lookOf, pad, reminder, shorten, visible, wrap } from './text.ts';
import type { Look, RenderOptions } from './text.ts';
import { isNowhere, signOf, verdictLine } from './verdict-line.ts';

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
