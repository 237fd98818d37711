import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { AwsError } from '../../infra/local/contract.ts';
import { checkDefinition } from '../../infra/local/states/check.ts';
import { PROJECT } from './cloud-harness.ts';
import { jobDefinition } from './job-harness.ts';

const validate = createRequire(import.meta.url)('asl-validator') as (definition: unknown) => {
  isValid: boolean;
  errors: { Message: string }[];
};

/** A machine of one state A, with other fields beside. */
const one = (state: object, rest: object = {}) => ({ StartAt: 'A', States: { A: state }, ...rest });
const task = (fields: object) => one({ Type: 'Task', End: true, ...fields });
const invoke = 'arn:aws:states:::lambda:invoke';
const ok = { Type: 'Succeed' };

function finding(definition: unknown): string {
  try {
    checkDefinition(definition);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'InvalidDefinition') return error.message;
    throw error;
  }
  return 'accepted';
}

t.test("the job's state machine passes, here and in AWS's grammar", async (t) => {
  const definition = jobDefinition();
  t.doesNotThrow(() => checkDefinition(definition));
  const { isValid, errors } = validate(JSON.parse(definition));
  t.ok(isValid, errors.map((error) => error.Message).join('; '));
  const raw = readFileSync(join(PROJECT, 'infra/state-machine/job.asl.json'), 'utf8');
  t.match(
    finding(raw),
    /the resource 'arn:\$\{Partition\}:states:::lambda:invoke' is not emulated/,
    'but not unfilled',
  );
});

t.test('every state type with every field that is emulated passes', async (t) => {
  const retry = {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 1,
    MaxAttempts: 0,
    BackoffRate: 1.5,
    MaxDelaySeconds: 5,
    JitterStrategy: 'FULL',
  };
  const definition = {
    Comment: 'all',
    Version: '1.0',
    QueryLanguage: 'JSONPath',
    TimeoutSeconds: 10,
    StartAt: 'Pass',
    States: {
      Pass: {
        Type: 'Pass',
        Comment: 'c',
        InputPath: '$.a',
        Parameters: { 'x.$': 'States.UUID()', list: [{ 'y.$': '$$.Execution.Name' }] },
        ResultPath: '$.r[0].b',
        OutputPath: null,
        Next: 'Task',
      },
      Task: {
        Type: 'Task',
        Resource: invoke,
        Parameters: { 'FunctionName.$': '$.f', Payload: { 'a.$': '$' } },
        ResultSelector: { 'p.$': '$.Payload' },
        TimeoutSecondsPath: '$.t',
        HeartbeatSecondsPath: '$.h',
        Retry: [{ ErrorEquals: ['A', 'B'] }, retry],
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Choice' }],
        Next: 'Choice',
      },
      Choice: {
        Type: 'Choice',
        Choices: [
          {
            And: [{ Variable: '$.a', IsPresent: true }, { Not: { Variable: '$.a', StringMatches: 'x*' } }],
            Next: 'Wait',
          },
          { Or: [{ Variable: '$.a', NumericGreaterThanEqualsPath: '$.b' }], Next: 'Fail' },
          { Variable: '$.t', TimestampLessThan: '2030-01-01T00:00:00Z', Next: 'Fail' },
        ],
        Default: 'Fail',
      },
      Wait: { Type: 'Wait', SecondsPath: '$.s', Next: 'Parallel' },
      Parallel: {
        Type: 'Parallel',
        Branches: [{ StartAt: 'B', States: { B: ok } }],
        Retry: [retry],
        Next: 'Map',
      },
      Map: {
        Type: 'Map',
        ItemsPath: '$.items',
        ItemSelector: { 'i.$': '$$.Map.Item.Index' },
        MaxConcurrency: 2,
        ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, StartAt: 'I', States: { I: ok } },
        End: true,
      },
      Fail: { Type: 'Fail', ErrorPath: '$.e', CausePath: "States.Format('{}', $.c)" },
    },
  };
  t.equal(finding(definition), 'accepted');
  t.equal(finding(JSON.stringify(definition)), 'accepted');
});

