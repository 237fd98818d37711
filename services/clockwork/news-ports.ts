/** What broker processes that share a table tell each other of what they have written. */

/** A job that was written or deleted; without a job anything of this person: the account, its tokens, all jobs. */
export interface Tidings {
  readonly ownerId: string;
  readonly jobId?: string;
}

/** The latest changes of one process, numbered without gaps from `first` on. */
export interface Bulletin {
  readonly brokerId: string;
  readonly first: number;
  readonly changes: readonly Tidings[];
  /** Whose the changes before those were, from this number on. */
  readonly before?: { readonly first: number; readonly people: readonly string[] };
  /** By its own clock. */
  readonly at: number;
  /** True: it cannot say that it lives, so the others cannot know whether they hear all of it. */
  readonly unheard?: boolean;
  /** True: all that it wrote is told, and it ends. */
  readonly left?: boolean;
}

export interface NewsStore {
  put(bulletin: Bulletin): Promise<void>;
  /** Those of all processes, in one read. */
  list(): Promise<Bulletin[]>;
  remove(brokerId: string): Promise<void>;
}
