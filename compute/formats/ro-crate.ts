/**
 * ro-crate-metadata.json (RO-Crate 1.1, with the terms of its Process Run Crate profile): what was made, from
 * which inputs, by which software and with which settings. Inputs are not in the crate; they are named by
 * their SHA-256 as RFC 6920 has it.
 */

export interface CrateFile {
  /** Path inside the crate. */
  readonly name: string;
  /** What it is, for people. */
  readonly title: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface CrateInput {
  /** `signal`, `noise`, ... */
  readonly role: string;
  /** File name, if the task gives one. */
  readonly filename: string | undefined;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface CrateRequest {
  readonly title: string;
  readonly description: string;
  /** Epoch ms. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly software: { readonly name: string; readonly version: string };
  /** Settings of the run by name; objects are written as JSON. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly inputs: readonly CrateInput[];
  readonly outputs: readonly CrateFile[];
}

type Entity = Readonly<Record<string, unknown>> & { readonly '@id': string };

const FORMATS: Readonly<Record<string, string>> = {
  '.nii.gz': 'application/gzip',
  '.png': 'image/png',
  '.json': 'application/json',
  '.mat': 'application/x-matlab-data',
};

/** The object to be written. */
export function roCrate(request: CrateRequest): { '@context': string; '@graph': readonly Entity[] } {
  const { title, description, software, inputs, outputs } = request;
  const settings = Object.entries(request.settings).map(settingEntity);
  const sources = inputs.map(inputEntity);
  const application: Entity = {
    '@id': '#software',
    '@type': 'SoftwareApplication',
    name: software.name,
    softwareVersion: software.version,
  };
  const run: Entity = {
    '@id': '#run',
    '@type': 'CreateAction',
    name: title,
    startTime: new Date(request.startedMs).toISOString(),
    endTime: new Date(request.endedMs).toISOString(),
    actionStatus: 'http://schema.org/CompletedActionStatus',
    instrument: reference(application),
    object: [...sources, ...settings].map(reference),
    result: outputs.map(({ name }) => ({ '@id': name })),
  };
  const root: Entity = {
    '@id': './',
    '@type': 'Dataset',
    name: title,
    description,
    datePublished: new Date(request.endedMs).toISOString(),
    license: 'The rights in these data are with those who measured them; this file grants none.',
    hasPart: outputs.map(({ name }) => ({ '@id': name })),
    mentions: [reference(run)],
  };
  const descriptor: Entity = {
    '@id': 'ro-crate-metadata.json',
    '@type': 'CreativeWork',
    conformsTo: { '@id': 'https://w3id.org/ro/crate/1.1' },
    about: reference(root),
  };
  return {
    '@context': 'https://w3id.org/ro/crate/1.1/context',
    '@graph': [
      descriptor,
      root,
      ...outputs.map(outputEntity),
      run,
      application,
      ...unique(sources),
      ...settings,
    ],
  };
}

function reference(entity: Entity): { '@id': string } {
  return { '@id': entity['@id'] };
}

function outputEntity({ name, title, sizeBytes, sha256 }: CrateFile): Entity {
  const ending = Object.keys(FORMATS).find((candidate) => name.endsWith(candidate)) ?? '';
  return {
    '@id': name,
    '@type': 'File',
    name: title,
    contentSize: `${sizeBytes}`,
    sha256,
    encodingFormat: FORMATS[ending] ?? 'application/octet-stream',
  };
}

function inputEntity({ role, filename, sizeBytes, sha256 }: CrateInput): Entity {
  const digest = Buffer.from(sha256, 'hex').toString('base64url');
  return {
    '@id': `ni:///sha-256;${digest}`,
    '@type': 'File',
    name: filename ?? `${role} file`,
    description: `Raw data, given as ${role}`,
    contentSize: `${sizeBytes}`,
    sha256,
  };
}

function settingEntity([name, value]: [string, unknown]): Entity {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  return { '@id': `#setting-${name}`, '@type': 'PropertyValue', name, value: text ?? null };
}

/** One file may be given in two roles; an entity stands in the graph once. */
function unique(entities: readonly Entity[]): Entity[] {
  return [...new Map(entities.map((entity) => [entity['@id'], entity])).values()];
}
