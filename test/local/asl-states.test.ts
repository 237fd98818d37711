import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import t, { type Test } from 'tap';
import { InvocationError } from '../../infra/local/contract.ts';
import { checkDefinition } from '../../infra/local/states/check.ts';
import { functionArn, type Handler, inProcess, startStates } from './states-harness.ts';

const one = (state: object) => ({ StartAt: 'A', States: { A: state } });
const pass = (fields: object) => one({ Type: 'Pass', End: true, ...fields });
const invoke = (name: string, fields: object = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: functionArn(name), 'Payload.$': '$' },
  End: true,
  ...fields,
});
const branch = (name: string, state: object) => ({ StartAt: name, States: { [name]: state } });

/** Runs each definition once and compares its end: an output, or an error and its cause. */
async function runTable(
  t: Test,
  rows: [what: string, definition: unknown, input: unknown, end: unknown][],
  handlers: Record<string, Handler> = {},
): Promise<void> {
  const definitions = Object.fromEntries(rows.map(([, definition], i) => [`m${i}`, definition]));
  for (const definition of Object.values(definitions)) checkDefinition(definition);
  const states = await startStates({ dir: t.testdir(), definitions, lambda: inProcess(handlers) });
  t.teardown(() => states.close());
  await Promise.all(
    rows.map(async ([what, , input, end], i) => {
      const { status, output, error, cause } = await states.run(`m${i}`, input);
      const expected = end as { error?: string; cause?: RegExp };
      if (expected?.error !== undefined) {
        t.match({ status, error, cause }, { status: 'FAILED', ...expected }, what);
      } else {
        t.strictSame(
          { status, error, output: JSON.parse(output ?? 'null') },
          { status: 'SUCCEEDED', error: undefined, output: end },
          what,
        );
      }
    }),
  );
}

