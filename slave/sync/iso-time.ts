/** Milliseconds since 1970 of an ISO time; undefined when the text is none. */
export function msFromIso(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A time as ISO text with milliseconds and Z. */
export function isoFromMs(ms: number): string {
  return new Date(ms).toISOString();
}
