/** How much is logged; each level holds the ones before it. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** All levels, fewest lines first. */
export const logLevels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];
