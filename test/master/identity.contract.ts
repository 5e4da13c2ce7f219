import { describe, expect, test } from 'vitest';
import { canonicalRecordText } from '../../common/core/record-hash.ts';
import type { EnrollRequest } from '../../common/protocol/enroll.ts';
import type { UploadRequest } from '../../common/protocol/upload.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import { beginExchange } from '../../master/sync/begin-exchange.ts';
import { enrollSlave } from '../../master/sync/enroll-slave.ts';
import { recordAcknowledgement } from '../../master/sync/record-acknowledgement.ts';
import {
  batchOf,
  createItem,
  createSale,
  moveItem,
  openTestMaster,
  plain,
  slaveNamed,
  statusesOf,
  type TestMaster,
} from './harness.ts';
import { refusalOf } from './upload-once.contract.ts';

const A = slaveNamed('A');

/** Who a slave is, and whether it is the only one (ID1 to ID6); call it within a `describe`. */
export function identitySuite(createDatabase: CreateDatabase): void {
  describe('exchanges', () => exchangeTests(createDatabase));
  describe('enroll', () => enrollTests(createDatabase));
  describe('acknowledgements', () => acknowledgeTests(createDatabase));
}

/** What a slave writes down of its exchanges. */
export interface ExchangingSlave {
  readonly name: string;
  readonly incarnation: string;
  readonly nonce: string | null;
}

/** One exchange with its own id; gives the slave as it is after the answer. */
export async function exchange(
  master: TestMaster,
  slave: ExchangingSlave,
  exchangeId: string,
): Promise<ExchangingSlave> {
  const { name, incarnation, nonce } = slave;
  const identity = slaveNamed(name, { incarnation, nonce, exchangeId });
  const answer = await beginExchange(master.deps, identity);
  return { ...slave, nonce: answer.nonce ?? nonce };
}

/** A slave before its first contact. */
export const newSlave = (name: string): ExchangingSlave => ({
  name,
  incarnation: `inc-${name}`,
  nonce: null,
});

/** The code with which an exchange is refused. */
export async function refusedWith(
  master: TestMaster,
  slave: ExchangingSlave,
  exchangeId: string,
): Promise<string> {
  return (await refusalOf(exchange(master, slave, exchangeId))).code;
}

