/** What is stored of the broker processes that share a table, and of the pieces of work that they hold. */

/** Jobs that a process works on. */
export interface Hands {
  /** Ids; what it has begun last comes first. */
  readonly hands?: readonly string[];
  /** The one beside which it has begun nothing else. */
  readonly alone?: string;
}

/** A broker process, as it describes itself. */
export interface Member extends Hands {
  readonly brokerId: string;
  readonly startedAt: number;
  /** By its own clock. */
  readonly seenAt: number;
  /** Another number each time. */
  readonly beat: number;
  readonly release: string;
  readonly generation: number;
  /** Figures that whoever runs the broker sees of all processes at once. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** True: it could not tell the others what it has written (news.ts). */
  readonly unheard?: boolean;
}

export interface Lease {
  readonly piece: string;
  /** Undefined: nobody. */
  readonly brokerId: string | undefined;
  readonly version: number;
}

export interface MemberStore {
  beat(member: Member): Promise<void>;
  members(): Promise<Member[]>;
  leases(): Promise<Lease[]>;
  /** Writes the lease if the stored version is still `version - 1` (0: none); false if somebody was faster. */
  put(lease: Lease): Promise<boolean>;
  remove(brokerId: string): Promise<void>;
  /** Removes a process of which this was the last sign of life; one that has given another since stays. */
  bury(member: Pick<Member, 'brokerId' | 'beat'>): Promise<void>;
}
