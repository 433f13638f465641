import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/model/index.ts';
import { renderDiagnostics, renderMap, type RenderOptions } from '../../src/render/index.ts';
import { answerOf } from './answers.ts';
import { golden, obeyed, overlong, withoutColor } from './golden.ts';
import { schemaOf } from './schemas.ts';

const plain: RenderOptions = { width: 80, color: false, headers: true };

const wrongIndent: Diagnostic = {
  code: 'yaml-syntax',
  severity: 'error',
  message: 'This is not valid YAML: "- from:" stands left of "ingress:", which it belongs to.',
  hint: 'kubectl cannot read this document either; it was left out of the answer.',
  suggestion: [
    'ingress:',
    '  - from:',
    '      - podSelector:',
    '          matchLabels:',
    '            app: backend',
  ],
  file: 'broken.yaml',
  line: 13,
  column: 1,
};

const endPort: Diagnostic = {
  code: 'end-port-below-port',
  severity: 'error',
  message: 'endPort 5000 is below port 8000, so the range is empty',
  hint: 'the lower end goes in port: port: 5000, endPort: 8000',
  value: '5000',
  path: 'spec.ingress[0].ports[0].endPort',
  object: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace: 'app', name: 'allow-web' },
  file: 'allow-web.yaml',
  line: 14,
  column: 13,
};

describe('diagnostics', () => {
  it('show place, code, line, suggestion and hint', () => {
    const text = renderDiagnostics([wrongIndent, endPort], {
      ...plain,
      quote: ({ file }) => (file === 'broken.yaml' ? ['  ingress:', '- from:'] : undefined),
    });
    expect(text).toBe(golden('diagnostics.txt', text));
    expect(text).toContain('broken.yaml:13:1 error yaml-syntax\n');
    expect(text).toContain('    12 │   ingress:\n    13 │ - from:\n       │ ^\n');
  });

  it('are short without a quote, as style asks', () => {
    expect(renderDiagnostics([endPort], plain)).toBe(
      [
        'allow-web.yaml:14:13 error end-port-below-port',
        '  endPort 5000 is below port 8000, so the range is empty',
        '  hint: the lower end goes in port: port: 5000, endPort: 8000',
        '',
      ].join('\n'),
    );
    expect(renderDiagnostics([], plain)).toBe('');
  });

  it('put the caret below what is shown, escapes and wide characters counted', () => {
    const text = renderDiagnostics([{ ...endPort, column: 6 }], {
      ...plain,
      quote: () => ['\u001b漢\t: 5000'],
    });
    const [, , , quoted = '', caret = ''] = text.split('\n');
    // \x1b takes four columns, the ideograph two, \t two, the colon and the blank one each.
    expect(quoted).toBe('    14 │ \\x1b漢\\t: 5000');
    expect(caret).toBe(`       │ ${' '.repeat(10)}^`);
  });

  it.each([undefined, 60])('show the part of a long line in which the fault is, at width %s', (width) => {
    const line = `${'x'.repeat(299)}FAULT${'y'.repeat(100)}`;
    const text = renderDiagnostics([{ ...endPort, column: 300 }], {
      ...plain,
      width,
      quote: () => ['short', line],
    });
    const lines = text.split('\n');
    const caret = lines.findIndex((each) => /│ +\^$/.test(each));
    const quoted = lines[caret - 1] ?? '';
    expect(quoted).toMatch(/^ +14 │ …x+FAULTy+…$/);
    expect(quoted.indexOf('FAULT')).toBe(lines[caret]?.indexOf('^'));
    expect(overlong(text, 132)).toEqual([]);
    if (width !== undefined) expect(overlong(lines.slice(1).join('\n'), width)).toEqual([]);
  });

  it('that are many alike are counted', () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ ...endPort, line: i + 1, file: `f${i % 7}.yaml` }));
    const text = renderDiagnostics([...many, wrongIndent], plain);
    expect(text.match(/error end-port-below-port\n/g)).toHaveLength(5);
    expect(text).toContain('… 295 more error end-port-below-port in 7 files; -o json lists all');
    expect(text).toContain('broken.yaml:13:1 error yaml-syntax');
  });

  it('are safe to print and within the terminal', () => {
    const bad = 'a\u001b[2J\u009b31m\u202e\r\n\u0000 '.repeat(9);
    const text = renderDiagnostics(
      [{ ...wrongIndent, code: bad, message: bad, hint: bad, suggestion: [bad] }],
      { ...plain, quote: () => [bad, bad] },
    );
    expect(text).not.toMatch(obeyed);
    const [, ...rest] = text.split('\n');
    expect(overlong(rest.join('\n'), 80)).toEqual([]);
  });

  it('carry nothing by colour alone', () => {
    const colored = renderDiagnostics([wrongIndent, endPort], { ...plain, color: true });
    expect(withoutColor(colored)).toBe(renderDiagnostics([wrongIndent, endPort], plain));
    expect(colored).not.toBe(withoutColor(colored));
  });

  it('are as the schema says, alone and in a map', () => {
    const { diagnostics } = JSON.parse(
      renderMap(answerOf({ peers: [], connections: [], diagnostics: [wrongIndent, endPort] }), 'json', plain),
    ) as { diagnostics: unknown[] };
    const validate = schemaOf('diagnostics');
    expect(validate(diagnostics)).toEqual([]);
    expect(diagnostics).toEqual([wrongIndent, endPort]);
    expect(validate([{ ...endPort, severity: 'fatal' }])).not.toEqual([]);
    expect(validate([{ ...endPort, line: 0 }])).not.toEqual([]);
  });
});
