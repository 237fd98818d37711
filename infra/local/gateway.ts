/**
 * The one door of the embedded cloud: verifies who asks, finds the service by the credential scope of the
 * signature, counts the call, lets ordered faults strike, and answers errors in the service's protocol.
 * Nothing of a request is ever logged.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallCounter } from './calls.ts';
import {
  AwsError,
  type Clock,
  type JsonService,
  notEmulated,
  type S3Service,
  type ServiceContext,
} from './contract.ts';
import { CONTROL_PREFIX, type Control } from './control.ts';
import type { Faults } from './faults.ts';
import {
  answerError,
  answerJson,
  answerXml,
  ClientGone,
  type Exchange,
  letContinue,
  readBody,
} from './gateway/exchange.ts';
import { underFault, underFaultStreaming } from './gateway/strike.ts';
import type { Authorizer, Identity } from './iam/authorize.ts';
import { operationOf } from './s3/routes.ts';
import { authError } from './sigv4/auth-errors.ts';
import { guessService, headerMap, readClaim, type SignatureClaim } from './sigv4/claim.ts';
import { splitTarget } from './sigv4/encoding.ts';
import { createVerifier } from './sigv4/verify.ts';
import { resultXml } from './sts/xml.ts';
import type { Sts } from './sts.ts';

/** The services behind the gateway; they join one by one while the cloud starts. */
export interface Services {
  s3?: S3Service;
  readonly json: Map<string, JsonService>;
}

export interface GatewayDeps {
  readonly clock: Clock;
  readonly sts: Sts;
  readonly authorizer: Authorizer;
  readonly control: Control;
  readonly faults: Faults;
  readonly calls: CallCounter;
  readonly services: Services;
  /** Gets what no service expected: defects of the embedded cloud. */
  readonly reportError: (error: unknown) => void;
}

