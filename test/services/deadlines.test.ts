/** The deadlines that README.md and ARCHITECTURE.md print are those of the code, and pauses stay below them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { backoffMs, CURVES, type ErrorClass } from '../../services/clockwork/backoff.ts';
import * as constants from '../../services/clockwork/deadlines.ts';
import { AT_ONCE } from '../../services/jobs/waiting.ts';

const deadlines = { ...constants };
const { D_CB_MS, D_ROOM_MS, D_SUB_MS } = deadlines;
const textOf = (name: string): string => readFileSync(join(import.meta.dirname, '../..', name), 'utf8');

/** Each class, and the deadline that its longest pause must keep. */
const KEEPS: Readonly<Record<ErrorClass, number>> = {
  throttled: D_SUB_MS - 1,
  unavailable: D_SUB_MS - 1,
  missing: D_SUB_MS - 1,
  unexpected: D_SUB_MS - 1,
  // A start that may have begun, whose look is refused: two minutes and the step.
  refused: Math.min(D_SUB_MS, D_CB_MS),
  capacity: D_ROOM_MS,
};

t.test('nothing waits longer for its next try than its deadline allows', async (t) => {
  t.same(Object.keys(KEEPS).sort(), Object.keys(CURVES).sort());
  for (const [kind, deadline] of Object.entries(KEEPS) as [ErrorClass, number][]) {
    t.ok(CURVES[kind].capMs <= deadline, kind);
    t.equal(backoffMs(kind, 100, 0.999_999), CURVES[kind].capMs, kind);
  }
  t.equal(backoffMs('throttled', 1, 0), CURVES.throttled.baseMs / 2, 'jitter: from half of it');
});

/** `22_200_000` -> `6 hours 10 minutes`. */
function words(ms: number): string {
  const days = ms / 86_400_000;
  if (Number.isInteger(days)) return `${days} days`;
  const [hours, minutes] = [Math.floor(ms / 3_600_000), (ms % 3_600_000) / 60_000];
  const counted = (count: number, unit: string): string =>
    count === 0 ? '' : `${count} ${unit}${count === 1 ? '' : 's'}`;
  return [counted(hours, 'hour'), counted(minutes, 'minute')].filter(Boolean).join(' ');
}

/** What a row of the README says, by a few of its words, and its deadline. */
const PROMISED: Readonly<Record<string, keyof typeof deadlines>> = {
  'is started, or has failed': 'D_SUB_MS',
  'the end of an execution is known': 'D_CB_MS',
  'a cancel is proven': 'D_CANCEL_MS',
  'no room on Fargate': 'D_ROOM_MS',
  'a paused unit that was opened again': 'D_OPEN_MS',
  'more than 200 jobs wait': 'D_OPEN_MANY_MS',
  'what cannot be known is `lost`': 'D_JOB_MS',
  'turns up is taken up again': 'REPAIR_MS',
};

t.test('README prints every deadline of the promise, as the code has it', async (t) => {
  const [, table] =
    /\n\| once the fault is gone .*\n\| --- .*\n((?:\|.*\n)+)/.exec(textOf('README.md')) ?? [];
  const rows = table.trim().split('\n');
  t.equal(rows.length, Object.keys(PROMISED).length);
  for (const [says, name] of Object.entries(PROMISED)) {
    const row = rows.find((each) => each.includes(says));
    t.ok(row?.endsWith(`| ${words(deadlines[name])} |`), `${says}: ${row}`);
  }
});

t.test('as many jobs as README says are brought forward at once', async (t) => {
  t.match(textOf('README.md'), `more than ${AT_ONCE} jobs wait`);
});

t.test('ARCHITECTURE prints them too, by their names, and no other', async (t) => {
  const text = textOf('ARCHITECTURE.md');
  const names = Object.values(PROMISED);
  for (const name of names) t.ok(text.includes(`| ${words(deadlines[name])} (\`${name}\`)`), name);
  const others = Object.keys(deadlines).filter((name) => !names.includes(name as keyof typeof deadlines));
  t.same(others, ['EXECUTION_LIMIT_MS'], 'what is no deadline of the promise');
});
