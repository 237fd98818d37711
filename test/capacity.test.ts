/** The capacity plan says what its simulation says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { simulate } from '../bench/capacity/simulate.ts';
import { capacityTable, STEPS } from '../bench/capacity/table.ts';

t.test('the table of docs/CAPACITY.md is what the simulation prints', async (t) => {
  const text = readFileSync(join(import.meta.dirname, '../docs/CAPACITY.md'), 'utf8');
  t.same(
    text.split('\n').filter((line) => line.startsWith('| ') && /^\| ([\d,]+|jobs a day) \|/.test(line)),
    capacityTable()
      .split('\n')
      .filter((line) => !line.startsWith('| ---')),
  );
});

t.test('the simulation agrees with arithmetic', async (t) => {
  for (const jobs of STEPS) {
    const { use, waiting, waitP99, usdPerJob, brokerUsdPerJob } = simulate(jobs);
    // Where a quota has room nobody waits, and where it has none the rest waits: what arrives less what it lets through.
    if (use < 0.9) t.match({ waiting, waitP99 }, { waiting: 0, waitP99: 0 });
    else t.ok(Math.abs(waiting / (0.12 * jobs) - (1 - 1 / use)) < 0.1, `${waiting} wait at a use of ${use}`);
    t.ok(usdPerJob > brokerUsdPerJob);
  }
  t.same(simulate(1e6), simulate(1e6), 'the same figures every time');
});
