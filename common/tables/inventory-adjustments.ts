import { defineTable, integer, key, text, timestamp } from '../core/table-definition.ts';

/** Corrections of stock with their reason: breakage, theft, counts. */
export const inventoryAdjustments = defineTable({
  name: 'inventory_adjustments',
  columns: {
    id: key(),
    inventory_id: text({ references: 'inventories' }),
    quantity_change: integer(),
    reason: text(),
    adjusted_by: text({ nullable: true }),
    created_at: timestamp({ default: 'now', policy: 'least' }),
    updated_at: timestamp({ default: 'now', policy: 'greatest' }),
  },
});
