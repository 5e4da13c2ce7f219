import { expect, it } from 'vitest';
import { tableText } from './table-text.ts';

it('draws tables in line, whatever their cells hold (P17)', () => {
  expect(
    tableText(
      ['id', 'n#'],
      [
        ['a', '5'],
        ['日本\u001b[2J', '12'],
      ],
    ),
  ).toEqual(['id            n', 'a             5', '日本\\x1b[2J  12']);
});

it('lines up wide characters too, and cuts what is very long', () => {
  const long = 'y'.repeat(100);
  expect(
    tableText(
      ['name', 'at'],
      [
        ['倉庫', '1'],
        ['x', long],
      ],
    ),
  ).toEqual(['name  at', '倉庫  1', `x     ${'y'.repeat(59)}…`]);
});

it('B90 shows what acts on a terminal as text', () => {
  const [, row] = tableText(['name'], [['\u001b]52;c;x\u0007\u202e\n']]);
  expect(row).toBe('\\x1b]52;c;x\\x07\\u202e\\n');
});
