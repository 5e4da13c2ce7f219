import type { Clock } from '../../core/clock.ts';
import { SyncError } from '../../core/sync-error.ts';
import type { TableDefinition } from '../../core/table-definition.ts';
import type { TableRegistry } from '../../core/table-registry.ts';
import type { TimeStyle } from './row-codec.ts';
import type { SqlRunner } from './sql-database.ts';

/** Time styles of one table's columns. */
export type TimeStyles = ReadonlyMap<string, TimeStyle>;

/** What the parts of the slave's store share within one transaction. */
export interface SlaveTxContext {
  readonly sql: SqlRunner;
  readonly tables: TableRegistry;
  readonly clock: Clock;
  /** How the application writes times into a table; read once per transaction. */
  timeStyles(table: TableDefinition): Promise<TimeStyles>;
}

/** Prefix of keys in `sync_meta`, before `table.column`. */
export const TIME_STYLE_KEY = 'time_style:';

/** Makes the context of one transaction. */
export function slaveTxContext(
  sql: SqlRunner,
  tables: TableRegistry,
  clock: Clock,
): SlaveTxContext {
  let styles: Promise<ReadonlyMap<string, TimeStyles>> | undefined;
  return {
    sql,
    tables,
    clock,
    timeStyles: async (table) => {
      styles ??= loadTimeStyles(sql);
      return (await styles).get(table.name) ?? new Map();
    },
  };
}

/**
 * The declaration of a table.
 *
 * @throws SyncError `table_unknown`.
 */
export function tableOf(context: SlaveTxContext, name: string): TableDefinition {
  const table = context.tables.byName.get(name);
  if (table === undefined)
    throw new SyncError('table_unknown', `table ${name} is not declared in common/tables`);
  return table;
}

async function loadTimeStyles(sql: SqlRunner): Promise<ReadonlyMap<string, TimeStyles>> {
  const rows = await sql.all<{ key: string }>(
    `SELECT key FROM sync_meta WHERE key >= $1 AND key < $2 AND value = 'sql'`,
    [TIME_STYLE_KEY, `${TIME_STYLE_KEY}~`],
  );
  const styles = new Map<string, Map<string, TimeStyle>>();
  for (const { key } of rows) {
    const [table = '', column = ''] = key.slice(TIME_STYLE_KEY.length).split('.');
    const own = styles.get(table) ?? new Map<string, TimeStyle>();
    styles.set(table, own.set(column, 'sql'));
  }
  return styles;
}
