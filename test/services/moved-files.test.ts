/** A unit whose owner moves it to another role and bucket: the files that lie where it was are not lost. */
import t from 'tap';
import { createLookForArrivals } from '../../services/files/arrivals.ts';
import { createChangeRecord } from '../../services/files/change-record.ts';
import { createFiles } from '../../services/files/files.ts';
import { createUploads } from '../../services/files/uploads.ts';
import { createUsableUnit } from '../../services/units/usable-units.ts';
import { createIds } from '../../src/aws/ids.ts';
import { createTimers } from '../../src/timers.ts';
import { type Brain, startBrain } from '../helpers/brain.ts';
import { HUB, REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { withProof } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const BUCKET = 'researcher-data-v3';
const ROLE = `arn:aws:iam::${RESEARCHER}:role/third-CloudMRCrossAccountRole`;
const objects = `arn:aws:s3:::${BUCKET}/*`;

// The role of the new stack reaches the new bucket, and nothing else.
await cloud.control(RESEARCHER).applyStack({
  stackName: 'third',
  accountId: RESEARCHER,
  region: REGION,
  roles: [
    {
      name: 'third-CloudMRCrossAccountRole',
      maxSessionSeconds: 3_600,
      trust: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${HUB}:role/CloudMRBrainRole` },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'sts:ExternalId': String(cloud.mode2.externalId) } },
          },
        ],
      },
      policies: [{ Statement: [{ Effect: 'Allow', Action: ['s3:*'], Resource: [objects] }] }],
    },
  ],
  buckets: [{ name: BUCKET }],
  functions: [],
  clusters: [],
  taskDefinitions: [],
  stateMachines: [],
  tables: [],
});

function personsFiles(b: Brain) {
  const { stores, unitCloud, clock } = cloud;
  const common = { data: stores.data, units: b.units, unitStore: stores.units, cloud: unitCloud, clock };
  const change = createChangeRecord(common);
  const deps = { ...common, change, usableUnit: createUsableUnit(stores), ids: createIds(clock) };
  const lookForArrivals = createLookForArrivals({ ...deps, timers: createTimers(), log: cloud.log });
  const uploads = createUploads(deps);
  return { uploads, files: createFiles({ ...deps, uploads, lookForArrivals }) };
}

/** With a proof of the new place, or before there is one. */
const MOVES = {
  'is moved': async ({ unit }: Brain) => {
    const stored = await cloud.stores.units.get(unit.unitId);
    if (!stored) throw new Error('the unit is not there');
    const version = stored.version + 1;
    const moved = withProof({ ...stored, crossAccountRoleArn: ROLE, dataBucket: BUCKET, version });
    t.equal(await cloud.stores.units.put(moved), 'stored');
  },
  'waits for the proof of a move': async ({ units, owner, unit }: Brain) => {
    await units.update(owner, unit.unitId, { crossAccountRoleArn: ROLE, dataBucket: BUCKET });
  },
};

for (const [how, move] of Object.entries(MOVES)) {
  t.test(`a unit that ${how}: its files are downloaded, completed and deleted where they are`, async (t) => {
    const b = await startBrain(t, cloud);
    const { files, uploads } = personsFiles(b);
    const wish = { appId: 'mroptimum', unitId: b.unit.unitId, filename: 'scan.h5' };
    const { record, upload } = await files.presignUpload(b.owner, wish);
    t.equal((await fetch(upload.url, { method: 'PUT', body: 'k-space' })).status, 200);
    const inParts = await uploads.begin(b.owner, { ...wish, sizeBytes: 7 });
    await move(b);

    t.match(await files.confirmUpload(b.owner, record.dataId), { status: 'available', sizeBytes: 7 });
    const { url } = await files.presignDownload(b.owner, record.dataId);
    t.equal(await (await fetch(url)).text(), 'k-space');
    const [part] = await uploads.sign(b.owner, inParts.dataId, [1], 60);
    const sent = await fetch(part.url, { method: 'PUT', body: 'k-space' });
    const parts = [{ partNumber: 1, etag: String(sent.headers.get('etag')) }];
    t.match(await uploads.complete(b.owner, inParts.dataId, undefined, parts), { status: 'available' });
    for (const { dataId } of [record, inParts]) t.ok(await files.remove(b.owner, dataId));
    t.equal((await fetch(url)).status, 404, 'the object is gone');
  });
}

t.test('what is uploaded after the move lies in the new bucket', async (t) => {
  const b = await startBrain(t, cloud);
  const { files } = personsFiles(b);
  await MOVES['is moved'](b);
  const wish = { appId: 'mroptimum', unitId: b.unit.unitId, filename: 'scan.h5' };
  const { record, upload } = await files.presignUpload(b.owner, wish);
  t.equal(record.bucket, BUCKET);
  t.equal((await fetch(upload.url, { method: 'PUT', body: 'k-space' })).status, 200);
});
