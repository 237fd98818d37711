/** Somebody who is signed in, and what that person asks the broker. */
import type { Api } from '../../src/plugins/zod.ts';

export type Answer = Awaited<ReturnType<Api['inject']>>;
export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly tokens: Record<'id_token' | 'access_token' | 'refresh_token', string>;
  get(url: string, headers?: Record<string, string>): Promise<Answer>;
  post(url: string, payload?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(url: string, payload?: unknown): Promise<Answer>;
  patch(url: string, payload?: unknown): Promise<Answer>;
  del(url: string, payload?: unknown): Promise<Answer>;
}

/** The person behind the answer to a sign-in. */
export function personOf(app: Api, email: string, signed: Person['tokens'] & { user_id: string }): Person {
  const authorization = `Bearer ${signed.id_token}`;
  return {
    userId: signed.user_id,
    email,
    tokens: signed,
    get: (url, headers) => app.inject({ method: 'GET', url, headers: { authorization, ...headers } }),
    post: (url, payload, headers) =>
      app.inject({
        method: 'POST',
        url,
        payload: payload as object,
        headers: { authorization, ...headers },
      }),
    put: (url, payload) =>
      app.inject({ method: 'PUT', url, payload: payload as object, headers: { authorization } }),
    patch: (url, payload) =>
      app.inject({ method: 'PATCH', url, payload: payload as object, headers: { authorization } }),
    del: (url, payload) =>
      app.inject({ method: 'DELETE', url, payload: payload as object, headers: { authorization } }),
  };
}
