/** Proof of ownership on the wire: what to sign, and the signature. */
import { z } from 'zod';
import { isoTime, unitIdWord } from './common.ts';

const NAMES = ['authorization', 'x-amz-date', 'x-amz-security-token', 'x-cloudmr-challenge'] as const;
/** Headers that signers add by themselves; their values are the broker's own, so what is sent is not looked at. */
const IGNORED = new Set(['host', 'content-type', 'content-length', 'x-amz-content-sha256']);
const MAX_HEADERS = 20;

/** The headers of the signed request, under any spelling of their names. */
const signedHeaders = z
  .record(z.string().max(60), z.string().max(16_384))
  .transform((given, context) => {
    const found = new Map<string, string>();
    for (const [spelt, value] of Object.entries(given).slice(0, MAX_HEADERS + 1)) {
      const name = spelt.toLowerCase();
      if (IGNORED.has(name)) continue;
      if (!NAMES.some((known) => known === name)) {
        context.addIssue({ code: 'custom', path: [spelt], message: 'is not a header of the signed request' });
      } else if (found.has(name)) {
        context.addIssue({ code: 'custom', path: [spelt], message: 'is given twice' });
      }
      found.set(name, value);
    }
    for (const name of NAMES) {
      if (name !== 'x-amz-security-token' && !found.has(name)) {
        context.addIssue({ code: 'custom', path: [name], message: 'is missing' });
      }
    }
    return {
      authorization: found.get('authorization') ?? '',
      amzDate: found.get('x-amz-date') ?? '',
      securityToken: found.get('x-amz-security-token'),
      challenge: found.get('x-cloudmr-challenge') ?? '',
    };
  })
  .meta({
    description: 'The headers of the request of the challenge, signed with Signature Version 4 for `sts`',
    properties: Object.fromEntries(
      [...NAMES, ...IGNORED].map((name) => [name, { type: 'string', maxLength: 16_384 }]),
    ),
    required: NAMES.filter((name) => name !== 'x-amz-security-token'),
    additionalProperties: false,
  });

export const EXAMPLE_PROOF = {
  headers: {
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260102/us-east-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-cloudmr-challenge, Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024',
    'x-amz-date': '20260102T030405Z',
    'x-cloudmr-challenge':
      'arn:aws:iam::123456789012:role/CloudMRBrainRole;9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  },
};
export const proof = z.object({ headers: signedHeaders }).meta({ id: 'OwnershipProof' });

export const challengeBody = z
  .object({ computingUnitId: unitIdWord })
  .nullish()
  .transform((body) => ({ unitId: body?.computingUnitId }))
  .meta({ examples: [{}] });

export const challengeAnswer = z
  .object({
    nonce: z.string(),
    audience: z.string().meta({ description: 'This broker; part of what is signed' }),
    externalId: z.string().meta({ description: 'For the trust policy of the role' }),
    brokerRoleArn: z.string().meta({ description: 'The only principal the trust policy should name' }),
    enrolmentCode: z.string().meta({
      description: 'Registers one unit in your name without your token (POST /api/computing-unit/enrol)',
    }),
    expiresAt: isoTime,
    request: z
      .object({
        method: z.literal('POST'),
        url: z.string(),
        headers: z.record(z.string(), z.string()),
        body: z.string(),
      })
      .meta({ description: 'Sign exactly this with Signature Version 4, and send only its headers back' }),
  })
  .meta({
    examples: [
      {
        nonce: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        audience: 'arn:aws:iam::111111111111:role/CloudMRBrainRole',
        externalId: 'cloudmr-4rSLtcUoiNF1c5j6Zq8jVbYk2mX9wT3d',
        brokerRoleArn: 'arn:aws:iam::111111111111:role/CloudMRBrainRole',
        enrolmentCode: 'r1Xq5vN8s3Yk7Zc0Tb2Wm4Jd6Hf9Lg1P',
        expiresAt: '2026-11-22T09:40:00.000Z',
        request: {
          method: 'POST',
          url: 'https://sts.us-east-1.amazonaws.com/',
          headers: {
            'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
            'x-cloudmr-challenge':
              'arn:aws:iam::111111111111:role/CloudMRBrainRole;9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          },
          body: 'Action=GetCallerIdentity&Version=2011-06-15',
        },
      },
    ],
  });
