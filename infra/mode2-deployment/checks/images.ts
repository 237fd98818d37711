/** Whether the images of a tag are in the public registry. Asked without an account, as anybody may. */
import { bad, type Finding, passed } from './finding.ts';

const NAMES = ['mroptimum-fargate', 'mroptimum-lambda'] as const;
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const LIMIT_MS = 10_000;

/**
 * Both images of the tag. A registry that does not answer is a warning: AWS may reach it all the same.
 * @param registry host and namespace: `public.ecr.aws/cloudmrhub`
 */
export async function checkImages(registry: string, tag: string): Promise<Finding[]> {
  const [, host = '', namespace = ''] = /^([^/]+)\/(.+)$/.exec(registry) ?? [];
  return Promise.all(
    NAMES.map(async (image) => {
      const check = image.endsWith('lambda') ? 'lambda image' : 'task image';
      const name = `${registry}/${image}:${tag}`;
      try {
        const status = await manifestStatus(host, `${namespace}/${image}`, tag);
        if (status === 200) return passed(check, name);
        if (status === 404) return bad('failed', check, 'image_missing', name);
        return bad('warning', check, 'image_unknown', `${name}: HTTP ${status}`);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        return bad('warning', check, 'image_unknown', `${name}: ${error.message}`);
      }
    }),
  );
}

/** HTTP status of the image's manifest. Registries tell by 401 where an anonymous token is to be had. */
async function manifestStatus(host: string, repository: string, tag: string): Promise<number> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const address = `https://${host}/v2/${repository}/manifests/${encodeURIComponent(tag)}`;
  const ask = (headers: Record<string, string>) =>
    fetch(address, { method: 'HEAD', headers: { accept: ACCEPT, ...headers }, signal });
  const first = await ask({});
  const challenge = /^Bearer realm="([^"]+)"(?:,service="([^"]+)")?/i.exec(
    first.headers.get('www-authenticate') ?? '',
  );
  if (first.status !== 401 || !challenge) return first.status;
  const [, realm, service = ''] = challenge;
  const scope = new URLSearchParams({ service, scope: `repository:${repository}:pull` });
  const answer = await fetch(`${realm}?${scope}`, { signal });
  if (!answer.ok) return answer.status;
  const { token } = (await answer.json()) as { token: string };
  return (await ask({ authorization: `Bearer ${token}` })).status;
}
