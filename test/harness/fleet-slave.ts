import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../common/core/logger.ts';
import type { SyncReport } from '../../common/core/sync-report.ts';
import type { TableRegistry } from '../../common/core/table-registry.ts';
import { randomId } from '../../common/runtime/random-id.ts';
import { sha256 } from '../../common/runtime/sha256.ts';
import { systemClock } from '../../common/runtime/system-clock.ts';
import { migrateSlave } from '../../common/storage/sequelize/migrations/migrate-slave.ts';
import { openDatabase } from '../../common/storage/sequelize/open-database.ts';
import { createSlaveStore } from '../../common/storage/sequelize/slave-store.ts';
import type { SlaveSyncState } from '../../common/storage/slave-store.ts';
import { startFaultProxy, type FaultProxy } from '../../common/testkit/fault-proxy.ts';
import {
  openForeignConnection,
  type ForeignConnection,
} from '../../common/testkit/foreign-connection.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import type { ProgressEvent } from '../../slave/sync/progress.ts';
import { resetSlave, type ResetReport } from '../../slave/sync/reset.ts';
import { runSyncCycle } from '../../slave/sync/run-sync-cycle.ts';
import type { SlaveDeps } from '../../slave/sync/slave-deps.ts';
import { createHttpMasterClient } from '../../slave/transport/http-master-client.ts';
import { once } from './once.ts';

/** A slave on a SQLite file of its own, behind a bad network of its own. */
export interface FleetSlave {
  readonly name: string;
  readonly file: string;
  readonly deps: SlaveDeps;
  readonly proxy: FaultProxy;
  /** The application: another program's connection to the slave's file. */
  readonly app: ForeignConnection;
  /**
   * One more such connection, for whoever looks on while the application writes. Two statements at once on one
   * connection would have the driver block this process, and with it the sync that holds the lock.
   */
  connect(): Promise<ForeignConnection>;
  /** One cycle. */
  sync(options?: SyncOptions): Promise<SyncReport>;
  /** What `slave sync:reset` does. */
  reset(): Promise<ResetReport>;
  state(): Promise<SlaveSyncState>;
  /** Unsent changes, counted by SQL. */
  pending(): Promise<number>;
  /** Codes of what is set aside, by SQL, in order. */
  rejected(): Promise<readonly string[]>;
  /** Copies the database as it is now, as a backup program would; returns the copy's path. */
  copyDatabase(): Promise<string>;
  /** Ends everything that has the file open. */
  close(): Promise<void>;
}

/** What a test may want of a cycle. */
export interface SyncOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** How to open a slave. */
export interface FleetSlaveOptions {
  readonly name: string;
  readonly masterUrl: string;
  readonly tables: TableRegistry;
  /** Default: a new file. */
  readonly file?: string;
  /** Milliseconds by which this machine's clock is ahead. */
  readonly clockAheadMs?: number;
  /** Milliseconds without progress after which a request fails. */
  readonly stallMs?: number;
}

/** Opens a slave for the running test. */
export async function openFleetSlave(options: FleetSlaveOptions): Promise<FleetSlave> {
  const { name, tables, file = join(makeTempDir(), `${name}.sqlite`) } = options;
  const database = await openDatabase({ url: `sqlite:${file}`, foreignKeys: 'off' });
  const clock = clockAhead(options.clockAheadMs ?? 0);
  await migrateSlave(database, tables, { nowIso: clock.nowIso(), randomId });
  const backupsDir = join(file, '..', 'backups');
  const store = createSlaveStore(database, tables, { databaseFile: file, backupsDir, clock });
  const proxy = await startFaultProxy(options.masterUrl);
  const deps = depsOf(options, { store, clock, masterUrl: proxy.url });
  const app = await openForeignConnection(`sqlite:${file}`);
  // No power is cut here; the product's own connections stay as careful as they are.
  await app.run('PRAGMA synchronous = OFF');
  const close = once(async () => {
    deps.client.close();
    await app.close();
    await store.close();
    await proxy.close();
  });
  onTestFinished(close);
  return {
    name,
    file,
    deps,
    proxy,
    app,
    connect: async () => {
      const connection = await openForeignConnection(`sqlite:${file}`);
      onTestFinished(() => connection.close());
      return connection;
    },
    sync: ({ signal = new AbortController().signal, onProgress = () => undefined } = {}) =>
      runSyncCycle(deps, { signal, onProgress }),
    reset: () => resetSlave(deps, 'auto', new AbortController().signal),
    state: () => store.read((tx) => tx.state()),
    pending: async () => countOf(app, 'SELECT count(*) AS n FROM sync_outbox WHERE is_void = 0'),
    rejected: async () => {
      const rows = await app.all<{ code: string }>(
        'SELECT code FROM sync_rejected ORDER BY rejected_id',
      );
      return rows.map(({ code }) => code);
    },
    copyDatabase: async () => {
      const copy = join(makeTempDir(), 'copy.sqlite');
      await app.run('VACUUM INTO $1', [copy]);
      return copy;
    },
    close,
  };
}

/** Puts a copied database in the place of a slave's, which is closed. */
export function restoreDatabase(copy: string, file: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  copyFileSync(copy, file);
}

/** The one number that a query gives. */
export async function countOf(connection: ForeignConnection, query: string): Promise<number> {
  const [row] = await connection.all<{ n: number | string }>(query);
  return Number(row?.n);
}

function depsOf(
  { name, tables, stallMs = 5000 }: FleetSlaveOptions,
  parts: Pick<SlaveDeps, 'store' | 'clock'> & { readonly masterUrl: string },
): SlaveDeps {
  const { masterUrl, ...rest } = parts;
  const client = createHttpMasterClient({
    masterUrl,
    token: undefined,
    slaveName: name,
    programVersion: '0.0.0',
    stallMs,
    clock: parts.clock,
  });
  return {
    ...rest,
    client,
    tables,
    log: silentLogger,
    random: Math.random,
    randomId,
    sha256,
    slaveName: name,
    intervalMs: 300_000,
    batchSize: 500,
    programVersion: '0.0.0',
  };
}

function clockAhead(ms: number): SlaveDeps['clock'] {
  const nowMs = (): number => systemClock.nowMs() + ms;
  return {
    nowMs,
    nowIso: () => new Date(nowMs()).toISOString(),
    monotonicMs: () => systemClock.monotonicMs(),
  };
}
