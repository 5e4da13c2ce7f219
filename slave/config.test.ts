import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SyncError } from '../common/core/sync-error.ts';
import { describeSettings } from '../common/runtime/settings.ts';
import { loadSlaveConfig, requireMasterUrl } from './config.ts';
import { slaveNameFromHost } from './settings.ts';

const token = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';
let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'slave-config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const load = (env: Readonly<Record<string, string>> = {}) => loadSlaveConfig({ env, cwd });

function failure(env: Readonly<Record<string, string>>): SyncError {
  try {
    load(env);
  } catch (error) {
    if (error instanceof SyncError) return error;
    throw error;
  }
  throw new Error('expected a SyncError');
}

describe('slave config', () => {
  it('has the documented defaults, all files under STORAGE_PATH', () => {
    const storage = join(cwd, 'storage');
    expect(load().config).toEqual({
      isSyncEnabled: true,
      intervalMinutes: 5,
      maxBatchRecords: 500,
      noProgressTimeoutMs: 30_000,
      totalTimeoutMs: 600_000,
      slaveName: slaveNameFromHost(hostname()),
      isSlaveNameSet: false,
      storagePath: storage,
      databaseFile: join(storage, 'slave.sqlite'),
      statusFile: join(storage, 'app/sync_status.json'),
      logFile: join(storage, 'logs/sync.log'),
      lockFile: join(storage, 'sync.lock.sqlite'),
      socketPath: join(storage, 'slave.sock'),
      backupsDir: join(storage, 'backups'),
      logLevel: 'info',
    });
  });

  it('takes every setting', () => {
    const { config } = load({
      MASTER_URL: 'https://Master.example.com/sub/',
      SYNC_TOKEN: token,
      SYNC_ENABLED: 'false',
      SYNC_INTERVAL: '0.5',
      SYNC_BATCH_SIZE: '5000',
      SYNC_TIMEOUT: '900',
      SLAVE_NAME: 'store-12',
      STORAGE_PATH: '/data/slave',
      LOG_LEVEL: 'DEBUG',
    });
    expect(config).toMatchObject({
      masterUrl: 'https://master.example.com/sub',
      token,
      isSyncEnabled: false,
      intervalMinutes: 0.5,
      maxBatchRecords: 5000,
      noProgressTimeoutMs: 900_000,
      totalTimeoutMs: 900_000,
      slaveName: 'store-12',
      isSlaveNameSet: true,
      storagePath: '/data/slave',
      logLevel: 'debug',
    });
  });

  it.each([
    ['', 'is empty'],
    ['master.example.com', 'has no scheme'],
    ['//master.example.com', 'has no scheme'],
    ['ftp://master/', 'is not an http or https address'],
    ['data:text/plain,x', 'is not an http or https address'],
    ['file:///etc/passwd', 'is not an http or https address'],
    ['javascript:alert(1)', 'is not an http or https address'],
    ['https:master', 'is not an http or https address'],
    ['https:\\\\master', 'is not an http or https address'],
    ['https://', 'is not an http or https address'],
    ['https://ma ster/', 'is not a valid address'],
    ['https://[::1', 'is not a valid address'],
    ['https://user:hunter22@master/', 'holds a user or password'],
    ['https://master/?a=b', 'holds a query'],
    ['https://master/#x', 'holds a fragment'],
    ['https://master:0/', 'names port 0'],
    ['https://master:99999/', 'is not a valid address'],
    ['"https://master/"', 'has no scheme'],
    ['http://master:8080', 'in the clear'],
    ['http://127.0.0.1.example.com', 'in the clear'],
    ['http://169.254.169.254/', 'in the clear'],
  ])('B73 refuses MASTER_URL=%s', (url, reason) => {
    const error = failure({ MASTER_URL: url });
    expect(error.definition.exit).toBe(78);
    expect(error.message).toContain(reason);
    expect(error.message).not.toContain('hunter22');
  });

  it.each([
    ['https://master.example.com', 'https://master.example.com'],
    ['https://master.example.com///', 'https://master.example.com'],
    ['https://master/base/path/', 'https://master/base/path'],
    ['https://master/api/sync/', 'https://master'],
    ['https://bücher.example:8443', 'https://xn--bcher-kva.example:8443'],
    ['http://localhost:8080/', 'http://localhost:8080'],
    ['http://127.8.8.8', 'http://127.8.8.8'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('B73 takes MASTER_URL=%s', (url, address) => {
    expect(load({ MASTER_URL: url }).config.masterUrl).toBe(address);
  });

  it('B73 takes plain http to another machine only with SYNC_INSECURE_HTTP=true', () => {
    const env = { MASTER_URL: 'http://master:8080' };
    expect(load({ ...env, SYNC_INSECURE_HTTP: 'true' }).config.masterUrl).toBe(
      'http://master:8080',
    );
    expect(failure({ ...env, SYNC_INSECURE_HTTP: 'false' }).message).toContain(
      'SYNC_INSECURE_HTTP=true',
    );
    expect(failure(env).message).toContain('SYNC_INSECURE_HTTP=true');
  });

  it('needs MASTER_URL only where it is used', () => {
    expect(() => requireMasterUrl(load().config)).toThrow('MASTER_URL is not set');
    expect(requireMasterUrl({ masterUrl: 'https://m' })).toBe('https://m');
  });

  it.each([
    ['sqlite:app.db', 'app.db'],
    ['sqlite:./app.db', 'app.db'],
    ['sqlite:storage/deep/app.db', 'storage/deep/app.db'],
  ])('takes DATABASE_URL=%s relative to the working folder', (url, file) => {
    expect(load({ DATABASE_URL: url }).config.databaseFile).toBe(join(cwd, file));
  });

  it('takes both absolute forms of DATABASE_URL', () => {
    expect(load({ DATABASE_URL: `sqlite:${cwd}/app.db` }).config.databaseFile).toBe(
      join(cwd, 'app.db'),
    );
    expect(load({ DATABASE_URL: `sqlite://${cwd}/app.db` }).config.databaseFile).toBe(
      join(cwd, 'app.db'),
    );
  });

  it.each([
    ['postgres://u:hunter22@db/x', 'a slave keeps its data in SQLite'],
    ['postgresql://db/x', 'a slave keeps its data in SQLite'],
    ['mysql://db/x', 'does not begin with a known kind'],
    ['app.db', 'does not begin with a known kind'],
    ['sqlite::memory:', 'in memory'],
    ['sqlite:file:x?mode=memory', 'in memory'],
    ['sqlite:', 'names no file'],
    ['sqlite:folder/', 'names no file'],
    ['sqlite://host/app.db', 'has two slashes'],
    ['sqlite:app.db?cache=shared', 'characters'],
    ['sqlite:folder', 'is a folder'],
    ['sqlite:missing/app.db', 'lies in a folder that does not exist'],
    ['', 'is empty'],
  ])('B78 refuses DATABASE_URL=%s', (url, reason) => {
    mkdirSync(join(cwd, 'folder'));
    const error = failure({ DATABASE_URL: url });
    expect(error.code).toBe('config_invalid');
    expect(error.message).toContain(reason);
    expect(error.message).not.toContain('hunter22');
  });

  it('B78 refuses a STORAGE_PATH that is a file, or written for a shell', () => {
    writeFileSync(join(cwd, 'file'), '');
    expect(failure({ STORAGE_PATH: 'file' }).message).toContain(
      'STORAGE_PATH=file (environment) is a file',
    );
    expect(failure({ STORAGE_PATH: '~/slave' }).message).toContain('only a shell');
  });

  it.each([
    ['SYNC_INTERVAL', '0'],
    ['SYNC_INTERVAL', '1441'],
    ['SYNC_BATCH_SIZE', '0'],
    ['SYNC_BATCH_SIZE', '5001'],
    ['SYNC_BATCH_SIZE', '1e9'],
    ['SYNC_BATCH_SIZE', '10.5'],
    ['SYNC_TIMEOUT', '-1'],
    ['SYNC_TOTAL_TIMEOUT', '1e99'],
    ['SYNC_ENABLED', 'maybe'],
    ['SLAVE_NAME', 'a b'],
    ['SLAVE_NAME', '../x'],
    ['SLAVE_NAME', 'x'.repeat(65)],
    ['SLAVE_NAME', 'läden'],
    ['LOG_LEVEL', 'verbose!!'],
  ])('B72 B80 refuses %s=%s with name, range and example', (name, value) => {
    const { message } = failure({ [name]: value });
    expect(message).toMatch(
      new RegExp(`^A setting is wrong:\\n${name}=.* must be .*, for example ${name}=`),
    );
  });

  it('warns about mistyped SYNC_ names', () => {
    expect(load({ SYNC_TOKNE: 'x' }).warnings).toEqual([
      'SYNC_TOKNE (environment) is not a setting and has no effect; did you mean SYNC_TOKEN?',
    ]);
  });

  it('B79 shows every setting with value and source, the token masked', () => {
    const loaded = loadSlaveConfig({
      env: { SYNC_TOKEN: token },
      cwd,
      overrides: { MASTER_URL: 'https://m' },
    });
    const shown = describeSettings(loaded);
    expect(shown.map(({ name, value, source }) => [name, value, source])).toContainEqual([
      'SYNC_TOKEN',
      '******',
      'environment',
    ]);
    expect(shown.map(({ name, value, source }) => [name, value, source])).toContainEqual([
      'MASTER_URL',
      'https://m',
      'command line',
    ]);
    expect(JSON.stringify(shown)).not.toContain(token);
    expect(loaded.secrets).toEqual([token]);
  });

  it('puts the socket into the temporary folder where the path would be too long', () => {
    const long = join(cwd, 'x'.repeat(120));
    const { socketPath } = load({ STORAGE_PATH: long }).config;
    expect(socketPath).toMatch(/tidewater-[0-9a-f]{32}\.sock$/);
    expect(load({ STORAGE_PATH: long }).config.socketPath).toBe(socketPath);
    expect(load({ STORAGE_PATH: `${long}y` }).config.socketPath).not.toBe(socketPath);
  });

  it('makes a valid slave name of every host name', () => {
    expect(slaveNameFromHost('Büro PC 3.local')).toBe('B-ro-PC-3.local');
    expect(slaveNameFromHost('..')).toBe('slave');
    expect(slaveNameFromHost('x'.repeat(100))).toHaveLength(64);
  });
});
