import type { Clock } from '../common/core/clock.ts';
import type { Logger } from '../common/core/logger.ts';
import { registerTables, type TableRegistry } from '../common/core/table-registry.ts';
import type { DatabaseAddress } from '../common/runtime/database-url.ts';
import { randomId } from '../common/runtime/random-id.ts';
import { sha256 } from '../common/runtime/sha256.ts';
import { systemClock } from '../common/runtime/system-clock.ts';
import type { MasterStore } from '../common/storage/master-store.ts';
import { createMasterStore } from '../common/storage/sequelize/master-store.ts';
import {
  migrateMaster,
  type MigrationReport,
} from '../common/storage/sequelize/migrations/migrate-master.ts';
import { openDatabase } from '../common/storage/sequelize/open-database.ts';
import { createSqlTokenStore } from '../common/storage/sequelize/token-store.ts';
import type { TokenStore } from '../common/storage/token-store.ts';
import { tableDefinitions } from '../common/tables/registry.ts';
import type { MasterConfig } from './config.ts';
import { createApp } from './http/app.ts';
import { createEpochSource } from './http/epoch-source.ts';
import { defaultHttpLimits } from './http/http-deps.ts';
import { startHttpServer, type HttpServer } from './http/http-server.ts';
import type { SyncUseCases } from './http/sync-use-cases.ts';
import { acceptUpload } from './sync/accept-upload.ts';
import { beginExchange } from './sync/begin-exchange.ts';
import { enrollSlave } from './sync/enroll-slave.ts';
import type { MasterDeps } from './sync/master-deps.ts';
import { recordAcknowledgement } from './sync/record-acknowledgement.ts';
import { serveDigest, serveDigestRows } from './sync/serve-digest.ts';
import { serveDownload, streamDownload } from './sync/serve-download.ts';

/** An opened master: what every use case and command works with. */
export interface Master extends MasterDeps {
  readonly tokens: TokenStore;
  /** What opening had to do to the database. */
  readonly migration: MigrationReport;
  close(): Promise<void>;
}

/** What tests put in the place of the product's own parts. */
export interface MasterParts {
  readonly tables?: TableRegistry;
  readonly clock?: Clock;
}

/**
 * Opens the database and prepares it where it is new or behind.
 *
 * @throws SyncError `storage_...`, `schema_mismatch`.
 */
export async function openMaster(
  config: MasterConfig,
  log: Logger,
  parts: MasterParts = {},
): Promise<Master> {
  const { tables = registerTables(tableDefinitions), clock = systemClock } = parts;
  const database = await openDatabase({
    url: urlOf(config.database),
    poolSize: config.database.dialect === 'postgres' ? config.maxPoolConnections : 2,
  });
  try {
    const migration = await migrateMaster(database, tables, { nowIso: clock.nowIso(), randomId });
    logMigration(log, migration);
    const store: MasterStore = createMasterStore(database, tables);
    const tokens = createSqlTokenStore(database);
    const close = (): Promise<void> => store.close();
    return { store, tables, clock, log, randomId, sha256, tokens, migration, close };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Starts to serve slaves. @throws SyncError `config_invalid` when the address cannot be had. */
export function serveMaster(master: Master, config: MasterConfig): Promise<HttpServer> {
  const { store, clock } = master;
  const app = createApp({
    ...master,
    useCases: bindUseCases(master),
    epoch: createEpochSource({ store, clock }),
    ping: () => store.ping(),
    limits: {
      ...defaultHttpLimits,
      maxBodyBytes: config.maxBodyBytes,
      maxHeldBytes: Math.max(defaultHttpLimits.maxHeldBytes, 4 * config.maxBodyBytes),
      requestsPerSecond: config.maxRequestsPerSecond,
      requestBurst: config.maxRequestsPerSecond * 20,
    },
  });
  return startHttpServer(app.callback(), { host: config.host, port: config.port, tls: null });
}

function bindUseCases(deps: MasterDeps): SyncUseCases {
  return {
    beginExchange: (identity) => beginExchange(deps, identity),
    acceptUpload: (identity, request) => acceptUpload(deps, identity, request),
    serveDownload: (identity, query) => serveDownload(deps, identity, query),
    streamDownload: (identity, query) => streamDownload(deps, identity, query),
    recordAcknowledgement: (identity, request) => recordAcknowledgement(deps, identity, request),
    enrollSlave: (identity, request) => enrollSlave(deps, identity, request),
    serveDigest: () => serveDigest(deps),
    serveDigestRows: (table, after) => serveDigestRows(deps, table, after),
  };
}

function urlOf(address: DatabaseAddress): string {
  return address.dialect === 'postgres' ? address.url : `sqlite:${address.file}`;
}

function logMigration(log: Logger, { created, adopted, changed }: MigrationReport): void {
  if (created.length + adopted.length + changed.length === 0) return;
  log.info('database prepared', { created, adopted, changed });
}
