/** Traces: what a collector receives over HTTP, and that there are none by default. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { loadConfig } from '../../src/config.ts';
import { startTraces } from '../../src/traces.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { broker } from '../helpers/http.ts';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
  status: { code?: number };
}

/** A collector of OTLP/HTTP in JSON. */
async function startCollector(t: { teardown(fn: () => unknown): unknown }) {
  const spans: Span[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      if (request.url === '/v1/traces') {
        for (const { scopeSpans } of JSON.parse(text).resourceSpans)
          for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { spans, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

t.test('off unless the configuration names a collector', async (t) => {
  t.equal(loadConfig({}).traces, undefined);
  t.same(loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/', TRACES_RATIO: '0.1' }).traces, {
    endpoint: 'http://collector:4318',
    ratio: 0.1,
  });
});

t.test('a span per request under the span of the caller, calls to AWS under it, and no names', async (t) => {
  const { spans, endpoint } = await startCollector(t);
  const traces = startTraces({ endpoint, ratio: 1 });
  const cloud = await startTestCloud(t);
  const b = await broker(t, { tracer: traces.tracer }, (app) => {
    app.get('/deep', async () => {
      await cloud.stores.jobs.get('canary-job');
      return {};
    });
    app.get('/broken', async () => {
      throw new Error('canary-message');
    });
  });
  const ada = await b.person('ada@example.org');
  await b.app.inject({
    url: '/deep?canary=query',
    headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
  });
  await ada.get('/api/job/canary');
  await b.app.inject({ url: '/broken', headers: { traceparent: '00-nonsense' } });
  await traces.close();

  const named = (name: string) => spans.filter((span) => span.name === name);
  const attribute = (span: Span, key: string) => span.attributes.find((one) => one.key === key)?.value;
  const [deep] = named('GET /deep');
  t.match(deep, { traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16) });
  t.same(attribute(deep, 'http.response.status_code'), { intValue: 200 });
  const [read] = named('DynamoDB.GetItem').filter((span) => span.traceId === deep.traceId);
  t.equal(read.parentSpanId, deep.spanId);
  const [job] = named('GET /api/job/:jobId');
  t.same(attribute(job, 'http.route'), { stringValue: '/api/job/:jobId' });
  t.equal(named('GET /broken')[0].status.code, 2, 'an error');
  t.not(named('GET /broken')[0].traceId, deep.traceId);
  t.notMatch(JSON.stringify(spans), /canary|ada@|Bearer/);
  t.notMatch(JSON.stringify(spans), ada.userId);
});
