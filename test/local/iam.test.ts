/** Policies: what they match, who wins, what is refused by name. */

import t from 'tap';
import { conditionsHold } from '../../infra/local/iam/conditions.ts';
import { evaluate } from '../../infra/local/iam/evaluate.ts';
import { readPolicy } from '../../infra/local/iam/policy.ts';
import { matchesArn, matchesWildcard } from '../../infra/local/iam/wildcard.ts';
import { fc } from '../helpers/fast-check.ts';

const OBJECT = 'arn:aws:s3:::lab-data/app/user/1';

function decide(statements: unknown, action = 's3:GetObject', resource = OBJECT, keys = {}) {
  return evaluate([readPolicy({ Statement: statements }, 'identity')], { action, resource, keys });
}

t.test('wildcards', async (t) => {
  const cases: [pattern: string, text: string, matches: boolean][] = [
    ['*', '', true],
    ['*', 'anything:at/all', true],
    ['a*', 'a', true],
    ['a*c', 'abbbc', true],
    ['a*c', 'abbb', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['**', 'x', true],
    ['*b*b*', 'abab', true],
    ['a.c', 'abc', false],
    ['A', 'a', false],
    ['', '', true],
    ['', 'a', false],
  ];
  for (const [pattern, text, matches] of cases) {
    t.equal(matchesWildcard(pattern, text), matches, `${pattern} on ${text}`);
  }
  const asRegExp = (pattern: string) =>
    new RegExp(`^${[...pattern].map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c)).join('')}$`);
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 }),
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }),
      (pattern, text) => matchesWildcard(pattern, text) === asRegExp(pattern).test(text),
    ),
    { numRuns: 2_000 },
  );
  const started = process.hrtime.bigint();
  t.equal(matchesWildcard(`${'*a'.repeat(900)}b`, 'a'.repeat(2_000)), false);
  t.ok(process.hrtime.bigint() - started < 500_000_000n, 'a hostile pattern costs no more than its size');
});

t.test('ARNs are compared part by part', async (t) => {
  t.equal(matchesArn('arn:aws:iam::*:role/x', 'arn:aws:iam::222222222222:role/x'), true);
  t.equal(matchesArn('arn:*:role/x', 'arn:aws:iam::222222222222:role/x'), false);
  t.equal(matchesArn('arn:aws:states:*:1:execution:*', 'arn:aws:states:us-east-1:1:execution:a:b'), true);
});

