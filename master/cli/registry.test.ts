import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { masterCommands } from './registry.ts';

test('every file of commands/ is in the registry', () => {
  const files = readdirSync(new URL('commands', import.meta.url)).filter(
    (file) => !file.includes('.test.'),
  );
  const declared = masterCommands.map((command) => `${command.words.replaceAll(/[ :]/g, '-')}.ts`);
  expect(new Set(files)).toEqual(new Set(declared));
});

test('every command has an example, and every example begins with its own words', () => {
  for (const command of masterCommands) {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const [line] of command.examples) expect(line).toMatch(/^master /);
  }
});
