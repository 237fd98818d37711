/** deploy-mode2.sh at a terminal (R63, R134-R137): what a person is asked and told, and that nothing half-made is left. */
import t from 'tap';
import { deployProgram, network } from '../helpers/deploy-program.ts';
import { MODE_2 } from '../helpers/http.ts';

t.test('R63: defaults all the way: token, VPC, summary with costs, stack, unit', async (t) => {
  const program = await deployProgram(t);
  await program.brain.proven(program.person, MODE_2);
  const terminal = program.terminal(['deploy', '--wait', '0'], { CLOUDMR_STACK_NAME: 'my-lab' });
  await terminal.sees(/CloudMR User Token: /);
  terminal.types(`"${program.person.tokens.id_token}"`);
  await terminal.sees(/Signed in as ada@example\.org; the token is good for \d+ (min|h)\./);
  await terminal.sees(/Use default VPC vpc-11111111 \(172\.31\.0\.0\/16\)\? \[Y\/n\] /);
  terminal.types('');
  const summary = await terminal.sees(/Proceed with deployment\? \[Y\/n\] /);
  t.match(summary, /Stack +my-lab/);
  t.match(summary, /AWS account +222222222222/);
  t.match(summary, /SubnetId1 +subnet-00000001/);
  t.match(summary, /CloudMRUserToken +\(hidden\)/);
  t.match(summary, /charged to YOUR account: about \$0\.\d+ a job, \$\d+\.\d\d for 100 jobs a month/);
  t.same(program.stacks()['my-lab'].StackStatus, 'REVIEW_IN_PROGRESS', 'nothing yet but a change set');
  terminal.types('');
  await terminal.sees(/The stack my-lab is CREATE_COMPLETE/);
  const { code, shown } = await terminal.ended;
  t.equal(code, 0, shown);
  t.match(shown, /The computing unit \w+ is ready/);
  t.notMatch(shown, program.person.tokens.id_token, 'the token is not shown');
  const made = program.calls().find(({ args }) => args[1] === 'create-change-set');
  const values = Object.fromEntries(
    made?.input.Parameters.map((each: Record<string, string>) => [each.ParameterKey, each.ParameterValue]),
  );
  t.match(values, {
    CloudMRApiUrl: program.url,
    CloudMRUserToken: /^[\w-]{40,64}$/,
    ExternalId: /^cloudmr-/,
    BrokerRoleArn: 'arn:aws:iam::111111111111:role/broker',
    SubnetId2: 'subnet-00000002',
    AssignPublicIp: 'ENABLED',
  });
  t.match(made, { mode: 0o600, input: { OnStackFailure: 'DELETE', ChangeSetType: 'CREATE' } });
  for (const { args, env } of program.calls()) {
    for (const secret of [program.person.tokens.id_token, values.CloudMRUserToken, values.ExternalId]) {
      t.notMatch(args.join(' '), secret, 'no secret on a command line');
    }
    t.notOk(env.includes('CLOUDMR_TOKEN'));
  }
});

t.test('R135: a wrong token is refused with where to take one; the third time it ends', async (t) => {
  const program = await deployProgram(t);
  const terminal = program.terminal(['deploy']);
  for (const wrong of ['nonsense', 'Bearer a.b.c', '']) {
    await terminal.sees(/CloudMR User Token: /);
    terminal.types(wrong);
    await terminal.sees(/Invalid CloudMR token: /);
  }
  const { code, shown } = await terminal.ended;
  t.equal(code, 1);
  t.match(shown, /Take a new one at https:\/\/cloudmrhub\.com\/profile/);
  t.match(shown, /\[invalid_token\]/);
  t.same(program.stacks(), {});
});

for (const { row, what, setting, message, code: expected } of [
  {
    row: 'R134',
    what: 'no public subnet',
    setting: network({ open: false }),
    message:
      /No public subnets found: in vpc-11111111\. Available subnets: subnet-00000001 \(us-east-1a\), subnet-00000002 \(us-east-1b\) \[no_public_subnets\]\s+Use a VPC whose subnets have a route to an internet gateway and MapPublicIpOnLaunch=true/,
    code: 1,
  },
  {
    row: 'R134',
    what: 'one zone',
    setting: network({ zones: ['us-east-1a', 'us-east-1a'] }),
    message:
      /The subnets are in one availability zone: vpc-11111111 has public subnets in us-east-1a only: .* \[one_zone\]\s+Name two subnets in different availability zones/,
    code: 1,
  },
]) {
  t.test(`${row}: ${what} is told before anything is created`, async (t) => {
    const program = await deployProgram(t);
    program.answers(setting);
    const terminal = program.terminal(['deploy'], { CLOUDMR_TOKEN: program.person.tokens.id_token });
    await terminal.sees(/Use default VPC/);
    terminal.types('y');
    const { code, shown } = await terminal.ended;
    t.equal(code, expected, shown);
    t.match(shown, message);
    t.same(program.stacks(), {});
    t.notOk(program.calls().some(({ args }) => args[1] === 'create-change-set'));
  });
}

t.test('refusal at the summary, or Ctrl-C there, leaves nothing', async (t) => {
  for (const answer of ['n', '\u0003']) {
    const program = await deployProgram(t);
    const terminal = program.terminal(['deploy'], { CLOUDMR_TOKEN: program.person.tokens.id_token });
    await terminal.sees(/Use default VPC/);
    terminal.types('');
    await terminal.sees(/Proceed with deployment/);
    terminal.types(answer);
    const { code, shown } = await terminal.ended;
    t.equal(code, 3, shown);
    t.match(shown, /Canceled \[canceled\]\s+Nothing is left in your account/);
    t.same(program.stacks(), {});
    t.notOk(program.calls().some(({ args }) => args[1] === 'execute-change-set'));
  }
});
