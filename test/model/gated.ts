/** The table, the account and the outside world as one process reaches them: every call stands at a gate. */
import { CloudError, type UnitCloud } from '../../services/ports.ts';
import type { CallOutcome, WebhookCaller } from '../../services/webhooks/ports.ts';
import { JOB } from '../../src/aws/stores/job-store.ts';
import type { Operation } from '../../src/aws/table/gathered-transactions.ts';
import type { ItemTable } from '../../src/aws/table/item-table.ts';
import type { Item } from '../../src/aws/table/items.ts';
import { openPartition } from '../../src/aws/table/table.ts';
import { AppError } from '../../src/errors.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { MemoryTable } from '../helpers/memory-table.ts';
import type { Ending, Gates } from './gates.ts';

/** The table with somebody watching how jobs change in it. */
export function witnessed(
  table: MemoryTable,
  wrote: (jobId: string, after: Job | undefined) => void,
): ItemTable {
  const note = (operation: Operation): void => {
    if ('put' in operation) {
      const after = operation.put.kind === JOB.name ? table.look(JOB, operation.put) : undefined;
      if (after) wrote(after.jobId, after);
    } else if (operation.remove.sk === 'JOB') wrote(operation.remove.pk.slice('JOB#'.length), undefined);
  };
  return {
    ...table,
    async write(item: Item, condition) {
      const repeated = table.raw(item.pk, item.sk)?.['writeId'] === item.writeId;
      const written = await table.write(item, condition);
      if (written && !repeated) note({ put: item });
      return written;
    },
    async transact(operations) {
      const outcome = await table.transact(operations);
      if (outcome === 'written') for (const operation of operations) note(operation);
      return outcome;
    },
  };
}

/** The table as a process reaches it. */
export function gatedTable(gates: Gates, process: number, table: ItemTable): ItemTable {
  const fail = (ending: Ending): Error => new AppError('unavailable', `DynamoDB: ${ending}`);
  const at = <A extends unknown[], T>(call: string, work: (...args: A) => Promise<T>) => {
    return (...args: A): Promise<T> => gates.through(process, `dynamodb ${call}`, () => work(...args), fail);
  };
  return {
    read: at('read', table.read) as ItemTable['read'],
    write: at('write', table.write),
    remove: at('remove', table.remove),
    take: at('take', table.take) as ItemTable['take'],
    transact: at('transact', table.transact),
    page: at('page', table.page) as ItemTable['page'],
    reindex: at('reindex', table.reindex),
    // The eight shards of an index are asked at once: what one call may meet is enough.
    openKeys: (partition, before, limit) =>
      partition === openPartition(0)
        ? at('query', table.openKeys)(partition, before, limit)
        : table.openKeys(partition, before, limit),
  };
}

/** The account as a process reaches it. */
export function gatedAccount(gates: Gates, process: number, cloud: UnitCloud): UnitCloud {
  const at = <A extends unknown[], T>(operation: string, work: (...args: A) => Promise<T>) => {
    const fail = (ending: Ending): Error =>
      ending === 'throttled'
        ? new CloudError('throttled', operation, 'ThrottlingException', 'ordered by the test')
        : new CloudError('unavailable', operation, 'TimeoutError', `ordered by the test: ${ending}`);
    return (...args: A): Promise<T> => gates.through(process, `aws ${operation}`, () => work(...args), fail);
  };
  return {
    ...cloud,
    putJobDocument: at('PutObject', cloud.putJobDocument),
    startExecution: at('StartExecution', cloud.startExecution),
    describeExecution: at('DescribeExecution', cloud.describeExecution),
    runningExecutions: at('ListExecutions', cloud.runningExecutions),
    stopExecution: at('StopExecution', cloud.stopExecution),
    headObject: at('HeadObject', cloud.headObject),
    deleteObject: at('DeleteObject', cloud.deleteObject),
  };
}

/** Calls of webhooks: whatever goes wrong on the way is an answer that never came. */
export function gatedCaller(gates: Gates, process: number, caller: WebhookCaller): WebhookCaller {
  return {
    ...caller,
    async post(...message): Promise<CallOutcome> {
      const fail = (ending: Ending): Error => new Error(`ordered by the test: ${ending}`);
      try {
        return await gates.through(process, 'webhook POST', () => caller.post(...message), fail);
      } catch {
        return { problem: 'timeout' };
      }
    },
  };
}
