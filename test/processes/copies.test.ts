import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { contentsOf, expectConverged } from '../harness/contents.ts';
import { SlaveFolder, type MasterFolder } from '../harness/processes.ts';
import { sellSql } from '../harness/sale-sql.ts';
import { openShop, reopen, type Shop } from '../harness/shop.ts';

interface RejectedList {
  readonly rejected: readonly {
    readonly table: string;
    readonly id: string;
    readonly code: string;
  }[];
}

/** Another folder with the same files, as whoever copies a disk makes it. */
function copyOf(slave: SlaveFolder): SlaveFolder {
  const folder = makeTempDir();
  cpSync(slave.storagePath, folder, { recursive: true });
  return new SlaveFolder(slave.env, folder);
}

/** Keeps the database of a program that does not run; the result puts it back. */
function keepDatabase(folder: SlaveFolder | MasterFolder, name: string): () => void {
  const kept = makeTempDir();
  const paths = ['', '-wal', '-shm'].map((end) => ({
    live: join(folder.storagePath, `${name}.sqlite${end}`),
    copy: join(kept, `copy${end}`),
  }));
  for (const { live, copy } of paths) if (existsSync(live)) cpSync(live, copy);
  return () => {
    for (const { live, copy } of paths) {
      rmSync(live, { force: true });
      if (existsSync(copy)) cpSync(copy, live);
    }
  };
}

/** A shop with one lamp that both sides know. */
async function stockedShop(): Promise<Shop> {
  const shop = await openShop();
  await shop.slave.stock('lamp');
  expect(await shop.slave.json('sync:run')).toMatchObject({ exitCode: 0 });
  return shop;
}

/** A sync and then the status name the state; nothing is merged and nothing is lost. */
async function expectStopped(slave: SlaveFolder, trouble: string): Promise<void> {
  const before = await slave.outboxCount();
  const run = await slave.json<{ error?: { code: string }; code?: string }>('sync:run', '--force');
  expect(run.exitCode).toBe(77);
  expect(run.error?.code ?? run.code).toBe(trouble);
  const refused = await slave.run('sync:run');
  expect(refused.exitCode).toBe(77);
  expect(refused.stderr).toContain('sync:reset');
  expect(await slave.json('sync:status')).toMatchObject({ status: 'failed', trouble });
  expect(await slave.outboxCount()).toBe(before);
}

async function reset(slave: SlaveFolder, trouble: string): Promise<void> {
  const report = await slave.json<{ backup: string }>('sync:reset', '--yes');
  expect(report).toMatchObject({ exitCode: 0, trouble });
  expect(existsSync(report.backup)).toBe(true);
  expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0, pending: 0 });
  expect(await slave.json('sync:status')).toMatchObject({ status: 'success', trouble: null });
}

async function stockOf(folder: MasterFolder | SlaveFolder): Promise<unknown> {
  const [row] = await folder.query<{ sold: number; quantity: number }>(
    "SELECT quantity, (SELECT count(*) FROM transactions) AS sold FROM inventories WHERE id = 'lamp'",
  );
  return row;
}

