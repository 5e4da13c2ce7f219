import { z } from 'zod';

/**
 * Body of `POST enroll`: a slave takes (or takes back) its name with a new incarnation, and asks which of its
 * unsent operations the master already has from the old one (rule ID4). Repeatable.
 */
export const enrollRequestSchema = z.strictObject({
  incarnation: z.string().min(1).max(64),
  replaces: z.string().max(64).nullable(),
  /** Digests of unsent operations made under `replaces`, at most 5000 a request. */
  operations: z
    .array(z.strictObject({ op: z.number().int().min(1), hash: z.string().max(64) }))
    .max(5000),
  /** False while more operations follow; the incarnation changes with the last request. */
  final: z.boolean(),
});
/** Body of `POST enroll`, checked. */
export type EnrollRequest = z.infer<typeof enrollRequestSchema>;

/** Answer of `POST enroll`. */
export const enrollAnswerSchema = z.object({
  epoch: z.string(),
  /** Operations that the master has, with the same content. */
  known: z.array(z.number()),
  /** Operations with numbers that the master has used, but whose content it no longer remembers. */
  unverifiable: z.array(z.number()),
});
/** Answer of `POST enroll`, checked. */
export type EnrollAnswer = z.infer<typeof enrollAnswerSchema>;
