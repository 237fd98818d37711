/** Parallel and Map: order, failures, and what happens to siblings. */
import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import t from 'tap';
import { InvocationError } from '../../infra/local/contract.ts';
import { branch, invoke, one, runTable } from './asl-table.ts';
import { inProcess, startStates } from './states-harness.ts';

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
