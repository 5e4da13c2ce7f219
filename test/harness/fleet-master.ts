import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../common/core/logger.ts';
import type { TableRegistry } from '../../common/core/table-registry.ts';
import type { DownloadAnswer } from '../../common/protocol/download.ts';
import type { UploadAnswer } from '../../common/protocol/upload.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import { openForeignConnection, type ForeignConnection } from '../../common/testkit/foreign-connection.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { openMaster, serveMaster, type Master } from '../../master/compose.ts';
import type { MasterConfig } from '../../master/config.ts';

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
  /** A plain client's upload. */
  upload(body: object): Promise<UploadAnswer>;
  /** A plain client's download. */
  download(query: Readonly<Record<string, string>>): Promise<DownloadAnswer>;
}

/** Starts a master for the running test. */
export async function startFleetMaster(
  createDatabase: CreateDatabase,
  tables: TableRegistry,
  settings: Partial<MasterConfig>,
): Promise<FleetMaster> {
  const { url: databaseUrl, drop } = await createDatabase();
  onTestFinished(drop);
  const config = { ...configOf(databaseUrl), ...settings };
  const parts = await openMaster(config, silentLogger, { tables });
  onTestFinished(() => parts.close());
  const server = await serveMaster(parts, config);
  onTestFinished(() => server.stop(0));
  const connect = async (): Promise<ForeignConnection> => {
    const connection = await openForeignConnection(databaseUrl);
    onTestFinished(() => connection.close());
    return connection;
  };
  return {
    parts,
    url: server.url,
    databaseUrl,
    sql: await connect(),
    connect,
    upload: (body) => ask(server.url, 'upload', { method: 'POST', body: JSON.stringify(body) }),
    download: (query) => ask(server.url, `download?${new URLSearchParams(query)}`, {}),
  };
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

async function ask<T>(url: string, path: string, init: RequestInit): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/sync/${path}`, { ...init, headers });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${text}`);
  // Tests look at what they need of it.
  return JSON.parse(text) as T;
}
