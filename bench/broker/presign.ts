/** Presigned URLs per second and core against `getSignedUrl` of the SDK, in the same run. */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { createPresigner } from '../../src/aws/accounts/presign.ts';
import { cpuMicroseconds, lessIsBetter, median, moreIsBetter, type Row } from './row.ts';

const OWNER = '222222222222';
const REGION = 'us-east-1';
/** With a token as long as those of AssumeRole. */
const CREDENTIALS = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'secret',
  sessionToken: 'Token/+=='.repeat(100),
};
const ROUNDS = 5;

/** Rows of bar B7, presign. */
export async function presignRows(): Promise<Row[]> {
  // As the broker's own clients are made.
  const checksums = {
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const;
  const newClient = (): S3Client => new S3Client({ region: REGION, credentials: CREDENTIALS, ...checksums });
  const shared = newClient();
  const { presign } = createPresigner();
  let key = 0;
  const location = () => ({ bucket: 'researcher-results', key: `mroptimum/owner/job-${key++}/0/result.zip` });
  const disposition = 'attachment; filename="result.zip"';
  const ours = (at = Date.now(), place = location()) =>
    presign(shared, {
      method: 'GET',
      location: place,
      region: REGION,
      bucketOwner: OWNER,
      contentDisposition: disposition,
      seconds: 3_600,
      now: at,
    });
  const theirs = (client: S3Client, at = Date.now(), place = location()) =>
    getSignedUrl(
      client,
      new GetObjectCommand({
        Bucket: place.bucket,
        Key: place.key,
        ExpectedBucketOwner: OWNER,
        ResponseContentDisposition: disposition,
      }),
      { expiresIn: 3_600, signingDate: new Date(at) },
    );
  const perCall = async (): Promise<void> => {
    const client = newClient();
    await theirs(client);
    client.destroy();
  };

  const compared = await compare(ours, (at, place) => theirs(shared, at, place), location);
  await cpuMicroseconds(2_000, ours);
  const times = { ours: [] as number[], shared: [] as number[], perCall: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.ours.push(await cpuMicroseconds(4_000, () => ours()));
    times.shared.push(await cpuMicroseconds(500, () => theirs(shared)));
    times.perCall.push(await cpuMicroseconds(150, perCall));
  }
  shared.destroy();
  const perSecond = (values: number[]): number => 1e6 / median(values);
  const common = { ours: perSecond(times.ours), unit: 'per s and core', note: compared };
  return [
    moreIsBetter({
      ...common,
      name: 'presign, getSignedUrl with a shared client',
      other: perSecond(times.shared),
      floor: 8,
    }),
    moreIsBetter({
      ...common,
      name: 'presign, getSignedUrl with a client per call',
      other: perSecond(times.perCall),
      floor: 8,
    }),
    lessIsBetter({
      name: 'presign, CPU time of one',
      ours: median(times.ours) / 1000,
      other: 2,
      floor: 1,
      unit: 'ms',
      note: 'allowed: 2 ms',
    }),
  ];
}

type Place = { bucket: string; key: string };

/** Throws unless every signed parameter is what getSignedUrl says. */
async function compare(
  ours: (at: number, place: Place) => Promise<{ url: string }>,
  theirs: (at: number, place: Place) => Promise<string>,
  location: () => Place,
): Promise<string> {
  const at = Date.now();
  const parts = (url: string): string => JSON.stringify([...new URL(url).searchParams].sort());
  let parameters = 0;
  for (let i = 0; i < 50; i++) {
    const place = location();
    const [a, b] = [(await ours(at, place)).url, await theirs(at, place)];
    if (parts(a) !== parts(b)) throw new Error(`the parameters differ:\n${a}\n${b}`);
    parameters = new URL(a).searchParams.size;
  }
  return `all ${parameters} signed parameters equal, 50 URLs`;
}
