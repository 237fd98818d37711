/** What an S3 endpoint must do for this system, by the real SDK; the same for the embedded S3 and for others. */
import type { Test } from 'tap';
import type { Env } from './s3-env.ts';
import { bucketContract } from './s3-suite-buckets.ts';
import { listContract } from './s3-suite-lists.ts';
import { multipartContract } from './s3-suite-multipart.ts';
import { objectContract } from './s3-suite-objects.ts';
import { webContract } from './s3-suite-web.ts';

export type Contract = Record<string, (t: Test, env: Env) => Promise<void>>;

const CONTRACT: Contract = {
  ...bucketContract,
  ...objectContract,
  ...listContract,
  ...multipartContract,
  ...webContract,
};

/**
 * @param differences names of tests an endpoint is known not to pass, with the reason; they are skipped
 */
export async function runS3Contract(
  t: Test,
  env: Env,
  differences: Record<string, string> = {},
): Promise<void> {
  const unknown = Object.keys(differences).filter((name) => !(name in CONTRACT));
  t.same(unknown, [], 'every known difference names a test');
  for (const [name, run] of Object.entries(CONTRACT)) {
    await t.test(name, { skip: differences[name] ?? false }, (t) => run(t, env));
  }
}
