import { counted } from '../../../common/cli/table-text.ts';
import type { CliCommand } from '../command.ts';
import { hasFlag, jsonOption } from '../options.ts';
import { shown } from '../output.ts';
import { loadConfig } from '../session.ts';

/** `db:migrate`: makes tables and capture triggers; keeps every row. */
export const dbMigrateCommand: CliCommand = {
  path: ['db:migrate'],
  summary: 'prepare the database, or bring it up to date',
  description:
    'Makes what is missing: synced tables, their columns, capture triggers and the tables of the sync itself. Rows stay. May be repeated.',
  options: [jsonOption],
  examples: ['slave db:migrate', 'DATABASE_URL=sqlite:app.sqlite slave db:migrate'],
  run: async (context, input) => {
    const { config } = await loadConfig(context, input);
    const { migrateDatabase } = await import('../../compose.ts');
    const report = await migrateDatabase(config);
    if (hasFlag(input, 'json')) {
      context.output.json({ database: config.databaseFile, ...report });
      return;
    }
    const { created, adopted, changed } = report;
    context.output.lines([
      ...created.map((table) => `made table ${table}`),
      ...changed.map((column) => `added column ${column}`),
      ...adopted.map(({ table, rows }) => `${counted(rows, 'row')} of ${table} will be sent`),
      `ready: ${shown(config.databaseFile)}`,
    ]);
  },
};
