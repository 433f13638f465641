import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/cli/exit.ts';
import { parseSelector } from '../../src/cli/selector.ts';
import { matches } from '../../src/model/index.ts';

/** Which of these pods a selector picks. */
const pods = {
  web: new Map([
    ['app', 'web'],
    ['tier', 'front'],
    ['app.kubernetes.io/name', 'web'],
  ]),
  db: new Map([
    ['app', 'db'],
    ['tier', 'back'],
  ]),
  canary: new Map([
    ['app', 'web'],
    ['canary', ''],
    ['tier', 'in'],
  ]),
  bare: new Map<string, string>(),
};

function picks(text: string): string {
  const selector = parseSelector(text);
  return Object.entries(pods)
    .filter(([, labels]) => matches(selector, labels))
    .map(([name]) => name)
    .join(' ');
}

describe('-l reads as in kubectl', () => {
  test.each([
    ['', 'web db canary bare'],
    ['app=web', 'web canary'],
    ['app==web', 'web canary'],
    ['app = web', 'web canary'],
    ['app!=web', 'db bare'],
    ['app', 'web db canary'],
    ['!canary', 'web db bare'],
    ['! canary', 'web db bare'],
    ['canary=', 'canary'],
    ['app in (web, db),!canary', 'web db'],
    ['app in (db)', 'db'],
    ['tier in (in,front)', 'web canary'],
    ['app notin (web)', 'db bare'],
    ['canary in ()', 'canary'],
    ['app.kubernetes.io/name=web', 'web'],
    ['app=web,tier=front', 'web'],
    ['app=web,app=db', ''],
    ['in in (x)', ''],
  ])('%s picks %s', (text, expected) => {
    expect(picks(text)).toBe(expected);
  });

  test.each([
    ['=web', '=web'],
    ['app=web,', ''],
    ['app in web', 'app in web'],
    ['app in (web', 'app in (web'],
    ['app>3', 'app>3'],
    ['app=web db', 'app=web db'],
    ['app=(a,b)', 'app=(a,b)'],
    ['a b', 'a b'],
    ['{}', '{}'],
  ])('%s', (text, part) => {
    expect(() => parseSelector(text)).toThrow(UsageError);
    expect(() => parseSelector(text)).toThrow(`"${part}" in the selector "${text}" cannot be read`);
  });

  test('a hostile one is refused at once', () => {
    const before = performance.now();
    expect(() => parseSelector(`${'a-'.repeat(50_000)}!`)).toThrow(UsageError);
    expect(() => parseSelector('('.repeat(100_000))).toThrow(UsageError);
    expect(performance.now() - before).toBeLessThan(1000);
  });
});
