/** The workflow as data: least rights, actions that cannot be moved, no secret in a command. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { SECRETS } from '../../infra/scripts/platform/github-secrets.ts';

interface Job {
  permissions?: Record<string, string>;
  environment?: string;
  strategy?: { matrix: { node: number[] } };
  needs?: string;
  steps: { uses?: string; run?: string; with?: Record<string, unknown>; env?: Record<string, string> }[];
}

const text = readFileSync(new URL('../../.github/workflows/deploy.yml', import.meta.url), 'utf8');
const workflow = parse(text) as { permissions: Record<string, string>; jobs: Record<string, Job> };
const jobs = Object.entries(workflow.jobs);

t.test('T28: every action is pinned by its commit, and leaves no token behind', async (t) => {
  const used = jobs.flatMap(([, { steps }]) => steps.filter(({ uses }) => uses));
  t.ok(used.length >= 5);
  for (const { uses = '', with: inputs } of used) {
    t.match(uses, /^actions\/[a-z-]+@[0-9a-f]{40}$/);
    if (uses.startsWith('actions/checkout@')) t.equal(inputs?.['persist-credentials'], false);
  }
  for (const [, comment] of text.matchAll(/uses: \S+(.*)$/gm)) t.match(comment, /^ # v\d+\.\d+\.\d+$/);
});

t.test('R61, T30: a job reads the repository, and signs in to AWS only within an environment', async (t) => {
  t.same(workflow.permissions, { contents: 'read' });
  for (const [name, { permissions = workflow.permissions, environment }] of jobs) {
    const granted = environment ? { contents: 'read', 'id-token': 'write' } : { contents: 'read' };
    t.same(permissions, granted, name);
  }
  t.same(
    jobs.map(([name, { environment }]) => [name, environment]),
    [
      ['test', undefined],
      ['preview', 'preview'],
      ['build', 'production'],
      ['deploy', 'production'],
    ],
  );
  t.notMatch(text, /AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|pull_request_target/);
});

t.test(
  'R102-R109: secrets are variables of a step, never part of a command; all eleven are used',
  async (t) => {
    for (const [name, { steps }] of jobs)
      for (const { run = '', with: inputs = {} } of steps)
        t.notMatch(JSON.stringify([run, inputs]), /\$\{\{\s*(secrets|github\.event|github\.head_ref)/, name);
    const used = new Set([...text.matchAll(/secrets\.(\w+)/g)].map(([, name]) => name));
    t.same([...used].sort(), Object.keys(SECRETS).sort());
  },
);

t.test('what is deployed has passed the whole check, on both versions of Node', async (t) => {
  const { test, preview, build, deploy } = workflow.jobs;
  t.same(test.strategy?.matrix.node, [20, 22]);
  t.equal(test.steps.at(-1)?.run, '.ci/run');
  t.same([preview.needs, build.needs, deploy.needs], ['test', 'test', 'build']);
});
