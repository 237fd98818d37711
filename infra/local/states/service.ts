/** AWS Step Functions, STANDARD workflows, for the state machines of the stacks. */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Vault } from '../backup/vault.ts';
import {
  AwsError,
  type JsonService,
  notEmulated,
  type ServiceContext,
  type StateMachineResource,
} from '../contract.ts';
import { parseArn, roleArnFor } from '../runtime/arn.ts';
import { createExecutions, type ExecutionOptions } from './executions.ts';
import {
  checkArn,
  checkInput,
  checkName,
  checkRequest,
  REQUESTS,
  readToken,
  writeToken,
} from './requests.ts';
import { type ExecutionRecord, type HistoryEvent, openStore } from './store.ts';

const DEFAULT_PAGE = 100;

export interface StatesOptions extends Omit<ExecutionOptions, 'store'> {
  /** Data directory of the cloud; executions live in `DIR/states`. */
  dir: string;
  /** Told of the store, for backups. */
  vault?: Pick<Vault, 'add'>;
}

/**
 * Opens the service and continues every execution that was running when it was last closed or killed, so the
 * registry must already know the stacks.
 */
export async function createStatesService(options: StatesOptions): Promise<JsonService> {
  const store = await openStore(join(options.dir, 'states'), (level) => options.vault?.add('states', level));
  const executions = createExecutions({ ...options, store });

  function machineOf(arn: string): StateMachineResource {
    const machine = options.registry.stateMachine(arn);
    if (machine) return machine;
    throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  }

  async function executionOf(arn: string): Promise<ExecutionRecord> {
    const record = await executions.known(arn);
    if (record) return record;
    throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  }

  const operations: { [O in keyof typeof REQUESTS]: Operation<O> } = {
    async StartExecution({ stateMachineArn, name = randomUUID(), input = '{}' }, context) {
      checkArn(stateMachineArn, 'stateMachine');
      authorize(context, 'StartExecution', stateMachineArn);
      checkName(name);
      checkInput(input);
      const record = await executions.start(machineOf(stateMachineArn), stateMachineArn, name, input);
      return { executionArn: record.arn, startDate: record.startDate / 1000 };
    },

    async DescribeExecution({ executionArn, includedData }, context) {
      checkArn(executionArn, 'execution');
      authorize(context, 'DescribeExecution', executionArn);
      const record = await executionOf(executionArn);
      const data =
        includedData === 'METADATA_ONLY'
          ? {}
          : {
              input: record.input,
              inputDetails: { included: true },
              ...(record.output !== undefined && {
                output: record.output,
                outputDetails: { included: true },
              }),
              error: record.error,
              cause: record.cause,
            };
      return { ...summary(record), ...data, redriveCount: 0 };
    },

    async StopExecution({ executionArn, error, cause }, context) {
      checkArn(executionArn, 'execution');
      authorize(context, 'StopExecution', executionArn);
      await executionOf(executionArn);
      await executions.stop(executionArn, error, cause);
      return { stopDate: seconds((await executionOf(executionArn)).stopDate) };
    },

    async ListExecutions({ stateMachineArn, statusFilter, maxResults, nextToken }, context) {
      checkArn(stateMachineArn, 'stateMachine');
      authorize(context, 'ListExecutions', stateMachineArn);
      machineOf(stateMachineArn);
      const question = `${stateMachineArn} ${statusFilter ?? ''}`;
      const limit = maxResults || DEFAULT_PAGE;
      const page = await store.list(stateMachineArn, statusFilter, readToken(question, nextToken), limit + 1);
      const prefix = stateMachineArn.replace(':stateMachine:', ':execution:');
      const records = await Promise.all(
        page.slice(0, limit).map(({ name }) => executions.known(`${prefix}:${name}`)),
      );
      const more = page.length > limit ? { nextToken: writeToken(question, page[limit - 1].position) } : {};
      return { executions: records.filter((record) => record !== undefined).map(summary), ...more };
    },

    async GetExecutionHistory(request, context) {
      const {
        executionArn,
        maxResults,
        nextToken,
        reverseOrder = false,
        includeExecutionData = true,
      } = request;
      checkArn(executionArn, 'execution');
      authorize(context, 'GetExecutionHistory', executionArn);
      await executionOf(executionArn);
      const question = `${executionArn} ${reverseOrder}`;
      const limit = maxResults || DEFAULT_PAGE;
      const after = readToken(question, nextToken);
      const from = after === undefined ? undefined : Number(after);
      const { events, more } = await store.events(executionArn, from, limit, reverseOrder);
      const next = more ? { nextToken: writeToken(question, String(events.at(-1)?.id)) } : {};
      return { events: includeExecutionData ? events : events.map(withoutData), ...next };
    },

    async DescribeStateMachine({ stateMachineArn }, context) {
      checkArn(stateMachineArn, 'stateMachine');
      authorize(context, 'DescribeStateMachine', stateMachineArn);
      const machine = machineOf(stateMachineArn);
      return {
        stateMachineArn,
        name: machine.name,
        status: 'ACTIVE',
        definition: machine.definition,
        roleArn: roleArnFor(stateMachineArn, machine.roleName),
        type: 'STANDARD',
      };
    },

    async ListTagsForResource({ resourceArn }, context) {
      checkArn(resourceArn, 'stateMachine');
      authorize(context, 'ListTagsForResource', resourceArn);
      const machine = options.registry.stateMachine(resourceArn);
      if (!machine) throw new AwsError('ResourceNotFound', `Resource not found: '${resourceArn}'`);
      return { tags: Object.entries(machine.tags ?? {}).map(([key, value]) => ({ key, value })) };
    },
  };

  await executions.resume();

  return {
    name: 'states',
    targetPrefix: 'AWSStepFunctions',
    async call(operation, input, context) {
      if (!Object.hasOwn(operations, operation)) throw notEmulated(`states:${operation}`);
      const name = operation as keyof typeof REQUESTS;
      const request = checkRequest(REQUESTS[name] as z.ZodType, input);
      return (operations[name] as Operation<never>)(request as never, context);
    },
    async close() {
      await executions.close();
      await store.close();
    },
  };
}

type Operation<O extends keyof typeof REQUESTS> = (
  request: z.infer<(typeof REQUESTS)[O]>,
  context: ServiceContext,
) => Promise<object>;

/** Step Functions has no resource policies: only the owning account may ask, and IAM decides the rest. */
function authorize(context: ServiceContext, operation: string, resource: string): void {
  if (parseArn(resource)?.accountId !== context.accountId) {
    throw new AwsError(
      'AccessDeniedException',
      `User: ${context.caller.arn} is not authorized to perform: states:${operation} on resource: ${resource}`,
    );
  }
  context.authorize(`states:${operation}`, resource);
}

const seconds = (epochMs: number | undefined): number | undefined =>
  epochMs === undefined ? undefined : epochMs / 1000;

function summary(record: ExecutionRecord): object {
  return {
    executionArn: record.arn,
    stateMachineArn: record.machineArn,
    name: record.name,
    status: record.status,
    startDate: seconds(record.startDate),
    stopDate: seconds(record.stopDate),
  };
}

/** includeExecutionData=false: the events without inputs, outputs and parameters. */
function withoutData(event: HistoryEvent): HistoryEvent {
  return JSON.parse(
    JSON.stringify(event, (key, value) =>
      ['input', 'inputDetails', 'output', 'outputDetails', 'parameters'].includes(key) ? undefined : value,
    ),
  );
}
