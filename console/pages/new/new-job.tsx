/** A new job: a preset, a file, and what it takes; price and time before anything runs. */
import { useMemo, useState } from 'preact/hooks';
import { api, type DataFile, data } from '../../lib/api.ts';
import { placeOf, readFiles } from '../../lib/files.ts';
import { useGrowing } from '../../lib/growing.ts';
import { goTo, Link, usePlace } from '../../lib/router.tsx';
import { useAct } from '../../lib/use.ts';
import { aliasOf, bodyOf, problemsOf } from '../../task/body.ts';
import { EMPTY, type FileChoice, type JobForm, PRESETS } from '../../task/form.ts';
import { Choices, TextField } from '../../ui/fields.tsx';
import { Notice, PageHead, Problem } from '../../ui/parts.tsx';
import { UnitField, useUsableUnits } from '../../ui/unit-field.tsx';
import { DropArea } from '../../upload/drop-area.tsx';
import { EstimateCard } from './estimate.tsx';
import { FilesPart } from './files-part.tsx';
import { MethodPart } from './method-part.tsx';
import { OutputPart } from './output-part.tsx';

/** So many of the newest files can be chosen at once. */
const FILES = 50;

export function NewJob() {
  const { query } = usePlace();
  const units = useUsableUnits();
  const files = useGrowing<DataFile>(async (cursor) => {
    const page = await readFiles(FILES, cursor);
    return { items: page.files, cursor: page.cursor };
  });
  const [form, setForm] = useState<JobForm>({
    ...EMPTY,
    unitId: query.get('unit') ?? undefined,
    ...PRESETS.find(({ id }) => id === (query.get('preset') ?? 'snr'))?.change,
  });
  const [preset, setPreset] = useState<string | undefined>(query.get('preset') ?? 'snr');
  const unitId = form.unitId ?? units.items?.[0]?.computingUnitId;
  const complete = useMemo(() => ({ ...form, unitId }), [form, unitId]);
  const change = (part: Partial<JobForm>): void => {
    setForm((now) => ({ ...now, ...part }));
    if ('method' in part || 'recon' in part) setPreset(undefined);
  };
  const [key] = useState(() => crypto.randomUUID());
  const submit = useAct(async () => {
    const { jobId } = await data(
      api.POST('/api/task/queue', {
        params: { header: { 'idempotency-key': `${key}-${await hashOf(bodyOf(complete))}` } },
        body: bodyOf(complete),
      }),
    );
    goTo(`/jobs/${jobId}`);
  });
  const here = (files.items ?? [])
    .filter(({ computingUnitId, status }) => computingUnitId === unitId && status === 'available')
    .map(choiceOf);
  const problems = problemsOf(complete);

  if (units.items?.length === 0 && !units.more) {
    return (
      <>
        <PageHead title="New job" />
        <Notice tone="warn">
          <p>
            There is no computing unit that could run a job yet. <Link to="/units">Computing units</Link>
          </p>
        </Notice>
      </>
    );
  }
  return (
    <>
      <PageHead title="New job">Choose a preset, choose a file, look at the price, submit.</PageHead>
      <Problem error={units.error ?? files.error} />
      <form
        class="columns"
        onSubmit={(event) => {
          event.preventDefault();
          if (problems.length === 0) void submit.run();
        }}
      >
        <div class="stack">
          <section class="card">
            <Choices
              legend="What do you want to know?"
              value={preset}
              options={PRESETS.map(({ id, label, hint }) => ({ value: id, label, hint }))}
              onValue={(id) => {
                setForm((now) => ({ ...now, ...PRESETS.find((one) => one.id === id)?.change }));
                setPreset(id);
              }}
            />
          </section>
          <section class="card stack">
            <h2>Raw data</h2>
            <UnitField
              label="Computing unit"
              hint="Where the data lies and the job runs."
              units={units}
              chosen={unitId}
              onChoose={(next) =>
                change({ unitId: next, signal: undefined, noise: undefined, bodyCoil: undefined })
              }
            />
            <FilesPart form={complete} files={here} older={files} onChange={change} />
            <details>
              <summary>Upload files</summary>
              <DropArea
                unitId={unitId}
                onDone={(upload) => {
                  if (upload.dataId) void takeArrived(upload.dataId);
                }}
              />
            </details>
          </section>
          <MethodPart form={complete} files={here} onChange={change} />
          <OutputPart form={complete} files={here} onChange={change} />
        </div>
        <div class="stack sticky">
          <section class="card stack">
            <TextField
              label="Name of the job"
              placeholder={aliasOf(complete)}
              maxLength={200}
              value={form.alias}
              onValue={(alias) => change({ alias })}
            />
            <EstimateCard form={complete} problems={problems} />
            <Problem error={submit.error} />
            <button type="submit" class="primary" disabled={submit.busy || problems.length > 0}>
              {submit.busy ? 'Submitting …' : 'Submit the job'}
            </button>
          </section>
        </div>
      </form>
    </>
  );

  /** A file that was just uploaded is the one that is meant. */
  async function takeArrived(dataId: string): Promise<void> {
    const file = (await readFiles(FILES)).files.find(({ id }) => id === dataId);
    if (file) setForm((now) => (now.signal ? now : { ...now, signal: choiceOf(file) }));
    await files.reload();
  }
}

function choiceOf(file: DataFile): FileChoice {
  return { id: file.id, filename: file.filename, ...placeOf(file) };
}

/** A second click is the same job; a changed form is another one. */
async function hashOf(body: object): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(body)));
  return Array.from(new Uint8Array(digest).subarray(0, 12), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
