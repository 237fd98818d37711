/**
 * Custom resource that pins the images of the worker. The tag is resolved to digests once per change, so what
 * runs is what was deployed. Lambda takes images only from a private repository of its own region: the image is
 * copied there blob by blob, and every byte is checked against the digest.
 */
import { type Attributes, pause, type ResourceEvent } from './custom-resource.ts';
import type { FunctionEnvironment } from './environment.ts';
import { createRepository, type Repository } from './registry.ts';
import { jsonCall } from './signed-call.ts';

export interface WorkerImageProperties {
  /** Public repositories, without tag. */
  LambdaImage: string;
  FargateImage: string;
  Tag: string;
  /** Private repository: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`. */
  Target: string;
}

const ARCHITECTURE = 'amd64';
const TRIES = 3;

async function ecrAuthorization(environment: FunctionEnvironment): Promise<string> {
  const target = 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken';
  const { authorizationData } = await jsonCall(environment, 'ecr', target, {});
  const [{ authorizationToken }] = authorizationData as { authorizationToken: string }[];
  return `Basic ${authorizationToken}`;
}

async function copied(to: Repository, from: Repository, digest: string): Promise<void> {
  const image = await from.image(digest);
  const { config, layers = [] } = image.manifest;
  for (const blob of config ? [config, ...layers] : layers) {
    for (let left = TRIES; !(await to.hasBlob(blob.digest)); ) {
      try {
        await to.copyBlob(from, blob);
      } catch (error) {
        if (--left === 0) throw error;
        await pause(2_000);
      }
    }
  }
  await to.putImage(image);
}

/** Pins and copies. `scheme` is other than https only in tests. */
export async function workerImage(
  {
    RequestType,
    ResourceProperties,
  }: Pick<ResourceEvent<WorkerImageProperties>, 'RequestType' | 'ResourceProperties'>,
  environment: FunctionEnvironment,
  scheme?: string,
): Promise<Attributes> {
  // The private repository is a resource of its own and goes with its images.
  if (RequestType === 'Delete') return {};
  const { LambdaImage, FargateImage, Tag, Target } = ResourceProperties;
  const source = createRepository(LambdaImage, undefined, scheme);
  const [lambda, fargate] = await Promise.all([
    source.platformImage(Tag, ARCHITECTURE),
    createRepository(FargateImage, undefined, scheme).image(Tag),
  ]);
  const target = createRepository(Target, await ecrAuthorization(environment), scheme);
  await copied(target, source, lambda.digest);
  return {
    LambdaImageUri: `${Target}@${lambda.digest}`,
    FargateImageUri: `${FargateImage}@${fargate.digest}`,
  };
}
