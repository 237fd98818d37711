/** F35: jobs keep the worker they began with. Both templates publish a version of its function whenever that changes. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { StackDocument } from '../../infra/local/contract.ts';
import { numbered } from '../../infra/local/registry/numbered.ts';
import type { ResolvedTemplate } from '../../infra/local/template/resolve.ts';
import { stackDocumentOf } from '../../infra/local/template/stack-document.ts';
import { WORKER_TEMPLATE, withVersionHash } from '../../infra/scripts/render-version.ts';
import { mode2, templateOf, worker } from './helpers/templates.ts';

const INFRA = new URL('../../infra/', import.meta.url);
const MACHINE = /"FunctionName":\s*"([^"]+-RunJob[^"]*)"/;

/** The versions and what the machine runs after stacks that follow each other in one place. */
function deployed(...stacks: StackDocument[]) {
  let stored: Parameters<typeof numbered>[1];
  for (const stack of stacks) stored = { ...numbered(stack, stored), roleIds: {} };
  const { document, versions } = stored as NonNullable<typeof stored>;
  const [name] = Object.keys(versions ?? {}).filter((each) => each.endsWith('-RunJob'));
  return { versions: versions?.[name] ?? [], runs: MACHINE.exec(document.stateMachines[0].definition)?.[1] };
}

/** A template as a stack whose image has been found. */
function withImage(template: ResolvedTemplate, letter = 'a'): StackDocument {
  const { accountId, region, stackName } = template.place;
  const image = `${accountId}.dkr.ecr.${region}.amazonaws.com.cn/${stackName}-worker@sha256:${letter.repeat(64)}`;
  const text = JSON.stringify(stackDocumentOf(template));
  return JSON.parse(text.replaceAll('WorkerImage.LambdaImageUri', image));
}

type Parameters_ = Record<string, string>;
const MODES: Record<
  string,
  { of: (parameters: Parameters_) => ResolvedTemplate; parts: string[]; changes: Parameters_[] }
> = {
  'Mode 2': {
    of: (parameters) => mode2({}, parameters),
    parts: ['mode2-deployment/template-mode2.yaml'],
    changes: [{ LambdaMemory: '4096' }, { CloudMRApiUrl: 'https://other.example.org' }],
  },
  'Mode 1': {
    of: worker,
    parts: [WORKER_TEMPLATE],
    changes: [
      { LambdaMemory: '4096' },
      { CloudMRApiUrl: 'https://other.example.org' },
      { DataBucketPName: 'other-data' },
      { ResultsBucketPName: 'other-results' },
      { FailedBucketPName: 'other-failed' },
      { LambdaImageUri: `x@sha256:${'b'.repeat(64)}` },
    ],
  },
};

for (const [mode, { of, parts, changes }] of Object.entries(MODES)) {
  t.test(`F35: ${mode} runs a version, which stays when there is a newer one`, async (t) => {
    const { versions, runs } = deployed(withImage(of({})));
    t.match(runs, /:function:[\w-]+-RunJob:1$/);
    t.equal(versions.length, 1);
    for (const part of parts) {
      const { RunJobVersion } = templateOf(part)['Resources'] as Record<string, object>;
      t.match(RunJobVersion, { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Retain' });
    }
  });

  t.test(`F35: ${mode} publishes the next one whenever the function changes, and only then`, async (t) => {
    for (const change of changes) {
      const { versions, runs } = deployed(withImage(of({})), withImage(of(change)));
      t.equal(versions.length, 2, JSON.stringify(change));
      t.match(runs, /-RunJob:2$/);
      const [before, after] = versions.map(({ memoryMb, environment }) =>
        JSON.stringify([memoryMb, environment]),
      );
      t.not(before, after, 'the first is as it was');
    }
    t.equal(deployed(withImage(of({})), withImage(of({}))).versions.length, 1, 'nothing has changed');
  });

  t.test(`F35: in ${mode} every change of a parameter can be deployed, and taken back`, async (t) => {
    const declared = templateOf(parts[0])['Parameters'] as Record<string, Record<string, unknown>>;
    const other: Parameters_ = { FargateSize: '4-16', LogRetentionDays: '90', AssignPublicIp: 'DISABLED' };
    for (const [name, parameter] of Object.entries(declared)) {
      const { Type, Default, AllowedPattern, AllowedValues } = parameter;
      const change = other[name] ?? (Type === 'Number' ? String(Number(Default) + 1) : undefined);
      // Names of stack and bucket make another function; texts with a pattern are covered above.
      if (change === undefined && (AllowedPattern || AllowedValues || /Name|Uri$/.test(name))) continue;
      const stacks = [{}, { [name]: change ?? 'other-1' }, {}].map((parameters) => withImage(of(parameters)));
      const { versions } = deployed(...stacks);
      t.ok(versions.length === 1 || versions.length === 3, `${name}: ${versions.length}`);
    }
  });
}

t.test('F35: in Mode 2 a new image is a new version', async (t) => {
  const { versions, runs } = deployed(withImage(mode2()), withImage(mode2(), 'b'), withImage(mode2(), 'b'));
  t.same(
    versions.map(({ environment }) => environment['WORKER_IMAGE'].slice(-3)),
    ['aaa', 'bbb'],
  );
  t.match(runs, /-RunJob:2$/);
});

t.test('F35: texts fit, with the longest names', async (t) => {
  const place = { stackName: 'a'.repeat(42), region: 'cn-northwest-1', partition: 'aws-cn' };
  const BrokerRoleArn = 'arn:aws-cn:iam::111111111111:role/r';
  const stack = withImage(mode2(place, { BrokerRoleArn, LambdaMemory: '10240' }));
  const run = stack.functions.find(({ name }) => name.endsWith('-RunJob'));
  const longest = run?.versionDescription?.replace('-worker:1,', '-worker:1000,') ?? '';
  t.match(longest, /@sha256:a{64}, 10240 MB, a{42}-worker:1000, cfg-[0-9a-f]{8}$/);
  t.ok(longest.length <= 256, `${longest.length}`);
});

t.test('F35: the hash is of all that is written of the function', async (t) => {
  const hashOf = (text: string) => /cfg-([0-9a-f]{8})/.exec(withVersionHash(text))?.[1];
  for (const [path, changes] of [
    [
      'templates/template-mode2.yaml',
      ['Timeout: 900', 'Size: 4096', 'dist/compute/lambda.handler', 'WORKER_IMAGE'],
    ],
    [WORKER_TEMPLATE, ['Timeout: 900', 'Size: 4096', 'x86_64', 'EXECUTION_MODE: mode1']],
  ] as const) {
    const text = readFileSync(new URL(path, INFRA), 'utf8');
    const before = hashOf(text);
    t.ok(before);
    for (const change of changes) {
      const at = text.indexOf(change, path === WORKER_TEMPLATE ? 0 : text.indexOf('\n  RunJobLambda:'));
      t.not(hashOf(`${text.slice(0, at)}${change}1${text.slice(at + change.length)}`), before, change);
    }
    t.equal(hashOf(text.replace('Timeout: 30', 'Timeout: 31')), before, 'and of no other one');
  }
  const committed = readFileSync(new URL(WORKER_TEMPLATE, INFRA), 'utf8');
  t.equal(withVersionHash(committed), committed, 'npm run infra:render has filled it in');
});
