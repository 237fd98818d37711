/**
 * A broker process that dies by kill -9 in the midst of a step of one job, for killers.soak.ts: MORTAL says as JSON where
 * the cloud is, which job kills, and how far the clock is ahead. Ends by itself after so many rounds if it lives.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createSessions } from '../../src/aws/accounts/sessions.ts';
import { createUnitCloud } from '../../src/aws/accounts/unit-cloud.ts';
import { createAwsClients } from '../../src/aws/clients.ts';
import { createBaseCredentials } from '../../src/aws/credentials.ts';
import { createIds } from '../../src/aws/ids.ts';
import { createStores } from '../../src/aws/stores/stores.ts';
import { brokerOf } from '../helpers/broker.ts';
import { memoryAccount } from '../helpers/memory-account.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';

const { endpoint, region, tableName, uri, token, platform, killer, aheadMs, rounds } = JSON.parse(
  String(process.env['MORTAL']),
);
let ahead = Number(aheadMs);
const clock = (): number => Date.now() + ahead;
const credentials = createBaseCredentials({ kind: 'container', uri, token }, clock);
const clients = createAwsClients({ region, endpoint, credentials });
const sessions = createSessions({ sts: clients.sts, baseCredentials: credentials, platform, clock });
const unitCloud = createUnitCloud({ clients, sessions, clock });
const log = createMemoryLog();
const account = memoryAccount();
const broker = brokerOf({
  stores: createStores({ documents: clients.documents, tableName, cursorSecret: 'c', clock, log }),
  cloud: {
    ...unitCloud,
    async putJobDocument(unit, location, document) {
      if (location.key.includes(killer)) process.kill(process.pid, 'SIGKILL');
      return unitCloud.putJobDocument(unit, location, document);
    },
  },
  callers: account,
  trust: account,
  probe: account,
  clock,
  ids: createIds(clock),
  log,
  shared: true,
});
for (let round = 0; round < rounds; round++) {
  await broker.shares?.tick();
  await broker.ticker.tick();
  ahead += 1_000;
  await pause(20);
}
clients.close();
process.send?.({ aheadMs: ahead });
process.disconnect?.();
