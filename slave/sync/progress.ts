import type { ErrorCode } from '../../common/core/error-codes.ts';

/** Progress of a running cycle. */
export type ProgressEvent =
  | {
      readonly kind: 'phase';
      readonly phase: 'upload' | 'download' | 'acknowledge' | 'load' | 'retry';
    }
  | { readonly kind: 'uploaded'; readonly records: number; readonly remaining: number }
  | {
      readonly kind: 'downloaded';
      readonly records: number;
      readonly total: number;
      readonly expected: number | null;
    }
  | { readonly kind: 'notice'; readonly code: ErrorCode; readonly message: string };
