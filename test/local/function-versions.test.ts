/** Versions of Lambda functions in the embedded cloud: published by stacks, invoked by number, gone with their function. */
import t, { type Test } from 'tap';
import { type FunctionResource, InvocationError } from '../../infra/local/contract.ts';
import { fixtureLambda } from './cloud-harness.ts';
import { allow, LAB, openTestCore, stack } from './support/core-with-s3.ts';

const ARN = `arn:aws:lambda:us-east-1:${LAB}:function:environment`;
const never = new AbortController().signal;
const FUNCTION: FunctionResource = {
  name: 'environment',
  roleName: 'Worker',
  handler: 'test/fixtures/local/functions.ts#environment',
  timeoutSeconds: 10,
  memoryMb: 256,
  environment: { COLOUR: 'blue' },
  versionDescription: 'blue',
};
const GREEN = { ...FUNCTION, environment: { COLOUR: 'green' }, versionDescription: 'green' };
const definition = JSON.stringify({
  StartAt: 'Run',
  States: { Run: { Type: 'Task', Resource: `${ARN}:1`, End: true } },
});

/** A stack of a function, and a machine that names its version as the templates do. */
const withFunction = (...functions: FunctionResource[]) =>
  stack(LAB, {
    roles: [{ name: 'Worker', trust: { Statement: [] }, policies: [allow('s3:*')] }],
    functions,
    stateMachines: [{ name: 'job', roleName: 'Worker', definition }],
  });

async function opened(t: Test) {
  const { core, control } = await openTestCore(t);
  const { registry } = core;
  return {
    registry,
    apply: (...functions: FunctionResource[]) => control(LAB).applyStack(withFunction(...functions)),
    remove: () => control(LAB).removeStack('test'),
    /** What the machine of the stack runs. */
    named: () =>
      JSON.parse(registry.stateMachine(`arn:aws:states:us-east-1:${LAB}:stateMachine:job`)?.definition ?? '')
        .States.Run.Resource,
    published: (version: number) => registry.function(`${ARN}:${version}`),
  };
}

t.test('a version is the function as it was, and machines get the newest', async (t) => {
  const { registry, apply, named, published } = await opened(t);
  await apply(FUNCTION);
  t.same(published(1), { ...FUNCTION, version: 1 });
  t.equal(named(), `${ARN}:1`);
  await apply(FUNCTION);
  t.equal(published(2), undefined, 'an unchanged stack publishes nothing');
  await apply(GREEN);
  t.same(published(1), { ...FUNCTION, version: 1 }, 'it stays as it was');
  t.same(published(2), { ...GREEN, version: 2 });
  t.same(registry.function(ARN), GREEN);
  t.equal(named(), `${ARN}:2`);
});

t.test('as CloudFormation does it: by the text of the version, and never twice the same', async (t) => {
  const { apply, named, published } = await opened(t);
  await apply(FUNCTION);
  await apply({ ...GREEN, versionDescription: 'blue' });
  t.equal(published(2), undefined, 'a change that the text does not tell publishes nothing');
  t.equal(named(), `${ARN}:1`);
  await apply(FUNCTION);
  await t.rejects(apply({ ...FUNCTION, versionDescription: 'again' }), {
    code: 'AlreadyExistsException',
    message: /A version for this Lambda function exists \( 1 \)/,
  });
  await apply({ ...FUNCTION, description: 'another', versionDescription: 'again' });
  t.equal(named(), `${ARN}:2`, 'its description belongs to a function');
  await apply(FUNCTION);
  t.equal(named(), `${ARN}:3`, 'back to what it was is a version of its own');
});

t.test('a function without versions has none; versions go with their function', async (t) => {
  const { apply, remove, published } = await opened(t);
  const { versionDescription: _none, ...plain } = FUNCTION;
  await apply(plain);
  t.equal(published(1), undefined);
  await apply(FUNCTION);
  await apply(GREEN);
  await apply();
  for (const version of [1, 2]) t.equal(published(version), undefined);
  await apply(FUNCTION);
  t.same(published(1), { ...FUNCTION, version: 1 }, 'numbers begin anew');
  await remove();
  t.equal(published(1), undefined);
});

t.test('descriptions that name a task have its revision, so that a new one publishes', async (t) => {
  const { core, control } = await openTestCore(t);
  const family = 'lab-worker';
  const apply = (COLOUR: string) =>
    control(LAB).applyStack({
      ...withFunction({
        ...FUNCTION,
        environment: { COLOUR },
        description: `As the task (${family}:1).`,
        versionDescription: `image, ${family}:1, other-${family}:1`,
      }),
      taskDefinitions: [
        {
          family,
          containerName: 'worker',
          taskRoleName: 'Worker',
          command: 'compute/fargate.ts',
          cpu: 1_024,
          memoryMb: 2_048,
          environment: { COLOUR },
        },
      ],
    });
  await apply('blue');
  await apply('green');
  t.match(core.registry.function(`${ARN}:2`), {
    environment: { COLOUR: 'green' },
    description: `As the task (${family}:2).`,
    versionDescription: `image, ${family}:2, other-${family}:1`,
  });
});

t.test(
  'an invocation by number runs that version; one that is not there is refused as AWS does',
  async (t) => {
    const { registry, apply } = await opened(t);
    const lambda = fixtureLambda({ dir: t.testdir(), registry });
    t.teardown(() => lambda.close());
    await apply(FUNCTION);
    await apply(GREEN);
    const ran = async (arn: string) => {
      const env = (await lambda.invoke(arn, {}, never)) as Record<string, string>;
      return [env['COLOUR'], env['AWS_LAMBDA_FUNCTION_VERSION'], env['AWS_LAMBDA_FUNCTION_NAME']];
    };
    t.same(await ran(`${ARN}:1`), ['blue', '1', 'environment']);
    t.same(await ran(`${ARN}:2`), ['green', '2', 'environment']);
    t.same(await ran(ARN), ['green', '$LATEST', 'environment']);
    const refused = await lambda.invoke(`${ARN}:3`, {}, never).catch((error: unknown) => error);
    t.ok(refused instanceof InvocationError);
    t.match(refused, {
      errorName: 'Lambda.ResourceNotFoundException',
      causeJson: `Function not found: ${ARN}:3 (`,
    });
  },
);
