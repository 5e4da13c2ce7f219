import { safeText } from '../core/safe-text.ts';
import { SyncError } from '../core/sync-error.ts';
import { nearestName } from './nearest-name.ts';
import { createRedactor, redactedMark, type Redactor } from './redact.ts';
import type {
  SettingDefinition,
  SettingDefinitions,
  SettingFault,
  SettingSource,
  SettingValues,
} from './setting-definition.ts';
import {
  readSources,
  type FoundText,
  type SourceOptions,
  type Sources,
} from './setting-sources.ts';

/** One setting as it was found. */
export interface LoadedSetting {
  readonly name: string;
  /** Safe to show: secrets are masked, nothing acts on a terminal. */
  readonly shownValue: string;
  readonly source: SettingSource;
  /** The file that held the value, where `NAME_FILE` was used. */
  readonly file?: string;
  /** Sources of lower rank that say something else and were not used. */
  readonly overridden: readonly SettingSource[];
  readonly definition: SettingDefinition<unknown>;
}

/** All settings of a program, valid. */
export interface LoadedSettings<D extends SettingDefinitions = SettingDefinitions> {
  readonly values: SettingValues<D>;
  readonly settings: readonly LoadedSetting[];
  /** One sentence each; to be logged, or shown by `config` and `doctor`. */
  readonly warnings: readonly string[];
  /** Values that must never be logged; for the redactor. */
  readonly secrets: readonly string[];
}

/** Where settings come from and what goes beyond single values. */
export interface LoadOptions<D extends SettingDefinitions> extends SourceOptions {
  /** Looks at values together; those that are wrong by themselves are missing. */
  readonly check?: (values: Partial<SettingValues<D>>) => readonly SettingFault[];
  /** Begin of names that belong to the product; others that begin so are warned about. */
  readonly ownPrefix?: string;
}

/** A setting for people and programs; what `config` prints, as a table or as JSON. */
export interface SettingDescription {
  readonly name: string;
  readonly value: string;
  readonly source: SettingSource;
  readonly overridden: readonly SettingSource[];
  readonly file?: string;
  readonly description: string;
  readonly allowed: string;
  readonly example: string;
}

/**
 * Loads settings: command line, then environment, then `.env` in the working folder, then the default.
 *
 * @throws SyncError `config_invalid` that names every fault at once, with the value (secrets masked), what is allowed and an
 *   example; `usage_invalid` if all faults come from the command line. `details.faults` has them as data.
 */
export function loadSettings<const D extends SettingDefinitions>(
  definitions: D,
  options: LoadOptions<D>,
): LoadedSettings<D> {
  const sources = readSources(definitions, options);
  const { values, faults } = parseAll(definitions, sources);
  const valid = values as Partial<SettingValues<D>>;
  const all = [...sources.faults, ...faults, ...(options.check?.(valid) ?? [])];
  const secrets = collectSecrets(definitions, sources);
  const redactor = createRedactor(secrets);
  const settings = Object.entries(definitions).map(([name, definition]) =>
    toLoaded(name, definition, sources, redactor),
  );
  if (all.length > 0) throw settingsError(all, settings);
  return {
    values: values as SettingValues<D>,
    settings,
    warnings: [...sources.warnings, ...unknownNames(definitions, sources, options.ownPrefix)],
    secrets,
  };
}

/** What `config` shows: every setting in the order of declaration, secrets masked. */
export function describeSettings(
  loaded: Pick<LoadedSettings, 'settings'>,
): readonly SettingDescription[] {
  return loaded.settings.map(({ name, shownValue, source, overridden, file, definition }) => ({
    name,
    value: shownValue,
    source,
    overridden,
    ...(file === undefined ? {} : { file }),
    description: definition.description,
    allowed: definition.allowed,
    example: definition.example,
  }));
}

function parseAll(
  definitions: SettingDefinitions,
  sources: Sources,
): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly faults: readonly SettingFault[];
} {
  const values: Record<string, unknown> = {};
  const faults: SettingFault[] = [];
  for (const [name, definition] of Object.entries(definitions)) {
    const text = sources.found(name)[0]?.text ?? definition.defaultText;
    if (text === undefined) continue;
    if (text === '') {
      faults.push({ name, reason: 'is empty' });
      continue;
    }
    const parsed = definition.schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else faults.push({ name, reason: parsed.error.issues[0]?.message ?? 'is not valid' });
  }
  return { values, faults };
}

