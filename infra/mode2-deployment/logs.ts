/** `logs`: what the worker has written, or why one job has failed. */
import { setTimeout as pause } from 'node:timers/promises';
import { failure } from './failure.ts';
import type { Result, Session } from './session.ts';
import { readResources, readStack } from './stack.ts';
import { stateMachineOf } from './unit.ts';

interface LogEvent {
  eventId: string;
  timestamp: number;
  message: string;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
/** CloudWatch Logs shows an event some seconds after it was written. */
const OVERLAP_MS = 30_000;

interface HistoryEvent {
  type: string;
  timestamp: string;
  [detail: string]: unknown;
}

/** The command. */
export async function logs(session: Session): Promise<Result> {
  const { aws, values } = session;
  const stackName = values['stack-name'] ?? '';
  const stack = await readStack(aws, stackName);
  if (!stack) throw failure('stack_missing', `${stackName} in ${aws.region}`);
  const sinceMs = startOf(values.since ?? '', session.clock());
  if (values.job !== undefined) return jobLog(session, stateMachineOf(stack), values.job);
  const groups = (await readResources(aws, stack.id))
    .filter(({ ResourceType }) => ResourceType === 'AWS::Logs::LogGroup')
    .flatMap(({ PhysicalResourceId }) => PhysicalResourceId ?? []);
  return tail(session, groups, sinceMs);
}

/** One group after the other; with --follow all together and on and on, each line marked by its group. */
async function tail(session: Session, groups: readonly string[], sinceMs: number): Promise<Result> {
  const { aws, values, dialogue, clock, pollMs } = session;
  const seen = new Set<string>();
  const fresh = async (group: string, from: number): Promise<string[]> => {
    // The program follows the pages by itself. A group that nothing was ever written to may not be there.
    const found = await aws.find<{ events: LogEvent[] }>(
      'logs',
      'filter-log-events',
      { logGroupName: group, startTime: from },
      ['ResourceNotFoundException'],
    );
    const events = (found?.events ?? []).filter(({ eventId }) => !seen.has(eventId));
    for (const { eventId } of events) seen.add(eventId);
    return events.map(
      ({ timestamp, message }) => `${new Date(timestamp).toISOString()} ${message.trimEnd()}`,
    );
  };
  const logs: Record<string, string[]> = {};
  for (const group of groups) {
    logs[group] = await fresh(group, sinceMs);
    dialogue.say(`== ${group}${logs[group].length === 0 ? ': nothing' : ''}`);
    for (const line of logs[group]) dialogue.say(line);
  }
  while (values.follow && !values.json) {
    // What was written a moment ago may become readable only now.
    const from = clock() - OVERLAP_MS;
    for (const group of groups) for (const line of await fresh(group, from)) dialogue.say(`${group} ${line}`);
    await pause(pollMs);
  }
  return { logs };
}

/** Epoch ms of `30m`, `1h`, `2d` ago. @throws DeployFailure wrong_arguments */
function startOf(since: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,4})([smhdw])$/.exec(since) ?? [];
  if (count === undefined) throw failure('wrong_arguments', `--since ${since}: 30m, 1h, 2d`);
  return now - Number(count) * (UNIT_MS[unit] ?? 0);
}

/** What Step Functions remembers of a job: its executions are named by it. */
async function jobLog({ aws, dialogue }: Session, machine: string, jobId: string): Promise<Result> {
  if (!/^[\w-]{1,60}$/.test(jobId)) throw failure('wrong_arguments', `--job ${jobId}: is no id of a job`);
  const { executions } = await aws.call<{
    executions: { executionArn: string; name: string; status: string }[];
  }>('stepfunctions', 'list-executions', { stateMachineArn: machine });
  const ours = executions.filter(({ name }) => name.startsWith(`job-${jobId}-`));
  if (ours.length === 0)
    throw failure(
      'aws_refused',
      `no execution of job ${jobId} is known`,
      'Check the id, and that the job ran in this stack.',
    );
  const found = [];
  for (const { executionArn, name, status } of ours) {
    const { events } = await aws.call<{ events: HistoryEvent[] }>('stepfunctions', 'get-execution-history', {
      executionArn,
    });
    dialogue.say(`${name}: ${status}`);
    const failures = events.flatMap((event) => causeOf(event) ?? []);
    for (const { type, error, cause } of failures) dialogue.say(`  ${type}: ${error} ${cause}`);
    found.push({ name, status, executionArn, failures });
  }
  return { jobId, executions: found };
}

function causeOf(event: HistoryEvent): { type: string; error: string; cause: string } | undefined {
  const details = Object.values(event).find(
    (value): value is { error?: string; cause?: string } =>
      typeof value === 'object' && value !== null && ('error' in value || 'cause' in value),
  );
  return (
    details && { type: event.type, error: details.error ?? '', cause: (details.cause ?? '').slice(0, 2_000) }
  );
}
