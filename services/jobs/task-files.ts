/**
 * The files a task document refers to. The GUI scatters file references over the document; the broker
 * lifts them out, checks that each is the caller's own, and leaves nothing in the stored task that could
 * be a secret or a path.
 */
import { AppError } from '../../src/errors.ts';
import type { JobInput } from '../../src/schemas/execution.ts';

const MAX_DEPTH = 20;
const SECRET_KEYS =
  /^(token|id_?token|access_?token|refresh_?token|api_?key|password|authorization|presigned.*|.*_url)$/i;

/** Roles by the key a reference stands under; a mask is `{method: 'upload', file: REF}`. */
const ROLES: Record<string, string> = { file: 'mask' };

export interface TaskFiles {
  /** The task without secrets; references keep bucket, key and filename. */
  readonly task: Record<string, unknown>;
  /** By role: `signal`, `noise`, `mask`, `sensitivityMapSource`, `faCorrection`... */
  readonly inputs: Record<string, JobInput>;
}

/**
 * Takes a task apart. `allowed(bucket, key)` decides whether the caller may use the object.
 * Throws AppError invalid_request naming the path of the first reference that cannot be used.
 */
export function takeFiles(
  task: Record<string, unknown>,
  allowed: (bucket: string, key: string) => boolean,
): TaskFiles {
  const inputs: Record<string, JobInput> = {};

  function walk(value: unknown, path: string[], depth: number): unknown {
    if (depth > MAX_DEPTH) throw new AppError('invalid_request', 'task: nested too deeply');
    if (Array.isArray(value)) return value.map((item, i) => walk(item, [...path, String(i)], depth + 1));
    if (typeof value !== 'object' || value === null) return value;
    const record = value as Record<string, unknown>;
    if (record['type'] === 'file') take(record, path);
    const copy: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(record)) {
      if (key === '__proto__' || SECRET_KEYS.test(key)) continue;
      copy[key] = walk(item, [...path, key], depth + 1);
    }
    return copy;
  }

  function take(reference: Record<string, unknown>, path: string[]): void {
    const options = (reference['options'] ?? {}) as Record<string, unknown>;
    const { bucket, key, filename } = options;
    const where = `task.${path.join('.')}`;
    // An empty picker of the GUI is a reference without a place; the worker says if it needed one.
    if (options['type'] !== 's3' && (filename === null || filename === undefined || filename === '')) return;
    if (options['type'] !== 's3') {
      throw new AppError(
        'invalid_request',
        `${where}: only uploaded files can be used, not type "${String(options['type'])}"`,
      );
    }
    if (typeof bucket !== 'string' || typeof key !== 'string' || !allowed(bucket, key)) {
      throw new AppError('invalid_request', `${where}: not a file you uploaded for this computing unit`, {
        remedy:
          'Upload the file for the computing unit that runs the job, and use the location of that upload.',
      });
    }
    const last = path.at(-1) ?? 'file';
    const role = ROLES[last] ?? last;
    inputs[role] = { bucket, key, filename: typeof filename === 'string' ? filename.slice(0, 255) : role };
  }

  return { task: walk(task, [], 0) as Record<string, unknown>, inputs };
}
