/**
 * Answers about jobs that are known to be what they were, without a read: every change of a person's jobs, made here or
 * told by another process, ends what is remembered for that person. Only while the others tell what they write
 * (`news.fresh`) is anything believed; so an answer is at most as old as news are, about three seconds, and what this
 * process wrote itself is always seen. Tabs of one person that ask the same share one read.
 */
import type { Job } from '../../src/schemas/job.ts';
import type { News } from '../clockwork/news.ts';

/** Jobs remembered in all, each a few kilobytes; beyond it all are forgotten. */
const MAX_JOBS = 5_000;

export interface JobVersions {
  /**
   * What `read` answers, or has answered to the same question of the same person if nothing has changed since.
   * `mayBeKnown`: the caller can do with an answer as old as news are. `jobs`: how many are in an answer.
   */
  answer<T>(
    asked: { userId: string; question: string; mayBeKnown: boolean },
    read: () => Promise<T>,
    jobs: (answer: T) => number,
  ): Promise<T>;
  /** The same for one job of this person: those who follow it and those who ask again share one read. */
  job(asked: { userId: string; jobId: string; mayBeKnown: boolean }, read: () => Promise<Job>): Promise<Job>;
  /** Jobs of this person, or of anybody, have changed. */
  changed(ownerId: string | undefined): void;
}

interface Person {
  readonly answers: Map<string, Promise<unknown>>;
  weight: number;
}

/** Creates the memory of one process. */
export function createJobVersions(news: Pick<News, 'fresh'>): JobVersions {
  const people = new Map<string, Person>();
  let weight = 0;

  function forget(userId: string): void {
    weight -= people.get(userId)?.weight ?? 0;
    people.delete(userId);
  }

  function forgetAll(): void {
    people.clear();
    weight = 0;
  }

  /** From now on, so that those who ask meanwhile share the read; a change meanwhile ends it. */
  async function remember<T>(
    userId: string,
    question: string,
    read: Promise<T>,
    jobs: (answer: T) => number,
  ) {
    let person = people.get(userId);
    if (!person) people.set(userId, (person = { answers: new Map(), weight: 0 }));
    person.answers.set(question, read);
    try {
      const added = 1 + jobs(await read);
      if (people.get(userId) !== person) return;
      person.weight += added;
      weight += added;
      if (weight > MAX_JOBS) forgetAll();
    } catch {
      // Whoever asked is told; the next one asks anew.
      person.answers.delete(question);
    }
  }

  const answer: JobVersions['answer'] = async ({ userId, question, mayBeKnown }, read, jobs) => {
    if (!mayBeKnown || !news.fresh()) return read();
    const known = people.get(userId)?.answers.get(question);
    if (known) return known as ReturnType<typeof read>;
    const found = read();
    void remember(userId, question, found, jobs);
    return found;
  };

  return {
    answer,
    job: ({ jobId, ...asked }, read) => answer({ ...asked, question: `job ${jobId}` }, read, () => 1),
    changed(ownerId) {
      if (ownerId === undefined) forgetAll();
      else forget(ownerId);
    },
  };
}
