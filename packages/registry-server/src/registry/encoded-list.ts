import type { Instance, Timestamp } from "@discoveryd/protocol";
import type { StoredInstance } from "./stored-instance";

const COMMA = 0x2c;

/** Instances as JSON, joined by commas: where they are in a buffer, and which they are. */
export interface EncodedList {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly items: readonly Item[];
}

/** One instance as it was encoded. */
interface Item {
  readonly stored: StoredInstance;
  /** Its state: another one is another object. */
  readonly instance: Instance;
  /** The heartbeat that is shown. */
  readonly renewed: Timestamp;
  readonly start: number;
  readonly end: number;
}

/** What is about to be written. */
export interface ListPlan {
  readonly bytes: number;
  write(into: Buffer, at: number): EncodedList;
}

/** An instance with where its bytes come from: the last encoding, or a text made now. */
interface Piece {
  readonly stored: StoredInstance;
  readonly from: Item | undefined;
  readonly text: string;
  readonly bytes: number;
}

/**
 * Plans the encoding of a list. What `last` has of it is copied, in runs as long as they come: of a thousand instances
 * of which one has changed, one is encoded. Of one that has only renewed, the digits are written anew.
 */
export function planList(list: readonly StoredInstance[], last: EncodedList | undefined): ListPlan {
  let next = 0;
  const pieces = list.map((stored): Piece => {
    const index = last ? indexOf(last.items, stored, next) : -1;
    const from = index === -1 ? undefined : last?.items[index];
    if (index !== -1) next = index + 1;
    if (from && from.instance === stored.instance && sameDigits(from.renewed, stored.renewTimestamp)) {
      return { stored, from, text: "", bytes: from.end - from.start };
    }
    const text = stored.encode();
    return { stored, from: undefined, text, bytes: Buffer.byteLength(text) };
  });
  const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, Math.max(0, pieces.length - 1));
  return { bytes, write: (into, at) => writeList(pieces, last?.bytes, into, at) };
}

function writeList(
  pieces: readonly Piece[],
  last: Buffer | undefined,
  into: Buffer,
  start: number,
): EncodedList {
  const items: Item[] = [];
  let at = start;
  // What is to be copied from the last encoding, and was not yet.
  let run: { from: number; to: number; at: number } | undefined;
  const flush = () => {
    if (run) last?.copy(into, run.at, run.from, run.to);
    run = undefined;
  };
  for (const { stored, from, text, bytes } of pieces) {
    const comma = items.length === 0 ? 0 : 1;
    if (from && run && from.start === run.to + comma) run.to = from.end;
    else {
      flush();
      if (comma) into[at] = COMMA;
      if (from) run = { from: from.start, to: from.end, at: at + comma };
      else into.write(text, at + comma);
    }
    at += comma;
    items.push({
      stored,
      instance: stored.instance,
      renewed: stored.renewTimestamp,
      start: at,
      end: at + bytes,
    });
    at += bytes;
  }
  flush();
  for (const [i, { from, stored }] of pieces.entries()) {
    if (from && from.renewed !== stored.renewTimestamp) writeRenewal(stored, into, (items[i] as Item).end);
  }
  return { bytes: into, start, end: at, items };
}

function writeRenewal(stored: StoredInstance, into: Buffer, end: number): void {
  const digits = String(stored.renewTimestamp);
  into.write(digits, end - stored.bytesAfterRenewal - digits.length, "latin1");
}

/** Both lists are in the same order: it stands where it is expected, or it is new, or others before it have gone. */
function indexOf(items: readonly Item[], stored: StoredInstance, expected: number): number {
  if (items[expected]?.stored === stored) return expected;
  for (let i = expected + 1; i < items.length; i++) if (items[i]?.stored === stored) return i;
  return -1;
}

const LEAST_OF_19_DIGITS = 10n ** 18n;
const LEAST_OF_20_DIGITS = 10n ** 19n;

/** Whether both have as many digits; those from 2001 to 2286 have 19. */
function sameDigits(a: Timestamp, b: Timestamp): boolean {
  return a === b || (has19Digits(a) && has19Digits(b));
}

function has19Digits(timestamp: Timestamp): boolean {
  return timestamp >= LEAST_OF_19_DIGITS && timestamp < LEAST_OF_20_DIGITS;
}
