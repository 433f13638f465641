/**
 * The syntax of names, labels and ports as the API server checks it. Each `…Problems` gives the API's own messages, one
 * for each error that it would report, and none for a good value; each `is…` answers the same question on the hot path.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go
 */

const qualifiedNameText = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const dnsLabelText = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dnsSubdomainText = String.raw`${dnsLabelText}(\.${dnsLabelText})*`;

// Written without a nested repetition, so that hostile text is judged in linear time.
const qualifiedName = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const dnsLabel = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

const longestLabel = 63;
const longestSubdomain = 253;
const longestPortName = 15;

/** What the API has against `value` as a label key, finalizer or other "qualified name" (`example.com/name`). */
export function labelKeyProblems(value: string): readonly string[] {
  const parts = value.split('/', 3);
  if (parts.length > 2) {
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
        "alphanumeric character, with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const problems: string[] = [];
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? (parts[0] ?? '') : undefined;
  if (prefix === '') problems.push('prefix part must be non-empty');
  else if (prefix !== undefined) {
    problems.push(...dnsSubdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (utf8Length(name) > longestLabel) problems.push(`name part ${tooLong(longestLabel)}`);
  if (!qualifiedName.test(name)) {
    problems.push(
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
        `alphanumeric character (regex used for validation is '${qualifiedNameText}')`,
    );
  }
  return problems;
}

/** What the API has against `value` as the value of a label; the empty text is one. */
export function labelValueProblems(value: string): readonly string[] {
  const problems: string[] = [];
  if (utf8Length(value) > longestLabel) problems.push(tooLong(longestLabel));
  if (value !== '' && !qualifiedName.test(value)) {
    problems.push(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start " +
        `and end with an alphanumeric character (regex used for validation is '(${qualifiedNameText})?')`,
    );
  }
  return problems;
}

/** What the API has against `value` as a DNS-1123 label: the name of a namespace. */
export function dnsLabelProblems(value: string): readonly string[] {
  const problems: string[] = [];
  if (utf8Length(value) > longestLabel) problems.push(tooLong(longestLabel));
  if (!dnsLabel.test(value)) {
    problems.push(
      isSubdomainText(value)
        ? 'must not contain dots'
        : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and " +
            `end with an alphanumeric character (regex used for validation is '${dnsLabelText}')`,
    );
  }
  return problems;
}

/** What the API has against `value` as a DNS-1123 subdomain: the name of most objects. */
export function dnsSubdomainProblems(value: string): readonly string[] {
  const problems: string[] = [];
  if (utf8Length(value) > longestSubdomain) problems.push(tooLong(longestSubdomain));
  if (!isSubdomainText(value)) {
    problems.push(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
        `and end with an alphanumeric character (regex used for validation is '${dnsSubdomainText}')`,
    );
  }
  return problems;
}

/** What the API has against `value` as the name of a port, an IANA service name. */
export function portNameProblems(value: string): readonly string[] {
  const problems: string[] = [];
  if (utf8Length(value) > longestPortName) problems.push(tooLong(longestPortName));
  if (!/^[-a-z0-9]+$/.test(value)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)');
  if (value.includes('--')) problems.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

/** What the API has against `value` as a port number. */
export function portNumberProblems(value: number): readonly string[] {
  return isPortNumber(value) ? [] : ['must be between 1 and 65535, inclusive'];
}

export function isPortNumber(value: number): boolean {
  return value >= 1 && value <= 65535;
}

/** Whether `value` is a good label key. Remembers good ones. */
export const isLabelKey: (value: string) => boolean = remembering(
  (value) => labelKeyProblems(value).length === 0,
);

/** Whether `value` is a good label value. Remembers nothing: it is judged faster than it is looked up. */
export function isLabelValue(value: string): boolean {
  if (value.length > longestLabel) return false;
  // Letters and digits at both ends; between them also dashes, underscores and dots.
  let endsWell = true;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    const isAlphanumeric =
      (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a);
    if (!isAlphanumeric && (i === 0 || (unit !== dash && unit !== dot && unit !== underscore))) return false;
    endsWell = isAlphanumeric;
  }
  return endsWell;
}

/** Whether `value` is a good namespace name. Remembers good ones. */
export const isDnsLabel: (value: string) => boolean = remembering(
  (value) => dnsLabelProblems(value).length === 0,
);

/** Whether `value` is a good port name. Remembers good ones. */
export const isPortName: (value: string) => boolean = remembering(
  (value) => portNameProblems(value).length === 0,
);

/** Whether `value` is a good object name. Remembers nothing: most names occur once, and every object has one. */
export function isDnsSubdomain(value: string): boolean {
  if (value.length > longestSubdomain) return false;
  // Labels of letters, digits and dashes, with neither a dash nor nothing beside a dot or an end.
  let before = dot;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if ((unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39)) {
      before = unit;
    } else if (unit === dash) {
      if (before === dot) return false;
      before = dash;
    } else if (unit === dot) {
      if (before === dot || before === dash) return false;
      before = dot;
    } else {
      return false;
    }
  }
  return before !== dot && before !== dash;
}

const dash = 0x2d;
const dot = 0x2e;
const underscore = 0x5f;

const remembered = 50_000;

/** Label keys and values repeat: the good ones are kept, up to a bound. None is longer than its rule allows. */
function remembering(isGood: (value: string) => boolean): (value: string) => boolean {
  let good = new Set<string>();
  return (value) => {
    if (good.has(value)) return true;
    if (!isGood(value)) return false;
    if (good.size >= remembered) good = new Set();
    good.add(value);
    return true;
  };
}

function isSubdomainText(value: string): boolean {
  if (dnsLabel.test(value)) return true;
  return value.split('.').every((label) => dnsLabel.test(label));
}

function tooLong(limit: number): string {
  return `must be no more than ${limit} characters`;
}

/** The length in bytes, which is what the API server counts. */
export function utf8Length(value: string): number {
  let length = value.length;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    // A surrogate pair is 4 bytes: 2 for each half.
    if (unit > 0x7f) length += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return length;
}
