/** What the feed knows for one person: the newest known state of followed jobs, and who listens. */

/** A change of a job. The same version may come twice; a lower one never follows a higher one. */
export interface JobEvent {
  readonly jobId: string;
  /** Where to resume: the time of the change. */
  readonly id: string;
  /** The job as text; undefined: it was deleted. */
  readonly text: string | undefined;
}

export interface Listener {
  /** Undefined: all jobs of the person. */
  readonly jobId: string | undefined;
  readonly listener: (event: JobEvent) => void;
}

export interface Sighting {
  readonly jobId: string;
  readonly version: number;
  readonly open: boolean;
  /** Epoch ms, by the clock of the broker that wrote it. */
  readonly changedAt: number;
  /** When this broker last heard of the job. */
  readonly heardAt: number;
  readonly text: () => string;
}

interface Known extends Omit<Sighting, 'text'> {
  readonly event: JobEvent;
}

export interface Group {
  readonly ownerId: string;
  readonly listeners: Set<Listener>;
  /** Oldest sighting first. */
  readonly known: Map<string, Known>;
  /** Listeners on their way in. */
  arriving: number;
  listedAt: number;
  listing: Promise<void> | undefined;
  /** Something could not be read. */
  stale: boolean;
}

/** Jobs remembered per person; the ones unheard of for the longest go first. */
const MAX_KNOWN = 200;
/** Clocks of brokers differ: resuming looks this much further back. Repeated versions do no harm. */
const OVERLAP_MS = 10_000;

export function groupOf(ownerId: string): Group {
  return {
    ownerId,
    listeners: new Set(),
    known: new Map(),
    arriving: 0,
    listedAt: Number.NEGATIVE_INFINITY,
    listing: undefined,
    stale: false,
  };
}

/** Takes note of a job; tells the listeners if it is news. */
export function see(group: Group, { text, ...sighting }: Sighting): void {
  const before = group.known.get(sighting.jobId);
  const news = !before || before.version < sighting.version;
  const event = news ? { jobId: sighting.jobId, id: String(sighting.changedAt), text: text() } : before.event;
  group.known.delete(sighting.jobId);
  group.known.set(sighting.jobId, news ? { ...sighting, event } : { ...before, heardAt: sighting.heardAt });
  const [oldest] = group.known.keys();
  if (group.known.size > MAX_KNOWN) group.known.delete(oldest);
  if (news) tell(group, event);
}

/** Takes note that a job is gone. */
export function seeRemoved(group: Group, jobId: string, now: number): void {
  if (group.known.delete(jobId)) tell(group, { jobId, id: String(now), text: undefined });
}

/** What a new listener is told first, oldest change first. */
export function snapshotOf(group: Group, jobId: string | undefined, since: number | undefined): JobEvent[] {
  const wanted = [...group.known.values()].filter((known) => {
    if (jobId !== undefined) return known.jobId === jobId;
    return since === undefined ? known.open : known.changedAt > since - OVERLAP_MS;
  });
  return wanted.sort((a, b) => a.changedAt - b.changedAt).map(({ event }) => event);
}

function tell(group: Group, event: JobEvent): void {
  for (const { jobId, listener } of group.listeners) {
    if (jobId === undefined || jobId === event.jobId) listener(event);
  }
}