function exchangeTests(createDatabase: CreateDatabase): void {
  test('ID2 each exchange that presents the last nonce gets a new one', async () => {
    const master = await openTestMaster(createDatabase);
    let slave = newSlave('A');
    const nonces = new Set<string>();
    for (let n = 0; n < 12; n += 1) {
      slave = await exchange(master, slave, `e${n}`);
      nonces.add(slave.nonce ?? '');
    }
    expect(nonces.size).toBe(12);
    expect(nonces.has('')).toBe(false);
  });

  test('ID2 an exchange whose answer was lost is repeated and gets the same nonce', async () => {
    const master = await openTestMaster(createDatabase);
    const before = newSlave('A');
    const lost = await exchange(master, before, 'e1');
    expect(await exchange(master, before, 'e1')).toEqual(lost);
    const next = await exchange(master, lost, 'e2');
    expect(await exchange(master, lost, 'e2')).toEqual(next);
    expect(await exchange(master, lost, 'e2')).toEqual(next);
  });

  test('ID2 P15 scenario 32: of a slave and its copy the second one to come is refused', async () => {
    const master = await openTestMaster(createDatabase);
    const slave = await exchange(master, newSlave('A'), 'e1');
    const copy = slave;
    const after = await exchange(master, slave, 'e2');
    expect(await refusedWith(master, copy, 'c2')).toBe('slave_rewound');
    // The first one goes on.
    expect((await exchange(master, after, 'e3')).nonce).not.toBe(after.nonce);
  });

  test('ID2 P15 scenario 31: a slave restored from an older copy is refused, forged nonces too', async () => {
    const master = await openTestMaster(createDatabase);
    const old = await exchange(master, newSlave('A'), 'e1');
    let slave = old;
    for (let n = 2; n < 5; n += 1) slave = await exchange(master, slave, `e${n}`);
    for (const nonce of [old.nonce, null, '', 'x', '99.aaaaaaaabbbbbbbb.cccc']) {
      expect(await refusedWith(master, { ...slave, nonce }, 'later')).toBe('slave_rewound');
    }
    expect((await exchange(master, slave, 'e9')).nonce).not.toBe(slave.nonce);
  });

  test("ID2 another slave's nonce is worth nothing", async () => {
    const master = await openTestMaster(createDatabase);
    const a = await exchange(master, newSlave('A'), 'e1');
    const b = await exchange(master, newSlave('B'), 'e1');
    expect(await refusedWith(master, { ...b, nonce: a.nonce }, 'e2')).toBe('slave_rewound');
    const epoch = await master.store.read((tx) => tx.epoch());
    expect(await exchange(master, { ...newSlave('C'), nonce: a.nonce }, 'e1')).toMatchObject({
      name: 'C',
    });
    expect(await master.store.read((tx) => tx.epoch())).toBe(epoch);
  });

  test('ID3 an unknown incarnation of a taken name is slave_forked, at every request', async () => {
    const master = await openTestMaster(createDatabase);
    await exchange(master, newSlave('A'), 'e1');
    const stranger = { ...newSlave('A'), incarnation: 'other' };
    expect(await refusedWith(master, stranger, 'e2')).toBe('slave_forked');
    const later = beginExchange(master.deps, slaveNamed('A', { incarnation: 'other' }));
    expect((await refusalOf(later)).details).toEqual({ replaced: false });
  });

  test('a plain client and a request within a cycle need no nonce', async () => {
    const master = await openTestMaster(createDatabase);
    expect(await beginExchange(master.deps, plain)).toEqual({ nonce: null });
    await exchange(master, newSlave('A'), 'e1');
    expect(await beginExchange(master.deps, A)).toEqual({ nonce: null });
  });

  test('a slave that speaks another protocol is told which one is spoken', async () => {
    const master = await openTestMaster(createDatabase);
    const refusal = await refusalOf(beginExchange(master.deps, slaveNamed('A', { protocol: 2 })));
    expect([refusal.code, refusal.details]).toEqual(['protocol_version', { supported: [1] }]);
  });
}

