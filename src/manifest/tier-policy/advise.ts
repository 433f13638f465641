import { formatPath } from '../../model/index.ts';
import type {
  Diagnostic,
  Direction,
  Path,
  Severity,
  TierPeer,
  TierPolicy,
  TierRule,
} from '../../model/index.ts';
import { formatCidr, parseAddress } from '../../net/index.ts';
import type { Cidr } from '../../net/index.ts';
import { isNullish, listed, recordAt, selectorWords, short, valueAt } from '../explain/index.ts';
import type { RawObject } from '../raw.ts';
import {
  decode,
  isRecord,
  labelSelectorSchema,
  readLabelSelector,
  validateLabelSelector,
} from '../validate/index.ts';
import type { FieldError, SelectorObject } from '../validate/index.ts';
import type { Context } from './place.ts';

/** More pieces of advice about one object than these are not told. */
const mostAdvice = 50;

/**
 * Tells what a policy says that a server takes and that has no sense, or means other than it looks: what matches
 * nothing, fails closed, or cannot be decided here (corners 20, 57 to 59, 62, 63 and 66).
 *
 * @param policy - as it was read from `object`
 */
export function advise(object: RawObject, policy: TierPolicy, context: Context): readonly Diagnostic[] {
  return new Adviser(object, policy, context).all();
}

interface Detail {
  readonly hint?: string;
  readonly value?: string;
  readonly onKey?: boolean;
}

class Adviser {
  readonly #object: RawObject;
  readonly #policy: TierPolicy;
  readonly #context: Context;
  readonly #told: Diagnostic[] = [];

  constructor(object: RawObject, policy: TierPolicy, context: Context) {
    this.#object = object;
    this.#policy = policy;
    this.#context = context;
  }

  all(): readonly Diagnostic[] {
    const { kind } = this.#context;
    const namespace = valueAt(this.#object.value, ['metadata', 'namespace']);
    if (typeof namespace === 'string' && namespace !== '') {
      this.#tell(
        'warning',
        'namespace-ignored',
        ['metadata', 'namespace'],
        `a ${kind.kind} is in no namespace, so this field means nothing`,
        { value: namespace, hint: 'leave it out' },
      );
    }
    const subject: Path = ['spec', 'subject'];
    const why = this.#selectors(subject);
    if (this.#policy.subject.kind === 'unusable') {
      this.#tell(
        // Whatever it was to decide is not decided.
        'error',
        'subject-unusable',
        subject,
        `the policy selects nobody: ${this.#policy.subject.reason}${why === undefined ? '' : `, for ${why}`}`,
      );
    }
    for (const direction of ['ingress', 'egress'] as const) {
      for (const [index, rule] of this.#policy[direction].entries()) {
        if (this.#told.length >= mostAdvice) return this.#told;
        this.#rule(rule, direction, ['spec', direction, index]);
      }
    }
    return this.#told;
  }

