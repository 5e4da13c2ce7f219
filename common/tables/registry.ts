import type { TableDefinition } from '../core/table-definition.ts';
import { inventories } from './inventories.ts';
import { inventoryAdjustments } from './inventory-adjustments.ts';
import { syncConflicts } from './sync-conflicts.ts';
import { transactions } from './transactions.ts';

/** The synced tables: one line for each file of this folder. Add yours here. */
export const tableDefinitions: readonly TableDefinition[] = [
  inventories,
  transactions,
  inventoryAdjustments,
  syncConflicts,
];
