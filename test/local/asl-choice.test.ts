/** Choice: comparisons, rules of rules, paths. */
import t from 'tap';
import { runTable } from './asl-table.ts';

const choice = (rule: object) => ({
  StartAt: 'C',
  States: {
    C: { Type: 'Choice', Choices: [{ ...rule, Next: 'Yes' }], Default: 'No' },
    Yes: { Type: 'Pass', Result: 'yes', End: true },
    No: { Type: 'Pass', Result: 'no', End: true },
  },
});
const is = (operator: string, operand: unknown) => choice({ Variable: '$.v', [operator]: operand });
const T1 = '2030-01-01T00:00:00Z';
const T2 = '2030-01-01T02:00:00.5+01:00';

t.test('comparisons of Choice', (t) =>
  runTable(
    t,
    (
      [
        ['StringEquals', 'a', 'a', 'yes'],
        ['StringEquals', 'a', 1, 'no'],
        ['StringLessThan', 'b', 'a', 'yes'],
        ['StringLessThan', 'b', 'b', 'no'],
        ['StringGreaterThan', 'b', 'c', 'yes'],
        ['StringLessThanEquals', 'b', 'b', 'yes'],
        ['StringGreaterThanEquals', 'b', 'a', 'no'],
        ['StringMatches', '*.dat', 'scan.dat', 'yes'],
        ['StringMatches', 'a*b*c', 'a--b--c', 'yes'],
        ['StringMatches', 'a*b', 'ab', 'yes'],
        ['StringMatches', 'ab*ba', 'aba', 'no'],
        ['StringMatches', 'a\\*', 'a*', 'yes'],
        ['StringMatches', 'a\\*', 'ab', 'no'],
        ['StringMatches', 'a.c', 'abc', 'no'],
        ['NumericEquals', 1, 1.0, 'yes'],
        ['NumericEquals', 1, '1', 'no'],
        ['NumericLessThan', 2, 1.5, 'yes'],
        ['NumericGreaterThan', 2, 2, 'no'],
        ['NumericLessThanEquals', 2, 2, 'yes'],
        ['NumericGreaterThanEquals', 2, 3, 'yes'],
        ['BooleanEquals', true, true, 'yes'],
        ['BooleanEquals', true, 'true', 'no'],
        ['TimestampEquals', T1, '2030-01-01T01:00:00+01:00', 'yes'],
        ['TimestampEquals', T1, '2030-01-01', 'no'],
        ['TimestampLessThan', T2, T1, 'yes'],
        ['TimestampGreaterThan', T1, T2, 'yes'],
        ['TimestampLessThanEquals', T1, T1, 'yes'],
        ['TimestampGreaterThanEquals', T2, T1, 'no'],
        ['IsNull', true, null, 'yes'],
        ['IsNull', false, 0, 'yes'],
        ['IsNumeric', true, 0, 'yes'],
        ['IsString', true, '', 'yes'],
        ['IsString', true, ['x'], 'no'],
        ['IsBoolean', false, 'true', 'yes'],
        ['IsTimestamp', true, T2, 'yes'],
        ['IsTimestamp', true, '2030-01-01 00:00:00', 'no'],
        ['IsPresent', true, null, 'yes'],
      ] as [string, unknown, unknown, string][]
    ).map(([operator, operand, v, end]) => [
      `${operator} ${JSON.stringify(operand)} of ${JSON.stringify(v)}`,
      is(operator, operand),
      { v },
      end,
    ]),
  ),
);

t.test('rules of Choice', (t) =>
  runTable(t, [
    ['the other side by path', is('StringEqualsPath', '$.w'), { v: 'x', w: 'x' }, 'yes'],
    ['of another type', is('NumericEqualsPath', '$.w'), { v: 1, w: '1' }, 'no'],
    ['timestamps by path', is('TimestampLessThanPath', '$.w'), { v: T1, w: T2 }, 'yes'],
    ['IsPresent of nothing', is('IsPresent', false), {}, 'yes'],
    [
      'And',
      choice({
        And: [
          { Variable: '$.v', IsPresent: true },
          { Variable: '$.v', NumericEquals: 1 },
        ],
      }),
      { v: 1 },
      'yes',
    ],
    [
      'And stops at the first that fails',
      choice({
        And: [
          { Variable: '$.v', IsPresent: true },
          { Variable: '$.v', IsNull: true },
        ],
      }),
      {},
      'no',
    ],
    [
      'Or',
      choice({ Or: [{ Variable: '$.v', IsNull: true }, { Not: { Variable: '$.v', NumericEquals: 1 } }] }),
      { v: 2 },
      'yes',
    ],
    [
      'a missing variable',
      is('StringEquals', 'a'),
      {},
      { error: 'States.Runtime', cause: /Invalid path '\$\.v'/ },
    ],
    [
      'a missing other side',
      is('StringEqualsPath', '$.w'),
      { v: 'a' },
      { error: 'States.Runtime', cause: /'\$\.w'/ },
    ],
    [
      'nothing matches',
      {
        StartAt: 'C',
        States: {
          C: { Type: 'Choice', Choices: [{ Variable: '$.v', IsNull: true, Next: 'S' }] },
          S: { Type: 'Succeed' },
        },
      },
      { v: 1 },
      { error: 'States.NoChoiceMatched' },
    ],
    [
      'input and output paths',
      {
        StartAt: 'C',
        States: {
          C: {
            Type: 'Choice',
            InputPath: '$.a',
            OutputPath: '$.b',
            Choices: [{ Variable: '$.b', IsNumeric: true, Next: 'S' }],
          },
          S: { Type: 'Succeed', OutputPath: '$' },
        },
      },
      { a: { b: 5 } },
      5,
    ],
  ]),
);
