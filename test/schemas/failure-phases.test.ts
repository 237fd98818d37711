/** The four headings under which users look for help. */
import t from 'tap';
import { FAILURE_PHASES, phaseOf } from '../../src/schemas/failure-phases.ts';
import { FAILURES, type FailureCode } from '../../src/schemas/failures.ts';

t.test('R147: every failure stands under one heading, with a remedy and somebody who must act', async (t) => {
  const codes = Object.keys(FAILURES) as FailureCode[];
  for (const code of codes) {
    t.ok(phaseOf(code) in FAILURE_PHASES, code);
    t.match(FAILURES[code].remedy, /^[A-Z].+\.$/s, code);
    t.match(FAILURES[code].actor, /^(user|unit_owner|operator)$/, code);
  }
  t.same((['unit_trust_broken', 'image_pull', 'noise_missing', 'result_missing'] as const).map(phaseOf), [
    'jobs_not_starting',
    'jobs_not_starting',
    'jobs_failing',
    'results_not_appearing',
  ]);
  t.equal(new Set(codes.map(phaseOf)).size, 3, 'a deployment that fails has no job yet: see the preflight');
});
