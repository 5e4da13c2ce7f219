import type { z } from 'zod';
import { SyncError } from '../../common/core/sync-error.ts';

/** One fault of a request, as problems list them. */
export interface RequestFault {
  /** JSON pointer (RFC 6901) to the value; empty for the whole body. */
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

/** Most faults that one answer lists. */
const MAX_FAULTS = 50;
const MAX_FOREIGN_TEXT = 64;

type ObjectSchema = z.ZodType & { readonly shape: Readonly<Record<string, unknown>> };

/**
 * Checks a body against the protocol. Fields beginning with `x-` are passed over, for programs in between.
 *
 * @throws SyncError `protocol_unknown_field`, `protocol_invalid_request` with the faults in `details.errors`.
 */
export function checkEnvelope<S extends ObjectSchema>(
  schema: S,
  body: Readonly<Record<string, unknown>>,
): z.output<S> {
  const fields = Object.keys(body).filter((name) => !name.startsWith('x-'));
  const unknown = fields.filter((name) => !Object.hasOwn(schema.shape, name));
  if (unknown.length > 0) throw unknownFields(unknown);
  const known = Object.fromEntries(fields.map((name) => [name, body[name]]));
  const result = schema.safeParse(known);
  if (result.success) return result.data;
  const errors = result.error.issues.slice(0, MAX_FAULTS).map(toFault);
  const [first] = errors;
  throw new SyncError(
    'protocol_invalid_request',
    `the body is not what the endpoint takes: ${first?.pointer ?? ''} ${first?.detail ?? ''}`,
    { details: { errors } },
  );
}

function unknownFields(names: readonly string[]): SyncError {
  const errors = names.slice(0, MAX_FAULTS).map((name) => ({
    pointer: pointerOf([name]),
    code: 'unknown_field',
    detail: 'the endpoint does not know this field',
  }));
  const [first = ''] = names;
  return new SyncError(
    'protocol_unknown_field',
    `the body holds the unknown field "${first.slice(0, MAX_FOREIGN_TEXT)}"`,
    { details: { errors } },
  );
}

function toFault(issue: z.core.$ZodIssue): RequestFault {
  return { pointer: pointerOf(issue.path), code: issue.code, detail: issue.message.slice(0, 200) };
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) =>
      String(part).slice(0, MAX_FOREIGN_TEXT).replaceAll('~', '~0').replaceAll('/', '~1'),
    )
    .map((part) => `/${part}`)
    .join('');
}
