import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { PortSet } from '../../src/net/index.ts';
import type { Explanation, SideExplanation } from '../../src/reach/index.ts';
import { renderExplanation, renderVerdict, type RenderOptions } from '../../src/render/index.ts';
import { displayWidth } from '../../src/render/text.ts';
import * as explanations from './explanations.ts';
import { golden, obeyed, overlong, withoutColor } from './golden.ts';
import { schemaOf } from './schemas.ts';

const at = (width: number | undefined): RenderOptions => ({ width, color: false, headers: true });

const cases: Readonly<Record<string, () => Explanation>> = {
  denied: explanations.denied,
  allowed: explanations.allowed,
  'one-ended': explanations.oneEnded,
  unknown: explanations.unknown,
  crowded: explanations.crowded,
  hostile: explanations.hostileExplanation,
};

describe('an explanation', () => {
  for (const [name, make] of Object.entries(cases)) {
    it(`of ${name} reads as reviewed`, () => {
      const texts = [60, 80, undefined].map(
        (width) => `# width ${width}\n${renderExplanation(make(), 'text', at(width))}`,
      );
      expect(texts.join('\n')).toBe(golden(`explain-${name}.txt`, texts.join('\n')));
      expect(renderExplanation(make(), 'json', at(80))).toBe(
        golden(`explain-${name}.json.txt`, renderExplanation(make(), 'json', at(80))),
      );
    });

    it(`of ${name} stays within 80 columns, and is the same in colour`, () => {
      const text = renderExplanation(make(), 'text', at(80));
      expect(overlong(text, 80)).toEqual([]);
      const colored = renderExplanation(make(), 'text', { ...at(80), color: true });
      expect(colored).not.toBe(text);
      expect(withoutColor(colored)).toBe(text);
      expect(text).not.toMatch(obeyed);
    });
  }

  it('begins with a sign and the sentence', () => {
    expect(renderExplanation(explanations.denied(), 'text', at(undefined))).toMatch(
      /^✗ app\/frontend cannot reach app\/database on TCP 5432: .*\.\n/,
    );
    expect(renderExplanation(explanations.allowed(), 'text', at(80))).toMatch(/^✓ app\/frontend can reach/);
    expect(renderExplanation(explanations.unknown(), 'text', at(80))).toMatch(/^\? /);
    const partly = explanations.explanationOf({ verdict: 'partly' });
    expect(renderExplanation(partly, 'text', at(80))).toMatch(/^~ /);
  });

  it('quotes the lines that do not admit, with what is there instead', () => {
    const text = renderExplanation(explanations.denied(), 'text', at(80));
    expect(text).toMatch(/14 │ {3}ingress:\n/);
    expect(text).toMatch(/18 │ +app: backend +frontend has app=frontend\n/);
    expect(text).toMatch(/20 │ +- port: 5432 +matches\n/);
  });

  it('names the port that was tested, not the one that was asked of a Service', () => {
    const check = explanations.databasePolicy();
    const [rule] = check.rules;
    if (rule === undefined) throw new Error('the fixture has a rule');
    const ports = rule.ports.map((port) => ({ ...port, matches: false }));
    const asked = {
      port: 'TCP 80',
      ingress: {
        ...explanations.explanationOf({}).ingress,
        policies: [{ ...check, rules: [{ ...rule, ports }] }],
      },
    };
    const text = (parts: Partial<Explanation>): string =>
      renderExplanation(explanations.explanationOf({ ...asked, ...parts }), 'text', at(80));
    expect(text({})).toMatch(/port: 5432 +does not match TCP 80$/m);
    expect(text({ testedPort: 'TCP 8080' })).toMatch(/port: 5432 +does not match TCP 8080$/m);
    expect(text({ testedPort: 'no port', port: 'nope' })).toMatch(/port: 5432 +does not match nope$/m);
  });

  it('does without quotes where there is no text', () => {
    const text = renderExplanation(explanations.crowded(), 'text', at(80));
    expect(text).toContain('namespace-0/policies.yaml:100:3\n');
    // What would be seen beside the lines is said with the entry's name and place.
    expect(text).toMatch(
      /^ {6}ingress rule 1, peer 1: the-even-longer-name-of-a-workload-in-it has\n {6}app=frontend\n {6}policies\.yaml:16:7$/m,
    );
    expect(text).toMatch(
      /^ {6}ingress rule 2, peer 1: 10\.1\.2\.3 is in except 10\.1\.0\.0\/16\n {6}policies\.yaml:23:7$/m,
    );
    expect(text).not.toMatch(/ingress rule 1, port 1/);
    expect(text).toContain('2 more policies');
  });

  it('says what else a change opens', () => {
    const text = renderExplanation(explanations.denied(), 'text', at(undefined));
    expect(text).toContain('It would open this pair and nothing else.');
    expect(text).toContain('It would also open 6 other connections: app/w0 → app/database TCP 5432;');
    expect(text).toContain('and 2 more.');
  });

  it('quotes a long policy only where it matters', () => {
    const check = explanations.databasePolicy();
    const source = Array.from({ length: 400 }, (_, i) => `line ${i + 1}`).join('\n');
    const [rule] = check.rules;
    if (rule === undefined) throw new Error('the fixture has a rule');
    const long = explanations.explanationOf({
      ingress: {
        ...explanations.explanationOf({}).ingress,
        policies: [
          {
            ...check,
            policy: { ...check.policy, origin: explanations.originOf('policies.yaml', source) },
            rules: Array.from({ length: 30 }, (_, i) => ({
              ...rule,
              rule: i,
              // The last rule misses least: its ports match.
              ports: [
                {
                  port: 0,
                  matches: i === 29,
                  text: 'TCP 1',
                  reason: 'asked: 5432',
                  place: { file: 'f', line: i === 29 ? 390 : 10 * i + 5, column: 1 },
                },
              ],
              peers: i === 29 ? [] : rule.peers,
              place: { file: 'f', line: 10 * i + 1, column: 1 },
              endLine: i === 29 ? 395 : 10 * i + 9,
            })),
          },
        ],
      },
    });
    const text = renderExplanation(long, 'text', at(80));
    expect(text.split('\n').length).toBeLessThan(30);
    expect(text).toMatch(/390 │ line 390 +matches/);
    expect(text).toContain('28 more rules, none admits it');
  });

  it('is as the schema says, in JSON and in YAML', () => {
    const validate = schemaOf('explanation');
    for (const make of Object.values(cases)) {
      const document: unknown = JSON.parse(renderExplanation(make(), 'json', at(80)));
      expect(validate(document)).toEqual([]);
      expect(parse(renderExplanation(make(), 'yaml', at(80)))).toEqual(document);
    }
    const one = JSON.parse(renderExplanation(explanations.denied(), 'json', at(80))) as Record<
      string,
      unknown
    >;
    expect(one['ingress']).toMatchObject({
      isolated: true,
      policies: [
        { policy: 'app/default-deny-all', effect: 'doesNotAdmit', file: 'policies.yaml', line: 1 },
        { policy: 'app/allow-backend-to-db', effect: 'doesNotAdmit', file: 'policies.yaml', line: 7 },
      ],
    });
    expect(validate({ ...one, verdict: 'maybe' })).not.toEqual([]);
    expect(validate({ ...one, walk: [] })).not.toEqual([]);
  });
});

