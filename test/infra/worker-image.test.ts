/** The image of the worker on its way from a public registry into the private one of an account. */
import t, { type Test } from 'tap';
import type { FunctionEnvironment } from '../../infra/functions/environment.ts';
import { workerImage } from '../../infra/functions/worker-image.ts';
import { registry, serve, sha256 } from './helpers/stand-ins.ts';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const LAYER = Buffer.alloc(3_000_000, 'layer');
const CONFIG = Buffer.from('{"architecture":"amd64"}');
const describe = (data: Buffer) => ({ mediaType: 'x', digest: sha256(data), size: data.length });
const IMAGE = JSON.stringify({
  schemaVersion: 2,
  mediaType: MANIFEST,
  config: describe(CONFIG),
  layers: [describe(LAYER)],
});

async function scene(t: Test) {
  const source = await registry(t, { token: 'anonymous' });
  const target = await registry(t, { basic: `Basic ${Buffer.from('AWS:password').toString('base64')}` });
  const ecr = await serve(t, () => ({
    status: 200,
    body: JSON.stringify({
      authorizationData: [{ authorizationToken: Buffer.from('AWS:password').toString('base64') }],
    }),
  }));
  for (const blob of [LAYER, CONFIG]) source.blobs.set(sha256(blob), blob);
  for (const reference of ['v2.3.1', sha256(IMAGE)])
    source.manifests.set(reference, { mediaType: MANIFEST, text: IMAGE });
  const environment: FunctionEnvironment = {
    region: 'us-west-2',
    apiUrl: '',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
    endpoint: () => `http://${ecr}/`,
  };
  const run = (Tag: string) =>
    workerImage(
      {
        RequestType: 'Create',
        ResourceProperties: {
          LambdaImage: `${source.address}/cloudmrhub/mroptimum-lambda`,
          FargateImage: `${source.address}/cloudmrhub/mroptimum-fargate`,
          Tag,
          Target: `${target.address}/private/worker`,
        },
      },
      environment,
      'http',
    );
  return { source, target, run };
}

t.test('M1, R79, R113: a tag becomes digests, and the image arrives byte by byte', async (t) => {
  const { source, target, run } = await scene(t);
  const pinned = await run('v2.3.1');
  t.same(pinned, {
    LambdaImageUri: `${target.address}/private/worker@${sha256(IMAGE)}`,
    FargateImageUri: `${source.address}/cloudmrhub/mroptimum-fargate@${sha256(IMAGE)}`,
  });
  t.same(target.pushed, [sha256(CONFIG), sha256(LAYER), sha256(IMAGE)], 'the image last');
  t.ok(target.blobs.get(sha256(LAYER))?.equals(LAYER));
  t.same(target.manifests.get(sha256(IMAGE)), { mediaType: MANIFEST, text: IMAGE });
  await run('v2.3.1');
  t.same(target.pushed.slice(3), [sha256(IMAGE)], 'what is there is not sent again');
});

t.test('U7: of an index, which Lambda refuses, the image for amd64 is taken', async (t) => {
  const { source, target, run } = await scene(t);
  const text = JSON.stringify({
    mediaType: INDEX,
    manifests: [
      { digest: `sha256:${'0'.repeat(64)}`, platform: { os: 'unknown', architecture: 'unknown' } },
      { digest: sha256(IMAGE), platform: { os: 'linux', architecture: 'amd64' } },
    ],
  });
  source.manifests.set('latest', { mediaType: INDEX, text });
  const pinned = await run('latest');
  t.match(pinned, { LambdaImageUri: `${target.address}/private/worker@${sha256(IMAGE)}` });
  t.match(pinned['FargateImageUri'], sha256(text), 'Fargate takes the index itself');
});

t.test('T28: a manifest or a layer that is not what its digest says is refused', async (t) => {
  const { source, target, run } = await scene(t);
  source.blobs.set(sha256(LAYER), Buffer.alloc(3_000_000, 'other'));
  await t.rejects(run('v2.3.1'), { message: /a blob of .* is sha256:/ });
  t.notOk(target.manifests.has(sha256(IMAGE)), 'no image without its layers');
  source.manifests.set(sha256(IMAGE), { mediaType: MANIFEST, text: `${IMAGE} ` });
  await t.rejects(run('v2.3.1'), { message: /is not sha256:.*, as the registry says/ });
});

t.test('U7: a tag that does not exist is named', async (t) => {
  const { run } = await scene(t);
  await t.rejects(run('v9.9.9'), {
    message: /mroptimum-(lambda|fargate) has no image v9\.9\.9.*check ImageTag/,
  });
});
