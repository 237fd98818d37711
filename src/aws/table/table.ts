/**
 * The single table: where everything lies. All keys are made here, and only here. No request scans; the cost
 * of each access pattern is the items it returns, whatever the table holds.
 *
 * | item             | pk                        | sk      | gsi1pk                    | gsi1sk        | gsi2pk   | gsi2sk    |
 * |------------------|---------------------------|---------|---------------------------|---------------|----------|-----------|
 * | job              | JOB#job                   | JOB     | OWNER#owner#JOB           | created#job   | OPEN#0-7 | due#job   |
 * | job, lost        | (as above)                |         |                           |               | LOST     | look#job  |
 * | idempotency key  | IDEM#owner#sha256(key)    | IDEM    |                           |               |          |           |
 * | unit, private    | UNIT#unit                 | UNIT    | OWNER#owner#APP#app#UNIT  | created#unit  |          |           |
 * | unit, shared     | UNIT#unit                 | UNIT    | SHARED#APP#app#UNIT       | created#unit  |          |           |
 * | unit, removed    | GONE#unit                 | UNIT    |                           |               |          |           |
 * | same unit        | UNITKEY#sha256(what)      | UNITKEY |                           |               |          |           |
 * | unit, as checked | (as above)                |         |                           |               | UNITCHECKS | next#unit |
 * | unit grant       | GRANT#unit#user           | GRANT   | GRANTED#user#APP#app#UNIT | created#unit  |          |           |
 * | role claim       | ROLE#role ARN             | ROLE    |                           |               |          |           |
 * | user             | USER#user                 | USER    | USERS                     | created#user  |          |           |
 * | e-mail claim     | EMAIL#sha256(address)     | EMAIL   |                           |               |          |           |
 * | token            | TOKEN#hash                | TOKEN   |                           |               |          |           |
 * | access token     | PAT#token                 | PAT     | OWNER#owner#PAT           | created#token |          |           |
 * | webhook          | HOOKS#owner               | webhook |                           |               |          |           |
 * | webhook delivery | HOOKSEND#delivery         | HOOKSEND| OWNER#owner#HOOK#webhook  | created#deliv.| HOOKSENDS| due#webhook#delivery |
 * | moves of a deleted job | HOOKSPAST#job       | HOOKSPAST|                          |               |          |           |
 * | data record      | DATA#owner#data           | DATA    | OWNER#owner#DATA          | created#data  |          |           |
 * | region of interest | ROIS#owner#job          | roi     |                           |               |          |           |
 * | what a person holds | HOLDINGS#owner         | HOLDINGS|                           |               |          |           |
 * | usage            | USAGE#scope               | USAGE   |                           |               |          |           |
 * | caps of a unit   | LIMITS#unit               | LIMITS  |                           |               |          |           |
 * | sign-ins         | SIGNINS#hash of address   | SIGNINS |                           |               |          |           |
 * | mail             | MAIL#mail                 | MAIL    |                           |               | MAILS    | due#mail  |
 * | pipeline draft   | DRAFT#owner#draft         | DRAFT   |                           |               |          |           |
 * | job set aside    | ASIDE#job                 | ASIDE   | ASIDE                     | at#job        |          |           |
 * | job that waits for its unit | WAITERS        | unit#job|                           |               |          |           |
 * | broker process   | BROKERS                   | broker  |                           |               |          |           |
 * | piece of work    | LEASES                    | piece   |                           |               |          |           |
 * | news             | NEWS                      | broker  |                           |               |          |           |
 * | switch for all   | SWITCH                    | SWITCH  |                           |               |          |           |
 * | audit entry      | AUDIT#owner               | at#entry|                           |               |          |           |
 *
 * | access pattern                     | how                                                                    |
 * |------------------------------------|------------------------------------------------------------------------|
 * | one job, unit, user, token, file   | GetItem by pk and sk, strongly consistent                              |
 * | submit                             | TransactWrite: job, idempotency key, usages: all conditional           |
 * | move a job, change a file          | PutItem, conditional on the version                                    |
 * | delete a job                       | TransactWrite of one Delete, conditional on the version                |
 * | regions drawn on a result          | Query the table itself: all of one person and job                      |
 * | jobs, files, tokens of an owner    | Query gsi1, newest first, pages                                        |
 * | open jobs that are due             | Query gsi2 per shard: OPEN#0 to OPEN#7, due below now; sparse          |
 * | lost jobs to be looked for again   | Query gsi2 LOST, due below now; sparse, for a week after the loss      |
 * | units a person may use             | Query gsi1: own private ones, shared ones of the app, those granted    |
 * | mail that is due                   | Query gsi2 MAILS, due below now; sparse                                |
 * | units that are to be checked       | Query gsi2 UNITCHECKS, due below now; sparse                           |
 * | is this unit registered already    | GetItem UNITKEY, GetItem UNIT                                          |
 * | whose role is this                 | GetItem ROLE                                                           |
 * | sign in by e-mail                  | GetItem EMAIL, GetItem USER                                            |
 * | all users (administrators)         | Query gsi1 USERS, newest first, pages                                  |
 * | jobs that were set aside           | Query gsi1 ASIDE; the job itself is out of gsi2 meanwhile              |
 * | what waits for a unit that opens   | Query WAITERS, of the unit, one page: when it is opened or checked     |
 * | who lives and who does what        | Query BROKERS and LEASES, a page each: every process every 2 seconds   |
 * | what other processes have written  | Query NEWS, one page: every process a second, if there are others      |
 * | audit of an owner                  | Query the table itself, newest first, pages: no second write per entry |
 *
 * Times in keys are epoch milliseconds in 15 digits, so that they sort. gsi2 keys exist only while a job is
 * open. `expiresAtSeconds` (TTL) is set on tokens that end, idempotency keys (24 h), sign-ins, mail, deliveries,
 * waiting jobs and what is kept of deleted jobs; DynamoDB deletes late, so readers check it too. Every item says its `kind`, its `schema` number and, as JSON, its
 * `body`.
 */
