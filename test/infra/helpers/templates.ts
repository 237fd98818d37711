/** Our templates for one stack, as the tests of them look at it. */
import { readFileSync } from 'node:fs';
import { readLongForm } from '../../../infra/local/template/long-form.ts';
import type { Place } from '../../../infra/local/template/names.ts';
import { type ResolvedTemplate, resolveTemplate } from '../../../infra/local/template/resolve.ts';
import { withoutServerless } from '../../../infra/local/template/serverless.ts';

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

const brokerDocument = templateOf('broker/template.yaml');
const workerSource = new URL('../../../infra/calculation/template.yaml', import.meta.url);
const workerDocument = withoutServerless(templateOf('calculation/template.yaml'), workerSource);
export const BROKER_ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/cloudmr-broker-CloudMRBrainRole`;
const IMAGE = `${ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com/x@sha256:${'a'.repeat(64)}`;

/** The broker's own stack. */
export function broker(parameters: Record<string, string> = {}): ResolvedTemplate {
  const required = {
    DomainName: 'brain.example.org',
    CertificateArn: `arn:aws:acm:us-west-2:${ACCOUNT}:certificate/1`,
    ImageUri: IMAGE,
    VpcId: 'vpc-1',
    VpcCidr: '10.0.0.0/16',
    SubnetId1: 'subnet-1',
    SubnetId2: 'subnet-2',
    AdminEmail: 'ada@example.org',
    AlarmEmail: 'ada@example.org',
  };
  const place = { ...PLACE, stackName: 'cloudmr-broker' };
  return resolveTemplate(brokerDocument, place, { ...required, ...parameters });
}

/** The worker of Mode 1, as SAM makes it. */
export function worker(parameters: Record<string, string> = {}): ResolvedTemplate {
  return resolveTemplate(
    workerDocument,
    { ...PLACE, stackName: 'mroptimum-app' },
    {
      NamePrefix: 'mroptimum-app',
      CloudMRApiUrl: 'https://brain.example.org',
      BrokerRoleArn: BROKER_ROLE_ARN,
      DataBucketPName: `cloudmr-broker-data-${ACCOUNT}-us-west-2`,
      ResultsBucketPName: `cloudmr-broker-results-${ACCOUNT}-us-west-2`,
      FailedBucketPName: `cloudmr-broker-failed-${ACCOUNT}-us-west-2`,
      LambdaImageUri: IMAGE,
      FargateImageUri: IMAGE,
      ECSClusterName: 'mroptimum-cluster',
      SubnetId1: 'subnet-1',
      SubnetId2: 'subnet-2',
      SecurityGroupIds: 'sg-1',
      ...parameters,
    },
  );
}
