import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../common/core/logger.ts';
import { makeTempDir } from '../common/testkit/temp-dir.ts';
import { openMaster, serveMaster, type Master } from './compose.ts';
import type { MasterConfig } from './config.ts';
import type { HttpServer } from './http/http-server.ts';

function makeConfig(storagePath: string): MasterConfig {
  return {
    host: '127.0.0.1',
    port: 0,
    database: { dialect: 'sqlite', file: join(storagePath, 'master.sqlite') },
    storagePath,
    logFile: join(storagePath, 'logs', 'sync.log'),
    backupsDir: join(storagePath, 'backups'),
    logLevel: 'info',
    maxBodyBytes: 1024 * 1024,
    maxRequestsPerSecond: 1000,
    maxPoolConnections: 2,
  };
}

describe('a whole master on SQLite', () => {
  let master: Master;
  let server: HttpServer;

  beforeAll(async () => {
    const config = makeConfig(makeTempDir());
    master = await openMaster(config, silentLogger);
    server = await serveMaster(master, config);
  });
  afterAll(async () => {
    await server.stop(1000);
    await master.close();
  });

  const upload = async (
    records: readonly unknown[],
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(`${server.url}/api/sync/upload`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...fields, records }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const download = async (
    query: string,
  ): Promise<{ outcome: string; body: Record<string, unknown> }> => {
    const answer = await fetch(`${server.url}/api/sync/download${query}`);
    const body = (await answer.json()) as Record<string, unknown>;
    return { outcome: `${answer.status} ${String(body['code'])}`, body };
  };
  const inventory = (id: string): Record<string, unknown> => ({
    table: 'inventories',
    id,
    action: 'create',
    data: { sku: `sku-${id}`, name: 'Bolt', quantity: 1, unit_price: '1.5' },
  });

  test('B27 an upload without records changes nothing and is answered 200', async () => {
    const { status, body } = await upload([]);
    expect([status, body['accepted'], body['results']]).toEqual([200, 0, []]);
  });

  test('P6 a bad record rejects itself only, whatever it is', async () => {
    const bad = [null, 5, 'x', [], {}, { table: 'users', id: 'a', action: 'create', data: {} }];
    const { status, body } = await upload([...bad, inventory('good')]);
    expect([status, body['accepted'], body['rejected']]).toEqual([200, 1, bad.length]);
    expect(body['results']).toHaveLength(bad.length + 1);
  });

  test('P2 a batch that is sent again gets the very same answer', async () => {
    const send = () => upload([inventory('twice')], { batch_id: 'batch-1' });
    const [first, second] = [await send(), await send()];
    expect(second).toEqual(first);
    const other = await upload([inventory('other')], { batch_id: 'batch-1' });
    expect([other.status, other.body['code']]).toEqual([409, 'batch_id_reused']);
  });

  test.each(['abc', '-1', '1.5', '1e9', '18446744073709551616', '%00', '../1'])(
    'B58 the cursor %s is refused',
    async (cursor) => {
      expect((await download(`?cursor=${cursor}`)).outcome).toBe('400 cursor_invalid');
    },
  );

  test('B59 a cursor beyond the end is not answered with nothing', async () => {
    const { body } = await download('?limit=1000');
    const [epoch] = String(body['cursor']).split('.');
    expect((await download(`?cursor=${epoch}.999999`)).outcome).toBe('409 epoch_changed');
    expect((await download(`?cursor=${'0'.repeat(32)}.1`)).outcome).toBe('409 epoch_changed');
  });

  test('the timestamp of an answer, sent back, misses nothing', async () => {
    const { body } = await download('');
    await upload([inventory('later')]);
    const next = await download(`?last_synced_at=${encodeURIComponent(String(body['timestamp']))}`);
    const ids = (next.body['records'] as { id: string }[]).map((record) => record.id);
    expect(ids).toContain('later');
  });

  test('DOWN5 the streamed answer and the pages hold the same records', async () => {
    const whole = (await download('')).body['records'] as { id: string }[];
    const paged: { id: string }[] = [];
    let query = '?limit=1';
    for (;;) {
      const { body } = await download(query);
      paged.push(...(body['records'] as { id: string }[]));
      if (body['has_more'] !== true) break;
      query = `?limit=1&cursor=${String(body['cursor'])}`;
    }
    const ids = (records: readonly { id: string }[]) => new Set(records.map((record) => record.id));
    expect(ids(paged)).toEqual(ids(whole));
  });

  test('B55 the same batch over five connections at once is applied once', async () => {
    const record = {
      table: 'inventories',
      id: 'good',
      action: 'update',
      delta: { quantity: 5 },
    };
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map(() => upload([record], { batch_id: 'batch-at-once' })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    const { body } = await download('?tables=inventories');
    const row = (body['records'] as { id: string; data: { quantity: number } }[]).find(
      ({ id }) => id === 'good',
    );
    expect(row?.data.quantity).toBe(6);
  });
});
