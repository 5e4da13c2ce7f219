#!/usr/bin/env node
// SQLite transactions that wait must not take up all threads that the running one needs. libuv reads this when its
// first thread starts, so it comes before every other module.
process.env['UV_THREADPOOL_SIZE'] ??= '8';

const { boundMemory } = await import('../common/runtime/bound-memory.ts');
boundMemory();

const { runMain } = await import('../common/runtime/run-main.ts');
const { runCli } = await import('./cli/run-cli.ts');
await runMain('slave', runCli);
