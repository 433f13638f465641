import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cidrOf,
  cidrOfRange,
  contains,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  parseRange,
  subtract,
} from '../../src/net/index.ts';
import type { Address, AddressRange } from '../../src/net/index.ts';

const ipv4 = fc.bigInt({ min: 0n, max: 0xffff_ffffn }).map((value): Address => ({ family: 'IPv4', value }));
const ipv6 = fc
  .oneof(
    fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
    // Runs of zero groups, where the short form has to choose.
    fc
      .array(fc.constantFrom(0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 })
      .map((groups) => groups.reduce<bigint>((value, group) => (value << 16n) | group, 0n)),
  )
  // ::ffff:0:0/96 is IPv4 written otherwise.
  .filter((value) => value >> 32n !== 0xffffn)
  .map((value): Address => ({ family: 'IPv6', value }));

describe('addresses', () => {
  test('are read back from their text', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (address) => {
        const text = formatAddress(address);
        expect(isIP(text)).toBe(address.family === 'IPv4' ? 4 : 6);
        expect(parseAddress(text)).toEqual(address);
      }),
    );
  });

  test('are read back from the text of their ranges, IPv4-mapped ones as ends of IPv6', () => {
    const mapped = fc
      .bigInt({ min: -1n, max: 1n << 32n })
      .map((offset): Address => ({ family: 'IPv6', value: (0xffffn << 32n) + offset }));
    fc.assert(
      fc.property(ipv4, ipv4, fc.oneof(ipv6, mapped), fc.oneof(ipv6, mapped), (a, b, c, d) => {
        for (const [first, last] of [
          [a, b],
          [c, d],
        ] as const) {
          const { family } = first;
          expect(parseRange(formatAddress(first), formatAddress(last))).toEqual({
            family,
            first: first.value,
            last: last.value,
          });
        }
        expect(parseRange(formatAddress(a), formatAddress(c))).toBeUndefined();
        expect(parseRange(formatAddress(c), formatAddress(a))).toBeUndefined();
      }),
    );
    expect(parseRange('10.0.0.1', 'x')).toBeUndefined();
  });

  test('have the canonical text of RFC 5952', () => {
    fc.assert(
      fc.property(ipv6, (address) => {
        expect(formatAddress(address)).toBe(
          new URL(`http://[${formatAddress(address)}]/`).hostname.slice(1, -1),
        );
      }),
    );
  });

  test.each([
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:a00:1', '10.0.0.1'],
    ['FD00:0:0::1', 'fd00::1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::', '::'],
  ])('%s is %s', (text, canonical) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(canonical);
  });

  test.each([
    '',
    '10.0.0',
    '10.0.0.0.1',
    '10.0.0.256',
    '010.0.0.1',
    '1:2:3:4:5:6:7',
    '1::2::3',
    ':::',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '::10.0.0.300',
  ])('%s is no address', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('CIDRs', () => {
  test('hold exactly the addresses that share their prefix', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), fc.nat({ max: 128 }), (address, n) => {
        const bits = address.family === 'IPv4' ? 32 : 128;
        const cidr = cidrOf(address, n % (bits + 1));
        expect(cidr.first <= address.value && address.value <= cidr.last).toBe(true);
        const shift = BigInt(bits - cidr.prefix);
        expect(cidr.first >> shift).toBe(address.value >> shift);
        expect(cidr.last >> shift).toBe(address.value >> shift);
        expect(cidr.last - cidr.first + 1n).toBe(1n << shift);
        expect(parseCidr(formatCidr(cidr))).toEqual({ cidr, irregularities: [] });
        expect(cidrOfRange(cidr)).toEqual(cidr);
      }),
    );
  });

  test.each([
    ['10.0.0.5/8', '10.0.0.0/8', ['host-bits']],
    ['010.0.0.0/8', '10.0.0.0/8', ['leading-zeros']],
    ['10.0.0.0/08', '10.0.0.0/8', ['prefix-leading-zeros']],
    ['10.0.0.0/0008', '10.0.0.0/8', ['prefix-leading-zeros']],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8', ['ipv4-mapped']],
    ['::ffff:0:0/96', '0.0.0.0/0', ['ipv4-mapped']],
    ['::ffff:0:0/90', '::ffc0:0:0/90', ['ipv4-mapped', 'host-bits']],
    ['FD00::/8', 'fd00::/8', ['not-canonical']],
  ])('%s is read as %s', (text, canonical, irregularities) => {
    const parsed = parseCidr(text);
    expect(parsed && formatCidr(parsed.cidr)).toBe(canonical);
    expect(parsed?.irregularities).toEqual(irregularities);
  });

  test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/+8', '10.0.0.0/8 ', 'fd00::/129', '/8'])(
    '%s is no CIDR',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );
});

describe('subtract', () => {
  const small = fc
    .tuple(fc.bigInt({ min: 0n, max: 31n }), fc.bigInt({ min: 0n, max: 31n }))
    .map(([a, b]): AddressRange => ({ family: 'IPv4', first: a < b ? a : b, last: a < b ? b : a }));

  test('leaves the addresses of the block that no except holds, in ranges that stand apart', () => {
    fc.assert(
      fc.property(small, fc.array(small, { maxLength: 5 }), (block, excepts) => {
        const left = subtract(block, excepts);
        for (let value = 0n; value < 40n; value++) {
          const within = (range: AddressRange): boolean => range.first <= value && value <= range.last;
          expect(left.some(within)).toBe(within(block) && !excepts.some(within));
        }
        for (const [i, range] of left.entries()) {
          expect(contains(block, range)).toBe(true);
          if (i > 0) expect(range.first).toBeGreaterThan((left[i - 1]?.last ?? 0n) + 1n);
        }
      }),
    );
  });

  test('an except of the other family takes nothing away', () => {
    const block: AddressRange = { family: 'IPv4', first: 0n, last: 9n };
    expect(subtract(block, [{ family: 'IPv6', first: 0n, last: 9n }])).toEqual([block]);
  });
});
