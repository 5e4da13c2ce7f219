/** An upload's place in its slave's series of operations. */
export interface BatchRange {
  readonly batchId: string;
  readonly first: number;
  readonly last: number;
  readonly contentHash: string;
  /** One digest per record, in order. */
  readonly recordHashes: readonly string[];
}

/** A batch that was answered before. */
export interface AnsweredBatch extends BatchRange {
  readonly answer: string;
}

/** What to do with a batch (rule ONCE2). */
export type SequenceVerdict =
  /** Nothing of it is known. */
  | { readonly kind: 'new' }
  /** The very batch: give the stored answer. */
  | { readonly kind: 'stored'; readonly answer: string }
  /** The first `known` records were applied before; the rest is new. */
  | { readonly kind: 'overlap'; readonly known: number }
  | { readonly kind: 'gap'; readonly expected: number }
  | { readonly kind: 'batch_id_reused' }
  /** An operation number came back with other content: an old backup or a copy. */
  | { readonly kind: 'rewound'; readonly operation: number };

/**
 * Judges an upload against the slave's last operation number and the answers that are still stored.
 *
 * @param answered stored batches that overlap the range, or have its id.
 */
export function judgeSequence(
  lastOperation: number,
  batch: BatchRange,
  answered: readonly AnsweredBatch[],
): SequenceVerdict {
  const same = answered.find((stored) => stored.batchId === batch.batchId);
  if (same !== undefined) {
    return same.contentHash === batch.contentHash && same.first === batch.first
      ? { kind: 'stored', answer: same.answer }
      : { kind: 'batch_id_reused' };
  }
  if (batch.first > lastOperation + 1) return { kind: 'gap', expected: lastOperation + 1 };
  if (batch.first === lastOperation + 1) return { kind: 'new' };
  const known = Math.min(lastOperation, batch.last) - batch.first + 1;
  const hashes = hashByOperation(answered);
  for (let index = 0; index < known; index += 1) {
    const stored = hashes.get(batch.first + index);
    // What is no longer stored cannot be compared; it is a duplicate by its number alone.
    if (stored !== undefined && stored !== batch.recordHashes[index]) {
      return { kind: 'rewound', operation: batch.first + index };
    }
  }
  return { kind: 'overlap', known };
}

/** Digest of each stored operation. */
export function hashByOperation(answered: readonly AnsweredBatch[]): ReadonlyMap<number, string> {
  return new Map(
    answered.flatMap((batch) =>
      batch.recordHashes.map((hash, index) => [batch.first + index, hash] as const),
    ),
  );
}
