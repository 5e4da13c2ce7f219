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

const MAX_LENGTH = 512;
const POSITION = /^(?:0|[1-9]\d{0,15})$/;
const EPOCH = /^[0-9a-f]{8,64}$/;
const TABLE = /^[a-z][a-z0-9_]{0,62}$/;

/** The opaque text that travels: `epoch.position`, in a snapshot also table and key. */
export function formatCursor(cursor: Cursor): string {
  const head = `${cursor.epoch}.${cursor.position}`;
  if (cursor.kind === 'log') return head;
  const key =
    cursor.after === null ? '' : `.${Buffer.from(cursor.after, 'utf8').toString('base64url')}`;
  return `${head}.${cursor.table}${key}`;
}

/** Reads a cursor; undefined when the text is none that {@link formatCursor} makes. */
export function parseCursor(text: string): Cursor | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [epoch = '', digits = '', ...place] = text.split('.');
  const position = Number(digits);
  if (!EPOCH.test(epoch) || !POSITION.test(digits) || !Number.isSafeInteger(position)) {
    return undefined;
  }
  return place.length === 0
    ? { kind: 'log', epoch, position }
    : snapshotCursor({ epoch, position }, place);
}

function snapshotCursor(
  head: { readonly epoch: string; readonly position: number },
  [table = '', key, ...rest]: readonly string[],
): Cursor | undefined {
  if (!TABLE.test(table) || rest.length > 0) return undefined;
  if (key === undefined) return { kind: 'snapshot', ...head, table, after: null };
  const after = readKey(key);
  return after === undefined ? undefined : { kind: 'snapshot', ...head, table, after };
}

/** The key itself, which goes into a query: no NUL, and only from the one text that stands for it. */
function readKey(encoded: string): string | undefined {
  const key = Buffer.from(encoded, 'base64url').toString('utf8');
  if (key === '' || key.includes('\0')) return undefined;
  return Buffer.from(key, 'utf8').toString('base64url') === encoded ? key : undefined;
}
