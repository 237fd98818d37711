/** What pages may do with the buckets of a computing unit: the checks ask the buckets as a browser does. */
import { DeleteBucketCorsCommand, PutBucketCorsCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import type { Unit } from '../../src/schemas/unit.ts';
import { brokerOn } from '../helpers/brain.ts';
import { REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { newLab } from '../helpers/trust.ts';

const cloud = await startTestCloud(t);

const statuses = ({ checks = [] }: Unit): Record<string, string> =>
  Object.fromEntries(checks.map(({ code, status }) => [code, status]));

t.test('a browser of another address than the CORS rules name', async (t) => {
  const lab = await newLab(cloud, brokerOn(cloud, { origins: ['https://elsewhere.test'] }));
  const { unit } = await lab.register();
  t.match(unit.missing, [
    /^presigned_get: the CORS rules of lab-\d+-data-222222222222 do not let https:\/\/elsewhere\.test read/,
  ]);
  const own = await newLab(cloud, brokerOn(cloud, { origins: ['https://gui.test'] }));
  t.equal((await own.register()).unit.status, 'ready');
});

t.test(
  'a page sends files straight into the data bucket: PUT, its headers and ETag are asked for',
  async (t) => {
    const lab = await newLab(cloud, brokerOn(cloud, { origins: ['https://gui.test'] }));
    const { unit } = await lab.register();
    const found = ({ checks = [] }: Unit) => checks.find(({ code }) => code === 'presigned_put');
    t.match(found(unit), { status: 'passed', evidence: /^pages of https:\/\/gui\.test may send files/ });
    const { clients, credentials } = cloud.rootClients(RESEARCHER);
    const s3 = clients.s3(await credentials(), REGION);
    const rule = {
      AllowedOrigins: ['https://gui.test'],
      AllowedMethods: ['GET', 'PUT', 'HEAD'],
      AllowedHeaders: ['*'],
      ExposeHeaders: ['ETag'],
    };
    const withRule = async (over: object): Promise<Unit> => {
      const CORSConfiguration = { CORSRules: [{ ...rule, ...over }] };
      await s3.send(new PutBucketCorsCommand({ Bucket: unit.dataBucket, CORSConfiguration }));
      return lab.broker.watch.recheck((await cloud.stores.units.get(unit.unitId)) ?? unit);
    };
    const getOnly = await withRule({ AllowedMethods: ['GET', 'HEAD'] });
    t.match(getOnly, {
      status: 'degraded',
      missing: [/^presigned_put: .* \(HTTP 403 to the preflight of PUT\)/],
    });
    t.match(found(getOnly), { status: 'failed', actor: 'unit_owner', remedy: /allow PUT with any header/ });
    t.match(statuses(getOnly), { presigned_get: 'passed', console_cors: 'warning' });
    const noHeader = await withRule({ AllowedHeaders: ['content-type'] });
    t.match(found(noHeader), { status: 'failed' }, 'parts are sent with their MD5');
    const noTag = await withRule({ ExposeHeaders: ['Content-Length'] });
    t.equal(noTag.status, 'ready', 'small files go up nevertheless');
    t.match(found(noTag), { status: 'warning', evidence: /does not show https:\/\/gui\.test the ETag/ });
    const anyone = await withRule({ AllowedOrigins: ['*'] });
    t.equal(found(anyone)?.status, 'passed');
    await s3.send(new DeleteBucketCorsCommand({ Bucket: unit.dataBucket }));
    t.equal(found(await lab.broker.watch.recheck(anyone))?.status, 'failed', 'no rules at all');
  },
);

t.test('each address of a web interface is asked for, and the one that is missing is named', async (t) => {
  const origins = ['https://gui.test', 'https://second.test', 'https://third.test'];
  const lab = await newLab(cloud, brokerOn(cloud, { origins }));
  const { unit } = await lab.register();
  const { dataBucket, resultsBucket, failedBucket } = unit;
  const evidence = (code: string) => unit.checks?.find((check) => check.code === code)?.evidence;
  t.match(statuses(unit), { presigned_get: 'failed', presigned_put: 'failed', clock: 'passed' });
  t.equal(
    evidence('presigned_get'),
    [dataBucket, resultsBucket, failedBucket]
      .flatMap((bucket) =>
        origins.slice(1).map((origin) => `the CORS rules of ${bucket} do not let ${origin} read`),
      )
      .join('; '),
  );
  t.equal(
    evidence('presigned_put'),
    origins
      .slice(1)
      .map((origin) => `${dataBucket} does not let ${origin} send files (HTTP 403 to the preflight of PUT)`)
      .join('; '),
  );
});

t.test("the broker's own console is a page of another address", async (t) => {
  const lab = await newLab(cloud, brokerOn(cloud, { consoleOrigin: 'https://api.elsewhere.test' }));
  const { unit } = await lab.register();
  t.equal(unit.status, 'ready', 'jobs do not need it');
  const { dataBucket, resultsBucket, failedBucket } = unit;
  const found = unit.checks?.find(({ code }) => code === 'console_cors');
  t.match(found, { status: 'warning', actor: 'unit_owner', remedy: /broker's own address/ });
  t.equal(
    found?.evidence,
    [
      `${dataBucket} does not let https://api.elsewhere.test send files (HTTP 403 to the preflight of PUT)`,
      ...[dataBucket, resultsBucket, failedBucket].map(
        (bucket) =>
          `${bucket} does not let https://api.elsewhere.test read (HTTP 403 to the preflight of GET)`,
      ),
    ].join('; '),
  );
});
