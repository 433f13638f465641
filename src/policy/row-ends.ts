import { SequenceTable } from './sequences.ts';

/** What rows or columns are made of. */
export class Ends {
  readonly count: number;
  readonly dense: Int32Array;
  readonly atom: Int32Array;
  readonly family: Int32Array;

  /** @param sequences - of each: dense part, atom, families */
  constructor(sequences: SequenceTable) {
    this.count = sequences.size;
    const { items } = sequences;
    const field = (offset: number): Int32Array =>
      Int32Array.from({ length: this.count }, (_, id) => items[id * 3 + offset]!);
    this.dense = field(0);
    this.atom = field(1);
    this.family = field(2);
  }
}

/** Rows, of egress and of the atoms of ingress; or columns, the other way round. */
export function endsOf(
  {
    denseOf,
    profileOf,
    atomOf,
  }: { readonly denseOf: Int32Array; readonly profileOf: Int32Array; readonly atomOf: Int32Array },
  family: Uint8Array,
): readonly [of: Int32Array, ends: Ends] {
  const sequences = new SequenceTable();
  const of = new Int32Array(profileOf.length);
  const end = new Int32Array(3);
  for (let c = 0; c < of.length; c++) {
    end[0] = denseOf[profileOf[c]!]!;
    end[1] = atomOf[c]!;
    end[2] = family[c]!;
    of[c] = sequences.intern(end, 0, 3);
  }
  return [of, new Ends(sequences)];
}
