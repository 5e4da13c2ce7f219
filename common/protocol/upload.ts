import { z } from 'zod';

/** What one record of an upload may hold. Records are checked one by one, so that a bad one rejects itself only. */
export const uploadRecordFields = [
  'table',
  'data',
  'action',
  'id',
  'op',
  'base_version',
  'delta',
  'changed_at',
] as const;

/** A record as slaves and plain clients send it; `data` holds changed columns, all of them for a create. */
export interface UploadRecord {
  readonly table: string;
  readonly id: string;
  readonly action: 'create' | 'update' | 'delete';
  readonly data?: Readonly<Record<string, unknown>>;
  /** Operation number, 1, 2, 3...; slaves only. */
  readonly op?: number;
  /** Position up to which the slave had seen the master's history when the change was made. */
  readonly base_version?: number;
  /** Amounts to add to counters: column to number, or string beyond 2^53 and for decimals. */
  readonly delta?: Readonly<Record<string, string | number>>;
  /** Time of the change by the slave's clock; the master corrects it. */
  readonly changed_at?: string;
}

const operation = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Body of `POST upload`. The seed's `{"records":[...]}` is enough; the rest comes from slaves. */
export const uploadRequestSchema = z.strictObject({
  records: z.array(z.unknown()),
  protocol: z.number().int().optional(),
  incarnation: z.string().min(1).max(64).optional(),
  epoch: z.string().max(64).nullable().optional(),
  /** Idempotency key: the same id gets the same answer. */
  batch_id: z.string().min(1).max(64).optional(),
  first_op: operation.optional(),
  last_op: operation.optional(),
  /** The sender's clock when it sent, ISO. */
  sent_at: z.string().max(40).optional(),
});
/** Body of `POST upload`; its records are checked one by one later. */
export type UploadRequest = z.infer<typeof uploadRequestSchema>;

/** What became of one record. */
export const uploadResultSchema = z.object({
  table: z.string(),
  id: z.string(),
  op: z.number().optional(),
  status: z.enum(['applied', 'merged', 'duplicate', 'conflict', 'rejected']),
  /** Position of the row's newest change, null where nothing is known of the row. */
  version: z.number().nullable(),
  /** The row as it now is at the master, when that differs from what was sent; null if it is deleted there. */
  row: z.record(z.string(), z.unknown()).nullable().optional(),
  error: z.object({ code: z.string(), detail: z.string() }).optional(),
});
/** What became of one record, checked. */
export type UploadResult = z.infer<typeof uploadResultSchema>;

/** Answer of `POST upload`: one result per record, in order. */
export const uploadAnswerSchema = z.object({
  batch_id: z.string().nullable(),
  accepted: z.number(),
  rejected: z.number(),
  conflicts: z.number(),
  results: z.array(uploadResultSchema),
  timestamp: z.string(),
});
/** Answer of `POST upload`, checked. */
export type UploadAnswer = z.infer<typeof uploadAnswerSchema>;
