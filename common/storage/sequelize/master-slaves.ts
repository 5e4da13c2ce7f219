import type { SlaveState, StoredBatch } from '../master-store.ts';
import type { SqlRunner } from './sql-database.ts';

/** Stored answers an incarnation keeps at the master; older ones cannot be repeated, only told to be duplicates. */
const KEPT_BATCHES = 500;

/** Writes a slave's state. */
export async function saveSlave(sql: SqlRunner, state: SlaveState): Promise<void> {
  const values: Readonly<Record<string, unknown>> = {
    name: state.name,
    incarnation: state.incarnation,
    former_incarnations: JSON.stringify(state.formerIncarnations),
    last_operation: state.lastOperation,
    nonce: state.nonce,
    exchange_id: state.exchangeId,
    former_nonce: state.formerNonce,
    acknowledged_position: state.acknowledgedPosition,
    pending: state.pending,
    last_contact_at: state.lastContactAt,
    last_status: state.lastStatus,
    last_message: state.lastMessage,
    protocol: state.protocol,
    program_version: state.programVersion,
    clock_offset_ms: state.clockOffsetMs,
    created_at: state.createdAt,
  };
  const columns = Object.keys(values);
  const updates = columns
    .filter((name) => name !== 'name')
    .map((name) => `${name} = excluded.${name}`);
  await sql.run(
    `INSERT INTO sync_slaves (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})
     ON CONFLICT (name) DO UPDATE SET ${updates.join(', ')}`,
    Object.values(values),
  );
}

/** Keeps an answer for repetitions, and drops the oldest of the same incarnation beyond a limit. */
export async function storeBatch(sql: SqlRunner, batch: StoredBatch): Promise<void> {
  await sql.run(
    `INSERT INTO sync_batches (slave, incarnation, batch_id, first_operation, last_operation, content_hash, record_hashes, answer, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      batch.slave,
      batch.incarnation,
      batch.batchId,
      batch.firstOperation,
      batch.lastOperation,
      batch.contentHash,
      JSON.stringify(batch.recordHashes),
      batch.answer,
      batch.createdAt,
    ],
  );
  // By operation number where there is one, since times may go back (P11); a batch just stored always stays.
  const age = batch.lastOperation === null ? 'created_at' : 'last_operation';
  await sql.run(
    `DELETE FROM sync_batches WHERE slave = $1 AND incarnation = $2 AND batch_id <> $3 AND ${age} < (
       SELECT ${age} FROM sync_batches WHERE slave = $1 AND incarnation = $2
       ORDER BY ${age} DESC LIMIT 1 OFFSET ${KEPT_BATCHES - 1})`,
    [batch.slave, batch.incarnation, batch.batchId],
  );
}
