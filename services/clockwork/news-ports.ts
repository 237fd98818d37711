/** What broker processes that share a table tell each other of what they have written. */

/** A job that was written or deleted, or an account (with all its tokens) if there is no job. */
export interface Tidings {
  readonly ownerId: string;
  readonly jobId?: string;
}

/** The latest changes of one process, numbered without gaps from `first` on. */
export interface Bulletin {
  readonly brokerId: string;
  readonly first: number;
  readonly changes: readonly Tidings[];
  /** By its own clock. */
  readonly at: number;
  /** True: it cannot say that it lives, so the others cannot know whether they hear all of it. */
  readonly unheard?: boolean;
}

export interface NewsStore {
  put(bulletin: Bulletin): Promise<void>;
  /** Those of all processes, in one read. */
  list(): Promise<Bulletin[]>;
  remove(brokerId: string): Promise<void>;
}
