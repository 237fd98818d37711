/** The model finds bugs: each of these is planted into one part, and the promise must be seen to break. */
import t from 'tap';
import { isTerminal } from '../../services/jobs/lifecycle.ts';
import type { Operation } from '../../src/aws/table/gathered-transactions.ts';
import type { ItemTable } from '../../src/aws/table/item-table.ts';
import type { Item } from '../../src/aws/table/items.ts';
import { check } from './check.ts';
import type { Mutations } from './world.ts';

/** Sequences within which a bug must show itself. */
const ENOUGH = 10_000;

const withoutConditions = (table: ItemTable): ItemTable => ({
  ...table,
  write: (item) => table.write(item),
  transact: (operations) => table.transact(operations.map((each) => ({ ...each, condition: undefined }))),
});

/** A store that writes something else than it was asked to; undefined: nothing. */
const writing = (change: (item: Item) => Item | undefined) => (): Mutations => ({
  table: (table) => ({
    ...table,
    async write(item, condition) {
      const changed = change(item);
      return changed ? table.write(changed, condition) : true;
    },
    transact: (operations) =>
      table.transact(
        operations.map((each): Operation => {
          const put = 'put' in each ? change(each.put) : undefined;
          return put ? { ...each, put } : each;
        }),
      ),
  }),
});

interface Body {
  state?: string;
  jobId?: string;
  open?: string[];
}
const bodyOf = ({ body }: Item): Body => JSON.parse(body) as Body;

/** Jobs in some states are looked at so much later than they should be. */
const late = (states: readonly string[], ms: number) =>
  writing((item) => {
    if (item.kind !== 'job' || !item.gsi2sk || !states.includes(bodyOf(item).state ?? '')) return item;
    const [at, jobId] = item.gsi2sk.split('#');
    return { ...item, gsi2sk: `${String(Number(at) + ms).padStart(at.length, '0')}#${jobId}` };
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
    // Or a look, or a cancel, goes to the name that the execution should have, and finds nothing.
    shows: /started 2 times|still (running|canceling)|canceled although Step Functions says/,
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
    shows: /still (queued|starting|running|canceling)|no (start|end|cancel|deadline) for/,
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
    shows: /(succeeded|failed) although Step Functions says/,
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
  'a look at running jobs that comes six minutes late': {
    mutations: late(['running'], 360_000),
    shows: /no end for|still running/,
  },
  'a look at queued jobs that comes three minutes late': {
    mutations: late(['queued', 'starting'], 180_000),
    shows: /no start/,
  },
  'a look at canceled jobs that comes six minutes late': {
    mutations: late(['canceling'], 360_000),
    shows: /no cancel for/,
  },
  'a job that stays in the index after its end': {
    mutations: writing((item) => {
      const { state, jobId } = bodyOf(item);
      const ended = item.kind === 'job' && ['succeeded', 'failed', 'canceled'].includes(state ?? '');
      return ended ? { ...item, gsi2pk: 'OPEN#0', gsi2sk: `000000000000000#${jobId}` } : item;
    }),
    shows: /in the index of open jobs for ever/,
  },
  'messages that are stored nowhere': {
    mutations: writing((item) => (item.kind === 'webhook-delivery' ? undefined : item)),
    shows: /no webhook was told/,
  },
  'a cap that counts nobody': {
    mutations: writing((item) =>
      item.kind === 'usage' ? { ...item, body: JSON.stringify({ ...bodyOf(item), open: [] }) } : item,
    ),
    shows: /at once, and 3 are allowed/,
  },
  'a submit that is answered before it is stored': {
    mutations: () => ({
      table: (table) => ({ ...table, transact: async () => 'written' }),
    }),
    shows: /accepted and lost/,
  },
};

t.setTimeout(900_000);

for (const [name, { mutations, shows }] of Object.entries(BUGS)) {
  t.test(`${name} is found`, { timeout: 600_000 }, async (t) => {
    const { failure, runs } = await check(ENOUGH, mutations());
    t.match(failure, shows);
    t.comment(`after ${runs} sequences`);
  });
}
