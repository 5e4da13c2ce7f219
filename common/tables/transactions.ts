import { decimal, defineTable, integer, key, text, timestamp } from '../core/table-definition.ts';

/** Sales, purchases, returns and transfers; `type` is one of `sale`, `purchase`, `return`, `transfer`. */
export const transactions = defineTable({
  name: 'transactions',
  columns: {
    id: key(),
    inventory_id: text({ references: 'inventories' }),
    type: text(),
    quantity: integer(),
    unit_price: decimal(14, 4),
    total: decimal(16, 4),
    reference: text({ nullable: true }),
    occurred_at: timestamp({ default: 'now' }),
    created_at: timestamp({ default: 'now', policy: 'least' }),
    updated_at: timestamp({ default: 'now', policy: 'greatest' }),
  },
});
