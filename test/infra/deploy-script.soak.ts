/** deploy-mode2.sh without a terminal (R64): nothing is asked, one document comes out, and nothing half-made is left. */
import t from 'tap';
import { deployProgram, network } from '../helpers/deploy-program.ts';
import { MODE_2 } from '../helpers/http.ts';

t.test(
  'R64: all from flags and variables; an update keeps what is not named and needs no token',
  async (t) => {
    const program = await deployProgram(t);
    await program.brain.proven(program.person, MODE_2);
    const token = program.person.tokens.id_token;
    const args = [
      'deploy',
      '--stack-name',
      'lab',
      '--image-tag',
      'v1.2.3',
      '--token-stdin',
      '--wait',
      '0',
      '--yes',
      '--json',
    ];
    const made = await program.run(args, {}, `${token}\n`);
    t.equal(made.code, 0, made.err);
    t.match(JSON.parse(made.out), {
      ok: true,
      command: 'deploy',
      status: 'CREATE_COMPLETE',
      unit: { status: 'ready' },
    });
    t.notMatch(made.out + made.err, token);
    const updated = await program.run([
      'deploy',
      '--stack-name',
      'lab',
      '--image-tag',
      'v2.4.0',
      '--yes',
      '--json',
    ]);
    t.equal(updated.code, 0, updated.err);
    const [, wish] = program.calls().filter(({ args }) => args[1] === 'create-change-set');
    const byName = Object.fromEntries(
      wish.input.Parameters.map((each: { ParameterKey: string }) => [each.ParameterKey, each]),
    );
    t.equal(wish.input.ChangeSetType, 'UPDATE');
    t.equal(byName.ImageTag.ParameterValue, 'v2.4.0');
    t.match(byName, { ExternalId: { UsePreviousValue: true }, CloudMRUserToken: { UsePreviousValue: true } });
  },
);

t.test(
  'what is missing or wrong is said at once, with its code and exit code, and nothing is created',
  async (t) => {
    const program = await deployProgram(t);
    const CLOUDMR_TOKEN = program.person.tokens.id_token;
    for (const [args, env, code, exit] of [
      [['deploy', '--yes'], {}, 'value_missing', 2],
      [['deploy', '--json'], { CLOUDMR_TOKEN }, 'not_confirmed', 3],
      [['deploy', '--yes', '--token', 'x'], {}, 'wrong_arguments', 2],
      [['deploy', '--yes', '--parameter', 'CloudMRUserToken=x'], { CLOUDMR_TOKEN }, 'wrong_arguments', 2],
      [['deploy', '--yes', '--fargate-size', '3-7'], { CLOUDMR_TOKEN }, 'wrong_arguments', 2],
      [['deploy', '--yes', '--stack-name', 'Lab'], { CLOUDMR_TOKEN }, 'stack_name_invalid', 1],
      [['deploy', '--yes', '--stack-name', 'a'.repeat(128)], { CLOUDMR_TOKEN }, 'stack_name_invalid', 1],
      [['update', '--yes'], { CLOUDMR_TOKEN }, 'stack_missing', 1],
    ] as const) {
      const { code: left, out } = await program.run([...args, '--json'], env);
      t.match(JSON.parse(out), { ok: false, code, remedy: /\w/ }, args.join(' '));
      t.equal(left, exit, code);
    }
    t.same(program.stacks(), {});
  },
);

t.test('R136 and a stack that fails: the reason, the first failure, and what to do', async (t) => {
  const program = await deployProgram(t);
  const env = { CLOUDMR_TOKEN: program.person.tokens.id_token };
  program.answers({ invalid: 'Template format error: unsupported structure' });
  const invalid = await program.run(['deploy', '--yes', '--json'], env);
  t.match(JSON.parse(invalid.out), {
    code: 'template_invalid',
    message: /^Template validation error: Template format/,
  });
  t.same(program.stacks(), {});
  const reason =
    "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008";
  program.answers({
    invalid: undefined,
    fails: { id: 'RunJobLambda', type: 'AWS::Lambda::Function', reason },
  });
  const failed = await program.run(['deploy', '--yes', '--json'], env);
  t.match(JSON.parse(failed.out), {
    code: 'lambda_memory_cap',
    message: /the first that failed was RunJobLambda/,
  });
});

t.test('doctor says everything that is wrong at once', async (t) => {
  const program = await deployProgram(t);
  program.answers({
    ...network({ open: false }),
    'service-quotas get-service-quota': { Quota: { Value: 1 } },
    'lambda get-account-settings': { AccountLimit: { ConcurrentExecutions: 10 } },
    's3api head-bucket': { $error: ['403', 'Forbidden'] },
  });
  const args = ['doctor', '--lambda-memory', '10240', '--json'];
  const { code, out } = await program.run(args, { CLOUDMR_TOKEN: program.person.tokens.id_token });
  t.equal(code, 1);
  const { findings } = JSON.parse(out);
  const open = findings.filter(({ status }: { status: string }) => ['failed', 'warning'].includes(status));
  t.same(open.map(({ code: each }: { code: string }) => each).sort(), [
    'bucket_taken',
    'image_unknown',
    'image_unknown',
    'lambda_memory_cap',
    'no_public_subnets',
    'quota_reached',
  ]);
  for (const { remedy } of open) t.match(remedy, /\w+ \w+/);
  program.answers({
    'sts get-caller-identity': { $local: 'Error loading SSO Token: Token for lab does not exist' },
  });
  const signedOut = await program.run(['doctor', '--json']);
  t.match(JSON.parse(signedOut.out).findings[1], { code: 'credentials_expired', remedy: /aws sso login/ });
});
