/** What a deployment asks of the broker, through the typed client. */
import { BrokerError, type components, createBrokerClient, dataOf } from '../../client/index.js';
import { failure } from './failure.ts';

export type ComputingUnit = components['schemas']['ComputingUnit'];
export type UnitCheck = components['schemas']['UnitCheck'];
export type PreflightReport = components['schemas']['PreflightReport'];
export type JobView = components['schemas']['Job'];

/** Whose token it is, and until when. */
export interface TokenOwner {
  readonly email: string;
  readonly isAdmin: boolean;
  /** Epoch ms; undefined: no end. */
  readonly expiresAt: number | undefined;
  /** The broker's time at its answer, epoch ms. */
  readonly date: number | undefined;
}

export interface Broker {
  readonly url: string;
  /** The broker's time, epoch ms; it answers this without a token. */
  date(): Promise<number | undefined>;
  /** @throws DeployFailure invalid_token */
  owner(): Promise<TokenOwner>;
  challenge(): ReturnType<typeof challengeOf>;
  units(): Promise<ComputingUnit[]>;
  register(body: object): Promise<Registered>;
  /** The findings so far, or, with `now`, all checks again and a test job. */
  preflight(unitId: string, now: boolean): Promise<PreflightReport>;
  jobs(unitId: string, since: number): Promise<JobView[]>;
  job(jobId: string): Promise<JobView>;
  /** False if there was nothing to remove. */
  remove(unitId: string): Promise<boolean>;
}

export interface Registered {
  readonly computingUnitId: string;
  readonly action: 'created' | 'updated';
  readonly status: string;
  readonly missing: readonly string[];
}

type Client = ReturnType<typeof createBrokerClient>;

/** A client of the broker at `url` in the name of the token's owner. */
export function createBroker(url: string, token: string): Broker {
  const client = createBrokerClient({ baseUrl: url, token });
  return {
    url,
    async date() {
      const call = client.GET('/live');
      await asked(url, call);
      return dateOf((await call).response);
    },
    owner: () => ownerOf(client, url),
    challenge: () => challengeOf(client, url),
    async units() {
      const { computingUnits } = await asked(url, client.GET('/api/computing-unit/list', {}));
      return computingUnits;
    },
    async register(body) {
      return asked(url, client.POST('/api/computing-unit/register', { body: body as never }));
    },
    preflight(computingUnitId, now) {
      const params = { path: { computingUnitId } };
      const path = '/api/computing-unit/{computingUnitId}/preflight';
      return asked<PreflightReport>(url, now ? client.POST(path, { params }) : client.GET(path, { params }));
    },
    async jobs(unitId, since) {
      const found: JobView[] = [];
      let cursor: string | undefined;
      do {
        const query = { computing_unit_id: unitId, limit: 100, cursor };
        const page = await asked(url, client.GET('/api/job', { params: { query } }));
        found.push(...page.jobs.filter(({ createdAt }) => Date.parse(createdAt) >= since));
        // Newest first: behind the first older one are only older ones.
        cursor = page.jobs.every(({ createdAt }) => Date.parse(createdAt) >= since)
          ? (page.cursor ?? undefined)
          : undefined;
      } while (cursor !== undefined);
      return found;
    },
    job: (jobId) => asked(url, client.GET('/api/job/{jobId}', { params: { path: { jobId } } })),
    async remove(computingUnitId) {
      const params = { path: { computingUnitId } };
      const { removed } = await asked(
        url,
        client.DELETE('/api/computing-unit/{computingUnitId}', { params }),
      );
      return removed;
    },
  };
}

async function ownerOf(client: Client, url: string): Promise<TokenOwner> {
  try {
    const call = client.GET('/api/auth/profile');
    const [profile, { response }] = [await dataOf(call), await call];
    const expiresAt = profile.token.expiresAt;
    return {
      email: profile.email,
      isAdmin: profile.isAdmin,
      expiresAt: expiresAt === undefined ? undefined : Date.parse(expiresAt),
      date: dateOf(response),
    };
  } catch (error) {
    const refused = error instanceof BrokerError && (error.status === 401 || error.status === 403);
    if (refused) throw failure('invalid_token', `the broker says: ${error.message}`);
    throw translated(url, error);
  }
}

function dateOf({ headers }: Response): number | undefined {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : date;
}

/** External ID, enrolment code and the request to sign; good once, for 10 minutes. */
function challengeOf(client: Client, url: string) {
  return asked(url, client.POST('/api/computing-unit/challenges', { body: {} }));
}

async function asked<T>(
  url: string,
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  try {
    return await dataOf(call);
  } catch (error) {
    throw translated(url, error);
  }
}

function translated(url: string, error: unknown): unknown {
  if (error instanceof BrokerError) {
    if (error.status === 401) return failure('invalid_token', `the broker says: ${error.message}`);
    const id = error.requestId ? `, request ${error.requestId}` : '';
    return failure('broker_refused', `${error.message} (${error.code}${id})`, error.remedy);
  }
  if (!(error instanceof Error)) return error;
  const cause = error.cause instanceof Error ? error.cause.message : error.message;
  return failure('broker_unreachable', `${url}: ${cause}`);
}

/** https, or http on this machine. @throws DeployFailure wrong_arguments */
export function brokerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (!url || (url.protocol !== 'https:' && !local) || url.username || url.search || url.hash) {
    throw failure('wrong_arguments', `--api-url must be an https address without a query, not "${text}"`);
  }
  return text.replace(/\/+$/, '').replace(/\/api$/, '');
}
