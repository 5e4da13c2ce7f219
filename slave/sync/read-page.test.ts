import { expect, it } from 'vitest';
import { registerTables } from '../../common/core/table-registry.ts';
import type { DownloadRecord } from '../../common/protocol/download.ts';
import { readPage, readStagedPage, stagedText } from './read-page.ts';
import { aRow, goods, NOON } from './sync-builders.testkit.ts';

const tables = registerTables([goods]);

function aRecord(overrides: Partial<DownloadRecord> = {}): DownloadRecord {
  return {
    table: 'goods',
    id: 'g1',
    action: 'update',
    data: { ...aRow() },
    version: 9,
    updated_at: NOON,
    ...overrides,
  };
}

it('reads rows into canonical values', () => {
  const data = { ...aRow(), price: 1.5, updated_at: '2026-01-31 12:00:00' };
  expect(readPage(tables, { position: 9, records: [aRecord({ data })] }).records).toMatchObject([
    { row: aRow(), version: 9 },
  ]);
});

it.each([
  ['an unknown column', { data: { ...aRow(), colour: 'red' } }],
  ['a wrong value', { data: { ...aRow(), quantity: 'many' } }],
  ['a missing column', { data: { id: 'g1' } }],
  ['another id in the row', { data: { ...aRow({ id: 'g2' }) } }],
  ['an id that is too long', { id: 'x'.repeat(65) }],
  ['a wrong version', { version: -1 }],
])('P13 refuses a page with %s whole', (_what, overrides) => {
  expect(() => readPage(tables, { position: 9, records: [aRecord(), aRecord(overrides)] })).toThrow(
    expect.objectContaining({ code: 'transport_invalid_answer' }),
  );
});

it('leaves out rows and ranges of tables that it does not know', () => {
  const snapshot = { ranges: [{ table: 'news', after: null, up_to: null }], total_rows: 1 };
  const page = readPage(tables, { position: 9, records: [aRecord({ table: 'news' })], snapshot });
  expect(page).toEqual({ records: [], ranges: [], position: 9, unknownTables: ['news'] });
});

it('DOWN3 reads a page that was kept aside as it came', () => {
  const page = {
    position: 9,
    records: [aRecord(), aRecord({ id: 'g2', action: 'delete' as const, data: null })],
  };
  expect(readStagedPage(tables, stagedText(page))).toEqual(readPage(tables, page));
});
