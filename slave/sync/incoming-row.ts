import type { Row, TableDefinition } from '../../common/core/table-definition.ts';

/** A row as the master has it; null where it is deleted. */
export interface IncomingRow {
  readonly table: TableDefinition;
  readonly id: string;
  readonly row: Row | null;
  /** Position of the newest change that the row holds. */
  readonly version: number;
}
