import type { IncomingChange, LoggedChange } from '../../common/core/change.ts';
import type { StoredRow } from '../../common/core/merge.ts';
import type { Row } from '../../common/core/table-definition.ts';
import type { ImageResult, MasterWriteTx, Tombstone } from '../../common/storage/master-store.ts';

/** What the master has of the rows that an upload is about, kept up to date while its records are merged. */
export interface UploadState {
  /** Present content; null where there is no row. Rows that cannot be read exactly are in `unreadable`. */
  readonly rows: Map<string, Row | null>;
  /** The same before the upload, to tell inserts from updates. */
  readonly before: ReadonlyMap<string, Row | null>;
  readonly unreadable: ReadonlyMap<string, Extract<ImageResult, { ok: false }>>;
  readonly logged: ReadonlyMap<string, readonly LoggedChange[]>;
  readonly tombstones: ReadonlyMap<string, Tombstone>;
}

/** Names a row across tables. */
export function rowKey(table: string, id: string): string {
  return `${table}/${id}`;
}

/** Loads and locks everything that merging an upload needs: a few statements a table, whatever the number of records. */
export async function loadUploadState(
  tx: MasterWriteTx,
  changes: readonly IncomingChange[],
): Promise<UploadState> {
  const rows = new Map<string, Row | null>();
  const unreadable = new Map<string, Extract<ImageResult, { ok: false }>>();
  const logged = new Map<string, readonly LoggedChange[]>();
  const tombstones = new Map<string, Tombstone>();
  for (const [table, group] of byTable(changes)) {
    const ids = [...new Set(group.map((change) => change.id))];
    const present = await tx.lockRows(table, ids);
    for (const id of ids) {
      const image = present.get(id);
      rows.set(rowKey(table, id), image?.ok ? image.row : null);
      if (image !== undefined && !image.ok) unreadable.set(rowKey(table, id), image);
    }
    const bases = group.flatMap((change) =>
      change.baseVersion === undefined ? [] : [change.baseVersion],
    );
    if (bases.length > 0) {
      const since = await tx.changesSince(table, ids, Math.min(...bases));
      for (const [id, changesOfRow] of since) logged.set(rowKey(table, id), changesOfRow);
    }
    const missing = ids.filter((id) => !present.has(id));
    if (missing.length > 0) {
      for (const [id, stone] of await tx.tombstones(table, missing))
        tombstones.set(rowKey(table, id), stone);
    }
  }
  return { rows, before: new Map(rows), unreadable, logged, tombstones };
}

/** The part of the state that merging one change needs; `writer` is whose own changes are not foreign. */
export function storedRowFor(
  state: UploadState,
  change: IncomingChange,
  writer: string,
): StoredRow {
  const key = rowKey(change.table, change.id);
  const { baseVersion } = change;
  const foreign =
    baseVersion === undefined
      ? []
      : (state.logged.get(key) ?? []).filter(
          (logged) => logged.position > baseVersion && logged.origin !== writer,
        );
  const stone = state.tombstones.get(key);
  const deletion =
    stone === undefined
      ? null
      : {
          row: stone.row,
          isForeign: stone.origin !== writer && stone.position > (baseVersion ?? Infinity),
        };
  return { row: state.rows.get(key) ?? null, foreign, deletion };
}

function byTable(
  changes: readonly IncomingChange[],
): ReadonlyMap<string, readonly IncomingChange[]> {
  return Map.groupBy(changes, (change) => change.table);
}
