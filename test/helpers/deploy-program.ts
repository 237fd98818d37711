/** deploy-mode2.sh as a person or a script runs it: a real broker behind HTTPS, and an `aws` that answers from a table. */
import { spawn as spawnProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { type Broker, broker, MODE_2, type Person, RESEARCHER } from './http.ts';
import { ROOT } from './script.ts';
import { openSecureDoor } from './secure-door.ts';

type T = { teardown(fn: () => unknown): unknown };
type Answers = Record<string, unknown>;

export interface Call {
  readonly args: string[];
  // biome-ignore lint/suspicious/noExplicitAny: the input of any operation
  readonly input: any;
  readonly mode?: number;
  readonly env: string[];
}

/** A program at a terminal: what it has shown, and somebody who types. */
export interface Terminal {
  /** Waits until this is shown behind what was waited for before; returns everything shown so far. */
  sees(pattern: RegExp): Promise<string>;
  types(text: string): void;
  readonly ended: Promise<{ code: number; shown: string }>;
}

export interface Program {
  readonly brain: Broker;
  readonly person: Person;
  readonly url: string;
  /** What `aws` answers from now on. */
  answers(more: Answers): void;
  calls(): Call[];
  stacks(): Record<string, Record<string, unknown>>;
  /** Without a terminal. */
  run(
    args: string[],
    env?: Record<string, string>,
    stdin?: string,
  ): Promise<{ code: number; out: string; err: string }>;
  terminal(args: string[], env?: Record<string, string>): Terminal;
}

const SCRIPT = join(ROOT, 'infra/mode2-deployment/deploy-mode2.sh');
const LIMIT_MS = 60_000;

/** Outputs of the stack, as the template has them; the same machine as in `MODE_2`. */
export const OUTPUTS = {
  ComputingUnitId: 'unit',
  RegistrationStatus: 'ready - registered',
  StateMachineArn: MODE_2.stateMachineArn,
  CrossAccountRoleArn: MODE_2.crossAccountRoleArn,
  DataBucketName: MODE_2.dataBucket,
  ResultsBucketName: MODE_2.resultsBucket,
  FailedBucketName: MODE_2.failedBucket,
};

/** A VPC with one route table; `zones` are those of its subnets, `open` whether they lead to the internet. */
export function network({ zones = ['us-east-1a', 'us-east-1b'], open = true } = {}): Answers {
  const vpc = 'vpc-11111111';
  return {
    'ec2 describe-vpcs': { Vpcs: [{ VpcId: vpc, IsDefault: true, CidrBlock: '172.31.0.0/16' }] },
    'ec2 describe-subnets': {
      Subnets: zones.map((zone, i) => ({
        SubnetId: `subnet-0000000${i + 1}`,
        VpcId: vpc,
        AvailabilityZone: zone,
        CidrBlock: `172.31.${16 * i}.0/20`,
        MapPublicIpOnLaunch: true,
        AvailableIpAddressCount: 4_000,
      })),
    },
    'ec2 describe-route-tables': {
      RouteTables: [
        {
          VpcId: vpc,
          Associations: [{ Main: true }],
          Routes: open ? [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1', State: 'active' }] : [],
        },
      ],
    },
    'ec2 describe-network-acls': { NetworkAcls: [] },
  };
}

const ACCOUNT: Answers = {
  'sts get-caller-identity': { Account: RESEARCHER, Arn: `arn:aws:iam::${RESEARCHER}:user/ada` },
  'configure get': 'us-east-1\n',
  'ec2 describe-regions': { Regions: [{ RegionName: 'us-east-1', OptInStatus: 'opt-in-not-required' }] },
  's3api head-bucket': { $error: ['404', 'Not Found'] },
  's3api list-object-versions': {},
  'iam simulate-principal-policy': { EvaluationResults: [] },
  'iam get-account-summary': { SummaryMap: { Roles: 20, RolesQuota: 1_000 } },
  'lambda get-account-settings': { AccountLimit: { ConcurrentExecutions: 1_000 } },
  'service-quotas get-service-quota': { Quota: { Value: 64 } },
  outputs: OUTPUTS,
};

/**
 * Everything in place for a deployment that succeeds. No image registry answers: that is a warning. `program`: what is
 * run, with the first of its arguments.
 */
export async function deployProgram(t: T, program: readonly string[] = [SCRIPT]): Promise<Program> {
  const [file, ...first] = program;
  const brain = await broker(t as Parameters<typeof broker>[0]);
  const person = await brain.person('ada@example.org');
  const door = await openSecureDoor(await brain.app.listen({ port: 0, host: '127.0.0.1' }));
  const dir = mkdtempSync(join(tmpdir(), 'cloudmr-fake-aws-'));
  t.teardown(() => {
    door.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const base = {
    PATH: `${join(ROOT, 'test/fixtures/aws-cli')}${delimiter}${process.env['PATH']}`,
    HOME: dir,
    FAKE_AWS_DIR: dir,
    CLOUDMR_API_URL: door.url,
    NODE_EXTRA_CA_CERTS: door.authority,
    // Stands in for a place of AWS: no pauses of seconds are needed.
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  };
  const keep = (answers: Answers): void => writeFileSync(join(dir, 'answers.json'), JSON.stringify(answers));
  let current: Answers = { ...ACCOUNT, ...network() };
  keep(current);
  const without = ['--parameter', 'ImageRegistry=localhost/cloudmrhub'];
  const withRegistry = (args: string[]): string[] =>
    ['deploy', 'update', 'doctor', 'deploy-mode2'].includes(args[0]) ? [...args, ...without] : args;

  return {
    brain,
    person,
    url: door.url,
    answers(more) {
      current = { ...current, ...more };
      keep(current);
    },
    calls: () => readLines(join(dir, 'calls.jsonl')),
    stacks: () => {
      const file = join(dir, 'stacks.json');
      return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    },
    run(args, env = {}, stdin) {
      const child = spawnProcess(file, [...first, ...withRegistry(args)], { env: { ...base, ...env } });
      let [out, err] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (chunk) => (out += chunk));
      child.stderr.setEncoding('utf8').on('data', (chunk) => (err += chunk));
      child.stdin.end(stdin ?? '');
      return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? -1, out, err })));
    },
    terminal(args, env = {}) {
      const pty = spawn(file, [...first, ...withRegistry(args)], {
        env: { ...base, ...env },
        cols: 400,
        rows: 50,
      });
      t.teardown(() => pty.kill());
      return terminalOf(pty);
    },
  };
}

function terminalOf(pty: ReturnType<typeof spawn>): Terminal {
  let shown = '';
  let from = 0;
  let look: (() => void) | undefined;
  const ended = new Promise<{ code: number; shown: string }>((resolve) => {
    pty.onExit(({ exitCode }) => resolve({ code: exitCode, shown }));
  });
  pty.onData((data) => {
    shown += data;
    look?.();
  });
  return {
    ended,
    types: (text) => pty.write(`${text}\r`),
    sees(pattern) {
      return new Promise((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error(`${pattern} was never shown:\n${shown}`)), LIMIT_MS);
        look = () => {
          const found = pattern.exec(shown.slice(from));
          if (!found) return;
          from += found.index + found[0].length;
          look = undefined;
          clearTimeout(limit);
          resolve(shown);
        };
        look();
      });
    },
  };
}

function readLines(file: string): Call[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
