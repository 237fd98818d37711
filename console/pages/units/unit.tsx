/** One computing unit: its health with evidence, and what its owner may do with it. */
import { useEffect, useState } from 'preact/hooks';
import { api, data, type Preflight, type Unit } from '../../lib/api.ts';
import { modeName, when } from '../../lib/format.ts';
import { useMe } from '../../lib/me.ts';
import { goTo } from '../../lib/router.tsx';
import { useAct, useEvery, useResource } from '../../lib/use.ts';
import { TextField } from '../../ui/fields.tsx';
import { ConfirmButton, Loading, Notice, PageHead, Problem, UnitBadge } from '../../ui/parts.tsx';
import { Checks } from './checks.tsx';
import { LimitsCard } from './limits.tsx';

/** While a test job runs, its findings are asked for. */
const TEST_JOB_MS = 2_500;

export function UnitPage({ id }: { id: string }) {
  const path = { params: { path: { computingUnitId: id } } };
  const unit = useResource(() => data(api.GET('/api/computing-unit/{computingUnitId}', path)), [id]);
  if (!unit.data) {
    return (
      <>
        <PageHead title="Computing unit" />
        {unit.error ? <Problem error={unit.error} /> : <Loading what="the computing unit" />}
      </>
    );
  }
  return <Known unit={unit.data} onChange={(next) => unit.set(() => next)} />;
}

