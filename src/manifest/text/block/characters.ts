/** What a character below 128 may be in a plain scalar; `charClass` has one for each. */
export const plainInside = 1;
/** May also stand first. */
export const plainStart = 2;
/** May be part of a number of any notation, or of `.inf` and `.nan`. */
export const numeric = 4;
/** May stand first in a plain scalar that is no text: a number, a truth value or null. */
export const resolvable = 8;

/**
 * The classes of the first 128 characters, as bits.
 *
 * Deliberately less than YAML allows: what is not here leaves the document to the parser of `yaml`.
 */
export const charClass: Readonly<Uint8Array> = classify();

function classify(): Uint8Array {
  const classes = new Uint8Array(128);
  const add = (characters: string, bits: number): void => {
    for (const character of characters) {
      const code = character.charCodeAt(0);
      classes[code] = (classes[code] as number) | bits;
    }
  };
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  add(`${letters}0123456789`, plainInside | plainStart);
  add('_./+()$;=^~\\<', plainInside | plainStart);
  add('-!"%&\'*,>?@[]`{|}', plainInside);
  add('0123456789abcdefABCDEFxXoO+-._iInN', numeric);
  // The `test` of the schema's tag for plain scalars; `plainValue` decides.
  add('-+.0123456789~yYnNtTfFoO', resolvable);
  return classes;
}

/**
 * Characters that are no part of the subset anywhere, not even in comments: control characters, which YAML forbids or
 * which end lines for some readers, and whatever JavaScript takes for a blank and YAML does not. A carriage return is
 * looked at where it stands.
 */
export const odd: RegExp =
  // oxlint-disable-next-line no-control-regex
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/;
