import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createSqliteDatabase } from '../../common/testkit/sqlite.ts';
import { makeTempDir } from '../../common/testkit/temp-dir.ts';
import { enrollSlave } from '../../master/sync/enroll-slave.ts';
import { createItem, openTestMaster, slaveNamed, type TestMaster } from './harness.ts';
import { exchange, identitySuite, newSlave, refusedWith } from './identity.contract.ts';

describe('identity on a SQLite master', () => {
  identitySuite(createSqliteDatabase);

  const epochOf = (master: TestMaster): Promise<string> => master.store.read((tx) => tx.epoch());

  /** A master on a copy of another one's file as it is now. */
  async function restoredCopy(master: TestMaster): Promise<() => Promise<TestMaster>> {
    const copy = join(makeTempDir(), 'backup.sqlite');
    await master.other.run(`VACUUM INTO '${copy}'`);
    return () =>
      openTestMaster(async () => {
        const file = join(makeTempDir(), 'restored.sqlite');
        copyFileSync(copy, file);
        return { url: `sqlite:${file}`, drop: async () => undefined };
      });
  }

  test('ID6 P15 scenario 33: a master restored from an older copy is noticed by the first slave, and begins one new epoch', async () => {
    const master = await openTestMaster(createSqliteDatabase);
    let a = await exchange(master, newSlave('A'), 'a1');
    let b = await exchange(master, newSlave('B'), 'b1');
    const quiet = await exchange(master, newSlave('Q'), 'q1');
    const restore = await restoredCopy(master);
    a = await exchange(master, a, 'a2');
    b = await exchange(master, b, 'b2');
    const late = await exchange(master, newSlave('L'), 'l1');
    await enrollSlave(master.deps, slaveNamed('B'), {
      incarnation: 'b-new',
      replaces: b.incarnation,
      operations: [],
      final: true,
    });
    const enrolled = await exchange(master, { ...b, incarnation: 'b-new', nonce: null }, 'b3');
    const before = await epochOf(master);

    const restored = await restore();
    expect(await epochOf(restored)).toBe(before);
    expect(await refusedWith(restored, a, 'a3')).toBe('epoch_changed');
    const renewed = await epochOf(restored);
    expect(renewed).not.toBe(before);
    // Everybody else meets the new epoch, and nobody begins another one.
    for (const slave of [a, enrolled, late, quiet]) {
      expect([slave.name, await refusedWith(restored, slave, 'next')]).toEqual([
        slave.name,
        'epoch_changed',
      ]);
    }
    expect(await epochOf(restored)).toBe(renewed);
    const again = { ...a, incarnation: 'a-new', nonce: null };
    await enrollSlave(restored.deps, slaveNamed('A'), {
      incarnation: 'a-new',
      replaces: a.incarnation,
      operations: [],
      final: true,
    });
    const back = await exchange(restored, again, 'a4');
    expect((await exchange(restored, back, 'a5')).nonce).not.toBe(back.nonce);
    expect(await epochOf(restored)).toBe(renewed);
  });

  test.each(['late', 'enrolled'])(
    'ID6 a slave that the backup does not know proves it too (%s)',
    async (kind) => {
      const master = await openTestMaster(createSqliteDatabase);
      const known = await exchange(master, newSlave('A'), 'a1');
      const restore = await restoredCopy(master);
      let slave = newSlave('L');
      if (kind === 'enrolled') {
        await enrollSlave(master.deps, slaveNamed('A'), {
          incarnation: 'a-new',
          replaces: known.incarnation,
          operations: [],
          final: true,
        });
        slave = { ...known, incarnation: 'a-new', nonce: null };
      }
      slave = await exchange(master, slave, 'x1');
      const restored = await restore();
      const before = await epochOf(restored);
      expect(await refusedWith(restored, slave, 'x2')).toBe('epoch_changed');
      expect(await epochOf(restored)).not.toBe(before);
    },
  );

  test('ID6 a master restored from a copy that is not older goes on in its epoch', async () => {
    const master = await openTestMaster(createSqliteDatabase);
    const a = await exchange(master, newSlave('A'), 'a1');
    await master.upload(slaveNamed('A'), { records: [createItem('i1')] });
    const restored = await (await restoredCopy(master))();
    const next = await exchange(restored, a, 'a2');
    expect(next.nonce).not.toBe(a.nonce);
    expect(await epochOf(restored)).toBe(await epochOf(master));
  });

  test('POS3 scenario 33: a cursor from beyond the restored head is epoch_changed, never an empty page', async () => {
    const master = await openTestMaster(createSqliteDatabase);
    const restore = await restoredCopy(master);
    await master.upload(slaveNamed('A'), { records: [createItem('i1')] });
    const cursor = await master.headCursor();
    const restored = await restore();
    await expect(restored.download(slaveNamed('B'), { cursor })).rejects.toMatchObject({
      code: 'epoch_changed',
    });
  });
});
