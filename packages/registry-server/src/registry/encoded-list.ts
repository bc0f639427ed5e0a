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

/**
 * One instance as it was encoded. It does not say where: so of one that stays as it is, the next list has the same item,
 * wherever it stands there.
 */
interface Item {
  readonly stored: StoredInstance;
  /** Its state: another one is another object. */
  readonly instance: Instance;
  /** The heartbeat that is shown. */
  readonly renewed: Timestamp;
  readonly bytes: number;
}

/** What is about to be written. */
export interface ListPlan {
  readonly bytes: number;
  write(into: Buffer, at: number): EncodedList;
}

/** A text made now, or where a run of instances stands in the last encoding. */
type Piece = string | { readonly from: number; to: number };

/**
 * Plans the encoding of those of a list, in order of host name, that have one of the statuses. What `last` has of it is
 * copied, in runs as long as they come: of a thousand instances of which one has changed, one is encoded. Of one that
 * has only renewed, the digits are written anew.
 */
export function planList(
  list: readonly StoredInstance[],
  statuses: number,
  last: EncodedList | undefined,
): ListPlan {
  const items: Item[] = [];
  const pieces: Piece[] = [];
  const renewed: number[] = [];
  const known = new Reader(last);
  let bytes = 0;
  for (const stored of list) {
    // Not in a pass of its own: of a long list, looking at each instance is what costs.
    if ((stored.instance.status & statuses) === 0) continue;
    let item = known.find(stored);
    if (item?.instance === stored.instance && sameDigits(item.renewed, stored.renewTimestamp)) {
      addRun(pieces, known.at, known.at + item.bytes);
      if (item.renewed !== stored.renewTimestamp) {
        item = itemOf(stored, item.bytes);
        renewed.push(items.length);
      }
    } else {
      const text = stored.encode();
      pieces.push(text);
      item = itemOf(stored, Buffer.byteLength(text));
    }
    bytes += item.bytes + (items.length === 0 ? 0 : 1);
    items.push(item);
  }
  const write = (into: Buffer, start: number): EncodedList => {
    writePieces(pieces, last?.bytes, into, start);
    writeRenewals(items, renewed, into, start);
    return { bytes: into, start, end: start + bytes, items };
  };
  return { bytes, write };
}

function itemOf(stored: StoredInstance, bytes: number): Item {
  return { stored, instance: stored.instance, renewed: stored.renewTimestamp, bytes };
}

/** Goes through an encoded list once, in order of host name. */
class Reader {
  /** Where the item that was found last begins. */
  at = 0;
  private next = 0;
  private nextAt: number;

  constructor(private readonly list: EncodedList | undefined) {
    this.nextAt = list?.start ?? 0;
  }

  /** Its item, if it has one. Each is asked for after those that stand before it. */
  find(stored: StoredInstance): Item | undefined {
    let item = this.list?.items[this.next];
    while (item && (item.stored === stored || item.instance.hostname < stored.instance.hostname)) {
      this.next++;
      this.at = this.nextAt;
      this.nextAt += item.bytes + 1;
      if (item.stored === stored) return item;
      item = this.list?.items[this.next];
    }
    return undefined;
  }
}

function addRun(pieces: Piece[], from: number, to: number): void {
  const before = pieces.at(-1);
  // With the comma between them.
  if (typeof before === "object" && before.to + 1 === from) before.to = to;
  else pieces.push({ from, to });
}

function writePieces(pieces: readonly Piece[], last: Buffer | undefined, into: Buffer, start: number): void {
  let at = start;
  for (const piece of pieces) {
    if (at > start) into[at++] = COMMA;
    at +=
      typeof piece === "string" ? into.write(piece, at) : (last?.copy(into, at, piece.from, piece.to) ?? 0);
  }
}

/** @param renewed the indexes of those whose digits are out of date. */
function writeRenewals(
  items: readonly Item[],
  renewed: readonly number[],
  into: Buffer,
  start: number,
): void {
  let next = 0;
  let end = start - 1;
  for (const index of renewed) {
    for (; next <= index; next++) end += 1 + (items[next] as Item).bytes;
    const { stored } = items[index] as Item;
    const digits = String(stored.renewTimestamp);
    into.write(digits, end - stored.bytesAfterRenewal - digits.length, "latin1");
  }
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
