import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../common/core/logger.ts';
import type { TableRegistry } from '../../common/core/table-registry.ts';
import type { DownloadAnswer } from '../../common/protocol/download.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import {
  openForeignConnection,
  type ForeignConnection,
} from '../../common/testkit/foreign-connection.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { openMaster, serveMaster, type Master } from '../../master/compose.ts';
import type { MasterConfig } from '../../master/config.ts';
import { once } from './once.ts';

/** A running master over HTTP on a free port, with a database of its own. */
export interface FleetMaster {
  readonly parts: Master;
  /** Address of the master itself, past every proxy. */
  readonly url: string;
  readonly databaseUrl: string;
  /** Another program on the master's database: the driver alone. */
  readonly sql: ForeignConnection;
  /** One more such connection, for a second transaction. */
  connect(): Promise<ForeignConnection>;
  /** Stops serving and ends all connections. */
  close(): Promise<void>;
  /** A plain client's download. */
  download(query: Readonly<Record<string, string>>): Promise<DownloadAnswer>;
}

/** Starts a master with a new database, for the running test. */
export async function startFleetMaster(
  createDatabase: CreateDatabase,
  tables: TableRegistry,
  settings: Partial<MasterConfig>,
): Promise<FleetMaster> {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  return openFleetMaster(url, tables, settings);
}

/** Starts a master on a database that is there; closed when the test ends. */
export async function openFleetMaster(
  databaseUrl: string,
  tables: TableRegistry,
  settings: Partial<MasterConfig> = {},
): Promise<FleetMaster> {
  const config = { ...configOf(databaseUrl), ...settings };
  const parts = await openMaster(config, silentLogger, { tables });
  const server = await serveMaster(parts, config);
  const connections: ForeignConnection[] = [];
  const connect = async (): Promise<ForeignConnection> => {
    const connection = await openForeignConnection(databaseUrl);
    connections.push(connection);
    if (connection.dialect === 'sqlite') await connection.run('PRAGMA synchronous = OFF');
    return connection;
  };
  const close = once(async () => {
    await server.stop(0);
    await parts.close();
    for (const connection of connections) await connection.close();
  });
  onTestFinished(close);
  return {
    parts,
    url: server.url,
    databaseUrl,
    sql: await connect(),
    connect,
    close,
    download: (query) => ask(server.url, `download?${new URLSearchParams(query)}`),
  };
}

/**
 * Copies the database of a master that is closed.
 *
 * @returns the copy's address.
 */
export async function copyMasterDatabase(databaseUrl: string): Promise<string> {
  if (databaseUrl.startsWith('sqlite:')) {
    const copy = join(makeTempDir(), 'copy.sqlite');
    copyFileSync(databaseUrl.slice('sqlite:'.length), copy);
    return `sqlite:${copy}`;
  }
  const { pathname } = new URL(databaseUrl);
  const original = pathname.slice(1);
  const copy = new URL(databaseUrl);
  copy.pathname = `/${original}_copy`;
  const server = new URL(databaseUrl);
  server.pathname = '/postgres';
  const execute = async (statement: string): Promise<void> => {
    const connection = await openForeignConnection(server.href);
    await connection.run(statement);
    await connection.close();
  };
  await execute(`CREATE DATABASE ${original}_copy TEMPLATE ${original}`);
  onTestFinished(() => execute(`DROP DATABASE IF EXISTS ${original}_copy WITH (FORCE)`));
  return copy.href;
}

function configOf(databaseUrl: string): MasterConfig {
  const storagePath = makeTempDir();
  return {
    host: '127.0.0.1',
    port: 0,
    database: databaseUrl.startsWith('sqlite:')
      ? { dialect: 'sqlite', file: databaseUrl.slice('sqlite:'.length) }
      : { dialect: 'postgres', url: databaseUrl },
    storagePath,
    logFile: join(storagePath, 'logs', 'sync.log'),
    backupsDir: join(storagePath, 'backups'),
    logLevel: 'info',
    maxBodyBytes: 8 * 1024 * 1024,
    maxRequestsPerSecond: 100_000,
    maxPoolConnections: 5,
  };
}

async function ask<T>(url: string, path: string): Promise<T> {
  const answer = await fetch(`${url}/api/sync/${path}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${text}`);
  // Tests look at what they need of it.
  return JSON.parse(text) as T;
}
