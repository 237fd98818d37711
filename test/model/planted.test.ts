/** The model finds bugs: each of these is planted into one part, and the promise must be seen to break. */
import t from 'tap';
import { isTerminal } from '../../services/jobs/lifecycle.ts';
import type { ItemTable } from '../../src/aws/table/item-table.ts';
import { check } from './check.ts';
import type { Mutations } from './world.ts';

/** Sequences within which a bug must show itself. */
const ENOUGH = 3_000;

const withoutConditions = (table: ItemTable): ItemTable => ({
  ...table,
  write: (item) => table.write(item),
  transact: (operations) => table.transact(operations.map((each) => ({ ...each, condition: undefined }))),
});

const BUGS: Record<string, { mutations: () => Mutations; shows: RegExp }> = {
  'a store that ignores versions': {
    mutations: () => ({ table: withoutConditions }),
    shows: /its history|was not its end|stands for two jobs/,
  },
  'a start that takes a new name at every try': {
    mutations: () => {
      let count = 0;
      return {
        cloud: (cloud) => ({
          ...cloud,
          startExecution: (unit, name, input) => cloud.startExecution(unit, `${name}-${++count}`, input),
        }),
      };
    },
    // Or a cancel looks for the execution under the name that it should have, and finds nothing.
    shows: /started 2 times|still running|canceled although Step Functions says/,
  },
  'a start that does not adopt what exists': {
    mutations: () => ({
      cloud: (cloud) => ({
        ...cloud,
        describeExecution: async (unit, arn) => ({
          ...(await cloud.describeExecution(unit, arn)),
          input: 'of somebody else',
        }),
      }),
    }),
    shows: /name_conflict although Step Functions says/,
  },
  'an execution that is started before its document is there': {
    mutations: () => ({ cloud: (cloud) => ({ ...cloud, putJobDocument: async () => undefined }) }),
    shows: /started without its document/,
  },
  'an index of open jobs that loses some': {
    mutations: () => ({
      table: (table) => ({
        ...table,
        openKeys: async (partition, before, limit) =>
          /[0-3]$/.test(partition) ? [] : table.openKeys(partition, before, limit),
      }),
    }),
    shows: /still (queued|starting|running|canceling)/,
  },
  'a callback that is believed': {
    mutations: () => ({
      broker: (broker) => ({
        ...broker,
        callbacks: {
          ...broker.callbacks,
          async ended(jobId, token) {
            const job = await broker.callbacks.ended(jobId, token);
            const said = await broker.moves.move(jobId, { by: 'worker' }, (latest) =>
              isTerminal(latest.state)
                ? undefined
                : { state: latest.state === 'queued' ? 'failed' : 'succeeded' },
            );
            return said ?? job;
          },
        },
      }),
    }),
    shows: /succeeded although Step Functions says/,
  },
  'a cancel that lies': {
    mutations: () => ({
      broker: (broker) => ({
        ...broker,
        users: {
          ...broker.users,
          async cancel(who, jobId) {
            const job = await broker.users.get(who, jobId);
            const said = await broker.moves.move(jobId, { by: 'user' }, (latest) =>
              isTerminal(latest.state) ? undefined : { state: 'canceled' },
            );
            return said ?? job;
          },
        },
      }),
    }),
    shows: /canceled although Step Functions says/,
  },
  'an idempotency key that is forgotten': {
    mutations: () => ({
      table: (table) => ({
        ...table,
        read: async (kind, key) => (key.sk === 'IDEM' ? undefined : table.read(kind, key)),
        transact: (operations) =>
          table.transact(operations.filter((each) => !('put' in each) || each.put.sk !== 'IDEM')),
      }),
    }),
    shows: /stands for two jobs/,
  },
  'a submit that is answered before it is stored': {
    mutations: () => ({
      table: (table) => ({ ...table, transact: async () => 'written' }),
    }),
    shows: /accepted and lost/,
  },
};

for (const [name, { mutations, shows }] of Object.entries(BUGS)) {
  t.test(`${name} is found`, async (t) => {
    const { failure, runs } = await check(ENOUGH, mutations());
    t.match(failure, shows);
    t.comment(`after ${runs} sequences`);
  });
}
