/** What was done in a person's name and with the role of their account, newest first. */
import { useState } from 'preact/hooks';
import { api, data } from '../../lib/api.ts';
import { when } from '../../lib/format.ts';
import { Link } from '../../lib/router.tsx';
import { useAct, useResource } from '../../lib/use.ts';
import { Problem } from '../../ui/parts.tsx';
import { saveAs } from '../../viewer/result.ts';
import { Pager } from '../jobs/list.tsx';

const PAGE = 15;

export function AuditCard() {
  const [cursors, setCursors] = useState<(string | undefined)[]>([undefined]);
  const cursor = cursors.at(-1);
  const page = useResource(
    () => data(api.GET('/api/audit', { params: { query: { limit: PAGE, cursor } } })),
    [cursor],
  );
  const save = useAct(async () => {
    const lines = await data(api.GET('/api/audit/export', { parseAs: 'blob' }));
    saveAs('cloudmr-audit.jsonl', lines as unknown as Blob);
  });
  return (
    <section class="stack" aria-labelledby="audit">
      <div class="row row-between">
        <h2 id="audit">Audit trail</h2>
        <button type="button" class="tight" disabled={save.busy} onClick={() => void save.run()}>
          All of it (JSON lines)
        </button>
      </div>
      <Problem error={page.error ?? save.error} />
      {page.data && page.data.entries.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard
        <section class="table-box" tabIndex={0} aria-label="Entries">
          <table class="stackable">
            <thead>
              <tr>
                <th>What</th>
                <th>When</th>
                <th>Outcome</th>
                <th>To</th>
              </tr>
            </thead>
            <tbody>
              {page.data.entries.map((entry) => (
                <tr key={entry.entryId}>
                  <td title={entry.action}>{saying(entry.action)}</td>
                  <td data-label="When">{when(entry.at)}</td>
                  <td data-label="Outcome">{entry.outcome}</td>
                  <td data-label="To" class="mono small wrap">
                    <Subject {...entry} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <Pager
        first={cursors.length === 1}
        last={!page.data?.cursor}
        onBack={() => setCursors(cursors.slice(0, -1))}
        onNext={() => setCursors([...cursors, page.data?.cursor ?? undefined])}
      />
    </section>
  );
}

const PURPOSES: Readonly<Record<string, string>> = {
  start: 'to start jobs',
  observe: 'to follow jobs',
  presign: 'to sign links and look at files',
  check: 'to check the unit',
  trust: 'to look who may enter',
  remove: 'to delete files',
  quotas: 'to read its quotas',
};

/** The code of an act in words: `session.start` is an entry into an account, the rest are a thing and a verb. */
function saying(action: string): string {
  const [, purpose, uses] = /^session\.(\w+)(\.uses)?$/.exec(action) ?? [];
  if (purpose)
    return `${uses ? 'Work in the account' : 'Entry into the account'} ${PURPOSES[purpose] ?? `(${purpose})`}`;
  const [thing, verb = ''] = action.split('.');
  return `${thing.charAt(0).toUpperCase()}${thing.slice(1)}: ${verb.replaceAll('-', ' ')}`;
}

/** What it was done to, with the page of it. */
function Subject({ action, subject }: { action: string; subject: string }) {
  const page = { session: 'units', unit: 'units', job: 'jobs' }[action.split('.')[0]];
  return page && /^\w{26}$/.test(subject) ? (
    <Link to={`/${page}/${subject}`}>{subject}</Link>
  ) : (
    <span>{subject}</span>
  );
}
