import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTime, isoFromMillis, millisOf } from './canonical-time.ts';

const FIRST = Date.parse('0001-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');
const instants = fc.integer({ min: FIRST, max: LAST });

describe('canonicalTime', () => {
  it.each([
    ['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31 12:00:00', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31 12:00:00.5', '2026-01-31T12:00:00.500Z'],
    ['2026-01-31T12:00:00.123000Z', '2026-01-31T12:00:00.123Z'],
    ['2026-01-31 12:00:00 Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00+01:00', '2026-01-31T11:00:00.000Z'],
    ['2026-01-31T12:00:00 +0530', '2026-01-31T06:30:00.000Z'],
    ['2026-01-31 12:00:00.250-10', '2026-01-31T22:00:00.250Z'],
    ['2026-12-31T23:30:00-01:00', '2027-01-01T00:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('WIRE2 reads %s as %s', (raw, value) => {
    expect(canonicalTime(raw)).toEqual({ ok: true, value });
  });

  it.each([
    '2026-02-30T00:00:00.000Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-00T00:00:00.000Z',
    '2026-01-31T24:00:00.000Z',
    '2026-06-30T23:59:60Z',
    '2026-01-31T12:60:00Z',
    '0000-12-31T00:00:00.000Z',
    '-0001-01-01T00:00:00Z',
    '10000-01-01T00:00:00Z',
    '+012026-01-31T00:00:00Z',
    '300000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '2026-01-31T12:00:00.0001Z',
    '2026-01-31T12:00:00.123456Z',
    '2026-01-31T12:00.5Z',
    '2026-01-31T12:00:00+24:00',
    '2026-01-31T12:00:00\nZ',
    '2026-01-31T12:00:00Z\n',
    '2026-01-31T12:00:00 ',
    '2026-01-31',
    '2026-1-31T12:00:00Z',
    'Sat Jan 31 2026',
    'infinity',
    'now',
    '',
    1_769_860_800_000,
    null,
    {},
  ])('P13 B45 refuses %j', (raw) => {
    expect(canonicalTime(raw)).toMatchObject({ ok: false, code: 'date_invalid' });
  });

  it('P13 agrees with the calendar of the platform at any instant', () => {
    fc.assert(
      fc.property(instants, (millis) => {
        const iso = new Date(millis).toISOString();
        expect(isoFromMillis(millis)).toBe(iso);
        expect(millisOf(iso)).toBe(millis);
        expect(canonicalTime(iso)).toEqual({ ok: true, value: iso });
        expect(canonicalTime(iso.replace('T', ' ').slice(0, -1))).toEqual({ ok: true, value: iso });
      }),
      { numRuns: 3000 },
    );
  });

  it('P13 agrees with the platform about every day of four centuries', () => {
    for (let day = 0; day < 146_097; day += 1) {
      const millis = Date.UTC(1900, 0, 1) + day * 86_400_000;
      if (isoFromMillis(millis) !== new Date(millis).toISOString()) expect.fail(String(millis));
    }
  });

  it('P13 agrees with the platform about zones', () => {
    const zones = fc
      .tuple(
        fc.constantFrom('+', '-'),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
      )
      .map(
        ([sign, hours, minutes]) =>
          `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`,
      );
    fc.assert(
      fc.property(fc.integer({ min: FIRST + 1e9, max: LAST - 1e9 }), zones, (millis, zone) => {
        const written = new Date(millis).toISOString().replace('Z', zone);
        expect(canonicalTime(written)).toEqual({
          ok: true,
          value: new Date(Date.parse(written)).toISOString(),
        });
      }),
    );
  });

  it('P13 takes a day exactly when it exists', () => {
    const part = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), part, part, (year, month, day) => {
        const two = (value: number): string => String(value).padStart(2, '0');
        const iso = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T00:00:00.000Z`;
        const date = new Date(0);
        date.setUTCFullYear(year, month - 1, day);
        const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
        expect(canonicalTime(iso).ok).toBe(exists);
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.anything(), (raw) => void canonicalTime(raw)));
  });
});

describe('isoFromMillis', () => {
  it('has no text for what lies outside the calendar', () => {
    expect(isoFromMillis(FIRST - 1)).toBeUndefined();
    expect(isoFromMillis(LAST + 1)).toBeUndefined();
    expect(isoFromMillis(Number.NaN)).toBeUndefined();
    expect(isoFromMillis(Number.POSITIVE_INFINITY)).toBeUndefined();
  });
});
