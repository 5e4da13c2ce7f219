import { readFileSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { parse } from 'dotenv';
import { safeText } from '../core/safe-text.ts';
import type {
  SettingDefinition,
  SettingDefinitions,
  SettingFault,
  SettingSource,
} from './setting-definition.ts';

/** Where to look for settings. */
export interface SourceOptions {
  /** The environment; never changed. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that holds `.env` and that relative paths are taken from. */
  readonly cwd: string;
  /** Values of the command line by setting name; they win over everything. */
  readonly overrides?: Readonly<Record<string, string | undefined>>;
}

/** A setting's text where it was found. */
export interface FoundText {
  readonly text: string;
  readonly source: SettingSource;
  readonly file?: string;
}

/** All texts of all sources. */
export interface Sources {
  /** Texts of one setting, highest rank first. */
  found(name: string): readonly FoundText[];
  /** Every name that is set in the environment or in `.env`. */
  readonly names: readonly { readonly name: string; readonly source: SettingSource }[];
  readonly faults: readonly SettingFault[];
  readonly warnings: readonly string[];
}

type Texts = Readonly<Record<string, string | undefined>>;

const maxFileBytes = 64 * 1024;

/** Container engines mount secrets readable for all, visible only inside the container. */
const mountedSecretsFolder = `${sep}run${sep}secrets${sep}`;

/** Reads every source once. Files that cannot be read become faults, not exceptions. */
export function readSources(definitions: SettingDefinitions, options: SourceOptions): Sources {
  const faults: SettingFault[] = [];
  const warnings: string[] = [];
  const dotenv = readDotenv(options.cwd, faults);
  const ranked: readonly (readonly [SettingSource, Texts])[] = [
    ['command line', options.overrides ?? {}],
    ['environment', options.env],
    ['.env', dotenv],
  ];
  const found = new Map<string, readonly FoundText[]>();
  for (const [name, definition] of Object.entries(definitions)) {
    const reader = new SettingReader(name, definition, { cwd: options.cwd, faults, warnings });
    found.set(
      name,
      ranked.flatMap(([source, texts]) => reader.read(source, texts)),
    );
  }
  return {
    found: (name) => found.get(name) ?? [],
    names: [
      ...Object.keys(options.env).map((name) => ({ name, source: 'environment' as const })),
      ...Object.keys(dotenv).map((name) => ({ name, source: '.env' as const })),
    ],
    faults,
    warnings,
  };
}

interface ReaderDeps {
  readonly cwd: string;
  readonly faults: SettingFault[];
  readonly warnings: string[];
}

class SettingReader {
  readonly #name: string;
  readonly #definition: SettingDefinition<unknown>;
  readonly #deps: ReaderDeps;

  constructor(name: string, definition: SettingDefinition<unknown>, deps: ReaderDeps) {
    this.#name = name;
    this.#definition = definition;
    this.#deps = deps;
  }

  /** The setting's text in one source: none, the value, or the content of the file that `NAME_FILE` names. */
  read(source: SettingSource, texts: Texts): readonly FoundText[] {
    const text = ownText(texts, this.#name);
    const file =
      this.#definition.mayBeFile === true ? ownText(texts, `${this.#name}_FILE`) : undefined;
    if (file === undefined) return text === undefined ? [] : [{ text: this.#trim(text), source }];
    if (text !== undefined) {
      this.#deps.faults.push({
        name: this.#name,
        reason: `is set together with ${this.#name}_FILE; remove one`,
      });
      return [{ text: this.#trim(text), source }];
    }
    return this.#readFile(file, source);
  }

  #readFile(file: string, source: SettingSource): readonly FoundText[] {
    const path = resolve(this.#deps.cwd, file);
    try {
      const { size, mode } = statSync(path);
      if (size > maxFileBytes) return this.#refuseFile(file, 'is larger than 64 KiB');
      const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
      if (isOpenToOthers(path, mode)) {
        this.#deps.warnings.push(
          `${this.#name}_FILE: ${safeText(file, 200)} can be read by others; run chmod 600 on it`,
        );
      }
      return [{ text, source, file: path }];
    } catch (error) {
      return this.#refuseFile(file, `cannot be read (${errorCode(error)})`);
    }
  }

  #refuseFile(file: string, why: string): readonly FoundText[] {
    this.#deps.faults.push({
      name: `${this.#name}_FILE`,
      reason: `(${safeText(file, 200)}) ${why}`,
    });
    return [];
  }

  /** White space around a secret may be a mistake worth telling; around others it is nothing. */
  #trim(text: string): string {
    return this.#definition.isSecret === true ? text : text.trim();
  }
}

function ownText(texts: Texts, name: string): string | undefined {
  return Object.hasOwn(texts, name) ? texts[name] : undefined;
}

function readDotenv(cwd: string, faults: SettingFault[]): Texts {
  try {
    return parse(readFileSync(join(cwd, '.env')));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      faults.push({ name: '.env', reason: `cannot be read (${errorCode(error)})` });
    return {};
  }
}

function isOpenToOthers(path: string, mode: number): boolean {
  return (
    process.platform !== 'win32' && (mode & 0o044) !== 0 && !path.startsWith(mountedSecretsFolder)
  );
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
