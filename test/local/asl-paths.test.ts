import t from 'tap';
import type { StateError } from '../../infra/local/states/errors.ts';
import { evaluateIntrinsic, parseIntrinsic } from '../../infra/local/states/intrinsics.ts';
import { type Json, parseJson } from '../../infra/local/states/json.ts';
import { parsePath, readPath, writePath } from '../../infra/local/states/jsonpath.ts';

const DOCUMENT: Json = {
  a: { 'b c': [1, 2, { x: 'q' }], 'x-y': 3, nil: null },
  list: [{ id: 1 }, { id: 2, sub: { id: 3 } }],
  'weird.key': true,
};
const CONTEXT: Json = { Execution: { Name: 'run-1' } };

const PATHS: [path: string, value: Json | undefined][] = [
  ['$', DOCUMENT],
  ['$$.Execution.Name', 'run-1'],
  ['$.a.x-y', 3],
  ["$.a['b c'][2].x", 'q'],
  ['$["a"]["b c"][0]', 1],
  ["$['weird.key']", true],
  ["$.a['b c'][-1].x", 'q'],
  ["$.a['b c'][9]", undefined],
  ['$.a.nil', null],
  ['$.absent', undefined],
  ['$.a.constructor', undefined],
  ['$.list[*].id', [1, 2]],
  ['$.list[0,1].id', [1, 2]],
  ['$.list[0:1]', [{ id: 1 }]],
  ['$.list[1:]', [{ id: 2, sub: { id: 3 } }]],
  ['$..id', [1, 2, 3]],
  ['$.list..id', [1, 2, 3]],
  ['$.absent[*]', []],
  ["$['a','list'][0]", [{ id: 1 }]],
  ['$.list[1].*', [2, { id: 3 }]],
];

t.test('paths read what they name', async (t) => {
  for (const [path, value] of PATHS) t.strictSame(readPath(parsePath(path), DOCUMENT, CONTEXT), value, path);
});

t.test('what is not a supported path is refused with its text', async (t) => {
  const wrong = [
    'a',
    '',
    '$a',
    '$.',
    '$..',
    '$.a..',
    '$[',
    '$.a b',
    '$...a',
    '$.[0]',
    '$.a[?(@.x > 1)]',
    '$.a.length()',
  ];
  for (const path of wrong) t.throws(() => parsePath(path), SyntaxError, path);
});

t.test('Reference Paths write into a copy', async (t) => {
  const input: Json = { a: 1, list: [{ id: 1 }], o: { p: 2 } };
  const write = (path: string, value: Json) => writePath(parsePath(path), input, value);
  t.strictSame(write('$', 5), 5);
  t.strictSame(write('$.b.c', 5), { a: 1, list: [{ id: 1 }], o: { p: 2 }, b: { c: 5 } });
  t.strictSame(write('$.o.q', 5), { a: 1, list: [{ id: 1 }], o: { p: 2, q: 5 } });
  t.strictSame(write('$.list[0].x', 5), { a: 1, list: [{ id: 1, x: 5 }], o: { p: 2 } });
  t.strictSame(input, { a: 1, list: [{ id: 1 }], o: { p: 2 } }, 'the input stays as it was');
  for (const path of ['$.a.b', '$.list[1]', '$.list.x', '$.o[0]']) {
    const error = t.throws(() => write(path, 5)) as unknown as StateError;
    t.equal(error.errorName, 'States.ResultPathMatchFailure', path);
  }
  t.equal(parsePath('$.list[*].x').reference, false);
  t.equal(parsePath('$$.x').reference, false);
});

t.test('names like __proto__ are names like others', async (t) => {
  const hostile = parseJson('{"__proto__": {"polluted": true}}');
  t.strictSame(readPath(parsePath('$.__proto__.polluted'), hostile, null), true);
  t.equal(readPath(parsePath('$.__proto__.polluted'), {}, null), undefined);
  const written = writePath(parsePath('$.__proto__.x'), {}, 1);
  t.equal(({} as { x?: number }).x, undefined);
  t.equal(JSON.stringify(written), '{"__proto__":{"x":1}}');
});

