/** Preflight no. 10: what AWS has given the account, against what jobs take; and what to paste where it is too little. */
import { RequestServiceQuotaIncreaseCommand } from '@aws-sdk/client-service-quotas';
import t from 'tap';
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { brokerOn } from '../helpers/brain.ts';
import { REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { type Lab, newLab } from '../helpers/trust.ts';

const cloud = await startTestCloud(t);
const FARGATE = { serviceCode: 'fargate', quotaCode: 'L-3032A538' };
const LAMBDA = { serviceCode: 'lambda', quotaCode: 'L-B99A9384' };
const ARNS = ['fargate/L-3032A538', 'lambda/L-B99A9384'].map(
  (quota) => `arn:aws:servicequotas:${REGION}:${RESEARCHER}:${quota}`,
);

const found = ({ checks = [] }: Unit): UnitCheck | undefined =>
  checks.find(({ code }) => code === 'account_quotas');
const give = (quota: typeof FARGATE, value: number) =>
  cloud.control(RESEARCHER).setQuota({ region: REGION, ...quota, value });
/** The role of a stack from before the check. */
const withoutQuotas = (lab: Lab) =>
  lab.changeRole((role) => ({
    ...role,
    policies: role.policies.map((policy) => ({
      ...policy,
      Statement: policy.Statement.filter(
        ({ Action }) => ![Action].flat().includes('servicequotas:GetServiceQuota'),
      ),
    })),
  }));

t.test('an account with the usual quotas passes, and the evidence says what a job takes', async (t) => {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  t.match(found(unit), {
    status: 'passed',
    evidence:
      'Fargate: 64 vCPUs at once, a task takes 2 to 16; Lambda: 1000 functions at once, a job takes up to 2',
    policy: undefined,
    command: undefined,
  });
});

t.test('a new account is warned, by value; the command that is shown mends it', async (t) => {
  const lab = await newLab(cloud);
  await give(FARGATE, 6);
  await give(LAMBDA, 10);
  const { unit } = await lab.register();
  t.equal(unit.status, 'ready', 'jobs run nevertheless');
  const warned = found(unit);
  t.match(warned, {
    status: 'warning',
    actor: 'unit_owner',
    evidence: /^Fargate: 6 vCPUs at once, a task takes 2 to 16; Lambda: 10 functions at once/,
    remedy: /^Ask AWS for more in this region/,
  });
  const commands = (warned?.command ?? '').split('\n');
  t.same(commands, [
    `aws service-quotas request-service-quota-increase --region ${REGION} --service-code fargate --quota-code L-3032A538 --desired-value 64`,
    `aws service-quotas request-service-quota-increase --region ${REGION} --service-code lambda --quota-code L-B99A9384 --desired-value 1000`,
  ]);
  const { clients, credentials } = cloud.rootClients(RESEARCHER);
  for (const command of commands) {
    const value = (flag: string): string => new RegExp(`--${flag} (\\S+)`).exec(command)?.[1] ?? '';
    await clients.serviceQuotas(await credentials(), value('region')).send(
      new RequestServiceQuotaIncreaseCommand({
        ServiceCode: value('service-code'),
        QuotaCode: value('quota-code'),
        DesiredValue: Number(value('desired-value')),
      }),
    );
  }
  t.match(found(await lab.broker.watch.recheck(unit)), { status: 'passed' });
});

t.test('an account without Fargate is warned: what Lambda can hold runs', async (t) => {
  const lab = await newLab(cloud);
  await give(FARGATE, 0);
  const { unit } = await lab.register();
  t.equal(unit.status, 'ready');
  t.match(found(unit), {
    status: 'warning',
    evidence: /^Fargate: 0 vCPUs at once, .* so only jobs that Lambda can hold run;/,
    command: /--service-code fargate .*--desired-value 64$/,
  });
  await give(FARGATE, 64);
});

t.test(
  'an account in which no job can run fails, with the command, and takes no jobs until it may',
  async (t) => {
    const lab = await newLab(cloud);
    const { unit } = await lab.register();
    await give(LAMBDA, 1);
    const degraded = await lab.broker.watch.recheck(unit);
    t.match(degraded, { status: 'degraded' });
    t.match(degraded.missing.join(), /account_quotas: .*Lambda: 1 functions at once/);
    t.match(found(degraded), { status: 'failed', command: /--service-code lambda .*--desired-value 1000$/ });
    await give(LAMBDA, 2);
    const again = await lab.broker.watch.recheck(degraded);
    t.equal(again.status, 'ready');
    t.match(found(again), { status: 'warning', evidence: /Lambda: 2 functions/ });
    await give(LAMBDA, 1_000);
  },
);

t.test(
  'a role of an older stack may not read them: not asked, nothing fails, the statement is shown',
  async (t) => {
    const lab = await newLab(cloud);
    await withoutQuotas(lab);
    const { unit } = await lab.register();
    t.equal(unit.status, 'ready');
    const skipped = found(unit);
    t.match(skipped, {
      status: 'skipped',
      evidence: 'the role does not allow servicequotas:GetServiceQuota',
      actor: undefined,
    });
    const statement = JSON.parse(skipped?.policy ?? '');
    t.same(statement, { Effect: 'Allow', Action: ['servicequotas:GetServiceQuota'], Resource: ARNS });
    await lab.changeRole((role) => ({ ...role, policies: [...role.policies, { Statement: [statement] }] }));
    t.match(found(await lab.broker.watch.recheck(unit)), { status: 'passed' }, 'pasted, it is enough');
  },
);

t.test(
  'Service Quotas away or throttled makes no unit unreachable; what one quota says still counts',
  async (t) => {
    const lab = await newLab(cloud, brokerOn(cloud));
    const { unit } = await lab.register();
    const control = cloud.control(RESEARCHER);
    await control.addFault({ service: 'servicequotas', operation: '*', kind: 'throttle' });
    const unknown = await lab.broker.watch.recheck(unit);
    await control.clearFaults();
    t.equal(unknown.status, 'ready');
    t.match(found(unknown), {
      status: 'skipped',
      evidence: 'Service Quotas does not say (TooManyRequestsException)',
      policy: undefined,
    });
    await lab.changeRole((role) => ({
      ...role,
      policies: JSON.parse(JSON.stringify(role.policies).replace(ARNS[1], ARNS[0])),
    }));
    await give(FARGATE, 4);
    const half = found(await lab.broker.watch.recheck(unit));
    await give(FARGATE, 64);
    t.match(half, { status: 'warning', evidence: /^Fargate: 4 vCPUs .*; the role does not allow/ });
    t.same(JSON.parse(half?.policy ?? '').Resource, ARNS);
  },
);
