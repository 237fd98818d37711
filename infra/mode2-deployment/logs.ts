/** `logs`: what the worker has written, or why one job has failed. */
import { failure } from './failure.ts';
import type { Result, Session } from './session.ts';
import { readResources, readStack } from './stack.ts';
import { stateMachineOf } from './unit.ts';

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
  if (!/^\d+[smhdw]$/.test(values.since ?? ''))
    throw failure('wrong_arguments', `--since ${values.since}: 30m, 1h, 2d`);
  if (values.job !== undefined) return jobLog(session, stateMachineOf(stack), values.job);
  const groups = (await readResources(aws, stack.id))
    .filter(({ ResourceType }) => ResourceType === 'AWS::Logs::LogGroup')
    .flatMap(({ PhysicalResourceId }) => PhysicalResourceId ?? []);
  return tail(session, groups);
}

/** One group after the other; with --follow all together, each line marked by its group. */
async function tail(session: Session, groups: readonly string[]): Promise<Result> {
  const { aws, values, dialogue } = session;
  const show = async (group: string): Promise<number> => {
    dialogue.say(`== ${group}`);
    const more = values.follow ? ['--follow'] : [];
    return aws.show(['logs', 'tail', group, '--since', values.since ?? '1h', '--format', 'short', ...more]);
  };
  if (values.json) {
    const texts = await Promise.all(
      groups.map((group) =>
        aws.text(['logs', 'tail', group, '--since', values.since ?? '1h', '--format', 'short']),
      ),
    );
    return {
      logs: Object.fromEntries(groups.map((group, i) => [group, texts[i].split('\n').filter(Boolean)])),
    };
  }
  if (values.follow) await Promise.all(groups.map(show));
  else for (const group of groups) await show(group);
  return { groups };
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
