import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Logger, LogFields } from '../../common/core/logger.ts';
import { silentLogger } from '../../common/core/logger.ts';
import type { DownloadAnswer, DownloadRecord } from '../../common/protocol/download.ts';
import type { UploadAnswer, UploadRecord, UploadRequest } from '../../common/protocol/upload.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import {
  openMasterDatabase,
  randomId,
  type CreateDatabase,
  type MasterDatabase,
  type MasterDatabaseOptions,
} from '../../common/storage/contract/master-database.testkit.ts';
import type { MasterStore } from '../../common/storage/master-store.ts';
import { createFakeClock, type FakeClock } from '../../common/testkit/fake-clock.ts';
import type { ForeignConnection } from '../../common/testkit/foreign-connection.ts';
import { acceptUpload } from '../../master/sync/accept-upload.ts';
import type { RequestIdentity, SlaveHeaders } from '../../master/sync/identity.ts';
import type { MasterDeps } from '../../master/sync/master-deps.ts';
import { serveDownload, type DownloadRequest } from '../../master/sync/serve-download.ts';

/** A line that was logged. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A master without HTTP around it, on a database of its own. */
export interface TestMaster extends MasterDatabase {
  readonly deps: MasterDeps;
  readonly clock: FakeClock;
  readonly logLines: readonly LogLine[];
  /** Another program on the same database. */
  readonly other: ForeignConnection;
  /** Uploads and reads the answer. */
  upload(identity: RequestIdentity, request: UploadRequest): Promise<UploadAnswer>;
  download(identity: RequestIdentity, request?: Partial<DownloadRequest>): Promise<DownloadAnswer>;
  /** All pages from a start on. */
  pages(
    identity: RequestIdentity,
    request?: Partial<DownloadRequest>,
  ): Promise<readonly DownloadAnswer[]>;
  /** Cursor at the log's end. */
  headCursor(): Promise<string>;
  /** Newest position, everything visible numbered. */
  head(): Promise<number>;
}

/** Opens a master for one test. */
export async function openTestMaster(
  createDatabase: CreateDatabase,
  options: MasterDatabaseOptions = {},
): Promise<TestMaster> {
  const database = await openMasterDatabase(createDatabase, options);
  // Capture takes the database's own time, so the master's clock must not be far from it, and not behind.
  const clock = createFakeClock(new Date(Date.now() + 60_000).toISOString());
  const logLines: LogLine[] = [];
  const deps = depsOf(database.store, database, clock, recordingLogger(logLines));
  const download: TestMaster['download'] = (identity, request = {}) =>
    serveDownload(deps, identity, { limit: 1000, ...request });
  return {
    ...database,
    deps,
    clock,
    logLines,
    other: await database.connect(),
    upload: async (identity, request) =>
      JSON.parse(await acceptUpload(deps, identity, request)) as UploadAnswer,
    download,
    pages: (identity, request = {}) => allPages((next) => download(identity, next), request),
    headCursor: async () => {
      const { position } = await deps.store.numberChanges(clock.nowIso(), false);
      return `${await deps.store.read((tx) => tx.epoch())}.${position}`;
    },
    head: async () => (await deps.store.numberChanges(clock.nowIso(), false)).position,
  };
}

/** A second master on the same database. */
export async function openSecondMaster(master: TestMaster): Promise<MasterDeps> {
  return { ...master.deps, store: await master.openStore() };
}

function depsOf(
  store: MasterStore,
  { tables }: Pick<MasterDatabase, 'tables'>,
  clock: FakeClock,
  log: Logger,
): MasterDeps {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  return { store, tables, clock, log, randomId, sha256 };
}

function recordingLogger(lines: LogLine[]): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields });
    };
  return { ...silentLogger, info: at('info'), warn: at('warn'), error: at('error') };
}

