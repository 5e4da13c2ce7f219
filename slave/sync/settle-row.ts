import { canonicalizeRow } from '../../common/core/canonical-value.ts';
import { rebase, rowBefore, type LocalChange } from '../../common/core/rebase.ts';
import { withoutSettled } from '../../common/core/squash.ts';
import { isErrorCode } from '../../common/core/sync-error.ts';
import type { Row, TableDefinition } from '../../common/core/table-definition.ts';
import type { UploadResult } from '../../common/protocol/upload.ts';
import type { OutboxEntry, Shadow, SlaveSyncState } from '../../common/storage/slave-store.ts';
import { changeOf } from './local-work.ts';
import { rejectedFrom, type NewRejected, type RejectReason } from './set-aside.ts';

/** Most characters of a master's reason that are kept. */
const MAX_DETAIL_LENGTH = 500;

/** One sent entry with what became of it. */
export interface EntryResult {
  readonly entry: OutboxEntry;
  readonly result: UploadResult;
}

/** What is to be done for one row after its changes were answered. */
export interface RowSettlement {
  readonly table: TableDefinition;
  readonly id: string;
  /** The master's row after these changes, where it is not simply what the slave shows. */
  readonly shadow: Shadow | undefined;
  readonly rejected: readonly NewRejected[];
  /** Version of the newest accepted change, to be acknowledged (rule ECHO2). */
  readonly version: number | null;
  /** The local row must be made anew from the shadow. */
  readonly isTouched: boolean;
  /** One of the changes had been set aside before, so the row may be missing here. */
  readonly wasSetAside: boolean;
}

/** The answered changes of one row, in order. */
export interface RowAnswers {
  readonly table: TableDefinition;
  readonly shadow: Shadow | undefined;
  /** The row shown here is not the shadow with local work on top, so it must be made anew. */
  readonly isTouched: boolean;
  readonly results: readonly EntryResult[];
  readonly state: SlaveSyncState;
  readonly now: string;
}

/** A settlement in the making, with the version of the row that the answer held; it includes all changes up to there. */
interface Progress extends RowSettlement {
  readonly givenVersion?: number | null;
}

/** Works out what a batch's answer means for one row. Pure. */
export function settleRow(answers: RowAnswers): RowSettlement {
  const start: Progress = {
    table: answers.table,
    id: answers.results[0]?.entry.id ?? '',
    shadow: answers.shadow,
    rejected: [],
    version: null,
    isTouched: answers.isTouched,
    wasSetAside: answers.results.some(({ entry }) => entry.attempts > 0),
  };
  const { givenVersion: _version, ...settlement } = answers.results.reduce(
    (settled, { entry, result }) =>
      result.status === 'rejected'
        ? settleRejected(settled, entry, result, answers)
        : settleAccepted(settled, entry, result, answers),
    start,
  );
  return settlement;
}

function settleAccepted(
  settled: Progress,
  entry: OutboxEntry,
  result: UploadResult,
  answers: RowAnswers,
): Progress {
  const { table, shadow } = settled;
  const change = changeOf(entry);
  const left = settled.rejected
    .map((earlier) => withoutSettled(earlier, change))
    .filter((item) => item !== null);
  const next = { ...settled, rejected: left };
  const { version } = result;
  if (answers.shadow !== undefined && isOlder(result, answers.shadow)) {
    return {
      ...next,
      isTouched: true,
      version: Math.max(version ?? 0, settled.version ?? 0) || null,
    };
  }
  const given = givenRow(table, result);
  if (given !== undefined) return { ...next, ...takeGiven(settled, given, version) };
  const known = knownVersion(result);
  // One upload writes a row once, so a row given with this version holds this change too.
  if (settled.givenVersion === version) return { ...next, version: known ?? settled.version };
  return {
    ...next,
    shadow: rebasedShadow(table, shadow, change, known),
    version: known ?? settled.version,
  };
}

/** The master's row with an accepted change of ours on top. */
function rebasedShadow(
  table: TableDefinition,
  shadow: Shadow | undefined,
  change: LocalChange,
  version: number | null,
): Shadow | undefined {
  if (shadow === undefined) return undefined;
  const row = rebase(table, shadow.row, [change]);
  return { ...shadow, row, version: version ?? shadow.version };
}

/**
 * Whether the master's row was known from later than this answer before it came: a repeated batch gets its old answer, and a download
 * may have brought newer rows since. An answer without version wrote nothing; then what came down stands.
 */
function isOlder(result: UploadResult, shadow: Shadow): boolean {
  if (result.version !== null) return shadow.version >= result.version;
  return result.row !== undefined && shadow.version > 0;
}

/** A duplicate's version may hold changes of others that have not come down yet, so it is not acknowledged. */
function knownVersion(result: UploadResult): number | null {
  return result.row === undefined && result.status !== 'duplicate' ? result.version : null;
}

function settleRejected(
  settled: Progress,
  entry: OutboxEntry,
  result: UploadResult,
  { shadow, state, now }: RowAnswers,
): Progress {
  const next = {
    ...settled,
    rejected: [...settled.rejected, rejectedFrom(entry, reasonOf(result), state, now)],
  };
  const given = givenRow(settled.table, result);
  const isNews = shadow === undefined || !isOlder(result, shadow);
  if (given !== undefined && isNews) {
    return { ...next, ...takeGiven(settled, given, result.version), version: settled.version };
  }
  const row = rowBefore(changeOf(entry));
  if (settled.shadow !== undefined || row === undefined) return next;
  return { ...next, shadow: { table: settled.table.name, id: settled.id, row, version: 0 } };
}

function reasonOf(result: UploadResult): RejectReason {
  const code = result.error?.code;
  const detail = result.error?.detail.slice(0, MAX_DETAIL_LENGTH) ?? 'the master gave no reason';
  return { code: isErrorCode(code) ? code : 'row_constraint', detail };
}

function takeGiven(
  settled: RowSettlement,
  row: Row | null,
  version: number | null,
): Pick<Progress, 'shadow' | 'isTouched' | 'version' | 'givenVersion'> {
  const shadow = { table: settled.table.name, id: settled.id, row, version: version ?? 0 };
  return {
    shadow,
    isTouched: true,
    version: version ?? settled.version,
    givenVersion: version,
  };
}

/** The row as it is at the master; undefined when none came, or none that can be read exactly (a download brings it). */
function givenRow(table: TableDefinition, result: UploadResult): Row | null | undefined {
  if (result.row === undefined || result.row === null) return result.row;
  const parsed = canonicalizeRow(table, result.row);
  return parsed.ok && parsed.row['id'] === result.id ? parsed.row : undefined;
}
