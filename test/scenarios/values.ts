import { expect } from 'vitest';
import { samples } from '../../common/storage/contract/sample-tables.testkit.ts';
import type { ForeignConnection } from '../../common/testkit/foreign-connection.ts';
import { expectSettled, pair, syncAll, syncWell, type Scenarios } from '../harness/fleet.ts';
import { insertItem } from './items.ts';

/** Column values as SQL literals that both databases take; `bytes` is hexadecimal. */
type Values = Readonly<
  Partial<Record<'label' | 'big' | 'price' | 'rate' | 'flag' | 'seen_at' | 'doc' | 'bytes', string>>
>;

const exact: readonly Values[] = [
  {},
  { label: "''" },
  { label: "' leading, trailing and   inner '" },
  { label: "'Zażółć 日本語 👩‍👩‍👧 \u202Eright to left\u202C'" },
  { label: "'line\nfeed, tab\t, quote '' and \\ backslash'" },
  { label: "'e\u0301 and \u00e9'" },
  { big: '9007199254740993' },
  { big: '-9223372036854775808' },
  { big: '9223372036854775807' },
  { big: '0' },
  { price: '0.0001' },
  { price: '-9999999999.9999' },
  { price: '10' },
  { rate: '0.123456789' },
  { flag: 'TRUE' },
  { flag: 'FALSE' },
  { seen_at: "'2026-02-28T23:59:59.999Z'" },
  { seen_at: "'1969-12-31T23:59:59.001Z'" },
  { seen_at: "'9999-12-31T00:00:00.000Z'" },
  { doc: `'{"b":1,"a":[1.10,null,"x"]}'` },
  { doc: "'null'" },
  { doc: "'  [ 1 ]  '" },
  { bytes: '' },
  { bytes: '00ff10' },
];

/** Values that one of the two databases, or JSON, would change without a word. */
const inexact: readonly (readonly [string, string])[] = [
  ["UPDATE samples SET big = 1.5 WHERE id = 'v'", 'value_type'],
  ["UPDATE samples SET big = 'many' WHERE id = 'v'", 'value_type'],
  ["UPDATE samples SET price = 0.1 + 0.2 WHERE id = 'v'", 'value_not_exact'],
  ["UPDATE samples SET price = 1e300 WHERE id = 'v'", 'value_out_of_range'],
  ["UPDATE samples SET label = 'a' || char(0) || 'b' WHERE id = 'v'", 'text_nul'],
  ["UPDATE samples SET label = CAST(x'eda080' AS TEXT) WHERE id = 'v'", 'text_invalid_unicode'],
  ["UPDATE samples SET label = x'00ff' WHERE id = 'v'", 'value_type'],
  ["UPDATE samples SET code = 'too long' WHERE id = 'v'", 'value_too_long'],
  ["UPDATE samples SET flag = 'yes' WHERE id = 'v'", 'value_type'],
  ["UPDATE samples SET seen_at = '2026-02-30 00:00:00' WHERE id = 'v'", 'date_invalid'],
  ["UPDATE samples SET doc = '{broken' WHERE id = 'v'", 'json_invalid'],
];

/** Values that must arrive bit by bit, or not at all (P13). */
export const values: Scenarios = {
  'S49 P13 every sort of value arrives as it was written, from a slave': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'], definitions: [samples] });
    const [a, b] = pair(fleet);
    await write(a.app);
    await syncAll(fleet);
    await expectAsWritten(fleet.master.sql);
    await expectAsWritten(b.app);
    await expectSettled(fleet);
  },

  'S49 P13 every sort of value arrives as it was written, from the master': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'], definitions: [samples] });
    await write(fleet.master.sql);
    await syncAll(fleet);
    for (const { app } of fleet.slaves) await expectAsWritten(app);
    await expectSettled(fleet);
  },

  'S49 P13 times of any style and zone mean the same moment everywhere': async (open) => {
    const fleet = await open({ slaves: ['a', 'b'] });
    const [a, b] = pair(fleet);
    const styles = [
      '2026-03-01 10:00:00',
      '2026-03-01T10:00:00Z',
      '2026-03-01T12:00:00.000+02:00',
      '2026-03-01 10:00:00.000',
    ];
    for (const [n, style] of styles.entries()) {
      await a.app.run(insertItem(`i${n}`));
      await a.app.run(`UPDATE inventories SET created_at = '${style}' WHERE id = 'i${n}'`);
    }
    await syncAll(fleet);
    const rows = await b.app.all<{ at: string }>(
      "SELECT DISTINCT strftime('%Y-%m-%d %H:%M:%f', created_at) AS at FROM inventories",
    );
    expect(rows).toEqual([{ at: '2026-03-01 10:00:00.000' }]);
    await expectSettled(fleet);
  },

  'S49 P13 P6 a value that cannot be carried exactly is set aside with its code, never changed':
    async (open) => {
      const fleet = await open({ slaves: ['a'], definitions: [samples] });
      const [a] = fleet.slaves;
      if (a === undefined) throw new Error('no slave');
      await a.app.run("INSERT INTO samples (id) VALUES ('v')");
      await syncAll(fleet);
      const found: (readonly [string, string])[] = [];
      for (const [statement] of inexact) {
        await a.app.run(statement);
        await syncWell(a);
        const [code = 'none'] = await a.rejected();
        found.push([statement, code]);
        // Mended, it goes out with what waited behind it.
        await a.app.run("DELETE FROM samples WHERE id = 'v'");
        await a.app.run("INSERT INTO samples (id) VALUES ('v')");
        await syncWell(a);
      }
      expect(found).toEqual(inexact);
      await expectSettled(fleet);
    },
};

async function write(connection: ForeignConnection): Promise<void> {
  for (const [n, row] of exact.entries()) {
    const columns = Object.keys(row);
    const literals = Object.entries(row).map(([name, value]) =>
      name === 'bytes' ? bytesLiteral(connection, value) : value,
    );
    await connection.run(
      `INSERT INTO samples (${['id', ...columns].join(', ')}) VALUES (${[`'${idOf(n)}'`, ...literals].join(', ')})`,
    );
  }
}

/** Asks the database itself whether each value equals the literal that was written. */
async function expectAsWritten(connection: ForeignConnection): Promise<void> {
  for (const [n, row] of exact.entries()) {
    for (const [column, literal] of Object.entries(row)) {
      const [found] = await connection.all<{ same: unknown; text: unknown }>(
        `SELECT ${equalTo(connection, column, literal)} AS same, CAST(${column} AS text) AS text FROM samples WHERE id = '${idOf(n)}'`,
      );
      expect([column, literal, Boolean(found?.same), found?.text]).toEqual([
        column,
        literal,
        true,
        found?.text,
      ]);
    }
  }
}

function equalTo(
  { dialect }: Pick<ForeignConnection, 'dialect'>,
  column: string,
  literal: string,
): string {
  if (column === 'bytes') return `${column} = ${bytesLiteral({ dialect }, literal)}`;
  if (column === 'doc') return `CAST(${column} AS text) = ${literal}`;
  if (column === 'seen_at' && dialect === 'sqlite')
    return `julianday(${column}) = julianday(${literal})`;
  return `${column} = ${literal}`;
}

function bytesLiteral({ dialect }: Pick<ForeignConnection, 'dialect'>, hex: string): string {
  return dialect === 'sqlite' ? `x'${hex}'` : `'\\x${hex}'::bytea`;
}

function idOf(n: number): string {
  return `v${String(n).padStart(2, '0')}`;
}
