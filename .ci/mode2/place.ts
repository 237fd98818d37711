/** Everything the run needs: a broker with its embedded cloud behind HTTPS, moto, and a hook for custom resources. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createControlClient } from '../../infra/local/control-client.ts';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { type Api, signIn } from '../../infra/local/demo/api.ts';
import { startBroker } from '../../infra/local/demo/broker-process.ts';
import { newResearcher } from '../../infra/local/demo/units.ts';
import { cloudDir, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { readTemplate } from '../../infra/mode2-deployment/template-file.ts';
import { endpointOf } from '../../test/helpers/laptop.ts';
import { openSecureDoor } from '../../test/helpers/secure-door.ts';
import { freePort } from './free-port.ts';
import { type Answer, runInline } from './functions.ts';
import { mirrored, type Resources } from './mirror.ts';

const PASSWORD = 'Correct-horse.7-battery';

export interface Place {
  readonly researcher: Api;
  readonly token: string;
  readonly password: string;
  readonly brokerUrl: string;
  /** For the programs that the run starts. */
  readonly env: Record<string, string>;
  close(): Promise<void>;
}

interface Asked {
  event: Record<string, unknown> & {
    RequestType: string;
    ResourceType: string;
    ResourceProperties: Record<string, unknown>;
  };
  resources: Resources;
}

/** Starts all of it; `python` has moto. */
export async function openPlace(python: string): Promise<Place> {
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-moto-'));
  const broker = await startBroker({ dataDir });
  const admin = await signIn(broker.url, 'admin@localhost', broker.adminPassword ?? '');
  const researcher = await newResearcher(broker.url, admin, PASSWORD);
  const { id_token: token } = (await (
    await fetch(`${broker.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'researcher@example.org', password: PASSWORD }),
    })
  ).json()) as { id_token: string };

  const door = await openSecureDoor(broker.url);
  const brokerUrl = door.url;
  const endpoint = endpointOf(dataDir);
  const keys = createKeyRing(await openMasterKey(cloudDir(dataDir)));
  const credentials = keys.rootCredentials(RESEARCHER_ACCOUNT);
  const control = createControlClient({ endpoint, accountId: RESEARCHER_ACCOUNT, credentials });
  const motoPort = await freePort();
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: dataDir,
    AWS_DEFAULT_REGION: LOCAL_REGION,
    AWS_MAX_ATTEMPTS: '1',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${motoPort}`,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    NODE_EXTRA_CA_CERTS: door.authority,
  };

  async function answer({ event, resources }: Asked): Promise<Answer> {
    const base = { Status: 'SUCCESS', RequestId: String(event['RequestId']) } as const;
    if (event.ResourceType === 'Custom::WorkerImage') {
      const Data = {
        LambdaImageUri: `${RESEARCHER_ACCOUNT}.dkr.ecr.${LOCAL_REGION}.amazonaws.com/worker@sha256:${'a'.repeat(64)}`,
        FargateImageUri: `public.ecr.aws/cloudmrhub/mroptimum-fargate@sha256:${'b'.repeat(64)}`,
        Digest: `sha256:${'b'.repeat(64)}`,
      };
      return { ...base, PhysicalResourceId: 'worker-image', Data };
    }
    const stackName = String(event['StackId']).split('/')[1];
    if (event.RequestType !== 'Delete') {
      const names = event.ResourceProperties;
      await control.applyStack(mirrored(stackName, RESEARCHER_ACCOUNT, LOCAL_REGION, resources, names));
    }
    const registration = readTemplate().document['Resources'] as Resources;
    const code = registration['RegistrationFunction'].Properties.Code.ZipFile as string;
    return runInline(code, event, {
      ...env,
      AWS_REGION: LOCAL_REGION,
      CLOUDMR_API_URL: brokerUrl,
      // What is signed is meant for the STS that the broker asks.
      AWS_ENDPOINT_URL_STS: endpoint,
    });
  }

  const hook = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    try {
      response.end(JSON.stringify(await answer(JSON.parse(text))));
    } catch (error) {
      console.error(error);
      response.end(JSON.stringify({ Status: 'FAILED', Reason: String(error) }));
    }
  }).listen(0, '127.0.0.1');
  await once(hook, 'listening');
  const hookUrl = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  const moto = await startMoto(python, motoPort, hookUrl);

  return {
    researcher,
    token,
    password: PASSWORD,
    brokerUrl,
    env,
    async close() {
      moto.kill();
      hook.close();
      door.close();
      await broker.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function startMoto(python: string, port: number, hook: string): Promise<ChildProcess> {
  const moto = spawn(python, [join(import.meta.dirname, 'moto_stacks.py'), String(port), hook], {
    env: { PATH: process.env['PATH'], MOTO_ACCOUNT_ID: RESEARCHER_ACCOUNT },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: moto.stdout })) {
    if (line === 'ready') return moto;
    console.log(line);
  }
  throw new Error('moto has not started');
}
