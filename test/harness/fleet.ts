import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { SyncReport } from '../../common/core/sync-report.ts';
import type { TableDefinition } from '../../common/core/table-definition.ts';
import { registerTables, type TableRegistry } from '../../common/core/table-registry.ts';
import type { CreateDatabase } from '../../common/storage/contract/master-database.testkit.ts';
import { tableDefinitions } from '../../common/tables/registry.ts';
import type { ForeignConnection } from '../../common/testkit/foreign-connection.ts';
import type { MasterConfig } from '../../master/config.ts';
import { openFleetMaster, startFleetMaster, type FleetMaster } from './fleet-master.ts';
import { openFleetSlave, type FleetSlave, type FleetSlaveOptions } from './fleet-slave.ts';
import { digestOf, readTextRows } from './table-rows.ts';

/** A master and its slaves, all in this process, with real databases and real HTTP between them. */
export interface Fleet {
  readonly tables: TableRegistry;
  readonly master: FleetMaster;
  readonly slaves: readonly FleetSlave[];
  /** Opens one more slave; one on the file of another, which is closed, takes its place. */
  addSlave(
    options: Pick<FleetSlaveOptions, 'name'> & Partial<FleetSlaveOptions>,
  ): Promise<FleetSlave>;
}

/** What a scenario needs. */
export interface FleetOptions {
  /** Names of the slaves that are there from the beginning; default none. */
  readonly slaves?: readonly string[];
  /** Tables beside the product's own. */
  readonly definitions?: readonly TableDefinition[];
  readonly settings?: Partial<MasterConfig>;
}

/** Opens a fleet on the kind of master that the scenario runs with. */
export type OpenFleet = (options?: FleetOptions) => Promise<Fleet>;

/** Scenarios by name: what each does with a fleet. */
export type Scenarios = Readonly<Record<string, (open: OpenFleet) => Promise<void>>>;

/** Most rounds until nothing moves any more; more mean that it never ends. */
const MAX_ROUNDS = 12;

/**
 * Puts another copy of the master's database in the place of the running one, as a restored backup.
 *
 * @returns the fleet with its new master; the old one is closed.
 */
export async function restoreMaster(fleet: Fleet, databaseUrl: string): Promise<Fleet> {
  await fleet.master.close();
  const master = await openFleetMaster(databaseUrl, fleet.tables);
  for (const slave of fleet.slaves) slave.proxy.retarget(master.url);
  return { ...fleet, master };
}

/** Makes a test of each scenario, on the given kind of master database. */
export function runScenarios(scenarios: Scenarios, createDatabase: CreateDatabase): void {
  for (const [name, run] of Object.entries(scenarios)) {
    test(name, { timeout: 60_000 }, () => run((options) => openFleet(createDatabase, options)));
  }
}

/** Cycles of all slaves, over and over, until a whole round moves nothing. Every cycle must succeed. */
export async function syncAll(fleet: Fleet): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    let moved = 0;
    for (const slave of fleet.slaves) moved += movedBy(await syncWell(slave));
    if (moved === 0) return;
  }
  throw new Error(`after ${MAX_ROUNDS} rounds something still moves`);
}

/** One cycle that must succeed. */
export async function syncWell(slave: FleetSlave): Promise<SyncReport> {
  const report = await slave.sync();
  expect(report.error, `the cycle of ${slave.name}`).toBe(null);
  return report;
}

/** Syncs until nothing moves, then checks that everybody holds the same (P3) and nothing waits. */
export async function expectSettled(fleet: Fleet): Promise<void> {
  await syncAll(fleet);
  await expectEqualByDigest(fleet);
  await expectOutboxesEmpty(fleet);
}

/** Every table of every slave equals the master's, value by value. */
export async function expectEqualByDigest(fleet: Fleet): Promise<void> {
  for (const table of fleet.tables.tables) {
    const there = await readTextRows(fleet.master.sql, table);
    for (const slave of fleet.slaves) {
      const here = await readTextRows(slave.app, table);
      // Whole rows are compared only for a readable failure.
      if (digestOf(here) !== digestOf(there))
        expect(here, `${table.name} of ${slave.name}`).toEqual(there);
    }
  }
}

/** No slave has anything unsent, not even a void. */
export async function expectOutboxesEmpty(fleet: Fleet): Promise<void> {
  for (const slave of fleet.slaves) {
    expect(await slave.app.all('SELECT * FROM sync_outbox'), `the outbox of ${slave.name}`).toEqual(
      [],
    );
    expect(await slave.rejected(), `set aside by ${slave.name}`).toEqual([]);
  }
}

/** One column of one row; undefined when the row is not there. */
export async function valueOf(
  connection: ForeignConnection,
  table: string,
  id: string,
  column: string,
): Promise<unknown> {
  const [row] = await connection.all<Record<string, unknown>>(
    `SELECT CAST(${column} AS TEXT) AS value FROM ${table} WHERE id = $1`,
    [id],
  );
  return row?.['value'];
}

/** Ids of a table, sorted. */
export async function idsOf(
  connection: ForeignConnection,
  table: string,
): Promise<readonly string[]> {
  const rows = await connection.all<{ id: string }>(`SELECT id FROM ${table}`);
  return rows.map(({ id }) => id).toSorted();
}

/** The fleet's first two slaves. */
export function pair({ slaves }: Fleet): readonly [FleetSlave, FleetSlave] {
  const [a, b] = slaves;
  if (a === undefined || b === undefined) throw new Error('the scenario needs two slaves');
  return [a, b];
}

/** Lets the clock go on, so that of two changes one is later. */
export async function tick(): Promise<void> {
  await sleep(3);
}

async function openFleet(
  createDatabase: CreateDatabase,
  options: FleetOptions = {},
): Promise<Fleet> {
  const tables = registerTables([...tableDefinitions, ...(options.definitions ?? [])]);
  const master = await startFleetMaster(createDatabase, tables, options.settings ?? {});
  const slaves: FleetSlave[] = [];
  const addSlave: Fleet['addSlave'] = async (wanted) => {
    const slave = await openFleetSlave({ masterUrl: master.url, tables, ...wanted });
    const former = slaves.findIndex(({ file }) => file === slave.file);
    slaves.splice(former < 0 ? slaves.length : former, 1, slave);
    return slave;
  };
  for (const name of options.slaves ?? []) await addSlave({ name });
  return { tables, master, slaves, addSlave };
}

function movedBy({ uploaded, downloaded }: SyncReport): number {
  return uploaded.records + downloaded.records;
}
