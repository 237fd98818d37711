/** What must not be there any more when every job has ended. */
import { storesOn } from '../../src/aws/stores/stores.ts';
import { DELIVERIES_DUE, LOST_PARTITION, OPEN_SHARDS, openPartition } from '../../src/aws/table/table.ts';
import { calm, OWNER, type World } from './world.ts';

/** Above all times in keys. */
const ALL = '~';
const MOST_ROUNDS = 60;

/** Everything that is left, in words; messages are delivered first. */
export async function leaks(world: World): Promise<string[]> {
  await deliverAll(world);
  const found: string[] = [];
  const { table, jobs } = world;
  for (let shard = 0; shard < OPEN_SHARDS; shard++) {
    for (const key of await table.openKeys(openPartition(shard), ALL, 100)) {
      found.push(`in the index of open jobs for ever: ${key} ${jobs.get(jobOf(key))?.state}`);
    }
  }
  for (const key of await table.openKeys(LOST_PARTITION, ALL, 100)) {
    if (jobs.get(jobOf(key))?.state !== 'lost') found.push(`in the index of lost jobs for ever: ${key}`);
  }
  for (const { jobId } of await storesOn(table, world.now).aside.list(50))
    found.push(`${jobId}: still set aside`);
  for (const key of await table.openKeys(DELIVERIES_DUE, ALL, 100)) found.push(`never delivered: ${key}`);
  for (const move of world.receiver.untold()) found.push(`no webhook was told: ${move}`);
  return [...found, ...(await unlisted(world))];
}

/** Jobs that their owner does not find. */
async function unlisted(world: World): Promise<string[]> {
  const listed = await storesOn(world.table, world.now).jobs.listByOwner(OWNER.userId, { limit: 100 });
  const ids = new Set(listed.items.map(({ jobId }) => jobId));
  return [...world.jobs.keys()].filter((id) => !ids.has(id)).map((id) => `${id}: its owner does not find it`);
}

/** The receiver is up: each round goes on to when the next message is due. */
async function deliverAll(world: World): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const [next] = await world.table.openKeys(DELIVERIES_DUE, ALL, 1);
    if (next === undefined) return;
    const dueAt = Number(next.split('#')[0]);
    world.advance(Math.max(2_000, dueAt - world.now()));
    for (const process of [0, 1]) {
      world.act(process, async (broker) => {
        await broker.shares?.tick();
        await broker.hooks?.deliverer.tick();
      });
      await calm(world);
    }
  }
}

const jobOf = (key: string): string => key.split('#')[1] ?? '';
