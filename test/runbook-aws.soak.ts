/**
 * Every command of the AWS CLI in the runbook is run against an emulation of AWS (moto), as far as it knows the
 * operation; the others are checked by the CLI itself.
 */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { bash, blocks, folderOf, ofAws } from './helpers/runbook.ts';

t.setTimeout(900_000);

/** What moto does not know; the CLI checks every parameter by the description of the service. */
const ONLY_CHECKED = ['service-quotas', 'cloudtrail', 'purge', 'lambda'];

/** A stack with what the runbook names, from the broker's own: moto does not know all of it. */
const STACK = {
  Parameters: {
    ImageUri: { Type: 'String', Default: 'one' },
    RestoredTableName: { Type: 'String', Default: '' },
    Tasks: { Type: 'Number', Default: 2 },
  },
  Resources: {
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName: 'runbook-cloudmr',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      },
    },
    Cluster: { Type: 'AWS::ECS::Cluster', Properties: {} },
    TaskDefinition: {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        Family: 'broker',
        ContainerDefinitions: [{ Name: 'broker', Image: { Ref: 'ImageUri' }, Memory: 512 }],
      },
    },
    Service: {
      Type: 'AWS::ECS::Service',
      Properties: {
        Cluster: { Ref: 'Cluster' },
        ServiceName: 'broker',
        TaskDefinition: { Ref: 'TaskDefinition' },
        DesiredCount: 0,
      },
    },
    LogGroup: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/ecs/runbook-broker' } },
    DeadTicks: { Type: 'AWS::SQS::Queue', Properties: {} },
    BrokerRole: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'runbook-role',
        AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [] },
      },
    },
    Changes: {
      Type: 'AWS::SSM::Parameter',
      Properties: {
        Name: 'runbook-changes',
        Type: 'String',
        Value: { 'Fn::Sub': '$' + '{ImageUri} $' + '{RestoredTableName} $' + '{Tasks}' },
      },
    },
    StateMachine: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        StateMachineName: 'runbook',
        DefinitionString: '{"StartAt":"End","States":{"End":{"Type":"Succeed"}}}',
        RoleArn: 'arn:aws:iam::123456789012:role/runbook',
      },
    },
  },
};
const EXECUTION = 'arn:aws:states:us-east-1:123456789012:execution:runbook:job-01K9ZB4T8N5W3V6Q2R7S0M1XYA-0';

/** Secrets are no resources of stacks there, and queues have addresses of the real AWS: these are made by themselves. */
const SECRET = `eval "of_stack() $(declare -f physical | tail -n +2)"
physical() { case "$1" in TokenSecret) echo token;; DeadTicks) echo "$AWS_ENDPOINT_URL/123456789012/dead";; *) of_stack "$1";; esac; }
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whatever versions a machine has by chance know other operations; `.ci/run` brings those that this is written for. */
const tools = ['aws', 'moto_server'].filter(
  (name) => process.env['RUNBOOK_ON_MOTO'] === undefined || spawnSync('which', [name]).status !== 0,
);

t.test(
  'the commands of the AWS CLI are right',
  { skip: tools.length > 0 && `needs ${tools.join(' and ')} of .ci/run, which sets RUNBOOK_ON_MOTO` },
  async (t) => {
    const folder = folderOf(t);
    const port = await freePort();
    const moto = spawn('moto_server', ['-p', String(port)], { stdio: 'ignore' });
    t.teardown(() => moto.kill());
    const url = `http://127.0.0.1:${port}`;
    for (let round = 0; round < 200; round++) {
      if (
        await fetch(`${url}/moto-api/`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        break;
      await pause(100);
    }
    const template = join(folder, 'template.json');
    writeFileSync(template, JSON.stringify(STACK));
    const env = {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_PAGER: '',
      STACK: 'runbook',
      TEMPLATE: template,
      JOB: '01K9ZB4T8N5W3V6Q2R7S0M1XYA',
      EXECUTION,
      IMAGE: 'registry.example.org/broker@sha256:0123',
    };
    const made = await bash(
      'aws cloudformation deploy --template-file "$TEMPLATE" --stack-name "$STACK" --capabilities CAPABILITY_NAMED_IAM',
      env,
    );
    t.equal(made.code, 0, made.output);
    const others = [
      'aws secretsmanager create-secret --name token --secret-string old',
      ...['dead', 'mroptimum-app-callback-dead-letters'].map(
        (name) => `aws sqs create-queue --queue-name ${name} --endpoint-url "$AWS_ENDPOINT_URL"`,
      ),
      'aws logs create-log-group --log-group-name /aws/lambda/mroptimum-app',
      `aws stepfunctions start-execution --state-machine-arn ${EXECUTION.replace('execution:', 'stateMachine:').replace(/:job-.*/, '')} --name ${EXECUTION.split(':').at(-1)}`,
    ];
    t.equal((await bash(others.join('; '), env)).code, 0);
    // Version 1 of the CLI sends what concerns queues to AWS, whatever AWS_ENDPOINT_URL says.
    // No task ever runs there, so that a service is stable if none is wanted.
    const checked = ONLY_CHECKED.map((name) => `*${name}*`).join('|');
    const around = `aws() { case "$1 $2" in "ecs wait") command aws ecs update-service --cluster "$CLUSTER" --service "$SERVICE" --desired-count 0 >/dev/null; command aws "$@";; ${checked}) command aws "$@" --generate-cli-skeleton output;; sqs*) command aws "$@" --endpoint-url "$AWS_ENDPOINT_URL";; *) command aws "$@";; esac; }\n`;
    const [preamble = '', ...rest] = blocks.filter(ofAws);
    for (const block of [preamble, ...rest]) {
      const source = block === preamble ? '' : preamble + SECRET;
      if (/restore-table-from-backup/.test(block)) await lose(preamble, env);
      const { code, output } = await bash(`${around}${source}${block}`, env);
      t.equal(code, 0, `${block}${output}`);
    }
    const { output } = await bash(`${preamble}\naws dynamodb describe-table --table-name "$TABLE"`, env);
    t.match(
      output,
      /"TableName": "runbook-cloudmr-20\d{6}-\d{6}"/,
      'the restored table is the one that is used',
    );
    t.match(output, /"TableStatus": "ACTIVE"/);
  },
);

/** Deletes the table that the broker uses; AWS makes a backup of its own then, moto does not. */
async function lose(preamble: string, env: Record<string, string>): Promise<void> {
  const { code, output } = await bash(
    `${preamble}
aws dynamodb create-backup --table-name "$TABLE" --backup-name deleted
aws dynamodb update-table --table-name "$TABLE" --no-deletion-protection-enabled
aws dynamodb delete-table --table-name "$TABLE"
! aws dynamodb describe-table --table-name "$TABLE" 2>/dev/null`,
    env,
  );
  if (code !== 0) throw new Error(output);
}