describe('the document of one end', () => {
  const documentOf = (explanation: Explanation): Record<string, unknown> =>
    JSON.parse(renderExplanation(explanation, 'json', at(80))) as Record<string, unknown>;
  const validate = schemaOf('explanation');

  it('judges no connection, and says what each rule admits', () => {
    const document = documentOf(explanations.oneEnded());
    expect(validate(document)).toEqual([]);
    for (const field of ['verdict', 'allowed', 'to']) expect(document).not.toHaveProperty(field);
    expect(document['egress']).toEqual({
      subject: 'app/Deployment/database',
      isolated: false,
      state: 'open',
      policies: [],
    });
    const place = { file: 'policies.yaml' };
    expect(document['ingress']).toEqual({
      subject: 'app/Deployment/database',
      isolated: true,
      state: 'isolated',
      policies: [
        { policy: 'app/default-deny-all', effect: 'doesNotAdmit', admits: [], ...place, line: 1, column: 1 },
        {
          policy: 'app/allow-backend-to-db',
          effect: 'admits',
          admits: [
            { rule: 0, from: ['pods with app=backend'], ports: ['TCP 5432'], ...place, line: 15, column: 5 },
            { rule: 1, from: ['10.0.0.0/8 except 10.1.0.0/16'], ports: [], ...place, line: 22, column: 5 },
          ],
          ...place,
          line: 7,
          column: 1,
        },
      ],
    });
    const side = explanations.oneEnded().ingress;
    const outgoing = documentOf({ ...explanations.oneEnded(), egress: { ...side, direction: 'egress' } });
    expect(validate(outgoing)).toEqual([]);
    expect(outgoing['egress']).toMatchObject({
      policies: [{}, { admits: [{ to: ['pods with app=backend'] }, {}] }],
    });
  });

  it('is told from that of a pair by the schema', () => {
    const one = documentOf(explanations.oneEnded());
    const pair = documentOf(explanations.denied());
    expect(validate({ ...one, verdict: 'allowed' })).not.toEqual([]);
    expect(validate({ ...one, allowed: 'all' })).not.toEqual([]);
    expect(validate({ ...one, ingress: pair['ingress'] })).not.toEqual([]);
    expect(validate({ ...pair, ingress: one['ingress'] })).not.toEqual([]);
    for (const field of ['verdict', 'allowed']) {
      expect(validate(Object.fromEntries(Object.entries(pair).filter(([key]) => key !== field)))).not.toEqual(
        [],
      );
    }
  });
});