  #tell(severity: Severity, code: string, path: Path, message: string, detail: Detail = {}): void {
    if (this.#told.length >= mostAdvice) return;
    const { hint, value, onKey = false } = detail;
    const { origin } = this.#object;
    this.#told.push({
      ...(onKey ? origin.locateKey(path) : origin.locate(path)),
      code,
      severity,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(value === undefined ? {} : { value }),
      path: formatPath(path),
      object: this.#object.ref,
    });
  }

  #rule(rule: TierRule, direction: Direction, path: Path): void {
    const list = direction === 'ingress' ? 'from' : 'to';
    for (const [index, peer] of rule.peers.entries()) {
      const at = [...path, list, index];
      this.#selectors(at);
      if (peer.kind === 'networks') this.#networks(rule, peer.cidrs, [...at, 'networks']);
      if (peer.kind === 'domainNames') this.#domainNames(rule, [...at, 'domainNames']);
    }
    this.#ports(rule, direction, path);
    this.#closed(rule, direction, path);
  }

  /**
   * Selectors below a subject or peer that the CRD stores and that mean nothing, or other than they look (corner 20).
   *
   * @returns what of the first that cannot be read makes it so; `undefined` when all can
   */
  #selectors(path: Path): string | undefined {
    const parent = recordAt(this.#object.value, path);
    const pods = isRecord(parent['pods']) ? parent['pods'] : undefined;
    const found = [
      this.#selector(parent['namespaces'], path, ['namespaces']),
      this.#selector(parent['nodes'], path, ['nodes']),
      this.#selector(pods?.['podSelector'], path, ['pods', 'podSelector']),
      this.#selector(pods?.['namespaceSelector'], path, ['pods', 'namespaceSelector']),
    ];
    return found.find((each) => each !== undefined);
  }

  #selector(selector: unknown, parent: Path, at: Path): string | undefined {
    if (!isRecord(selector) || isPlain(selector)) return undefined;
    const path = [...parent, ...at];
    const labels = recordAt(selector, ['matchLabels']);
    const dropped = Object.keys(labels).filter((key) => isNullish(labels[key]));
    const [first] = dropped;
    if (first !== undefined) {
      const rest = Object.keys(labels).length > dropped.length || !isNullish(selector.matchExpressions);
      this.#tell(
        'warning',
        'label-null',
        [...path, 'matchLabels'],
        `the label ${short(first)} has no value, and a server drops it: ${rest ? 'it is not asked for' : 'the selector is left empty, which selects everything'}`,
        {
          hint: `for an empty value write "", for any value matchExpressions: - {key: ${short(first)}, operator: Exists}`,
        },
      );
    }
    const decoded = decodedSelector(selector);
    if (decoded === undefined) return undefined;
    const all = { value: this.#object.value, errors: [] };
    let why: string | undefined;
    validateLabelSelector(decoded, path, (error) => {
      why ??= partOf(error, decoded, path.length);
      const words = selectorWords(error, all);
      this.#tell(
        'warning',
        'selector-unreadable',
        error.path,
        `${words?.message ?? error.message}; servers store it all the same`,
        words?.hint === undefined ? {} : { hint: words.hint },
      );
    });
    return why;
  }

  #networks(rule: TierRule, cidrs: readonly Cidr[], path: Path): void {
    const written = valueAt(this.#object.value, path);
    const texts: readonly unknown[] = Array.isArray(written) ? written : [];
    const first = new Map<string, number>();
    for (const [index, cidr] of cidrs.entries()) {
      const canonical = formatCidr(cidr);
      const text = String(texts[index]);
      const before = first.get(canonical);
      if (before !== undefined) {
        this.#tell(
          'warning',
          'network-twice',
          [...path, index],
          `${short(text)} are the addresses of networks[${before}] once more`,
          { value: short(text), hint: 'leave it out' },
        );
        continue;
      }
      first.set(canonical, index);
      if (hasHostBits(text, cidr)) {
        this.#tell(
          'warning',
          'network-host-bits',
          [...path, index],
          `${short(text)} has bits set after its length: it is read as ${canonical}`,
          { value: short(text), hint: `write ${canonical}` },
        );
      }
      if (cidr.prefix === 0 && rule.action === 'deny') {
        this.#tell(
          'note',
          'deny-includes-pods',
          [...path, index],
          `networks match pods and nodes as well as addresses outside, so this denies ${cidr.family} between pods too`,
          { hint: 'accept what pods may reach in a rule before this one' },
        );
      }
    }
  }

  #domainNames(rule: TierRule, path: Path): void {
    if (rule.action !== 'accept') {
      const accept = [...this.#context.kind.actions].find(([, action]) => action === 'accept')?.[0] ?? '';
      this.#tell(
        'warning',
        'domain-names-not-accepted',
        path,
        `the API supports domainNames in rules with ${accept} only: what others make of them is open`,
        { onKey: true, hint: 'deny addresses with networks' },
      );
    }
    this.#tell(
      'note',
      'domain-names-undecided',
      path,
      'which addresses stand behind a name is known when somebody asks for it, and not from files: this peer matches no address that is known, and may match any outside the cluster',
      { onKey: true },
    );
  }

  #ports({ peers, ports }: TierRule, direction: Direction, path: Path): void {
    if (ports.kind === 'all') return;
    const { kind } = this.#context;
    let matching = 0;
    for (const [index, entry] of ports.ports.entries()) {
      const at = [...path, kind.ports, index];
      if (entry.kind === 'nothing') {
        const field = kind.ports === 'protocols' ? 'destinationNamedPort' : fieldOf(this.#object, at);
        const place = field === undefined ? at : [...at, field];
        const protocol = field === 'portNumber' || field === 'portRange';
        this.#tell(
          'warning',
          'port-matches-nothing',
          protocol ? [...place, 'protocol'] : place,
          `this entry matches nothing: ${entry.reason}`,
          {
            hint: protocol
              ? 'write TCP, UDP or SCTP'
              : 'names of ports have at most 15 lower case letters, digits and single -, and at least one letter',
          },
        );
      } else if (entry.kind === 'range' && entry.from > entry.to) {
        this.#tell(
          'warning',
          'port-matches-nothing',
          [...at, 'portRange'],
          `this entry matches nothing: the range begins with ${entry.from} and ends with ${entry.to}`,
          { hint: `write start: ${entry.to}, end: ${entry.from}` },
        );
      } else {
        matching++;
        // The experimental CRD has refused it, or told of it where it is stored.
        if (entry.kind === 'named' && direction === 'egress' && this.#context.channel === 'standard') {
          this.#nameAndAddresses(peers, at);
        }
      }
    }
    if (matching === 0) {
      this.#tell(
        'warning',
        'rule-matches-nothing',
        path,
        'this rule matches nothing: none of its ports can match',
      );
    }
  }

  /** The standard channel lets them stand together: then only the pods among the peers match (corner 63). */
  #nameAndAddresses(peers: readonly TierPeer[], path: Path): void {
    const found = ['networks', 'nodes', 'domainNames'].filter((each) =>
      peers.some(({ kind }) => kind === each),
    );
    if (found.length === 0) return;
    this.#tell(
      'warning',
      'named-port-with-addresses',
      path,
      `only pods have ports with names, so this entry matches no peer that is ${listed(found)}; the experimental CRD refuses it`,
      { hint: `write a rule of its own for ${listed(found)}, with numbers of ports` },
    );
  }

  /** A peer or entry that is unknown or cannot be used decides for the whole rule (corners 20, 59, 62 and 66). */
  #closed({ action, peers, ports }: TierRule, direction: Direction, path: Path): void {
    const list = direction === 'ingress' ? 'from' : 'to';
    const peer = peers.findIndex(({ kind }) => kind === 'unknown' || kind === 'unusable');
    const entry = ports.kind === 'all' ? -1 : ports.ports.findIndex(({ kind }) => kind === 'unknown');
    if (peer < 0 && entry < 0) return;
    const at = peer >= 0 ? [...path, list, peer] : [...path, this.#context.kind.ports, entry];
    const what =
      peer < 0
        ? 'an entry of its ports is one that podwall does not know'
        : peers[peer]?.kind === 'unknown'
          ? 'a peer has no field that this API knows'
          : 'a peer cannot be read';
    const effect =
      action === 'accept'
        ? 'the whole rule accepts nothing'
        : `the whole rule denies all ${direction}, every protocol`;
    this.#tell('warning', 'rule-fails-closed', at, `${what}, so ${effect}`, {
      hint: 'correct it, or take it out: what is not understood is never allowed',
    });
  }
}

