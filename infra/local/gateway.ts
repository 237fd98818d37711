/**
 * The one door of the embedded cloud: finds the service by the credential scope of the signature, hands the
 * request to it, and answers errors in the service's protocol. Nothing of a request is ever logged.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError, type Clock, type JsonService, notEmulated, type S3Service } from './contract.ts';
import { CONTROL_PREFIX } from './control.ts';
import { answerError, ClientGone, type Exchange } from './gateway/exchange.ts';
import { createServe, type ServeDeps, signedParts } from './gateway/serve.ts';
import type { Identity } from './iam/authorize.ts';
import { authError } from './sigv4/auth-errors.ts';
import { guessService, headerMap, readClaim } from './sigv4/claim.ts';
import { createVerifier } from './sigv4/verify.ts';

/** The services behind the gateway; they join one by one while the cloud starts. */
export interface Services {
  s3?: S3Service;
  readonly json: Map<string, JsonService>;
}

export interface GatewayDeps extends Omit<ServeDeps, 'verify'> {
  readonly clock: Clock;
  readonly services: Services;
  /** Gets what no service expected: defects of the embedded cloud. */
  readonly reportError: (error: unknown) => void;
}

export interface Gateway {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** For requests with `Expect: 100-continue`: refusals are answered before the body is sent. */
  handleExpecting(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** JSON services that may be behind the gateway; any other name in a credential scope is refused by name. */
const JSON_SERVICES = new Set(['dynamodb', 'states', 'servicequotas']);

export function createGateway(deps: GatewayDeps): Gateway {
  const { clock, services, reportError } = deps;
  const serve = createServe({ ...deps, verify: createVerifier<Identity>({ clock, find: deps.sts.find }) });

  const route = async (exchange: Exchange): Promise<void> => {
    const { request } = exchange;
    let service = guessService(request.method!, headerMap(request.rawHeaders));
    try {
      if (request.url!.startsWith(CONTROL_PREFIX)) {
        service = 'cloudmr';
        return await serve.control(exchange);
      }
      // A preflight of a presigned URL carries a signature that is not meant for it.
      const preflight = request.method === 'OPTIONS';
      const claim = preflight ? undefined : readClaim(signedParts(request));
      service = preflight ? 's3' : (claim?.service ?? service);
      if (service === 's3') return await serve.s3(exchange, claim, present(services.s3, service));
      if (!claim) throw authError(service, 'missing', 'Request is missing Authentication Token');
      if (service === 'sts') return await serve.sts(exchange, claim);
      if (!JSON_SERVICES.has(service)) throw notEmulated(`the service ${service}`);
      return await serve.json(exchange, claim, present(services.json.get(service), service));
    } catch (error) {
      if (error instanceof ClientGone) return;
      const known = error instanceof AwsError ? error : unexpected(service, error);
      await answerError(exchange, service, known, services.s3);
    }
  };

  const unexpected = (service: string, error: unknown): AwsError => {
    reportError(error);
    const codes: Record<string, string> = { s3: 'InternalError', sts: 'InternalFailure' };
    const code = codes[service] ?? 'InternalServerError';
    return new AwsError(code, 'The embedded cloud has a defect; see its error output.', 500);
  };

  const start = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) => {
    const requestId = randomUUID();
    // Clients correct their own clock by this header, so it must tell the cloud's time.
    response.sendDate = false;
    response.setHeader('date', new Date(clock()).toUTCString());
    response.setHeader('x-amzn-requestid', requestId);
    return route({ request, response, requestId, awaitsContinue }).catch((error) => {
      if (!(error instanceof ClientGone)) reportError(error);
      response.destroy();
    });
  };

  return {
    handle: (request, response) => start(request, response, false),
    handleExpecting: (request, response) => start(request, response, true),
  };
}

function present<S>(service: S | undefined, name: string): S {
  if (service === undefined) throw new AwsError('ServiceUnavailable', `${name} is not running yet.`, 503);
  return service;
}
