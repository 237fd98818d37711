/** A table that is gone, or that the broker may not use, is the broker's trouble: no caller can do anything about it. */
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import t from 'tap';
import { startTestCloud } from '../helpers/cloud.ts';
import { bodiesOf, doors, urlOf } from '../helpers/doors.ts';
import { HUB } from '../helpers/http.ts';
import { tableIn } from '../helpers/table.ts';

t.test(
  'every door says 503 and when to come back, whatever the table refuses; then it works again',
  async (t) => {
    const cloud = await startTestCloud(t);
    const table = await tableIn(cloud, HUB);
    const b = await doors(t, { table });
    const control = cloud.control(HUB);
    const open = b.operations.filter(({ path }) => !path.endsWith('/events'));
    t.ok(open.length > 100, `${open.length} doors`);

    const askAll = async (what: string): Promise<void> => {
      // What is remembered of an account for a moment is forgotten.
      b.pass(10_000);
      let refused = 0;
      for (const operation of open) {
        const { method, path, operationId } = operation;
        const { tokens } = path.includes('/admin') ? b.admin : b.ada;
        const answer = await b.app.inject({
          method: method.toUpperCase() as 'GET',
          url: urlOf(operation, b.ids),
          payload: bodiesOf(operation, b.ids)[0],
          headers: { authorization: `Bearer ${tokens.id_token}` },
        });
        const { statusCode, headers } = answer;
        const name = `${what}: ${operationId} ${statusCode}`;
        if (statusCode === 503) {
          refused++;
          t.ok(headers['retry-after'], name);
        } else if (statusCode !== 400 && statusCode >= 400) t.fail(`${name} ${answer.body}`);
      }
      t.ok(refused > 80, `${what}: ${refused} doors need the table`);
    };

    for (const kind of ['deny', 'expired'] as const) {
      await control.addFault({ service: 'dynamodb', operation: '*', kind });
      await askAll(kind);
      await control.clearFaults();
      t.equal((await b.ada.get(`/api/job/${b.ids['jobId']}`)).statusCode, 200, `${kind} is over`);
    }
    await table.documents.send(new DeleteTableCommand({ TableName: table.tableName }));
    await askAll('gone');
  },
);
