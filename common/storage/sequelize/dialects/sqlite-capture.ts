import type { TableDefinition } from '../../../core/table-definition.ts';
import { sqliteTable } from './sqlite-table.ts';
import { quote } from './table-sql.ts';

/** What a capture trigger knows of a change, as SQL expressions. */
export interface CapturedChange {
  readonly action: 'create' | 'update' | 'delete';
  readonly rowId: string;
  /** Comma separated names of changed columns; empty text for create and delete. */
  readonly columns: string;
  /** The row after the change, before it for a delete; JSON text. */
  readonly image: string;
  /** The row before an update, else NULL. */
  readonly before: string;
  /** JSON object of how much each counter moved, or NULL. */
  readonly deltas: string;
}

/**
 * A row's key as the text under which its change is captured. NULL must not fail the writer; bytes would be taken for
 * the text of the same bytes, which is another row, so they become a text that is too long to be anybody's key.
 */
export function keyText(rowId: string): string {
  return `CASE typeof(${rowId}) WHEN 'text' THEN ${rowId} WHEN 'null' THEN '' WHEN 'blob' THEN printf('%-80s', 'bytes ' || hex(${rowId})) ELSE CAST(${rowId} AS TEXT) END`;
}

/** Where captured changes go: the slave's outbox or the master's change log. */
export interface CaptureSink {
  /** Condition under which a write is captured at all. */
  readonly when: string;
  /** `INSERT INTO ... SELECT ...` of one change, taken `from` a row source (may be empty). */
  readonly insert: (table: TableDefinition, change: CapturedChange, from: string) => string;
}

/** Prefix of every trigger of ours; db:migrate drops and remakes what carries it. */
export const TRIGGER_PREFIX = 'sync_capture_';

/**
 * Support table of the triggers: rows that an `OR REPLACE` statement may be about to delete silently. No rule of it
 * can fail, because a trigger's failure is the application's.
 */
export const REPLACED_TABLE = `CREATE TABLE IF NOT EXISTS sync_replaced (
  seq INTEGER PRIMARY KEY, table_name TEXT, new_id, old_id, image TEXT
)`;

/** `OR IGNORE` and upserts leave notes behind; more than these are never kept. */
const MAX_NOTES = 32;

/**
 * Triggers that capture every insert, update and delete of a table by any program, in the writer's own
 * transaction (design 3.1). SQLite deletes the rows that `OR REPLACE` pushes aside without firing delete
 * triggers, so a BEFORE trigger notes them and the AFTER trigger sees which of them are gone.
 *
 * @param uniqueKeys all column lists that no two rows share in the database; default: the declared ones.
 */
export function sqliteCapture(
  table: TableDefinition,
  sink: CaptureSink,
  uniqueKeys: readonly (readonly string[])[] = declaredUniqueKeys(table),
): readonly string[] {
  const capture: Capture = { table, sink, uniqueKeys };
  return [
    beforeInsert(capture),
    afterInsert(capture),
    ...beforeUpdate(capture),
    afterUpdate(capture),
    afterKeyChange(capture),
    afterDelete(capture),
  ];
}

/** The unique columns and unique keys of a declaration, `id` left out. */
export function declaredUniqueKeys(table: TableDefinition): readonly (readonly string[])[] {
  const single = table.columns.filter((column) => column.unique && column.name !== 'id');
  return [...single.map((column) => [column.name]), ...table.uniqueKeys];
}

interface Capture {
  readonly table: TableDefinition;
  readonly sink: CaptureSink;
  readonly uniqueKeys: readonly (readonly string[])[];
}

function trigger(
  table: TableDefinition,
  name: string,
  head: string,
  body: readonly string[],
): string {
  return `CREATE TRIGGER ${quote(`${TRIGGER_PREFIX}${table.name}_${name}`)} ${head} BEGIN\n${body.map((line) => `  ${line};\n`).join('')}END`;
}

