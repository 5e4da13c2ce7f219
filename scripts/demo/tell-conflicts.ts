import type { EditPlan } from './plan-edits.ts';
import type { SqlRow } from './sqlite-file.ts';

/** The edits that contradict each other. */
export type OfflineEdits = Pick<EditPlan, 'names' | 'places' | 'removal'>;

/** How often conflicts were settled in one way. */
export interface ConflictCount {
  /** What met: `name`, `location`, or `update against delete`. */
  readonly what: string;
  readonly policy: string;
  readonly outcome: string;
  readonly count: number;
}

/** Counts conflicts by what they were about and how they were settled; the most frequent first. */
export function countConflicts(conflicts: readonly SqlRow[]): readonly ConflictCount[] {
  const kinds = Map.groupBy(conflicts, (row) =>
    JSON.stringify([whatOf(row), row['policy'], outcomeOf(row)]),
  );
  return [...kinds.values()]
    .flatMap((rows) => {
      const [first] = rows;
      if (first === undefined) return [];
      return [
        {
          what: whatOf(first),
          policy: String(first['policy']),
          outcome: outcomeOf(first),
          count: rows.length,
        },
      ];
    })
    .toSorted((a, b) => b.count - a.count);
}

/** One conflict about a name, and the one about the removed product, in words. */
export function tellExamples(
  conflicts: readonly SqlRow[],
  plan: OfflineEdits,
  products: ReadonlyMap<string, SqlRow>,
): readonly string[] {
  const name = conflicts.find((row) => whatOf(row) === 'name');
  const place = conflicts.find((row) => whatOf(row) === 'location');
  const removal = conflicts.find((row) => row['record_id'] === plan.removal.productId);
  return [
    ...(name === undefined ? [] : [tellEdit(name, 'name', plan)]),
    ...(place === undefined ? [] : [tellEdit(place, 'location', plan)]),
    ...(removal === undefined ? [] : [tellRemoval(removal, products)]),
  ];
}

function tellEdit(row: SqlRow, column: 'name' | 'location', plan: OfflineEdits): string {
  const id = String(row['record_id']);
  const sent = { by: String(row['slave']), value: valueIn(row['incoming'], column) };
  const stood = valueIn(row['master'], column);
  const there = { by: writerOf(plan, { id, column, value: stood, notBy: sent.by }), value: stood };
  const [winner, loser] = row['outcome'] === 'incoming' ? [sent, there] : [there, sent];
  return `${column} of ${id}: ${loser.by} wrote "${loser.value}", ${winner.by} wrote "${winner.value}" later, which stands`;
}

function tellRemoval(row: SqlRow, products: ReadonlyMap<string, SqlRow>): string {
  const id = String(row['record_id']);
  const product = products.get(id);
  const end =
    product === undefined
      ? 'the product is gone'
      : `"${String(product['name'])}" stays, with its sales`;
  return `${id}: south took it off the list while others sold it; ${end}`;
}

/** The shop, in lower case as slaves are named, that wrote a value while it was offline. */
function writerOf(
  plan: OfflineEdits,
  {
    id,
    column,
    value,
    notBy,
  }: {
    readonly id: string;
    readonly column: string;
    readonly value: string;
    readonly notBy: string;
  },
): string {
  const edits =
    column === 'name'
      ? plan.names.map((edit) => ({ ...edit, value: edit.name }))
      : plan.places.map((edit) => ({ ...edit, value: edit.location }));
  const writer = edits.find(
    (edit) => edit.productId === id && edit.value === value && edit.region.toLowerCase() !== notBy,
  );
  return writer?.region.toLowerCase() ?? 'the master';
}

function whatOf(row: SqlRow): string {
  const columns = JSON.parse(String(row['columns'])) as readonly string[];
  return columns.length === 0 ? 'update against delete' : columns.join(', ');
}

function outcomeOf(row: SqlRow): string {
  if (row['state'] === 'open') return 'waits for a decision';
  if (whatOf(row) === 'update against delete') return String(row['reason']);
  return row['outcome'] === 'incoming'
    ? 'the one that arrived later stands'
    : 'the one that was there stands';
}

function valueIn(image: unknown, column: string): string {
  if (typeof image !== 'string') return '';
  const row = JSON.parse(image) as Readonly<Record<string, unknown>>;
  const value = row[column];
  return typeof value === 'string' ? value : '';
}