export interface Gateway {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** For requests with `Expect: 100-continue`: refusals are answered before the body is sent. */
  handleExpecting(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** Longest bodies: DynamoDB takes 16 MB, the others 1 MiB of content in some wrapping. */
const BODY_LIMITS: Record<string, number> = { dynamodb: 16_777_216 };
const BODY_LIMIT = 1_048_576 + 65_536;

export function createGateway(deps: GatewayDeps): Gateway {
  const { services, faults, calls } = deps;
  const verify = createVerifier<Identity>({ clock: deps.clock, find: deps.sts.find });

  const contextOf = (exchange: Exchange, claim: SignatureClaim, identity: Identity): ServiceContext => ({
    requestId: exchange.requestId,
    accountId: identity.caller.accountId,
    region: claim.region,
    caller: identity.caller,
    authorize: deps.authorizer.forRequest(identity, claim.service, claim.region),
  });

  const strike = (service: string, operation: string, { caller }: Identity) => {
    calls.record(service, operation, caller.accountId);
    return faults.strike(service, operation, caller.accountId);
  };

  const serveJson = async (
    exchange: Exchange,
    claim: SignatureClaim,
    service: JsonService,
  ): Promise<void> => {
    const body = await readBody(exchange, BODY_LIMITS[claim.service] ?? BODY_LIMIT);
    const { holder } = verify(exchange.request.method!, claim, body);
    const operation = operationFrom(claim, service);
    const input = parseInput(body);
    const fault = strike(claim.service, operation, holder);
    await underFault(
      exchange,
      claim.service,
      fault,
      () => service.call(operation, input, contextOf(exchange, claim, holder)),
      (result) => answerJson(exchange, 200, result ?? {}, 'application/x-amz-json-1.0'),
    );
  };

  const serveSts = async (exchange: Exchange, claim: SignatureClaim): Promise<void> => {
    const body = await readBody(exchange, BODY_LIMIT);
    const { method } = exchange.request;
    const { holder } = verify(method!, claim, body);
    const form = new URLSearchParams(
      method === 'GET' ? claim.query.map(([k, v]) => [k, v]) : body.toString(),
    );
    const action = form.get('Action') ?? '';
    if (!/^[A-Za-z]{1,64}$/.test(action)) throw new AwsError('MissingAction', 'The request names no Action.');
    await underFault(
      exchange,
      'sts',
      strike('sts', action, holder),
      async () => deps.sts.call(action, form, holder, claim.region),
      (result) => answerXml(exchange, 200, resultXml(action, result, exchange.requestId)),
    );
  };

  const serveS3 = async (
    exchange: Exchange,
    claim: SignatureClaim | undefined,
    s3: S3Service,
  ): Promise<void> => {
    const { request, response } = exchange;
    if (!claim) {
      letContinue(exchange);
      return s3.handle(request, response, undefined, { contentSha256: '' });
    }
    const { holder, payloadHash, signingKey } = verify(request.method!, claim, undefined);
    const operation = operationOf(request);
    const fault = strike('s3', operation, holder);
    const { signature, scope, amzDate } = claim;
    const body = { contentSha256: payloadHash, seed: { signature, signingKey, scope, amzDate } };
    letContinue(exchange);
    await underFaultStreaming(exchange, 's3', fault, (answer) =>
      s3.handle(request, answer, contextOf(exchange, claim, holder), body),
    );
  };

  const serveControl = async (exchange: Exchange, claim: SignatureClaim | undefined): Promise<void> => {
    const { request } = exchange;
    const asked = { method: request.method!, path: splitTarget(request.url!).path };
    const open = deps.control.open(asked, request.headers.authorization);
    if (open) return answerJson(exchange, 200, open);
    if (!claim) throw authError('cloudmr', 'missing', 'Request is missing Authentication Token');
    if (claim.service !== 'cloudmr')
      throw authError('cloudmr', 'mismatch', "Sign for the service 'cloudmr'.");
    const body = await readBody(exchange, BODY_LIMIT);
    const { holder } = verify(request.method!, claim, body);
    answerJson(exchange, 200, await deps.control.signed(asked, body, holder.caller));
  };

  const serve = async (exchange: Exchange): Promise<void> => {
    const { request } = exchange;
    const headers = headerMap(request.rawHeaders);
    let service = guessService(request.method!, headers);
    try {
      if (request.url!.startsWith(CONTROL_PREFIX)) {
        service = 'cloudmr';
        const isToken = !headers.get('authorization')?.startsWith('AWS4-');
        return await serveControl(exchange, isToken ? undefined : readClaim(toSigned(request)));
      }
      // A preflight of a presigned URL carries a signature that is not meant for it.
      if (request.method === 'OPTIONS') service = 's3';
      const claim = request.method === 'OPTIONS' ? undefined : readClaim(toSigned(request));
      service = claim?.service ?? service;
      if (!claim && service !== 's3')
        throw authError(service, 'missing', 'Request is missing Authentication Token');
      if (service === 'sts') return await serveSts(exchange, claim!);
      if (service === 's3') return await serveS3(exchange, claim, present(services.s3, service));
      if (!EMULATED.has(service)) throw notEmulated(`the service ${service}`);
      return await serveJson(exchange, claim!, present(services.json.get(service), service));
    } catch (error) {
      if (error instanceof ClientGone) return;
      if (service === 's3') addCorsHeaders(exchange);
      await answerError(exchange, service, error instanceof AwsError ? error : unexpected(service, error));
    }
  };

  const addCorsHeaders = ({ request, response }: Exchange): void => {
    if (response.headersSent) return;
    const headers = services.s3?.corsHeaders?.(request) ?? {};
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  };

  const unexpected = (service: string, error: unknown): AwsError => {
    deps.reportError(error);
    const code =
      service === 's3' ? 'InternalError' : service === 'sts' ? 'InternalFailure' : 'InternalServerError';
    return new AwsError(code, 'The embedded cloud has a defect; see its error output.', 500);
  };

  const start = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) => {
    const requestId = randomUUID();
    // Clients correct their own clock by this header, so it must tell the cloud's time.
    response.sendDate = false;
    response.setHeader('date', new Date(deps.clock()).toUTCString());
    response.setHeader('x-amzn-requestid', requestId);
    return serve({ request, response, requestId, awaitsContinue }).catch((error) => {
      if (!(error instanceof ClientGone)) deps.reportError(error);
      response.destroy();
    });
  };

  return {
    handle: (request, response) => start(request, response, false),
    handleExpecting: (request, response) => start(request, response, true),
  };
}

/** JSON services behind the gateway; any other name in a credential scope is refused by name. */
const EMULATED = new Set(['dynamodb', 'states']);

function toSigned(request: IncomingMessage) {
  return { method: request.method!, url: request.url!, rawHeaders: request.rawHeaders };
}

function present<S>(service: S | undefined, name: string): S {
  if (service === undefined) throw new AwsError('ServiceUnavailable', `${name} is starting.`, 503);
  return service;
}

function operationFrom(claim: SignatureClaim, service: JsonService): string {
  const [prefix, operation, ...rest] = (claim.headers.get('x-amz-target') ?? '').split('.');
  if (prefix !== service.targetPrefix || rest.length > 0 || !/^[A-Za-z0-9]{1,64}$/.test(operation ?? '')) {
    throw new AwsError('UnknownOperationException', `X-Amz-Target names no operation of ${service.name}.`);
  }
  return operation;
}

function parseInput(body: Buffer): Record<string, unknown> {
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
