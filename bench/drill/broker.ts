/** One broker process of a bench: the real composition root on an embedded cloud that runs elsewhere. */
import type { AddressInfo } from 'node:net';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createDeps } from '../../src/deps.ts';
import { createLog } from '../../src/log.ts';
import type { BenchPlace } from './place.ts';

const place = JSON.parse(process.argv[2]) as BenchPlace;
const config = loadConfig({
  REQUESTS_PER_MINUTE: '10000000',
  SIGN_INS_PER_MINUTE: '10000000',
  LOG_LEVEL: process.argv[3] ?? 'silent',
});
let ownUrl = '';
const deps = createDeps({
  config,
  place,
  tokenSecret: place.tokenSecret,
  publicUrl: () => ownUrl,
  log: createLog(config.logLevel),
  clock: Date.now,
});
const app = await buildApp(deps.app);
await app.listen({ port: 0, host: '127.0.0.1' });
ownUrl = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
// `doors`: it answers requests and starts nothing.
if (process.argv[4] !== 'doors') deps.loop.start();
// Without its parent nobody would end it.
process.once('disconnect', () => process.exit(0));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6, rss: process.memoryUsage().rss });
});
process.send?.({ url: ownUrl });
