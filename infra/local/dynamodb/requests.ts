/** The door: what a request may contain. Shapes and bounds are checked by dynalite's rules for Amazon's API. */
import { types as batchGet } from 'dynalite/validations/batchGetItem.js';
import { types as batchWrite } from 'dynalite/validations/batchWriteItem.js';
import { custom as checkCreateTable, types as createTable } from 'dynalite/validations/createTable.js';
import { types as deleteItem } from 'dynalite/validations/deleteItem.js';
import { types as getItem } from 'dynalite/validations/getItem.js';
import {
  checkTypes,
  checkValidations,
  type ParameterRule,
  type ParameterRules,
} from 'dynalite/validations/index.js';
import { types as listTables } from 'dynalite/validations/listTables.js';
import { types as putItem } from 'dynalite/validations/putItem.js';
import { types as query } from 'dynalite/validations/query.js';
import { types as scan } from 'dynalite/validations/scan.js';
import { types as updateItem } from 'dynalite/validations/updateItem.js';
import { AwsError, notEmulated } from '../contract.ts';
import { asAwsErrors, invalid } from './errors.ts';

/** Parameters from before there were expressions; refused by name. */
const LEGACY = [
  'AttributesToGet',
  'AttributeUpdates',
  'ConditionalOperator',
  'Expected',
  'KeyConditions',
  'QueryFilter',
  'ScanFilter',
];

const BOOLEAN = 'Boolean';
const ON_FAILURE: ParameterRule = { type: 'String', enum: ['ALL_OLD', 'NONE'] };
const TableName = putItem.TableName as ParameterRule;
const ReturnConsumedCapacity = putItem.ReturnConsumedCapacity;

const writes = {
  put: { ...without(putItem), ReturnValuesOnConditionCheckFailure: ON_FAILURE },
  update: { ...without(updateItem), ReturnValuesOnConditionCheckFailure: ON_FAILURE },
  delete: { ...without(deleteItem), ReturnValuesOnConditionCheckFailure: ON_FAILURE },
};
/** Within a transaction an operation has nothing to return but on failure. */
const OF_CALL = ['ReturnConsumedCapacity', 'ReturnItemCollectionMetrics', 'ReturnValues'];
const { UpdateExpression: _, ...conditionCheck } = without(writes.update, OF_CALL);

const indexRules = ((createTable.GlobalSecondaryIndexes as ParameterRule).children as ParameterRule)
  .children as ParameterRules;

const RULES: Record<string, ParameterRules> = {
  CreateTable: {
    ...without(createTable, ['LocalSecondaryIndexes']),
    DeletionProtectionEnabled: BOOLEAN,
  },
  DescribeTable: { TableName },
  DeleteTable: { TableName },
  ListTables: listTables,
  UpdateTable: {
    TableName,
    AttributeDefinitions: optional(createTable.AttributeDefinitions as ParameterRule),
    BillingMode: createTable.BillingMode,
    ProvisionedThroughput: createTable.ProvisionedThroughput,
    DeletionProtectionEnabled: BOOLEAN,
    GlobalSecondaryIndexUpdates: list({
      type: 'ValueStruct<GlobalSecondaryIndexUpdate>',
      children: {
        Create: structure('CreateGlobalSecondaryIndexAction', indexRules),
        Delete: structure('DeleteGlobalSecondaryIndexAction', { IndexName: indexRules.IndexName }),
      },
    }),
  },
  UpdateTimeToLive: {
    TableName,
    TimeToLiveSpecification: {
      ...structure('TimeToLiveSpecification', {
        AttributeName: {
          type: 'String',
          notNull: true,
          lengthGreaterThanOrEqual: 1,
          lengthLessThanOrEqual: 255,
        },
        Enabled: { type: BOOLEAN, notNull: true },
      }),
      notNull: true,
    },
  },
  DescribeTimeToLive: { TableName },
  PutItem: writes.put,
  UpdateItem: writes.update,
  DeleteItem: writes.delete,
  GetItem: without(getItem),
  Query: without(query),
  Scan: { ...without(scan), ConsistentRead: BOOLEAN },
  BatchGetItem: {
    ReturnConsumedCapacity,
    RequestItems: mapOf(batchGet.RequestItems as ParameterRule, (rules) => without(rules)),
  },
  BatchWriteItem: batchWrite,
  TransactWriteItems: {
    ReturnConsumedCapacity,
    ReturnItemCollectionMetrics: putItem.ReturnItemCollectionMetrics,
    ClientRequestToken: { type: 'String', lengthGreaterThanOrEqual: 1, lengthLessThanOrEqual: 36 },
    TransactItems: transaction('TransactWriteItem', {
      Put: structure('Put', without(writes.put, OF_CALL)),
      Update: structure('Update', without(writes.update, OF_CALL)),
      Delete: structure('Delete', without(writes.delete, OF_CALL)),
      ConditionCheck: structure('ConditionCheck', conditionCheck),
    }),
  },
  TransactGetItems: {
    ReturnConsumedCapacity,
    TransactItems: transaction('TransactGetItem', {
      Get: structure('Get', without(getItem, ['ReturnConsumedCapacity', 'ConsistentRead'])),
    }),
  },
};

