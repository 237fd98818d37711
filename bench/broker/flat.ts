/**
 * Whether submit and lists take as long with 200,000 stored jobs and units as with 1,000: two brokers with a table
 * each, asked in turn, so that whatever else the machine does meets both.
 */
import { fill } from './fill.ts';
import { lessIsBetter, median, percentile, type Row } from './row.ts';
import { openScene, type Scene, submission } from './scene.ts';

const SMALL = 1_000;
const ROUNDS = 5;
/** Of the p99 of each round. */
const MAX_GROWTH = 1.2;

const ASKED: { name: string; ask: (scene: Scene) => Promise<void> }[] = [
  {
    name: 'submit',
    ask: (scene) =>
      send(scene, { method: 'POST', url: '/api/task/queue', payload: submission(scene.persons[0], 'flat') }),
  },
  { name: 'list of jobs', ask: (scene) => send(scene, { method: 'GET', url: '/api/job?limit=50' }) },
  { name: 'list of units', ask: (scene) => send(scene, { method: 'GET', url: '/api/computing-unit/list' }) },
];

/** Rows of bar B7, growth. */
export async function flatRows(large = 200_000, requests = 300): Promise<Row[]> {
  const scenes: Scene[] = [];
  try {
    for (const size of [SMALL, large]) {
      const scene = await openScene({ people: 1 });
      scenes.push(scene);
      await fill(scene, { jobs: size, units: size });
    }
    const [small, grown] = scenes;
    const rows: Row[] = [];
    for (const { name, ask } of ASKED) rows.push(await growth(name, ask, small, grown, { large, requests }));
    return rows;
  } finally {
    for (const scene of scenes) await scene.close();
  }
}

async function growth(
  name: string,
  ask: (scene: Scene) => Promise<void>,
  small: Scene,
  grown: Scene,
  { large, requests }: { large: number; requests: number },
): Promise<Row> {
  const tails = { small: [] as number[], grown: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const times = { small: [] as number[], grown: [] as number[] };
    for (let i = 0; i < requests; i++) {
      // Whoever comes first in a pair pays for what the pair before left behind.
      const order = i % 2 === 0 ? (['small', 'grown'] as const) : (['grown', 'small'] as const);
      for (const which of order) {
        const before = performance.now();
        await ask(which === 'small' ? small : grown);
        times[which].push(performance.now() - before);
      }
    }
    // The first round warms up.
    if (round === 0) continue;
    tails.small.push(percentile(times.small, 0.99));
    tails.grown.push(percentile(times.grown, 0.99));
  }
  return lessIsBetter({
    name: `p99 of ${name}, ${SMALL.toLocaleString('en')} to ${large.toLocaleString('en')} jobs and units`,
    ours: median(tails.grown),
    other: median(tails.small),
    floor: 1 / MAX_GROWTH,
    unit: 'ms',
    note: `median of ${ROUNDS} rounds of ${requests} in turn`,
  });
}

async function send(
  { app, persons }: Scene,
  request: { method: 'GET' | 'POST'; url: string; payload?: object },
): Promise<void> {
  const answer = await app.inject({ ...request, headers: { authorization: persons[0].authorization } });
  if (answer.statusCode >= 300) throw new Error(answer.body);
}
