/**
 * Brings a command line into the form that commands are declared in: `db migrate` and `db:migrate` are the same, and
 * so are `token create` and `token:create`. Only the first words count; options and names behind them stay.
 */
export function matchWords(
  argv: readonly string[],
  declared: readonly string[],
): readonly string[] {
  const [first = '', second = '', ...rest] = argv;
  const byColon = new Map(declared.map((words) => [words.replace(' ', ':'), words]));
  const joined = byColon.get(first);
  if (joined !== undefined) return [...joined.split(' '), ...argv.slice(1)];
  const parted = byColon.get(`${first}:${second}`);
  if (parted !== undefined) return [...parted.split(' '), ...rest];
  return argv;
}
