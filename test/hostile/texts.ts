const mega = 2 ** 20;

/** Ten of the level below on each level. */
function laughs(levels: number): string {
  let text = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n';
  for (let level = 1; level < levels; level++)
    text += `a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]\n`;
  return text;
}

/** Texts that are made to exhaust a reader, by name. */
export const hostileTexts: Readonly<Record<string, () => string>> = {
  'billion laughs': () => laughs(30),
  'billion laughs by merges': () =>
    `a0: &a0 {x: 1}\n${Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}], k${i}: *a${i}}\n`).join('')}`,
  'many aliases': () => `a: &a [${'1, '.repeat(20)}]\nb:\n${'- *a\n'.repeat(40_000)}`,
  'deep block YAML': () => Array.from({ length: 6000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
  'deep compact YAML': () => `${'- '.repeat(10_000)}a\n`,
  'deep flow YAML': () => `a: ${'[b, '.repeat(10_000)}${']'.repeat(10_000)}\n`,
  'deep open flow YAML': () => `a: ${'{'.repeat(19 * mega)}`,
  'deep JSON': () => `${'{"a": ['.repeat(10_000)}${']}'.repeat(10_000)}`,
  'deep open JSON': () => '['.repeat(5 * mega),
  'long YAML scalar': () => `a: ${'x'.repeat(100 * mega)}\n`,
  'long YAML scalar with an anchor': () => `a: &a ${'x'.repeat(100 * mega)}\n`,
  'long YAML': () => 'a:\n' + '- {b: c}\n- 1\n'.repeat(2 * mega),
  'long quoted YAML scalar': () => `a: "${'x\n  '.repeat(4 * mega)}"\n`,
  'long JSON scalar': () => `{"a": "${'x'.repeat(100 * mega)}"}`,
  'long open JSON scalar': () => `{"a": "${'x'.repeat(50 * mega)}`,
  'long number': () => `a: ${'1'.repeat(2 * mega)}\n`,
  'many errors': () => 'a: @b\n'.repeat(150_000),
  'many warnings': () => 'a: !b c\n'.repeat(60_000),
  'many bad documents': () => '---\na: @b\n'.repeat(20_000),
  'many empty documents': () => '---\n'.repeat(5 * mega),
  'many duplicate keys': () => 'a: 1\n'.repeat(100_000),
  'many keys': () => Array.from({ length: 100_000 }, (_, i) => `k${i}: 1\n`).join(''),
  'many tokens': () => `[${','.repeat(10 * mega)}]`,
  'many JSON values': () => `${'{} '.repeat(300_000)}x`,
  'template of nothing': () => '{{ if }}\n'.repeat(2 * mega),
  'tabs only': () => `a:\n${'\t'.repeat(10 * mega)}b: 1\n`,
};
