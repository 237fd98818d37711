/** Destroy keeps the data; a stack of the same name takes it over again. */
import t from 'tap';
import { readLongForm } from '../../infra/local/template/long-form.ts';
import { resolveTemplate } from '../../infra/local/template/resolve.ts';
import {
  MAX_BODY_BYTES,
  readTemplate,
  withNamesWrittenOut,
} from '../../infra/mode2-deployment/template-file.ts';
import { ACCOUNT, PLACE, REQUIRED } from './helpers/templates.ts';

const { body } = readTemplate();
const bucket = (kind: string, stackName = 'lab-1'): string => `${stackName}-${kind}-${ACCOUNT}`;
const place = { ...PLACE, stackName: 'lab-1' };

t.test('U9: data that was kept is taken over by the next stack of the name', async (t) => {
  const kept = ['results', 'failed', 'data'].map((kind) => bucket(kind));
  const written = withNamesWrittenOut(body, kept, ACCOUNT);
  // CloudFormation imports only resources whose name no function makes, and whose policy keeps them.
  const { Resources } = readLongForm(written) as {
    Resources: Record<string, { DeletionPolicy: string; Properties: object }>;
  };
  for (const kind of ['Results', 'Failed', 'Data']) {
    const { DeletionPolicy, Properties } = Resources[`${kind}Bucket`];
    t.match(Properties, { BucketName: bucket(kind.toLowerCase()) });
    t.equal(DeletionPolicy, 'RetainExceptOnCreate');
  }
  const names = (text: string) => resolveTemplate(readLongForm(text), place, REQUIRED);
  t.same(
    names(written),
    names(body),
    'otherwise the same stack: an update by the template itself replaces nothing',
  );
  t.ok(Buffer.byteLength(written) <= MAX_BODY_BYTES);
});

t.test('U9: only what is left is written out', async (t) => {
  const written = withNamesWrittenOut(body, [bucket('data')], ACCOUNT);
  t.match(written, `BucketName: ${bucket('data')}\n`);
  t.equal(written.match(/BucketName: !Sub/g)?.length, 2);
  t.equal(withNamesWrittenOut(body, [], ACCOUNT), body, 'a first deployment takes the template as it is');
  t.throws(() => withNamesWrittenOut(body, [bucket('other')], ACCOUNT), /makes no bucket/);
  t.match(
    withNamesWrittenOut(
      `{"BucketName":{"Fn::Sub":"\${AWS::StackName}-data-\${AWS::AccountId}"}}`,
      [bucket('data')],
      ACCOUNT,
    ),
    `{"BucketName":"${bucket('data')}"}`,
  );
});
