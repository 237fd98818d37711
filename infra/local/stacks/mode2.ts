/** The Mode 2 stack in a researcher's account: the very template that is deployed on AWS. */
import { readFileSync } from 'node:fs';
import type { StackDocument } from '../contract.ts';
import { readLongForm } from '../template/long-form.ts';
import { resolveTemplate } from '../template/resolve.ts';
import { stackDocumentOf } from '../template/stack-document.ts';
import { CROSS_ACCOUNT_ROLE_SUFFIX } from './hub.ts';

const TEMPLATE = new URL('../../mode2-deployment/template-mode2.yaml', import.meta.url);
let document: Record<string, unknown> | undefined;

export interface Mode2Options {
  stackName: string;
  accountId: string;
  region: string;
  appId: string;
  /** The only principal that is let in. */
  brokerRoleArn: string;
  /** Issued by the broker; required by the trust policy. */
  externalId: string;
  corsOrigins: string[];
  /** Of the buckets. Default: keys of S3. */
  kmsKeyArn?: string;
}

/** Outputs of the stack, as its registration needs them. */
export function mode2Names(stackName: string, accountId: string, region: string) {
  const bucket = (kind: string): string => `${stackName}-${kind}-${accountId}`;
  return {
    stateMachineArn: `arn:aws:states:${region}:${accountId}:stateMachine:${stackName}-JobChooser`,
    crossAccountRoleArn: `arn:aws:iam::${accountId}:role/${stackName}-${CROSS_ACCOUNT_ROLE_SUFFIX}`,
    buckets: { data: bucket('data'), results: bucket('results'), failed: bucket('failed') },
  };
}

/** The stack that a researcher deploys. */
export function mode2Stack(options: Mode2Options): StackDocument {
  document ??= readLongForm(readFileSync(TEMPLATE, 'utf8'));
  const { stackName, accountId, region } = options;
  return stackDocumentOf(
    resolveTemplate(
      document,
      { stackName, accountId, region, partition: 'aws' },
      {
        // Nobody calls it: jobs name their broker, and there is no EventBridge here.
        CloudMRApiUrl: 'https://localhost',
        CloudMRUserToken: '',
        ExternalId: options.externalId,
        BrokerRoleArn: options.brokerRoleArn,
        AppId: options.appId,
        VpcId: 'vpc-local',
        SubnetId1: 'subnet-local-1',
        SubnetId2: 'subnet-local-2',
        CorsOrigins: options.corsOrigins.join(','),
        KmsKeyArn: options.kmsKeyArn ?? '',
      },
    ),
  );
}
