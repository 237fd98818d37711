/** Every request that an existing caller is known to send, replayed in order: each is answered as that caller reads it. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { jobToken } from '../../services/jobs/token.ts';
import { type Answer, broker, HUB, PASSWORD, RESEARCHER, SECRET } from '../helpers/http.ts';

interface Dialect {
  /** Section of the description of the callers: 1.1 sign-in ... 1.10 presign. */
  section: string;
  caller: string;
  as: 'nobody' | 'ada' | 'admin' | 'job';
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  body?: object;
  status: number;
  /** What the answer must say. */
  answer?: object;
  /** Fields that the caller reads, besides. */
  reads?: string[];
  /** Fields of the answer that later requests name. */
  keep?: Record<string, string>;
}

const FIXTURE = readFileSync(new URL('../fixtures/dialects.json', import.meta.url), 'utf8');

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value);
}

t.test('each dialect of 1.1 to 1.10 is understood', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const ada = await b.person('ada@example.org');
  const names: Record<string, string> = {
    email: ada.email,
    password: PASSWORD,
    hub: HUB,
    researcher: RESEARCHER,
  };
  const filled = (text: string): string =>
    text.replace(/\$\{(\w+)\}/g, (_all, name: string) => {
      if (names[name] === undefined) throw new Error(`nothing has said ${name}`);
      return names[name];
    });

  async function send({ as, method, url, body }: Dialect): Promise<Answer> {
    const bearer = {
      nobody: '',
      ada: ada.tokens.id_token,
      admin: admin.tokens.id_token,
      job: names['jobToken'],
    };
    return b.app.inject({
      method,
      url: filled(url),
      payload: body && JSON.parse(filled(JSON.stringify(body))),
      headers: bearer[as] ? { authorization: `Bearer ${bearer[as]}` } : {},
    });
  }

  /** What must be there before a section: a file once there is a unit, a running job before callbacks. */
  async function prepare(section: string): Promise<void> {
    if (section === '1.7' && !names['dataId']) {
      const { dataId, bucket, key } = (
        await ada.post('/data/presign', { operation: 'put', filename: 'signal.dat' })
      ).json();
      Object.assign(names, { dataId, bucket, key });
      b.cloud.objects.set(`${bucket}/${key}`, { sizeBytes: 1234, etag: 'e', metadata: {} });
      b.cloud.uploadedBytes = 24_117_248;
    }
    if (section === '1.9' && !names['jobToken']) {
      await b.ticker.tick();
      const jobId = names['job'] ?? '';
      const job = await b.jobStore.get(jobId);
      Object.assign(names, { jobToken: jobToken(SECRET, jobId, 0), resultKey: job?.result.key });
    }
  }

  const sections = new Set<string>();
  for (const dialect of JSON.parse(FIXTURE) as Dialect[]) {
    const name = `${dialect.section} ${dialect.method} ${dialect.url}: ${dialect.caller}`;
    await prepare(dialect.section);
    const answer = await send(dialect);
    t.equal(answer.statusCode, dialect.status, `${name}: ${answer.body.slice(0, 300)}`);
    const said: unknown = answer.json();
    if (dialect.answer) t.match(said, JSON.parse(filled(JSON.stringify(dialect.answer))), name);
    for (const path of dialect.reads ?? []) t.not(at(said, path), undefined, `${name} reads ${path}`);
    for (const [kept, path] of Object.entries(dialect.keep ?? {})) names[kept] = String(at(said, path));
    sections.add(dialect.section);
  }
  t.same([...sections].sort(), ['1.1', '1.10', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7', '1.8', '1.9']);
});
