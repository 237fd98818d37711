/**
 * What 1,000 open tabs cost the store: nothing while nothing changes, and one read per state change and group of tabs
 * that look at the same. The whole broker, twice, over the embedded DynamoDB; every read is counted, time is moved.
 */
import { startTestCloud } from '../../test/helpers/cloud.ts';
import { HUB } from '../../test/helpers/http.ts';
import { tableIn } from '../../test/helpers/table.ts';
import { openTabs, PEOPLE, POLLING, STREAMS, type Tabs } from '../../test/helpers/tabs.ts';
import { lessIsBetter, type Row } from './row.ts';

/** Jobs that change, each of a person of its own. */
const CHANGES = 20;
const MINUTES = 2;
/** Looks at the other processes, at who lives, and at who holds what: so often a second. */
const OWN_READS = 2;
/** Of a process that is alone: who lives, and who holds what. */
const READS_ALONE = 1;
/** As long as one that has left may have something written late. */
const LEAVING_SECONDS = 50;

/** Rows of the idle cost. */
export async function idleRows(): Promise<Row[]> {
  const closing: (() => unknown)[] = [];
  const t = { teardown: (close: () => unknown) => void closing.unshift(close) };
  try {
    const tabs = await openTabs(t, await tableIn(await startTestCloud(t), HUB));
    const rows = [...(await idle(tabs)), ...(await changes(tabs, 'one')), ...(await changes(tabs, 'two'))];
    rows.push(...(await alone(tabs)));
    tabs.close();
    return rows;
  } finally {
    for (const close of closing) await close();
  }
}

async function idle({ tabs, pass, pollAll, reads }: Tabs): Promise<Row[]> {
  await pollAll();
  reads.clear();
  for (let minute = 0; minute < MINUTES; minute++) {
    for (let round = 0; round < 6; round++) {
      await pass(10);
      await pollAll();
    }
  }
  const streams = `${PEOPLE * STREAMS} by SSE, ${PEOPLE * POLLING} by ETag every 10 s`;
  return [
    lessIsBetter({
      name: 'idle: store reads per minute of 1,000 tabs',
      ours: reads.forTabs().length / MINUTES,
      other: 0,
      floor: 1,
      unit: 'reads',
      note: `${tabs.length} tabs of ${PEOPLE} people: ${streams}; allowed: none`,
    }),
    lessIsBetter({
      name: 'idle: store reads of a process for itself, per second',
      ours: reads.ofProcesses() / (MINUTES * 60 * 2),
      other: OWN_READS,
      floor: 1,
      unit: 'reads',
      note: 'two processes, whatever the number of tabs',
    }),
  ];
}

/** The other process leaves; every read that is left is counted. */
async function alone({ two, pass, pollAll, reads }: Tabs): Promise<Row[]> {
  await two.news.leave();
  await two.shares.leave();
  await pass(LEAVING_SECONDS);
  await pollAll();
  reads.clear();
  for (let round = 0; round < 6; round++) {
    await pass(10);
    await pollAll();
  }
  return [
    lessIsBetter({
      name: 'idle: all store reads of one process alone with 1,000 tabs, per second',
      ours: (reads.forTabs().length + reads.ofProcesses()) / 60,
      other: READS_ALONE,
      floor: 1,
      unit: 'reads',
      note: 'who lives and who holds what: the same without a tab',
    }),
  ];
}

/** `writer`: the broker that changes jobs; the tabs are open at `one`. */
async function changes(tabs: Tabs, writer: 'one' | 'two'): Promise<Row[]> {
  const { people, pass, settled, pollAll, reads } = tabs;
  const changed = writer === 'one' ? people.slice(0, CHANGES) : people.slice(CHANGES, 2 * CHANGES);
  const other = writer === 'one' ? 'its own process' : 'another process';
  reads.clear();
  for (const { job } of changed) {
    const next = { ...job, version: 2, state: 'running', updatedAt: tabs[writer].clock() } as const;
    if (!(await tabs[writer].jobStore.replace(next))) throw new Error('the job was not changed');
  }
  if (writer === 'two') await pass(3);
  await settled();
  const forStreams = reads.forTabs().length;
  await pollAll();
  const forAsking = reads.forTabs().length - forStreams;
  const behind = changed.flatMap((each) => each.tabs).filter((tab) => tab.state() !== 'running');
  if (behind.length > 0) throw new Error(`${behind.length} tabs have not heard of the change`);
  const note = `${CHANGES} jobs changed by ${other}; all tabs show it`;
  const tabsOfOne = STREAMS + POLLING;
  return [
    lessIsBetter({
      name: `SSE: store reads per state change and group of ${STREAMS} tabs, by ${other}`,
      ours: forStreams / CHANGES,
      other: writer === 'one' ? 0 : 1,
      floor: 1,
      unit: 'reads',
      note,
    }),
    lessIsBetter({
      name: `SSE and ETag: store reads per state change and ${tabsOfOne} tabs of a person, by ${other}`,
      ours: (forStreams + forAsking) / CHANGES,
      other: 1,
      floor: 1,
      unit: 'reads',
      note,
    }),
  ];
}
