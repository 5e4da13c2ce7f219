import { decimal, defineTable, integer, key, text, timestamp } from '../core/table-definition.ts';

/** What a shop has on its shelves. Sales of several shops add up in `quantity`. */
export const inventories = defineTable({
  name: 'inventories',
  columns: {
    id: key(),
    sku: text({ unique: true }),
    name: text(),
    description: text({ nullable: true }),
    quantity: integer({ counter: true, default: 0 }),
    unit_price: decimal(14, 4),
    location: text({ nullable: true }),
    created_at: timestamp({ default: 'now', policy: 'least' }),
    updated_at: timestamp({ default: 'now', policy: 'greatest' }),
  },
});