t.test('statements', async (t) => {
  const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::lab-*/app/*' };
  t.equal(decide([allow]), 'allow');
  t.equal(decide(allow), 'allow', 'a single statement needs no list');
  t.equal(decide([allow], 'S3:getobject'), 'allow', 'actions ignore case');
  t.equal(decide([allow], 's3:PutObject'), 'no_allow');
  t.equal(decide([allow], 's3:GetObject', 'arn:aws:s3:::lab-data/APP/x'), 'no_allow', 'resources do not');
  t.equal(decide([]), 'no_allow');
  const deny = { Effect: 'Deny', Action: '*', Resource: OBJECT };
  t.equal(decide([allow, deny]), 'explicit_deny');
  t.equal(decide([deny, allow]), 'explicit_deny', 'in any order');
  t.equal(decide([{ Effect: 'Allow', NotAction: 's3:Delete*', Resource: '*' }]), 'allow');
  t.equal(decide([{ Effect: 'Allow', NotAction: ['s3:Get*'], Resource: '*' }]), 'no_allow');
  t.equal(decide([{ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::lab-data/*' }]), 'no_allow');
  t.equal(decide([{ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::other/*' }]), 'allow');
});

t.test('a deny in any policy wins over an allow in another', async (t) => {
  const read = (Effect: string) =>
    readPolicy({ Statement: [{ Effect, Action: '*', Resource: '*' }] }, 'identity');
  const question = { action: 's3:GetObject', resource: OBJECT, keys: {} };
  t.equal(evaluate([read('Allow'), read('Deny')], question), 'explicit_deny');
});

t.test('condition operators', async (t) => {
  const keys = {
    'sts:ExternalId': 'ext-1',
    'aws:PrincipalArn': 'arn:aws:iam::111111111111:role/Broker',
    'aws:SecureTransport': 'true',
    'aws:CurrentTime': '2026-11-22T00:00:00Z',
    'aws:EpochTime': '1795305600',
  };
  const cases: [operator: string, key: string, wanted: string[], holds: boolean][] = [
    ['StringEquals', 'sts:ExternalId', ['ext-1'], true],
    ['StringEquals', 'STS:externalid', ['no', 'ext-1'], true],
    ['StringEquals', 'sts:ExternalId', ['EXT-1'], false],
    ['StringEquals', 'sts:SourceIdentity', ['x'], false],
    ['StringEqualsIfExists', 'sts:SourceIdentity', ['x'], true],
    ['StringEqualsIfExists', 'sts:ExternalId', ['x'], false],
    ['StringEqualsIgnoreCase', 'sts:ExternalId', ['EXT-1'], true],
    ['StringNotEquals', 'sts:ExternalId', ['ext-1', 'ext-2'], false],
    ['StringNotEquals', 'sts:ExternalId', ['ext-2'], true],
    ['StringNotEquals', 'sts:SourceIdentity', ['x'], true],
    ['StringLike', 'sts:ExternalId', ['ext-?'], true],
    ['StringNotLike', 'sts:ExternalId', ['ext-*'], false],
    ['ArnLike', 'aws:PrincipalArn', ['arn:aws:iam::*:role/Bro*'], true],
    ['ArnEquals', 'aws:PrincipalArn', ['arn:aws:iam::111111111111:role/Broker'], true],
    ['ArnNotLike', 'aws:PrincipalArn', ['arn:aws:iam::2*:role/*'], true],
    ['Bool', 'aws:SecureTransport', ['true'], true],
    ['Bool', 'aws:SecureTransport', ['false'], false],
    ['Null', 'sts:SourceIdentity', ['true'], true],
    ['Null', 'sts:ExternalId', ['true'], false],
    ['Null', 'sts:ExternalId', ['false'], true],
    ['NumericLessThan', 'aws:EpochTime', ['1795305601'], true],
    ['NumericLessThanEquals', 'aws:EpochTime', ['1795305600'], true],
    ['NumericGreaterThan', 'aws:EpochTime', ['1795305600'], false],
    ['NumericGreaterThanEquals', 'aws:EpochTime', ['1795305600'], true],
    ['NumericEquals', 'aws:EpochTime', ['1795305600.0'], true],
    ['NumericNotEquals', 'aws:EpochTime', ['1'], true],
    ['NumericEquals', 'sts:ExternalId', ['1'], false],
    ['DateLessThan', 'aws:CurrentTime', ['2026-11-22T00:00:01Z'], true],
    ['DateGreaterThan', 'aws:CurrentTime', ['2026-11-22T01:00:00+01:00'], false],
    ['DateEquals', 'aws:CurrentTime', ['1795305600'], true],
    ['DateGreaterThanEquals', 'aws:CurrentTime', ['not a date'], false],
  ];
  for (const [operator, key, wanted, holds] of cases) {
    t.equal(conditionsHold({ [operator]: { [key]: wanted } }, keys), holds, `${operator} ${key} ${wanted}`);
  }
  t.equal(
    conditionsHold(
      { StringEquals: { 'sts:ExternalId': ['ext-1'] }, Bool: { 'aws:SecureTransport': ['false'] } },
      keys,
    ),
    false,
    'all operators must hold',
  );
});

t.test('what is not emulated is refused by name, not ignored', async (t) => {
  const statement = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
  const refused = (changes: object, message: RegExp, kind: 'trust' | 'identity' = 'identity') =>
    t.throws(() => readPolicy({ Statement: [{ ...statement, ...changes }] }, kind), {
      code: 'MalformedPolicyDocument',
      message,
    });
  refused({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, /IpAddress/);
  refused({ Condition: { 'ForAnyValue:StringEquals': { 's3:prefix': 'a' } } }, /ForAnyValue:StringEquals/);
  refused({ Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1' } } }, /aws:SourceVpc/);
  refused({ Resource: ['arn:aws:s3:::$', '{aws:username}/*'].join('') }, /policy variables/);
  refused({ Principal: '*' }, /no Principal/);
  refused({ NotAction: 's3:*' }, /exactly one of Action/);
  refused({ Action: undefined }, /exactly one of Action/);
  refused({ Resource: undefined }, /exactly one of Resource/);
  refused({ Resource: undefined, NotPrincipal: { AWS: '*' } }, /NotPrincipal/, 'trust');
  refused({ Resource: undefined, Principal: { Federated: 'x' } }, /Principal/, 'trust');
  refused({ Resource: undefined }, /needs a Principal/, 'trust');
});
