/** The HTTP side of the broker: a table of contents of its plugins and routes. Does not listen. */
import type { Tracer } from '@opentelemetry/api';
import type { FastifyBaseLogger } from 'fastify';
import Fastify, { LogController } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { accessTokenRoutes } from '../routes/access-tokens.ts';
import { type AdminRoutesDeps, adminRoutes } from '../routes/admin.ts';
import { adminJobRoutes } from '../routes/admin-jobs.ts';
import { adminUserRoutes } from '../routes/admin-users.ts';
import { auditRoutes } from '../routes/audit.ts';
import { authRoutes } from '../routes/auth.ts';
import { callbackRoutes } from '../routes/callbacks.ts';
import { cloudAppRoutes } from '../routes/cloud-apps.ts';
import { unitRoutes } from '../routes/computing-units.ts';
import { type ConsoleDeps, consoleRoutes } from '../routes/console.ts';
import { consoleSessionRoutes } from '../routes/console-session.ts';
import { costRoutes } from '../routes/costs.ts';
import { dataRoutes } from '../routes/data.ts';
import { endedJobRoutes } from '../routes/ended-jobs.ts';
import { eventRoutes } from '../routes/events.ts';
import { healthRoutes } from '../routes/health.ts';
import { jobReportRoutes } from '../routes/job-reports.ts';
import { jobRoutes } from '../routes/jobs.ts';
import { killSwitchRoutes } from '../routes/kill-switch.ts';
import { limitRoutes } from '../routes/limits.ts';
import { passwordRoutes } from '../routes/passwords.ts';
import { pipelineRoutes } from '../routes/pipelines.ts';
import { profileRoutes } from '../routes/profile.ts';
import { resultRoutes, roiRoutes } from '../routes/results.ts';
import { taskRoutes } from '../routes/tasks.ts';
import { unitActRoutes } from '../routes/unit-acts.ts';
import { unitRegistrationRoutes } from '../routes/unit-registration.ts';
import { uploadRoutes } from '../routes/uploads.ts';
import { webhookRoutes } from '../routes/webhooks.ts';
import type { Audit } from '../services/audit/audit.ts';
import type { ReleaseJob } from '../services/audit/audited.ts';
import type { Files } from '../services/files/files.ts';
import type { Links } from '../services/files/links.ts';
import type { Uploads } from '../services/files/uploads.ts';
import type { Identity } from '../services/identity/identity.ts';
import type { Callbacks } from '../services/jobs/callbacks.ts';
import type { Drafts } from '../services/jobs/drafts.ts';
import type { EndedJobs } from '../services/jobs/ended-jobs.ts';
import type { Feed } from '../services/jobs/feed.ts';
import type { Jobs } from '../services/jobs/jobs.ts';
import type { JobReports } from '../services/jobs/reports.ts';
import type { Results } from '../services/jobs/results.ts';
import type { Retry } from '../services/jobs/retry.ts';
import type { Rois } from '../services/jobs/rois.ts';
import type { Submit } from '../services/jobs/submit.ts';
import type { JobVersions } from '../services/jobs/versions.ts';
import type { Costs } from '../services/limits/costs.ts';
import type { Counts } from '../services/limits/counts.ts';
import type { LimitsService } from '../services/limits/limits.ts';
import type { Operations } from '../services/operations/operations.ts';
import type { Clock, Timers } from '../services/ports.ts';
import type { KillSwitch } from '../services/units/kill-switch.ts';
import type { Units } from '../services/units/units.ts';
import type { Webhooks } from '../services/webhooks/webhooks.ts';
import type { Metrics } from './metrics.ts';
import { type Admission, admission } from './plugins/admission.ts';
import { auth } from './plugins/auth.ts';
import { bareErrorHandler } from './plugins/bare-errors.ts';
import { context } from './plugins/context.ts';
import { canonicalUrl, emptyContentType } from './plugins/dialects.ts';
import { draining } from './plugins/draining.ts';
import { errors, sendError } from './plugins/errors.ts';
import { methods } from './plugins/methods.ts';
import { openapi } from './plugins/openapi.ts';
import { type Limits, protection } from './plugins/protection.ts';
import { requestIdFrom, requestLog } from './plugins/request-log.ts';
import { requestMetrics } from './plugins/request-metrics.ts';
import { traces } from './plugins/traces.ts';
import { type Api, zod } from './plugins/zod.ts';
import type { Readiness } from './schemas/http/health.ts';

/** Larger bodies are refused before they are read; files never pass through the broker. */
const BODY_LIMIT_BYTES = 1_048_576;

/** For the whole of a request to arrive. */
const REQUEST_TIMEOUT_MS = 60_000;

