import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PortSet, protocols } from '../../src/net/index.ts';
import type { Protocol } from '../../src/net/index.ts';

// Few numbers, so that ranges meet, touch, overlap and hold one another.
const port = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 65530, max: 65535 }));
const range = fc
  .tuple(fc.constantFrom(...protocols), port, port)
  .map(([protocol, a, b]) => PortSet.range(protocol, Math.min(a, b), Math.max(a, b)));
const set = fc.oneof(
  { weight: 10, arbitrary: fc.array(range, { maxLength: 6 }).map((ranges) => PortSet.union(ranges)) },
  { weight: 1, arbitrary: fc.constant(PortSet.all) },
  { weight: 1, arbitrary: fc.constantFrom(...protocols).map((protocol) => PortSet.everyPort(protocol)) },
);
const points: readonly (readonly [Protocol, number])[] = protocols.flatMap((protocol) =>
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 40000, 65529, 65530, 65531, 65532, 65533, 65534, 65535].map(
    (number) => [protocol, number] as const,
  ),
);

describe('a port set', () => {
  test('has what its operations say, point by point', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        for (const [protocol, number] of points) {
          const inA = a.has(protocol, number);
          const inB = b.has(protocol, number);
          expect(a.union(b).has(protocol, number)).toBe(inA || inB);
          expect(a.intersect(b).has(protocol, number)).toBe(inA && inB);
          expect(a.minus(b).has(protocol, number)).toBe(inA && !inB);
        }
        expect(a.union(b).other).toBe(a.other || b.other);
        expect(a.intersect(b).other).toBe(a.other && b.other);
        expect(a.minus(b).other).toBe(a.other && !b.other);
      }),
    );
  });

  test('has one form for one meaning', () => {
    fc.assert(
      fc.property(set, set, set, (a, b, c) => {
        expect(a.union(b).key).toBe(b.union(a).key);
        expect(a.union(b).union(c).key).toBe(a.union(b.union(c)).key);
        expect(a.intersect(b.union(c)).key).toBe(a.intersect(b).union(a.intersect(c)).key);
        expect(a.minus(b).union(a.intersect(b)).key).toBe(a.key);
        expect(PortSet.union([a, b, c]).key).toBe(a.union(b).union(c).key);
        expect(a.includes(b)).toBe(a.union(b).equals(a));
      }),
    );
  });

  test('keeps ranges sorted, apart and within 1 to 65535', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        for (const each of [a.union(b), a.intersect(b), a.minus(b)]) {
          for (const protocol of protocols) {
            let last = -1;
            for (const { from, to } of each.ranges(protocol)) {
              expect(from).toBeGreaterThan(last + 1);
              expect(to).toBeGreaterThanOrEqual(from);
              last = to;
            }
            expect(last).toBeLessThanOrEqual(65535);
          }
        }
      }),
    );
  });

  test('knows everything and nothing', () => {
    expect(PortSet.all.isAll).toBe(true);
    expect(PortSet.none.isEmpty).toBe(true);
    expect(PortSet.range('TCP', 9, 8).isEmpty).toBe(true);
    // Every port of the three protocols is not everything: other protocols are left (corner 33).
    const named = PortSet.union(protocols.map((protocol) => PortSet.everyPort(protocol)));
    expect(named.isAll).toBe(false);
    expect(named.other).toBe(false);
    expect(PortSet.all.minus(named).isEmpty).toBe(false);
    expect(named.size).toBe(3 * 65535);
  });
});
