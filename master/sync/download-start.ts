import { parseCursor, type Cursor } from '../../common/core/cursor.ts';
import { SyncError } from '../../common/core/sync-error.ts';
import type { MasterReadTx } from '../../common/storage/master-store.ts';

/** Where a download begins, by cursor, by time, or from the start. */
export interface DownloadStart {
  readonly cursor?: string;
  readonly lastSyncedAt?: string;
}

/**
 * Finds where a download goes on (rules POS2, POS3, DOWN4).
 *
 * @param firstTable table with which a snapshot begins.
 * @throws SyncError `cursor_invalid`, `epoch_changed`, `cursor_expired`.
 */
export async function resolveStart(
  tx: MasterReadTx,
  start: DownloadStart,
  firstTable: string | undefined,
): Promise<Cursor> {
  const epoch = await tx.epoch();
  if (start.cursor !== undefined) return checkedCursor(tx, start.cursor, epoch);
  if (start.lastSyncedAt !== undefined) {
    const { position } = await tx.markAt(start.lastSyncedAt);
    if (position < (await tx.purgedUpTo())) throw expired();
    return { kind: 'log', epoch, position };
  }
  const position = await tx.head();
  return firstTable === undefined
    ? { kind: 'log', epoch, position }
    : { kind: 'snapshot', epoch, position, table: firstTable, after: null };
}

/** Reads a cursor and checks that it belongs to this history. */
export async function checkedCursor(
  tx: MasterReadTx,
  text: string,
  epoch: string,
): Promise<Cursor> {
  const cursor = parseCursor(text);
  if (cursor === undefined)
    throw new SyncError('cursor_invalid', 'the cursor is not one of this master');
  if (cursor.epoch !== epoch) {
    throw new SyncError('epoch_changed', 'the cursor belongs to another history of this master', {
      details: { epoch },
    });
  }
  if (cursor.position > (await tx.head())) {
    throw new SyncError('epoch_changed', 'the cursor lies beyond what this master has', {
      details: { epoch },
    });
  }
  if (cursor.position < (await tx.purgedUpTo())) throw expired();
  return cursor;
}

function expired(): SyncError {
  return new SyncError('cursor_expired', 'the changes after this cursor have been purged');
}
