/** A bearer token as it is kept: never the token itself (design 2.3). */
export interface StoredToken {
  /** Short public name of the token, for lists and `token revoke --id`. */
  readonly id: string;
  /** The slave that the token names. */
  readonly slave: string;
  /** SHA-256 of the token text, 64 hex digits. */
  readonly hash: string;
  /** ISO time. */
  readonly createdAt: string;
  /** ISO time since which it is refused; null while it is valid. */
  readonly revokedAt: string | null;
}

/** Where a master keeps the hashes of its bearer tokens. Reads see what was committed, so a revocation acts at once. */
export interface TokenStore {
  /**
   * Whether no token was ever made. Revoked ones count, so that revoking the last token never opens the master.
   */
  isEmpty(): Promise<boolean>;
  /** The token with this hash, revoked ones too; null when there is none. */
  findByHash(hash: string): Promise<StoredToken | null>;
  /** All tokens, by slave and then by age, oldest first. */
  list(): Promise<readonly StoredToken[]>;
  /** Adds a token. @throws SyncError when the id or the hash is taken. */
  add(token: StoredToken): Promise<void>;
  /** Marks a token as revoked from `at` on. Revoking it again changes nothing. */
  revoke(id: string, at: string): Promise<void>;
}