import { createHash } from 'node:crypto';
import type { Job } from '../../schemas/job.ts';
import type { Unit } from '../../schemas/unit.ts';

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** Places of an item in the indexes; absent attributes keep it out of an index. */
export interface IndexKeys {
  readonly gsi1pk?: string;
  readonly gsi1sk?: string;
  readonly gsi2pk?: string;
  readonly gsi2sk?: string;
}

/** Partitions of the index of open jobs: one would be the hottest spot of the table. */
export const OPEN_SHARDS = 8;
/** 15 digits hold epoch milliseconds until the year 33658. */
const TIME_DIGITS = 15;

export const jobKey = (jobId: string): Key => ({ pk: `JOB#${part(jobId)}`, sk: 'JOB' });
export const unitKey = (unitId: string): Key => ({ pk: `UNIT#${part(unitId)}`, sk: 'UNIT' });
export const removedUnitKey = (unitId: string): Key => ({ pk: `GONE#${part(unitId)}`, sk: 'UNIT' });
export const roleKey = (roleArn: string): Key => ({ pk: `ROLE#${part(roleArn)}`, sk: 'ROLE' });
export const userKey = (userId: string): Key => ({ pk: `USER#${part(userId)}`, sk: 'USER' });
export const tokenKey = (hash: string): Key => ({ pk: `TOKEN#${part(hash)}`, sk: 'TOKEN' });

/** Addresses that differ in case or blanks are one address; only its hash becomes a key. */
export const emailKey = (email: string): Key => ({
  pk: `EMAIL#${sha256(canonicalEmail(email))}`,
  sk: 'EMAIL',
});

export function idempotencyKey(ownerId: string, key: string): Key {
  return { pk: `IDEM#${part(ownerId)}#${sha256(key)}`, sk: 'IDEM' };
}

/** What makes two registrations the same unit. */
export type SameUnit = Pick<Unit, 'ownerId' | 'appId' | 'awsAccountId' | 'region' | 'stateMachineArn'>;

export function sameUnitKey({ ownerId, appId, awsAccountId, region, stateMachineArn }: SameUnit): Key {
  const what = JSON.stringify([ownerId, appId, awsAccountId, region, stateMachineArn]);
  return { pk: `UNITKEY#${sha256(what)}`, sk: 'UNITKEY' };
}

/** That a unit is shared with a person. */
export function grantKey(unitId: string, userId: string): Key {
  return { pk: `GRANT#${part(unitId)}#${part(userId)}`, sk: 'GRANT' };
}

export function dataKey(ownerId: string, dataId: string): Key {
  return { pk: `DATA#${part(ownerId)}#${part(dataId)}`, sk: 'DATA' };
}