t.test('input and output processing', (t) =>
  runTable(t, [
    ['Pass passes', pass({}), { a: 1 }, { a: 1 }],
    ['Result replaces', pass({ Result: [1, { 'x.$': 'literal' }] }), {}, [1, { 'x.$': 'literal' }]],
    ['ResultPath joins', pass({ Result: 7, ResultPath: '$.b.c' }), { a: 1 }, { a: 1, b: { c: 7 } }],
    ['ResultPath null drops', pass({ Result: 7, ResultPath: null }), { a: 1 }, { a: 1 }],
    ['InputPath selects', pass({ InputPath: '$.a' }), { a: { b: 1 } }, { b: 1 }],
    ['InputPath null empties', pass({ InputPath: null }), { a: 1 }, {}],
    ['OutputPath selects', pass({ OutputPath: '$.a' }), { a: [1] }, [1]],
    ['OutputPath null empties', pass({ OutputPath: null }), { a: 1 }, {}],
    [
      'ResultPath works on the raw input, Parameters on the effective one',
      pass({
        InputPath: '$.a',
        Parameters: { 'x.$': '$.b', y: { 'z.$': '$$.State.Name' } },
        ResultPath: '$.r',
      }),
      { a: { b: 2 } },
      { a: { b: 2 }, r: { x: 2, y: { z: 'A' } } },
    ],
    ['a list in a template', pass({ Parameters: [{ 'a.$': '$.n' }, 'b'] }), { n: 1 }, [{ a: 1 }, 'b']],
    [
      'a path that leads nowhere',
      pass({ Parameters: { 'x.$': '$.absent' } }),
      { a: 1 },
      {
        error: 'States.Runtime',
        cause:
          /^An error occurred while executing the state 'A' \(entered at the event id #2\)\. The JSONPath '\$\.absent' specified for the field 'x\.\$' could not be found in the input '\{"a":1\}'$/,
      },
    ],
    ['an OutputPath that leads nowhere', pass({ OutputPath: '$.absent' }), {}, { error: 'States.Runtime' }],
    [
      'a ResultPath in the way',
      pass({ Result: 1, ResultPath: '$.a.b' }),
      { a: 1 },
      { error: 'States.ResultPathMatchFailure' },
    ],
    [
      'an intrinsic that fails',
      pass({ Parameters: { 'x.$': 'States.ArrayLength($)' } }),
      {},
      { error: 'States.IntrinsicFailure' },
    ],
    [
      'names like __proto__',
      pass({ Parameters: { 'x.$': '$.__proto__' } }),
      JSON.parse('{"__proto__": 1}'),
      { x: 1 },
    ],
  ]),
);

t.test('the context object', async (t) => {
  const context = pass({ Parameters: { 'c.$': '$$' } });
  const states = await startStates({ dir: t.testdir(), definitions: { c: context } });
  t.teardown(() => states.close());
  const { output, startDate, executionArn } = await states.run('c', { a: 1 }, 'named');
  t.match(JSON.parse(output as string).c, {
    Execution: {
      Id: executionArn,
      Name: 'named',
      Input: { a: 1 },
      RoleArn: 'arn:aws:iam::111122223333:role/machine-role',
      StartTime: startDate?.toISOString(),
    },
    State: { Name: 'A', RetryCount: 0, EnteredTime: /^\d{4}-.*Z$/ },
    StateMachine: { Id: 'arn:aws:states:us-east-1:111122223333:stateMachine:c', Name: 'c' },
  });
});

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

t.test('Succeed, Fail and Wait', (t) =>
  runTable(t, [
    ['Succeed', one({ Type: 'Succeed', InputPath: '$.a', OutputPath: '$.b' }), { a: { b: 1 } }, 1],
    ['Fail', one({ Type: 'Fail', Error: 'Bad', Cause: 'because' }), {}, { error: 'Bad', cause: /^because$/ }],
    [
      'Fail by path',
      one({ Type: 'Fail', ErrorPath: '$.e', CausePath: '$.c' }),
      { e: 'E', c: 'C' },
      { error: 'E', cause: /^C$/ },
    ],
    [
      'Fail by intrinsics',
      one({ Type: 'Fail', ErrorPath: "States.Format('{}Error', $.e)", CausePath: 'States.JsonToString($)' }),
      { e: 'My' },
      { error: 'MyError', cause: /^\{"e":"My"\}$/ },
    ],
    [
      'Fail with a path to a number',
      one({ Type: 'Fail', ErrorPath: '$.e' }),
      { e: 1 },
      { error: 'States.Runtime' },
    ],
    ['Wait for nothing', one({ Type: 'Wait', Seconds: 0, End: true }), { a: 1 }, { a: 1 }],
    [
      'Wait for a second',
      one({ Type: 'Wait', SecondsPath: '$.s', OutputPath: '$.s', End: true }),
      { s: 1 },
      1,
    ],
    ['Wait for the past', one({ Type: 'Wait', Timestamp: '2020-01-01T00:00:00Z', End: true }), {}, {}],
    [
      'Wait by path',
      one({ Type: 'Wait', TimestampPath: '$.t', End: true }),
      { t: '2020-01-01T00:00:00+02:00' },
      { t: '2020-01-01T00:00:00+02:00' },
    ],
    [
      'Wait for nonsense',
      one({ Type: 'Wait', TimestampPath: '$.t', End: true }),
      { t: 'soon' },
      { error: 'States.Runtime' },
    ],
    [
      'Wait backwards',
      one({ Type: 'Wait', SecondsPath: '$.s', End: true }),
      { s: -1 },
      { error: 'States.Runtime' },
    ],
  ]),
);

t.test('Task', (t) =>
  runTable(
    t,
    [
      [
        'lambda:invoke',
        one(invoke('double')),
        { n: 2 },
        { ExecutedVersion: '$LATEST', Payload: 4, StatusCode: 200 },
      ],
      [
        'a function named by its name',
        one(invoke('double', { Parameters: { FunctionName: 'double', Payload: { n: 4 } } })),
        {},
        { ExecutedVersion: '$LATEST', Payload: 8, StatusCode: 200 },
      ],
      [
        'with selector and paths',
        one(
          invoke('double', {
            InputPath: '$.in',
            ResultSelector: { 'r.$': '$.Payload' },
            ResultPath: '$.out',
            OutputPath: '$.out',
          }),
        ),
        { in: { n: 3 } },
        { r: 6 },
      ],
      ['a Lambda ARN', one({ Type: 'Task', Resource: functionArn('double'), End: true }), { n: 2 }, 4],
      ['nothing returned', one({ Type: 'Task', Resource: functionArn('nothing'), End: true }), {}, null],
      [
        'an error',
        one(invoke('fails')),
        {},
        { error: 'bad_options', cause: /^\{"errorType":"bad_options","errorMessage":"no kernel"\}$/ },
      ],
      [
        'a function that does not exist',
        one(invoke('absent')),
        {},
        { error: 'Lambda.ResourceNotFoundException' },
      ],
      [
        'a function of another account',
        one(
          invoke('double', {
            Parameters: { FunctionName: 'arn:aws:lambda:us-east-1:999999999999:function:double' },
          }),
        ),
        {},
        { error: 'Lambda.AWSLambdaException', cause: /AccessDenied/ },
      ],
      [
        'parameters that the service refuses',
        one(invoke('double', { Parameters: { 'FunctionName.$': '$.n' } })),
        { n: 1 },
        { error: 'Lambda.InvalidParameterValueException', cause: /FunctionName/ },
      ],
      [
        'an ECS task that does not exist',
        one({
          Type: 'Task',
          Resource: 'arn:aws:states:::ecs:runTask.sync',
          Parameters: { LaunchType: 'FARGATE', Cluster: 'c', TaskDefinition: 't' },
          End: true,
        }),
        {},
        { error: 'ECS.ClientException' },
      ],
    ],
    {
      double: ({ n }: { n: number }) => 2 * n,
      nothing: () => undefined,
      fails: () => {
        throw new InvocationError('bad_options', '{"errorType":"bad_options","errorMessage":"no kernel"}');
      },
    },
  ),
);

t.test('Parallel and Map', (t) =>
  runTable(
    t,
    [
      [
        'branches get the same input, outputs keep their order',
        one({
          Type: 'Parallel',
          Parameters: { 'n.$': '$.a' },
          Branches: [
            branch('B', { Type: 'Wait', Seconds: 0, End: true }),
            branch('C', { Type: 'Pass', Parameters: { 'm.$': 'States.MathAdd($.n, 1)' }, End: true }),
          ],
          ResultSelector: { 'first.$': '$[0].n', 'second.$': '$[1].m' },
          ResultPath: '$.r',
          End: true,
        }),
        { a: 1 },
        { a: 1, r: { first: 1, second: 2 } },
      ],
      [
        'Map over a part of the input',
        one({
          Type: 'Map',
          ItemsPath: '$.list',
          ItemSelector: { 'i.$': '$$.Map.Item.Index', 'v.$': '$$.Map.Item.Value', 'k.$': '$.k' },
          MaxConcurrency: 1,
          ItemProcessor: branch('I', { Type: 'Pass', End: true }),
          ResultPath: '$.out',
          OutputPath: '$.out',
          End: true,
        }),
        { k: 'x', list: ['a', 'b'] },
        [
          { i: 0, v: 'a', k: 'x' },
          { i: 1, v: 'b', k: 'x' },
        ],
      ],
      [
        'Map over nothing',
        one({ Type: 'Map', ItemProcessor: branch('I', { Type: 'Pass', End: true }), End: true }),
        [],
        [],
      ],
      [
        'the old names',
        one({
          Type: 'Map',
          ItemsPath: '$.l',
          Parameters: { 'v.$': '$$.Map.Item.Value' },
          Iterator: branch('I', { Type: 'Pass', OutputPath: '$.v', End: true }),
          End: true,
        }),
        { l: [1, 2] },
        [1, 2],
      ],
      [
        'Map over no list',
        one({ Type: 'Map', ItemProcessor: branch('I', { Type: 'Pass', End: true }), End: true }),
        { a: 1 },
        { error: 'States.Runtime', cause: /must point to array/ },
      ],
      [
        'nested',
        one({
          Type: 'Map',
          ItemProcessor: branch('I', {
            Type: 'Parallel',
            Branches: [
              branch('P', { Type: 'Pass', End: true }),
              branch('Q', { Type: 'Pass', Result: 'q', End: true }),
            ],
            End: true,
          }),
          End: true,
        }),
        [1, 2],
        [
          [1, 'q'],
          [2, 'q'],
        ],
      ],
      [
        'a failed branch is caught',
        {
          StartAt: 'A',
          States: {
            A: {
              Type: 'Parallel',
              Branches: [
                branch('F', { Type: 'Fail', Error: 'E', Cause: 'C' }),
                branch('W', { Type: 'Wait', Seconds: 3600, End: true }),
              ],
              Catch: [{ ErrorEquals: ['E'], ResultPath: '$.caught', Next: 'B' }],
              End: true,
            },
            B: { Type: 'Succeed' },
          },
        },
        { a: 1 },
        { a: 1, caught: { Error: 'E', Cause: 'C' } },
      ],
      [
        'a failed iteration fails the Map',
        one({ Type: 'Map', ItemProcessor: branch('I', invoke('odd')), End: true }),
        [1, 2, 3],
        { error: 'Even' },
      ],
    ],
    {
      odd: (n: number) => {
        if (n % 2 === 0) throw new InvocationError('Even', '{}');
        return n;
      },
    },
  ),
);

t.test('the first branch that fails stops its siblings, their tasks too', async (t) => {
  let stopped = 0;
  const lambda = inProcess({
    waits: (_payload, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          stopped++;
          reject(signal.reason);
        });
      }),
    fails: async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw new InvocationError('Broken', '{}');
    },
  });
  const definitions = {
    p: one({
      Type: 'Parallel',
      Branches: ['waits', 'fails', 'waits'].map((name, i) => branch(`${name}${i}`, invoke(name))),
      End: true,
    }),
    m: one({
      Type: 'Map',
      MaxConcurrency: 2,
      ItemProcessor: branch('I', {
        Type: 'Choice',
        Choices: [{ Variable: '$', NumericEquals: 1, Next: 'F' }],
        Default: 'W',
      }),
      End: true,
    }),
  };
  Object.assign(
    (definitions.m.States.A as unknown as { ItemProcessor: { States: object } }).ItemProcessor.States,
    { F: invoke('fails'), W: invoke('waits') },
  );
  const states = await startStates({ dir: t.testdir(), definitions, lambda });
  t.teardown(() => states.close());
  t.match(await states.run('p', {}), { status: 'FAILED', error: 'Broken' });
  t.equal(stopped, 2);
  const map = await states.run('m', [0, 1, 2, 3]);
  t.match(map, { status: 'FAILED', error: 'Broken' });
  t.equal(stopped, 3);
  t.equal(lambda.calls.filter((name) => name === 'waits').length, 3, 'later items were not begun');
  const { events } = await states.client.send(
    new GetExecutionHistoryCommand({ executionArn: map.executionArn }),
  );
  const types = (events ?? []).map((event) => event.type).sort();
  t.equal(types.filter((type) => type === 'MapIterationAborted').length, 1);
  t.equal(types.filter((type) => type === 'MapIterationFailed').length, 1);
  t.ok(types.includes('MapStateFailed'));
});

