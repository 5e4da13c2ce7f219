#!/usr/bin/env node
// Read once, when libuv's thread pool starts: transactions of SQLite wait in it and would starve each other in four.
process.env['UV_THREADPOOL_SIZE'] ??= '8';

const { boundMemory } = await import('../common/runtime/bound-memory.ts');
boundMemory();

const { runMain } = await import('../common/runtime/run-main.ts');

await runMain('master', async (context) => {
  const { runCli } = await import('./cli/run-cli.ts');
  const { stdout, env } = process;
  await runCli(context, { stdout, env, cwd: process.cwd() });
});
