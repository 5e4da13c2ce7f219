import { readFile } from 'node:fs/promises';
import type { Logger } from '../common/core/logger.ts';
import { PROGRAM_VERSION } from '../common/core/program-version.ts';
import { SyncError, toSyncError } from '../common/core/sync-error.ts';
import { registerTables, type TableRegistry } from '../common/core/table-registry.ts';
import { randomId } from '../common/runtime/random-id.ts';
import type { RunContext } from '../common/runtime/run-main.ts';
import { sha256 } from '../common/runtime/sha256.ts';
import { systemClock } from '../common/runtime/system-clock.ts';
import type { MigrationReport } from '../common/storage/sequelize/migrations/migrate-master.ts';
import {
  migrateSlave,
  verifySlaveSchema,
} from '../common/storage/sequelize/migrations/migrate-slave.ts';
import { openDatabase } from '../common/storage/sequelize/open-database.ts';
import { createSlaveStore } from '../common/storage/sequelize/slave-store.ts';
import type { SqlDatabase } from '../common/storage/sequelize/sql-database.ts';
import type { SlaveStore } from '../common/storage/slave-store.ts';
import { tableDefinitions } from '../common/tables/registry.ts';
import { requireMasterUrl, type LoadedSlaveConfig, type SlaveConfig } from './config.ts';
import type { SlaveStatus } from './control/control.ts';
import { LocalControl } from './control/local-control.ts';
import { createSlaveData, type SlaveData } from './control/slave-data.ts';
import { StatusFile } from './control/status-file.ts';
import { createSyncEngine } from './control/sync-engine.ts';
import type { BroadcastLog } from './daemon/broadcast-log.ts';
import type { SlaveDeps } from './sync/slave-deps.ts';
import { createLazyMasterClient } from './transport/lazy-master-client.ts';
import type { MasterClient } from './transport/master-client.ts';

/** A slave's parts in this process, put together. The database is closed when the program ends. */
export interface Slave {
  readonly deps: SlaveDeps;
  readonly control: LocalControl;
  readonly data: SlaveData;
}

/** How to put a slave together. */
export interface OpenSlaveOptions {
  readonly config: SlaveConfig;
  readonly run: RunContext;
  /** Command that is shown to others while this process syncs. */
  readonly command: string;
  /** Prepares the database where it is not ready, instead of refusing. */
  readonly migrate?: boolean;
  readonly daemon?: SlaveStatus['daemon'];
  /** Default: the log file. */
  readonly log?: Logger;
}

/**
 * Opens the slave's database and puts together what works on it.
 *
 * @throws SyncError `storage_not_migrated`, `schema_mismatch`, or what opening the database says.
 */
export async function openSlave(options: OpenSlaveOptions): Promise<Slave> {
  const { config, run, daemon = null } = options;
  const log = options.log ?? (await openLog(config, run));
  const store = await openStore(options);
  run.lifecycle.onStop('database', () => store.close());
  const client = createLazyMasterClient(() => openClient(config, requireMasterUrl(config)));
  run.lifecycle.onStop('connection', () => client.close());
  const intervalMs = intervalMsOf(config);
  const deps: SlaveDeps = {
    store,
    client,
    tables: syncedTables(),
    clock: systemClock,
    log,
    random: Math.random,
    randomId,
    sha256,
    slaveName: config.slaveName,
    intervalMs,
    batchSize: config.maxBatchRecords,
    programVersion: PROGRAM_VERSION,
  };
  const clientFor = (masterUrl: string): MasterClient =>
    createLazyMasterClient(() => openClient(config, masterUrl));
  const control = new LocalControl({
    engine: createSyncEngine(deps, clientFor),
    store,
    statusFile: new StatusFile({ storagePath: config.storagePath, clock: systemClock, log }),
    clock: systemClock,
    log,
    storagePath: config.storagePath,
    command: options.command,
    enabled: config.isSyncEnabled,
    slaveName: config.slaveName,
    masterUrl: config.masterUrl ?? '',
    daemon,
  });
  return { deps, control, data: createSlaveData(deps) };
}

/** Prepares the database, or brings it up to date; every row is kept. */
export async function migrateDatabase(config: SlaveConfig): Promise<MigrationReport> {
  const database = await openSqlite(config);
  try {
    return await migrate(database);
  } finally {
    await database.close();
  }
}

/**
 * Runs the daemon until a stop is asked for.
 *
 * @throws SyncError `sync_already_running` when this slave has one already.
 */