t.test('payloads end at 262,144 bytes', (t) => {
  const fill = (bytes: number) => 'x'.repeat(bytes - 2);
  const limit = 262_144;
  const task = { Type: 'Task', Resource: functionArn('big'), Parameters: { 'bytes.$': '$.bytes' } };
  return runTable(
    t,
    [
      [
        'the largest result',
        { StartAt: 'A', States: { A: { ...task, Next: 'B' }, B: { Type: 'Pass', Result: 1, End: true } } },
        { bytes: limit },
        1,
      ],
      [
        'one byte more',
        one({ ...task, End: true }),
        { bytes: limit + 1 },
        {
          error: 'States.DataLimitExceeded',
          cause: /^The state\/task 'arn:aws:lambda:[^']*' returned a result with a size exceeding/,
        },
      ],
      [
        'States.ALL does not catch it, its name does',
        {
          StartAt: 'A',
          States: {
            A: {
              ...task,
              Catch: [
                { ErrorEquals: ['States.DataLimitExceeded'], Next: 'B' },
                { ErrorEquals: ['States.ALL'], Next: 'C' },
              ],
              End: true,
            },
            B: { Type: 'Pass', Result: 'named', End: true },
            C: { Type: 'Fail' },
          },
        },
        { bytes: limit + 1 },
        'named',
      ],
      [
        'an output that grows too large',
        pass({ Parameters: { 'a.$': '$', 'b.$': '$' } }),
        { x: fill(limit / 2) },
        { error: 'States.DataLimitExceeded', cause: /'A'/ },
      ],
      [
        'parameters that grow too large',
        one({
          Type: 'Task',
          Resource: functionArn('big'),
          Parameters: { 'a.$': '$', 'b.$': '$' },
          End: true,
        }),
        { x: fill(limit / 2) },
        { error: 'States.DataLimitExceeded' },
      ],
    ],
    { big: ({ bytes }: { bytes: number }) => fill(bytes) },
  );
});

t.test('an execution ends when its history is full', async (t) => {
  const map = one({ Type: 'Map', ItemProcessor: branch('I', { Type: 'Pass', End: true }), End: true });
  const states = await startStates({ dir: t.testdir(), definitions: { map } });
  t.teardown(() => states.close());
  t.match(await states.run('map', new Array(1000).fill(0)), { status: 'SUCCEEDED' });
  const full = await states.run('map', new Array(6300).fill(0));
  t.match(full, {
    status: 'FAILED',
    error: 'States.Runtime',
    cause: /maximum number of history events \(25000\)/,
  });
});
