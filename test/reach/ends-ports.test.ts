import { describe, expect, test } from 'vitest';
import { formatPortQuery, isPortProblem, parsePorts, splitTarget } from '../../src/reach/index.ts';

/** The queries as answers write them, or the problem with its hint. */
function read(text: string): string {
  const ports = parsePorts(text);
  if (!isPortProblem(ports)) return ports.map(formatPortQuery).join(', ');
  return ports.hint === undefined ? `! ${ports.message}` : `! ${ports.message} (${ports.hint})`;
}

const forms = 'write 5432, udp/53, sctp/9000, 8000-8080, a name such as http, or several by comma';

describe('a port operand', () => {
  test.each([
    ['5432', 'TCP 5432'],
    ['udp/53', 'UDP 53'],
    ['53/udp', 'UDP 53'],
    ['UDP/53', 'UDP 53'],
    ['sctp/9000', 'SCTP 9000'],
    ['8000-8080', 'TCP 8000-8080'],
    ['udp/8000-8080', 'UDP 8000-8080'],
    ['8000-8080/udp', 'UDP 8000-8080'],
    ['http', 'http'],
    ['tcp/http', 'TCP http'],
    ['http/tcp', 'TCP http'],
    ['web-2', 'web-2'],
    ['9p', '9p'],
    ['1', 'TCP 1'],
    ['65535', 'TCP 65535'],
    ['080', 'TCP 80'],
    ['80,443', 'TCP 80, TCP 443'],
    ['udp/53, tcp/53,dns', 'UDP 53, TCP 53, dns'],
    // A name that reads like a protocol is a name: container ports may be called so.
    ['udp', 'udp'],
    ['tcp/udp', 'TCP udp'],
  ])('%s is %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test.each([
    ['0', '! "0" is no port: 0 is not between 1 and 65535'],
    ['65536', '! "65536" is no port: 65536 is not between 1 and 65535'],
    ['udp/70000', '! "udp/70000" is no port: 70000 is not between 1 and 65535'],
    ['80-65536', '! "80-65536" is no port: 65536 is not between 1 and 65535'],
    ['-1', '! "-1" is no port: ports run from 1 to 65535'],
    ['9'.repeat(400), `! "${'9'.repeat(79)}…" is no port: a number of that size is not between 1 and 65535`],
    ['8080-8000', '! "8080-8000" is an empty range (the lower end goes first: 8000-8080)'],
    ['', `! a port is missing (${forms})`],
    ['80,', `! a port is missing (${forms})`],
    ['udp/', `! "udp/" has no port (${forms})`],
    ['80-', `! "80-" is no port (${forms})`],
    ['80:90', `! "80:90" is no port (${forms})`],
    ['HTTP', '! "HTTP" is no port (names of ports are in lower case: http)'],
    ['http_alt', `! "http_alt" is no port (${forms})`],
    ['a/b/c', `! "a/b/c" is no port (${forms})`],
    ['udp/53/x', `! "udp/53/x" is no port (${forms})`],
    [
      'icmp/8',
      '! "icmp/8" names a protocol that NetworkPolicy does not know: "icmp" (the protocols are tcp, udp and sctp)',
    ],
    [
      'tpc/80',
      '! "tpc/80" names a protocol that NetworkPolicy does not know: "tpc" (did you mean tcp/80? the protocols are tcp, udp and sctp)',
    ],
    [
      '53/upd',
      '! "53/upd" names a protocol that NetworkPolicy does not know: "upd" (did you mean udp/53? the protocols are tcp, udp and sctp)',
    ],
  ])('%s is refused', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test('one wrong element makes the whole list wrong', () => {
    expect(read('80,nope!')).toBe(`! "nope!" is no port (${forms})`);
  });
});

describe('TO:PORT', () => {
  test.each([
    ['shop/db', 'shop/db', undefined],
    ['shop/db:5432', 'shop/db', '5432'],
    ['shop/db:udp/53', 'shop/db', 'udp/53'],
    ['shop/db:80,443', 'shop/db', '80,443'],
    ['shop/db:', 'shop/db', ''],
    ['app=web:http', 'app=web', 'http'],
    ['10.0.0.0/8:443', '10.0.0.0/8', '443'],
    ['fd00::1', 'fd00::1', undefined],
    ['fd00::1:80', 'fd00::1:80', undefined],
    ['fd00::/64', 'fd00::/64', undefined],
    ['fd00::1-fd00::9', 'fd00::1-fd00::9', undefined],
    ['[fd00::1]:udp/53', 'fd00::1', 'udp/53'],
    ['[fd00::1]', 'fd00::1', undefined],
    ['[fd00::/64]:443', 'fd00::/64', '443'],
    ['[10.0.0.1]:80', '10.0.0.1', '80'],
    ['', '', undefined],
  ])('%s', (text, end, port) => {
    expect(splitTarget(text)).toEqual({ end, port });
  });
});
