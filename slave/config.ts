import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SyncError } from '../common/core/sync-error.ts';
import type { LogLevel } from '../common/runtime/log-level.ts';
import type { SettingFault, SettingValues } from '../common/runtime/setting-definition.ts';
import { isLoopbackAddress } from '../common/runtime/setting-kinds.ts';
import type { SourceOptions } from '../common/runtime/setting-sources.ts';
import { loadSettings, type LoadedSettings } from '../common/runtime/settings.ts';
import { sha256 } from '../common/runtime/sha256.ts';
import {
  checkStorage,
  resolveDatabaseFile,
  resolveStoragePath,
} from '../common/runtime/storage-paths.ts';
import { slaveSettings } from './settings.ts';

/** Everything that a slave is told from outside; all paths are absolute. */
export interface SlaveConfig {
  /** Address before `/api/sync`, without a slash at its end; absent where none is set, see {@link requireMasterUrl}. */
  readonly masterUrl?: string;
  /** Bearer token; absent where the master serves this machine only. */
  readonly token?: string;
  /** File with certificates (PEM) of further authorities that may have signed the master's. */
  readonly tlsCaFile?: string;
  readonly isSyncEnabled: boolean;
  readonly intervalMinutes: number;
  /** Records of the largest upload; smaller ones are chosen on bad lines. */
  readonly maxBatchRecords: number;
  /** A request that moves no byte for this long is given up. */
  readonly noProgressTimeoutMs: number;
  /** A request that takes longer in all is given up; never less than `noProgressTimeoutMs`. */
  readonly totalTimeoutMs: number;
  readonly slaveName: string;
  /** Whether SLAVE_NAME was set; otherwise the name is the machine's and the token alone counts. */
  readonly isSlaveNameSet: boolean;
  readonly storagePath: string;
  readonly databaseFile: string;
  readonly statusFile: string;
  readonly logFile: string;
  /** Small SQLite file whose exclusive transaction is the lock (LOCK1). */
  readonly lockFile: string;
  /** Unix socket of the daemon. */
  readonly socketPath: string;
  readonly backupsDir: string;
  readonly logLevel: LogLevel;
}

/** A slave's configuration and where each value came from. */
export interface LoadedSlaveConfig extends Omit<LoadedSettings, 'values'> {
  readonly config: SlaveConfig;
}

/**
 * Loads a slave's settings; see `loadSettings` for the order of sources.
 *
 * @throws SyncError `config_invalid` or `usage_invalid` with every fault in one message.
 */
export function loadSlaveConfig(options: SourceOptions): LoadedSlaveConfig {
  const { values, ...loaded } = loadSettings(slaveSettings(hostname()), {
    ...options,
    ownPrefix: 'SYNC_',
    check: (found) => [...checkInsecureHttp(found), ...checkStorage(found, options.cwd)],
  });
  const isSlaveNameSet = loaded.settings.some(
    ({ name, source }) => name === 'SLAVE_NAME' && source !== 'default',
  );
  return { ...loaded, config: { ...toConfig(values, options.cwd), isSlaveNameSet } };
}

/** The master's address. @throws SyncError `config_invalid` if none is set. */
export function requireMasterUrl(config: Pick<SlaveConfig, 'masterUrl'>): string {
  if (config.masterUrl !== undefined) return config.masterUrl;
  throw new SyncError(
    'config_invalid',
    'MASTER_URL is not set, so it is unknown where to sync to.',
    {
      hint: 'Set MASTER_URL in the environment or in .env, for example MASTER_URL=https://master.example.com, or use --master-url.',
    },
  );
}

type Values = SettingValues<ReturnType<typeof slaveSettings>>;

/** Longest path that every system takes for a Unix socket (104 bytes with the end on macOS). */
const maxSocketPathBytes = 100;

function checkInsecureHttp(values: Partial<Values>): readonly SettingFault[] {
  const { MASTER_URL: url, SYNC_INSECURE_HTTP: isAllowed } = values;
  if (url === undefined || isAllowed !== false) return [];
  if (url.startsWith('https:') || isLoopbackAddress(url)) return [];
  const reason =
    'sends token and rows in the clear over a network; use https, or set SYNC_INSECURE_HTTP=true';
  return [{ name: 'MASTER_URL', reason }];
}

function toConfig(values: Values, cwd: string): Omit<SlaveConfig, 'isSlaveNameSet'> {
  const storagePath = resolveStoragePath(values, cwd);
  const noProgressTimeoutMs = Math.round(values.SYNC_TIMEOUT * 1000);
  return {
    ...(values.MASTER_URL === undefined ? {} : { masterUrl: baseAddress(values.MASTER_URL) }),
    ...(values.SYNC_TOKEN === undefined ? {} : { token: values.SYNC_TOKEN }),
    ...(values.TLS_CA === undefined ? {} : { tlsCaFile: resolve(cwd, values.TLS_CA) }),
    isSyncEnabled: values.SYNC_ENABLED,
    intervalMinutes: values.SYNC_INTERVAL,
    maxBatchRecords: values.SYNC_BATCH_SIZE,
    noProgressTimeoutMs,
    totalTimeoutMs: Math.max(noProgressTimeoutMs, Math.round(values.SYNC_TOTAL_TIMEOUT * 1000)),
    slaveName: values.SLAVE_NAME,
    storagePath,
    databaseFile: resolveDatabaseFile(values, cwd, 'slave.sqlite'),
    statusFile: join(storagePath, 'app', 'sync_status.json'),
    logFile: join(storagePath, 'logs', 'sync.log'),
    lockFile: join(storagePath, 'sync.lock.sqlite'),
    socketPath: socketPathIn(storagePath),
    backupsDir: join(storagePath, 'backups'),
    logLevel: values.LOG_LEVEL,
  };
}

/** Whoever copied the whole address of an endpoint's folder meant the part before it. */
function baseAddress(address: string): string {
  return address.replace(/\/api\/sync$/, '');
}

/** In a folder with too long a path the socket lies in the temporary folder, under a name made from the path. */
function socketPathIn(storagePath: string): string {
  const path = join(storagePath, 'slave.sock');
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return path;
  return join(tmpdir(), `tidewater-${sha256(path).slice(0, 32)}.sock`);
}