/** Whether a selector can be read, and a server drops nothing of it: then there is nothing to tell. */
function isPlain(selector: Readonly<Record<string, unknown>>): boolean {
  const labels = selector['matchLabels'];
  if (isRecord(labels)) {
    for (const key of Object.keys(labels)) if (isNullish(labels[key])) return false;
  }
  return readLabelSelector(selector, () => {}) !== undefined;
}

/** The part of a selector that makes it unreadable, by key, value and operator. */
function partOf(
  { code, value, expected = [], path }: FieldError,
  selector: SelectorObject,
  length: number,
): string {
  const text = typeof value === 'string' ? short(value) : '';
  const at = path[length + 1];
  const { key = '' } = (typeof at === 'number' ? selector.matchExpressions?.[at] : undefined) ?? {};
  switch (code) {
    case 'label-key-invalid':
      return `"${text}" is no key of a label`;
    case 'label-value-invalid':
      return `"${text}" is no value of the label ${short(expected[0] ?? '')}`;
    case 'selector-values-missing':
      return `${text} of the label ${short(key)} has no values`;
    case 'selector-values-forbidden':
      return `${text} of the label ${short(key)} has values`;
    default:
      return `"${text}", asked of the label ${short(key)}, is no operator`;
  }
}

/** The field of an entry that holds its port. */
function fieldOf(object: RawObject, path: Path): string | undefined {
  const entry = recordAt(object.value, path);
  return ['portNumber', 'portRange', 'namedPort'].find((field) => !isNullish(entry[field]));
}

function hasHostBits(text: string, cidr: Cidr): boolean {
  const canonical = formatCidr(cidr);
  if (text === canonical) return false;
  const address = parseAddress(text.slice(0, text.indexOf('/')));
  return address !== undefined && address.value !== cidr.first;
}

/** The selector with the types that it needs for validation; `undefined` where some part has another one. */
function decodedSelector(selector: Readonly<Record<string, unknown>>): SelectorObject | undefined {
  let isTyped = true;
  const decoded = decode(labelSelectorSchema, selector, [], ({ strict }) => {
    if (strict === 'type') isTyped = false;
  });
  if (!isTyped || !isRecord(decoded)) return undefined;
  const labels = Object.entries(recordAt(selector, ['matchLabels'])).filter(([, value]) => !isNullish(value));
  // The schema says which fields there are and of what type, so what it returns has this shape.
  return { ...decoded, matchLabels: Object.fromEntries(labels) } as SelectorObject;
}
