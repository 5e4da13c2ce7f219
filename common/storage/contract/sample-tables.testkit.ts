import {
  blob,
  boolean,
  decimal,
  defineTable,
  integer,
  json,
  key,
  text,
  timestamp,
  type TableDefinition,
} from '../../core/table-definition.ts';

/** One column of every type, all nullable. */
export const samples = defineTable({
  name: 'samples',
  columns: {
    id: key(),
    label: text({ nullable: true }),
    code: text({ nullable: true, maxLength: 5 }),
    big: integer({ nullable: true }),
    price: decimal(14, 4, { nullable: true }),
    rate: decimal(9, 9, { nullable: true }),
    flag: boolean({ nullable: true }),
    seen_at: timestamp({ nullable: true }),
    doc: json({ nullable: true }),
    bytes: blob({ nullable: true }),
    balance: decimal(14, 2, { counter: true, default: '0.00' }),
  },
});

/** Refers to itself, and has a unique key over two columns. */
export const nodes = defineTable({
  name: 'nodes',
  columns: {
    id: key(),
    parent_id: text({ nullable: true, references: 'nodes' }),
    shop: text(),
    slot: text(),
  },
  uniqueKeys: [['shop', 'slot']],
});

/** Rows are only ever added. */
export const ledger = defineTable({
  name: 'ledger',
  columns: { id: key(), note: text() },
  sync: { appendOnly: true },
});

/** Only comes down. */
export const notices = defineTable({
  name: 'notices',
  columns: { id: key(), body: text() },
  sync: { direction: 'down' },
});

/** Only goes up. */
export const readings = defineTable({
  name: 'readings',
  columns: { id: key(), body: text() },
  sync: { direction: 'up' },
});

function notesTable(policy: 'latest' | 'master' | 'slave' | 'manual'): TableDefinition {
  return defineTable({
    name: `notes_${policy}`,
    columns: { id: key(), body: text(), place: text({ nullable: true }) },
    sync: { conflictPolicy: policy },
  });
}

/** Conflicts are settled by time. */
export const notesLatest = notesTable('latest');
/** The master wins. */
export const notesMaster = notesTable('master');
/** The slave wins. */
export const notesSlave = notesTable('slave');
/** Conflicts wait for a person. */
export const notesManual = notesTable('manual');