const REFUSED: [definition: unknown, finding: RegExp][] = [
  ['{', /INVALID_JSON_DESCRIPTION/],
  ['"x"'.padEnd(1_048_577), /more than 1048576 bytes/],
  [{}, /\/StartAt/],
  [one(ok, { QueryLanguage: 'JSONata' }), /the query language "JSONata" is not emulated/],
  [one({ ...ok, QueryLanguage: 'JSONata' }), /JSONata.*\/States\/A\/QueryLanguage/],
  [one({ Type: 'Pass', End: true, Assign: { a: 1 } }), /"Assign" at \/States\/A/],
  [task({ Resource: invoke, Parameters: { FunctionName: 'f' }, Arguments: {} }), /"Arguments"/],
  [task({ Resource: invoke, Parameters: { FunctionName: 'f' }, Credentials: {} }), /"Credentials"/],
  [
    task({ Resource: 'arn:aws:states:::sqs:sendMessage' }),
    /'arn:aws:states:::sqs:sendMessage' is not emulated/,
  ],
  [
    task({ Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' }),
    /waitForTaskToken' is not emulated/,
  ],
  [task({ Resource: 'arn:aws:states:::ecs:runTask' }), /ecs:runTask' is not emulated/],
  [task({ Resource: 'arn:aws:states:us-east-1:111122223333:activity:a' }), /activity:a' is not emulated/],
  [task({ Resource: invoke }), /the field 'FunctionName' is required/],
  [
    task({ Resource: invoke, Parameters: { FunctionName: 'f', InvocationType: 'Event' } }),
    /'InvocationType' is not emulated/,
  ],
  [
    task({
      Resource: 'arn:aws:states:::ecs:runTask.sync',
      Parameters: { Cluster: 'c', TaskDefinition: 't' },
    }),
    /'LaunchType' is required/,
  ],
  [
    task({
      Resource: 'arn:aws:states:::ecs:runTask.sync',
      Parameters: {
        LaunchType: 'FARGATE',
        Cluster: 'c',
        TaskDefinition: 't',
        Overrides: { ContainerOverrides: [{ Name: 'n', Command: ['x'] }] },
      },
    }),
    /'Command' is not emulated at \/States\/A\/Parameters\/Overrides\/ContainerOverrides\/0/,
  ],
  [task({ Resource: invoke, Parameters: { FunctionName: 'f' }, TimeoutSeconds: 0 }), /TimeoutSeconds/],
  [
    task({ Resource: invoke, Parameters: { FunctionName: 'f' }, TimeoutSeconds: 5, HeartbeatSeconds: 5 }),
    /HeartbeatSeconds must be smaller/,
  ],
  [
    task({
      Resource: invoke,
      Parameters: { FunctionName: 'f' },
      TimeoutSeconds: 5,
      TimeoutSecondsPath: '$.t',
    }),
    /both TimeoutSeconds and TimeoutSecondsPath/,
  ],
  [
    task({
      Resource: invoke,
      Parameters: { FunctionName: 'f' },
      Retry: [{ ErrorEquals: ['States.ALL', 'A'] }],
    }),
    /States\.ALL must appear alone/,
  ],
  [
    task({
      Resource: invoke,
      Parameters: { FunctionName: 'f' },
      Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['A'] }],
    }),
    /in the last entry/,
  ],
  [
    task({
      Resource: invoke,
      Parameters: { FunctionName: 'f' },
      Retry: [{ ErrorEquals: ['A'], BackoffRate: 0.5 }],
    }),
    /BackoffRate/,
  ],
  [
    task({
      Resource: invoke,
      Parameters: { FunctionName: 'f' },
      Catch: [{ ErrorEquals: ['A'], Next: 'Nowhere' }],
    }),
    /there is no state 'Nowhere'/,
  ],
  [one({ Type: 'Pass' }), /needs either Next or End/],
  [one({ Type: 'Pass', End: true, Next: 'A' }), /needs either Next or End/],
  [one({ Type: 'Pass', Next: 'B' }), /there is no state 'B' to go to/],
  [{ StartAt: 'X', States: { A: ok } }, /StartAt names no state: 'X'/],
  [{ StartAt: 'A', States: { A: ok, B: ok } }, /never reached at \/States\/B/],
  [{ StartAt: '__proto__', States: { A: ok } }, /StartAt names no state/],
  [
    one({ Type: 'Pass', End: true, Parameters: { 'a.$': '$.x[?(@.y)]' } }),
    /not a supported JSONPath.*Parameters\/a\.\$/,
  ],
  [one({ Type: 'Pass', End: true, Parameters: { 'a.$': 'States.Nope()' } }), /unknown intrinsic/],
  [one({ Type: 'Pass', End: true, Parameters: { 'a.$': 1 } }), /must be a path or an intrinsic/],
  [one({ Type: 'Pass', End: true, ResultPath: '$.a[*]' }), /not a Reference Path/],
  [one({ Type: 'Pass', End: true, ResultPath: '$.a[?(x)]' }), /not a supported JSONPath/],
  [one({ Type: 'Choice', Choices: [] }), /Choices/],
  [
    one({ Type: 'Choice', Choices: [{ Variable: '$.a', StringEquals: 1, Next: 'A' }] }),
    /StringEquals needs a value/,
  ],
  [
    one({ Type: 'Choice', Choices: [{ Variable: '$.a', Equals: 1, Next: 'A' }] }),
    /unknown comparison operator 'Equals'/,
  ],
  [
    one({ Type: 'Choice', Choices: [{ Variable: '$.a', IsNull: true, IsString: true, Next: 'A' }] }),
    /exactly one operator/,
  ],
  [one({ Type: 'Choice', Choices: [{ IsNull: true, Next: 'A' }] }), /needs a Variable/],
  [one({ Type: 'Choice', Choices: [{ Variable: '$.a', StringEqualsPath: 'b', Next: 'A' }] }), /needs a path/],
  [one({ Type: 'Choice', Choices: [{ Variable: '$.a', IsNull: true }] }), /a choice needs Next/],
  [
    one({ Type: 'Choice', Choices: [{ Not: { Variable: '$.a', IsNull: true, Next: 'A' }, Next: 'A' }] }),
    /only the outermost rule may have Next/,
  ],
  [one({ Type: 'Wait', End: true }), /needs one of Seconds/],
  [one({ Type: 'Wait', End: true, Seconds: 1, Timestamp: '2030-01-01T00:00:00Z' }), /needs one of Seconds/],
  [one({ Type: 'Wait', End: true, Timestamp: 'tomorrow' }), /RFC 3339/],
  [one({ Type: 'Fail', Error: 'a', ErrorPath: '$.e' }), /both Error and ErrorPath/],
  [
    one({
      Type: 'Map',
      End: true,
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' }, StartAt: 'B', States: { B: ok } },
    }),
    /DISTRIBUTED Map is not emulated/,
  ],
  [
    one({ Type: 'Map', End: true, ItemReader: {}, ItemProcessor: { StartAt: 'B', States: { B: ok } } }),
    /"ItemReader"/,
  ],
  [one({ Type: 'Map', End: true }), /needs an ItemProcessor/],
  [
    one({ Type: 'Parallel', End: true, Branches: [{ StartAt: 'A', States: { A: ok } }] }),
    /the state name 'A' is used twice/,
  ],
  [one({ Type: 'Task2' }), /Invalid discriminator/],
];

t.test('what is wrong or not emulated is refused by name and place', async (t) => {
  for (const [definition, expected] of REFUSED) {
    const text = typeof definition === 'string' ? definition.slice(0, 20) : JSON.stringify(definition);
    t.match(finding(definition), expected, text.slice(0, 100));
  }
});
