import { expect } from 'vitest';
import type { UploadRecord } from '../../common/protocol/upload.ts';
import { countOf, type FleetSlave } from '../harness/fleet-slave.ts';
import {
  expectSettled,
  idsOf,
  pair,
  syncAll,
  syncWell,
  tick,
  valueOf,
  type Fleet,
  type Scenarios,
} from '../harness/fleet.ts';
import { insertItem, insertItems, insertSale, moveStock } from './items.ts';

/** Repetitions, holes and lost answers. */
export const exactlyOnce: Scenarios = {
  'S8 P2 a batch sent again, even from many connections at once, has one effect and one answer':
    async (open) => {
      const fleet = await open({ slaves: ['a'] });
      await fleet.master.sql.run(insertItem('i', 100));
      const body = batch(1, [sale('s1'), move(-1), sale('s2'), move(-1)]);
      const first = await send(fleet, body);
      const again = await Promise.all(Array.from({ length: 5 }, () => send(fleet, body)));
      expect(first.status).toBe(200);
      for (const answer of again) expect(answer).toEqual(first);
      await expectSettled(fleet);
      expect(await idsOf(fleet.master.sql, 'transactions')).toEqual(['s1', 's2']);
      expect(await valueOf(fleet.master.sql, 'inventories', 'i', 'quantity')).toBe('98');
    },

  'S8 P2 operations sent again in another batch are duplicates, the new ones behind them are taken':
    async (open) => {
      const fleet = await open({ slaves: ['a'] });
      await fleet.master.sql.run(insertItem('i', 100));
      const records = [sale('s1'), move(-1), sale('s2'), move(-1)];
      await send(fleet, batch(1, records.slice(0, 2)));
      const answer = await send(fleet, batch(1, records));
      expect(statusesOf(answer)).toEqual(['duplicate', 'duplicate', 'applied', 'applied']);
      expect(statusesOf(await send(fleet, batch(2, records.slice(1, 3))))).toEqual([
        'duplicate',
        'duplicate',
      ]);
      await expectSettled(fleet);
      expect(await valueOf(fleet.master.sql, 'inventories', 'i', 'quantity')).toBe('98');
    },

  'S8 P2 a slave whose answer was lost sends the same batch again and goes on': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    await a.app.script(`${insertItem('i', 100)}; ${insertSale('s1', 'i')}`);
    loseUploads(a);
    await a.sync();
    const ids = await batchIds(a);
    await a.app.run(insertSale('s2', 'i'));
    a.proxy.script(() => undefined);
    const report = await syncWell(a);
    expect(report.uploaded.records).toBe(3);
    expect((await batchIds(a)).length).toBe(0);
    expect(ids.length).toBe(1);
    await expectSettled(fleet);
    expect(await idsOf(fleet.master.sql, 'transactions')).toEqual(['s1', 's2']);
    expect(
      await countOf(fleet.master.sql, "SELECT count(*) AS n FROM sync_batches WHERE slave = 'a'"),
    ).toBe(2);
  },

  'S9 P15 other content under a known operation number is refused, named and healed by a reset':
    async (open) => {
      const fleet = await open({ slaves: ['a', 'b'] });
      const [a] = pair(fleet);
      await a.app.run(insertItem('i'));
      loseUploads(a);
      await a.sync();
      a.proxy.script(() => undefined);
      await a.app.script(`DELETE FROM sync_batch;
      UPDATE sync_outbox SET image = replace(image, 'name i', 'forged');
      UPDATE sync_context SET origin = 'forger'; UPDATE inventories SET name = 'forged';
      UPDATE sync_context SET origin = NULL`);
      const report = await a.sync();
      expect(report.error?.code).toBe('slave_rewound');
      expect((await a.state()).trouble).toBe('slave_rewound');
      expect(await a.pending()).toBe(1);
      expect(await valueOf(fleet.master.sql, 'inventories', 'i', 'name')).toBe('name i');
      await a.reset();
      await expectSettled(fleet);
      expect(await idsOf(fleet.master.sql, 'inventories')).toEqual(['i']);
    },

  'S9 P2 other content under a known batch id is refused': async (open) => {
    const fleet = await open();
    await fleet.master.sql.run(insertItem('i', 100));
    await send(fleet, batch(1, [move(-1)]));
    const answer = await send(fleet, batch(1, [move(-2)], 'batch-1-1'));
    expect([answer.status, answer.code]).toEqual([409, 'batch_id_reused']);
    const other = await send(fleet, batch(1, [move(-2)], 'another'));
    expect([other.status, other.code]).toEqual([409, 'slave_rewound']);
    expect(await valueOf(fleet.master.sql, 'inventories', 'i', 'quantity')).toBe('99');
  },

  'S10 P2 operation numbers with a hole are refused with the expected one, and nothing is applied':
    async (open) => {
      const fleet = await open({ slaves: ['a', 'b'] });
      const [a] = pair(fleet);
      await a.app.run(insertItem('i'));
      await syncAll(fleet);
      await a.app.run(insertItem('j'));
      await a.app.run('UPDATE sync_outbox SET op = op + 5');
      const report = await a.sync();
      expect(report.error?.code).toBe('sequence_gap');
      expect(report.error?.message).toContain('operation 2');
      expect(await idsOf(fleet.master.sql, 'inventories')).toEqual(['i']);
      expect((await a.state()).trouble).toBe('slave_rewound');
      await a.reset();
      await expectSettled(fleet);
      expect(await idsOf(fleet.master.sql, 'inventories')).toEqual(['i', 'j']);
    },

  'S30 an acknowledgement that is lost, repeated or late never moves the master back': async (
    open,
  ) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    await fleet.master.sql.run(insertItems('m', 20));
    await syncAll(fleet);
    const old = (await a.state()).cursor;
    const before = await acknowledged(fleet);
    expect(before).toBe(20);
    await fleet.master.sql.run(insertItems('n', 5));
    a.proxy.script(({ url }) =>
      url.includes('acknowledge') ? { kind: 'drop-response' } : undefined,
    );
    expect((await a.sync()).outcome).toBe('failed');
    a.proxy.script(({ url }) => (url.includes('acknowledge') ? { kind: 'duplicate' } : undefined));
    const report = await syncWell(a);
    expect(report.downloaded.records).toBe(0);
    expect(await acknowledged(fleet)).toBe(25);
    const { incarnation, nonce } = await a.state();
    await a.deps.client.acknowledge(
      { timestamp: new Date().toISOString(), status: 'success', message: null, cursor: old },
      { incarnation, nonce, exchangeId: null },
      new AbortController().signal,
    );
    expect(await acknowledged(fleet)).toBe(25);
    a.proxy.script(() => undefined);
    await expectSettled(fleet);
  },

  'S46 P1 edits made while a cycle runs are kept and sent': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a] = pair(fleet);
    await a.app.run(insertItem('i', 1000));
    await fleet.master.sql.run(insertItems('m', 300));
    await a.app.run(insertItems('s', 300));
    await a.app.run('UPDATE sync_state SET batch_limit = 20, page_limit = 20');
    const selling = sellSlowly(a, 40);
    await syncWell(a);
    await selling;
    await expectSettled(fleet);
    expect((await idsOf(fleet.master.sql, 'transactions')).length).toBe(40);
    expect(await valueOf(fleet.master.sql, 'inventories', 'i', 'quantity')).toBe('960');
  },
};

