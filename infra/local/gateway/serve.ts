/** How the gateway serves each protocol once it knows the service: read, verify, count, strike, answer. */
import type { IncomingMessage } from 'node:http';
import type { CallCounter } from '../calls.ts';
import { AwsError, type JsonService, type S3Service, type ServiceContext } from '../contract.ts';
import type { Control } from '../control.ts';
import type { Fault, Faults } from '../faults.ts';
import type { Authorizer, Identity } from '../iam/authorize.ts';
import { operationOf } from '../s3/routes.ts';
import { authError } from '../sigv4/auth-errors.ts';
import { readClaim, type SignatureClaim } from '../sigv4/claim.ts';
import { splitTarget } from '../sigv4/encoding.ts';
import type { Verify } from '../sigv4/verify.ts';
import { resultXml } from '../sts/xml.ts';
import type { Sts } from '../sts.ts';
import { answerJson, answerStream, answerXml, type Exchange, letContinue, readBody } from './exchange.ts';
import { underFault, underFaultStreaming } from './strike.ts';

export interface ServeDeps {
  readonly verify: Verify<Identity>;
  readonly authorizer: Authorizer;
  readonly sts: Sts;
  readonly control: Control;
  readonly faults: Faults;
  readonly calls: CallCounter;
}

export interface Serve {
  json(exchange: Exchange, claim: SignatureClaim, service: JsonService): Promise<void>;
  sts(exchange: Exchange, claim: SignatureClaim): Promise<void>;
  /** Without a claim the request is anonymous. */
  s3(exchange: Exchange, claim: SignatureClaim | undefined, s3: S3Service): Promise<void>;
  control(exchange: Exchange): Promise<void>;
}

/** Longest bodies: DynamoDB takes 16 MiB, the others 1 MiB of content in some wrapping. */
const BODY_LIMITS: Record<string, number> = { dynamodb: 16_777_216 };
const BODY_LIMIT = 1_048_576 + 65_536;
const JSON_TYPE = 'application/x-amz-json-1.0';

/** What a signature can cover of a request. */
export function signedParts(request: IncomingMessage) {
  return { method: request.method!, url: request.url!, rawHeaders: request.rawHeaders };
}

export function createServe({ verify, authorizer, sts, control, faults, calls }: ServeDeps): Serve {
  const contextOf = (exchange: Exchange, claim: SignatureClaim, identity: Identity): ServiceContext => ({
    requestId: exchange.requestId,
    accountId: identity.caller.accountId,
    region: claim.region,
    caller: identity.caller,
    authorize: authorizer.forRequest(identity, claim.service, claim.region),
  });
  const strike = (service: string, operation: string, { caller }: Identity): Fault | undefined => {
    calls.record(service, operation, caller.accountId);
    return faults.strike(service, operation, caller.accountId);
  };

  return {
    async json(exchange, claim, service) {
      const body = await readBody(exchange, BODY_LIMITS[claim.service] ?? BODY_LIMIT);
      const { holder } = verify(exchange.request.method!, claim, body);
      const operation = operationFrom(claim, service);
      const input = parseObject(body);
      await underFault(
        exchange,
        claim.service,
        strike(claim.service, operation, holder),
        () => service.call(operation, input, contextOf(exchange, claim, holder)),
        (result) => answerJson(exchange, 200, result ?? {}, JSON_TYPE),
      );
    },

    async sts(exchange, claim) {
      const { method, url } = exchange.request;
      const body = await readBody(exchange, BODY_LIMIT);
      const { holder } = verify(method!, claim, body);
      const form = new URLSearchParams(method === 'GET' ? splitTarget(url!).query : body.toString());
      const action = form.get('Action') ?? '';
      if (!/^[A-Za-z]{1,64}$/.test(action))
        throw new AwsError('MissingAction', 'The request names no Action.');
      await underFault(
        exchange,
        'sts',
        strike('sts', action, holder),
        async () => sts.call(action, form, holder, claim.region),
        (result) => answerXml(exchange, 200, resultXml(action, result, exchange.requestId)),
      );
    },

    async s3(exchange, claim, s3) {
      const { request, response } = exchange;
      if (!claim) {
        letContinue(exchange);
        return s3.handle(request, response, undefined, { contentSha256: '' });
      }
      const { holder, payloadHash, signingKey } = verify(request.method!, claim, undefined);
      const fault = strike('s3', operationOf(request), holder);
      const { signature, scope, amzDate } = claim;
      const body = { contentSha256: payloadHash, seed: { signature, signingKey, scope, amzDate } };
      await underFaultStreaming(exchange, 's3', fault, (answer) => {
        letContinue(exchange);
        return s3.handle(request, answer, contextOf(exchange, claim, holder), body);
      });
    },

    async control(exchange) {
      const { request } = exchange;
      const asked = { method: request.method!, path: splitTarget(request.url!).path };
      const open = control.open(asked, request.headers.authorization);
      if (open) return answerJson(exchange, 200, open);
      const claim = readClaim(signedParts(request));
      if (!claim) throw authError('cloudmr', 'missing', 'Request is missing Authentication Token');
      if (claim.service !== 'cloudmr')
        throw authError('cloudmr', 'mismatch', "Sign for the service 'cloudmr'.");
      const body = await readBody(exchange, BODY_LIMIT);
      const { holder } = verify(request.method!, claim, body);
      const stream = control.streamed(asked, holder.caller);
      if (stream) return answerStream(exchange, stream);
      answerJson(exchange, 200, await control.signed(asked, body, holder.caller));
    },
  };
}

function operationFrom(claim: SignatureClaim, service: JsonService): string {
  const [prefix, operation, ...rest] = (claim.headers.get('x-amz-target') ?? '').split('.');
  if (prefix !== service.targetPrefix || rest.length > 0 || !/^[A-Za-z0-9]{1,64}$/.test(operation ?? '')) {
    throw new AwsError('UnknownOperationException', `X-Amz-Target names no operation of ${service.name}.`);
  }
  return operation;
}

function parseObject(body: Buffer): Record<string, unknown> {
  let input: unknown;
  try {
    input = JSON.parse(body.toString('utf8') || '{}');
  } catch {
    throw new AwsError('SerializationException', 'The request body is not JSON.');
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new AwsError('SerializationException', 'The request body is not a JSON object.');
  }
  return input as Record<string, unknown>;
}
