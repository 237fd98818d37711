/** Small parts of pages. */
import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { explain, type JobState } from '../lib/api.ts';
import { useEvery } from '../lib/use.ts';

/** What went wrong, what can be done, and the id to tell support. */
export function Problem({ error, children }: { error: unknown; children?: ComponentChildren }) {
  if (error === undefined) return null;
  const { message, remedy, requestId } = explain(error);
  return (
    <div class="notice notice-bad" role="alert">
      <p>
        <strong>{message}</strong>
      </p>
      {remedy && <p>{remedy}</p>}
      {requestId && <p class="small soft mono">Request {requestId}</p>}
      {children}
    </div>
  );
}

type Tone = 'good' | 'warn' | 'bad';

export function Notice({ tone, children }: { tone?: Tone; children: ComponentChildren }) {
  return (
    <div class={`notice${tone ? ` notice-${tone}` : ''}`} role="status">
      {children}
    </div>
  );
}

export function Badge({ tone, children }: { tone?: Tone | 'busy'; children: ComponentChildren }) {
  return <span class={`badge${tone ? ` badge-${tone}` : ''}`}>{children}</span>;
}

const STATES: Record<JobState, [label: string, tone: Tone | 'busy' | undefined]> = {
  queued: ['Queued', undefined],
  starting: ['Starting', 'busy'],
  running: ['Running', 'busy'],
  canceling: ['Canceling', 'warn'],
  succeeded: ['Succeeded', 'good'],
  failed: ['Failed', 'bad'],
  canceled: ['Canceled', undefined],
  lost: ['Lost', 'bad'],
};

export function StateBadge({ state }: { state: JobState }) {
  const [label, tone] = STATES[state];
  return <Badge tone={tone}>{label}</Badge>;
}

export function UnitBadge({ status }: { status: 'pending' | 'ready' | 'degraded' | 'unreachable' }) {
  const tones = { pending: undefined, ready: 'good', degraded: 'warn', unreachable: 'bad' } as const;
  return <Badge tone={tones[status]}>{status[0].toUpperCase() + status.slice(1)}</Badge>;
}

/** From 0 to 1, with words beside it for everybody. */
export function Progress({ value, label }: { value: number; label: string }) {
  const part = Math.max(0, Math.min(1, value));
  const bar = useRef<HTMLSpanElement>(null);
  if (bar.current) bar.current.style.width = `${100 * part}%`;
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(100 * part)}
    >
      <span
        ref={(element) => {
          bar.current = element;
          if (element) element.style.width = `${100 * part}%`;
        }}
      />
    </div>
  );
}

/** Text to paste elsewhere, with a button that copies it. */
export function Copyable({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  useEvery(2_500, () => setCopied(false), copied);
  return (
    <div class="copy">
      <section aria-label={label}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard */}
        <pre tabIndex={0}>{text}</pre>
      </section>
      <button
        type="button"
        class="tight"
        aria-label={`Copy ${label}`}
        onClick={() => {
          void navigator.clipboard.writeText(text).then(() => setCopied(true));
        }}
      >
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="skeleton" role="status">
      Loading {what} …
    </div>
  );
}

export function PageHead({
  title,
  children,
  actions,
}: {
  title: ComponentChildren;
  children?: ComponentChildren;
  actions?: ComponentChildren;
}) {
  return (
    <div class="page-head">
      <div>
        <h1>{title}</h1>
        {children && <p>{children}</p>}
      </div>
      {actions && <div class="row">{actions}</div>}
    </div>
  );
}

/** A button that asks before it acts: what cannot be taken back. */
export function ConfirmButton({
  children,
  question,
  consequence,
  confirm,
  busy,
  onConfirm,
  class: className = 'danger',
}: {
  children: ComponentChildren;
  question: string;
  consequence: string;
  confirm: string;
  busy?: boolean;
  onConfirm: () => void;
  class?: string;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  return (
    <>
      <button type="button" class={className} disabled={busy} onClick={() => dialog.current?.showModal()}>
        {children}
      </button>
      <dialog ref={dialog} aria-labelledby={id}>
        <h2 id={id}>{question}</h2>
        <p>{consequence}</p>
        <form method="dialog" class="row">
          <button type="submit" class="primary" onClick={onConfirm}>
            {confirm}
          </button>
          <button type="submit">Keep it</button>
        </form>
      </dialog>
    </>
  );
}
