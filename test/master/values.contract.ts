import { describe, expect, test } from 'vitest';
import type { UploadRecord } from '../../common/protocol/upload.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import { samples } from '../../common/storage/contract/sample-tables.testkit.ts';
import { serveDigest } from '../../master/sync/serve-digest.ts';
import { batchOf, openTestMaster, slaveNamed, statusesOf, updateOf } from './harness.ts';
import { cursorAt } from './positions.contract.ts';

const A = slaveNamed('A');
const B = slaveNamed('B');

const sample = (id: string, data: Readonly<Record<string, unknown>>): UploadRecord => ({
  table: 'samples',
  id,
  action: 'create',
  data,
  base_version: 0,
});

/** Values that must come back exactly as they were sent. */
const exact: Readonly<Record<string, readonly unknown[]>> = {
  label: [
    null,
    '',
    ' ',
    ' padded ',
    "it's",
    '"quoted"',
    '\\',
    '$1 ? :x $blob %s',
    '123',
    '1.50',
    'true',
    'null',
    '{"$blob":"00"}',
    'line\nbreak\r\ttab',
    'ünï日本\u0301',
    '😀👩‍👩‍👧',
    '\u202eRTL\u200b',
    '\ufffe\uffff',
    '\ufffd',
    '\u007f\u0085\u2028',
    'x'.repeat(100_000),
  ],
  big: [
    null,
    0,
    -1,
    9007199254740991,
    '9007199254740993',
    '-9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
  ],
  price: [
    null,
    '0.0000',
    '9.9900',
    '-0.0001',
    '1234567890.1234',
    '9999999999.9999',
    '0.1000',
    '1.1000',
  ],
  rate: [null, '0.000000000', '0.123456789', '-0.999999999', '0.000000001'],
  flag: [null, true, false],
  seen_at: [
    null,
    '0001-01-01T00:00:00.000Z',
    '1583-01-01T12:34:56.789Z',
    '1969-12-31T23:59:59.999Z',
    '2026-03-29T01:30:00.001Z',
    '2026-10-25T00:30:00.000Z',
    '2024-02-29T12:00:00.100Z',
    '9999-12-31T23:59:59.999Z',
  ],
  doc: [
    null,
    '{"b": 1,  "a": [1.10, 9007199254740993]}',
    '[]',
    '"text"',
    'null',
    'true',
    '{"k":"\\ud83d\\ude00","s":"😀"}',
    '1.50',
  ],
  bytes: [null, '', 'AA==', 'AP8Q', Buffer.from([...Array(256).keys()]).toString('base64')],
  balance: ['0.00', '-5.50', '999999999999.99'],
};

