/** The runbook has an entry for each alarm and each usual trouble, in one form; test/runbook.soak.ts and runbook-aws.soak.ts run its commands. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { ALARMS } from '../infra/scripts/broker-alarms.ts';
import { script } from './helpers/script.ts';

const text = readFileSync(script('docs/RUNBOOK.md'), 'utf8');
const entries = text
  .split(/^### /m)
  .slice(1)
  .map((entry) => {
    const [title, ...lines] = entry.split(/^## /m)[0].split('\n');
    return { title, body: lines.join('\n') };
  });

const TROUBLES = [
  'Store down',
  'STS denied for a unit',
  'Stuck or lost job',
  'Poison job',
  'Backlog',
  'Kill switch',
  'Restore',
  'Items of older releases',
  'Key rotation',
  'Deploy and roll back',
  'Quota of AWS reached',
];

t.test('an entry for each alarm, and for each usual trouble', async (t) => {
  t.same(entries.map(({ title }) => title).sort(), [...Object.keys(ALARMS), ...TROUBLES].sort());
});

t.test('each says the symptom, what to look at, what to do, and by which commands', async (t) => {
  for (const { title, body } of entries) {
    for (const part of ['Symptom', 'Look at', 'Do'])
      t.match(body, new RegExp(`^- ${part}: \\S`, 'm'), `${title}: ${part}`);
    t.match(body, /^```sh\n\S/m, `${title}: commands`);
  }
});

t.test('no command is outside of what is run: blocks hold commands of one place each', async (t) => {
  for (const [, body] of text.matchAll(/```(?:sh)?\n([\s\S]*?)```/g)) {
    const ofAws = /^\s*(\w+=\$\()?aws |physical /m.test(body);
    const ours = /^(npx|npm|curl) /m.test(body);
    t.ok(ofAws !== ours, body);
  }
  t.notMatch(text.replace(/```sh\n[\s\S]*?```/g, ''), /```/, 'all blocks are of shell');
});
