/** All uploads of this page. They go on while the person looks at other pages of the console. */
import { useEffect, useState } from 'preact/hooks';
import { sendFile, type UploadState } from './upload.ts';

export interface Upload extends UploadState {
  readonly id: number;
  readonly file: File;
  readonly unitId: string;
}

let uploads: readonly Upload[] = [];
let nextId = 1;
const stops = new Map<number, AbortController>();
const listeners = new Set<() => void>();

const OPEN = ['sending', 'waiting', 'completing'];

function change(id: number, part: Partial<Upload>): void {
  uploads = uploads.map((upload) => (upload.id === id ? { ...upload, ...part } : upload));
  for (const listener of listeners) listener();
}

/** Begins an upload, or goes on with one that was stopped. */
export function startUpload(file: File, unitId: string): void {
  const same = uploads.find(
    (one) => one.file.name === file.name && one.unitId === unitId && one.file.size === file.size,
  );
  if (same && OPEN.includes(same.phase)) return;
  if (same) uploads = uploads.filter((one) => one !== same);
  const id = nextId++;
  uploads = [...uploads, { id, file, unitId, phase: 'sending', sent: 0, resumed: false }];
  void run(id, file, unitId);
}

async function run(id: number, file: File, unitId: string): Promise<void> {
  const stop = new AbortController();
  stops.set(id, stop);
  change(id, { phase: 'sending', error: undefined });
  try {
    await sendFile(file, unitId, (state) => change(id, state), stop.signal);
  } catch (error) {
    if (stop.signal.aborted) change(id, { phase: 'stopped' });
    else change(id, { phase: 'failed', error });
  } finally {
    stops.delete(id);
  }
}

/** Stops for now; what has arrived stays, and the same file goes on from there. */
export function stopUpload(id: number): void {
  stops.get(id)?.abort();
}

export function resumeUpload(id: number): void {
  const upload = uploads.find((one) => one.id === id);
  if (upload && !stops.has(id)) void run(id, upload.file, upload.unitId);
}

/** Takes one that has ended from the list. */
export function dismissUpload(id: number): void {
  stops.get(id)?.abort();
  uploads = uploads.filter((one) => one.id !== id);
  for (const listener of listeners) listener();
}

/** The uploads as they are; `onDone` is called when one has arrived. */
export function useUploads(onDone?: (upload: Upload) => void): readonly Upload[] {
  const [shown, setShown] = useState(uploads);
  useEffect(() => {
    let before = uploads;
    const listener = (): void => {
      for (const upload of uploads) {
        const earlier = before.find(({ id }) => id === upload.id);
        if (upload.phase === 'done' && earlier?.phase !== 'done') onDone?.(upload);
      }
      before = uploads;
      setShown(uploads);
    };
    listeners.add(listener);
    listener();
    return () => void listeners.delete(listener);
  }, []);
  return shown;
}

addEventListener('beforeunload', (event) => {
  if (uploads.some(({ phase }) => OPEN.includes(phase))) event.preventDefault();
});
