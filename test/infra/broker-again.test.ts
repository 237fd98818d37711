/** What the broker's stack keeps when it goes is taken over by the next stack of its name. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readLongForm } from '../../infra/local/template/long-form.ts';
import { resolveTemplate } from '../../infra/local/template/resolve.ts';
import { MAX_BODY_BYTES } from '../../infra/mode2-deployment/template-file.ts';
import { withKeptNames } from '../../infra/scripts/platform/kept-names.ts';
import { ACCOUNT, broker } from './helpers/templates.ts';

const body = readFileSync(new URL('../../infra/broker/template.yaml', import.meta.url), 'utf8');
const place = { stackName: 'cloudmr-broker', accountId: ACCOUNT, region: 'us-west-2' };

interface Resource {
  Type: string;
  DeletionPolicy?: string;
  Properties: Record<string, unknown>;
}
const resourcesOf = (text: string) =>
  Object.entries(readLongForm(text).Resources as Record<string, Resource>);

t.test('U9: everything that is kept under a name can be imported by it', async (t) => {
  const { body: written, names } = withKeptNames(body, place);
  t.same(names, {
    Table: 'cloudmr-broker-cloudmr',
    DataBucket: `cloudmr-broker-data-${ACCOUNT}-us-west-2`,
    ResultsBucket: `cloudmr-broker-results-${ACCOUNT}-us-west-2`,
    FailedBucket: `cloudmr-broker-failed-${ACCOUNT}-us-west-2`,
    LogGroup: '/ecs/cloudmr-broker-broker',
    BrokerRole: 'cloudmr-broker-CloudMRBrainRole',
  });
  t.ok(Buffer.byteLength(written) <= MAX_BODY_BYTES, 'it is sent in a request');
  for (const [id, { Type, DeletionPolicy = '', Properties }] of resourcesOf(written)) {
    const named = Object.entries(Properties).filter(([property]) =>
      /^[A-Z][A-Za-z]*Name$|^Name$/.test(property),
    );
    if (!DeletionPolicy.startsWith('Retain') || named.length === 0) continue;
    // A secret has an id of AWS's making: its ARN is a parameter.
    if (Type !== 'AWS::SecretsManager::Secret')
      t.same(
        named.map(([, name]) => name),
        [names[id]],
        id,
      );
    else t.match(body, `Own${id}: !Equals [!Ref ${id}Arn, '']`);
  }
});

t.test(
  'U9: the same stack otherwise, so that an update by the template itself replaces nothing',
  async (t) => {
    const parameters = broker().parameters as Record<string, string>;
    const at = { ...place, partition: 'aws' };
    t.same(
      resolveTemplate(readLongForm(withKeptNames(body, place).body), at, parameters),
      resolveTemplate(readLongForm(body), at, parameters),
    );
  },
);

t.test('U9: secrets that are there are used, and no new ones made', async (t) => {
  const kept = `arn:aws:secretsmanager:us-west-2:${ACCOUNT}:secret:cloudmr-broker-token-secret-AbCdEf`;
  const { resources } = broker({ TokenSecretArn: kept });
  t.notOk(resources['TokenSecret']);
  t.ok(resources['AdminPassword']);
  const [{ Secrets }] = resources['TaskDefinition'].Properties['ContainerDefinitions'] as [
    { Secrets: object[] },
  ];
  t.match(Secrets, [{ Name: 'TOKEN_SECRET', ValueFrom: kept }, { Name: 'ADMIN_PASSWORD' }]);
  t.match(JSON.stringify(resources['ExecutionRole'].Properties), kept);
});

t.test('a name that cannot be known before the stack is, is refused', async (t) => {
  const odd = body.replace(
    `TableName: !Sub \${AWS::StackName}-cloudmr`,
    `TableName: !Sub \${DomainName}-cloudmr`,
  );
  t.throws(() => withKeptNames(odd, place), /DomainName is not known/);
});
