/**
 * An example for every answer of the OpenAPI document. Most schemas bring their own; for the others one is put together
 * from their fields, so that it always is of the form it is an example of (test/openapi-examples.test.ts).
 */

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  const?: unknown;
  enum?: unknown[];
  examples?: unknown[];
  minimum?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}
interface Media {
  schema?: Schema;
  example?: unknown;
  examples?: object;
}
interface Document {
  components: { schemas?: Record<string, Schema> };
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, Media> }> }>>;
}

const JOB_ID = '01K9ZB4T8N5W3V6Q2R7S0M1XYA';
const PERSON_ID = '01K9ZB1C3D5F7H9K1M3P5R7T9V';
const UNIT_ID = '01K9ZB2E4G6J8L0N2P4R6T8V0X';
const DATA_ID = '01K9ZB3F5H7K9M1P3R5T7V9X1Z';
const BUCKET = 'mroptimum-mode2-data-123456789012';
const KEY = `mroptimum/${PERSON_ID}/uploads/${DATA_ID}.dat`;
const LINK = `https://${BUCKET}.s3.us-east-1.amazonaws.com/${KEY}?X-Amz-Signature=9f86d081`;

/** What a field of this name holds, wherever it is. */
const FIELDS: Readonly<Record<string, unknown>> = {
  access_url: LINK,
  actor: `user:${PERSON_ID}`,
  alias: 'brain-ac-rss',
  appId: 'mroptimum',
  attempt: 0,
  assumptions: ['list prices of us-east-1', 'files of the size they were announced with'],
  brokerRoleArn: 'arn:aws:iam::111111111111:role/CloudMRBrainRole',
  bucket: BUCKET,
  by: 'user',
  code: 'assume_role',
  computingUnitId: UNIT_ID,
  computingUnitID: UNIT_ID,
  cancel: false,
  count: 1,
  counted: 3,
  cursor: null,
  dataId: DATA_ID,
  deliveryId: '01K9ZB6E4H8J2D5F7G9K0P3RST',
  details: {},
  email: 'ada@example.org',
  entryId: '01K9ZB6E4H8J2D5F7G9K0P3RST',
  errors: { ThrottlingException: 1 },
  event: 'job.succeeded',
  evidence: 'The role lets the broker in with the external ID.',
  externalId: 'cloudmr-4rSLtcUoiNF1c5j6Zq8jVbYk2mX9wT3d',
  failedBucket: 'mroptimum-mode2-failed-123456789012',
  fileName: 'brain-ac-rss',
  filename: 'signal.dat',
  headers: {},
  high: 12,
  hint: 'x7Qk',
  id: JOB_ID,
  is_demo_data: false,
  isAdmin: false,
  jobId: JOB_ID,
  key: KEY,
  Key: KEY,
  likely: 8,
  limit: 100,
  link: LINK,
  location: JSON.stringify({ Bucket: BUCKET, Key: KEY }),
  low: 5,
  md5: '',
  memoryMb: 3_008,
  message: 'Done.',
  messageId: 'msg_2f6kq1Vb3Xn7',
  missing: [],
  more: false,
  month: '2026-11',
  ms: 84,
  name: 'Ada Lovelace',
  onlineLink: 'unknown',
  operation: 'StartExecution',
  outcome: 'ok',
  overview: LINK,
  partBytes: 10_485_760,
  partUrls: [LINK],
  pipeline: JOB_ID,
  pipelineId: JOB_ID,
  pipeline_id: JOB_ID,
  reason: '24 MB of k-space: fits into memory and time of Lambda.',
  results: `s3://mroptimum-mode2-results-123456789012/mroptimum/${PERSON_ID}/${JOB_ID}/0/result.zip`,
  roi_id: '01K9ZB9H1K3M5P7R9T1V3X5Z7B',
  seconds: 8,
  service: 'States',
  setup: {
    version: 'v0',
    alias: 'brain-ac-rss',
    output: { coilsensitivity: false, gfactor: false, matlab: true },
    task: { version: 'v0', type: 'snr', id: 0, name: 'ac' },
  },
  size: '24117248',
  sub: PERSON_ID,
  subject: JOB_ID,
  text: 'The run has started on Lambda.',
  tokenId: '01K9ZB7F9H1K3M5P7R9T1V3X5Z',
  type: 'image',
  upload_url: LINK,
  uploadId: 'mp-2hT4vKq9',
  url: LINK,
  usd: 0.0021,
  userId: PERSON_ID,
  username: 'ada',
  vcpu: 1.7,
  warnings: [],
  webhookId: '01K9ZB8G0J2L4N6Q8S0U2W4Y6A',
  what: 'Lambda, 8 s with 3008 MB',
  whoMustAct: [],
};

/** Gives every answer without an example one. Answers in other formats than JSON bring their own. */
export function withExampleAnswers<T extends object>(document: T): T {
  const { components, paths } = document as unknown as Document;
  const { schemas = {} } = components;
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const [status, { content }] of Object.entries(operation.responses)) {
      const media = content?.['application/json'];
      const has = media?.example ?? media?.examples ?? examplesOf(media?.schema ?? {}, schemas);
      if (media?.schema && status < '300' && has === undefined) {
        media.example = compose(media.schema, '', schemas);
      }
    }
  }
  return document;
}

function resolve(schema: Schema, schemas: Record<string, Schema>): Schema {
  return schema.$ref ? resolve(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, schemas) : schema;
}

function examplesOf(schema: Schema, schemas: Record<string, Schema>): unknown[] | undefined {
  return schema.examples ?? resolve(schema, schemas).examples;
}

/** A value of `schema`, which stands in a field called `name`. */
function compose(schema: Schema, name: string, schemas: Record<string, Schema>): unknown {
  const own = examplesOf(schema, schemas);
  if (own) return own[0];
  const {
    const: fixed,
    enum: words,
    type,
    format,
    anyOf,
    oneOf,
    allOf,
    properties,
    items,
    minimum,
  } = resolve(schema, schemas);
  if (fixed !== undefined) return fixed;
  if (words) return words[0];
  if (format === 'date-time') return '2026-11-22T09:30:00.000Z';
  if (Object.hasOwn(FIELDS, name) && !properties && isOf(FIELDS[name], type)) return FIELDS[name];
  if (items) return [compose(items, name, schemas)];
  if (properties) {
    const { required = [] } = resolve(schema, schemas);
    return Object.fromEntries(required.map((field) => [field, compose(properties[field], field, schemas)]));
  }
  const choice = (anyOf ?? oneOf ?? allOf)?.[0];
  if (choice) return compose(choice, name, schemas);
  if (type === 'boolean') return true;
  if (type === 'integer' || type === 'number') return Math.max(minimum ?? 0, 1);
  return type === 'string' ? name : {};
}

/** A word for a field of this name is of no use where a number is wanted. */
function isOf(value: unknown, type: Schema['type']): boolean {
  const isNumber = type === 'integer' || type === 'number';
  return isNumber === (typeof value === 'number') || type === undefined;
}
