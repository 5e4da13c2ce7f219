import type { MasterCommand } from '../command.ts';

/** `db:migrate`: prepares the database, or brings it up to date. */
export const migrateCommand: MasterCommand = {
  words: 'db:migrate',
  summary: 'prepare the database, or bring it up to date; every row stays',
  examples: [
    ['master db:migrate', 'can be repeated; `start` does the same by itself'],
    ['master db migrate --json', 'what was done, for programs: {"created","adopted","changed"}'],
  ],
  execute: async (call) => {
    const { openMasterFor } = await import('../open-master.ts');
    const { master } = await openMasterFor(call);
    const { created, adopted, changed } = master.migration;
    call.output.result({ created, adopted, changed }, () => {
      const lines = [
        ...created.map((table) => `made table ${table}`),
        ...changed.map((column) => `added column ${column}`),
        ...adopted.map(({ table, rows }) => `offered ${rows} rows of ${table} to slaves`),
      ];
      return lines.length === 0 ? ['The database is up to date.'] : lines;
    });
  },
};
