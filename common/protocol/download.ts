import { z } from 'zod';

/** What a slave asks with `GET download`; a plain client may leave out everything. */
export interface DownloadQuery {
  readonly lastSyncedAt?: string;
  readonly tables?: readonly string[];
  readonly cursor?: string;
  readonly limit?: number;
}

/** One record of a page: the whole row as it was at the page's end; `data` is null for a delete. */
export const downloadRecordSchema = z.object({
  table: z.string(),
  id: z.string(),
  action: z.enum(['create', 'update', 'delete']),
  data: z.record(z.string(), z.unknown()).nullable(),
  /** Position of the row's newest change within the page. */
  version: z.number(),
  updated_at: z.string(),
});
/** One record of a page, checked by shape; values are checked against the table. */
export type DownloadRecord = z.infer<typeof downloadRecordSchema>;

/** Part of a table, in binary key order, that a snapshot page holds completely. */
export const snapshotRangeSchema = z.object({
  table: z.string(),
  /** Exclusive lower end, null for the start of the table. */
  after: z.string().nullable(),
  /** Inclusive upper end, null for the end of the table. */
  up_to: z.string().nullable(),
});
/** A key range that a snapshot page holds completely. */
export type SnapshotRange = z.infer<typeof snapshotRangeSchema>;

/** Answer of `GET download`. */
export const downloadAnswerSchema = z.object({
  records: z.array(downloadRecordSchema),
  /** Where to go on; opaque. */
  cursor: z.string(),
  has_more: z.boolean(),
  /** Safe to send back as `last_synced_at`. */
  timestamp: z.string(),
  /** Position up to which the receiver now knows the master's history; the base version of changes made from here on. */
  position: z.number(),
  /** Only for slaves: newest operation of the receiver that the master has; a row may hold what it did or not. */
  last_op: z.number().optional(),
  /** Ends inside a transaction: keep it aside until a page without this mark (rule DOWN3). */
  partial: z.boolean().optional(),
  /** Only on pages of a first load or resync. */
  snapshot: z
    .object({
      ranges: z.array(snapshotRangeSchema),
      /** Rows of all tables when the load began, for progress; an estimate. */
      total_rows: z.number(),
    })
    .optional(),
});
/** Answer of `GET download`, checked by shape. */
export type DownloadAnswer = z.infer<typeof downloadAnswerSchema>;
