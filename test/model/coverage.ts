/** What must have happened in ten thousand sequences: else the promise was not put to the test. */
import type { Verdict } from './check.ts';
import type { Promised } from './stopwatch.ts';

/** Each at least once, and in fact much more often. */
const MUST_HAPPEN: readonly string[] = [
  // What people, workers and AWS do
  ...['submit', 'cancel', 'retry', 'delete', 'progress', 'finish', 'move', 'lag'].map(
    (name) => `act ${name}`,
  ),
  ...['callback', 'event'].flatMap((by) =>
    ['right', 'of the last', 'forged', 'of the owner'].map((token) => `act ended, by ${by}, token ${token}`),
  ),
  ...['trust', 'start', 'throttle', 'away', 'paused'].map((how) => `act refuse ${how}`),
  ...['works again', 'vanish', 'turn up', 'poison', 'mend', 'release'].map((name) => `act ${name}`),
  ...['receiver down', 'receiver up'].map((name) => `act ${name}`),
  // What becomes of brokers and their calls
  ...['tick', 'advance', 'spell', 'repair', 'checks', 'deliver', 'stall', 'wake', 'kill'].map(
    (name) => `act ${name}`,
  ),
  'kill in the midst of a call',
  'stalled in the midst of a call',
  'goes on in the midst of a call',
  ...['dynamodb before', 'dynamodb after', 'aws before', 'aws after', 'aws throttled'],
  ...['webhook before', 'webhook after', 'webhook refused', 'webhook told', 'webhook told again'],
  // Where it leads to
  ...['succeeded', 'canceled', 'lost', 'worker_timeout', 'worker_error', 'unsupported_sequence'].map(
    (end) => `ended ${end}`,
  ),
  ...['result_corrupt', 'result_missing', 'unit_trust_broken', 'unit_permission_missing'].map(
    (end) => `ended ${end}`,
  ),
  ...['preempted', 'worker_oom', 'no_capacity'].map((code) => `history: by itself, ${code}`),
  ...['waits: unit_paused', 'had not started', 'report_contradicted', 'set aside', 'takes up'].map(
    (note) => `history: ${note}`,
  ),
  ...['conflict', 'job_terminal', 'limit_reached', 'not_signed_in', 'unavailable', 'unit_not_ready'].map(
    (code) => `refused ${code}`,
  ),
  'deleted',
  'more than one attempt',
  'an act met a defect',
];

/** Each was measured. */
const MUST_BE_MEASURED: readonly Promised[] = [
  'start',
  'start after a pause',
  'start where there was no room',
  'end',
  'cancel',
  'deadline',
];

/** What was missed. */
export function missed({ events, longest }: Verdict): string[] {
  return [
    ...MUST_HAPPEN.filter((event) => !events.has(event)),
    ...MUST_BE_MEASURED.filter((what) => !longest.has(what)).map((what) => `nobody waited for: ${what}`),
  ];
}

/** Everything that happened and how often, and how long what is promised took at most. */
export function tableOf({ events, longest }: Verdict): string[] {
  const counts = [...events].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...counts.map(([event, count]) => `${String(count).padStart(8)}  ${event}`),
    ...[...longest].map(([what, ms]) => `${String(ms / 1000).padStart(8)}  seconds at most: ${what}`),
  ];
}