interface RawAnswer {
  readonly status: number;
  readonly text: string;
  readonly code: string | undefined;
}

/** A slave's upload without any slave: only what the body says. */
async function send({ master }: Fleet, body: object): Promise<RawAnswer> {
  const answer = await fetch(`${master.url}/api/sync/upload`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, text, code: (JSON.parse(text) as { code?: string }).code };
}

function batch(first: number, records: readonly UploadRecord[], batchId?: string): object {
  const last = first + records.length - 1;
  return {
    incarnation: 'a-slave-by-hand',
    batch_id: batchId ?? `batch-${first}-${last}`,
    first_op: first,
    last_op: last,
    records: records.map((record, index) => ({ ...record, op: first + index, base_version: 1 })),
  };
}

function sale(id: string): UploadRecord {
  const data = { inventory_id: 'i', type: 'sale', quantity: 1, unit_price: '1', total: '1' };
  return { table: 'transactions', id, action: 'create', data };
}

function move(quantity: number): UploadRecord {
  return { table: 'inventories', id: 'i', action: 'update', data: {}, delta: { quantity } };
}

function statusesOf({ text }: RawAnswer): readonly string[] {
  return (JSON.parse(text) as { results: { status: string }[] }).results.map(
    ({ status }) => status,
  );
}

function loseUploads({ proxy }: FleetSlave): void {
  proxy.script(({ url }) => (url.includes('upload') ? { kind: 'drop-response' } : undefined));
}

async function sellSlowly({ app }: FleetSlave, count: number): Promise<void> {
  for (let sold = 0; sold < count; sold += 1) {
    await app.script(`BEGIN; ${insertSale(`sale-${sold}`, 'i')}; ${moveStock('i', -1)}; COMMIT`);
    await tick();
  }
}

async function batchIds({ app }: FleetSlave): Promise<readonly unknown[]> {
  return app.all('SELECT batch_id FROM sync_batch');
}

async function acknowledged({ master }: Fleet): Promise<number> {
  return countOf(master.sql, "SELECT acknowledged_position AS n FROM sync_slaves WHERE name = 'a'");
}
