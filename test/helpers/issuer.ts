/** A real OpenID Connect issuer on loopback: discovery document, key set, and tokens signed by its keys. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';

export interface Issuer {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Replaces the answer to a path; undefined: as usual. */
  answers: Record<string, { status?: number; headers?: Record<string, string>; body?: string } | undefined>;
  /** Makes a key and publishes it, instead of those before unless `beside`. */
  newKey(kid: string, options?: { alg?: string; beside?: boolean; modulusLength?: number }): Promise<Key>;
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: Key['privateKey']): Promise<string>;
}
export interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** Starts the issuer with one RS256 key. */
export async function startIssuer(t: { teardown(fn: () => unknown): unknown }): Promise<Issuer> {
  const asked: string[] = [];
  let keys: object[] = [];
  let current: Key | undefined;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const usual: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` },
      '/keys': { keys },
    };
    const {
      status = 200,
      headers = {},
      body = JSON.stringify(usual[path] ?? {}),
    } = issuer.answers[path] ?? {};
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });

  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answers: {},
    async newKey(kid, { alg = 'RS256', beside = false, modulusLength } = {}) {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, modulusLength });
      const published = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
      keys = beside ? [...keys, published] : [published];
      const key = { kid, alg, privateKey, publicKey };
      if (!beside) current = key;
      return key;
    },
    async sign(claims, header = {}, key) {
      if (!current) throw new Error('the issuer has no key');
      return new SignJWT(claims)
        .setProtectedHeader({ alg: current.alg, kid: current.kid, typ: 'JWT', ...header })
        .sign(key ?? current.privateKey);
    },
  };
  await issuer.newKey('key-1');
  return issuer;
}
