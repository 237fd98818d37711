/** The capacity plan says what its simulation says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { arrivals } from '../bench/capacity/arrivals.ts';
import { brokerUsd, costTable, DAYS } from '../bench/capacity/broker-costs.ts';
import { DESCRIBES, FARGATE_SHARE, QUOTAS, READ_UNITS, WRITE_UNITS } from '../bench/capacity/quotas.ts';
import { ROOM_RETRIES, startHour } from '../bench/capacity/room.ts';
import { simulate } from '../bench/capacity/simulate.ts';
import { capacityTable, STEPS } from '../bench/capacity/table.ts';
import { backoffMs } from '../services/clockwork/backoff.ts';
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

t.test(
  'the cost of the stack has one source: its page shows it, and the plan divides it by the jobs',
  async (t) => {
    const page = readFileSync(join(import.meta.dirname, '../infra/broker/README.md'), 'utf8');
    t.ok(page.includes(costTable()));
    t.match(page, `| idle | about $${brokerUsd(0, 2).toFixed(0)} a month |`);
    const [, sum = ''] = /\| sum \| about \$\d+ \| about \$(\d+) \|/.exec(page) ?? [];
    const { brokers, brokerUsdPerJob } = simulate(10_000);
    t.equal(brokers, 2);
    t.equal((brokerUsdPerJob * 10_000 * DAYS).toFixed(0), sum);
    t.match(readFileSync(PAGE, 'utf8'), `| DynamoDB | ${WRITE_UNITS} write units`);
    t.match(readFileSync(PAGE, 'utf8'), `indexes), ${READ_UNITS} read units |`);
  },
);

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
  // Every limit of the simulation is on the page: it can be compared with what AWS says.
  for (const { name, limit, newAccount, burst, held } of QUOTAS) {
    const figures = [limit, newAccount].map((figure) => figure?.toLocaleString('en'));
    if (held) t.ok(text.includes(`| ${name} | ${figures.join(' | ')} |`), name);
    if (name === 'Fargate: launches')
      t.ok(text.includes(`| ${name} | ${limit} a second, ${burst} at once |`));
    if (name.startsWith('DynamoDB')) t.ok(text.includes(`| ${figures[0]} write units a second`), name);
  }
});

t.test('what is held is not waited for: who finds no room fails after six further attempts', async (t) => {
  const busy = arrivals(1, 3_600);
  const all = busy.reduce((sum, jobs) => sum + jobs, 0);
  const started = (functions: number) =>
    startHour(
      QUOTAS.filter(({ stage }) => stage === 'start').map((quota) =>
        quota.of === 'lambda' ? { ...quota, limit: functions } : quota,
      ),
      busy,
      arrivals(1, 3 * 3_600),
    );
  t.match(started(20), { failed: 0, waiting: 0 }, 'there is room');
  const { failed, waiting } = started(4);
  // Four functions for 7.6: as many come after the hour, so that nearly half of those on Lambda never find room.
  t.ok(Math.abs(failed / all - 0.95 * (1 - 4 / 7.6)) < 0.1, `${failed} of ${all}`);
  t.ok(waiting > failed / 2, 'those of the last half hour are still tried when it is over');
  t.equal(ROOM_RETRIES, 6);
  const minutes = [0, 0.999].map((random) =>
    Math.round([1, 2, 3, 4, 5, 6].reduce((sum, n) => sum + backoffMs('capacity', n, random), 0) / 60_000),
  );
  t.match(readFileSync(PAGE, 'utf8').replaceAll('\n', ' '), `within ${minutes.join(' to ')} minutes`);
});

t.test('the simulation agrees with arithmetic', async (t) => {
  for (const jobs of STEPS) {
    const { starts, ends, use, usdPerJob, brokerUsdPerJob, ofHour, peakPerSecond } = simulate(jobs);
    t.equal(use, Math.max(starts.use, ends.use));
    // What is counted per second binds all jobs; what is held binds those on Lambda and those on Fargate each for itself.
    const over = (name: string): number => {
      const { perJob, limit } = QUOTAS.find((quota) => quota.name === name) as (typeof QUOTAS)[number];
      return Math.max(0, 1 - limit / (peakPerSecond * perJob));
    };
    const noRoom =
      (1 - FARGATE_SHARE) * over('Lambda: executions at once') +
      FARGATE_SHARE * over('Fargate: vCPU at once');
    const late = Math.max(noRoom, over('Step Functions: StateTransition'));
    for (const [{ use, waiting, waitP99 }, share] of [
      [starts, late],
      [ends, 1 - 1 / ends.use],
    ] as const) {
      // Where a quota has room nobody waits, and where it has none the rest waits: what arrives less what it lets through.
      if (use < 0.9) t.match({ waiting, waitP99 }, { waiting: 0, waitP99: 0 });
      else t.ok(Math.abs(waiting / ofHour - share) < 0.1, `${waiting} of ${ofHour} wait, not ${share}`);
    }
    t.ok(usdPerJob > brokerUsdPerJob);
  }
  t.same(simulate(1e6), simulate(1e6), 'the same figures every time');
});
