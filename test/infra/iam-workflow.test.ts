/** B4: the roles of the workflow, and the policies of who deploys the platform's stacks. */
import t from 'tap';
import type { PolicyDocument } from '../../infra/local/contract.ts';
import { evaluate } from '../../infra/local/iam/evaluate.ts';
import { readPolicy } from '../../infra/local/iam/policy.ts';
import { rolesOf } from '../../infra/scripts/platform/oidc-role.ts';
import { rowsOf } from './helpers/needs.ts';
import { may, mayNot, type Row, wrongRows } from './helpers/questions.ts';
import { ACCOUNT, broker, worker } from './helpers/templates.ts';

const here = (service: string, rest: string): string => `arn:aws:${service}:us-west-2:${ACCOUNT}:${rest}`;
const role = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const TASKS = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };

const ROLES = rolesOf({
  organisation: 'cloudmrhub',
  repository: 'mroptimum-app',
  environment: 'production',
  previewEnvironment: 'preview',
  audience: 'sts.amazonaws.com',
  roleName: 'GitHubActionsRole-mroptimum-app',
  accountId: ACCOUNT,
  partition: 'aws',
});
const policiesOf = (name: string): PolicyDocument[] =>
  ROLES.filter((each) => each.name === name).map(({ policy }) => policy as PolicyDocument);

t.test(
  'R61, R93, T30: a token of GitHub opens the role of its own repository, environment and audience only',
  async (t) => {
    const ISSUER = 'token.actions.githubusercontent.com';
    const enters = (name: string, sub: string, aud = 'sts.amazonaws.com'): boolean => {
      const trust = ROLES.find((each) => each.name === name)?.trust as {
        Statement: { Condition: { StringEquals: Record<string, string> } }[];
      };
      t.equal(trust.Statement.length, 1);
      const { StringEquals } = trust.Statement[0].Condition;
      t.same(Object.keys(StringEquals).sort(), [`${ISSUER}:aud`, `${ISSUER}:sub`]);
      return StringEquals[`${ISSUER}:sub`] === sub && StringEquals[`${ISSUER}:aud`] === aud;
    };
    const deploy = 'GitHubActionsRole-mroptimum-app';
    t.ok(enters(deploy, 'repo:cloudmrhub/mroptimum-app:environment:production'));
    t.notOk(enters(deploy, 'repo:cloudmrhub/mroptimum-app:environment:preview'));
    t.notOk(enters(deploy, 'repo:cloudmrhub/mroptimum-app:pull_request'));
    t.notOk(enters(deploy, 'repo:eve/mroptimum-app:environment:production'));
    t.notOk(enters(deploy, 'repo:cloudmrhub/mroptimum-app:environment:production', 'other'));
    t.ok(enters(`${deploy}-preview`, 'repo:cloudmrhub/mroptimum-app:environment:preview'));
    t.notMatch(JSON.stringify(ROLES.map(({ trust }) => trust)), /\*/);
  },
);

t.test('R142, B4: who deploys may push and change our stacks; a pull request may only look', async (t) => {
  const stack = (name: string): string => here('cloudformation', `stack/${name}/1`);
  const passed = { 'iam:PassedToService': 'cloudformation.amazonaws.com' };
  const artifact = `arn:aws:s3:::cloudmr-artifacts-${ACCOUNT}`;
  const both = [
    may('cloudformation:CreateChangeSet', stack('mroptimum-app')),
    may('cloudformation:DescribeStacks', stack('cloudmr-broker')),
    may('iam:PassRole', role('CloudMRBrokerStackRole'), passed),
    mayNot('iam:PassRole', role('CloudMRBrokerStackRole'), TASKS),
    mayNot('iam:PassRole', role('admin'), passed),
    may('s3:PutObject', `${artifact}/preview/cloudmr-broker/1.template`),
    mayNot('s3:PutObject', `arn:aws:s3:::cloudmr-broker-data-${ACCOUNT}-us-west-2/mroptimum/u/job.json`),
    mayNot('cloudformation:CreateChangeSet', stack('other')),
    mayNot('cloudformation:DeleteStack', stack('mroptimum-app')),
    mayNot('iam:CreateRole', role('x')),
    mayNot('sts:AssumeRole', role('CloudMRBrokerStackRole')),
  ];
  const only = (allowed: boolean): Row[] =>
    [
      may('cloudformation:ExecuteChangeSet', stack('mroptimum-app')),
      may('ecr:PutImage', here('ecr', 'repository/cloudmr-broker')),
      may('ecr-public:PutImage', `arn:aws:ecr-public::${ACCOUNT}:repository/mroptimum-lambda`),
      may('s3:PutObject', `${artifact}/cloudmr-broker/1.template`),
      may(
        'secretsmanager:DescribeSecret',
        here('secretsmanager', 'secret:cloudmr-broker-token-secret-AbCdEf'),
      ),
    ].map((row) => ({ ...row, allowed }));
  t.same(wrongRows(policiesOf('GitHubActionsRole-mroptimum-app'), [...both, ...only(true)]), []);
  t.same(wrongRows(policiesOf('GitHubActionsRole-mroptimum-app-preview'), [...both, ...only(false)]), []);
  t.same(
    wrongRows(policiesOf('GitHubActionsRole-mroptimum-app'), [
      mayNot('ecr:PutImage', here('ecr', 'repository/other')),
      mayNot(
        'secretsmanager:GetSecretValue',
        here('secretsmanager', 'secret:cloudmr-broker-token-secret-AbCdEf'),
      ),
    ]),
    [],
  );
});

t.test(
  'R143, B4: the roles of CloudFormation suffice for the stacks of the platform, and for nothing beyond them',
  async (t) => {
    const mail = { MailSecretArn: here('secretsmanager', 'secret:mail'), MailFrom: 'a@example.org' };
    for (const [name, template] of [
      ['CloudMRBrokerStackRole', broker(mail)],
      ['CloudMRWorkerStackRole', worker()],
    ] as const) {
      const rows = rowsOf(template);
      t.ok(rows.length > 40, name);
      t.same(wrongRows(policiesOf(name), rows), [], name);
      const read = policiesOf(name).map((document) => readPolicy(document, 'identity'));
      for (const [action, resource] of [
        ['iam:CreateUser', `arn:aws:iam::${ACCOUNT}:user/eve`],
        ['iam:PutRolePolicy', role('admin')],
        ['iam:PassRole', role('admin')],
        ['s3:DeleteBucket', 'arn:aws:s3:::somebody-else'],
        ['dynamodb:DeleteTable', here('dynamodb', 'table/other')],
        ['lambda:UpdateFunctionCode', here('lambda', 'function:other')],
        ['kms:ScheduleKeyDeletion', here('kms', 'key/1')],
        ['secretsmanager:GetSecretValue', here('secretsmanager', 'secret:cloudmr-broker-token-secret')],
      ]) {
        t.not(evaluate(read, { action, resource, keys: {} }), 'allow', `${name}: ${action}`);
      }
      // AWS takes no longer inline policies of a role.
      t.ok(JSON.stringify(policiesOf(name)[0]).length <= 10_240, name);
    }
  },
);
