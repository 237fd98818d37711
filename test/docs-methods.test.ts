/** The figures of the guide to the methods are those of the worker: by its formulas, and by replicas that it draws. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { chiMean } from '../compute/math/chi.ts';
import { meanDeviationPercent, suggestedReplicas } from '../compute/mr/snr/precision.ts';
import { METHODS } from '../compute/mr/snr/registry.ts';
import { METHODS as OF_THE_COMMAND_LINE, RECONSTRUCTIONS } from '../src/cli/run/task-document.ts';
import { analyticSnr, cases, objectOf, optionsOf, ratios } from './compute/helpers/replicas.ts';
import { ROOT } from './helpers/script.ts';

const guide = readFileSync(join(ROOT, 'docs/METHODS.md'), 'utf8');
const number = (text: string): number => Number(text.replace(',', ''));
const [deviations = '', replicas = ''] = [
  ...guide.matchAll(/\|---\|---\|\n((?:\| [\d,.]+ %? ?\|.*\n)+)/g),
].map(([, rows]) => rows);
const rowsOf = (text: string): number[][] =>
  [...text.matchAll(/\| ([\d,.]+)(?: %)? \| ([\d,.]+)(?: %)? \|/g)].map(([, a, b]) => [number(a), number(b)]);

t.test('the deviation of a pixel by the number of replicas', async (t) => {
  t.equal(Math.sqrt(2 / Math.PI).toFixed(3), /about ([\d.]+) \/ sqrt\(2 \(N - 1\)\)/.exec(guide)?.[1]);
  const rows = rowsOf(deviations);
  t.equal(rows.length, 6);
  for (const [count, percent] of rows)
    t.equal(meanDeviationPercent(count - 1).toFixed(1), percent.toFixed(1));
});

t.test('maps that the worker computes deviate as the table says', async (t) => {
  const [one] = cases([8, 64, 96]);
  const analytic = analyticSnr(one);
  const object = objectOf(analytic);
  for (const [count, percent] of rowsOf(deviations).filter(([wanted]) => wanted >= 50 && wanted <= 200)) {
    const snr = METHODS.pmr.snr(one.slice(), one.reconstruction, optionsOf({ count })).data;
    const found = 100 * Math.sqrt(2 / Math.PI) * ratios(snr, analytic, object).deviation;
    t.ok(
      Math.abs(found / percent - 1) < 0.08,
      `${count} replicas: ${found.toFixed(1)} %, written ${percent} %`,
    );
  }
});

t.test('two maps, and the replicas that a precision takes', async (t) => {
  const [, differ] = /two maps of 100 replicas that differ by (\d+) %/.exec(guide) ?? [];
  t.equal((Math.SQRT2 * meanDeviationPercent(99)).toFixed(0), differ);
  const rows = rowsOf(replicas);
  t.equal(rows.length, 4);
  for (const [percent, count] of rows) t.equal(suggestedReplicas(percent), count, `${percent} %`);
});

t.test('how the modulus of noise lifts a low SNR', async (t) => {
  const [, at5, at2] = /by (\d+) % at 5 and by (\d+) % at 2/.exec(guide) ?? [];
  for (const [snr, percent] of [
    [5, at5],
    [2, at2],
  ] as const) {
    t.equal((100 * (chiMean(1, snr) / snr - 1)).toFixed(0), percent);
  }
});

t.test('methods and reconstructions have the names of the command line, all of them', async (t) => {
  for (const name of [...OF_THE_COMMAND_LINE, ...RECONSTRUCTIONS.filter((one) => one !== 'espirit')]) {
    t.match(guide, `\`${name}\``);
  }
  for (const [, name] of guide.matchAll(/\(`([a-z0-9]+)`\)/g)) {
    t.ok([...OF_THE_COMMAND_LINE, ...RECONSTRUCTIONS].includes(name as never), name);
  }
});
