import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../common/core/logger.ts';
import type { SyncReport } from '../../common/core/sync-report.ts';
import type { Row } from '../../common/core/table-definition.ts';
import { registerTables } from '../../common/core/table-registry.ts';
import { migrateSlave } from '../../common/storage/sequelize/migrations/migrate-slave.ts';
import { openDatabase } from '../../common/storage/sequelize/open-database.ts';
import { createSlaveStore } from '../../common/storage/sequelize/slave-store.ts';
import type {
  RejectedChange,
  SlaveStore,
  SlaveSyncState,
} from '../../common/storage/slave-store.ts';
import { syncConflicts } from '../../common/tables/sync-conflicts.ts';
import { createFakeClock, type FakeClock } from '../../common/testkit/fake-clock.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { runSyncCycle } from './run-sync-cycle.ts';
import { scriptedMaster, type ScriptedMaster } from './scripted-master.testkit.ts';
import type { SlaveDeps } from './slave-deps.ts';
import { goods } from './sync-builders.testkit.ts';

/** A slave on a real SQLite file, with a scripted master. */
export interface TestSlave {
  readonly deps: SlaveDeps;
  readonly store: SlaveStore;
  readonly clock: FakeClock;
  readonly master: ScriptedMaster;
  /** Runs SQL as any program does: captured. */
  sql(text: string): Promise<void>;
  /** Inserts a row of `goods` as any program does. */
  insert(row: Row): Promise<void>;
  sync(signal?: AbortSignal, onDownloaded?: () => Promise<unknown>): Promise<SyncReport>;
  row(id: string): Promise<Row | null>;
  state(): Promise<SlaveSyncState>;
  pending(): Promise<number>;
  rejected(): Promise<readonly RejectedChange[]>;
}

/** Opens a new slave for the running test; closed when the test ends. */
export async function openTestSlave(): Promise<TestSlave> {
  const tables = registerTables([goods, syncConflicts]);
  const folder = makeTempDir();
  const databaseFile = join(folder, 'slave.db');
  const clock = createFakeClock();
  const database = await openDatabase({ url: `sqlite:${databaseFile}`, foreignKeys: 'off' });
  await migrateSlave(database, tables, {
    nowIso: clock.nowIso(),
    randomId: numbered('incarnation'),
  });
  const store = createSlaveStore(database, tables, {
    databaseFile,
    backupsDir: join(folder, 'backups'),
    clock,
  });
  onTestFinished(() => store.close());
  const master = scriptedMaster();
  const deps: SlaveDeps = {
    store,
    client: master.client,
    tables,
    clock,
    log: silentLogger,
    random: () => 0.5,
    randomId: numbered('id'),
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    slaveName: 'shop-1',
    intervalMs: 300_000,
    batchSize: 500,
    programVersion: '0.0.0',
  };
  return {
    deps,
    store,
    clock,
    master,
    sql: (text) => database.write((sql) => sql.run(text)),
    insert: (row) => database.write((sql) => sql.run(insertText(row), Object.values(row))),
    sync: (signal, onDownloaded) => sync(deps, signal, onDownloaded),
    row: async (id) => {
      const image = (await store.read((tx) => tx.rows('goods', [id]))).get(id);
      return image?.ok === true ? image.row : null;
    },
    state: () => store.read((tx) => tx.state()),
    pending: () => store.read((tx) => tx.pendingCount()),
    rejected: () => store.read((tx) => tx.rejected()),
  };
}

async function sync(
  deps: SlaveDeps,
  signal: AbortSignal = new AbortController().signal,
  onDownloaded: () => Promise<unknown> = () => Promise.resolve(),
): Promise<SyncReport> {
  const seen: Promise<unknown>[] = [];
  const report = await runSyncCycle(deps, {
    signal,
    onProgress: (event) => {
      if (event.kind === 'downloaded') seen.push(onDownloaded());
    },
  });
  await Promise.all(seen);
  return report;
}

function insertText(row: Row): string {
  const names = Object.keys(row);
  return `INSERT INTO goods (${names.join(', ')}) VALUES (${names.map((_name, index) => `$${index + 1}`).join(', ')})`;
}

function numbered(prefix: string): () => string {
  let count = 0;
  return () => `${prefix}-${(count += 1)}`;
}
