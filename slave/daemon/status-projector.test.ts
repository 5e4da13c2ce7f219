import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/core/logger.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { openSqliteConnection, type SqliteConnection } from './sqlite-connection.ts';
import { StatusProjector } from './status-projector.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function writerOf(databaseFile: string): Promise<SqliteConnection> {
  const writer = await openSqliteConnection({
    path: databaseFile,
    mode: 'create',
    busyTimeoutMs: 1000,
  });
  await writer.execute('PRAGMA journal_mode = WAL; CREATE TABLE t (x)');
  cleanups.push(() => writer.close());
  return writer;
}

function projectorOf(databaseFile: string): {
  projector: StatusProjector;
  refreshed: () => number;
} {
  let refreshes = 0;
  const refresh = async (): Promise<void> => {
    refreshes += 1;
    await Promise.resolve();
  };
  const projector = new StatusProjector({ databaseFile, refresh, log: silentLogger });
  cleanups.push(() => projector.stop());
  return { projector, refreshed: () => refreshes };
}

describe('the status projector', () => {
  it('P14 refreshes after a commit of any other program, and not without one', async () => {
    const databaseFile = join(makeTempDir(), 'slave.sqlite');
    const writer = await writerOf(databaseFile);
    const { projector, refreshed } = projectorOf(databaseFile);
    await projector.look();
    expect(refreshed()).toBe(1);
    await projector.look();
    await projector.look();
    expect(refreshed()).toBe(1);
    await writer.execute('INSERT INTO t VALUES (1)');
    await projector.look();
    expect(refreshed()).toBe(2);
    await projector.look();
    expect(refreshed()).toBe(2);
  });

  it('refreshes now and then without a reason, so that a file that someone changed becomes true again', async () => {
    const databaseFile = join(makeTempDir(), 'slave.sqlite');
    await writerOf(databaseFile);
    const { projector, refreshed } = projectorOf(databaseFile);
    for (let look = 0; look < 41; look += 1) await projector.look();
    expect(refreshed()).toBe(3);
  });

  it('refreshes each time while the database cannot be watched, and goes on when it can', async () => {
    const databaseFile = join(makeTempDir(), 'slave.sqlite');
    const { projector, refreshed } = projectorOf(databaseFile);
    await projector.look();
    await projector.look();
    expect(refreshed()).toBe(2);
    await writerOf(databaseFile);
    await projector.look();
    await projector.look();
    expect(refreshed()).toBe(3);
    await rm(databaseFile);
  });
});
