/** What can be done with a job: download, compare, rename, cancel, try again, delete. */
import { api, data, type Job } from '../../lib/api.ts';
import { Link } from '../../lib/router.tsx';
import { useAct } from '../../lib/use.ts';
import { ConfirmButton, Problem } from '../../ui/parts.tsx';
import { RenameButton } from '../../ui/rename.tsx';

interface ActionsProps {
  job: Job;
  onChange: (job: Job) => void;
  onDeleted: () => void;
}

export function JobActions({ job, onChange, onDeleted }: ActionsProps) {
  const path = { params: { path: { jobId: job.jobId } } };
  const download = useAct(async () => {
    location.assign((await data(api.GET('/api/job/{jobId}/result', path))).url);
  });
  const cancel = useAct(async () => {
    onChange(await data(api.POST('/api/job/{jobId}/cancel', path)));
  });
  const retryOn = job.failure?.retryOn;
  const again = async (platform?: typeof retryOn) => {
    const body = { version: job.version, platform };
    onChange(await data(api.POST('/api/job/{jobId}/retry', { ...path, body })));
  };
  const retry = useAct(() => again());
  const retryThere = useAct(() => again(retryOn));
  const remove = useAct(async () => {
    await data(api.DELETE('/api/job/{jobId}', path));
    onDeleted();
  });
  const open = ['queued', 'starting', 'running'].includes(job.state);
  const ended = !open && job.state !== 'canceling';
  return (
    <>
      {job.state === 'succeeded' && (
        <>
          <button type="button" class="primary" disabled={download.busy} onClick={() => void download.run()}>
            Download zip
          </button>
          <Link class="button" to={`/compare?left=${job.jobId}`}>
            Compare
          </Link>
        </>
      )}
      {open && (
        <ConfirmButton
          question="Stop this job?"
          consequence="What it has computed so far is lost. Its files stay."
          confirm="Stop the job"
          busy={cancel.busy}
          onConfirm={() => void cancel.run()}
        >
          Cancel job
        </ConfirmButton>
      )}
      {ended && job.state !== 'succeeded' && (
        <button type="button" class="primary" disabled={retry.busy} onClick={() => void retry.run()}>
          Try again
        </button>
      )}
      {ended && retryOn === 'fargate' && (
        <button
          type="button"
          class="primary"
          disabled={retryThere.busy}
          onClick={() => void retryThere.run()}
        >
          Try again on Fargate
        </button>
      )}
      {ended && (
        <RenameButton
          what="job"
          name={job.alias}
          maxLength={200}
          onRename={async (alias) =>
            onChange(await data(api.PATCH('/api/job/{jobId}', { ...path, body: { alias } })))
          }
        />
      )}
      {ended && (
        <ConfirmButton
          question={`Delete “${job.alias}”?`}
          consequence="The job and its result are deleted for good. Its uploaded files stay."
          confirm="Delete the job"
          busy={remove.busy}
          onConfirm={() => void remove.run()}
        >
          Delete
        </ConfirmButton>
      )}
      <Problem error={download.error ?? cancel.error ?? retry.error ?? retryThere.error ?? remove.error} />
    </>
  );
}
