import { describe, expect, it } from 'vitest';
import { makeSlave } from './slave-store.testkit.ts';

const insertSql = (id: string): string =>
  `INSERT INTO inventories (id, sku, name, unit_price) VALUES ('${id}', 'sku-${id}', 'x', 1);`;

describe('sent changes', () => {
  it('ID7 are kept as they were sent, without voids and refused ones', async () => {
    const slave = await makeSlave();
    await slave.app.exec(['a', 'b', 'c', 'd'].map(insertSql).join(''));
    const [first] = await slave.entries();
    await slave.store.write(async (tx) => {
      await tx.voidEntry(2);
      await tx.keepSent(3, [3]);
      await tx.clearOutbox(3);
    });
    const { sent, incarnation } = await slave.store.read(async (tx) => ({
      sent: await tx.sent(0, 100),
      incarnation: (await tx.state()).incarnation,
    }));
    expect(sent).toEqual([{ place: 1, incarnation, entry: first }]);
    expect((await slave.entries()).map(({ id }) => id)).toEqual(['d']);
  });

  it('ID7 go back in front of what is unsent, in their order, and are numbered with it', async () => {
    const slave = await makeSlave();
    await slave.app.exec(['a', 'b', 'c', 'd'].map(insertSql).join(''));
    await slave.store.write(async (tx) => {
      await tx.keepSent(3, []);
      await tx.clearOutbox(3);
      await tx.resend([1, 3]);
      await tx.renumberOutbox();
    });
    await slave.app.exec(insertSql('e'));
    expect((await slave.entries()).map(({ operation, id }) => `${operation}${id}`)).toEqual([
      '1a',
      '2c',
      '3d',
      '4e',
    ]);
    const left = await slave.store.read((tx) => tx.sent(0, 100));
    expect(left.map(({ entry }) => entry.id)).toEqual(['b']);
    await slave.store.write((tx) => tx.forgetSent());
    expect(await slave.store.read((tx) => tx.sent(0, 100))).toEqual([]);
  });

  it('P12 are bounded by number and by bytes, the newest stay', async () => {
    const slave = await makeSlave();
    await slave.app
      .exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10100)
      INSERT INTO inventories (id, sku, name, unit_price) SELECT 'i' || i, 'sku-' || i, 'x', 1 FROM n`);
    const keep = async (upTo: number): Promise<{ first: string; count: number }> => {
      await slave.store.write(async (tx) => {
        await tx.keepSent(upTo, []);
        await tx.clearOutbox(upTo);
      });
      const [row] = await slave.app.all<{ first: string; count: number }>(
        'SELECT count(*) AS count, (SELECT row_id FROM sync_sent ORDER BY place LIMIT 1) AS first FROM sync_sent',
      );
      return row ?? { first: '', count: 0 };
    };
    expect(await keep(9000)).toEqual({ first: 'i1', count: 9000 });
    expect(await keep(10_100)).toEqual({ first: 'i101', count: 10_000 });
    await slave.app.exec(
      `UPDATE inventories SET description = printf('%.*c', 900000, 'd') WHERE CAST(substr(id, 2) AS INTEGER) <= 100`,
    );
    expect((await keep(10_200)).count).toBeLessThan(80);
  });

  it('P12 are read in pieces', async () => {
    const slave = await makeSlave();
    await slave.app.exec(['a', 'b', 'c'].map(insertSql).join(''));
    await slave.app.exec(`UPDATE inventories SET description = printf('%.*c', 3000000, 'd')`);
    await slave.store.write((tx) => tx.keepSent(6, []));
    const places: number[][] = [];
    for (let after = 0; ; after = places.at(-1)?.at(-1) ?? 0) {
      const piece = await slave.store.read((tx) => tx.sent(after, 100));
      if (piece.length === 0) break;
      places.push(piece.map(({ place }) => place));
    }
    expect(places.flat()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(places.length).toBeGreaterThan(1);
  });
});
