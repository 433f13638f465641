import type { Direction } from '../../model/index.ts';
import { anyPeer } from '../peers.ts';
import { everything } from '../port-table.ts';
import type { NewProfiles } from './live-matrix.ts';
import type { Tables } from './tables.ts';

/** Makes the profiles of classes of what their policies say. */
export class ClassProfiles {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /**
   * The profile that the policies of a class make, held once more.
   *
   * @param tiersStay - whether the same policies of tiers select it as when it got the profile that it has
   */
  hold(c: number, direction: Direction, tiersStay = false): number {
    const side = this.#tables.matrix.side(direction);
    const portMap = this.#tables.classes.portMap(c);
    const list = this.#tables.groups.profileOf(c, direction, portMap);
    if (this.#tables.tiers.size === 0) {
      if (list === undefined) return side.profiles.again(side.open);
      return this.#tables.matrix.holdProfile(direction, list, list.length);
    }
    // Corner 64: a NetworkPolicy decides finally for the directions that it isolates, or for the pods that it selects.
    const isFinal =
      list !== undefined ||
      (this.#tables.profile.baselineAfterPolicies === 'pod' &&
        this.#tables.groups.isolates(c, direction === 'ingress' ? 'egress' : 'ingress'));
    const stays =
      tiersStay &&
      this.#tables.profile.baselineAfterPolicies === 'direction' &&
      isFinal === ((side.profiles.at(side.profileOf[c]!, 0) & 1) === 1);
    const tiers = stays
      ? this.#tables.tiers.again(direction, side.tiersOf(side.profileOf[c]!))
      : this.#tables.tiers.hold(direction, this.#tables.membershipsOf(c), isFinal, portMap);
    if (tiers < 0 && list === undefined) return side.profiles.again(side.open);
    if (tiers >= 0 && this.#tables.tiers.lists[direction].refs(tiers) === 1) side.tierMemo.clearRow(tiers);
    const whole = list === undefined ? [0, anyPeer, everything] : [...list];
    whole[0] = whole[0]! + (tiers + 1) * 2;
    const profile = this.#tables.matrix.holdProfile(direction, whole, whole.length);
    // The profile holds it.
    if (tiers >= 0) this.#tables.tiers.lists[direction].release(tiers);
    return profile;
  }

  /**
   * The profiles of the classes whose policies have changed, where they are others than before. Each is held.
   *
   * @param tiersStay - whether the same policies of tiers as before select them
   */
  changed(
    classes: readonly number[],
    directions: ReadonlySet<Direction>,
    tiersStay: boolean,
  ): readonly NewProfiles[] {
    const changed: NewProfiles[] = [];
    const { egress, ingress } = this.#tables.matrix;
    for (const c of classes) {
      const found = {
        c,
        egress: directions.has('egress')
          ? this.hold(c, 'egress', tiersStay)
          : egress.profiles.again(egress.profileOf[c]!),
        ingress: directions.has('ingress')
          ? this.hold(c, 'ingress', tiersStay)
          : ingress.profiles.again(ingress.profileOf[c]!),
      };
      if (found.egress !== egress.profileOf[c] || found.ingress !== ingress.profileOf[c]) changed.push(found);
      else {
        this.#tables.matrix.releaseProfile('egress', found.egress);
        this.#tables.matrix.releaseProfile('ingress', found.ingress);
      }
    }
    return changed;
  }
}
