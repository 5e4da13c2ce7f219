import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`;
}

describe('canonicalJson', () => {
  it.each([
    '{"b":1,"a":[true,null]}',
    ' { "spaces" : "stay" } ',
    '"text"',
    'null',
    '-0',
    '1.0',
    '{"n":9007199254740993}',
    '{"n":0.1000000000000000055}',
    '{"twice":1,"twice":2}',
    '{"emoji":"\\ud83d\\ude00"}',
    '{"emoji":"😀"}',
    '"\\\\ud800 is written, not meant"',
    '"\\\\u0000 too"',
    '{"\\"[":"[[[["}',
    nested(32),
  ])('WIRE2 keeps the text %s as it is', (source) => {
    expect(canonicalJson(source)).toEqual({ ok: true, value: source });
  });

  it.each([
    ['{"a":"\\u0000"}', 'text_nul'],
    ['{"\\u0000":1}', 'text_nul'],
    ['"\0"', 'text_nul'],
    ['"\\ud800"', 'text_invalid_unicode'],
    ['"\\udc00\\ud800"', 'text_invalid_unicode'],
    ['"\ud800"', 'text_invalid_unicode'],
    ['{"a":1,}', 'json_invalid'],
    ["{'a':1}", 'json_invalid'],
    ['NaN', 'json_invalid'],
    ['', 'json_invalid'],
    ['{"a":', 'json_invalid'],
    [nested(33), 'json_invalid'],
    [nested(1000), 'json_invalid'],
    ['['.repeat(900_000), 'json_invalid'],
    [`"${'x'.repeat(1_000_000)}"`, 'value_too_long'],
  ])('P13 B47 refuses %.40s with %s', (source, code) => {
    expect(canonicalJson(source)).toMatchObject({ ok: false, code });
  });

  it('writes a value that came as part of the document as JSON text', () => {
    expect(canonicalJson({ b: [1, 'x', null], a: { c: true } })).toEqual({
      ok: true,
      value: '{"b":[1,"x",null],"a":{"c":true}}',
    });
    expect(canonicalJson(5)).toEqual({ ok: true, value: '5' });
    expect(canonicalJson(false)).toEqual({ ok: true, value: 'false' });
  });

  it('P13 B47 refuses values in which a number may have been rounded before', () => {
    for (const value of [2 ** 53, 1e300, { n: [2 ** 60] }, { n: '9007199254740993' }]) {
      expect(canonicalJson(value)).toMatchObject({ ok: false, code: 'value_not_exact' });
    }
    expect(canonicalJson({ n: '0.1000000000000000055' })).toMatchObject({
      code: 'value_not_exact',
    });
    expect(canonicalJson(Number.NaN)).toMatchObject({ code: 'value_not_exact' });
  });

  it('takes texts that merely look like numbers', () => {
    const value = { ean: '4006381333931', sku: '00000000000000000017', phone: '+49 30 1234567890' };
    expect(canonicalJson(value)).toEqual({ ok: true, value: JSON.stringify(value) });
  });

  it('refuses values with NUL, halves of surrogate pairs or deep nesting', () => {
    expect(canonicalJson({ a: '\0' })).toMatchObject({ code: 'text_nul' });
    expect(canonicalJson({ a: '\ud800' })).toMatchObject({ code: 'text_invalid_unicode' });
    let deep: unknown = [];
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(canonicalJson(deep)).toMatchObject({ code: 'json_invalid' });
  });

  it('P13 keeps any JSON text, or refuses it; never another text', () => {
    fc.assert(
      fc.property(fc.json(), (source) => {
        const result = canonicalJson(source);
        if (result.ok) expect(result.value).toBe(source);
      }),
    );
  });

  it('P13 what it writes reads as the same value and is canonical', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        if (typeof value === 'string') return;
        const result = canonicalJson(value);
        if (!result.ok) return;
        expect(JSON.parse(String(result.value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(result.value)).toEqual(result);
      }),
    );
  });
});
