/** Longest wait that a master, or whatever stands before it, may ask for (rule BACK1). */
export const MAX_RETRY_AFTER_MS = 15 * 60_000;

/** What the headers of an answer say about waiting. */
export interface RetryAfterHeaders {
  /** `Retry-After`: seconds or an HTTP date. */
  readonly retryAfter: string | undefined;
  /** `Date`: the answering side's clock; makes HTTP dates independent of ours (P11). */
  readonly date: string | undefined;
}

/**
 * Milliseconds to wait, 0 to 15 minutes, or nothing where the header is absent or makes no sense.
 *
 * @param nowMs our wall clock, used only for an HTTP date in an answer without a usable `Date`.
 */
export function readRetryAfterMs(headers: RetryAfterHeaders, nowMs: number): number | undefined {
  const text = headers.retryAfter?.trim() ?? '';
  if (/^\d{1,15}$/.test(text)) return limited(Number(text) * 1000);
  const until = httpDateMs(text);
  if (until === undefined) return undefined;
  return limited(until - (httpDateMs(headers.date ?? '') ?? nowMs));
}

/** Cuts a wait to what is honoured. */
export function limited(waitMs: number): number {
  return Math.min(Math.max(0, Math.round(waitMs)), MAX_RETRY_AFTER_MS);
}

/** Only the form that HTTP uses; `Date.parse` alone would take nearly anything. */
function httpDateMs(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text))
    return undefined;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? undefined : parsed;
}
