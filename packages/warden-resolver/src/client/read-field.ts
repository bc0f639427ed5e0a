import { parseDurationMs } from "@discoveryd/runtime";

/** Reads a value under its key. Throws an Error that names the key, the value and what is allowed. */
export type ReadField<T> = (key: string, value: unknown) => T;

export const readDuration: ReadField<number> = (key, value) => {
  if (typeof value === "number" || typeof value === "string") {
    try {
      return parseDurationMs(value);
    } catch {
      // Refused below, with the key.
    }
  }
  throw refused(key, value, 'milliseconds as a number, or text such as "250ms", "1.5s", "1m30s"');
};

export const readBoolean: ReadField<boolean> = (key, value) => {
  if (typeof value === "boolean") return value;
  throw refused(key, value, "true or false");
};

export const readText: ReadField<string> = (key, value) => {
  if (typeof value === "string") return value;
  throw refused(key, value, "text");
};

export const readTexts: ReadField<readonly string[]> = (key, value) => {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value as string[];
  throw refused(key, value, "a list of texts");
};

/** A whole number from `least` up, and up to `most` when that is given. */
export function readWhole(least: number, most = Infinity): ReadField<number> {
  return (key, value) => {
    if (Number.isSafeInteger(value) && isWithin(value as number, least, most)) return value as number;
    throw refused(key, value, `a whole number ${range(least, most)}`);
  };
}

export function readNumber(least: number, most = Infinity): ReadField<number> {
  return (key, value) => {
    if (Number.isFinite(value) && isWithin(value as number, least, most)) return value as number;
    throw refused(key, value, `a number ${range(least, most)}`);
  };
}

function isWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function range(least: number, most: number): string {
  return most === Infinity ? `from ${least} up` : `from ${least} to ${most}`;
}

export function readOneOf<const T extends string>(allowed: readonly T[]): ReadField<T> {
  return (key, value) => {
    if (allowed.includes(value as T)) return value as T;
    throw refused(key, value, allowed.join(" or "));
  };
}

export const readObject: ReadField<Readonly<Record<string, unknown>>> = (key, value) => {
  if (isObject(value)) return value;
  throw refused(key, value, "an object");
};

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Fields = Readonly<Record<string, ReadField<unknown>>>;
/** What `readFields` makes of a table of fields: those left out of the value are undefined. */
export type FieldsOf<F extends Fields> = { readonly [K in keyof F]: ReturnType<F[K]> | undefined };

/** Reads an object field by field. A field that is not in the table is an error that lists those that are. */
export function readFields<F extends Fields>(key: string, value: unknown, fields: F): FieldsOf<F> {
  const given = readObject(key, value);
  const path = (name: string) => (key === "" ? name : `${key}.${name}`);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) {
    throw new Error(`client config ${path(unknown)} is not known: use ${Object.keys(fields).join(", ")}`);
  }
  const read = Object.entries(fields).map(([name, readField]) => {
    const field = given[name];
    return [name, field === undefined ? undefined : readField(path(name), field)];
  });
  return Object.fromEntries(read) as FieldsOf<F>;
}

export function refused(key: string, value: unknown, allowed: string): Error {
  return new Error(`client config ${key} = ${JSON.stringify(value)} is not valid: use ${allowed}`);
}
