/** The embedded cloud in one process: its core and the services, opened and closed in order. */
import type { Clock } from './contract.ts';
import { openCore } from './core.ts';
import type { RootCredentials } from './credentials.ts';
import { createDynamoService } from './dynamodb/service.ts';
import { createEcsRunner } from './ecs.ts';
import type { Faults } from './faults.ts';
import { createLambdaRunner } from './lambda.ts';
import type { CloudRegistry } from './registry.ts';
import { createS3Service } from './s3/service.ts';
import { createStatesService } from './states/service.ts';

export interface CloudOptions {
  /** Where everything is kept; belongs to one process at a time. */
  readonly dir: string;
  /** 0 (default): the port of the last start of this directory if it is free, else any. */
  readonly port?: number;
  readonly clock?: Clock;
  /** Functions and tasks are modules below this directory. */
  readonly projectRoot: string;
  /** How long to wait for another process to give the directory free; default 0. */
  readonly lockWaitMs?: number;
  /** Gets defects of the embedded cloud; never a request or a secret. Default: standard error. */
  readonly reportError?: (error: unknown) => void;
}

export interface Cloud {
  /** `http://127.0.0.1:PORT`, for AWS_ENDPOINT_URL and for the `endpoint` of SDK clients. */
  readonly endpoint: string;
  readonly port: number;
  readonly registry: CloudRegistry;
  readonly faults: Faults;
  rootCredentials(accountId: string): RootCredentials;
  /** Where a container gets its role's credentials, and the token it has to show there. */
  credentialsUri(accountId: string, roleName: string): { uri: string; token: string };
  /** Stops executions and their processes, answers what is under way, closes the stores. */
  close(): Promise<void>;
}

/** Starts everything; executions that a crash interrupted go on. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { dir, port = 0, clock = Date.now, projectRoot, reportError = console.error } = options;
  const core = await openCore({ dir, port, clock, reportError, lockWaitMs: options.lockWaitMs });
  const { registry, services, sts, keys } = core;
  const closers: (() => unknown)[] = [() => core.close()];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  const credentialsUri = (accountId: string, roleName: string) => ({
    uri: `${core.endpoint}/_cloudmr/credentials/${accountId}/${roleName}`,
    token: keys.containerToken(accountId, roleName),
  });

  try {
    const dynamodb = await createDynamoService({ dir, clock, vault: core.vault });
    closers.push(() => dynamodb.close());
    services.json.set(dynamodb.name, dynamodb);

    const s3 = await createS3Service({ dir, clock, registry, report: reportError, vault: core.vault });
    closers.push(() => s3.close());
    services.s3 = s3;
    closers.push(() => core.stopListening());

    const running = { registry, clock, projectRoot, dir, endpoint: () => core.endpoint };
    const lambda = createLambdaRunner({ ...running, credentialsFor: sts.forService('lambda.amazonaws.com') });
    closers.push(() => lambda.close());
    const ecs = createEcsRunner({
      ...running,
      credentialsFor: sts.forService('ecs-tasks.amazonaws.com'),
      containerCredentials: credentialsUri,
    });
    closers.push(() => ecs.close());

    const authorizeRole = core.authorizer.forRole;
    const states = await createStatesService({
      dir,
      clock,
      registry,
      lambda,
      ecs,
      authorizeRole,
      vault: core.vault,
    });
    closers.push(() => states.close());
    services.json.set(states.name, states);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    endpoint: core.endpoint,
    port: core.port,
    registry,
    faults: core.faults,
    rootCredentials: keys.rootCredentials,
    credentialsUri,
    close,
  };
}