async function allPages(
  download: (request: Partial<DownloadRequest>) => Promise<DownloadAnswer>,
  request: Partial<DownloadRequest>,
): Promise<readonly DownloadAnswer[]> {
  const pages = [await download(request)];
  const { lastSyncedAt: _time, ...rest } = request;
  for (;;) {
    const page = pages.at(-1);
    if (page === undefined || !page.has_more) return pages;
    if (pages.length > 1000) throw new Error('a download does not end');
    pages.push(await download({ ...rest, cursor: page.cursor }));
  }
}

/** A plain client without a name. */
export const plain: RequestIdentity = { name: '', slave: null };

/** A slave by name; its incarnation is `inc-` and the name. */
export function slaveNamed(name: string, headers: Partial<SlaveHeaders> = {}): RequestIdentity {
  const slave = {
    protocol: PROTOCOL_VERSION,
    incarnation: `inc-${name}`,
    nonce: null,
    exchangeId: null,
    program: null,
  };
  return { name, slave: { ...slave, ...headers } };
}

/** A slave's upload: records numbered from `first` on. */
export function batchOf(
  first: number,
  records: readonly UploadRecord[],
  envelope: Partial<UploadRequest> = {},
): UploadRequest {
  return {
    records: records.map((record, index) => ({ ...record, op: first + index })),
    batch_id: `batch-${first}`,
    first_op: first,
    last_op: first + records.length - 1,
    ...envelope,
  };
}

/** Creates an item. */
export function createItem(
  id: string,
  data: Readonly<Record<string, unknown>> = {},
  rest: Partial<UploadRecord> = {},
): UploadRecord {
  const values = { sku: `sku-${id}`, name: `name ${id}`, quantity: 10, unit_price: '9.9900' };
  return { table: 'inventories', id, action: 'create', data: { ...values, ...data }, ...rest };
}

/** Creates a sale of an item. */
export function createSale(
  id: string,
  itemId: string,
  data: Readonly<Record<string, unknown>> = {},
): UploadRecord {
  const values = { inventory_id: itemId, type: 'sale', quantity: 1, unit_price: '1', total: '1' };
  return { table: 'transactions', id, action: 'create', data: { ...values, ...data } };
}

/** Changes columns of a row. */
export function updateOf(
  table: string,
  id: string,
  data: Readonly<Record<string, unknown>>,
  rest: Partial<UploadRecord> = {},
): UploadRecord {
  return { table, id, action: 'update', data, ...rest };
}

/** Moves an item's quantity. */
export function moveItem(
  id: string,
  quantity: number,
  rest: Partial<UploadRecord> = {},
): UploadRecord {
  return { table: 'inventories', id, action: 'update', data: {}, delta: { quantity }, ...rest };
}

/** Deletes a row. */
export function deleteOf(
  table: string,
  id: string,
  rest: Partial<UploadRecord> = {},
): UploadRecord {
  return { table, id, action: 'delete', ...rest };
}

/** The first row of a query by another program. */
export async function rowOf(
  connection: ForeignConnection,
  table: string,
  id: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const [row] = await connection.all<Record<string, unknown>>(
    `SELECT * FROM ${table} WHERE id = $1`,
    [id],
  );
  return row;
}

/** Number of rows of a table. */
export async function countOf(connection: ForeignConnection, table: string): Promise<number> {
  const [row] = await connection.all<{ n: number | string }>(`SELECT count(*) AS n FROM ${table}`);
  return Number(row?.n);
}

/** Keys of records as `table/id`. */
export function keysOf(
  records: readonly Pick<DownloadRecord, 'table' | 'id'>[],
): readonly string[] {
  return records.map(({ table, id }) => `${table}/${id}`);
}

/** Statuses of an upload's results, in order. */
export function statusesOf(answer: UploadAnswer): readonly string[] {
  return answer.results.map(({ status, error }) => (error === undefined ? status : error.code));
}

/** Calls back when the test ends, whatever its outcome. */
export const whenDone = (work: () => Promise<unknown>): void => {
  onTestFinished(async () => {
    await work();
  });
};
