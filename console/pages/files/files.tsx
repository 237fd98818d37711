/** Files: upload, rename, download, delete; a page at a time. */
import { useState } from 'preact/hooks';
import { api, type DataFile, data } from '../../lib/api.ts';
import { readFiles } from '../../lib/files.ts';
import { ago, bytes } from '../../lib/format.ts';
import { Link } from '../../lib/router.tsx';
import { useAct, useNow, useResource } from '../../lib/use.ts';
import { Badge, ConfirmButton, Loading, Notice, PageHead, Problem } from '../../ui/parts.tsx';
import { RenameButton } from '../../ui/rename.tsx';
import { UnitField, useUsableUnits } from '../../ui/unit-field.tsx';
import { DropArea } from '../../upload/drop-area.tsx';
import { Pager } from '../jobs/list.tsx';

const PAGE = 25;

export function Files() {
  const units = useUsableUnits();
  const [chosen, setChosen] = useState<string>();
  const unitId = chosen ?? units.items?.[0]?.computingUnitId;
  const [cursors, setCursors] = useState<(string | undefined)[]>([undefined]);
  const cursor = cursors.at(-1);
  const page = useResource(() => readFiles(PAGE, cursor), [cursor]);
  const now = useNow(60_000);
  return (
    <>
      <PageHead title="Files">
        Raw data for jobs. A file lies in the bucket of one computing unit and is used there.
      </PageHead>
      <div class="stack">
        <Problem error={units.error} />
        {units.items?.length === 0 && !units.more && (
          <Notice tone="warn">
            <p>
              There is no computing unit to upload to yet. <Link to="/units">Computing units</Link>
            </p>
          </Notice>
        )}
        {unitId && (
          <>
            <UnitField label="Upload to" units={units} chosen={unitId} onChoose={setChosen} />
            <DropArea unitId={unitId} onDone={() => void page.reload()} />
          </>
        )}
        <Problem error={page.error} />
        {!page.data && !page.error && <Loading what="files" />}
        {page.data && page.data.files.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard
          <section class="table-box" tabIndex={0} aria-label="Files">
            <table class="stackable">
              <thead>
                <tr>
                  <th>Name</th>
                  <th>Lies in</th>
                  <th class="number">Size</th>
                  <th>Uploaded</th>
                  <th>
                    <span class="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {page.data.files.map((file) => (
                  <FileRow
                    key={file.id}
                    file={file}
                    place={units.items?.find((unit) => unit.computingUnitId === file.computingUnitId)?.alias}
                    now={now}
                    onChange={() => void page.reload()}
                  />
                ))}
              </tbody>
            </table>
          </section>
        )}
        {page.data?.files.length === 0 && (
          <div class="card empty">
            <h2>No files yet</h2>
            <p>What you upload here can be used by any number of jobs.</p>
          </div>
        )}
        <Pager
          first={cursors.length === 1}
          last={!page.data?.cursor}
          onBack={() => setCursors(cursors.slice(0, -1))}
          onNext={() => setCursors([...cursors, page.data?.cursor])}
        />
      </div>
    </>
  );
}

interface FileRowProps {
  file: DataFile;
  /** Name of its computing unit, if it is among those that can be chosen. */
  place: string | undefined;
  now: number;
  onChange: () => void;
}

function FileRow({ file, place, now, onChange }: FileRowProps) {
  const remove = useAct(async () => {
    await data(api.DELETE('/api/data/{dataId}', { params: { path: { dataId: file.id } } }));
    onChange();
  });
  const isThere = file.status === 'available';
  return (
    <tr>
      <td>
        <span class="stack-small">
          <span class="wrap">{file.filename}</span>
          {file.missing && (
            <>
              <span>
                <Badge tone="warn">Not there yet</Badge>
              </span>
              <span class="small soft">{file.missing}</span>
            </>
          )}
        </span>
        <Problem error={remove.error} />
      </td>
      <td data-label="Lies in">
        <Link to={`/units/${file.computingUnitId}`}>{place ?? 'another unit'}</Link>
      </td>
      <td data-label="Size" class="number">
        {isThere ? bytes(Number(file.size)) : '–'}
      </td>
      <td data-label="Uploaded">{ago(file.created_at, now)}</td>
      <td data-label="">
        <span class="row">
          {isThere && file.link !== 'unknown' && (
            <a class="button tight" href={file.link} download={file.filename}>
              Download
            </a>
          )}
          <RenameButton
            class="tight"
            what="file"
            name={file.filename}
            maxLength={255}
            onRename={async (filename) => {
              await data(api.POST('/api/data/update', { body: { fileid: file.id, filename } }));
              onChange();
            }}
          />
          <ConfirmButton
            class="tight danger"
            question={`Delete “${file.filename}”?`}
            consequence="Jobs that have ended keep their results; new ones cannot use this file any more."
            confirm="Delete the file"
            busy={remove.busy}
            onConfirm={() => void remove.run()}
          >
            Delete
          </ConfirmButton>
        </span>
      </td>
    </tr>
  );
}
