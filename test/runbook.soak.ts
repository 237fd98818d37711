/** Every command of the runbook that is ours is run, block by block, against the whole system of a laptop. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createKeyRing, openMasterKey } from '../infra/local/credentials.ts';
import { cloudDir, HUB_ACCOUNT } from '../infra/local/launch.ts';
import { createAwsClients } from '../src/aws/clients.ts';
import { createAsideStore } from '../src/aws/stores/aside-store.ts';
import { createCursors } from '../src/aws/table/cursor.ts';
import { createItemTable } from '../src/aws/table/item-table.ts';
import { ended, fileReference, startLaptop, submitReferences } from './helpers/laptop.ts';
import { createMemoryLog } from './helpers/memory-log.ts';
import { bash, blocks, folderOf, ofAws } from './helpers/runbook.ts';
import { LOADER, script } from './helpers/script.ts';

t.setTimeout(900_000);
const PHANTOM = script('infra/local/phantom/phantom.h5');

t.test('the commands of cloudmr and npm do what the runbook says', async (t) => {
  const laptop = await startLaptop(t);
  const folder = folderOf(t);
  const { admin } = laptop;
  const unit = laptop.units.mode_1;
  // npx looks for the program in the project; so does this, without npm's own second.
  const program = [process.execPath, ...LOADER, script('test/cli/helpers/program.ts')];
  writeFileSync(
    join(folder, 'npx'),
    `#!/bin/sh\nshift\nexec ${program.map((word) => `'${word}'`).join(' ')} "$@"\n`,
  );
  chmodSync(join(folder, 'npx'), 0o755);
  const signal = await fileReference(admin, PHANTOM, unit);
  const submit = () => submitReferences(admin, unit, { signal });
  const done = await submit();
  await ended(admin, done);
  const control = await laptop.control(HUB_ACCOUNT);
  const canceled = async (): Promise<string> => {
    const jobId = await submit();
    await admin.call('POST', `/api/job/${jobId}/cancel`, {});
    await ended(admin, jobId);
    return jobId;
  };
  const keys = createKeyRing(await openMasterKey(cloudDir(laptop.dataDir)));
  const clients = createAwsClients({
    region: 'us-east-1',
    endpoint: laptop.endpoint,
    credentials: async () => keys.rootCredentials(HUB_ACCOUNT),
  });
  t.teardown(() => clients.close());
  const aside = createAsideStore(
    createItemTable({
      documents: clients.documents,
      tableName: 'cloudmr',
      cursors: createCursors('cursors of a test'),
      log: createMemoryLog(),
    }),
  );
  const env = {
    PATH: `${folder}:${process.env['PATH']}`,
    CI: 'true',
    CLOUDMR_HOME: folder,
    DATA_DIR: laptop.dataDir,
    URL: laptop.url,
    ADMIN: 'admin@localhost',
    UNIT: unit.computingUnitId,
    JOB: done,
    BACKUP: join(folder, 'backup'),
  };
  for (const block of blocks.filter((one) => !ofAws(one))) {
    if (/restore/.test(block)) await laptop.broker.stop();
    const fresh: Record<string, string> = {};
    // Jobs that are to be open or canceled do not get as far as to their end.
    if (/\$(OPEN|ENDED)_JOB/.test(block)) {
      await control.addFault({ service: 'states', operation: 'StartExecution', kind: 'throttle' });
    }
    if (/\$OPEN_JOB/.test(block)) fresh['OPEN_JOB'] = await submit();
    if (/\$ENDED_JOB/.test(block)) fresh['ENDED_JOB'] = await canceled();
    if (/\$ASIDE_JOB/.test(block)) {
      fresh['ASIDE_JOB'] = done;
      await aside.put({ jobId: done, at: Date.now(), error: 'Error: of a test', failures: 5 });
    }
    const password = `${laptop.broker.adminPassword}\n`;
    const { code, output } = await bash(block, { ...env, ...fresh }, /login/.test(block) ? password : '');
    t.equal(code, 0, `${block}${output}`);
    if (Object.keys(fresh).length > 0) await control.clearFaults();
    // An entry may end with everything stopped; the next begins with everything open.
    if (/stop-all/.test(block)) await bash('npx cloudmr units open-all', env);
  }
});
