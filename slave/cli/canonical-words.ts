/** Other ways to write a command; what follows is left as it is. */
const PAIRS: Readonly<Record<string, string>> = {
  'sync run': 'sync:run',
  'sync status': 'sync:status',
  'sync reset': 'sync:reset',
  'db migrate': 'db:migrate',
};
const SINGLES: Readonly<Record<string, string>> = {
  sync: 'sync:run',
  run: 'sync:run',
  status: 'sync:status',
  reset: 'sync:reset',
  migrate: 'db:migrate',
};

/**
 * Turns the words of a command line into the ones of the registry: `sync run`, `status` and `conflicts:list`
 * mean `sync:run`, `sync:status` and `conflicts list`.
 */
export function canonicalWords(
  argv: readonly string[],
  groups: readonly string[],
): readonly string[] {
  const [first = '', second = '', ...rest] = argv;
  const pair = PAIRS[`${first} ${second}`];
  if (pair !== undefined) return [pair, ...rest];
  const single = SINGLES[first];
  if (single !== undefined) return [single, ...argv.slice(1)];
  const [group = '', member] = first.split(':');
  if (member !== undefined && groups.includes(group)) return [group, member, ...argv.slice(1)];
  return argv;
}
