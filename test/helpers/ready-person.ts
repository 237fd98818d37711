/** A person who can submit, and ends for the jobs. */
import { type Broker, broker, MODE_1, type Person, taskWith } from './http.ts';

/** A broker with the platform's unit, a person, and a file of theirs. */
export async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  const unit = (await admin.post('/computing-unit/register', MODE_1)).json();
  const ada = await b.person('ada@example.org');
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  const task = taskWith({ bucket, key });
  return { ...b, admin, ada, unit, task, unitId: unit.computingUnitId as string };
}

/** Submits a task; its job's id. */
export async function submitted(ada: Person, task: object, alias = 'brain'): Promise<string> {
  const answer = await ada.post('/api/task/queue', { cloudapp_name: 'MR Optimum', alias, task });
  if (answer.statusCode !== 202) throw new Error(answer.body);
  return answer.json().jobId;
}

/** Lets the execution of a job succeed, with its result object in place. */
export async function succeed(b: Broker, jobId: string): Promise<void> {
  await b.ticker.tick();
  const job = (await b.jobStore.get(jobId))!;
  const result = {
    ...job.result,
    sizeBytes: 1234,
    sha256: 'abc',
    seconds: 2.5,
    summary: { medianSnr: 17.5, maxSnr: 40, slices: 1, matrix: [96, 96], coils: 8, warnings: 0 },
  };
  b.cloud.objects.set(`${job.result.bucket}/${job.result.key}`, {
    sizeBytes: 1234,
    etag: 'e',
    metadata: { sha256: 'abc' },
  });
  finish(b, job.executionArn!, { status: 'SUCCEEDED', output: JSON.stringify(result) });
  b.pass(31_000);
  await b.ticker.tick();
}

/** Changes an execution of the cloud in memory, as its end does. */
export function finish(b: Broker, arn: string, change: object): void {
  b.cloud.executions.set(arn, { ...b.cloud.executions.get(arn)!, ...change });
}
