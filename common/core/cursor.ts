/** Where a slave is: in the log, or within a snapshot that began at a position (rule DOWN4). */
export type Cursor =
  | { readonly kind: 'log'; readonly epoch: string; readonly position: number }
  | {
      readonly kind: 'snapshot';
      readonly epoch: string;
      /** Head of the log when the snapshot began; the log is read from here afterwards. */
      readonly position: number;
      readonly table: string;
      /** Last key that was delivered; null when the table has not begun. */
      readonly after: string | null;
    };

const EPOCH = /^[0-9a-f]{8,64}$/;
const TABLE = /^[a-z][a-z0-9_]{0,62}$/;

/** The opaque text that travels: `epoch.position`, in a snapshot also table and key. */
export function formatCursor(cursor: Cursor): string {
  const head = `${cursor.epoch}.${cursor.position}`;
  if (cursor.kind === 'log') return head;
  const key = cursor.after === null ? '' : `.${Buffer.from(cursor.after, 'utf8').toString('base64url')}`;
  return `${head}.${cursor.table}${key}`;
}

/** Reads a cursor; undefined when the text is none that {@link formatCursor} makes. */
export function parseCursor(text: string): Cursor | undefined {
  const [epoch = '', digits = '', table, key, ...rest] = text.split('.');
  const position = Number(digits);
  if (rest.length > 0 || text.length > 512 || !EPOCH.test(epoch)) return undefined;
  if (!/^\d{1,16}$/.test(digits) || !Number.isSafeInteger(position)) return undefined;
  if (table === undefined) return { kind: 'log', epoch, position };
  if (!TABLE.test(table)) return undefined;
  if (key === undefined) return { kind: 'snapshot', epoch, position, table, after: null };
  const after = Buffer.from(key, 'base64url').toString('utf8');
  if (after === '' || Buffer.from(after, 'utf8').toString('base64url') !== key) return undefined;
  return { kind: 'snapshot', epoch, position, table, after };
}