function enrollTests(createDatabase: CreateDatabase): void {
  const hashOf = (master: TestMaster, record: unknown): string =>
    master.deps.sha256(canonicalRecordText(record as Parameters<typeof canonicalRecordText>[0]));

  function askAbout(
    master: TestMaster,
    batch: UploadRequest,
    rest: Partial<EnrollRequest> = {},
  ): EnrollRequest {
    const operations = batch.records.map((record, index) => ({
      op: (batch.first_op ?? 1) + index,
      hash: hashOf(master, record),
    }));
    return { incarnation: 'inc-new', replaces: 'inc-A', operations, final: true, ...rest };
  }

  test('ID4 it tells which unsent operations of the old incarnation the master has', async () => {
    const master = await openTestMaster(createDatabase);
    const sent = batchOf(1, [
      createItem('i1'),
      createSale('t1', 'none'),
      moveItem('i1', -3, { base_version: 0 }),
    ]);
    await master.upload(A, sent);
    const unsent = { ...sent, records: [...sent.records, { ...createItem('i2'), op: 4 }] };
    const answer = await enrollSlave(master.deps, A, askAbout(master, unsent));
    // Operation 2 was rejected, so that its sender must go on keeping it.
    expect(answer).toMatchObject({ known: [1, 3], unverifiable: [] });
    expect(answer.epoch).toBe(await master.store.read((tx) => tx.epoch()));
    const other = { ...sent, records: [{ ...createItem('i9'), op: 1 }] };
    expect(await enrollSlave(master.deps, A, askAbout(master, other))).toMatchObject({
      known: [],
      unverifiable: [],
    });
  });

  test('ID3 ID4 the new incarnation starts at operation 1, and the old one is slave_forked', async () => {
    const master = await openTestMaster(createDatabase);
    await master.upload(A, batchOf(1, [createItem('i1')]));
    await enrollSlave(master.deps, A, askAbout(master, { records: [] }));
    const refusal = await refusalOf(beginExchange(master.deps, A));
    expect([refusal.code, refusal.details]).toEqual(['slave_forked', { replaced: true }]);
    expect((await refusalOf(master.upload(A, batchOf(2, [createItem('i2')])))).code).toBe(
      'slave_forked',
    );
    const fresh = slaveNamed('A', { incarnation: 'inc-new' });
    expect(statusesOf(await master.upload(fresh, batchOf(1, [createItem('i2')])))).toEqual([
      'applied',
    ]);
  });

  test('ID4 a repeated request gets the same answer, after the name has changed hands too', async () => {
    const master = await openTestMaster(createDatabase);
    const sent = batchOf(1, [createItem('i1'), createItem('i2')]);
    await master.upload(A, sent);
    const request = askAbout(master, sent);
    const first = await enrollSlave(master.deps, A, request);
    expect(await enrollSlave(master.deps, A, request)).toEqual(first);
    const fresh = slaveNamed('A', { incarnation: 'inc-new' });
    await master.upload(fresh, batchOf(1, [createItem('i3')]));
    expect(await enrollSlave(master.deps, A, request)).toEqual(first);
    expect(statusesOf(await master.upload(fresh, batchOf(2, [createItem('i4')])))).toEqual([
      'applied',
    ]);
  });

  test('ID4 operations whose content the master no longer remembers are unverifiable, in a repetition too', async () => {
    const master = await openTestMaster(createDatabase);
    const first = batchOf(1, [createItem('i1'), createItem('i2')]);
    await master.upload(A, first);
    await master.upload(A, batchOf(3, [createItem('i3')]));
    await master.other.run("DELETE FROM sync_batches WHERE batch_id = 'batch-1'");
    const request = askAbout(master, first);
    const answer = await enrollSlave(master.deps, A, request);
    expect(answer).toMatchObject({ known: [], unverifiable: [1, 2] });
    expect(await enrollSlave(master.deps, A, request)).toEqual(answer);
  });

  test('ID4 the name changes hands with the last of several requests', async () => {
    const master = await openTestMaster(createDatabase);
    await exchange(master, newSlave('A'), 'e1');
    await enrollSlave(master.deps, A, askAbout(master, { records: [] }, { final: false }));
    expect(await beginExchange(master.deps, A)).toEqual({ nonce: null });
    await enrollSlave(master.deps, A, askAbout(master, { records: [] }));
    expect((await refusalOf(beginExchange(master.deps, A))).code).toBe('slave_forked');
  });

  test('a request without a name is refused', async () => {
    const master = await openTestMaster(createDatabase);
    const request = askAbout(master, { records: [] });
    expect((await refusalOf(enrollSlave(master.deps, plain, request))).code).toBe('slave_mismatch');
  });
}

function acknowledgeTests(createDatabase: CreateDatabase): void {
  test('scenario 30: an acknowledgement can be repeated, and an older one takes nothing back', async () => {
    const master = await openTestMaster(createDatabase);
    await exchange(master, newSlave('A'), 'e1');
    for (let n = 0; n < 5; n += 1) await master.upload(plain, { records: [createItem(`i${n}`)] });
    const epoch = await master.store.read((tx) => tx.epoch());
    const acknowledge = (position: number, pending: number) =>
      recordAcknowledgement(master.deps, A, {
        timestamp: master.clock.nowIso(),
        status: 'success',
        cursor: `${epoch}.${position}`,
        pending,
      });
    for (const position of [4, 4, 2]) await acknowledge(position, position);
    const state = await master.store.read((tx) => tx.slave('A'));
    expect(state).toMatchObject({ acknowledgedPosition: 4, pending: 2, lastStatus: 'success' });
    expect((await refusalOf(acknowledge(6, 0))).code).toBe('epoch_changed');
    await recordAcknowledgement(master.deps, A, {
      timestamp: 'x',
      status: 'failed',
      message: 'm',
      cursor: `${epoch}.5.inventories`,
    });
    expect(await master.store.read((tx) => tx.slave('A'))).toMatchObject({
      acknowledgedPosition: 4,
      lastStatus: 'failed',
      lastMessage: 'm',
    });
  });
}
