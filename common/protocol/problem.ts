import { z } from 'zod';

/** Error body (RFC 9457, `application/problem+json`). */
export const problemSchema = z.object({
  /** `urn:sync:error:` and the code. */
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  /** Stable; programs decide by it. */
  code: z.string(),
  requestId: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.number().optional(),
  errors: z
    .array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() }))
    .optional(),
  /** Facts such as `expected_op`; never row values. */
  details: z.record(z.string(), z.unknown()).optional(),
});
/** An error body, checked. */
export type Problem = z.infer<typeof problemSchema>;
