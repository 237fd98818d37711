/** Our templates for one stack, as the tests of them look at it. */
import { readFileSync } from 'node:fs';
import { readLongForm } from '../../../infra/local/template/long-form.ts';
import type { Place } from '../../../infra/local/template/names.ts';
import { type ResolvedTemplate, resolveTemplate } from '../../../infra/local/template/resolve.ts';

export const ACCOUNT = '222222222222';
export const PLACE: Place = {
  stackName: 'mroptimum-mode2',
  accountId: ACCOUNT,
  region: 'us-west-2',
  partition: 'aws',
};

/** What has no default. */
export const REQUIRED = {
  CloudMRApiUrl: 'https://brain.example.org',
  CloudMRUserToken: 'r1Xq5vN8s3Yk7Zc0Tb2Wm4Jd6Hf9Lg1P_abcdefghij',
  ExternalId: 'cloudmr-4rSLtcUoiNF1c5j6Zq8jVbYk2mX9wT3d',
  BrokerRoleArn: 'arn:aws:iam::111111111111:role/CloudMRBrainRole',
  VpcId: 'vpc-1',
  SubnetId1: 'subnet-1',
  SubnetId2: 'subnet-2',
};

export const KEY_ARN = `arn:aws:kms:us-west-2:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`;

/** A template of infra/ as data, in the long form. */
export function templateOf(path: string): Record<string, unknown> {
  return readLongForm(readFileSync(new URL(`../../../infra/${path}`, import.meta.url), 'utf8'));
}

const mode2Document = templateOf('mode2-deployment/template-mode2.yaml');

export function mode2(place: Partial<Place> = {}, parameters: Record<string, string> = {}): ResolvedTemplate {
  return resolveTemplate(mode2Document, { ...PLACE, ...place }, { ...REQUIRED, ...parameters });
}
