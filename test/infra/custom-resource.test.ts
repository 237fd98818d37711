/** What CloudFormation hears from the stack's function. */
import t from 'tap';
import { customResource, type ResourceEvent } from '../../infra/functions/custom-resource.ts';
import { serve } from './helpers/stand-ins.ts';

t.test('M6, M7: one answer, always under the same physical id; a deletion never fails', async (t) => {
  const heard: Record<string, unknown>[] = [];
  const address = await serve(t, (_request, body) => {
    heard.push(JSON.parse(String(body)));
    return { status: heard.length === 1 ? 503 : 200 };
  });
  const event = (RequestType: ResourceEvent<unknown>['RequestType'], PhysicalResourceId?: string) => ({
    RequestType,
    ResourceType: 'Custom::ComputingUnit',
    ResponseURL: `http://${address}/answer`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'ComputingUnit',
    PhysicalResourceId,
    ResourceProperties: {},
  });
  await customResource(async () => ({ ComputingUnitId: '1' }))(event('Create'));
  t.equal(heard.length, 2, 'told again after 503');
  t.match(heard[1], {
    Status: 'SUCCESS',
    PhysicalResourceId: 'ComputingUnit',
    Data: { ComputingUnitId: '1' },
  });

  const fails = customResource(async () => Promise.reject(new Error('the registry has no image v9')));
  await fails(event('Update', 'ComputingUnit'));
  t.match(heard[2], {
    Status: 'FAILED',
    Reason: 'the registry has no image v9',
    PhysicalResourceId: 'ComputingUnit',
  });
  await fails(event('Delete', 'ComputingUnit'));
  t.match(heard[3], { Status: 'SUCCESS', PhysicalResourceId: 'ComputingUnit' });
});
