import { z } from 'zod';

/** Body of `POST acknowledge`. The seed's three fields are enough. */
export const acknowledgeRequestSchema = z.strictObject({
  timestamp: z.string().max(40),
  status: z.enum(['success', 'failed']),
  message: z.string().max(2000).nullable().optional(),
  cursor: z.string().max(512).nullable().optional(),
  pending: z.number().int().min(0).optional(),
});
/** Body of `POST acknowledge`, checked. */
export type AcknowledgeRequest = z.infer<typeof acknowledgeRequestSchema>;

/** Answer of `POST acknowledge`. */
export const acknowledgeAnswerSchema = z.object({ acknowledged: z.literal(true) });
