import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeJson } from './safe-json.ts';
import { displayWidth, safeText } from './safe-text.ts';

/** Bytes that a terminal would act on: C0, DEL and the two-byte form of C1. */
function actingBytes(text: string): readonly string[] {
  const bytes = [...Buffer.from(text, 'utf8')];
  return bytes.flatMap((byte, index) => {
    const isC1 = byte >= 0x80 && byte <= 0x9f && bytes[index - 1] === 0xc2;
    return byte < 0x20 || byte === 0x7f || isC1 ? [byte.toString(16)] : [];
  });
}

const hostile: readonly (readonly [string, string, string])[] = [
  ['OSC 52 clipboard write', '\u001b]52;c;aGk=\u0007', '\\x1b]52;c;aGk=\\x07'],
  ['OSC 8 link', '\u001b]8;;http://evil\u001b\\x', '\\x1b]8;;http://evil\\x1b\\x'],
  ['OSC 0 title', '\u001b]0;owned\u0007', '\\x1b]0;owned\\x07'],
  ['8-bit CSI', '\u009b2J', '\\x9b2J'],
  ['carriage return', 'good\rbad', 'good\\rbad'],
  ['backspace', 'a\b\bb', 'a\\x08\\x08b'],
  ['newline', 'one\ntwo', 'one\\ntwo'],
  ['tab', 'a\tb', 'a\\tb'],
  ['NUL and DEL', '\u0000\u007f', '\\x00\\x7f'],
  ['bidi override', 'abc\u202egpj.exe', 'abc\\u202egpj.exe'],
  ['bidi isolate', '\u2066x\u2069', '\\u2066x\\u2069'],
  ['line separator', 'a\u2028b', 'a\\u2028b'],
  ['zero width space', 'a\u200bb', 'a\\u200bb'],
  ['byte order mark', '\ufeffa', '\\ufeffa'],
  ['tag character', 'a\u{e0041}', 'a\\u{e0041}'],
  ['lone surrogate', 'a\ud800b', 'a\\ud800b'],
];

describe('safeText', () => {
  it.each(hostile)('B90 T13 shows %s as visible escapes', (_name, input, shown) => {
    expect(safeText(input)).toBe(shown);
    expect(actingBytes(safeText(input))).toEqual([]);
  });

  it('keeps ordinary text of every script, emoji and joiners', () => {
    for (const text of ['Zoë', 'שלום', 'مرحبا', '漢字', '👨‍👩‍👧', 'می‌خواهم', 'e\u0301']) {
      expect(safeText(text)).toBe(text);
    }
  });

  it('P17 lets no acting byte through, whatever comes in, and changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const safe = safeText(text);
        expect(actingBytes(safe)).toEqual([]);
        expect(safeText(safe)).toBe(safe);
        const cut = safeText(text, width);
        expect(actingBytes(cut)).toEqual([]);
        expect(displayWidth(cut)).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('cuts at the width and says so with an ellipsis', () => {
    expect(safeText('abcdef', 6)).toBe('abcdef');
    expect(safeText('abcdefg', 6)).toBe('abcde…');
    expect(safeText('漢字漢字', 8)).toBe('漢字漢字');
    expect(safeText('漢字漢字', 7)).toBe('漢字漢…');
    expect(safeText('漢字漢字', 6)).toBe('漢字…');
    expect(safeText('x'.repeat(1_000_000), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(safeText('abc', 1)).toBe('…');
  });

  it('B90 cuts thousands of accents piled on one letter', () => {
    const cut = safeText(`a${'\u0301'.repeat(100_000)}b`, 10);
    expect(cut.length).toBeLessThan(20);
    expect(cut.endsWith('…')).toBe(true);
  });

  it('never cuts an emoji or a surrogate pair in two', () => {
    expect(safeText('👨‍👩‍👧👨‍👩‍👧', 3)).toBe('👨‍👩‍👧…');
    expect(safeText('👍👍👍', 4)).toBe('👍…');
  });
});

describe('safeJson', () => {
  it('T14 gives the same values without an acting byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = safeJson({ text });
        expect(JSON.parse(json)).toEqual({ text });
        expect(actingBytes(json)).toEqual([]);
        expect(json).not.toMatch(/[\u2028\u2029\u202e]/);
      }),
    );
  });
});
