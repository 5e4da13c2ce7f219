import { expect } from 'vitest';
import type { MasterFolder, SlaveFolder } from './processes.ts';

const TABLES = ['inventories', 'transactions', 'inventory_adjustments'] as const;
const DECIMALS: readonly string[] = ['unit_price', 'total'];

/** Every row of the three tables, in one form for both databases, by bare SQL. */
export async function contentsOf(folder: MasterFolder | SlaveFolder): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const table of TABLES) {
    const rows = await folder.query<Readonly<Record<string, unknown>>>(`SELECT * FROM ${table}`);
    for (const row of rows) lines.push(`${table} ${rowText(row)}`);
  }
  return lines.toSorted();
}

/** P3: the slaves hold what the master holds, value by value, and all databases are sound. */
export async function expectConverged(
  master: MasterFolder,
  ...slaves: readonly SlaveFolder[]
): Promise<void> {
  const wanted = await contentsOf(master);
  for (const slave of slaves) {
    expect(await contentsOf(slave)).toEqual(wanted);
    await expectSound(slave);
  }
  if (master.databaseUrl.startsWith('sqlite:')) await expectSound(master);
}

/** P5: SQLite finds nothing wrong with the file. */
export async function expectSound(folder: MasterFolder | SlaveFolder): Promise<void> {
  expect(await folder.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
}

function rowText(row: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(row).toSorted();
  return JSON.stringify(names.map((name) => [name, comparable(name, row[name])]));
}

/** PostgreSQL's driver gives 64 bit integers and decimals as text and times as dates. */
function comparable(name: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (DECIMALS.includes(name)) return Number(value).toFixed(4);
  if (value instanceof Date) return value.toISOString();
  if (name.endsWith('_at')) return new Date(withZone(String(value))).toISOString();
  return String(value);
}

function withZone(text: string): string {
  return /Z$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}Z`;
}
