/** The capacity plan says what its simulation says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { DESCRIBES, QUOTAS } from '../bench/capacity/quotas.ts';
import { simulate } from '../bench/capacity/simulate.ts';
import { capacityTable, STEPS } from '../bench/capacity/table.ts';
import { QUOTAS as BUDGETS } from '../src/schemas/quotas.ts';

const PAGE = join(import.meta.dirname, '../docs/CAPACITY.md');

t.test('the table of docs/CAPACITY.md is what the simulation prints', async (t) => {
  const text = readFileSync(PAGE, 'utf8');
  t.same(
    text.split('\n').filter((line) => line.startsWith('| ') && /^\| ([\d,]+|jobs a day) \|/.test(line)),
    capacityTable()
      .split('\n')
      .filter((line) => !line.startsWith('| ---')),
  );
});

t.test('what the broker budgets is simulated with its budgets, and the page tells what to do', async (t) => {
  const text = readFileSync(PAGE, 'utf8');
  const advice = text.slice(text.indexOf('## What to do when a quota binds'));
  for (const { name } of QUOTAS) t.ok(advice.includes(`| ${name} `), name);
  for (const operation of ['StartExecution', 'DescribeExecution', 'ListExecutions', 'AssumeRole'] as const) {
    const { perSecond, bucket } = BUDGETS[operation];
    t.match(
      QUOTAS.find(({ name }) => name.endsWith(`: ${operation}`)),
      { limit: perSecond, burst: bucket },
    );
    t.ok(text.includes(`| ${operation} | ${bucket} | ${perSecond} |`), operation);
  }
  t.ok(text.includes(`${DESCRIBES.toFixed(2)} on average`));
});

t.test('the simulation agrees with arithmetic', async (t) => {
  for (const jobs of STEPS) {
    const { starts, ends, use, usdPerJob, brokerUsdPerJob } = simulate(jobs);
    t.equal(use, Math.max(starts.use, ends.use));
    for (const { use, waiting, waitP99 } of [starts, ends]) {
      // Where a quota has room nobody waits, and where it has none the rest waits: what arrives less what it lets through.
      if (use < 0.9) t.match({ waiting, waitP99 }, { waiting: 0, waitP99: 0 });
      else
        t.ok(Math.abs(waiting / (0.12 * jobs) - (1 - 1 / use)) < 0.1, `${waiting} wait at a use of ${use}`);
    }
    t.ok(usdPerJob > brokerUsdPerJob);
  }
  t.same(simulate(1e6), simulate(1e6), 'the same figures every time');
});
