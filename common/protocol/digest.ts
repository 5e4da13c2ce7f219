import { z } from 'zod';

/** Answer of `GET digest`: order-independent digests of whole tables (rule VER1). */
export const digestAnswerSchema = z.object({
  position: z.number(),
  tables: z.array(
    z.object({ table: z.string(), rows: z.number(), digest: z.string(), unreadable: z.number() }),
  ),
});
/** Answer of `GET digest`, checked. */
export type DigestAnswer = z.infer<typeof digestAnswerSchema>;

/** Answer of `GET digest/rows?table=&after=`: one page of row digests in key order. */
export const digestRowsAnswerSchema = z.object({
  rows: z.array(z.object({ id: z.string(), digest: z.string() })),
  has_more: z.boolean(),
});
/** Answer of `GET digest/rows`, checked. */
export type DigestRowsAnswer = z.infer<typeof digestRowsAnswerSchema>;
