import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectApp, insertInventory, makeSlave } from './slave-store.testkit.ts';

describe('backup', () => {
  it('copies the database for the owner alone, and keeps the newest five', async () => {
    const slave = await makeSlave();
    await slave.app.exec(insertInventory('a'));
    mkdirSync(slave.backupsDir);
    const leftOver = join(slave.backupsDir, '20260101T000000000Z-reset.sqlite.partial');
    writeFileSync(leftOver, 'half');
    utimesSync(leftOver, 0, 0);
    writeFileSync(join(slave.backupsDir, 'mine.sqlite'), 'keep');
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      made.push(basename(await slave.store.backup('Reset: now!')));
      if (index % 2 === 0) slave.clock.advance(1000);
    }
    expect(new Set(made).size).toBe(7);
    expect(made[0]).toBe('20260131T120000000Z-reset-now.sqlite');
    expect(readdirSync(slave.backupsDir).toSorted()).toEqual(
      [...made.slice(-5), 'mine.sqlite'].toSorted(),
    );
    expect(statSync(slave.backupsDir).mode & 0o777).toBe(0o700);
    const copy = join(slave.backupsDir, made.at(-1) ?? '');
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const app = await connectApp(copy);
    expect(await app.all('SELECT id FROM inventories')).toEqual([{ id: 'a' }]);
    expect(await app.all('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  });

  it('P11 keeps the copy just made although the clock was set back', async () => {
    const slave = await makeSlave();
    for (let index = 0; index < 5; index += 1) {
      await slave.store.backup('reset');
      slave.clock.advance(1000);
    }
    slave.clock.jump(-86_400_000);
    expect(existsSync(await slave.store.backup('reset'))).toBe(true);
  });

  it('says when the folder cannot be made', async () => {
    const slave = await makeSlave();
    writeFileSync(slave.backupsDir, 'a file');
    await expect(slave.store.backup('reset')).rejects.toMatchObject({ code: 'storage_unwritable' });
  });
});