t.test('JSON that nests beyond 256 levels is refused', async (t) => {
  t.strictSame(parseJson('["[[{\\"", {"a": []}]'), ['[[{"', { a: [] }]);
  t.doesNotThrow(() => parseJson('['.repeat(256) + ']'.repeat(256)));
  t.throws(() => parseJson('['.repeat(257) + ']'.repeat(257)), SyntaxError);
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const INPUT: Json = {
  name: 'scan',
  template: 'Hello, {}!',
  list: [1, 2, 3, 4, 5],
  mixed: [{ a: 1, b: 2 }, 'x', { b: 2, a: 1 }, 'x', null],
  object: { b: 1, 'c d': 'z', list: [1, 'two'] },
  text: '{"foo": ["bar"]}',
};

const INTRINSICS: [call: string, value: Json | RegExp][] = [
  ["States.Format('{} of {}', $.name, 7)", 'scan of 7'],
  ['States.Format($.template, $.name)', 'Hello, scan!'],
  ["States.Format('it\\'s \\{\\} and \\\\')", "it's {} and \\"],
  ["States.Format('{} {} {}', true, null, 1.5)", 'true null 1.5'],
  ["States.Format('{}', $.object)", '{b=1, c d=z, list=[1, two]}'],
  ['States.StringToJson($.text)', { foo: ['bar'] }],
  ['States.StringToJson(\'{\\"a\\": 1}\')', { a: 1 }],
  ['States.JsonToString($.object)', '{"b":1,"c d":"z","list":[1,"two"]}'],
  ['States.Array()', []],
  ["States.Array(1, 'a, b)', $.name, null, States.Array(true))", [1, 'a, b)', 'scan', null, [true]]],
  ['States.ArrayPartition($.list, 2)', [[1, 2], [3, 4], [5]]],
  ['States.ArrayContains($.list, 5)', true],
  ["States.ArrayContains($.list, '5')", false],
  ['States.ArrayContains($.mixed, $.mixed[2])', true],
  ['States.ArrayRange(1, 9, 2)', [1, 3, 5, 7, 9]],
  ['States.ArrayRange(3, 1, -1)', [3, 2, 1]],
  ['States.ArrayRange(1, 0, 1)', []],
  ['States.ArrayGetItem($.list, 4)', 5],
  ['States.ArrayLength($.list)', 5],
  ['States.ArrayUnique($.mixed)', [{ a: 1, b: 2 }, 'x', null]],
  ["States.Base64Encode('Data to encode')", 'RGF0YSB0byBlbmNvZGU='],
  ["States.Base64Decode('RGVjb2RlZCBkYXRh')", 'Decoded data'],
  ["States.Base64Decode(States.Base64Encode('Grüße'))", 'Grüße'],
  ["States.Hash('input data', 'MD5')", '812f45842bc6d66ee14572ce20db8e86'],
  ["States.Hash('input data', 'SHA-1')", 'aaff4a450a104cd177d28d18d74485e8cae074b7'],
  [
    "States.Hash('input data', 'SHA-256')",
    'b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3',
  ],
  ["States.Hash('input data', 'SHA-384')", /^d28a7d5cf25a74f1[0-9a-f]{80}$/],
  ["States.Hash('input data', 'SHA-512')", /^6ce4adb348546d4f[0-9a-f]{112}$/],
  ['States.JsonMerge($.object, $.mixed[0], false)', { b: 2, 'c d': 'z', list: [1, 'two'], a: 1 }],
  ['States.MathAdd(111, -1)', 110],
  ['States.MathAdd(1.5, 1.51)', 4],
  ['States.MathAdd(-1.49, -1.5)', -2],
  ["States.StringSplit('1,2,3', ',')", ['1', '2', '3']],
  ["States.StringSplit('This.is+a,,test=string', '.+,=')", ['This', 'is', 'a', 'test', 'string']],
  ['States.UUID()', UUID],
  ["States.ArrayGetItem(States.StringSplit($$.Execution.Name, '-'), 1)", '1'],
];

t.test('intrinsic functions compute what AWS documents', async (t) => {
  for (const [call, value] of INTRINSICS) {
    const got = evaluateIntrinsic(call, INPUT, CONTEXT);
    if (value instanceof RegExp) t.match(got, value, call);
    else t.strictSame(got, value, call);
  }
});

t.test('random numbers stay in their range, and a seed repeats them', async (t) => {
  for (let i = 0; i < 200; i++) {
    const n = evaluateIntrinsic('States.MathRandom(3, 6)', null, null) as number;
    t.ok([3, 4, 5].includes(n), `${n} is in 3..5`);
  }
  const seeded = (seed: number) => evaluateIntrinsic(`States.MathRandom(0, 1000000, ${seed})`, null, null);
  t.equal(seeded(7), seeded(7));
  t.not(seeded(7), seeded(8));
});

t.test('intrinsic functions refuse what they cannot compute', async (t) => {
  const long = `'${'x'.repeat(10_001)}'`;
  const failures: [call: string, error: string][] = [
    ["States.Format('{} {}', 1)", 'States.IntrinsicFailure'],
    ["States.Format('{}', 1, 2)", 'States.IntrinsicFailure'],
    ["States.Format('{', 1)", 'States.IntrinsicFailure'],
    ['States.Format(1)', 'States.IntrinsicFailure'],
    ["States.StringToJson('nonsense')", 'States.IntrinsicFailure'],
    ['States.ArrayGetItem($.list, 5)', 'States.IntrinsicFailure'],
    ['States.ArrayGetItem($.list, -1)', 'States.IntrinsicFailure'],
    ['States.ArrayLength($.name)', 'States.IntrinsicFailure'],
    ['States.ArrayPartition($.list, 0)', 'States.IntrinsicFailure'],
    ['States.ArrayRange(1, 2, 0)', 'States.IntrinsicFailure'],
    ['States.ArrayRange(0, 1000, 1)', 'States.IntrinsicFailure'],
    ["States.Hash('a', 'SHA-3')", 'States.IntrinsicFailure'],
    [`States.Hash(${long}, 'MD5')`, 'States.IntrinsicFailure'],
    [`States.Base64Encode(${long})`, 'States.IntrinsicFailure'],
    ["States.Base64Decode('%%%')", 'States.IntrinsicFailure'],
    ['States.JsonMerge($.object, $.object, true)', 'States.IntrinsicFailure'],
    ['States.JsonMerge($.object, $.list, false)', 'States.IntrinsicFailure'],
    ["States.MathAdd('1', 2)", 'States.IntrinsicFailure'],
    ['States.MathRandom(5, 5)', 'States.IntrinsicFailure'],
    ["States.StringSplit(1, ',')", 'States.IntrinsicFailure'],
    ['States.Array($.absent)', 'States.Runtime'],
  ];
  for (const [call, error] of failures) {
    try {
      evaluateIntrinsic(call, INPUT, CONTEXT);
      t.fail(`${call.slice(0, 60)} was computed`);
    } catch (thrown) {
      t.equal((thrown as StateError).errorName, error, call.slice(0, 60));
    }
  }
});

t.test('calls that are written wrongly are refused before they run', async (t) => {
  const nested = (depth: number) => 'States.Array('.repeat(depth) + ')'.repeat(depth);
  t.doesNotThrow(() => parseIntrinsic(nested(10)));
  const wrong = [
    'States.Unknown()',
    'States.UUID(1)',
    'States.Hash(1)',
    'States.UUID(',
    'States.UUID() x',
    'States.Array(1 2)',
    "States.Array('open)",
    'States.Array($.a[?(@.b)])',
    'States.toString()',
    nested(11),
  ];
  for (const call of wrong) t.throws(() => parseIntrinsic(call), SyntaxError, call);
});
