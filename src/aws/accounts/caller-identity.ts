/**
 * Who signed: the broker builds the request to sts:GetCallerIdentity itself (address, method, headers, body)
 * and adds only the signature it was given. Nothing of a registrant is forwarded, so no other action can be
 * asked for in their name (CVE-2020-16250), and no other host can be reached.
 */
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CloudError } from '../../../services/ports.ts';
import { type CallerIdentities, ProofError } from '../../../services/units/ports.ts';
import { isClockSkew } from '../cloud-errors.ts';
import { readCallerAnswer } from './caller-answer.ts';
import { BODY, CHALLENGE_HEADER, CONTENT_TYPE, readClaim } from './signed-identity.ts';
import { stsUrl } from './sts-hosts.ts';

export interface CallerIdentitiesDeps {
  /** The embedded cloud; undefined on AWS. */
  readonly endpoint?: string;
  /** `aws`, `aws-cn`, `aws-us-gov`: that of the broker's own role. */
  readonly partition: string;
  /** The region whose STS registrants are told to sign for. */
  readonly region: string;
  readonly clock: () => number;
  /** Milliseconds; default 5,000. */
  readonly timeoutMs?: number;
}

const MAX_ANSWER_BYTES = 65_536;
const SHA256 = createHash('sha256').update(BODY).digest('hex');

/** Creates the access to GetCallerIdentity. */
export function createCallerIdentities(deps: CallerIdentitiesDeps): CallerIdentities {
  const { endpoint, partition, region, clock, timeoutMs = 5_000 } = deps;

  function urlFor(signedRegion: string): URL {
    const address = stsUrl(partition, signedRegion);
    if (!address) throw new ProofError(`authorization: STS has no region ${signedRegion} in ${partition}`);
    return new URL(endpoint ?? address);
  }

  return {
    requestFor(challenge) {
      return {
        method: 'POST',
        url: urlFor(region).href,
        headers: { 'content-type': CONTENT_TYPE, [CHALLENGE_HEADER]: challenge },
        body: BODY,
      };
    },

    async callerOf(signed) {
      const claim = readClaim(signed, clock());
      const answer = await post(
        urlFor(claim.region),
        {
          'content-type': CONTENT_TYPE,
          'content-length': String(BODY.length),
          authorization: signed.authorization,
          'x-amz-date': signed.amzDate,
          [CHALLENGE_HEADER]: signed.challenge,
          ...(signed.securityToken === undefined ? {} : { 'x-amz-security-token': signed.securityToken }),
          ...(claim.signedHeaders.includes('x-amz-content-sha256') ? { 'x-amz-content-sha256': SHA256 } : {}),
        },
        timeoutMs,
      );
      if (answer.status >= 500 || answer.status === 429) throw away(`HTTP ${answer.status}`);
      if (answer.status !== 200) throw refusalOf(answer.text);
      return readCallerAnswer(answer.text, answer.contentType, partition);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

/** One request: no redirect is followed, at most 64 KiB are read, and all of it takes at most `timeoutMs`. */
function post(url: URL, headers: Record<string, string>, timeoutMs: number): Promise<Answer> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      { method: 'POST', headers, signal: AbortSignal.timeout(timeoutMs), agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) request.destroy(new ProofError('the answer of STS is too long'));
          else chunks.push(chunk);
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'],
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
        response.on('error', failed);
      },
    );
    const failed = (error: Error): void =>
      reject(error instanceof ProofError ? error : away(error.name === 'Error' ? error.message : error.name));
    request.on('error', failed);
    request.end(BODY);
  });
}

/** Of what STS answers only this is told: whether the time is at fault. */
function refusalOf(xml: string): ProofError {
  const [, code = ''] = /<Code>(\w{1,100})<\/Code>/.exec(xml) ?? [];
  const [, message = ''] = /<Message>([^<]{1,500})<\/Message>/.exec(xml) ?? [];
  return isClockSkew(code, message)
    ? new ProofError('STS: the signature is too far from the time of AWS; check the clock', 'clock_skew')
    : new ProofError('STS does not accept the signature');
}

function away(code: string): CloudError {
  return new CloudError('unavailable', 'GetCallerIdentity', code, 'STS does not answer');
}
