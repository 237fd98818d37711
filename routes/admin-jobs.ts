/** What administrators do about jobs that the broker has set aside. */
import { z } from 'zod';
import type { ReleaseJob } from '../services/audit/audited.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { asideView, toAsideView } from '../src/schemas/http/aside.ts';
import { pathId } from '../src/schemas/http/common.ts';

/** POST /api/admin/jobs/{jobId}/release. */
export function adminJobRoutes({ releaseJob }: { releaseJob: ReleaseJob }) {
  return async (app: Api): Promise<void> => {
    app.post(
      '/admin/jobs/:jobId/release',
      {
        config: { access: 'admin', errors: ['not_found'] },
        schema: {
          tags: ['Administration'],
          operationId: 'releaseJob',
          summary: 'Try a job again that was set aside',
          description:
            'A job whose steps fail five times in ways that nobody expected is set aside, so that it holds up no ' +
            'other. After its cause is mended, it is let go by this: its next step comes within seconds. It is set ' +
            'aside again if it goes on failing. 404 for a job that is not set aside.',
          params: z.object({ jobId: pathId }),
          response: { 200: answer('Let go; why it had been set aside', asideView) },
        },
      },
      async (request) => toAsideView(await releaseJob(principalOf(request), request.params.jobId)),
    );
  };
}
