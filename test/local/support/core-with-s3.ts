/** A core with S3 in this process, with a clock that tests move, and real SDK clients for it. */
import { request as httpRequest } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import type { Test } from 'tap';
import type { PolicyDocument, StackDocument } from '../../../infra/local/contract.ts';
import { createControlClient } from '../../../infra/local/control-client.ts';
import { type Core, openCore } from '../../../infra/local/core.ts';
import { createS3Service } from '../../../infra/local/s3/service.ts';

export const HUB = '111111111111';
export const LAB = '222222222222';
export const STRANGER = '333333333333';

export interface SdkCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** An empty stack with some resources. */
export function stack(accountId: string, parts: Partial<StackDocument> = {}): StackDocument {
  return {
    stackName: 'test',
    accountId,
    region: 'us-east-1',
    roles: [],
    buckets: [],
    functions: [],
    clusters: [],
    taskDefinitions: [],
    stateMachines: [],
    tables: [],
    ...parts,
  };
}

export function allow(action: string | string[], resource: string | string[] = '*'): PolicyDocument {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: resource }] };
}

/** Trust in ECS tasks: the role that container credentials can be had for. */
export const TASK_TRUST: PolicyDocument = {
  Statement: [
    { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'ecs-tasks.amazonaws.com' } },
  ],
};

/** Sends exactly what it is told, `host` included. */
export function sendRaw(
  endpoint: string,
  request: { method: string; path: string; headers?: Record<string, string>; body?: string | Buffer },
): Promise<RawAnswer> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = request;
    const sent = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode!, headers: response.headers, text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export async function openTestCore(t: Test, dir: string = t.testdir()) {
  const time = { offset: 0 };
  const clock = () => Date.now() + time.offset;
  const errors: unknown[] = [];
  const core: Core = await openCore({ dir, port: 0, clock, reportError: (error) => errors.push(error) });
  core.services.s3 = await createS3Service({ dir, clock, registry: core.registry });
  const client = (credentials: SdkCredentials) => ({
    endpoint: core.endpoint,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
    // A client made after the clock was moved signs with the cloud's time.
    systemClockOffset: time.offset,
  });
  t.teardown(async () => {
    await core.stopListening();
    await core.services.s3?.close();
    await core.close();
    if (errors.length > 0) throw errors[0];
  });
  return {
    core,
    endpoint: core.endpoint,
    time,
    clock,
    root: (accountId: string) => core.keys.rootCredentials(accountId),
    control: (accountId: string) =>
      createControlClient({
        endpoint: core.endpoint,
        accountId,
        credentials: core.keys.rootCredentials(accountId),
        clock,
      }),
    sts: (credentials: SdkCredentials) => new STSClient(client(credentials)),
    s3: (credentials: SdkCredentials, maxAttempts = 1) =>
      new S3Client({ ...client(credentials), maxAttempts, forcePathStyle: true }),
    /** Credentials of a role that trusts ECS tasks. */
    task: (accountId: string, roleName: string, seconds = 3_600): SdkCredentials =>
      core.sts.forService('ecs-tasks.amazonaws.com')(
        `arn:aws:iam::${accountId}:role/${roleName}`,
        'task',
        seconds,
      ),
    send: (request: Parameters<typeof sendRaw>[1]) => sendRaw(core.endpoint, request),
  };
}
