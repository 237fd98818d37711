/** T18: what CloudTrail has seen of the broker's role is compared with what the broker did, however late it is told. */
import t from 'tap';
import { ALARMS } from '../../infra/scripts/broker-alarms.ts';
import { createFigures } from '../../services/operations/figures.ts';
import type { MinuteLine } from '../../src/schemas/figures.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';

t.test(
  'T18: a falling load is no strange session, whatever CloudTrail takes; a thief among thousands is',
  async (t) => {
    const { over = 0, of } = ALARMS['StrangeSessionsAlarm'];
    t.match(of, { expression: 'FILL(seen, 0) - 1.05 * MAX([FILL(own, 0), FILL(before, 0)])' });
    let [now, assumed] = [0, 0];
    const told: MinuteLine[] = [];
    const none = {
      jobsEnded: 0,
      jobsFailedByUs: 0,
      requests: 0,
      serverErrors: 0,
      failedSteps: 0,
      budgetRefusals: 0,
    };
    const figures = createFigures({
      overview: () => Promise.reject(new Error('not asked')),
      totals: () => ({ ...none, jobsLost: 0, assumeRoleCalls: assumed }),
      mine: () => false,
      clock: () => now,
      log: { ...createMemoryLog(), info: ({ figures }) => void told.push(figures as MinuteLine) },
    });
    // Six hours: steady at 5,000 an hour, then down to nothing at once, up again, slowly down.
    const rate = (minute: number): number =>
      minute < 170 ? 83 : minute < 185 ? 0 : minute < 300 ? 83 : Math.max(0, 83 - (minute - 300));
    for (let minute = 1; minute <= 400; minute++) {
      assumed += rate(minute);
      now = minute * 60_000;
      await figures.tick();
    }
    const sum = (name: 'assumeRoleCalls' | 'assumeRoleCallsBefore', from: number): number =>
      told.slice(from, from + 60).reduce((all, line) => all + line[name], 0);
    for (const delay of [0, 2, 5, 10, 15]) {
      for (let from = 20; from + 60 <= told.length; from++) {
        let seen = 0;
        for (let minute = from + 1; minute <= from + 60; minute++) seen += rate(minute - delay);
        const strange = (stolen: number) =>
          seen + stolen - 1.05 * Math.max(sum('assumeRoleCalls', from), sum('assumeRoleCallsBefore', from));
        if (strange(0) > over) t.fail(`${strange(0)} at ${from} after ${delay} minutes`);
        if (strange(1_600) <= over) t.fail(`a thief at ${from} after ${delay} minutes`);
      }
    }
    const calls = (name: 'assumeRoleCalls' | 'assumeRoleCallsBefore') =>
      told.reduce((all, line) => all + line[name], 0);
    assumed += 7;
    figures.flush();
    t.equal(
      calls('assumeRoleCallsBefore'),
      calls('assumeRoleCalls'),
      'a process that ends leaves none untold',
    );
  },
);
