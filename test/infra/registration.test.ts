/** The function of the stack registers it: with a one-time code and a signature, against a live broker. */
import t from 'tap';
import type { FunctionEnvironment } from '../../infra/functions/environment.ts';
import { registration } from '../../infra/functions/registration.ts';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { mode2Registration } from '../../infra/local/demo/units.ts';
import { cloudDir, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { mode2Stack } from '../../infra/local/stacks/mode2.ts';
import { startLaptop } from '../helpers/laptop.ts';
import { parameterStore } from './helpers/stand-ins.ts';

interface Challenge {
  enrolmentCode: string;
  externalId: string;
  brokerRoleArn: string;
}
const PARAMETER = '/lab-2/computing-unit';

t.test(
  'R31, R42, M5, M7: registered by a one-time code, known over updates, withdrawn without failing',
  async (t) => {
    const laptop = await startLaptop(t);
    const store = await parameterStore(t);
    const keys = createKeyRing(await openMasterKey(cloudDir(laptop.dataDir)));
    const environment: FunctionEnvironment = {
      region: LOCAL_REGION,
      apiUrl: laptop.url,
      credentials: keys.rootCredentials(RESEARCHER_ACCOUNT),
      endpoint: (service) => (service === 'ssm' ? store.url : laptop.endpoint),
    };
    const ask = () => laptop.researcher.call<Challenge>('POST', '/api/computing-unit/challenges', {});
    const challenge = await ask();
    const { externalId, brokerRoleArn } = challenge;
    const control = await laptop.control(RESEARCHER_ACCOUNT);
    await control.applyStack(
      mode2Stack({
        stackName: 'lab-2',
        accountId: RESEARCHER_ACCOUNT,
        region: LOCAL_REGION,
        appId: 'mroptimum',
        brokerRoleArn,
        externalId,
        corsOrigins: ['*'],
      }),
    );
    const { mode: _mode, provider: _provider, ...unit } = mode2Registration('lab-2');
    const properties = (enrolmentCode: string, over: Record<string, string> = {}) => ({
      EnrolmentCode: enrolmentCode,
      BrokerRoleArn: brokerRoleArn,
      ParameterName: PARAMETER,
      Unit: { ...unit, mode: 'mode_2', provider: 'user', alias: 'Lab 2', externalId, ...over },
    });
    const first = properties(challenge.enrolmentCode);

    const made = await registration({ RequestType: 'Create', ResourceProperties: first }, environment);
    t.match(made, { Status: 'ready', ComputingUnitId: /^[0-9A-Z]{26}$/, Message: 'registered' });
    const listed = await laptop.researcher.call<{ computingUnits: { alias: string; status: string }[] }>(
      'GET',
      '/api/computing-unit/list?app_name=MR%20Optimum&mode=mode_2',
    );
    t.match(
      listed.computingUnits.find(({ alias }) => alias === 'Lab 2'),
      { status: 'ready' },
    );
    t.notMatch([...store.parameters.values()].join(), challenge.enrolmentCode);

    const update = (ResourceProperties: typeof first, OldResourceProperties = first) =>
      registration({ RequestType: 'Update', ResourceProperties, OldResourceProperties }, environment);
    t.same(await update(first), made, 'an update that changes nothing here asks nobody');
    t.match(
      await update(properties(challenge.enrolmentCode, { alias: 'Other' })),
      { ComputingUnitId: made['ComputingUnitId'] },
      'the code is used up; the unit stays what it is',
    );
    const again = await update(properties((await ask()).enrolmentCode, { alias: 'Lab two' }));
    t.match(
      again,
      { ComputingUnitId: made['ComputingUnitId'], Status: 'ready' },
      'a new code brings it up to date',
    );
    const refused = await update(properties('A'.repeat(43)));
    t.match(refused, {
      ComputingUnitId: made['ComputingUnitId'],
      Message: /challenge_used.*new enrolment code/,
    });

    await registration({ RequestType: 'Delete', ResourceProperties: first }, environment);
    t.same([...store.parameters.keys()], [], 'nothing is left behind');
  },
);

t.test('U2: a refused code does not take the stack down; the outputs say what to do', async (t) => {
  const store = await parameterStore(t);
  const environment: FunctionEnvironment = {
    region: LOCAL_REGION,
    apiUrl: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
    endpoint: () => store.url,
  };
  const ResourceProperties = { EnrolmentCode: '', BrokerRoleArn: 'arn', ParameterName: PARAMETER, Unit: {} };
  t.match(await registration({ RequestType: 'Create', ResourceProperties }, environment), {
    ComputingUnitId: 'not-registered',
    Status: 'not-registered',
    Message: /no enrolment code was given.*register-mode2\.sh/,
  });
});
