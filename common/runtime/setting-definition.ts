import type { z } from 'zod';

/** Where a value came from, highest rank first. */
export type SettingSource = 'command line' | 'environment' | '.env' | 'default' | 'not set';

/** One setting as it is declared. */
export interface SettingDefinition<T> {
  /** What it is for, one sentence, with the unit. */
  readonly description: string;
  /** What may be set, to end the sentence "must be ...". */
  readonly allowed: string;
  readonly example: string;
  /** Turns the text that was set into the value. */
  readonly schema: z.ZodType<T>;
  /** Read as if it had been set; left out: the value is `undefined`. */
  readonly defaultText?: string;
  /** Shown in place of a value where it is neither set nor has a default text. */
  readonly defaultNote?: string;
  /** Never shown. Passwords inside addresses are hidden without it. */
  readonly isSecret?: boolean;
  /** Whether `NAME_FILE` may name a file that holds the value. */
  readonly mayBeFile?: boolean;
  /** The flag of the command line that sets it, for messages. */
  readonly flag?: string;
}

/** Settings by name, as in the environment. */
export type SettingDefinitions = Readonly<Record<string, SettingDefinition<unknown>>>;

/** The values of declared settings; those without a default text may be `undefined`. */
export type SettingValues<D extends SettingDefinitions> = {
  readonly [K in keyof D]:
    | (D[K] extends { readonly schema: z.ZodType<infer T> } ? T : never)
    | (D[K] extends { readonly defaultText: string } ? never : undefined);
};

/** Something wrong with one setting. */
export interface SettingFault {
  readonly name: string;
  /** Continues "NAME=value ...": `is too large`. */
  readonly reason: string;
}
