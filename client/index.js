/** The typed client of the broker's API: `openapi-fetch` over the types of openapi.yaml. For browsers and Node. */
import createClient from 'openapi-fetch';

/** @type {import('./index.d.ts').createBrokerClient} */
export function createBrokerClient({ baseUrl, token, fetch }) {
  const client = createClient({ baseUrl, fetch });
  if (token !== undefined) {
    client.use({
      async onRequest({ request }) {
        const bearer = typeof token === 'function' ? await token() : token;
        if (!request.headers.has('authorization')) request.headers.set('authorization', `Bearer ${bearer}`);
        return request;
      },
    });
  }
  return client;
}

export class BrokerError extends Error {
  /** @param {Response} response @param {Partial<import('./index.d.ts').ErrorBody>} body */
  constructor(response, body) {
    super(body.message ?? `The broker answered ${response.status}.`);
    this.name = 'BrokerError';
    this.status = response.status;
    this.code = body.code ?? 'unknown';
    this.remedy = body.remedy;
    this.requestId = body.requestId ?? response.headers.get('x-request-id') ?? undefined;
    this.details = body.details;
    const wait = response.headers.get('retry-after');
    this.retryAfterSeconds = wait === null ? undefined : Number(wait);
  }
}

/** @type {import('./index.d.ts').dataOf} */
export async function dataOf(call) {
  const { data, error, response } = await call;
  if (!response.ok) throw new BrokerError(response, typeof error === 'object' && error !== null ? error : {});
  return data;
}