function beforeInsert({ table, sink, uniqueKeys }: Capture): string {
  const clashes = ['t.id = NEW.id', ...uniqueMatches(uniqueKeys)];
  const probes = clashes.map(
    (clash) => ` UNION ALL SELECT 1 FROM ${quote(table.name)} t WHERE ${clash}`,
  );
  // Most inserts clash with nothing and find no notes; then nothing has to be done.
  const when = `${sink.when} AND EXISTS (SELECT 1 FROM sync_replaced${probes.join('')})`;
  return trigger(table, 'before_insert', `BEFORE INSERT ON ${quote(table.name)} WHEN ${when}`, [
    forget(table, 'new_id IS NEW.id'),
    remember(table, clashes.join(' OR ')),
  ]);
}

function afterInsert(capture: Capture): string {
  const { table, sink } = capture;
  const image = sqliteTable.image(table, 'NEW');
  const sameRow = `r.table_name = '${table.name}' AND r.new_id IS NEW.id AND r.old_id IS NEW.id`;
  return trigger(table, 'insert', `AFTER INSERT ON ${quote(table.name)} WHEN ${sink.when}`, [
    vanished(capture),
    replacedRow(capture, image, sameRow),
    sink.insert(
      table,
      { action: 'create', rowId: 'NEW.id', columns: "''", image, before: 'NULL', deltas: 'NULL' },
      `WHERE NOT EXISTS (SELECT 1 FROM sync_replaced r WHERE ${sameRow})`,
    ),
    forget(table, 'new_id IS NEW.id'),
  ]);
}

/** `INSERT OR REPLACE` of a row that was there: an update of the columns that differ. */
function replacedRow({ table, sink }: Capture, image: string, sameRow: string): string {
  const counters = table.columns
    .filter((column) => column.counter)
    .map(
      ({ name }) => `'${name}', json_extract(new, '$.${name}') - json_extract(old, '$.${name}')`,
    );
  const changed = `SELECT group_concat(n.key) FROM json_each(new) n CROSS JOIN json_each(old) o
      WHERE o.key = n.key AND (o.value IS NOT n.value OR o.type <> n.type)`;
  // LIMIT keeps SQLite from putting the image's whole expression wherever `new` stands, which slows every INSERT.
  return sink.insert(
    table,
    {
      action: 'update',
      rowId: 'NEW.id',
      columns: 'changed',
      image: 'new',
      before: 'old',
      deltas: counters.length > 0 ? `json_object(${counters.join(', ')})` : 'NULL',
    },
    `FROM (SELECT old, new, (${changed}) AS changed FROM
      (SELECT r.image AS old, ${image} AS new FROM sync_replaced r WHERE ${sameRow} LIMIT 1) LIMIT 1) WHERE changed IS NOT NULL`,
  );
}

/** `UPDATE OR REPLACE` can push other rows aside too, by unique columns. */
function beforeUpdate({ table, sink, uniqueKeys }: Capture): readonly string[] {
  if (uniqueKeys.length === 0) return [];
  const names = [...new Set(uniqueKeys.flat())];
  const moved = names.map((name) => `NEW.${quote(name)} IS NOT OLD.${quote(name)}`);
  return [
    trigger(
      table,
      'before_update',
      `BEFORE UPDATE OF ${names.map(quote).join(', ')} ON ${quote(table.name)} WHEN ${sink.when} AND (${moved.join(' OR ')})`,
      [
        forget(table, 'new_id IS NEW.id'),
        remember(table, `(${uniqueMatches(uniqueKeys).join(' OR ')}) AND t.id IS NOT OLD.id`),
      ],
    ),
  ];
}

