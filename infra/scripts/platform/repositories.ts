/** The image repositories: private ones for the platform's own stacks, public ones for everybody's Mode 2. */
import type { Aws } from '../../mode2-deployment/aws-cli.ts';
import type { Dialogue } from '../../mode2-deployment/io.ts';

/** The broker runs on the platform only. */
export const PRIVATE_REPOSITORIES = ['mroptimum-lambda', 'mroptimum-fargate', 'cloudmr-broker'] as const;
export const PUBLIC_REPOSITORIES = ['mroptimum-lambda', 'mroptimum-fargate'] as const;

/** Untagged images are what a moved tag has left. */
const LIFECYCLE = JSON.stringify({
  rules: [
    {
      rulePriority: 1,
      selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 14 },
      action: { type: 'expire' },
    },
  ],
});

type Made = Record<string, 'there' | 'made' | 'missing'>;

/**
 * Makes what is not there yet; a dry run only looks. Tags of private images never move; `latest` exists in public only.
 */
export async function createRepositories(
  aws: Aws,
  publicAws: Aws,
  { say }: Pick<Dialogue, 'say'>,
  dryRun: boolean,
): Promise<Made> {
  const made: Made = {};
  const tell = (name: string, found: boolean): void => {
    made[name] = found ? 'there' : dryRun ? 'missing' : 'made';
    say(`${name}: ${found ? 'is there' : dryRun ? 'would be made' : 'made'}`);
  };
  for (const repositoryName of PRIVATE_REPOSITORIES) {
    const found = await aws.find('ecr', 'describe-repositories', { repositoryNames: [repositoryName] }, [
      'RepositoryNotFoundException',
    ]);
    if (!found && !dryRun) {
      await aws.call('ecr', 'create-repository', {
        repositoryName,
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: { encryptionType: 'AES256' },
      });
      await aws.call('ecr', 'put-lifecycle-policy', { repositoryName, lifecyclePolicyText: LIFECYCLE });
    }
    tell(`private ${repositoryName}`, found !== undefined);
  }
  for (const repositoryName of PUBLIC_REPOSITORIES) {
    const found = await publicAws.find(
      'ecr-public',
      'describe-repositories',
      { repositoryNames: [repositoryName] },
      ['RepositoryNotFoundException'],
    );
    if (!found && !dryRun) {
      await publicAws.call('ecr-public', 'create-repository', {
        repositoryName,
        catalogData: { description: 'The worker of MR Optimum, for computing units in your own AWS account' },
      });
    }
    tell(`public ${repositoryName}`, found !== undefined);
  }
  return made;
}
