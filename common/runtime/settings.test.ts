import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SyncError } from '../core/sync-error.ts';
import { databaseAddressKind } from './database-url.ts';
import type { SettingDefinitions } from './setting-definition.ts';
import { booleanKind, integerKind, numberKind, tokenKind } from './setting-kinds.ts';
import type { SourceOptions } from './setting-sources.ts';
import { describeSettings, loadSettings, type LoadOptions } from './settings.ts';

const definitions = {
  PORT: {
    description: 'Port.',
    allowed: 'a whole number from 0 to 65535',
    example: '8080',
    schema: integerKind(0, 65_535),
    defaultText: '8080',
    flag: '--port',
  },
  SYNC_INTERVAL: {
    description: 'Minutes.',
    allowed: 'a number from 0.1 to 1440',
    example: '5',
    schema: numberKind(0.1, 1440),
    defaultText: '5',
    flag: '--interval',
  },
  SYNC_ENABLED: {
    description: 'On.',
    allowed: 'true or false',
    example: 'true',
    schema: booleanKind(),
  },
  SYNC_TOKEN: {
    description: 'Token.',
    allowed: 'a token',
    example: '...',
    schema: tokenKind(),
    isSecret: true,
    mayBeFile: true,
  },
  DATABASE_URL: {
    description: 'Database.',
    allowed: 'an address',
    example: 'sqlite:a.db',
    schema: databaseAddressKind(),
    defaultNote: 'app.sqlite',
    mayBeFile: true,
  },
} as const satisfies SettingDefinitions;

const token = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';
let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

type Env = SourceOptions['env'];
type More = Partial<LoadOptions<typeof definitions>>;

const load = (env: Env = {}, more: More = {}) =>
  loadSettings(definitions, { env, cwd, ownPrefix: 'SYNC_', ...more });

