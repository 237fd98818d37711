/** B4: the deployer policy suffices for the template, and for nothing beyond its names. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { rowsOf } from './helpers/needs.ts';
import { may, type Row, wrongRows } from './helpers/questions.ts';
import { ACCOUNT, KEY_ARN, mode2 } from './helpers/templates.ts';

const policy = JSON.parse(
  readFileSync(new URL('../../infra/mode2-deployment/deployer-policy.json', import.meta.url), 'utf8'),
);
const LAMBDA = { 'iam:PassedToService': 'lambda.amazonaws.com' };

t.test('B4: who has the policy can create, update and delete the stack', async (t) => {
  const rows = rowsOf(mode2({}, { KmsKeyArn: KEY_ARN, AlarmEmail: 'ada@example.org' }));
  t.ok(rows.length > 100);
  t.same(wrongRows([policy], rows), []);
});

t.test(
  'F35: the guide names what an older copy of the policy lacks, and says to replace it first',
  async (t) => {
    const guide = readFileSync(
      new URL('../../infra/mode2-deployment/MODE2-DEPLOYMENT-GUIDE.md', import.meta.url),
      'utf8',
    );
    const [, section = ''] = guide.split('### Update to a newer release');
    const [steps] = section.split('## Take it away');
    t.ok(
      steps.indexOf('`deployer-policy.json`') < steps.indexOf('deploy-mode2.sh update'),
      'the policy first',
    );
    const named = [...steps.matchAll(/`([a-z]+:[A-Z]\w+)`/g)].map(([, action]) => action);
    t.same(named.length, 4);
    const older = JSON.parse(JSON.stringify(policy), (key, value) =>
      key === 'Action' ? [value].flat().filter((action: string) => !named.includes(action)) : value,
    );
    const rows = rowsOf(mode2({}, {}));
    t.same(wrongRows([policy], rows), []);
    const missing = rows.filter((row) => wrongRows([older], [row]).length > 0).map(({ action }) => action);
    t.same([...new Set(missing)].sort(), named.toSorted(), 'what the template needs of them');
  },
);

t.test('B4: and everything that the program itself asks AWS', async (t) => {
  const folder = new URL('../../infra/mode2-deployment/', import.meta.url);
  const asked = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(new URL(name, folder), 'utf8').matchAll(
        /\.(?:call|find)(?:<[^()]*>)?\(\s*'([a-z0-9-]+)',\s*'([a-z0-9-]+)'/g,
      ),
    ])
    .map(([, service, operation]) => actionOf(service, operation));
  t.ok(new Set(asked).size >= 25, [...new Set(asked)].join());
  const stack = 'arn:aws:cloudformation:us-west-2:222222222222:stack/mroptimum-mode2/1';
  const resources = [
    '*',
    stack,
    `arn:aws:s3:::mroptimum-mode2-data-${ACCOUNT}`,
    `arn:aws:s3:::mroptimum-mode2-data-${ACCOUNT}/mroptimum/u/scan.h5`,
    `arn:aws:iam::${ACCOUNT}:role/mroptimum-mode2-WorkerRole`,
    `arn:aws:states:us-west-2:${ACCOUNT}:stateMachine:mroptimum-mode2-JobChooser`,
    `arn:aws:states:us-west-2:${ACCOUNT}:execution:mroptimum-mode2-JobChooser:job-1-0`,
    `arn:aws:logs:us-west-2:${ACCOUNT}:log-group:/aws/lambda/mroptimum-mode2:*`,
  ];
  for (const action of new Set(asked)) {
    t.ok(
      resources.some((resource) => wrongRows([policy], [may(action, resource)]).length === 0),
      action,
    );
  }
});

/** The action of IAM for an operation of the `aws` program. */
function actionOf(service: string, operation: string): string {
  const name = operation.replace(/(?:^|-)(\w)/g, (_all, letter: string) => letter.toUpperCase());
  const special: Record<string, string> = {
    HeadBucket: 'ListBucket',
    ListObjectVersions: 'ListBucketVersions',
    ListMultipartUploads: 'ListBucketMultipartUploads',
    DeleteObjects: 'DeleteObjectVersion',
  };
  const services: Record<string, string> = {
    s3api: 's3',
    stepfunctions: 'states',
    'service-quotas': 'servicequotas',
  };
  return `${services[service] ?? service}:${special[name] ?? name}`;
}

t.test('B4: and nothing beyond it', async (t) => {
  const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
  const rows: Row[] = [
    { action: 'iam:PassRole', resource: role('mroptimum-mode2-WorkerRole'), keys: LAMBDA, allowed: true },
    { action: 'iam:PassRole', resource: role('admin'), keys: LAMBDA, allowed: false },
    {
      action: 'iam:PassRole',
      resource: role('mroptimum-x'),
      keys: { 'iam:PassedToService': 'ec2.amazonaws.com' },
      allowed: false,
    },
    { action: 'iam:CreateUser', resource: `arn:aws:iam::${ACCOUNT}:user/eve`, allowed: false },
    { action: 'iam:PutRolePolicy', resource: role('admin'), allowed: false },
    {
      action: 's3:GetObject',
      resource: `arn:aws:s3:::mroptimum-mode2-data-${ACCOUNT}/mroptimum/u/scan.h5`,
      allowed: false,
    },
    { action: 's3:DeleteBucket', resource: 'arn:aws:s3:::somebody-else', allowed: false },
    {
      action: 'lambda:UpdateFunctionCode',
      resource: `arn:aws:lambda:us-west-2:${ACCOUNT}:function:other`,
      allowed: false,
    },
    {
      action: 'cloudformation:DeleteStack',
      resource: `arn:aws:cloudformation:us-west-2:${ACCOUNT}:stack/other/1`,
      allowed: false,
    },
    { action: 'sts:AssumeRole', resource: role('any'), allowed: false },
  ];
  t.same(wrongRows([policy], rows), []);
});