/** Regions of interest of one person on the result of one job. */
export function roisPartition(ownerId: string, jobId: string): string {
  return `ROIS#${part(ownerId)}#${part(jobId)}`;
}
export function roiKey(ownerId: string, jobId: string, roiId: string): Key {
  return { pk: roisPartition(ownerId, jobId), sk: part(roiId) };
}

export const accessTokenKey = (tokenId: string): Key => ({ pk: `PAT#${part(tokenId)}`, sk: 'PAT' });

export const signInsKey = (account: string): Key => ({ pk: `SIGNINS#${part(account)}`, sk: 'SIGNINS' });

export const mailKey = (mailId: string): Key => ({ pk: `MAIL#${part(mailId)}`, sk: 'MAIL' });
/** All mail that is due, in one partition: there is little. */
export const MAILS_DUE = 'MAILS';
export function mailDueKeys(dueAt: number, mailId: string): IndexKeys {
  return { gsi2pk: MAILS_DUE, gsi2sk: `${time(dueAt)}#${part(mailId)}` };
}

export const holdingsKey = (ownerId: string): Key => ({ pk: `HOLDINGS#${part(ownerId)}`, sk: 'HOLDINGS' });

export const usageKey = (scope: string): Key => ({ pk: `USAGE#${part(scope)}`, sk: 'USAGE' });
export const unitLimitsKey = (unitId: string): Key => ({ pk: `LIMITS#${part(unitId)}`, sk: 'LIMITS' });

export function draftKey(ownerId: string, draftId: string): Key {
  return { pk: `DRAFT#${part(ownerId)}#${part(draftId)}`, sk: 'DRAFT' };
}

/** The switch for all units. */
export const SWITCH_KEY: Key = { pk: 'SWITCH', sk: 'SWITCH' };

export const webhooksPartition = (ownerId: string): string => `HOOKS#${part(ownerId)}`;
export function webhookKey(ownerId: string, webhookId: string): Key {
  return { pk: webhooksPartition(ownerId), sk: part(webhookId) };
}

export const deliveryKey = (deliveryId: string): Key => ({
  pk: `HOOKSEND#${part(deliveryId)}`,
  sk: 'HOOKSEND',
});
export const deletedJobKey = (jobId: string): Key => ({
  pk: `HOOKSPAST#${part(jobId)}`,
  sk: 'HOOKSPAST',
});
export function deliveriesPartition(ownerId: string, webhookId: string): string {
  return `OWNER#${part(ownerId)}#HOOK#${part(webhookId)}`;
}

/** All deliveries that are due, in one partition: there are few, and each is in it for a moment only. */
export const DELIVERIES_DUE = 'HOOKSENDS';
export function deliveryDueKeys(dueAt: number, webhookId: string, deliveryId: string): IndexKeys {
  return { gsi2pk: DELIVERIES_DUE, gsi2sk: `${time(dueAt)}#${part(webhookId)}#${part(deliveryId)}` };
}
export function deliveryDueEntry(gsi2sk: string): { deliveryId: string; webhookId: string } {
  const [, webhookId, deliveryId] = gsi2sk.split('#');
  return { webhookId, deliveryId };
}

export function auditKey(ownerId: string, at: number, entryId: string): Key {
  return { pk: auditPartition(ownerId), sk: `${time(at)}#${part(entryId)}` };
}

export const auditPartition = (ownerId: string): string => `AUDIT#${part(ownerId)}`;
export const jobsPartition = (ownerId: string): string => `OWNER#${part(ownerId)}#JOB`;
export const accessTokensPartition = (ownerId: string): string => `OWNER#${part(ownerId)}#PAT`;
export const dataPartition = (ownerId: string): string => `OWNER#${part(ownerId)}#DATA`;
export const usersPartition = (): string => 'USERS';
export const sharedUnitsPartition = (appId: string): string => `SHARED#APP#${part(appId)}#UNIT`;

export function grantedUnitsPartition(userId: string, appId: string): string {
  return `GRANTED#${part(userId)}#APP#${part(appId)}#UNIT`;
}

export const unitChecksPartition = (): string => 'UNITCHECKS';

/** Place of a unit among those that are to be checked; none while nothing of it is proven. */
export function checkIndexKeys({ unitId, nextCheckAt }: Pick<Unit, 'unitId' | 'nextCheckAt'>): IndexKeys {
  if (nextCheckAt === undefined) return {};
  return { gsi2pk: unitChecksPartition(), gsi2sk: `${time(nextCheckAt)}#${part(unitId)}` };
}

