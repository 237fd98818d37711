/** Where files are dropped or chosen, and how far their uploads are. */
import { useId, useState } from 'preact/hooks';
import { bytes, percent } from '../lib/format.ts';
import { Badge, Problem, Progress } from '../ui/parts.tsx';
import { dismissUpload, resumeUpload, startUpload, stopUpload, type Upload, useUploads } from './uploads.ts';

interface DropAreaProps {
  unitId: string | undefined;
  /** Called when a file has arrived. */
  onDone: (upload: Upload) => void;
}

export function DropArea({ unitId, onDone }: DropAreaProps) {
  const [over, setOver] = useState(false);
  const uploads = useUploads(onDone).filter((upload) => upload.unitId === unitId);
  const id = useId();
  const take = (files: FileList | null): void => {
    if (unitId) for (const file of files ?? []) startUpload(file, unitId);
  };
  return (
    <div class="stack-small">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button below is the first */}
      <div
        class="drop"
        data-over={over ? '' : undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer?.files ?? null);
        }}
      >
        <strong>Drop raw data here</strong>
        <span class="hint">
          ISMRMRD .h5 or Siemens TWIX .dat. The bytes go straight to the bucket of the computing unit.
        </span>
        <input
          id={id}
          class="visually-hidden"
          type="file"
          multiple
          disabled={!unitId}
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = '';
          }}
        />
        <label class="button" for={id}>
          Choose files
        </label>
      </div>
      {uploads.length > 0 && (
        <ul class="bare stack-small" aria-label="Uploads">
          {uploads.map((upload) => (
            <UploadRow key={upload.id} upload={upload} />
          ))}
        </ul>
      )}
    </div>
  );
}

const WORDS: Record<Upload['phase'], [label: string, tone?: 'good' | 'warn' | 'bad' | 'busy']> = {
  sending: ['Sending', 'busy'],
  waiting: ['Waiting for the connection', 'warn'],
  completing: ['Completing', 'busy'],
  done: ['Arrived, checksums verified', 'good'],
  stopped: ['Paused', undefined],
  failed: ['Failed', 'bad'],
};

function UploadRow({ upload }: { upload: Upload }) {
  const { id, file, phase, sent, error, resumed } = upload;
  const [label, tone] = WORDS[phase];
  const isOpen = ['sending', 'waiting'].includes(phase);
  return (
    <li class="card card-plain">
      <div class="row row-between">
        <span class="wrap">
          <strong>{file.name}</strong> <span class="soft small">{bytes(file.size)}</span>
        </span>
        <span class="row">
          <Badge tone={tone}>{label}</Badge>
          {isOpen && (
            <button type="button" class="tight" onClick={() => stopUpload(id)}>
              Pause
            </button>
          )}
          {(phase === 'stopped' || phase === 'failed') && (
            <button type="button" class="tight" onClick={() => resumeUpload(id)}>
              Go on
            </button>
          )}
          {!isOpen && phase !== 'completing' && (
            <button type="button" class="tight quiet" onClick={() => dismissUpload(id)}>
              Hide
            </button>
          )}
        </span>
      </div>
      {phase !== 'done' && (
        <>
          <Progress value={file.size > 0 ? sent / file.size : 1} label={`Upload of ${file.name}`} />
          <p class="soft small">
            {bytes(sent)} of {bytes(file.size)} ({percent(file.size > 0 ? sent / file.size : 1)})
            {resumed && ', going on where it stopped'}
          </p>
        </>
      )}
      <Problem error={error} />
    </li>
  );
}
