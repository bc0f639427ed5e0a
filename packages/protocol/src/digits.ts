/** The code of the digit 0. */
export const ZERO = 48;

const FOUR = ZERO + 4;
const NINE = ZERO + 9;

/** A double gives back so many digits, whatever they are. */
export const EXACT_DIGITS = 15;
/** An int64 has no more. */
export const MOST_DIGITS = 19;

/** Where the digits end that begin there; there, when there are none. */
export function endOfDigits(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at);
    if (!(code >= ZERO && code <= NINE)) return at;
    at++;
  }
}

/** Whether the integer of these digits may be another one as a double: neither few digits, nor on the grid of microseconds. */
export function isBeyondDouble(text: string, start: number, end: number): boolean {
  const digits = end - start;
  if (digits <= EXACT_DIGITS) return false;
  // Above 2^62 doubles are 1024 apart: two multiples of 1000 can share one.
  if (digits > MOST_DIGITS || (digits === MOST_DIGITS && text.charCodeAt(start) >= FOUR)) return true;
  return !text.startsWith("000", end - 3);
}