/** Nesting of the request's JSON; item values of 32 levels need 70. */
const MAX_JSON_DEPTH = 80;

/**
 * A checked copy of a request. Throws ValidationException, SerializationException, or, for operations and
 * parameters that are not emulated, NotImplementedLocally.
 */
export function checkRequest<T>(operation: string, input: Record<string, unknown>): T {
  const rules = Object.hasOwn(RULES, operation) ? RULES[operation] : undefined;
  if (!rules) {
    const partiql = /Statement$|^ExecuteTransaction$/.test(operation);
    throw notEmulated(partiql ? `PartiQL (${operation})` : `DynamoDB's ${operation}`);
  }
  refuseHostileJson(input);
  refuseUnknown(operation, input, rules);
  return asAwsErrors(() => {
    const checked = checkTypes(input, rules);
    checkValidations(checked, rules, operation === 'CreateTable' ? checkCreateTable : undefined);
    return checked as T;
  });
}

/** Parameters that the rules do not name, at any level outside attribute values. */
function refuseUnknown(operation: string, value: unknown, rules: ParameterRules): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (member === null || member === undefined) continue;
    if (!Object.hasOwn(rules, name)) throw notEmulated(`${operation} with ${name}`);
    const rule = rules[name];
    if (typeof rule === 'object') refuseUnknownIn(operation, member, rule);
  }
}

function refuseUnknownIn(operation: string, value: unknown, { type, children }: ParameterRule): void {
  if (typeof value !== 'object' || value === null || typeof children !== 'object') return;
  if (/^(Value|Field)Struct/.test(type)) refuseUnknown(operation, value, children as ParameterRules);
  else
    for (const member of Object.values(value)) refuseUnknownIn(operation, member, children as ParameterRule);
}

/** The checks that follow recurse and copy objects by name. */
function refuseHostileJson(input: object): void {
  let level: object[] = [input];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) throw invalid('Nesting Levels have exceeded supported limits');
    const next: object[] = [];
    for (const value of level) {
      if (Object.hasOwn(value, '__proto__')) throw notEmulated('attributes named __proto__');
      for (const member of Object.values(value)) {
        if (member === null && depth > 0)
          throw new AwsError('SerializationException', 'Unexpected null value');
        if (typeof member === 'object' && member !== null) next.push(member);
      }
    }
    level = next;
  }
}

function without(rules: ParameterRules, names: readonly string[] = []): ParameterRules {
  return Object.fromEntries(
    Object.entries(rules).filter(([name]) => !LEGACY.includes(name) && !names.includes(name)),
  );
}

function optional({ notNull: _, ...rule }: ParameterRule): ParameterRule {
  return rule as ParameterRule;
}

function structure(name: string, children: ParameterRules): ParameterRule {
  return { type: `FieldStruct<${name}>`, children };
}

function list(children: ParameterRule): ParameterRule {
  return { type: 'List', children };
}

function mapOf(rule: ParameterRule, change: (rules: ParameterRules) => ParameterRules): ParameterRule {
  const structure = rule.children as ParameterRule;
  return { ...rule, children: { ...structure, children: change(structure.children as ParameterRules) } };
}

function transaction(name: string, children: ParameterRules): ParameterRule {
  return {
    ...list({ type: `ValueStruct<${name}>`, children }),
    notNull: true,
    lengthGreaterThanOrEqual: 1,
    lengthLessThanOrEqual: 100,
  };
}
