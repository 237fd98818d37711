/** Every door of the served document, and what may be asked there of one person's things. */
import { broker, MODE_1, MODE_2, taskWith } from './http.ts';

export interface Operation {
  method: string;
  path: string;
  operationId: string;
  summary?: string;
  tags?: string[];
  security: Record<string, unknown>[];
  requestBody?: object;
  responses: Record<string, { description: string }>;
}

/** A broker with an administrator, a person who has one thing of each kind, another person, and all its doors. */
export async function doors(...[t, overrides]: Parameters<typeof broker>) {
  const b = await broker(t, overrides);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const eve = await b.person('eve@example.org');
  const { dataId, bucket, key } = (
    await ada.post('/data/presign', { operation: 'put', filename: 'a.dat' })
  ).json();
  const { jobId } = (await ada.post('/task/queue', { alias: 'a', task: taskWith({ bucket, key }) })).json();
  const { computingUnitId } = (await b.proven(ada)).json();
  const { webhookId } = (await ada.post('/webhooks', { url: 'https://hooks.ada.example.org' })).json();
  const { deliveryId } = (await ada.post(`/webhooks/${webhookId}/test`)).json();
  const { tokenId } = (
    await ada.post('/profile/tokens', { name: 'pipeline of ada', scopes: ['jobs:read'] })
  ).json();
  const ids: Record<string, string> = {
    jobId,
    tokenId,
    webhookId,
    deliveryId,
    pipelineId: jobId,
    dataId,
    computingUnitId,
    userId: ada.userId,
    appId: 'mroptimum',
    key,
  };
  const document = b.app.swagger() as unknown as {
    paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>>;
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => ({ ...operation, method, path })),
  );
  return { ...b, admin, ada, eve, ids, operations };
}

/** Bodies of the operations that take one, naming things of the first person; one operation may have several. */
export function bodiesOf({ operationId }: Operation, ids: Record<string, string>): (object | undefined)[] {
  const unit = { computing_unit_id: ids['computingUnitId'] };
  const bodies: Record<string, object | object[]> = {
    jobCallback: {},
    pipelineCompletedById: {},
    pipelineFailedById: {},
    retryJob: {},
    setUserRole: { role: 'developer' },
    beginUpload: { filename: 'a.dat', sizeBytes: 1, ...unit },
    uploadInitiate: { filename: 'a.dat', filesize: 1, ...unit },
    jobProgress: { attempt: 0, step: 'read', fraction: 0, message: '' },
    pipelineCompleted: { pipeline: ids['jobId'] },
    pipelineFailed: { pipeline: ids['jobId'] },
    deleteUnit: { computingUnitId: ids['computingUnitId'] },
    deleteUnitByBody: { computingUnitId: ids['computingUnitId'] },
    deregisterUnit: { appId: 'mroptimum', stateMachineArn: MODE_2.stateMachineArn },
    queueTask: { alias: 'x', ...unit, task: {} },
    queueJob: { alias: 'x', ...unit, task: {} },
    presign: [
      { operation: 'get', jobId: ids['jobId'] },
      { operation: 'get', dataId: ids['dataId'] },
      { operation: 'put', filename: 'a.dat', ...unit },
    ],
    registerUnit: MODE_2,
    challengeOwner: { computingUnitId: ids['computingUnitId'] },
    updateUnit: { alias: 'mine now' },
    shareUnit: { person: ids['userId'] },
    unshareUnit: { person: ids['userId'] },
    renameJob: { alias: 'mine now' },
    changeWebhook: { description: 'mine now' },
    signParts: { partNumbers: [1] },
    completeUpload: { parts: [{ partNumber: 1, etag: 'e' }] },
    uploadFinalize: { uploadId: 'u', Key: ids['key'], parts: [{ partNumber: 1, etag: 'e' }] },
    createData: { location: JSON.stringify({ Bucket: 'hub-data', Key: ids['key'] }) },
    updateData: { fileid: ids['dataId'], filename: 'mine now' },
    updateDataById: { filename: 'mine now' },
    setUnitLimits: { all: { jobsPerMonth: 0 } },
    estimateTask: { ...unit, task: {} },
    unzipResult: {
      Bucket: 'hub-results',
      Key: `mroptimum/${ids['userId']}/${ids['jobId']}/0/result.zip`,
    },
    uploadRoi: { filename: 'a.zip', pipeline_id: ids['jobId'] },
    deleteRoi: { roi_id: `${ids['jobId']}-01K9ZBXR1D3F5H7K9M2P4R6T8V` },
  };
  return [bodies[operationId]].flat();
}

/** Queries of the operations that name a thing of the first person there. */
export const QUERIES: Record<string, string> = {
  deletePipeline: '?id={jobId}',
  monthCosts: '?month=2026-11',
  listRois: '?pipeline_id={jobId}',
};

/** Its address, naming things of the first person. */
export const urlOf = ({ path, operationId }: Operation, ids: Record<string, string>): string =>
  `${path}${QUERIES[operationId] ?? ''}`.replace(/\{(\w+)\}/g, (_all, name: string) => {
    if (!ids[name]) throw new Error(`the test knows no ${name} for ${path}`);
    return ids[name];
  });