function afterUpdate(capture: Capture): string {
  const { table, sink } = capture;
  const columns = table.columns.filter((column) => column.name !== 'id');
  const differs = columns.map(
    ({ name }) => `NEW.${quote(name)} IS NOT OLD.${quote(name)} COLLATE BINARY`,
  );
  const names = columns.map(
    ({ name }, index) => `CASE WHEN ${differs[index]} THEN '${name},' ELSE '' END`,
  );
  const counters = columns
    .filter((column) => column.counter)
    .map(({ name }) => `'${name}', NEW.${quote(name)} - OLD.${quote(name)}`);
  const change: CapturedChange = {
    action: 'update',
    rowId: 'NEW.id',
    columns: `rtrim(${names.join(' || ')}, ',')`,
    image: sqliteTable.image(table, 'NEW'),
    before: sqliteTable.image(table, 'OLD'),
    deltas: counters.length > 0 ? `json_object(${counters.join(', ')})` : 'NULL',
  };
  return trigger(
    table,
    'update',
    `AFTER UPDATE ON ${quote(table.name)} WHEN ${sink.when} AND NEW.id IS OLD.id COLLATE BINARY AND (${differs.join(' OR ')})`,
    // Deletions first, so that the value which the update takes is free wherever the changes are applied.
    [
      vanished(capture),
      sink.insert(table, change, ''),
      forget(table, 'old_id IS OLD.id OR new_id IS NEW.id'),
    ],
  );
}

/** A changed key is a deleted row and a new one. */
function afterKeyChange(capture: Capture): string {
  const { table, sink } = capture;
  const created: CapturedChange = {
    action: 'create',
    rowId: 'NEW.id',
    columns: "''",
    image: sqliteTable.image(table, 'NEW'),
    before: 'NULL',
    deltas: 'NULL',
  };
  return trigger(
    table,
    'rekey',
    `AFTER UPDATE OF id ON ${quote(table.name)} WHEN ${sink.when} AND NEW.id IS NOT OLD.id COLLATE BINARY`,
    [
      vanished(capture),
      sink.insert(table, deletion('OLD.id', sqliteTable.image(table, 'OLD')), ''),
      sink.insert(table, created, ''),
      forget(table, 'old_id IS OLD.id OR new_id IS NEW.id'),
    ],
  );
}

function afterDelete({ table, sink }: Capture): string {
  return trigger(table, 'delete', `AFTER DELETE ON ${quote(table.name)} WHEN ${sink.when}`, [
    sink.insert(table, deletion('OLD.id', sqliteTable.image(table, 'OLD')), ''),
    // With recursive_triggers on, `OR REPLACE` does fire this trigger; the row must not be taken for vanished again.
    forget(table, 'old_id IS OLD.id'),
  ]);
}

function deletion(rowId: string, image: string): CapturedChange {
  return { action: 'delete', rowId, columns: "''", image, before: 'NULL', deltas: 'NULL' };
}

function vanished({ table, sink }: Capture): string {
  return sink.insert(
    table,
    deletion('r.old_id', 'r.image'),
    `FROM sync_replaced r WHERE r.table_name = '${table.name}' AND r.new_id IS NEW.id AND r.old_id IS NOT NEW.id
      AND NOT EXISTS (SELECT 1 FROM ${quote(table.name)} t WHERE t.id = r.old_id)`,
  );
}

function forget(table: TableDefinition, condition: string): string {
  return `DELETE FROM sync_replaced WHERE table_name = '${table.name}' AND (${condition}) OR seq <= (SELECT max(seq) FROM sync_replaced) - ${MAX_NOTES}`;
}

function remember(table: TableDefinition, condition: string): string {
  return `INSERT INTO sync_replaced (table_name, new_id, old_id, image)
    SELECT '${table.name}', NEW.id, t.id, ${sqliteTable.image(table, 't')} FROM ${quote(table.name)} t WHERE ${condition}`;
}

function uniqueMatches(uniqueKeys: readonly (readonly string[])[]): readonly string[] {
  return uniqueKeys.map(
    (names) => `(${names.map((name) => `t.${quote(name)} = NEW.${quote(name)}`).join(' AND ')})`,
  );
}