export async function startDaemon(
  loaded: LoadedSlaveConfig,
  run: RunContext,
  onReady: () => void,
): Promise<void> {
  const { config } = loaded;
  if (config.isSyncEnabled) requireMasterUrl(config);
  const { acquireLock } = await import('./daemon/lock.ts');
  const { storagePath } = config;
  const lock = await acquireLock({
    storagePath,
    name: 'daemon',
    command: 'start',
    clock: systemClock,
  });
  run.lifecycle.onStop('daemon lock', () => lock.release());
  run.ignoreClosedOutput();
  const { BroadcastLog } = await import('./daemon/broadcast-log.ts');
  const broadcast = new BroadcastLog(await openLog(config, run, true), systemClock);
  for (const warning of loaded.warnings) broadcast.log.warn('a setting is doubtful', { warning });
  await runDaemon(config, run, broadcast, onReady);
}

async function runDaemon(
  config: SlaveConfig,
  run: RunContext,
  broadcast: BroadcastLog,
  onReady: () => void,
): Promise<void> {
  const [loop, { createRequestHandler }, { turnOffsetMs }] = await Promise.all([
    import('./daemon/run-daemon.ts'),
    import('./daemon/handle-request.ts'),
    import('./daemon/sync-schedule.ts'),
  ]);
  const { lifecycle } = run;
  const { log } = broadcast;
  const daemon = { pid: process.pid, startedAt: systemClock.nowIso() };
  const { deps, control } = await openSlave({
    config,
    run,
    command: 'start',
    migrate: true,
    daemon,
    log,
  });
  const watchLog: BroadcastLog['watch'] = (listener) => broadcast.watch(listener);
  const intervalMs = intervalMsOf(config);
  await loop.runDaemon({
    control,
    store: deps.store,
    handle: createRequestHandler({ control, watchLog, stopping: lifecycle.signal }),
    clock: systemClock,
    log,
    lifecycle,
    socketPath: config.socketPath,
    databaseFile: config.databaseFile,
    intervalMs,
    offsetMs: turnOffsetMs(config.slaveName, intervalMs, sha256),
    onReady,
  });
}

async function openLog(config: SlaveConfig, run: RunContext, toStderr = false): Promise<Logger> {
  const { createLogger } = await import('../common/runtime/logger.ts');
  const log = createLogger({
    level: config.logLevel,
    redactor: run.redactor,
    file: config.logFile,
    toStderr,
  });
  run.lifecycle.onStop('log', () => log.close());
  return log;
}

async function openStore({
  config,
  migrate: mayMigrate = false,
}: OpenSlaveOptions): Promise<SlaveStore> {
  const database = await openSqlite(config);
  try {
    if (mayMigrate) await migrate(database);
    else await verifySlaveSchema(database, syncedTables());
    return createSlaveStore(database, syncedTables(), {
      databaseFile: config.databaseFile,
      backupsDir: config.backupsDir,
      clock: systemClock,
    });
  } catch (thrown) {
    await database.close();
    throw thrown;
  }
}

/** Rows of the master arrive in any order, so foreign keys are not checked here: the master has done that. */
async function openSqlite(config: SlaveConfig): Promise<SqlDatabase> {
  return await openDatabase({ url: `sqlite:${config.databaseFile}`, foreignKeys: 'off' });
}

async function migrate(database: SqlDatabase): Promise<MigrationReport> {
  return await migrateSlave(database, syncedTables(), { nowIso: systemClock.nowIso(), randomId });
}

function syncedTables(): TableRegistry {
  return registerTables(tableDefinitions);
}

/** HTTP is loaded when the master is first asked. */
async function openClient(config: SlaveConfig, masterUrl: string): Promise<MasterClient> {
  const { createHttpMasterClient } = await import('./transport/http-master-client.ts');
  return createHttpMasterClient({
    masterUrl,
    token: config.token,
    // A token names the slave; the machine's name is only a stand-in where there is none.
    slaveName: config.isSlaveNameSet || config.token === undefined ? config.slaveName : undefined,
    programVersion: PROGRAM_VERSION,
    stallMs: config.noProgressTimeoutMs,
    totalMs: config.totalTimeoutMs,
    extraCa: config.tlsCaFile === undefined ? undefined : await readCertificates(config.tlsCaFile),
    clock: systemClock,
  });
}

async function readCertificates(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (!text.includes('-----BEGIN CERTIFICATE-----'))
      throw new Error('it holds no certificate in PEM form');
    return text;
  } catch (thrown) {
    const { message } = toSyncError(thrown);
    throw new SyncError('config_invalid', `TLS_CA=${path} cannot be used: ${message}`, {
      cause: thrown,
    });
  }
}

function intervalMsOf(config: SlaveConfig): number {
  return Math.round(config.intervalMinutes * 60_000);
}
