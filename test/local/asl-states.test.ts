/** What each kind of state does with its input, and how large things may get. */
import t from 'tap';
import { InvocationError } from '../../infra/local/contract.ts';
import { branch, invoke, one, pass, runTable } from './asl-table.ts';
import { functionArn, startStates } from './states-harness.ts';

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