function failure(env: Env, more: More = {}): SyncError {
  try {
    load(env, more);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error('expected a SyncError');
}

const sourceOf = (loaded: ReturnType<typeof load>, name: string) =>
  describeSettings(loaded).find((setting) => setting.name === name);

describe('loadSettings', () => {
  it('B79 takes the command line before the environment before .env before the default', () => {
    writeFileSync(join(cwd, '.env'), 'PORT=3\nSYNC_INTERVAL=7.5 # minutes\n');
    const env = { PORT: '2' };
    const loaded = load(env, { overrides: { PORT: '1', SYNC_INTERVAL: undefined } });
    expect(loaded.values.PORT).toBe(1);
    expect(loaded.values.SYNC_INTERVAL).toBe(7.5);
    expect(loaded.values.SYNC_ENABLED).toBeUndefined();
    expect(sourceOf(loaded, 'PORT')).toMatchObject({
      value: '1',
      source: 'command line',
      overridden: ['environment', '.env'],
    });
    expect(sourceOf(loaded, 'SYNC_INTERVAL')).toMatchObject({
      value: '7.5',
      source: '.env',
      overridden: [],
    });
    expect(sourceOf(loaded, 'SYNC_ENABLED')).toMatchObject({ value: '', source: 'not set' });
    expect(sourceOf(loaded, 'DATABASE_URL')).toMatchObject({
      value: 'app.sqlite',
      source: 'default',
    });
    expect(env).toEqual({ PORT: '2' });
    rmSync(join(cwd, '.env'));
    expect(sourceOf(load(), 'PORT')).toMatchObject({ value: '8080', source: 'default' });
    expect(process.env['SYNC_INTERVAL']).toBeUndefined();
  });

  it('names every fault in one message, with value, source, range and example, secrets masked', () => {
    writeFileSync(join(cwd, '.env'), 'SYNC_INTERVAL=0\n');
    const error = failure({
      PORT: '70000',
      SYNC_TOKEN: `${token} x`,
      SYNC_ENABLED: '\u001b]0;x\u0007',
    });
    expect(error.code).toBe('config_invalid');
    expect(error.definition.exit).toBe(78);
    expect(error.message.split('\n')).toEqual([
      '4 settings are wrong:',
      'PORT=70000 (environment) is too large; must be a whole number from 0 to 65535, for example PORT=8080',
      'SYNC_INTERVAL=0 (.env) is too small; must be a number from 0.1 to 1440, for example SYNC_INTERVAL=5',
      'SYNC_ENABLED=\\x1b]0;x\\x07 (environment) is neither true nor false; must be true or false, for example SYNC_ENABLED=true',
      'SYNC_TOKEN=****** (environment) holds white space; must be a token, for example ...',
    ]);
    expect(error.details['faults']).toHaveLength(4);
    expect(JSON.stringify(error.details)).not.toContain(token);
  });

  it.each([
    'abc',
    '0',
    '-1',
    '1e99',
    '1e3',
    '+5',
    '0x10',
    ' ',
    '',
    '5,5',
    'NaN',
    'Infinity',
    '1441',
    '٣',
  ])('B72 refuses --interval=%j as a usage error that names flag, range and example', (value) => {
    const error = failure({}, { overrides: { SYNC_INTERVAL: value } });
    expect(error.code).toBe('usage_invalid');
    expect(error.definition.exit).toBe(64);
    expect(error.message).toMatch(
      /\n--interval=.*; must be a number from 0\.1 to 1440, for example --interval=5$/,
    );
  });

  it('is a configuration error when more than the command line is wrong', () => {
    expect(failure({ PORT: 'x' }, { overrides: { SYNC_INTERVAL: 'x' } }).code).toBe(
      'config_invalid',
    );
  });

  it('takes an empty value as a fault, not as absent', () => {
    expect(failure({ SYNC_TOKEN: '' }).message).toContain('SYNC_TOKEN= (environment) is empty');
    expect(failure({ SYNC_ENABLED: '   ' }).message).toContain('is empty');
  });

  it.each([
    ['true', true],
    ['YES', true],
    ['1', true],
    ['on', true],
    ['false', false],
    ['No', false],
    ['0', false],
    ['off', false],
  ])('reads %s as %s', (text, value) => {
    expect(load({ SYNC_ENABLED: ` ${text} ` }).values.SYNC_ENABLED).toBe(value);
  });

  it('B75 reads a secret from the file that NAME_FILE names, without its last line break', () => {
    writeFileSync(join(cwd, 'token'), `${token}\r\n`, { mode: 0o600 });
    const loaded = load({ SYNC_TOKEN_FILE: 'token' });
    expect(loaded.values.SYNC_TOKEN).toBe(token);
    expect(loaded.secrets).toEqual([token]);
    expect(loaded.warnings).toEqual([]);
    expect(sourceOf(loaded, 'SYNC_TOKEN')).toMatchObject({
      value: '******',
      source: 'environment',
      file: join(cwd, 'token'),
    });
  });

  it('B75 warns when others can read the file', () => {
    writeFileSync(join(cwd, 'token'), token);
    chmodSync(join(cwd, 'token'), 0o644);
    expect(load({ SYNC_TOKEN_FILE: 'token' }).warnings).toEqual([
      'SYNC_TOKEN_FILE: token can be read by others; run chmod 600 on it',
    ]);
  });

  it.each([
    '',
    'a\nb',
    'two words here',
    '"quoted-token"',
    'changeme',
    'CHANGE-ME',
    '<token>',
    '${SYNC_TOKEN}',
    'short',
    'x'.repeat(513),
    'tökentöken',
  ])('B75 refuses the token %j without showing it', (text) => {
    const error = failure({ SYNC_TOKEN: text });
    expect(error.code).toBe('config_invalid');
    if (text !== '') expect(error.message.split(' is ')[0]).not.toContain(text);
    writeFileSync(join(cwd, 'token'), `${text}\n`, { mode: 0o600 });
    expect(failure({ SYNC_TOKEN_FILE: 'token' }).code).toBe('config_invalid');
  });

  it('refuses two line breaks at the end of a token file', () => {
    writeFileSync(join(cwd, 'token'), `${token}\n\n`, { mode: 0o600 });
    expect(failure({ SYNC_TOKEN_FILE: 'token' }).message).toContain('holds a line break');
  });

  it('B75 says which token file cannot be used and why', () => {
    mkdirSync(join(cwd, 'folder'));
    writeFileSync(join(cwd, 'large'), 'x'.repeat(70_000));
    expect(failure({ SYNC_TOKEN_FILE: 'none' }).message).toContain(
      'SYNC_TOKEN_FILE (none) cannot be read (ENOENT)',
    );
    expect(failure({ SYNC_TOKEN_FILE: 'folder' }).message).toContain('(EISDIR)');
    expect(failure({ SYNC_TOKEN_FILE: 'large' }).message).toContain('is larger than 64 KiB');
    expect(failure({ SYNC_TOKEN_FILE: '' }).message).toContain('SYNC_TOKEN_FILE');
    const both = failure({ SYNC_TOKEN_FILE: 'none', SYNC_TOKEN: token });
    expect(both.message).toContain('is set together with SYNC_TOKEN_FILE; remove one');
  });

  it('B79 warns about unknown names with the nearest known one', () => {
    writeFileSync(join(cwd, '.env'), 'PROT=1\nOTHER_PROGRAM=2\n');
    const { warnings } = load({
      SYNC_INTERVALL: '5',
      SYNC_COLOUR: 'red',
      PROTO: 'x',
      PATH: '/bin',
      SYNC_TOKEN_FIEL: 'x',
    });
    expect(warnings).toEqual([
      'SYNC_INTERVALL (environment) is not a setting and has no effect; did you mean SYNC_INTERVAL?',
      'SYNC_COLOUR (environment) is not a setting and has no effect',
      'SYNC_TOKEN_FIEL (environment) is not a setting and has no effect; did you mean SYNC_TOKEN_FILE?',
      'PROT (.env) is not a setting and has no effect; did you mean PORT?',
    ]);
  });

  it('takes .env with byte order mark, CRLF, quotes and export, and refuses one that cannot be read', () => {
    writeFileSync(join(cwd, '.env'), '\ufeffPORT=1\r\nexport SYNC_INTERVAL="2"\r\n# PORT=9\r\n');
    expect(load().values).toMatchObject({ PORT: 1, SYNC_INTERVAL: 2 });
    rmSync(join(cwd, '.env'));
    mkdirSync(join(cwd, '.env'));
    expect(failure({}).message).toContain('.env cannot be read (EISDIR)');
  });

  it('P17 hides passwords in addresses and hands them to the redactor', () => {
    const loaded = load({ DATABASE_URL: 'postgres://u:p%40ss-word@db/x' });
    expect(sourceOf(loaded, 'DATABASE_URL')?.value).toBe('postgres://******@db/x');
    expect(loaded.secrets).toEqual(['p%40ss-word', 'p@ss-word']);
    expect(failure({ DATABASE_URL: 'postgres://u:zq1@zq2/zq3@db/' }).message).not.toMatch(/zq/);
  });

  it('reports what a check of several values finds together with the other faults', () => {
    const check: NonNullable<More['check']> = (values) =>
      values.PORT === 80 && values.SYNC_INTERVAL === undefined
        ? [{ name: 'PORT', reason: 'is taken' }]
        : [];
    const error = failure({ PORT: '80', SYNC_INTERVAL: 'x' }, { check });
    expect(error.message).toContain('PORT=80 (environment) is taken; must be');
    expect(error.message).toContain('SYNC_INTERVAL=x (environment) is not a plain number');
  });

  it('looks at own properties of the environment only', () => {
    const env = Object.create({ PORT: '1' }) as Env;
    expect(load(env).values.PORT).toBe(8080);
  });
});
