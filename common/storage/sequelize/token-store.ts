import type { StoredToken, TokenStore } from '../token-store.ts';
import type { SqlDatabase } from './sql-database.ts';

interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly created_at: string;
  readonly revoked_at: string | null;
}

const COLUMNS = 'id, name, hash, created_at, revoked_at';

/**
 * Keeps token hashes in the master's database, in a table of the master's schema. Nothing is cached: a revoked token
 * is refused from the next request on, by every master on the same database.
 */
export function createSqlTokenStore(database: SqlDatabase): TokenStore {
  return {
    isEmpty: async () => (await database.all('SELECT id FROM sync_tokens LIMIT 1')).length === 0,
    findByHash: async (hash) => {
      const sql = `SELECT ${COLUMNS} FROM sync_tokens WHERE hash = $1`;
      const [row] = await database.all<TokenRow>(sql, [hash]);
      return row === undefined ? null : toToken(row);
    },
    list: async () => {
      const sql = `SELECT ${COLUMNS} FROM sync_tokens ORDER BY name, created_at, id`;
      return (await database.all<TokenRow>(sql)).map(toToken);
    },
    add: async ({ id, slave, hash, createdAt, revokedAt }) => {
      const sql = `INSERT INTO sync_tokens (${COLUMNS}) VALUES ($1, $2, $3, $4, $5)`;
      await database.write((tx) => tx.run(sql, [id, slave, hash, createdAt, revokedAt]));
    },
    revoke: async (id, at) => {
      const sql = 'UPDATE sync_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL';
      await database.write((tx) => tx.run(sql, [at, id]));
    },
  };
}

function toToken(row: TokenRow): StoredToken {
  return {
    id: row.id,
    slave: row.name,
    hash: row.hash,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
