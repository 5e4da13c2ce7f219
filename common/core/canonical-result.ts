import type { ErrorCode } from './error-codes.ts';
import type { WireValue } from './table-definition.ts';

/** A value in canonical form, or why it cannot be carried exactly (P13). `detail` never holds the value. */
export type CanonicalResult =
  | { readonly ok: true; readonly value: WireValue }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };
