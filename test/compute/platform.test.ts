import t from 'tap';
import { choosePlatform, LARGEST_LAMBDA_INPUT } from '../../compute/platform.ts';
import { taskDocument } from './helpers/run.ts';

const espirit = { sensitivityMap: { options: { mask: { method: 'ESPIRiT' } } } };

t.test('the rule as a table', async (t) => {
  const cases: [what: string, task: unknown, bytes: number, name: string][] = [
    ['small and analytic', taskDocument(), 5e6, 'lambda'],
    ['at the limit', taskDocument(), LARGEST_LAMBDA_INPUT, 'lambda'],
    ['beyond the limit', taskDocument(), LARGEST_LAMBDA_INPUT + 1, 'fargate'],
    ['replicas of the scanner', taskDocument({ name: 'mr' }), 0, 'fargate'],
    ['pseudo replicas', taskDocument({ name: 'PMR' }), 0, 'fargate'],
    ['generalised pseudo replicas', taskDocument({ name: 'cr' }), 0, 'fargate'],
    ['B1', taskDocument({ recon: 'b1' }), 0, 'lambda'],
    ['an ESPIRiT mask', taskDocument({ recon: 'b1', reconOptions: espirit }), 0, 'fargate'],
    ['an ESPIRiT mask that RSS does not use', taskDocument({ reconOptions: espirit }), 0, 'lambda'],
    ['ESPIRiT', taskDocument({ recon: 'espirit' }), 0, 'fargate'],
    ['a wish for Fargate', taskDocument({ options: { platform: 'fargate' } }), 0, 'fargate'],
    ['a wish for Lambda', taskDocument({ name: 'pmr', options: { platform: 'lambda' } }), 1e12, 'lambda'],
    ['no task name', {}, 0, 'lambda'],
    ['null options', { ...taskDocument(), options: null }, 1e12, 'lambda'],
    ['nothing', undefined, 0, 'lambda'],
  ];
  for (const [what, task, bytes, name] of cases) {
    const choice = choosePlatform(task, bytes);
    t.equal(choice.name, name, what);
    t.ok(choice.reason.length > 0);
  }
});
