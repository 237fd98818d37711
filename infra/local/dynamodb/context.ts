/** What every operation works with. */
import type { Clock, ServiceContext } from '../contract.ts';
import { arnOf, type Catalog } from './catalog.ts';
import type { Store } from './store.ts';
import type { Table } from './table.ts';

export interface Deps {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly clock: Clock;
}

export type Input = Record<string, unknown>;

/** One operation of the API: checks its input, asks for permission, answers. Throws AwsError. */
export type Operation = (deps: Deps, input: Input, context: ServiceContext) => unknown;

/** The table, once the caller is allowed `dynamodb:ACTION` on it. Throws AccessDenied, ResourceNotFoundException. */
export function authorizedTable(deps: Deps, context: ServiceContext, action: string, name: string): Table {
  context.authorize(`dynamodb:${action}`, arnOf(context, name));
  return deps.catalog.get(context, name);
}
