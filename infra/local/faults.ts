/**
 * Faults on order: any operation can be told to throttle, to be denied, to find its session expired, its clock wrong, to
 * lose its connection before or after its effect, to answer late, or slowly. Kept in memory: a restart heals all.
 */
import { z } from 'zod';
import { AwsError } from './contract.ts';
import { accountIdSchema } from './registry/stack-schema.ts';
import { authError } from './sigv4/auth-errors.ts';

const faultInput = z
  .strictObject({
    id: z
      .string()
      .regex(/^[\w.-]{1,64}$/)
      .optional(),
    service: z.enum(['dynamodb', 's3', 'sts', 'states', 'servicequotas']),
    /** As the API names it (`StartExecution`), or `*`. */
    operation: z.string().regex(/^(\*|[A-Za-z0-9]{1,64})$/),
    /** Only for callers of this account; default: for all. */
    accountId: accountIdSchema.optional(),
    kind: z.enum([
      'throttle',
      'deny',
      'expired',
      'skewed',
      'timeout_before',
      'timeout_after',
      'late',
      'slow',
    ]),
    /** How late a `late` answer comes. */
    delayMs: z.number().int().min(0).max(600_000).optional(),
    /** How fast a `slow` answer of S3 comes. */
    bytesPerSecond: z.number().int().min(1).max(1_000_000_000).optional(),
    /** Strikes this often, then never again; default: always. */
    times: z.number().int().min(1).max(1_000_000).optional(),
    /** Strikes with this probability, by a generator that `seed` starts. */
    probability: z.number().min(0).max(1).optional(),
    seed: z.number().int().min(0).max(0xffffffff).optional(),
  })
  .refine(({ kind, delayMs }) => (kind === 'late') === (delayMs !== undefined), {
    message: 'delayMs belongs to the kind late, and late needs it',
  })
  .refine(({ kind, bytesPerSecond }) => (kind === 'slow') === (bytesPerSecond !== undefined), {
    message: 'bytesPerSecond belongs to the kind slow, and slow needs it',
  })
  .refine(({ kind, service }) => kind !== 'slow' || service === 's3', {
    message: 'only answers of s3 come slowly',
  });

export type FaultInput = z.input<typeof faultInput>;
export type FaultKind = FaultInput['kind'];

/** A fault with what became of it. */
export type Fault = z.output<typeof faultInput> & {
  id: string;
  /** How often it struck. */
  struck: number;
  /** How often it will strike yet; undefined: without end. */
  remaining: number | undefined;
};

export interface Faults {
  /** Adds or, under the same id, replaces a fault. Throws ValidationError. */
  add(input: unknown): Fault;
  list(): Fault[];
  /** All of them, or one. */
  clear(id?: string): void;
  /** The fault that strikes this call, if any; the first ordered wins. */
  strike(service: string, operation: string, accountId: string): Fault | undefined;
}

const MAX_FAULTS = 1_000;

export function createFaults(): Faults {
  const faults = new Map<string, { fault: Fault; random: () => number }>();
  let made = 0;
  return {
    add(input) {
      const parsed = faultInput.safeParse(input);
      if (!parsed.success) {
        throw new AwsError('ValidationError', `The fault is refused: ${z.prettifyError(parsed.error)}`);
      }
      const id = parsed.data.id ?? `fault-${++made}`;
      if (faults.size >= MAX_FAULTS && !faults.has(id)) {
        throw new AwsError('LimitExceeded', `There are ${MAX_FAULTS} faults already.`);
      }
      const fault: Fault = { ...parsed.data, id, struck: 0, remaining: parsed.data.times };
      faults.set(id, { fault, random: mulberry32(parsed.data.seed ?? 0) });
      return { ...fault };
    },
    list: () => [...faults.values()].map(({ fault }) => ({ ...fault })),
    clear(id) {
      if (id === undefined) faults.clear();
      else faults.delete(id);
    },
    strike(service, operation, accountId) {
      for (const { fault, random } of faults.values()) {
        if (fault.service !== service || fault.remaining === 0) continue;
        if (fault.operation !== '*' && fault.operation !== operation) continue;
        if (fault.accountId !== undefined && fault.accountId !== accountId) continue;
        if (fault.probability !== undefined && random() >= fault.probability) continue;
        fault.struck++;
        if (fault.remaining !== undefined) fault.remaining--;
        return fault;
      }
      return undefined;
    },
  };
}

/** Faults that are an error of the service itself. */
export type Refusal = 'throttle' | 'deny' | 'expired' | 'skewed';

/** The service's own words for being throttled or denied, for a session that ended, or for a clock that is wrong. */
export function faultError(service: string, kind: Refusal): AwsError {
  if (kind === 'expired') {
    return authError(service, 'expired_session', 'The session expired on order of a fault.');
  }
  if (kind === 'skewed') {
    return authError(service, 'skewed', 'Signature not yet current, on order of a fault.');
  }
  if (kind === 'deny') return authError(service, 'denied', 'Access denied on order of a fault.');
  if (service === 's3') return new AwsError('SlowDown', 'Please reduce your request rate.', 503);
  if (service === 'sts') return new AwsError('Throttling', 'Rate exceeded');
  if (service === 'states') return new AwsError('ThrottlingException', 'Rate exceeded');
  if (service === 'servicequotas') return new AwsError('TooManyRequestsException', 'Rate exceeded');
  return new AwsError(
    'ProvisionedThroughputExceededException',
    'The level of configured provisioned throughput for the table was exceeded.',
  );
}

/** Mulberry32 (T. Ettinger, public domain): uniform in [0, 1), the same sequence for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