function toLoaded(
  name: string,
  definition: SettingDefinition<unknown>,
  sources: Sources,
  redactor: Redactor,
): LoadedSetting {
  const [used, ...others] = sources.found(name);
  const overridden = others
    .filter((other) => other.text !== used?.text)
    .map((other) => other.source);
  const defaultSource =
    definition.defaultText === undefined && definition.defaultNote === undefined
      ? 'not set'
      : 'default';
  return {
    name,
    shownValue: shownValue(definition, used, redactor),
    source: used?.source ?? defaultSource,
    ...(used?.file === undefined ? {} : { file: safeText(used.file, 200) }),
    overridden,
    definition,
  };
}

/** A secret that was put in another setting's place is not shown there either. */
function shownValue(
  definition: SettingDefinition<unknown>,
  used: FoundText | undefined,
  redactor: Redactor,
): string {
  const text = used?.text ?? definition.defaultText;
  if (text === undefined) return definition.defaultNote ?? '';
  if (definition.isSecret === true) return text === '' ? '' : redactedMark;
  return safeText(redactor.text(text), 200);
}

function settingsError(
  faults: readonly SettingFault[],
  settings: readonly LoadedSetting[],
): SyncError {
  const byName = new Map(settings.map((setting) => [setting.name, setting]));
  const described = faults.map((fault) => describeFault(fault, byName.get(fault.name)));
  const isUsage = faults.every((fault) => byName.get(fault.name)?.source === 'command line');
  const count =
    described.length === 1 ? 'A setting is wrong' : `${described.length} settings are wrong`;
  const lines = described.map((fault) => `\n${fault.text}`).join('');
  return new SyncError(isUsage ? 'usage_invalid' : 'config_invalid', `${count}:${lines}`, {
    details: { faults: described.map(({ name, reason, source }) => ({ name, reason, source })) },
  });
}

function describeFault(
  fault: SettingFault,
  setting: LoadedSetting | undefined,
): SettingFault & { text: string; source: SettingSource } {
  if (setting === undefined)
    return { ...fault, source: 'not set', text: `${fault.name} ${fault.reason}` };
  const { definition, shownValue: shown, source } = setting;
  const isFlag = source === 'command line' && definition.flag !== undefined;
  const label = isFlag ? `${definition.flag}=${shown}` : `${setting.name}=${shown} (${source})`;
  const subject = source === 'not set' ? setting.name : label;
  const exampleLabel = isFlag ? `${definition.flag}=` : `${setting.name}=`;
  // A secret's example is told in words, which would look like a secret behind `NAME=`.
  const example = `${definition.isSecret === true ? '' : exampleLabel}${definition.example}`;
  return {
    ...fault,
    source,
    text: `${subject} ${fault.reason}; must be ${definition.allowed}, for example ${example}`,
  };
}

function unknownNames(
  definitions: SettingDefinitions,
  sources: Sources,
  ownPrefix: string | undefined,
): readonly string[] {
  const known = Object.entries(definitions).flatMap(([name, definition]) =>
    definition.mayBeFile === true ? [name, `${name}_FILE`] : [name],
  );
  const isOwn = (name: string): boolean => ownPrefix !== undefined && name.startsWith(ownPrefix);
  const warnings: string[] = [];
  for (const { name, source } of sources.names) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    // Beyond the prefix only the product's own file is looked at: the environment is full of foreign names.
    if (!isOwn(name) && (source !== '.env' || nearest === undefined)) continue;
    const guess = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    warnings.push(`${safeText(name, 80)} (${source}) is not a setting and has no effect${guess}`);
  }
  return warnings;
}

function collectSecrets(definitions: SettingDefinitions, sources: Sources): readonly string[] {
  return Object.entries(definitions).flatMap(([name, definition]) =>
    sources
      .found(name)
      .flatMap(({ text }) => (definition.isSecret === true ? [text] : passwordOf(text))),
  );
}

/** The passwords of an address, as written and decoded. */
function passwordOf(text: string): readonly string[] {
  if (!URL.canParse(text)) return [];
  const { password, searchParams } = new URL(text);
  const found = [password, decoded(password), searchParams.get('password') ?? ''];
  return [...new Set(found)].filter((secret) => secret !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
