/** The server of read.ts: the broker whose jobs come from memory, and the bare route, in one process. */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { buildApp } from '../../src/app.ts';
import { sampleJob } from '../../test/helpers/samples.ts';
import { openScene } from './scene.ts';

const scene = await openScene({ people: 1 });
const [{ userId, authorization }] = scene.persons;
const job = sampleJob({ jobId: 'bench', ownerId: userId });
const jobs = { ...scene.deps.jobs, get: async () => job };
const app = await buildApp({ ...scene.deps, jobs });
const shown = (await app.inject({ url: '/api/job/bench', headers: { authorization } })).json();
const bare = Fastify();
bare.get('/bare', async () => shown);

// Both behind one port: a server of Fastify hands requests on by their path.
await app.ready();
await bare.ready();
const { createServer } = await import('node:http');
const server = createServer((request, response) =>
  (request.url === '/bare' ? bare : app).routing(request, response),
);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: (user + system) / 1e6 });
});
process.send?.({ port: (server.address() as AddressInfo).port, authorization });
