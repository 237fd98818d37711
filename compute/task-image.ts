/** Which image an ECS task runs, as its agent tells: the task definition names it by digest. */
import { imageDigestOf } from './environment.ts';

const LIMIT_MS = 2_000;

/**
 * The digest (`sha256:...`) from the container metadata of ECS (version 4); undefined where there is none, as a job
 * does not depend on it.
 */
export async function imageOfTask(
  metadataUrl: string | undefined,
  get: typeof fetch,
): Promise<string | undefined> {
  if (metadataUrl === undefined) return undefined;
  try {
    const answer = await get(metadataUrl, { signal: AbortSignal.timeout(LIMIT_MS) });
    const { Image } = (await answer.json()) as { Image?: unknown };
    return typeof Image === 'string' ? imageDigestOf(Image) : undefined;
  } catch (error) {
    console.warn(
      JSON.stringify({ message: 'the agent does not tell the image', name: (error as Error).name }),
    );
    return undefined;
  }
}
