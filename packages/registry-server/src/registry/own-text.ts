/** V8 copies what is shorter; only a longer piece keeps the text it was cut from. */
const COPIED_ANYWAY = 13;

/**
 * The same text in memory of its own, or `like` when that is the same: a piece cut out of a request would keep the whole
 * request in memory for as long as it is kept itself.
 */
export function ownText(text: string, like?: string): string {
  if (text === like) return like;
  // Exact for every string, halves of surrogate pairs too, and as compact as V8 can have it.
  return text.length < COPIED_ANYWAY ? text : (JSON.parse(JSON.stringify(text)) as string);
}
