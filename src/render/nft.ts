import type { Pod } from '../model/index.ts';
import { nameOfPolicy } from '../nft/index.ts';
import type { ListingNotes, NftRule, RuleSource, RulesetReport } from '../nft/index.ts';
import { count, listed, lookOf, number, visible, wrap } from './text.ts';
import type { RenderOptions } from './text.ts';

/** This many places stand above a rule that many rules of policies make. */
const mostPlaces = 3;

/**
 * What a listing says beside the rules: whose it is, and above each rule the file and line of what it comes from.
 *
 * @param node - `undefined`: all pods of the input
 */
export function nftNotes(node: string | undefined, { pods, withoutAddress }: RulesetReport): ListingNotes {
  const where = node === undefined ? 'all pods of the input, as if on one node' : `node ${visible(node)}`;
  const places = new RulePlaces();
  const missing = withoutAddress.length === 0 ? '' : `, ${number(withoutAddress.length)} without address`;
  return {
    head: [`podwall nft: ${where}: ${count(pods.length, 'pod')}${missing}`],
    rule: (rule) => places.above(rule),
  };
}

/** Where rules of policies stand, as text. A rule stands in the chains of many pods; its place is looked up once. */
class RulePlaces {
  /** By policy: by direction and rule. */
  readonly #known = new Map<RuleSource['policy'], Map<string, string>>();

  /** The lines above a rule of a ruleset. */
  above({ sources = [] }: NftRule): readonly string[] {
    const places = sources.slice(0, mostPlaces).map((source) => this.#place(source));
    const more = sources.length - places.length;
    return places.length === 0
      ? []
      : [more > 0 ? `${places.join(' ')} and ${number(more)} more` : places.join(' ')];
  }

  #place({ policy, direction, rule }: RuleSource): string {
    let ofPolicy = this.#known.get(policy);
    if (ofPolicy === undefined) {
      ofPolicy = new Map();
      this.#known.set(policy, ofPolicy);
    }
    const which = rule < 0 ? '' : `${direction} ${rule}`;
    const known = ofPolicy.get(which);
    if (known !== undefined) return known;
    const { file, line } = policy.origin.locate(rule < 0 ? [] : ['spec', direction, rule]);
    const text = `${visible(file)}:${line}`;
    ofPolicy.set(which, text);
    return text;
  }
}

/** What a ruleset could not do, sentence by sentence; empty when there is nothing to say. */
export function nftReport(report: RulesetReport, options: RenderOptions): string {
  const look = lookOf(options);
  const { pods, withoutAddress, contested, closed } = report;
  const sentences = closed.map(
    ({ policy, direction, reason, pods: shut }) =>
      `${visible(nameOfPolicy(policy))} could not be expressed, so ${direction} of ${namesOf(shut)} is closed: ${reason}.`,
  );
  for (const { address, owner, others } of contested) {
    const has = owner === 'node' ? 'is an address of a node' : `is taken to be that of ${nameOf(owner)}`;
    sentences.push(
      `${address} ${has}, although ${namesOf(others)} ${others.length === 1 ? 'has' : 'have'} it too.`,
    );
  }
  if (withoutAddress.length > 0) {
    const all =
      withoutAddress.length === pods.length ? 'The input has no address of a pod' : 'No address is known';
    const whose = withoutAddress.length === pods.length ? '' : ` of ${namesOf(withoutAddress)}`;
    sentences.push(`${all}${whose}: nothing leads to their chains yet, and no set holds them.`);
  }
  return sentences
    .flatMap((each) => wrap(each, look, '', '  '))
    .map((line) => `${line}\n`)
    .join('');
}

function namesOf(pods: readonly Pod[]): string {
  return listed(pods.map(nameOf), 3);
}

function nameOf({ namespace, name }: Pod): string {
  return visible(`${namespace}/${name}`);
}
