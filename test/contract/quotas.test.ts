/**
 * The contract of Service Quotas, as far as the preflight asks: against the embedded service, or, when
 * CLOUDMR_CONTRACT_QUOTAS names one, against another endpoint (moto_server).
 */
import {
  GetServiceQuotaCommand,
  RequestServiceQuotaIncreaseCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import t from 'tap';
import { allow, LAB, openTestCore, stack, TASK_TRUST } from '../local/support/core-with-s3.ts';

const elsewhere = process.env['CLOUDMR_CONTRACT_QUOTAS'];
const FARGATE = { ServiceCode: 'fargate', QuotaCode: 'L-3032A538' };
const LAMBDA = { ServiceCode: 'lambda', QuotaCode: 'L-B99A9384' };
const REGION = 'us-east-1';
const MOTO = { skip: elsewhere ? 'moto knows quotas of VPCs only, and no requests' : false };

function clientOf(endpoint: string, credentials: object): ServiceQuotasClient {
  const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', ...credentials };
  const client = new ServiceQuotasClient({ endpoint, region: REGION, maxAttempts: 1, credentials: keys });
  t.teardown(() => client.destroy());
  return client;
}
const core = elsewhere ? undefined : await openTestCore(t);
const root = core ? core.root(LAB) : {};
const client = clientOf(elsewhere ?? core?.endpoint ?? '', root);
const given = async (which: typeof FARGATE): Promise<number | undefined> =>
  (await client.send(new GetServiceQuotaCommand(which))).Quota?.Value;
const raise = (DesiredValue: number) =>
  client.send(new RequestServiceQuotaIncreaseCommand({ ...FARGATE, DesiredValue }));

t.test('a quota that is not there is said to be missing', async (t) => {
  const unknown = new GetServiceQuotaCommand({ ServiceCode: 'vpc', QuotaCode: 'L-00000000' });
  await t.rejects(client.send(unknown), { name: 'NoSuchResourceException' });
});

t.test('the quotas that jobs meet have a value, a name and an ARN', MOTO, async (t) => {
  const { Quota } = await client.send(new GetServiceQuotaCommand(FARGATE));
  t.match(Quota, {
    ...FARGATE,
    QuotaName: 'Fargate On-Demand vCPU resource count',
    QuotaArn: `arn:aws:servicequotas:${REGION}:${LAB}:fargate/L-3032A538`,
    Value: 64,
    Adjustable: true,
  });
  t.equal(await given(LAMBDA), 1_000);
});

t.test('more is given to who asks for more, less to nobody', MOTO, async (t) => {
  await t.rejects(raise(64), { name: 'IllegalArgumentException' });
  t.match((await raise(100)).RequestedQuota, { ...FARGATE, DesiredValue: 100, Status: 'APPROVED' });
  t.equal(await given(FARGATE), 100);
});

t.test('a role sees the quotas that its policy names, and asks for none', MOTO, async (t) => {
  if (!core) return;
  const arn = `arn:aws:servicequotas:${REGION}:${LAB}:fargate/L-3032A538`;
  const policies = [
    { Statement: [{ Effect: 'Allow' as const, Action: 'servicequotas:GetServiceQuota', Resource: arn }] },
    allow('states:StartExecution'),
  ];
  await core.control(LAB).applyStack(stack(LAB, { roles: [{ name: 'Looks', trust: TASK_TRUST, policies }] }));
  const narrow = clientOf(core.endpoint, core.task(LAB, 'Looks'));
  t.ok((await narrow.send(new GetServiceQuotaCommand(FARGATE))).Quota?.Value);
  const denied = { name: 'AccessDeniedException' };
  await t.rejects(narrow.send(new GetServiceQuotaCommand(LAMBDA)), denied);
  const more = new RequestServiceQuotaIncreaseCommand({ ...FARGATE, DesiredValue: 1_000 });
  await t.rejects(narrow.send(more), denied);
});

t.test('a test gives an account another quota; the root of another account does not', MOTO, async (t) => {
  if (!core) return;
  const control = core.control(LAB);
  await control.setQuota({ region: REGION, serviceCode: 'fargate', quotaCode: 'L-3032A538', value: 6 });
  t.equal(await given(FARGATE), 6);
  const wrong = { region: REGION, serviceCode: 'fargate', quotaCode: 'L-3032A538', value: -1 };
  await t.rejects(control.setQuota(wrong), { code: 'ValidationError' });
  await t.rejects(control.setQuota({ ...wrong, quotaCode: 'L-1', value: 1 }), {
    code: 'NoSuchResourceException',
  });
});
