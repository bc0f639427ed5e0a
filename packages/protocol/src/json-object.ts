/**
 * The members of a JSON object, each value as the JSON text it was written as: numbers keep every digit.
 * A later member for a key stands after an earlier one. Undefined when the text is not a JSON object.
 */
export function splitJsonObject(text: string): [key: string, raw: string][] | undefined {
  const raws = splitJson(text, "{");
  if (!raws) return undefined;
  return raws.map((member) => {
    const end = skipValue(member, 0);
    return [JSON.parse(member.slice(0, end)) as string, member.slice(member.indexOf(":", end) + 1).trim()];
  });
}

/** The items of a JSON array, each as the JSON text it was written as. Undefined when the text is not a JSON array. */
export function splitJsonArray(text: string): string[] | undefined {
  return splitJson(text, "[");
}

function splitJson(text: string, open: "{" | "["): string[] | undefined {
  const trimmed = text.trim();
  // The text itself is what must be JSON: `trim` also takes away spaces that JSON does not know.
  if (trimmed[0] !== open || !isJson(text)) return undefined;
  const parts: string[] = [];
  const last = trimmed.length - 1;
  // Valid JSON from here on: only strings and nesting need care.
  for (let at = 1; at < last;) {
    const end = skipTo(trimmed, at, last);
    const part = trimmed.slice(at, end).trim();
    if (part !== "") parts.push(part);
    at = end + 1;
  }
  return parts;
}

/** Where the comma is that ends the part beginning at `at`, or `last`. */
function skipTo(text: string, at: number, last: number): number {
  let depth = 0;
  while (at < last) {
    const char = text[at];
    if (char === '"') {
      at = skipValue(text, at);
      continue;
    }
    if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    else if (char === "," && depth === 0) return at;
    at++;
  }
  return last;
}

/** The index after the string that begins at `at`. */
function skipValue(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // a value: the caller says what was wrong
  }
}
