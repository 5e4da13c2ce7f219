import { expect, test } from 'vitest';
import { matchWords } from './match-words.ts';

const declared = ['start', 'db:migrate', 'token create'];

test.each([
  [['db:migrate'], ['db:migrate']],
  [
    ['db', 'migrate', '--json'],
    ['db:migrate', '--json'],
  ],
  [
    ['token', 'create', 'till-1'],
    ['token', 'create', 'till-1'],
  ],
  [
    ['token:create', 'till-1'],
    ['token', 'create', 'till-1'],
  ],
  [
    ['start', '--port', '1'],
    ['start', '--port', '1'],
  ],
  [
    ['db', 'nothing'],
    ['db', 'nothing'],
  ],
  [['--help'], ['--help']],
  [[], []],
])('%o is read as %o', (argv, expected) => {
  expect(matchWords(argv, declared)).toEqual(expected);
});