function Known({ unit, onChange }: { unit: Unit; onChange: (unit: Unit) => void }) {
  const path = { params: { path: { computingUnitId: unit.computingUnitId } } };
  const owns = unit.sharedWith !== undefined;
  const makeDefault = useAct(async () => {
    onChange(await data(api.POST('/api/computing-unit/{computingUnitId}/default', path)));
  });
  const me = useMe();
  const pause = useAct(async () => {
    onChange(await data(api.POST('/api/computing-unit/{computingUnitId}/pause', path)));
  });
  const resume = useAct(async () => {
    onChange(await data(api.POST('/api/computing-unit/{computingUnitId}/resume', path)));
  });
  const mayPause = owns || me.role === 'admin';
  const remove = useAct(async () => {
    await data(api.DELETE('/api/computing-unit/{computingUnitId}', path));
    goTo('/units', { replace: true });
  });
  return (
    <>
      <PageHead
        title={unit.alias}
        actions={
          <>
            {owns && !unit.isDefault && (
              <button type="button" disabled={makeDefault.busy} onClick={() => void makeDefault.run()}>
                Use by default
              </button>
            )}
            {mayPause && !unit.paused && (
              <ConfirmButton
                class=""
                question={`Stop the use of “${unit.alias}”?`}
                consequence="The broker drops all sessions at once and asks nothing of the account. Jobs wait until it is used again."
                confirm="Stop its use"
                busy={pause.busy}
                onConfirm={() => void pause.run()}
              >
                Stop its use
              </ConfirmButton>
            )}
            {mayPause && unit.paused && (
              <button type="button" class="primary" disabled={resume.busy} onClick={() => void resume.run()}>
                Use it again
              </button>
            )}
            {owns && (
              <ConfirmButton
                question={`Remove “${unit.alias}”?`}
                consequence="The broker forgets the unit; nothing in its account is touched. Jobs under way come to their end."
                confirm="Remove the unit"
                busy={remove.busy}
                onConfirm={() => void remove.run()}
              >
                Remove
              </ConfirmButton>
            )}
          </>
        }
      >
        <span class="row">
          <UnitBadge status={unit.status} />
          <span>
            {modeName(unit.mode)} · {unit.region} · since {when(unit.statusSince)}
          </span>
        </span>
      </PageHead>
      <Problem error={makeDefault.error ?? remove.error ?? pause.error ?? resume.error} />
      <div class="columns">
        <div class="stack">
          {unit.paused && (
            <Notice tone="warn">
              <p>
                {unit.paused.by === 'administrator' ? 'An administrator' : 'The owner'} has stopped its use,{' '}
                {when(unit.paused.since)}. Jobs wait.
              </p>
            </Notice>
          )}
          {unit.missing.length > 0 && (
            <Notice tone="warn">
              <p>
                <strong>What is missing</strong>
              </p>
              <ul>
                {unit.missing.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </Notice>
          )}
          {owns ? <HealthCard id={unit.computingUnitId} onUnit={onChange} /> : <SharedCard />}
        </div>
        <div class="stack">
          <PlaceCard unit={unit} />
          {owns && <ShareCard unit={unit} onChange={onChange} />}
          {owns && <LimitsCard unitId={unit.computingUnitId} />}
        </div>
      </div>
    </>
  );
}

function SharedCard() {
  return (
    <section class="card">
      <h2>Shared with you</h2>
      <p class="soft">Its owner sees the checks and acts on them. Your files and results stay yours.</p>
    </section>
  );
}

interface HealthProps {
  id: string;
  /** Checks everything at once, for a unit that has just appeared. */
  atOnce?: boolean;
  onUnit?: (unit: Unit) => void;
}

/** The findings, asked for again while the test job runs. */
export function HealthCard({ id, atOnce, onUnit }: HealthProps) {
  const path = { params: { path: { computingUnitId: id } } };
  const report = useResource(
    () => data(api.GET('/api/computing-unit/{computingUnitId}/preflight', path)),
    [id],
  );
  const refresh = async (): Promise<void> => {
    await report.reload();
    onUnit?.(await data(api.GET('/api/computing-unit/{computingUnitId}', path)));
  };
  const check = useAct(async () => {
    const next = await data(api.POST('/api/computing-unit/{computingUnitId}/preflight', path));
    report.set(() => next);
    await refresh();
  });
  useEffect(() => {
    if (atOnce) void check.run();
  }, [atOnce]);
  const underWay = report.data !== undefined && report.data.testJob !== 'none';
  useEvery(TEST_JOB_MS, () => void refresh().catch(() => report.reload()), underWay);
  return (
    <section class="card" aria-labelledby="health">
      <div class="row row-between">
        <h2 id="health">Health</h2>
        <button type="button" class="tight" disabled={check.busy} onClick={() => void check.run()}>
          {check.busy ? 'Checking …' : 'Check now'}
        </button>
      </div>
      <Problem error={check.error ?? report.error} />
      {report.data && <Summary report={report.data} />}
      {report.data && <Checks checks={report.data.checks} />}
    </section>
  );
}

function Summary({ report }: { report: Preflight }) {
  const bad = report.checks.filter(({ status }) => status === 'failed').length;
  const words =
    report.checks.length === 0 ? 'Nothing was checked yet' : bad === 0 ? 'All in order' : `${bad} to act on`;
  return (
    <p class="soft" role="status">
      {words}
      {report.testJob === 'under way' && '; a phantom of known SNR runs in the account now'}
      {report.nextCheckAt && `; next look by itself ${when(report.nextCheckAt)}`}.
    </p>
  );
}

function PlaceCard({ unit }: { unit: Unit }) {
  const facts: [string, string | undefined][] = [
    ['AWS account', unit.awsAccountId],
    ['Region', unit.region],
    ['State machine', unit.stateMachineArn],
    ['Data bucket', unit.dataBucket],
    ['Results bucket', unit.resultsBucket],
    ['Failed bucket', unit.failedBucket],
    ['Role', unit.crossAccountRoleArn],
    ['External ID', unit.externalId],
  ];
  return (
    <section class="card" aria-labelledby="place">
      <h2 id="place">Place</h2>
      <dl class="facts">
        {facts.flatMap(([name, value]) =>
          value
            ? [
                <dt key={`${name}-name`}>{name}</dt>,
                <dd key={name} class="mono">
                  {value}
                </dd>,
              ]
            : [],
        )}
      </dl>
    </section>
  );
}

function ShareCard({ unit, onChange }: { unit: Unit; onChange: (unit: Unit) => void }) {
  const [person, setPerson] = useState('');
  const params = { path: { computingUnitId: unit.computingUnitId } };
  const share = useAct(async () => {
    const body = { person: person.trim() };
    onChange(await data(api.POST('/api/computing-unit/{computingUnitId}/share', { params, body })));
    setPerson('');
  });
  const unshare = useAct(async (id: string) => {
    onChange(
      await data(api.POST('/api/computing-unit/{computingUnitId}/unshare', { params, body: { person: id } })),
    );
  });
  return (
    <section class="card" aria-labelledby="share">
      <h2 id="share">Share</h2>
      <p class="soft small">
        Others run jobs here at the cost of this account. Nobody sees another person's files.
      </p>
      {(unit.sharedWith ?? []).map((id) => (
        <p key={id} class="row row-between">
          <span class="mono wrap">{id}</span>
          <button type="button" class="tight" onClick={() => void unshare.run(id)}>
            No longer
          </button>
        </p>
      ))}
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault();
          void share.run();
        }}
      >
        <TextField label="E-mail address or user id" required value={person} onValue={setPerson} />
        <button type="submit" disabled={share.busy}>
          Share
        </button>
      </form>
      <Problem error={share.error ?? unshare.error} />
    </section>
  );
}
