import { sqliteAddressKind } from '../common/runtime/database-url.ts';
import { logLevels, type LogLevel } from '../common/runtime/log-level.ts';
import type { SettingDefinitions } from '../common/runtime/setting-definition.ts';
import {
  booleanKind,
  httpAddressKind,
  integerKind,
  nameKind,
  numberKind,
  pathKind,
  tokenKind,
  wordKind,
} from '../common/runtime/setting-kinds.ts';

const syncSettings = {
  MASTER_URL: {
    description: 'Address of the master, the part before /api/sync.',
    allowed: 'an http or https address without user, query and fragment',
    example: 'https://master.example.com',
    schema: httpAddressKind(),
    flag: '--master-url',
  },
  SYNC_TOKEN: {
    description: 'Bearer token of this slave, made by `master token create NAME`.',
    allowed: 'a token of 8 to 512 visible characters, as the master printed it',
    example: 'what `master token create NAME` prints',
    schema: tokenKind(),
    isSecret: true,
    mayBeFile: true,
  },
  SYNC_ENABLED: {
    description: 'Whether this slave syncs by itself.',
    allowed: 'true or false',
    example: 'true',
    schema: booleanKind(),
    defaultText: 'true',
  },
  SYNC_INTERVAL: {
    description: 'Minutes between two syncs.',
    allowed: 'a number of minutes from 0.1 to 1440',
    example: '5',
    schema: numberKind(0.1, 1440),
    defaultText: '5',
    flag: '--interval',
  },
  SYNC_BATCH_SIZE: {
    description: 'Most records in one upload; bad lines get fewer.',
    allowed: 'a whole number from 1 to 5000',
    example: '500',
    schema: integerKind(1, 5000),
    defaultText: '500',
    flag: '--batch-size',
  },
  SYNC_TIMEOUT: {
    description: 'Seconds without any progress after which a request is given up.',
    allowed: 'a number of seconds from 1 to 3600',
    example: '30',
    schema: numberKind(1, 3600),
    defaultText: '30',
    flag: '--timeout',
  },
  SYNC_TOTAL_TIMEOUT: {
    description:
      'Seconds after which a request is given up even if it moves; at least SYNC_TIMEOUT.',
    allowed: 'a number of seconds from 1 to 86400',
    example: '600',
    schema: numberKind(1, 86_400),
    defaultText: '600',
  },
  TLS_CA: {
    description: "Authority that signed the master's certificate, trusted beside the known ones.",
    allowed: 'the path of a file with certificates in PEM form',
    example: '/etc/tidewater/ca.pem',
    schema: pathKind(),
  },
  SYNC_INSECURE_HTTP: {
    description:
      'Allows plain http to another machine; token and rows can then be read on the way.',
    allowed: 'true or false',
    example: 'false',
    schema: booleanKind(),
    defaultText: 'false',
    flag: '--insecure-http',
  },
} as const satisfies SettingDefinitions;

const placeSettings = {
  STORAGE_PATH: {
    description: 'Folder of everything that the slave keeps.',
    allowed: 'the path of a folder',
    example: 'storage',
    schema: pathKind(),
    defaultText: 'storage',
  },
  DATABASE_URL: {
    description: "SQLite file with the rows; may be the application's own.",
    allowed: 'sqlite: and the path of a file in a folder that exists',
    example: 'sqlite:data/app.sqlite',
    schema: sqliteAddressKind(),
    defaultNote: 'slave.sqlite under STORAGE_PATH',
    mayBeFile: true,
  },
  LOG_LEVEL: {
    description: 'How much is logged.',
    allowed: 'error, warn, info or debug',
    example: 'info',
    schema: wordKind<LogLevel>(logLevels),
    defaultText: 'info',
    flag: '--log-level',
  },
} as const satisfies SettingDefinitions;

/** The settings that a slave takes; `host` is the machine's name, for the default of SLAVE_NAME. */
export function slaveSettings(host: string) {
  return {
    ...syncSettings,
    SLAVE_NAME: {
      description: 'Name of this slave where no token gives one.',
      allowed: '1 to 64 letters, digits, dots, underscores and hyphens',
      example: 'store-12',
      schema: nameKind(64),
      defaultText: slaveNameFromHost(host),
    },
    ...placeSettings,
  } as const satisfies SettingDefinitions;
}

/** The machine's name as a slave name: other characters become hyphens. */
export function slaveNameFromHost(host: string): string {
  const name = host
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, 64)
    .replace(/[-.]+$/, '');
  return name === '' ? 'slave' : name;
}
