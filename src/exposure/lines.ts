import type { Direction, Peer } from '../model/index.ts';
import type { CompiledPolicy } from '../policy/index.ts';
import { anyLabels, cubeFrom } from './cubes.ts';
import { isEmptyScope } from './namespaces.ts';
import type { NamespaceSpace } from './namespaces.ts';
import { minimal } from './regions.ts';
import type { Line, Region, RuleRef } from './regions.ts';
import { everyUse, noUse } from './uses.ts';
import type { UseTable } from './uses.ts';

/** A peer of a rule that admits nobody, now or later, and why. */
export interface Dropped {
  readonly ref: RuleRef;
  readonly reason: 'contradiction' | 'port-name';
  /** Whether it looks at pods of its own namespace, of others too, or at addresses. */
  readonly looks: 'own' | 'anywhere' | 'addresses' | 'everywhere';
}

/** What the policies of some pods say in one direction. */
export interface Admitted {
  readonly isolated: boolean;
  /** The policies that isolate, as indices in `cluster.policies`, ascending. */
  readonly policies: readonly number[];
  /** Whom they let through, as far as it is pods: exactly these, each with the union of its lines. */
  readonly lines: readonly Line[];
  readonly hasRules: boolean;
  readonly dropped: readonly Dropped[];
  /** Rules with addresses, and rules for every peer. */
  readonly addresses: readonly RuleRef[];
}

/**
 * What the policies of a class say about pods that could be there.
 *
 * A pod that is not there yet has no address, so an ipBlock does not mean it (corner 39); what it could get through an
 * address is said of the addresses.
 *
 * @param k - the class in the table of classes
 */
export function admitted(
  policy: CompiledPolicy,
  direction: Direction,
  k: number,
  space: NamespaceSpace,
  uses: UseTable,
): Admitted {
  const { parts } = policy;
  const policies: number[] = [];
  const lines: Line[] = [];
  const dropped: Dropped[] = [];
  const addresses: RuleRef[] = [];
  let hasRules = false;
  // Corner 44: nothing isolates a pod that is its node.
  const selecting = parts.classes.host[k] === 1 ? [] : policy.selectingClass(k);
  for (const { index, policy: written, sure } of selecting) {
    const spec = written[direction];
    if (spec.kind === 'unaffected') continue;
    // Corner 23: a policy of which files cannot tell isolates and admits nothing, or the opposite where that was assumed.
    if (!sure && parts.assume === 'open') continue;
    policies.push(index);
    if (!sure) continue;
    const own = space.indexOf(written.namespace);
    for (const [rule, { peers, ports }] of spec.rules.entries()) {
      hasRules = true;
      const compiled = parts.rules[direction][index]?.[rule];
      if (compiled === undefined) continue;
      const use =
        direction === 'egress'
          ? uses.ofRule(ports, 'egress')
          : uses.of(parts.ports.set(parts.ports.resolve(compiled.spec, parts.classes.portMap[k]!)));
      const entries: readonly (Peer | undefined)[] = peers.kind === 'any' ? [undefined] : peers.peers;
      for (const [i, peer] of entries.entries()) {
        const ref = { policy: index, rule, peer: peer === undefined ? -1 : i };
        const looks = looksOf(peer);
        // Corner 29: a name that the pod lacks admits nobody.
        if (use === noUse) {
          dropped.push({ ref, reason: 'port-name', looks });
          continue;
        }
        if (looks === 'addresses' || looks === 'everywhere') addresses.push(ref);
        if (peer?.kind === 'ipBlock') continue;
        const region = regionOf(peer, own, space);
        if (region === undefined) dropped.push({ ref, reason: 'contradiction', looks });
        else lines.push({ ...region, use, rules: [ref] });
      }
    }
  }
  if (policies.length === 0) {
    const everybody: Line = { ...space.everywhere, pods: anyLabels, use: everyUse, rules: [] };
    return { isolated: false, policies, lines: [everybody], hasRules, dropped, addresses };
  }
  return { isolated: true, policies, lines: minimal(lines, space, uses), hasRules, dropped, addresses };
}

function looksOf(peer: Peer | undefined): Dropped['looks'] {
  if (peer === undefined) return 'everywhere';
  if (peer.kind === 'ipBlock') return 'addresses';
  return peer.namespaces === 'own' ? 'own' : 'anywhere';
}

/** The pods that a peer means, now or later; `undefined` when it can mean none (corner 21). */
function regionOf(
  peer: Extract<Peer, { readonly kind: 'pods' }> | undefined,
  own: number,
  space: NamespaceSpace,
): Region | undefined {
  if (peer === undefined) return { ...space.everywhere, pods: anyLabels };
  const pods = cubeFrom(peer.pods);
  const scope = peer.namespaces === 'own' ? space.own(own) : space.selected(peer.namespaces);
  return pods === undefined || isEmptyScope(scope) ? undefined : { ...scope, pods: space.shared(pods) };
}
