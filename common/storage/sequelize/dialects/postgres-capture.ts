import type { TableDefinition } from '../../../core/table-definition.ts';
import { postgresTable } from './postgres-table.ts';
import { TRIGGER_PREFIX } from './sqlite-capture.ts';
import { quote } from './table-sql.ts';

/**
 * Functions and statement-level triggers that write every change of a table into the change log, whoever makes
 * it (design 3.1). Statement level, because a trigger per row made bulk inserts several times slower. The
 * position stays empty: a sequence's order is not the order of commits (rule POS1).
 */
export function postgresCapture(table: TableDefinition): readonly string[] {
  const name = `${TRIGGER_PREFIX}${table.name}`;
  const on = quote(table.name);
  return [
    captureFunction(`${name}_insert`, [insertedRows(table, 'new_rows n')]),
    captureFunction(`${name}_update`, updateStatements(table)),
    captureFunction(`${name}_delete`, [deletedRows(table, 'old_rows o')]),
    // TRUNCATE has no transition table, so the rows are read before they go.
    captureFunction(`${name}_truncate`, [deletedRows(table, `${on} o`)]),
    runAsOwner(postgresTriggerNames(table)),
    `CREATE OR REPLACE TRIGGER ${quote(`${name}_insert`)} AFTER INSERT ON ${on} REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ${quote(`${name}_insert`)}()`,
    `CREATE OR REPLACE TRIGGER ${quote(`${name}_update`)} AFTER UPDATE ON ${on} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ${quote(`${name}_update`)}()`,
    `CREATE OR REPLACE TRIGGER ${quote(`${name}_delete`)} AFTER DELETE ON ${on} REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ${quote(`${name}_delete`)}()`,
    `CREATE OR REPLACE TRIGGER ${quote(`${name}_truncate`)} BEFORE TRUNCATE ON ${on} FOR EACH STATEMENT EXECUTE FUNCTION ${quote(`${name}_truncate`)}()`,
    // Whoever switched triggers off for a load does not have to remember which ones.
    ...postgresTriggerNames(table).map(
      (trigger) => `ALTER TABLE ${on} ENABLE TRIGGER ${quote(trigger)}`,
    ),
  ];
}

/** Names of the triggers of a table, to see whether they are all there. */
export function postgresTriggerNames(table: TableDefinition): readonly string[] {
  return ['insert', 'update', 'delete', 'truncate'].map(
    (event) => `${TRIGGER_PREFIX}${table.name}_${event}`,
  );
}

function captureFunction(name: string, statements: readonly string[]): string {
  return `CREATE OR REPLACE FUNCTION ${quote(name)}() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
${statements.map((statement) => `  ${statement};`).join('\n')}
  RETURN NULL;
END $body$`;
}

/**
 * Writers need rights on their tables only, and may have any search path and time zone; our names must not be theirs
 * to replace, and images are made in UTC.
 */
function runAsOwner(functions: readonly string[]): string {
  const alter = functions.map(
    (name) =>
      `  EXECUTE format('ALTER FUNCTION %I() SECURITY DEFINER SET search_path TO %I, pg_temp', '${name}', current_schema());
  ALTER FUNCTION ${quote(name)}() SET TimeZone TO 'UTC';`,
  );
  return `DO $do$\nBEGIN\n${alter.join('\n')}\nEND $do$`;
}

const COLUMNS =
  'table_name, row_id, action, columns, image, moves, counted_at, generation, origin, transaction_id, changed_at';

const NOW = `to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** What all changes of a transaction share: whether it counts, who writes, which transaction, when. */
const SHARED = {
  counted: `CASE WHEN current_setting('sync.counting', true) = 'on' THEN ${NOW} END`,
  rest: `coalesce(current_setting('sync.origin', true), ''), pg_current_xact_id()::text, ${NOW}`,
};

function lastGeneration(table: TableDefinition, id: string): string {
  return `coalesce((SELECT c.generation FROM sync_changes c WHERE c.table_name = '${table.name}' AND c.row_id = ${id} ORDER BY c.position DESC NULLS FIRST, c.id DESC LIMIT 1), 0)`;
}

function insertedRows(table: TableDefinition, from: string): string {
  return `INSERT INTO sync_changes (${COLUMNS})
    SELECT '${table.name}', n.id, 'create', '', ${postgresTable.image(table, 'n')}, NULL, ${SHARED.counted}, (${lastGeneration(table, 'n.id')} + 1) | 1, ${SHARED.rest} FROM ${from}`;
}

function deletedRows(table: TableDefinition, from: string): string {
  return `INSERT INTO sync_changes (${COLUMNS})
    SELECT '${table.name}', o.id, 'delete', '', ${postgresTable.image(table, 'o')}, NULL, NULL, (${lastGeneration(table, 'o.id')} | 1) + 1, ${SHARED.rest} FROM ${from}`;
}

function updateStatements(table: TableDefinition): readonly string[] {
  const columns = table.columns.filter((column) => column.name !== 'id');
  // The json type has no equality; its text is what must stay the same.
  const side = (alias: string, { name, type }: (typeof columns)[number]): string =>
    `${alias}.${quote(name)}${type.kind === 'json' ? '::text' : ''}`;
  const differs = columns.map(
    (column) => `${side('n', column)} IS DISTINCT FROM ${side('o', column)}`,
  );
  const names = columns.map(({ name }, index) => `CASE WHEN ${differs[index]} THEN '${name}' END`);
  const counters = columns
    .filter((column) => column.counter)
    // numeric, because the difference of two bigints may be none, and a trigger's failure is the application's.
    .map(({ name }) => `'${name}', (n.${quote(name)}::numeric - o.${quote(name)}::numeric)::text`);
  const moves = counters.length > 0 ? `json_build_object(${counters.join(', ')})::text` : 'NULL';
  return [
    `INSERT INTO sync_changes (${COLUMNS})
    SELECT '${table.name}', n.id, 'update', concat_ws(',', ${names.join(', ')}), ${postgresTable.image(table, 'n')}, ${moves}, ${SHARED.counted}, ${lastGeneration(table, 'n.id')} | 1, ${SHARED.rest}
    FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE ${differs.join(' OR ')}`,
    // A changed key is a deleted row and a new one.
    deletedRows(table, 'old_rows o WHERE NOT EXISTS (SELECT 1 FROM new_rows n WHERE n.id = o.id)'),
    insertedRows(table, 'new_rows n WHERE NOT EXISTS (SELECT 1 FROM old_rows o WHERE o.id = n.id)'),
  ];
}
