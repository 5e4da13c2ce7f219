import type { CanonicalResult } from './canonical-result.ts';

const TIME =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:(?<=:\d\d:\d\d)\.(\d{1,9}))?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?$/;
/** Already canonical, with a day that every month has: nearly all times that travel. */
const CANONICAL =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const MS_PER_DAY = 86_400_000;

/**
 * A UTC time as `YYYY-MM-DDTHH:MM:SS.mmmZ`, years 0001 to 9999. `YYYY-MM-DD HH:MM:SS` without a zone is read as UTC;
 * parts of a millisecond must be zero.
 */
export function canonicalTime(raw: unknown): CanonicalResult {
  if (typeof raw !== 'string') return invalid('a time expected');
  if (CANONICAL.test(raw)) return { ok: true, value: raw };
  if (CANONICAL.test(raw)) return { ok: true, value: raw };
  const match = TIME.exec(raw);
  if (match === null) return invalid('a time such as 2026-01-31T12:00:00.000Z expected');
  const millis = readMillis(match.map((part: string | undefined) => part ?? ''));
  if (typeof millis === 'string') return invalid(millis);
  const iso = isoFromMillis(millis);
  return iso === undefined ? invalid('outside the years 0001 to 9999') : { ok: true, value: iso };
}

/** Milliseconds since 1970 of a canonical time. */
export function millisOf(iso: string): number {
  const days = daysFromCivil(
    Number(iso.slice(0, 4)),
    Number(iso.slice(5, 7)),
    Number(iso.slice(8, 10)),
  );
  const seconds =
    (Number(iso.slice(11, 13)) * 60 + Number(iso.slice(14, 16))) * 60 + Number(iso.slice(17, 19));
  return days * MS_PER_DAY + seconds * 1000 + Number(iso.slice(20, 23));
}

/** Canonical time of whole milliseconds since 1970; undefined outside the years 0001 to 9999. */
export function isoFromMillis(millis: number): string | undefined {
  const days = Math.floor(millis / MS_PER_DAY);
  const [year, month, day] = civilFromDays(days);
  // Also what is no number, of which every comparison is false.
  if (!(year >= 1 && year <= 9999)) return undefined;
  const rest = millis - days * MS_PER_DAY;
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
  const clock = `${two(Math.floor(rest / 3_600_000))}:${two(Math.floor(rest / 60_000) % 60)}:${two(Math.floor(rest / 1000) % 60)}`;
  return `${date}T${clock}.${String(rest % 1000).padStart(3, '0')}Z`;
}

function invalid(detail: string): CanonicalResult {
  return { ok: false, code: 'date_invalid', detail };
}

/** Milliseconds since 1970 of the parts that {@link TIME} finds, or what is wrong with them. */
function readMillis(parts: readonly string[]): number | string {
  const [, date = '', clock = '', fraction = '', zone = ''] = parts;
  const days = daysOfDate(date);
  if (days === undefined) return 'the day does not exist';
  const seconds = secondsOfClock(clock);
  if (seconds === undefined) return 'the time of day does not exist';
  const offset = offsetMinutes(zone);
  if (offset === undefined) return 'the zone does not exist';
  if (/[1-9]/.test(fraction.slice(3))) return 'more precise than a millisecond';
  const millis = Number(fraction.slice(0, 3).padEnd(3, '0'));
  return days * MS_PER_DAY + (seconds - offset * 60) * 1000 + millis;
}

function daysOfDate(date: string): number | undefined {
  const [year, month, day] = [
    Number(date.slice(0, 4)),
    Number(date.slice(5, 7)),
    Number(date.slice(8)),
  ];
  if (year < 1 || month < 1 || month > 12) return undefined;
  return day < 1 || day > daysInMonth(year, month) ? undefined : daysFromCivil(year, month, day);
}

function secondsOfClock(clock: string): number | undefined {
  const [hour, minute, second] = [
    Number(clock.slice(0, 2)),
    Number(clock.slice(3, 5)),
    Number(clock.slice(6)),
  ];
  return hour > 23 || minute > 59 || second > 59 ? undefined : (hour * 60 + minute) * 60 + second;
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === '' || zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', '') || 0);
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function daysInMonth(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return leap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible date algorithms"). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The inverse of {@link daysFromCivil}. */
function civilFromDays(days: number): readonly [number, number, number] {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return [
    yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfYear - Math.floor((153 * mp + 2) / 5) + 1,
  ];
}
