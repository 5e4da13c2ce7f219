import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../common/storage/master-store.ts';
import { selectRecords } from './select-records.ts';

const AT = '2026-03-01T12:00:00.000Z';

function entry(position: number, overrides: Partial<LogEntry> = {}): LogEntry {
  return {
    position,
    table: 'goods',
    id: 'a',
    action: 'update',
    row: { ok: true, row: { id: overrides.id ?? 'a', n: position } },
    origin: '',
    echo: false,
    generation: 1,
    changedAt: AT,
    ...overrides,
  };
}

describe('selectRecords', () => {
  it("DOWN1 holds each row once, as it was at the page's end, in the order of last changes", () => {
    const entries = [entry(1), entry(2, { id: 'b' }), entry(3)];
    expect(selectRecords(entries, 'south').records).toEqual([
      {
        table: 'goods',
        id: 'b',
        action: 'update',
        data: { id: 'b', n: 2 },
        version: 2,
        updated_at: AT,
      },
      {
        table: 'goods',
        id: 'a',
        action: 'update',
        data: { id: 'a', n: 3 },
        version: 3,
        updated_at: AT,
      },
    ]);
  });

  it('DOWN1 keeps rows of different tables with one id apart', () => {
    const entries = [entry(1), entry(2, { table: 'other' })];
    expect(selectRecords(entries, 'south').records).toHaveLength(2);
  });

  it('calls a row that was made within the page a create, and one that is gone a delete', () => {
    const actions = (entries: readonly LogEntry[]) =>
      selectRecords(entries, 'south').records.map(({ action, data }) => [action, data === null]);
    expect(actions([entry(1, { action: 'create' }), entry(2)])).toEqual([['create', false]]);
    expect(actions([entry(1), entry(2, { action: 'delete' })])).toEqual([['delete', true]]);
    expect(actions([entry(1, { action: 'delete' }), entry(2, { action: 'create' })])).toEqual([
      ['create', false],
    ]);
  });

  it("ECHO1 leaves the receiver's own changes out", () => {
    const entries = [entry(1, { origin: 'south' }), entry(2, { id: 'b', origin: 'north' })];
    expect(selectRecords(entries, 'south').records.map(({ id }) => id)).toEqual(['b']);
  });

  it('ECHO1 sends an own change whose row others changed too, or that the master changed', () => {
    const mixed = [entry(1, { origin: 'north' }), entry(2, { origin: 'south' })];
    expect(selectRecords(mixed, 'south').records).toHaveLength(1);
    const after = [entry(1, { origin: 'south' }), entry(2, { origin: 'north' })];
    expect(selectRecords(after, 'south').records).toHaveLength(1);
    const merged = [entry(1, { origin: 'south', echo: true })];
    expect(selectRecords(merged, 'south').records).toHaveLength(1);
  });

  it('ECHO1 an anonymous client gets everything', () => {
    expect(
      selectRecords([entry(1), entry(2, { id: 'b', origin: 'north' })], '').records,
    ).toHaveLength(2);
  });

  it('DOWN6 P13 a row that cannot be carried is left out and reported; deletes always go', () => {
    const row = { ok: false, code: 'text_nul', column: 'name', detail: 'holds NUL' } as const;
    const entries = [
      entry(1, { row }),
      entry(2, { id: 'b' }),
      entry(3, { id: 'c', row, action: 'delete' }),
    ];
    const selected = selectRecords(entries, 'south');
    expect(selected.records.map(({ id, action }) => [id, action])).toEqual([
      ['b', 'update'],
      ['c', 'delete'],
    ]);
    expect(selected.unreadable).toEqual([
      { table: 'goods', id: 'a', code: 'text_nul', column: 'name' },
    ]);
    expect(selectRecords([entry(1, { row, origin: 'south' })], 'south').unreadable).toEqual([]);
  });

  it('P8 every row that somebody else changed is there, at its newest version', () => {
    const logs = fc
      .array(
        fc.record({
          id: fc.constantFrom('a', 'b', 'c'),
          origin: fc.constantFrom('', 'north', 'south'),
          action: fc.constantFrom('create', 'update', 'delete'),
        }),
      )
      .map((parts) => parts.map((part, index) => entry(index + 1, part)));
    fc.assert(
      fc.property(logs, (entries) => {
        const { records } = selectRecords(entries, 'south');
        const foreign = new Set(
          entries.filter(({ origin }) => origin !== 'south').map(({ id }) => id),
        );
        expect(new Set(records.map(({ id }) => id))).toEqual(foreign);
        expect(records.map(({ version }) => version)).toEqual(
          records.map(({ version }) => version).toSorted((x, y) => x - y),
        );
        for (const { id, version } of records) {
          expect(version).toBe(entries.findLast((other) => other.id === id)?.position);
        }
      }),
    );
  });
});