export function ownUnitsPartition(ownerId: string, appId: string): string {
  return `OWNER#${part(ownerId)}#APP#${part(appId)}#UNIT`;
}

/** Place in a list that is read newest first. */
export function listed(partition: string, createdAt: number, id: string): IndexKeys {
  return { gsi1pk: partition, gsi1sk: `${time(createdAt)}#${part(id)}` };
}

/** Ends of what was created from `from` on and before `to`, in any list. */
export function listedBetween(from: number, to: number): [low: string, high: string] {
  return [time(from), time(to)];
}

/** Index keys of a job: the owner's list, and the open jobs while `dueAt` is set. */
export function jobIndexKeys(job: Pick<Job, 'jobId' | 'ownerId' | 'createdAt' | 'dueAt'>): IndexKeys {
  const list = listed(jobsPartition(job.ownerId), job.createdAt, job.jobId);
  return job.dueAt === undefined ? list : { ...list, ...openIndexKeys(job.jobId, job.dueAt) };
}

/** Place of a job in the index of open jobs. */
export function openIndexKeys(jobId: string, dueAt: number): IndexKeys {
  return { gsi2pk: openPartition(shardOf(jobId)), gsi2sk: `${time(dueAt)}#${part(jobId)}` };
}

/** Jobs that the ticker leaves alone: few, so one list. */
export const ASIDE_PARTITION = 'ASIDE';
export const asideKey = (jobId: string): Key => ({ pk: `ASIDE#${part(jobId)}`, sk: 'ASIDE' });

/** Broker processes that live, and the pieces of work that they hold. */
export const MEMBERS_PARTITION = 'BROKERS';
export const memberKey = (brokerId: string): Key => ({ pk: MEMBERS_PARTITION, sk: part(brokerId) });
export const LEASES_PARTITION = 'LEASES';
/** What they have written lately. */
export const NEWS_PARTITION = 'NEWS';
export const newsKey = (brokerId: string): Key => ({ pk: NEWS_PARTITION, sk: part(brokerId) });
export const leaseKey = (piece: string): Key => ({ pk: LEASES_PARTITION, sk: part(piece) });

/** Jobs that wait for units which are closed. */
export const WAITERS_PARTITION = 'WAITERS';
export const waiterKey = (unitId: string, jobId: string): Key => ({
  pk: WAITERS_PARTITION,
  sk: `${part(unitId)}#${part(jobId)}`,
});
/** Ends of the list of one unit. */
export const waitersOfUnit = (unitId: string): [string, string] => [`${part(unitId)}#`, `${part(unitId)}#~~`];

/** Jobs that have ended, and a lost execution of theirs may turn up yet: few, so one partition. */
export const LOST_PARTITION = 'LOST';
export function lostIndexKeys(
  job: Pick<Job, 'jobId' | 'ownerId' | 'createdAt'>,
  lookAgainAt: number,
): IndexKeys {
  return {
    ...jobIndexKeys({ ...job, dueAt: undefined }),
    gsi2pk: LOST_PARTITION,
    gsi2sk: `${time(lookAgainAt)}#${part(job.jobId)}`,
  };
}

export const openPartition = (shard: number): string => `OPEN#${shard}`;

/** Upper end (exclusive) of everything due at `now` in the index of open jobs. */
export const dueBefore = (now: number): string => time(now + 1);

/** Due time and job of a key in the index of open jobs. */
export function dueEntry(gsi2sk: string): { dueAt: number; jobId: string } {
  return { dueAt: Number(gsi2sk.slice(0, TIME_DIGITS)), jobId: gsi2sk.slice(TIME_DIGITS + 1) };
}

/** Shard of a job: a hash, because the first characters of ids of one moment are all alike. */
export function shardOf(jobId: string): number {
  return createHash('sha256').update(jobId).digest()[0] % OPEN_SHARDS;
}

/** An e-mail address as it is compared. */
export function canonicalEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** Fixed width, so that strings sort as numbers do. Whole milliseconds; never negative. */
function time(ms: number): string {
  return Math.max(0, Math.trunc(ms)).toString().padStart(TIME_DIGITS, '0');
}

/**
 * A caller's value as a part of a key. Anything long or unusual is replaced by its hash, so that no value can
 * imitate the `#` between parts or exceed the size of a key. Distinct values stay distinct: `~` is unusual too.
 */
function part(value: string): string {
  return /^[\w.:@+=,/-]{1,200}$/.test(value) ? value : `~${sha256(value)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
