/** What a fault proxy does with one request. */
export type Fault =
  /** Hands request and answer through. */
  | { readonly kind: 'pass' }
  /** Closes the connection; the target never sees the request. */
  | { readonly kind: 'drop-request' }
  /** Lets the target do its work, then closes the connection without a byte of the answer. */
  | { readonly kind: 'drop-response' }
  /** Waits, then hands request and answer through. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Sends the request twice, one after the other, and hands one of the answers through. */
  | { readonly kind: 'duplicate'; readonly answer?: 'first' | 'second' }
  /**
   * Hands `afterBytes` bytes of the answer through, head included, then ends the connection: in order (FIN), or as
   * a crash does (RST).
   */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly end?: 'fin' | 'rst' }
  /** Hands the answer through `bytes` at a time, with a pause after each. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** Gives an answer of its own; the target never sees the request unless `forward` says so. */
  | {
      readonly kind: 'replace';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
      readonly forward?: boolean;
    }
  /** Takes the request and never answers; the target never sees it unless `forward` says so. */
  | { readonly kind: 'black-hole'; readonly forward?: boolean };

/** A request as it arrived at the proxy. */
export interface ProxiedRequest {
  /** 0 for the first request. */
  readonly index: number;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** SHA-256 of the body, hexadecimal: equal for a true retry. */
  readonly bodySha256: string;
}

/** A request in the proxy's log, with what became of it. */
export interface LoggedRequest extends ProxiedRequest {
  readonly fault: Fault['kind'];
  /** Statuses that the target answered, one for each time it got the request. */
  readonly targetStatuses: readonly number[];
  /** The status that the client got to see; null when it got none (or none yet). */
  readonly status: number | null;
}

/** A captive portal's page: HTML with status 200. */
export const htmlPage = {
  kind: 'replace',
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<!doctype html><title>Welcome</title><p>Please accept the terms of this network.</p>',
} as const satisfies Fault;

/** A captive portal's redirect to `location`. */
export function redirectTo(location: string, status = 302): Fault {
  return { kind: 'replace', status, headers: { location } };
}

/**
 * A proxy's or a master's refusal without a usable body.
 *
 * @param retryAfter value of `Retry-After`: seconds, or an HTTP date; absent for none.
 */
export function refusal(status: 413 | 429 | 502 | 503 | 504, retryAfter?: string): Fault {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  return { kind: 'replace', status, headers, body: '' };
}
