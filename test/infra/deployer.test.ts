/** B4: the deployer policy suffices for the template, and for nothing beyond its names. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { rowsOf } from './helpers/needs.ts';
import { type Row, wrongRows } from './helpers/questions.ts';
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
