import v8 from 'node:v8';

/**
 * Makes the garbage collector keep this process small (P12). By default V8 lets its young generation grow to many
 * times its first size, so that moving 100,000 rows in small pages takes 350 MB, nearly all of it garbage; with this
 * it stays under 300 MB at the same speed. Call before anything else is loaded.
 */
export function boundMemory(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}
