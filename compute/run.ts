/** What a run is asked for, what it tells meanwhile, and what it leaves behind. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { WorkerFacts } from '../src/schemas/execution.ts';
import type { RawScan } from './formats/scan.ts';
import type { OutputFlags } from './plan.ts';
import type { RunLog } from './run-log.ts';

export interface FileDigest {
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface RunProgress {
  readonly step: 'read' | 'noise' | 'reconstruct' | 'write';
  /** 0..1 over this run. */
  readonly fraction: number;
  readonly message: string;
}

export interface RunRequest {
  /** The task document, not yet checked. */
  readonly task: unknown;
  /** Paths of the raw-data files. */
  readonly inputs: {
    readonly signal: string;
    readonly noise?: string;
    /** Mask of the coil sensitivities. */
    readonly mask?: string;
    /** Coil sensitivities, or the scan of a body coil. */
    readonly sensitivityMapSource?: string;
    /** Flip-angle map. */
    readonly faCorrection?: string;
  };
  readonly output: OutputFlags;
  readonly seed: number;
  /** Threads to work on; undefined: what the machine and the work suggest. The result does not depend on it. */
  readonly threads?: number;
  /** What runs, where, and with how much; for info.json. */
  readonly worker?: WorkerFacts;
  /** Owner of the job, for info.json. */
  readonly userId?: string;
  readonly openScan: (path: string) => Promise<RawScan>;
  /** Size and checksum of an input, for the record of where the result is from; default: of the file. */
  readonly digest?: (path: string) => Promise<FileDigest>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly log: RunLog;
  readonly onProgress: (progress: RunProgress) => void;
  /** Ends the run between two readouts, with its reason. */
  readonly signal?: AbortSignal;
}

export interface RunSummary {
  readonly medianSnr: number | null;
  readonly maxSnr: number | null;
  readonly slices: number;
  /** Columns and lines of the image. */
  readonly matrix: number[];
  readonly coils: number;
  readonly warnings: number;
}

export interface RunOutcome {
  readonly summary: RunSummary;
  readonly warnings: readonly string[];
  /** The files of the result: name inside the zip, and where they lie. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
}

/** A run in progress: the request, and what its steps share. */
export interface Run {
  readonly request: RunRequest;
  readonly startedMs: number;
  /** Opens a raw-data file until the end of the run. */
  open(path: string): Promise<RawScan>;
  /** Reports progress and lets other work of the process in. Throws the reason of an abort. */
  step(progress: RunProgress): Promise<void>;
  /** Closes what was opened. */
  close(): Promise<void>;
}

export function startRun(request: RunRequest): Run {
  const opened: RawScan[] = [];
  return {
    request,
    startedMs: request.clock(),
    async open(path) {
      const scan = await request.openScan(path);
      opened.push(scan);
      return scan;
    },
    async step(progress) {
      request.onProgress(progress);
      await nextTurn();
      request.signal?.throwIfAborted();
    },
    async close() {
      await Promise.all(opened.map((scan) => scan.close()));
    },
  };
}
