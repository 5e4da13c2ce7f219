import { isValidKey } from '../../common/core/canonical-value.ts';
import { movedCounters } from '../../common/core/rebase.ts';
import type { WireValue } from '../../common/core/table-definition.ts';
import type { UploadRecord } from '../../common/protocol/upload.ts';
import type { OutboxEntry } from '../../common/storage/slave-store.ts';

/**
 * The record that an outbox entry is sent as. It depends on nothing but the entry, so a retry sends the same and the
 * master can compare (rules ONCE1, ONCE2). A create holds the whole row, an update what it changed.
 */
export function buildRecord(entry: OutboxEntry): UploadRecord {
  const head = { table: entry.table, id: sentKey(entry), op: entry.operation };
  if (entry.isVoid) return { ...head, action: 'update', data: {} };
  const stamp = { base_version: entry.basePosition, changed_at: entry.capturedAt };
  if (entry.action === 'delete') return { ...head, action: 'delete', ...stamp };
  const row = entry.after.ok ? entry.after.row : {};
  if (entry.action === 'create') return { ...head, action: 'create', data: row, ...stamp };
  const delta = movedCounters(entry);
  const data: Record<string, WireValue> = {};
  for (const column of entry.columns) {
    const value = row[column];
    if (value !== undefined && !Object.hasOwn(delta, column)) data[column] = value;
  }
  const moved = Object.keys(delta).length === 0 ? {} : { delta };
  return { ...head, action: 'update', data, ...moved, ...stamp };
}

/** Key under which an entry is sent: a void of a row whose key cannot be carried goes out under a harmless one. */
export function sentKey(entry: OutboxEntry): string {
  return entry.isVoid && !isValidKey(entry.id) ? 'void' : entry.id;
}
