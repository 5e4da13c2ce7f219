import type { CliInput, CliOption } from './command.ts';

/** `--json`, as every command that shows something has it. */
export const jsonOption: CliOption = {
  flags: '--json',
  description: 'print one JSON document and nothing else',
};

/** Options that stand for settings, by setting; the settings check their values. */
export const settingOptions = {
  MASTER_URL: {
    flags: '--master-url <url>',
    description: 'address of the master, the part before /api/sync',
  },
  SYNC_INTERVAL: { flags: '--interval <minutes>', description: 'minutes between two syncs' },
  SYNC_BATCH_SIZE: { flags: '--batch-size <records>', description: 'most records in one upload' },
  SYNC_TIMEOUT: {
    flags: '--timeout <seconds>',
    description: 'seconds without progress after which a request is given up',
  },
  SYNC_INSECURE_HTTP: {
    flags: '--insecure-http',
    description: 'allow plain http to another machine',
  },
  LOG_LEVEL: { flags: '--log-level <level>', description: 'error, warn, info or debug' },
} as const satisfies Readonly<Record<string, CliOption>>;

/** Values of setting options, by setting, for the settings to check. */
export function settingOverrides({
  options,
}: CliInput): Readonly<Record<string, string | undefined>> {
  const overrides: Record<string, string> = {};
  for (const [setting, option] of Object.entries(settingOptions)) {
    const value = options[optionName(option.flags)];
    if (typeof value === 'string' || value === true) overrides[setting] = String(value);
  }
  return overrides;
}

/** Whether a flag was given. */
export function hasFlag(input: CliInput, name: string): boolean {
  return input.options[name] === true;
}

/** The text of an option, if it was given. */
export function textOption(input: CliInput, name: string): string | undefined {
  const value = input.options[name];
  return typeof value === 'string' ? value : undefined;
}

/** All texts of an option that may be repeated. */
export function listOption(input: CliInput, name: string): readonly string[] {
  const value = input.options[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** The camel case name under which commander keeps an option. */
function optionName(flags: string): string {
  const [long = ''] = flags.replace(/^--/, '').split(/[ =]/);
  return long.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