describe('what a pair may use', () => {
  it('is given by family where the families differ', () => {
    const explanation = explanations.explanationOf({
      byFamily: { IPv4: PortSet.all, IPv6: PortSet.range('TCP', 443, 443) },
    });
    for (const [name, render] of [
      ['explanation', renderExplanation],
      ['verdict', renderVerdict],
    ] as const) {
      const document = JSON.parse(render(explanation, 'json', at(80))) as Record<string, unknown>;
      expect(schemaOf(name)(document)).toEqual([]);
      expect(document['allowedByFamily']).toEqual({ IPv4: 'all', IPv6: { TCP: [[443, 443]] } });
      expect(JSON.parse(render(explanations.denied(), 'json', at(80)))).not.toHaveProperty('allowedByFamily');
    }
  });
});

describe('a verdict', () => {
  const line = (explanation: Explanation, width: number | undefined): string =>
    renderVerdict(explanation, 'text', at(width));

  it('is one line', () => {
    expect(line(explanations.allowed(), undefined)).toBe(
      'yes  app/frontend → app/backend TCP 8080   (allow-frontend-to-backend, policies.yaml:16)\n',
    );
    expect(line(explanations.denied(), undefined)).toBe(
      'no   app/frontend → app/database TCP 5432   (ingress closed: allow-backend-to-db, policies.yaml:7)\n',
    );
    const free = explanations.explanationOf({
      verdict: 'allowed',
      ingress: explanations.openSide('ingress', 'app/Deployment/database'),
      allowed: PortSet.all,
    });
    expect(line(free, 80)).toBe(
      'yes  app/frontend → app/database TCP 5432   (no policy isolates either end)\n',
    );
    const exempt = (direction: 'egress' | 'ingress', subject: string, reason: string): SideExplanation => ({
      ...explanations.openSide(direction, subject),
      exempt: reason,
    });
    // What decides is said, not why the other end has no say.
    const outside = exempt('ingress', 'internet', 'it is outside the cluster, where no policy applies');
    expect(line({ ...free, ingress: outside }, undefined)).toContain(
      '(no policy isolates the egress of app/Deployment/frontend)\n',
    );
    const node = exempt('egress', 'node/a', 'it is a node, and no policy selects nodes');
    expect(line({ ...free, egress: node, ingress: outside }, undefined)).toContain(
      '(no policy applies to either end)\n',
    );
    const self = 'a pod always reaches itself';
    const itself = { egress: exempt('egress', 'app/a', self), ingress: exempt('ingress', 'app/a', self) };
    expect(line({ ...free, ...itself }, undefined)).toContain(`(${self})\n`);
    expect(line(explanations.unknown(), 200)).toMatch(/^unknown {2}app\/web-5d8f → app\/database TCP 5432 /);
  });

  it('says why in the words of the sentence where no policy decided', () => {
    const free = {
      ingress: explanations.openSide('ingress', 'app/Deployment/database'),
      port: 'https',
      notes: ['a note'],
    };
    const undeclared = explanations.explanationOf({
      ...free,
      sentence: 'app/frontend cannot reach app/database on https: app/database declares no port of that name',
    });
    const head = 'no   app/frontend → app/database https';
    expect(line(undeclared, undefined)).toBe(`${head}   (app/database declares no port of that name)\n`);
    expect(line(undeclared, 70)).toBe(`${head}   (app/database declares no p…)\n`);
    expect(line(undeclared, 50)).toBe(`${head}\n`);
    // That a policy would not admit it either is not why.
    const closed = { ...undeclared, ingress: explanations.denied().ingress, testedPort: 'no port' };
    expect(line(closed, undefined)).toBe(line(undeclared, undefined));
    const partly = explanations.explanationOf({ ...free, verdict: 'partly', sentence: 'it is hard to tell' });
    expect(line(partly, undefined)).toBe('partly  app/frontend → app/database https   (a note)\n');
  });

  it('gives up its reason before its names, and never exceeds the terminal', () => {
    for (const make of [
      explanations.denied,
      explanations.allowed,
      explanations.crowded,
      explanations.hostileExplanation,
    ]) {
      for (const width of [60, 80]) {
        const text = line(make(), width);
        expect(text.trimEnd().split('\n')).toHaveLength(1);
        expect(displayWidth(text.trimEnd())).toBeLessThanOrEqual(width);
      }
    }
    expect(line(explanations.denied(), 80)).toContain('(policies.yaml:7)');
  });

  it('is as the schema says: the same without the walk', () => {
    const validate = schemaOf('verdict');
    for (const make of [explanations.denied, explanations.allowed, explanations.unknown]) {
      const document = JSON.parse(renderVerdict(make(), 'json', at(80))) as Record<string, unknown>;
      expect(validate(document)).toEqual([]);
      expect(parse(renderVerdict(make(), 'yaml', at(80)))).toEqual(document);
      const whole = JSON.parse(renderExplanation(make(), 'json', at(80))) as Record<string, unknown>;
      for (const walk of ['egress', 'ingress', 'nearest']) delete whole[walk];
      expect(document).toEqual(whole);
    }
  });
});
