import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeSettings } from '../common/runtime/settings.ts';
import { loadMasterConfig } from './config.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'master-config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const load = (env: Readonly<Record<string, string>> = {}) => loadMasterConfig({ env, cwd });

describe('master config', () => {
  it('has the documented defaults and listens to this machine only', () => {
    const storage = join(cwd, 'storage');
    expect(load().config).toEqual({
      host: '127.0.0.1',
      port: 8080,
      database: { dialect: 'sqlite', file: join(storage, 'master.sqlite') },
      storagePath: storage,
      logFile: join(storage, 'logs/sync.log'),
      backupsDir: join(storage, 'backups'),
      logLevel: 'info',
      maxBodyBytes: 8 * 1024 * 1024,
      maxRequestsPerSecond: 100,
      maxPoolConnections: 10,
    });
  });

  it('takes PostgreSQL, and hides its password wherever settings are shown', () => {
    const url = 'postgresql://user:hunter22@db:5432/tidewater';
    const loaded = load({ DATABASE_URL: url });
    expect(loaded.config.database).toEqual({ dialect: 'postgres', url });
    expect(loaded.secrets).toContain('hunter22');
    expect(JSON.stringify(describeSettings(loaded))).not.toContain('hunter22');
  });

  it.each(['0.0.0.0', '::', '::1', 'localhost', 'fe80::1%eth0', 'Master.Example.com'])(
    'takes HOST=%s',
    (host) => {
      expect(load({ HOST: host }).config.host).toBe(host.toLowerCase());
    },
  );

  it.each([
    ['HOST', 'http://x', 'has a scheme'],
    ['HOST', '0.0.0.0:8080', 'has a port; set PORT'],
    ['HOST', 'a b', 'is not a host'],
    ['PORT', '65536', 'is too large'],
    ['PORT', '-1', 'is not a whole number'],
    ['PORT', '80.5', 'is not a whole number'],
    ['DATABASE_URL', 'postgres:db', 'is not a valid PostgreSQL address'],
    ['DATABASE_URL', 'postgres://user:hunter/22#@db/x', 'PostgreSQL address'],
    ['DATABASE_URL', 'postgres://db', 'names no database'],
    ['DATABASE_URL', 'mysql://db/x', 'does not begin with a known kind'],
    ['DATABASE_URL', 'sqlite::memory:', 'in memory'],
    ['MAX_BODY_BYTES', '1', 'is too small'],
    ['RATE_LIMIT', '0', 'is too small'],
    ['PG_POOL_SIZE', '101', 'is too large'],
    ['LOG_LEVEL', 'verbose!!', 'is not one of them'],
  ])('refuses %s=%s', (name, value, reason) => {
    expect(() => load({ [name]: value })).toThrow(reason);
    expect(() => load({ [name]: value })).not.toThrow('hunter');
  });

  it('takes port 0 and says nothing about settings of slaves in a shared environment', () => {
    const loaded = load({ PORT: '0', SYNC_INTERVAL: '5', TLS_CERT: 'x', ADMIN_PASSWORD: 'y' });
    expect(loaded.config.port).toBe(0);
    expect(loaded.warnings).toEqual([]);
  });
});
