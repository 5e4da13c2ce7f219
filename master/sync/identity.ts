/** Who a request comes from, as authentication and headers tell. */
export interface RequestIdentity {
  /** Name that the token gives; where no token is configured, what the slave calls itself; empty for an anonymous plain client. */
  readonly name: string;
  /** Null for plain clients. */
  readonly slave: SlaveHeaders | null;
}

/** What a slave says of itself with every request (rule ID1). */
export interface SlaveHeaders {
  readonly protocol: number;
  readonly incarnation: string;
  readonly nonce: string | null;
  readonly exchangeId: string | null;
  readonly program: string | null;
}
