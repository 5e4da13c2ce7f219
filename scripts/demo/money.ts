/** Money is counted in ten-thousandths, so that nothing is ever rounded by floating point. */
const UNITS_PER_WHOLE = 10_000n;
const DECIMALS = 4;
const NUMBER = /^(\d+)(?:\.(\d+))?$/;

/**
 * Ten-thousandths of an amount that is written as a decimal, half of one rounded up.
 *
 * @throws Error when the text is not a plain decimal of zero or more.
 */
export function toUnits(text: string): bigint {
  const match = NUMBER.exec(text);
  if (match === null) throw new Error(`"${text}" is not an amount such as 261.96`);
  const [, whole = '0', fraction = ''] = match;
  const kept = BigInt(whole + fraction.slice(0, DECIMALS).padEnd(DECIMALS, '0'));
  return Number(fraction[DECIMALS] ?? '0') >= 5 ? kept + 1n : kept;
}

/** The amount as text with four decimals. */
export function fromUnits(units: bigint): string {
  const fraction = (units % UNITS_PER_WHOLE).toString().padStart(DECIMALS, '0');
  return `${units / UNITS_PER_WHOLE}.${fraction}`;
}

/** A quotient of amounts of zero or more, half rounded up. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor);
}
