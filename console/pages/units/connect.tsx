/** "Connect your AWS account": the code, the stack, and the checks as they happen. */
import { useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { duration } from '../../lib/format.ts';
import { Link } from '../../lib/router.tsx';
import { settings } from '../../lib/settings.ts';
import { readUnits } from '../../lib/units.ts';
import { useAct, useEvery, useNow, useResource } from '../../lib/use.ts';
import { TextField } from '../../ui/fields.tsx';
import { Copyable, Notice, PageHead, Problem } from '../../ui/parts.tsx';
import { LaunchLinks } from './launch.tsx';
import { HealthCard } from './unit.tsx';

const LOOK_MS = 3_000;
/** Among these the unit of the stack appears. */
const NEWEST = { mode: 'mode_2', limit: 50 } as const;

export function Connect() {
  const about = useResource(settings, []);
  const [stackName, setStackName] = useState('mroptimum-mode2');
  const [known, setKnown] = useState<ReadonlySet<string>>();
  const [found, setFound] = useState<string>();
  const begin = useAct(async () => {
    const before = await readUnits(NEWEST);
    setKnown(new Set(before.units.map(stampOf)));
    setChallenge(await data(api.POST('/api/computing-unit/challenges', { body: {} })));
  });
  const [challenge, setChallenge] = useState<Challenge>();
  const now = useNow(1_000, challenge !== undefined && !found);
  const left = challenge ? (Date.parse(challenge.expiresAt) - now) / 1000 : 0;
  const look = useAct(async () => {
    const { units } = await readUnits(NEWEST);
    const fresh = units.find((unit) => unit.sharedWith !== undefined && !known?.has(stampOf(unit)));
    if (fresh) setFound(fresh.computingUnitId);
  });
  useEvery(LOOK_MS, () => void look.run(), known !== undefined && !found);

  return (
    <>
      <PageHead title="Connect your AWS account">
        Jobs then run in your account, on your data, at your cost; the broker holds no key of it.
      </PageHead>
      <div class="stack">
        <ol class="steps card">
          <li>
            <h2>Ask for a code</h2>
            <p class="soft">
              It stands for you while the stack is deployed: good once, for 10 minutes. The external ID is
              what the broker must say to enter; nobody enters without it.
            </p>
            <button
              type="button"
              class={challenge ? '' : 'primary'}
              disabled={begin.busy}
              onClick={() => void begin.run()}
            >
              {challenge ? 'Ask for a new code' : 'Ask for a code'}
            </button>
            <Problem error={begin.error} />
            {challenge && (
              <div class="stack-small">
                {left > 0 ? (
                  <p role="timer" class="soft">
                    Good for another {duration(left)}.
                  </p>
                ) : (
                  <Notice tone="warn">
                    <p>The code has ended. Ask for a new one.</p>
                  </Notice>
                )}
                <p class="label">Enrolment code</p>
                <Copyable label="enrolment code" text={challenge.enrolmentCode} />
                <p class="label">External ID</p>
                <Copyable label="external ID" text={challenge.externalId} />
                <p class="label">Role of the broker</p>
                <Copyable label="role of the broker" text={challenge.brokerRoleArn} />
              </div>
            )}
          </li>
          <li>
            <h2>Deploy the stack in your account</h2>
            {challenge && about.data ? (
              <>
                <TextField label="Name of the stack" value={stackName} onValue={setStackName} />
                <LaunchLinks about={about.data} challenge={challenge} stackName={stackName} />
              </>
            ) : (
              <p class="soft">
                State machine, buckets, and one role that trusts only this broker with this external ID.
              </p>
            )}
            <Problem error={about.error} />
          </li>
          <li>
            <h2>The unit appears here by itself</h2>
            {found ? (
              <Notice tone="good">
                <p>
                  The stack has registered. <Link to={`/units/${found}`}>Open the computing unit</Link>
                </p>
              </Notice>
            ) : (
              <p class="soft" role="status">
                {known
                  ? 'Waiting for the stack to register …'
                  : 'When the stack is there, it registers itself, and every check is shown with its evidence.'}
              </p>
            )}
            <Problem error={look.error} />
          </li>
        </ol>
        {found && <HealthCard id={found} atOnce />}
      </div>
    </>
  );
}

export interface Challenge {
  readonly enrolmentCode: string;
  readonly externalId: string;
  readonly brokerRoleArn: string;
  readonly expiresAt: string;
}

/** A stack that was deployed again is the same unit, changed. */
function stampOf({ computingUnitId, updatedAt }: { computingUnitId: string; updatedAt: string }): string {
  return `${computingUnitId} ${updatedAt}`;
}
