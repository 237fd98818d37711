import t from 'tap';
import { classifyFailure } from '../../compute/classify.ts';
import { FAILURES } from '../../src/schemas/failures.ts';

const task = (more: object): string =>
  JSON.stringify({ LastStatus: 'STOPPED', Containers: [{ Name: 'worker' }], ...more });

t.test('what Lambda, ECS and Step Functions say becomes a code with its remedy', async (t) => {
  const cases: [error: string, cause: string, code: string][] = [
    ['noise_missing', '{"errorType":"noise_missing","errorMessage":"No noise."}', 'noise_missing'],
    ['States.Timeout', '', 'worker_timeout'],
    ['States.HeartbeatTimeout', '', 'worker_timeout'],
    [
      'Sandbox.Timedout',
      '{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out after 900.00 seconds"}',
      'worker_timeout',
    ],
    ['Runtime.OutOfMemory', '{"errorType":"Runtime.OutOfMemory","errorMessage":"..."}', 'worker_oom'],
    [
      'Runtime.ExitError',
      '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: Runtime exited with error: signal: killed"}',
      'worker_oom',
    ],
    [
      'Runtime.ExitError',
      '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 1 Error: Runtime exited with error: signal: aborted (core dumped)"}',
      'worker_oom',
    ],
    [
      'States.TaskFailed',
      task({
        Containers: [{ ExitCode: 137, Reason: 'OutOfMemoryError: Container killed due to memory usage' }],
      }),
      'worker_oom',
    ],
    [
      'States.TaskFailed',
      task({ Containers: [{ ExitCode: 137 }], StoppedReason: 'Essential container in task exited' }),
      'worker_oom',
    ],
    [
      'States.TaskFailed',
      task({
        StopCode: 'TaskFailedToStart',
        StoppedReason: 'CannotPullContainerError: pull image manifest has been retried 5 times',
      }),
      'image_pull',
    ],
    [
      'States.TaskFailed',
      task({ StopCode: 'SpotInterruption', StoppedReason: 'Your Spot Task was interrupted.' }),
      'preempted',
    ],
    ['States.TaskFailed', task({ StopCode: 'TerminationNotice' }), 'preempted'],
    [
      'States.TaskFailed',
      task({ StoppedReason: 'Host EC2 (instance i-1) stopped / terminated.' }),
      'preempted',
    ],
    [
      'ECS.AmazonECSException',
      'Capacity is unavailable at this time. Please try again later.',
      'no_capacity',
    ],
    [
      'ECS.AmazonECSException',
      "You've reached the limit on the number of vCPUs you can run concurrently",
      'quota_fargate_vcpu',
    ],
    ['Lambda.TooManyRequestsException', 'Rate Exceeded.', 'no_capacity'],
    [
      'ECS.AccessDeniedException',
      'User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ecs:RunTask',
      'unit_permission_missing',
    ],
    ['Lambda.ResourceNotFoundException', 'Function not found: arn:aws:lambda', 'unit_not_found'],
    ['ECS.ClusterNotFoundException', 'Cluster not found.', 'unit_not_found'],
    [
      'States.TaskFailed',
      task({ Containers: [{ ExitCode: 1 }], StoppedReason: 'Essential container in task exited' }),
      'worker_error',
    ],
    [
      'TypeError',
      '{"errorType":"TypeError","errorMessage":"x is not a function","trace":["at /var/task/x.js"]}',
      'worker_error',
    ],
    ['', 'not json {', 'worker_error'],
    ['', '"text"', 'worker_error'],
  ];
  for (const [error, cause, code] of cases) {
    const failure = classifyFailure({ Error: error, Cause: cause });
    t.equal(failure.code, code, `${error} ${cause.slice(0, 60)}`);
    t.equal(failure.remedy, FAILURES[code as keyof typeof FAILURES].remedy);
    t.ok(failure.message.length > 0);
  }
  t.equal(classifyFailure(undefined).code, 'worker_error');
});

t.test('R134: subnets without a way to the internet are named as what they are', async (t) => {
  const stopped = (StoppedReason: string) =>
    classifyFailure({
      Error: 'States.TaskFailed',
      Cause: task({ StopCode: 'TaskFailedToStart', StoppedReason }),
    });
  const reasons = [
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp 52.46.1.2:443: i/o timeout',
    'ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.',
    'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref public.ecr.aws/x/worker:1: Get "https://public.ecr.aws/v2/": dial tcp 75.2.1.1:443: connect: no route to host',
    'CannotPullContainerError: Error response from daemon: Get https://registry-1.docker.io/v2/: net/http: request canceled while waiting for connection',
  ];
  for (const reason of reasons) {
    t.match(
      stopped(reason),
      { code: 'no_network', remedy: /public subnets.*MapPublicIpOnLaunch=true.*NAT gateway/ },
      reason.slice(0, 100),
    );
  }
  t.equal(FAILURES.no_network.actor, 'unit_owner');
  const refused = classifyFailure({
    Error: 'ECS.InvalidParameterException',
    Cause: "The subnet ID 'subnet-0a1b' does not exist (Service: AmazonECS; Status Code: 400)",
  });
  t.equal(refused.code, 'no_network');
  const role =
    'ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve ecr registry auth: AccessDeniedException: User is not authorized to perform: ecr:GetAuthorizationToken';
  t.equal(stopped(role).code, 'unit_permission_missing', 'the network is not to blame');
  t.equal(stopped('CannotPullContainerError: manifest unknown').code, 'image_pull');
});

t.test('messages are those of the worker, without stacks, paths and signed URLs', async (t) => {
  t.equal(
    classifyFailure({ Error: 'bad_options', Cause: '{"errorMessage":"task.name: unknown"}' }).message,
    'task.name: unknown',
  );
  const cause = JSON.stringify({
    errorMessage: 'open /tmp/secret/a.dat https://x/?X-Amz-Signature=CANARY',
    trace: ['at /var/task/CANARY.js'],
  });
  t.equal(classifyFailure({ Error: 'Error', Cause: cause }).message, 'Error: open a.dat [removed]');
});
