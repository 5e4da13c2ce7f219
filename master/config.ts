import { join } from 'node:path';
import { databaseAddressKind, type DatabaseAddress } from '../common/runtime/database-url.ts';
import { logLevels, type LogLevel } from '../common/runtime/log-level.ts';
import type { SettingDefinitions, SettingValues } from '../common/runtime/setting-definition.ts';
import {
  integerKind,
  pathKind,
  Refusal,
  textKind,
  wordKind,
} from '../common/runtime/setting-kinds.ts';
import type { SourceOptions } from '../common/runtime/setting-sources.ts';
import { loadSettings, type LoadedSettings } from '../common/runtime/settings.ts';
import {
  checkStorage,
  resolveDatabaseFile,
  resolveStoragePath,
} from '../common/runtime/storage-paths.ts';

/** Everything that a master is told from outside; all paths are absolute. */
export interface MasterConfig {
  /** Address to listen on; `127.0.0.1` serves this machine only, `0.0.0.0` every network. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** A SQLite file is absolute. */
  readonly database: DatabaseAddress;
  readonly storagePath: string;
  readonly logFile: string;
  readonly backupsDir: string;
  readonly logLevel: LogLevel;
  /** Largest request body after unpacking. */
  readonly maxBodyBytes: number;
  /** Requests that one token, or one address without a token, may make in a second. */
  readonly maxRequestsPerSecond: number;
  /** Most connections to PostgreSQL at once. */
  readonly maxPoolConnections: number;
}

/** A master's configuration and where each value came from. */
export interface LoadedMasterConfig extends Omit<LoadedSettings, 'values'> {
  readonly config: MasterConfig;
}

/** The settings that a master takes. */
const masterSettings = {
  HOST: {
    description: 'Address to listen on: 127.0.0.1 serves this machine only, 0.0.0.0 every network.',
    allowed: 'an IP address or a host name, without scheme and port',
    example: '0.0.0.0',
    schema: hostKind(),
    defaultText: '127.0.0.1',
    flag: '--host',
  },
  PORT: {
    description: 'Port to listen on; 0 takes a free one.',
    allowed: 'a whole number from 0 to 65535',
    example: '8080',
    schema: integerKind(0, 65_535),
    defaultText: '8080',
    flag: '--port',
  },
  DATABASE_URL: {
    description: 'Database with the rows: PostgreSQL, or a SQLite file.',
    allowed:
      'postgres://USER:PASSWORD@HOST/NAME, or sqlite: and the path of a file in a folder that exists',
    example: 'postgres://tidewater@localhost/tidewater',
    schema: databaseAddressKind(),
    defaultNote: 'master.sqlite under STORAGE_PATH',
    mayBeFile: true,
  },
  STORAGE_PATH: {
    description: 'Folder of everything that the master keeps.',
    allowed: 'the path of a folder',
    example: 'storage',
    schema: pathKind(),
    defaultText: 'storage',
  },
  LOG_LEVEL: {
    description: 'How much is logged.',
    allowed: 'error, warn, info or debug',
    example: 'info',
    schema: wordKind<LogLevel>(logLevels),
    defaultText: 'info',
    flag: '--log-level',
  },
  MAX_BODY_BYTES: {
    description: 'Bytes of the largest request body, after unpacking.',
    allowed: 'a whole number from 65536 to 268435456',
    example: '8388608',
    schema: integerKind(65_536, 268_435_456),
    defaultText: '8388608',
  },
  RATE_LIMIT: {
    description: 'Requests a second that one slave, or one address without a token, may make.',
    allowed: 'a whole number from 1 to 100000',
    example: '100',
    schema: integerKind(1, 100_000),
    defaultText: '100',
  },
  PG_POOL_SIZE: {
    description: 'Most connections to PostgreSQL at once.',
    allowed: 'a whole number from 1 to 100',
    example: '10',
    schema: integerKind(1, 100),
    defaultText: '10',
  },
} as const satisfies SettingDefinitions;

/**
 * Loads a master's settings; see `loadSettings` for the order of sources.
 *
 * @throws SyncError `config_invalid` or `usage_invalid` with every fault in one message.
 */
export function loadMasterConfig(options: SourceOptions): LoadedMasterConfig {
  const { values, ...loaded } = loadSettings(masterSettings, {
    ...options,
    check: (found) => checkStorage(found, options.cwd),
  });
  return { ...loaded, config: toConfig(values, options.cwd) };
}

function toConfig(values: SettingValues<typeof masterSettings>, cwd: string): MasterConfig {
  const storagePath = resolveStoragePath(values, cwd);
  const database: DatabaseAddress =
    values.DATABASE_URL?.dialect === 'postgres'
      ? values.DATABASE_URL
      : { dialect: 'sqlite', file: resolveDatabaseFile(values, cwd, 'master.sqlite') };
  return {
    host: values.HOST,
    port: values.PORT,
    database,
    storagePath,
    logFile: join(storagePath, 'logs', 'sync.log'),
    backupsDir: join(storagePath, 'backups'),
    logLevel: values.LOG_LEVEL,
    maxBodyBytes: values.MAX_BODY_BYTES,
    maxRequestsPerSecond: values.RATE_LIMIT,
    maxPoolConnections: values.PG_POOL_SIZE,
  };
}

function hostKind() {
  return textKind((text) => {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return new Refusal('has a scheme');
    if (/^[^:]*:\d+$/.test(text)) return new Refusal('has a port; set PORT');
    return /^[A-Za-z0-9._:%-]{1,253}$/.test(text)
      ? text.toLowerCase()
      : new Refusal('is not a host');
  });
}
