import type { TableRegistry } from '../../core/table-registry.ts';
import type { MasterStore } from '../master-store.ts';
import { createMasterReadTx, txContext } from './master-read.ts';
import { createMasterWriteTx } from './master-write.ts';
import { numberAndMark } from './number-changes.ts';
import type { SqlDatabase } from './sql-database.ts';

/** The master's storage on SQLite or PostgreSQL; several masters may share one PostgreSQL database. */
export function createMasterStore(database: SqlDatabase, tables: TableRegistry): MasterStore {
  return {
    write: (work) =>
      database.write(async (sql) => work(await createMasterWriteTx(txContext(sql, tables)))),
    read: (work) => database.read((sql) => work(createMasterReadTx(txContext(sql, tables)))),
    numberChanges: (now, freshMark) => numberAndMark(database, now, freshMark),
    ping: async () => {
      await database.all('SELECT 1 AS alive');
    },
    close: () => database.close(),
  };
}