/** Values through upload and download (P13, scenario 49); call it within a `describe`. */
export function valuesSuite(createDatabase: CreateDatabase): void {
  describe('values', () => {
    test('P13 scenario 49: every value comes back bit-equal from the log and from a snapshot', async () => {
      const master = await openTestMaster(createDatabase, { definitions: [samples] });
      const sent = Object.entries(exact).flatMap(([column, values]) =>
        values.map((value, index) => ({ id: `${column}-${index}`, column, value })),
      );
      const answer = await master.upload(
        A,
        batchOf(
          1,
          sent.map(({ id, column, value }) => sample(id, { [column]: value })),
        ),
      );
      const refused = answer.results.filter(({ status }) => status !== 'applied');
      expect(refused).toEqual([]);
      for (const start of [{}, { cursor: await cursorAt(master, 0) }]) {
        const pages = await master.pages(B, start);
        const came = new Map(
          pages.flatMap(({ records }) =>
            records.map((record) => [record.id, record.data] as const),
          ),
        );
        for (const { id, column, value } of sent)
          expect([id, came.get(id)?.[column]]).toEqual([id, value]);
        expect(came.size).toBe(sent.length);
      }
    });

    test('P13 so it does when an update writes it over another value, and writing it again is no change', async () => {
      const master = await openTestMaster(createDatabase, { definitions: [samples] });
      const columns = Object.keys(exact).filter((column) => column !== 'balance');
      await master.upload(
        A,
        batchOf(
          1,
          columns.map((column) => sample(column, {})),
        ),
      );
      let op = columns.length + 1;
      for (let turn = 0; turn < 8; turn += 1) {
        const records = columns.map((column) =>
          updateOf(
            'samples',
            column,
            { [column]: exact[column]?.at(-1 - turn) ?? null },
            { base_version: 0 },
          ),
        );
        const head = await master.head();
        await master.upload(A, batchOf(op, records));
        op += records.length;
        const after = await master.head();
        await master.upload(A, batchOf(op, records));
        op += records.length;
        expect(await master.head()).toBe(after);
        const page = await master.download(B, { cursor: await cursorAt(master, head) });
        for (const { id, data } of page.records)
          expect(data?.[id]).toEqual(exact[id]?.at(-1 - turn) ?? null);
      }
    });

    test('P13 tolerant forms are read as what they mean', async () => {
      const master = await openTestMaster(createDatabase, { definitions: [samples] });
      const forms: readonly (readonly [string, unknown, unknown])[] = [
        ['big', '12', 12],
        ['price', 1.5, '1.5000'],
        ['price', '1.50000', '1.5000'],
        ['price', 1e-4, '0.0001'],
        ['seen_at', '2026-01-31 12:00:00', '2026-01-31T12:00:00.000Z'],
        ['seen_at', '2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000Z'],
        ['doc', { a: 1 }, '{"a":1}'],
      ];
      await master.upload(
        A,
        batchOf(
          1,
          forms.map(([column, value], n) => sample(`s${n}`, { [column]: value })),
        ),
      );
      const { records } = await master.download(B);
      expect(records.map(({ data }, n) => data?.[forms[n]?.[0] ?? ''])).toEqual(
        forms.map(([, , value]) => value),
      );
    });

    test('P13 what cannot be kept exactly is refused by its own row, with a code', async () => {
      const master = await openTestMaster(createDatabase, { definitions: [samples] });
      const faults: readonly (readonly [string, unknown, string])[] = [
        ['big', 2 ** 53, 'value_not_exact'],
        ['big', '9223372036854775808', 'value_out_of_range'],
        ['big', '007', 'value_type'],
        ['big', '1e3', 'value_type'],
        ['price', '1.00001', 'value_not_exact'],
        ['price', '99999999999', 'value_out_of_range'],
        ['price', 'NaN', 'value_type'],
        ['rate', '1.0', 'value_out_of_range'],
        ['flag', 'yes', 'value_type'],
        ['flag', 1, 'value_type'],
        ['code', '123456', 'value_too_long'],
        ['label', 'a\u0000b', 'text_nul'],
        ['label', '\ud800', 'text_invalid_unicode'],
        ['label', { $gt: '' }, 'value_type'],
        ['seen_at', '2026-02-30', 'date_invalid'],
        ['seen_at', '2026-02-30T00:00:00Z', 'date_invalid'],
        ['seen_at', 1700000000, 'date_invalid'],
        ['seen_at', '2026-01-01T00:00:00.0001Z', 'date_invalid'],
        ['doc', '{', 'json_invalid'],
        ['doc', '"\\u0000"', 'text_nul'],
        ['bytes', 'AA', 'blob_invalid'],
        ['bytes', '__8=', 'blob_invalid'],
        ['balance', null, 'row_not_null'],
        ['nothing', 1, 'column_unknown'],
      ];
      const answer = await master.upload(
        A,
        batchOf(
          1,
          faults.map(([column, value], n) => sample(`s${n}`, { [column]: value })),
        ),
      );
      expect(statusesOf(answer).map((code, n) => [faults[n]?.[0], faults[n]?.[1], code])).toEqual(
        faults.map((fault) => [...fault]),
      );
      for (const { error } of answer.results) expect(error?.detail).not.toContain('99999');
    });

    test('VER1 digests do not depend on the order of writing, and rows that cannot be read are counted apart', async () => {
      const records = Object.entries(exact).map(([column, values]) =>
        sample(column, { [column]: values.at(-1) }),
      );
      const digests = [];
      for (const list of [records, records.toReversed()]) {
        const master = await openTestMaster(createDatabase, { definitions: [samples] });
        await master.upload(A, batchOf(1, list));
        const { tables } = await serveDigest(master.deps);
        digests.push(tables.find(({ table }) => table === 'samples'));
        await master.other.run("INSERT INTO samples (id, code) VALUES ('bad', '123456')");
        const again = (await serveDigest(master.deps)).tables.find(
          ({ table }) => table === 'samples',
        );
        expect(again).toEqual({ ...digests.at(-1), unreadable: 1 });
      }
      expect(digests[0]).toEqual(digests[1]);
      expect(digests[0]).toMatchObject({ rows: records.length, unreadable: 0 });
    });
  });
}

/** What both databases must agree on: the digest of the same rows. */
export async function digestOfSamples(createDatabase: CreateDatabase): Promise<string> {
  const master = await openTestMaster(createDatabase, { definitions: [samples] });
  const records = Object.entries(exact).flatMap(([column, values]) =>
    values.map((value, index) => sample(`${column}-${index}`, { [column]: value })),
  );
  await master.upload(A, batchOf(1, records));
  const { tables } = await serveDigest(master.deps);
  return tables.find(({ table }) => table === 'samples')?.digest ?? '';
}