/** The workers of a whole account often share one address. */
const WORKERS_PER_PERSON = 10;

export interface AppDeps extends ConsoleDeps {
  identity: Identity;
  units: Units;
  killSwitch: KillSwitch;
  submit: Submit;
  jobs: Jobs;
  reports: JobReports;
  retry: Retry;
  endedJobs: EndedJobs;
  audit: Audit;
  operations: Operations;
  releaseJob: ReleaseJob;
  awsCalls: AdminRoutesDeps['awsCalls'];
  feed: Feed;
  versions: JobVersions;
  webhooks: Webhooks;
  timers: Timers;
  clock: Clock;
  callbacks: Callbacks;
  caps: LimitsService;
  counts: Counts;
  costs: Costs;
  drafts: Drafts;
  files: Files;
  uploads: Uploads;
  links: Links;
  results: Results;
  rois: Rois;
  readiness: () => Promise<Readiness>;
  /** Whether only a new process helps. */
  stuck: () => boolean;
  admission: Admission;
  metrics: Metrics;
  /** Lets whoever holds it read the figures. Undefined: developers only. */
  metricsToken?: string;
  /** Undefined: no traces. */
  tracer?: Tracer;
  log: FastifyBaseLogger;
  newRequestId: () => string;
  corsOrigins: readonly string[];
  trustProxy: boolean | string[];
  limits: Limits;
  /** Whether reset codes come by mail. */
  byMail: boolean;
}

/** Builds the application. */
export async function buildApp(deps: AppDeps): Promise<Api> {
  const { limits } = deps;
  const app: Api = Fastify({
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // Without options of its own a child costs a tenth.
    childLoggerFactory: (logger, bindings) => logger.child(bindings),
    requestIdHeader: false,
    genReqId: requestIdFrom(deps.newRequestId),
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: deps.trustProxy,
    rewriteUrl: (request) => canonicalUrl(request.url ?? '/'),
    // A body that does not come is not waited for without end.
    requestTimeout: REQUEST_TIMEOUT_MS,
    // The plugin `draining` refuses in the form of all other errors.
    return503OnClosing: false,
    frameworkErrors: sendError,
    clientErrorHandler: bareErrorHandler({
      newRequestId: deps.newRequestId,
      allowOf: (path) => app.allowOf(path),
    }),
  }).withTypeProvider<ZodTypeProvider>();

  await app.register(zod);
  if (deps.tracer) await app.register(traces, { tracer: deps.tracer });
  await app.register(requestLog);
  await app.register(requestMetrics, deps.metrics);
  await app.register(methods);
  await app.register(protection, { corsOrigins: deps.corsOrigins, limits });
  await app.register(errors);
  await app.register(draining, deps);
  await app.register(admission, deps);
  await app.register(emptyContentType);
  const { authenticate, remembered } = deps.identity;
  await app.register(auth, { authenticate, remembered, metricsToken: deps.metricsToken });
  await app.register(context);
  await app.register(openapi);

  await app.register(healthRoutes(deps));
  await app.register(consoleSessionRoutes({ ...deps, signInsPerMinute: limits.signInsPerMinute }));
  await app.register(consoleRoutes(deps));
  await app.register(
    async (api) => {
      await api.register(authRoutes({ ...deps, signInsPerMinute: limits.signInsPerMinute }));
      await api.register(passwordRoutes({ ...deps, signInsPerMinute: limits.signInsPerMinute }));
      await api.register(profileRoutes(deps));
      await api.register(accessTokenRoutes(deps));
      await api.register(adminUserRoutes(deps));
      await api.register(adminRoutes(deps));
      await api.register(adminJobRoutes(deps));
      await api.register(unitRegistrationRoutes({ ...deps, signInsPerMinute: limits.signInsPerMinute }));
      await api.register(unitRoutes(deps));
      await api.register(unitActRoutes(deps));
      await api.register(killSwitchRoutes(deps));
      await api.register(taskRoutes(deps));
      await api.register(limitRoutes(deps));
      await api.register(jobRoutes(deps));
      await api.register(jobReportRoutes(deps));
      await api.register(costRoutes(deps));
      await api.register(eventRoutes(deps));
      await api.register(endedJobRoutes(deps));
      await api.register(pipelineRoutes(deps));
      await api.register(resultRoutes(deps));
      await api.register(roiRoutes(deps));
      await api.register(cloudAppRoutes());
      await api.register(dataRoutes(deps));
      await api.register(uploadRoutes(deps));
      await api.register(webhookRoutes(deps));
      await api.register(auditRoutes(deps));
      await api.register(callbackRoutes({ ...deps, perMinute: limits.perMinute * WORKERS_PER_PERSON }));
    },
    { prefix: '/api' },
  );
  return app;
}
