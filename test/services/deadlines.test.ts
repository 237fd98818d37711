/** The pauses between tries stay below the deadlines that ARCHITECTURE.md prints. */
import t from 'tap';
import { backoffMs, CURVES } from '../../services/clockwork/backoff.ts';
import { D_CB_MS, D_SUB_MS } from '../../services/clockwork/deadlines.ts';

t.test('nothing waits longer for its next try than its deadline allows', async (t) => {
  for (const kind of ['throttled', 'unavailable', 'missing'] as const)
    t.ok(CURVES[kind].capMs < D_SUB_MS, kind);
  t.ok(CURVES.refused.capMs < D_CB_MS);
  t.equal(backoffMs('throttled', 100, 0.999_999), CURVES.throttled.capMs);
  t.equal(backoffMs('throttled', 1, 0), CURVES.throttled.baseMs / 2, 'jitter: from half of it');
});
