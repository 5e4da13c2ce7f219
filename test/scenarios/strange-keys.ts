import { expect } from 'vitest';
import {
  expectEqualByDigest,
  idsOf,
  pair,
  syncAll,
  syncWell,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem } from './items.ts';

/** Rows whose keys no other database can hold, and tables that were remade. */
export const strangeKeys: Scenarios = {
  'P6 a row with a key that is too long is set aside, and what follows it arrives': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await syncWell(a);
    await a.app.run(insertItem('k'.repeat(65)));
    await a.app.run(insertItem('good'));
    await syncWell(a);
    await a.app.run(insertItem('next'));
    await syncWell(a);
    expect(await a.rejected()).toEqual(['key_invalid']);
    expect(await a.pending()).toBe(0);
    await syncWell(b);
    expect(await idsOf(b.app, 'inventories')).toEqual(['good', 'next']);
  },

  'P13 a row whose key is bytes is set aside, and never acts on the row with the same text': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.run(insertItem('p60'));
    await syncAll(fleet);
    await a.app.run(
      `INSERT INTO inventories (id, sku, name, unit_price) VALUES (CAST('p60' AS BLOB), 'other', 'bytes', 1)`,
    );
    await syncWell(a);
    expect(await a.rejected()).toEqual(['key_invalid']);
    await a.app.run(`DELETE FROM inventories WHERE id = CAST('p60' AS BLOB)`);
    await syncAll(fleet);
    expect(await idsOf(b.app, 'inventories')).toEqual(['p60']);
    await expectEqualByDigest(fleet);
  },

  'P13 a row whose key is no valid text is set aside': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    await a.app.run(
      `INSERT INTO inventories (id, sku, name, unit_price) VALUES (CAST(x'41fffe' AS TEXT), 'other', 'bytes', 1)`,
    );
    await a.app.run(insertItem('good'));
    await syncWell(a);
    await syncWell(b);
    expect(await a.rejected()).toEqual(['key_invalid']);
    expect(await idsOf(b.app, 'inventories')).toEqual(['good']);
  },
};
