/** State machines for tests that kill the service. */
import { CLUSTER } from './cloud-harness.ts';
import { functionArn } from './states-harness.ts';

const task = (name: string) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: functionArn(name), 'Payload.$': '$' },
  ResultSelector: { 'value.$': '$.Payload' },
});

export const RESTART_MACHINES = {
  task: { StartAt: 'T', States: { T: { ...task('slowAtFirst'), End: true } } },
  wait: { StartAt: 'W', States: { W: { Type: 'Wait', SecondsPath: '$.seconds', End: true } } },
  retry: {
    StartAt: 'T',
    States: {
      T: {
        ...task('flaky'),
        Retry: [{ ErrorEquals: ['Flaky'], IntervalSeconds: 2, BackoffRate: 1, MaxAttempts: 2 }],
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Caught' }],
        End: true,
      },
      Caught: { Type: 'Pass', Parameters: { 'error.$': '$.error.Error' }, End: true },
    },
  },
  ecs: {
    StartAt: 'E',
    States: {
      E: {
        Type: 'Task',
        Resource: 'arn:aws:states:::ecs:runTask.sync',
        Parameters: {
          LaunchType: 'FARGATE',
          Cluster: CLUSTER,
          TaskDefinition: 'wait',
          Overrides: {
            ContainerOverrides: [{ Name: 'worker', Environment: [{ Name: 'OUT', 'Value.$': '$.out' }] }],
          },
        },
        End: true,
      },
    },
  },
  /** A little of everything; answers the squares of 1..3 twice. */
  mixed: {
    StartAt: 'Begin',
    States: {
      Begin: { Type: 'Pass', Result: [1, 2, 3], ResultPath: '$.list', Next: 'Both' },
      Both: {
        Type: 'Parallel',
        Branches: ['A', 'B'].map((name) => ({
          StartAt: `${name}Map`,
          States: {
            [`${name}Map`]: {
              Type: 'Map',
              ItemsPath: '$.list',
              ItemSelector: { 'n.$': '$$.Map.Item.Value' },
              ItemProcessor: {
                StartAt: `${name}Square`,
                States: {
                  [`${name}Square`]: { ...task('quick'), OutputPath: '$.value', Next: `${name}Pause` },
                  [`${name}Pause`]: { Type: 'Wait', Seconds: 1, End: true },
                },
              },
              End: true,
            },
          },
        })),
        ResultPath: '$.squares',
        Next: 'Choose',
      },
      Choose: {
        Type: 'Choice',
        Choices: [{ Variable: '$.squares[0][2]', NumericEquals: 9, Next: 'End' }],
        Default: 'Broken',
      },
      End: { Type: 'Succeed', OutputPath: '$.squares' },
      Broken: { Type: 'Fail', Error: 'Broken' },
    },
  },
};