describe('copies and backups', { timeout: 120_000 }, () => {
  it('P15 F43 both copies of a slave run: the second is stopped, and each goes on as documented', async () => {
    const { master, slave: first } = await stockedShop();
    await first.sql(sellSql('lamp', 'sold-before-the-copy'));
    const second = copyOf(first);
    await first.sql(sellSql('lamp', 'sold-by-first'));
    expect(await first.json('sync:run')).toMatchObject({ exitCode: 0, pending: 0 });
    await second.sql(sellSql('lamp', 'sold-by-second', 'sold-by-second-too'));
    await expectStopped(second, 'slave_rewound');
    expect(await stockOf(master)).toEqual({ quantity: 8, sold: 2 });

    // The second goes on under this name; what both had unsent counts once.
    await reset(second, 'slave_rewound');
    expect(await stockOf(master)).toEqual({ quantity: 6, sold: 4 });

    await first.sql(sellSql('lamp', 'sold-by-first-later'));
    await expectStopped(first, 'slave_forked');
    first.env = { ...first.env, SLAVE_NAME: 'till-2' };
    await reset(first, 'slave_forked');
    expect(await stockOf(master)).toEqual({ quantity: 5, sold: 5 });
    expect(await second.json('sync:run')).toMatchObject({ exitCode: 0 });
    await expectConverged(master, first, second);
  });

  it('P15 F43 a copy that gets a name of its own at once sends what both had unsent only once', async () => {
    const { master, slave: first } = await stockedShop();
    await first.sql(sellSql('lamp', 'sold-before-the-copy'));
    const second = copyOf(first);
    expect(await first.json('sync:run')).toMatchObject({ exitCode: 0, pending: 0 });
    await second.sql(sellSql('lamp', 'sold-by-second'));
    await expectStopped(second, 'slave_rewound');
    second.env = { ...second.env, SLAVE_NAME: 'till-2' };
    await reset(second, 'slave_rewound');
    expect(await stockOf(master)).toEqual({ quantity: 8, sold: 2 });
    expect(await first.json('sync:run')).toMatchObject({ exitCode: 0 });
    await expectConverged(master, first, second);
  });

  it('P15 F42 a copy that comes under a new name from the start is noticed at first contact', async () => {
    const { master, slave: first } = await stockedShop();
    const second = copyOf(first);
    second.env = { ...second.env, SLAVE_NAME: 'till-2' };
    await second.sql(sellSql('lamp', 'sold-by-second'));
    await expectStopped(second, 'slave_forked');
    await reset(second, 'slave_forked');
    await first.sql(sellSql('lamp', 'sold-by-first'));
    expect(await first.json('sync:run')).toMatchObject({ exitCode: 0, pending: 0 });
    expect(await second.json('sync:run')).toMatchObject({ exitCode: 0 });
    expect(await stockOf(master)).toEqual({ quantity: 8, sold: 2 });
    await expectConverged(master, first, second);
  });

  it('P15 F44 P1 a slave restored from a backup that then sells loses and doubles nothing', async () => {
    const { master, slave } = await stockedShop();
    await slave.sql(sellSql('lamp', 'in-the-backup'));
    const restore = keepDatabase(slave, 'slave');
    await slave.sql(sellSql('lamp', 'after-the-backup'));
    expect(await slave.json('sync:run')).toMatchObject({ exitCode: 0, pending: 0 });
    restore();
    await slave.sql(sellSql('lamp', 'after-the-restore'));
    await expectStopped(slave, 'slave_rewound');
    await reset(slave, 'slave_rewound');
    expect(await stockOf(master)).toEqual({ quantity: 7, sold: 3 });
    await expectConverged(master, slave);
  });

  it('P15 F45 a master restored from a backup: every slave is told, and what only slaves have comes back', async () => {
    const shop = await stockedShop();
    const { master, slave: first } = shop;
    const second = new SlaveFolder({ ...first.env, SLAVE_NAME: 'till-2' });
    await second.run('db:migrate');
    expect(await second.json('sync:run')).toMatchObject({ exitCode: 0 });
    await shop.serving.running.stop('SIGTERM');
    const restore = keepDatabase(master, 'master');
    await reopen(shop);
    await first.sql(sellSql('lamp', 'lost-1'));
    await first.stock('chair');
    expect(await first.json('sync:run')).toMatchObject({ exitCode: 0, pending: 0 });
    expect(await second.json('sync:run')).toMatchObject({ exitCode: 0 });
    await shop.serving.running.stop('SIGTERM');
    restore();
    await reopen(shop);
    await first.sql(sellSql('lamp', 'unsent'));
    await expectStopped(first, 'epoch_changed');
    const daemon = await second.startDaemon();
    await second.shows({ status: 'failed', trouble: 'epoch_changed' });
    await expectStopped(second, 'epoch_changed');
    // The one that only received a lost row keeps it, until the one that made it has sent it again.
    const report = await second.json('sync:reset', '--yes');
    expect(report).toMatchObject({ exitCode: 0, trouble: 'epoch_changed' });
    await second.isSynced();
    await daemon.stop('SIGTERM');
    const { rejected } = await second.json<RejectedList>('rejected', 'list');
    expect(rejected.map(({ table, id, code }) => [table, id, code])).toEqual([
      ['inventories', 'chair', 'row_only_here'],
      ['transactions', 'lost-1', 'row_only_here'],
    ]);
    await reset(first, 'epoch_changed');
    expect(await second.json('sync:run')).toMatchObject({ exitCode: 0, rejected: 0 });
    expect(await stockOf(master)).toEqual({ quantity: 8, sold: 2 });
    expect((await contentsOf(master)).some((row) => row.includes('chair'))).toBe(true);
    await expectConverged(master, first, second);
  });
});
