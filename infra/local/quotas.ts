/**
 * Service Quotas, as far as somebody asks here: how many vCPUs of Fargate and functions of Lambda an account may use
 * at once. They are only told, not enforced; what an account was given is kept in memory.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AwsError, type JsonService, notEmulated, type ServiceContext } from './contract.ts';

const code = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{1,127}$/);
const named = z.object({ ServiceCode: code, QuotaCode: code });
const wanted = named.extend({ DesiredValue: z.number().min(0).max(1e10) });

/** A value that an account has in a region, in place of the usual one. */
export const quotaInput = z.strictObject({
  region: z.string().min(1).max(32),
  serviceCode: code,
  quotaCode: code,
  value: z.number().min(0),
});
export type QuotaInput = z.input<typeof quotaInput>;

interface KnownQuota {
  readonly serviceName: string;
  readonly quotaName: string;
  /** What every account has that nothing else was said of. */
  readonly value: number;
}

/** Fargate: the four largest tasks, as many as run here at once. Lambda: the default of AWS. */
const KNOWN: Readonly<Record<string, KnownQuota>> = {
  'fargate/L-3032A538': {
    serviceName: 'AWS Fargate',
    quotaName: 'Fargate On-Demand vCPU resource count',
    value: 64,
  },
  'lambda/L-B99A9384': { serviceName: 'AWS Lambda', quotaName: 'Concurrent executions', value: 1_000 },
};

export interface QuotaService extends JsonService {
  /** Gives an account of a region another value. Throws ValidationError. */
  set(accountId: string, input: unknown): object;
}

/** Creates the service. */
export function createQuotaService(): QuotaService {
  const given = new Map<string, number>();

  /** Throws NoSuchResourceException for quotas that are not known here. */
  const find = (arn: string) => {
    const known = KNOWN[arn.split(':')[5]];
    if (!known) throw new AwsError('NoSuchResourceException', 'The specified resource does not exist.');
    return { ...known, value: given.get(arn) ?? known.value };
  };

  const get = (input: unknown, { accountId, region, authorize }: ServiceContext): object => {
    const { ServiceCode, QuotaCode } = read(named, input);
    const arn = arnOf(accountId, region, ServiceCode, QuotaCode);
    authorize('servicequotas:GetServiceQuota', arn);
    const { serviceName, quotaName, value } = find(arn);
    return {
      Quota: {
        ServiceCode,
        ServiceName: serviceName,
        QuotaArn: arn,
        QuotaCode,
        QuotaName: quotaName,
        Value: value,
        Unit: 'None',
        Adjustable: true,
        GlobalQuota: false,
        QuotaAppliedAtLevel: 'ACCOUNT',
      },
    };
  };

  /** Granted at once, which AWS takes hours or days for. */
  const raise = (input: unknown, { accountId, region, authorize }: ServiceContext): object => {
    const { ServiceCode, QuotaCode, DesiredValue } = read(wanted, input);
    const arn = arnOf(accountId, region, ServiceCode, QuotaCode);
    authorize('servicequotas:RequestServiceQuotaIncrease', arn);
    const { quotaName, value } = find(arn);
    if (DesiredValue <= value) {
      throw new AwsError('IllegalArgumentException', `The desired value is not greater than ${value}.`);
    }
    given.set(arn, DesiredValue);
    const RequestedQuota = { Id: randomUUID(), ServiceCode, QuotaCode, QuotaName: quotaName, DesiredValue };
    return { RequestedQuota: { ...RequestedQuota, Status: 'APPROVED', QuotaArn: arn } };
  };

  return {
    name: 'servicequotas',
    targetPrefix: 'ServiceQuotasV20190624',
    async call(operation, input, context) {
      if (operation === 'GetServiceQuota') return get(input, context);
      if (operation === 'RequestServiceQuotaIncrease') return raise(input, context);
      throw notEmulated(`the operation ${operation} of Service Quotas`);
    },
    set(accountId, input) {
      const { region, serviceCode, quotaCode, value } = read(quotaInput, input, 'ValidationError');
      const arn = arnOf(accountId, region, serviceCode, quotaCode);
      find(arn);
      given.set(arn, value);
      return { arn, value };
    },
    close: async () => {},
  };
}

function arnOf(accountId: string, region: string, serviceCode: string, quotaCode: string): string {
  return `arn:aws:servicequotas:${region}:${accountId}:${serviceCode}/${quotaCode}`;
}

function read<T>(schema: z.ZodType<T>, input: unknown, refusal = 'IllegalArgumentException'): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AwsError(refusal, z.prettifyError(parsed.error));
}
