/** The broker's API with the types of openapi.yaml, in the name of whoever is signed in. */
import { BrokerError, type components, createBrokerClient, dataOf } from '../../client/index.js';
import { accessToken, dropToken } from './session.ts';

export { BrokerError };

type Schemas = components['schemas'];
export type Job = Schemas['Job'];
export type JobState = Job['state'];
export type Unit = Schemas['ComputingUnit'];
export type Check = Schemas['UnitCheck'];
export type Preflight = Schemas['PreflightReport'];
export type DataFile = Schemas['DataFile'];
export type Mode = Unit['mode'];
export type Overview = Schemas['Operations'];

const client = createBrokerClient({ baseUrl: location.origin, token: accessToken, fetch: sent });

/** A token may have been ended by somebody: then once more with a new one. */
async function sent(request: Request): Promise<Response> {
  const again = request.clone();
  const first = await fetch(request);
  if (first.status !== 401) return first;
  dropToken();
  again.headers.set('authorization', `Bearer ${await accessToken()}`);
  return fetch(again);
}

/** Calls of the API: `get('/api/job', {…})` answers the data, or throws BrokerError. */
export const api = client;
export const data = dataOf;

/** For people who are not signed in. */
export const openApi = createBrokerClient({ baseUrl: location.origin });

/** What went wrong, in words for people, and what can be done. */
export function explain(error: unknown): { message: string; remedy?: string; requestId?: string } {
  if (error instanceof BrokerError) {
    const { message, remedy, requestId } = error;
    return { message, remedy, requestId };
  }
  if (error instanceof TypeError) {
    return {
      message: 'The broker cannot be reached.',
      remedy: 'Check the connection; what was begun goes on without this page.',
    };
  }
  return { message: error instanceof Error ? error.message : String(error) };
}
