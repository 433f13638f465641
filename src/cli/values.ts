import { InvalidArgumentError, Option } from 'commander';
import { closest, distance } from 'fastest-levenshtein';
import type { ProfileName } from '../policy/index.ts';

/** An option whose value is one of a few words; a wrong one names the word that was meant. */
export function choiceOption(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices).argParser((value: string) => choose(value, choices));
}

/** Adds a value of an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** `value` when it is one of `choices`. */
export function choose(value: string, choices: readonly string[]): string {
  if (choices.includes(value)) return value;
  throw new InvalidArgumentError(`${meant(value, choices)}It is one of ${choices.join(', ')}.`);
}

/** `Did you mean x? `, or nothing when no word is near. */
export function meant(value: string, words: readonly string[]): string {
  const word = meantWord(value, words);
  return word === undefined ? '' : `Did you mean ${word}? `;
}

/** The word that is near to a value, if any is. */
export function meantWord(value: string, words: readonly string[]): string | undefined {
  if (value === '' || value.length > 40 || words.length === 0) return undefined;
  const word = closest(value.toLowerCase(), words);
  return distance(value.toLowerCase(), word) <= Math.max(1, Math.floor(word.length / 2)) ? word : undefined;
}

/** The values of `--profile`: the names of the policy folder, which help does without. A test compares the two. */
export const profileChoices: readonly ProfileName[] = [
  'upstream',
  'np-guard',
  'calico',
  'cilium',
  'ovn-kubernetes',
  'antrea',
  'kube-network-policies',
  'aws-vpc-cni',
  'kube-router',
];

/** Reads `--compare-profiles`: two different profiles. */
export function parseProfiles(value: string): readonly [ProfileName, ProfileName] {
  const words = value.split(',');
  const names = words.map((word) => {
    const name = profileChoices.find((each) => each === word);
    if (name === undefined)
      throw new InvalidArgumentError(
        `${meant(word, profileChoices)}It is two of ${profileChoices.join(', ')}, parted by a comma.`,
      );
    return name;
  });
  const [one, other] = names;
  if (one === undefined || other === undefined || names.length !== 2 || one === other)
    throw new InvalidArgumentError('It takes two different profiles, parted by a comma: upstream,cilium.');
  return [one, other];
}

/** The words of `--level`; what follows `label=` is the reader's. */
export const levels: readonly string[] = ['pod', 'workload', 'namespace', 'label=KEY'];

/** Checks `--level`. */
export function parseLevel(value: string): string {
  if (['pod', 'workload', 'namespace'].includes(value)) return value;
  if (/^label=[^=\s]+$/.test(value)) return value;
  if (value === 'label' || value === 'label=') {
    throw new InvalidArgumentError('It needs the key of the label: label=app.');
  }
  return choose(value, levels);
}

/** Checks `--kubernetes-version`: `1.34`, `v1.34.4`. */
export function parseKubernetesVersion(value: string): string {
  const version = /^v?(1\.[0-9]{1,3})(\.[0-9]+)?([-+][0-9A-Za-z.+-]*)?$/.exec(value);
  if (version === null) throw new InvalidArgumentError('Write it as 1.34 or v1.34.4.');
  return value;
}

/** Checks `--generation`: what the twelve bits of the mark can hold. */
export function parseGeneration(value: string): number {
  const number = /^[0-9]{1,4}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > 4095) throw new InvalidArgumentError('It is a number from 1 to 4095.');
  return number;
}
