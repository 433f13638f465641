const mega = 2 ** 20;

/** The same text, again and again. */
function* endless(text: string, start = ''): Generator<string> {
  const piece = text.repeat(Math.ceil(mega / text.length));
  yield start;
  for (;;) yield piece;
}

/** So many times the same text. */
function* often(text: string, megabytes: number, start = '', end = ''): Generator<string> {
  const piece = text.repeat(Math.ceil(mega / text.length));
  yield start;
  for (let i = 0; i < megabytes; i++) yield piece;
  yield end;
}

const list = '{"apiVersion":"v1","items":[';
const pod = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"},"spec":{}}';

/** Large JSON that is made to exhaust a reader, by name; what has no end must be left before it. */
export const hostileBytes: Readonly<Record<string, () => Iterable<string>>> = {
  'endless text in an item': () => endless('x', `${list}{"a":"`),
  'endless blanks in a list': () => endless(' ', list),
  'endless blanks in an item': () => endless('\n', `${list}{`),
  'endless number': () => endless('1', list),
  'endless brackets': () => endless('[', '{'),
  'endless lists': () => endless('{"items":['),
  'endless member of a list': () => endless('x', '{"apiVersion":"'),
  'endless members of a list': () => endless('"a":"b",', '{"apiVersion":"v1","items":[],'),
  'endless labels': () => endless('"a":"b",', `${list}${pod.slice(0, -12)},"labels":{`),
  'endless values that are no objects': () => endless('0,', list),
  'endless nulls': () => endless('null,', `{"kind":"List",${list.slice(1)}`),
  'endless empty objects': () => endless('{},', list),
  'endless empty objects of a List': () => endless('{},', `{"kind":"List",${list.slice(1)}`),
  'endless empty lists in a list': () => endless('{"items":[]},', list),
  'endless empty objects at the top': () => endless('{}'),
  'endless lists at the top': () => endless('[1,{}]\n'),
  'endless lists of nothing at the top': () => endless('{"items":[]}'),
  'a large list of values at the top': () => often('0,{},{"items":[{}]},', 20, '[', '0]'),
  'many deep items': () =>
    often(`{"kind":${'['.repeat(5000)}${']'.repeat(5000)}},`, 30, list, '{}],"kind":"List"}'),
  'many kinds': () =>
    (function* () {
      yield list;
      for (let i = 0; i < 300_000; i++)
        yield `{"apiVersion":"v${i}","kind":"K${i}","metadata":{"name":"a"}},`;
      yield '{}],"kind":"List"}';
    })(),
  'a long member before many lists': () =>
    (function* () {
      yield '{"kind":"List","apiVersion":"v1","metadata":{"a":"';
      for (let i = 0; i < 8; i++) yield 'x'.repeat(mega);
      yield `"},"items":[${'{"kind":"List","apiVersion":"v1","items":[]},'.repeat(20_000)}${pod}]}`;
    })(),
  'the same pod often': () => often(`${pod},`, 20, list, `${pod}],"kind":"List"}`),
  'labels that never repeat': () =>
    (function* () {
      yield list;
      for (let i = 0; i < 60_000; i++)
        yield `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p${i}","namespace":"n","labels":{"a":"${i}"}},"spec":{"nodeName":"${'n'.repeat(2000)}${i}"}},`;
      yield `${pod}],"kind":"List"}`;
    })(),
};
