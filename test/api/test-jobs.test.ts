/** The test job of a preflight, where Step Functions does not do as it is told. */
import t from 'tap';
import { broker } from '../helpers/http.ts';

t.test(
  'an execution that runs on after its stop is looked at again before the unit is degraded',
  async (t) => {
    const b = await broker(t);
    const ada = await b.person('ada@example.org');
    const { computingUnitId } = (await b.proven(ada)).json();
    const url = `/api/computing-unit/${computingUnitId}/preflight`;
    // Step Functions takes the word and does nothing, or says so late.
    b.cloud.stopExecution = async () => {};
    const summary = { medianSnr: 61.2, maxSnr: 90, slices: 1, matrix: [96, 96, 1], coils: 8, warnings: 0 };

    async function cancelCheck(abortedMeanwhile: boolean): Promise<{ unit: string; check: object }> {
      b.cloud.executions.clear();
      t.match((await ada.post(url)).json(), { status: 'ready', testJob: 'under way' });
      await b.ticker.tick();
      for (const [arn, execution] of b.cloud.executions) {
        const { jobId } = JSON.parse(execution.input ?? '');
        const job = await b.jobStore.get(jobId);
        if (job) {
          const sha256 = 'a'.repeat(64);
          const output = JSON.stringify({ ...job.result, sizeBytes: 4, sha256, seconds: 1, summary });
          b.cloud.executions.set(arn, { ...execution, status: 'SUCCEEDED', output, stoppedAt: b.clock() });
          b.cloud.objects.set(`${job.result.bucket}/${job.result.key}`, {
            sizeBytes: 4,
            etag: 'e',
            metadata: { 'job-id': jobId, sha256 },
          });
        } else if (abortedMeanwhile) {
          b.cloud.executions.set(arn, { ...execution, status: 'ABORTED', stoppedAt: b.clock() });
        }
      }
      b.pass(60_000);
      await b.ticker.tick();
      await b.watch.tick();
      const report = (await ada.get(url)).json();
      t.not(report.testJob, 'under way', JSON.stringify(report));
      const check = report.checks.find(({ code }: { code: string }) => code === 'canary_cancel');
      return { unit: report.status, check };
    }

    t.match(await cancelCheck(true), { unit: 'ready', check: { status: 'passed' } });
    t.match(await cancelCheck(false), {
      unit: 'degraded',
      check: { status: 'failed', evidence: 'an execution runs on after it was stopped' },
    });
  },
);
