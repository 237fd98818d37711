/** F36: processes that truly die, by kill -9 of themselves, with one job in hand: they stop dying of it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { BROKER_ROLE_NAME } from '../../infra/local/stacks/hub.ts';
import { MAX_ALONE, MAX_DEATHS } from '../../services/clockwork/quarantine.ts';
import { BEAT_MS, SILENT_MS } from '../../services/clockwork/shares.ts';
import { startBrain } from '../helpers/brain.ts';
import { HUB, REGION, startTestCloud } from '../helpers/cloud.ts';

const ROUNDS = 20;
/** A process lives for at most so long by its own clock, and is silent until the next one comes. */
const LIFE_MS = ROUNDS * 1_000 + SILENT_MS + BEAT_MS;

t.test(
  'F36: a job that kills its process is set aside after a few deaths',
  { timeout: 120_000 },
  async (t) => {
    const cloud = await startTestCloud(t);
    const brain = await startBrain(t, cloud);
    const bad = await brain.queue();
    const good = [await brain.queue(), await brain.queue(), await brain.queue()];
    const { uri, token } = cloud.cloud.credentialsUri(HUB, BROKER_ROLE_NAME);

    /** The signal by which a process ended, null if it lived. */
    async function life(number: number): Promise<string | null> {
      const told = {
        ...{
          endpoint: cloud.endpoint,
          region: REGION,
          tableName: 'cloudmr',
          uri,
          token,
          platform: cloud.platform,
        },
        ...{ killer: bad.jobId, aheadMs: number * LIFE_MS, rounds: ROUNDS },
      };
      const child = fork(join(import.meta.dirname, 'mortal-child.ts'), {
        execArgv: ['--import=tsx'],
        env: { ...process.env, MORTAL: JSON.stringify(told) },
      });
      const [code, signal] = await once(child, 'exit');
      if (signal === null) t.equal(code, 0);
      return signal;
    }

    const ends: (string | null)[] = [];
    while (ends.at(-1) !== null && ends.length < 20) ends.push(await life(ends.length));
    t.same(ends, [...Array.from({ length: 1 + MAX_DEATHS + MAX_ALONE }, () => 'SIGKILL'), null]);
    t.match(await brain.poison.list(10), [{ jobId: bad.jobId, failures: MAX_DEATHS + MAX_ALONE }]);
    for (const { jobId } of good) t.ok((await brain.jobs.get(jobId))?.executionArn, 'started meanwhile');
  },
);
