import { defineTable, integer, json, key, text, timestamp } from '../core/table-definition.ts';

/**
 * Every conflict with what lost it (P18). It is synced like any other table, so that each slave
 * lists all conflicts and a decision taken anywhere reaches everybody.
 */
export const syncConflicts = defineTable({
  name: 'sync_conflicts',
  columns: {
    id: key(),
    table_name: text(),
    record_id: text(),
    /** Slave whose change met the other side's. */
    slave: text(),
    /** Columns in conflict as a JSON list; empty for update against delete. */
    columns: json(),
    /** Row as both sides last knew it, the master's row, the slave's change; null is "no such row". */
    base: json({ nullable: true }),
    master: json({ nullable: true }),
    incoming: json({ nullable: true }),
    policy: text(),
    reason: text(),
    /** Which side's value stands: `master`, `incoming` or `merged`. */
    outcome: text(),
    /** `settled` by a policy, `open` until a person decides, `resolved` by a person. */
    state: text({ policy: 'latest' }),
    resolution: json({ nullable: true }),
    resolved_by: text({ nullable: true }),
    version: integer({ nullable: true }),
    created_at: timestamp({ default: 'now', policy: 'least' }),
    updated_at: timestamp({ default: 'now', policy: 'greatest' }),
  },
  sync: { conflictPolicy: 'latest', recordConflicts: false },
  internal: true,
});
