/**
 * The S3 contract against the embedded service, or, when CLOUDMR_CONTRACT_S3 names one, against another endpoint
 * (moto_server: `CLOUDMR_CONTRACT_S3=http://127.0.0.1:5000 npx tap test/contract/s3.test.ts`).
 */
import t from 'tap';
import { createEnv } from './s3-env.ts';
import { SECRET, startTestServer } from './s3-server.ts';
import { runS3Contract } from './s3-suite.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'AKIAHUB', secretAccessKey: SECRET };
const foreign = { accessKeyId: 'AKIALAB', secretAccessKey: SECRET };

/** What moto 5 does otherwise than S3 or the embedded S3, and why that is no defect here. */
const MOTO_DIFFERENCES: Record<string, string> = {
  'bucket names keep the rules': 'moto checks only the length',
  'a location constraint must be the region of the endpoint': 'moto makes buckets anywhere',
  'bucket names are global and contents are their owner’s': 'moto puts every access key into one account',
  'an expected owner is held to': 'moto ignores x-amz-expected-bucket-owner',
  'what is not emulated is refused by its name': 'moto emulates some of it and crashes on the rest',
  'each checksum is verified, kept and returned': 'moto stores wrong checksums',
  'Content-MD5 is verified': 'moto ignores Content-MD5',
  'what does not look like one range of bytes is ignored': 'moto reads any unit as bytes',
  'reads are conditional on version and time': 'moto lets dates decide where entity tags take precedence',
  'a deletion of many may be quiet, but not empty': 'moto lists what a quiet request deleted',
  'copies are conditional on their source': 'moto ignores x-amz-copy-source-if-match',
  'user metadata ends at 2 KiB, keys at 1024 bytes': 'moto has neither limit',
  'page sizes and tokens that make no sense are refused': 'moto crashes on max-keys=-1, takes any token',
  'any character may stand in a key': 'moto crashes on keys with dot segments',
  'a completion names existing parts of sufficient size in order': 'moto checks sizes before the order',
  'a completion whose answer got lost may be asked for again': 'moto crashes when the object is newer',
  'listings of uploads and parts go page by page': 'moto lists all uploads at once',
  'an upload that has ended is no more': 'moto crashes on parts of unknown uploads',
  'checksums of parts make the checksum of the object': 'moto leaves out the number of parts',
  'an upload with a checksum wants it for each part': 'moto does not ask for it',
  'a preflight is answered by the rule that fits': 'moto answers preflights with its own rules',
  'answers to other origins carry the rule’s headers, errors too': 'moto sets no headers on errors',
};

const elsewhere = process.env['CLOUDMR_CONTRACT_S3'];

if (elsewhere) {
  const env = createEnv({ endpoint: elsewhere, region, credentials, foreign });
  t.teardown(() => env.close());
  await runS3Contract(t, env, MOTO_DIFFERENCES);
} else {
  const server = await startTestServer({ dir: t.testdir() });
  const env = createEnv({ endpoint: server.endpoint, region, credentials, foreign });
  t.teardown(async () => {
    env.close();
    await server.close();
  });
  await runS3Contract(t, env);
  t.same(server.faults, [], 'nothing failed inside');
}
