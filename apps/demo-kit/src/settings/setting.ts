import { z } from "zod";
import { parseDurationMs } from "@discoveryd/runtime";
import { parseAddress, type Address } from "./address";

/** pino's, from the most to the least. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** One thing an application can be told, by a key of a settings file or by an environment variable. */
export interface Setting<T> {
  /** Reads what stands in the file (a TOML value) or in the environment (text). */
  readonly schema: z.ZodType<T>;
  /** What may stand there, for error messages. */
  readonly allowed: string;
  /** The environment variable that goes before the file. */
  readonly env: string;
  /** Used when neither file nor environment says anything. As it would be written in TOML. */
  readonly fallback: unknown;
  /** What it is for, for `--help` and the README. */
  readonly doc: string;
  /** A change of the file is taken up at once. Otherwise it counts from the next start. */
  readonly live: boolean;
}

/** Settings by file (the name without `.toml`) and key. */
export type SettingsTable = Readonly<Record<string, Readonly<Record<string, Setting<unknown>>>>>;

/** The values of a table, by the same names. */
export type Settings<T extends SettingsTable> = {
  readonly [F in keyof T]: {
    readonly [K in keyof T[F]]: T[F][K] extends Setting<infer V> ? V : never;
  };
};

interface About {
  readonly env: string;
  readonly doc: string;
  /** Default false. */
  readonly live?: boolean;
}

function setting<T>(schema: z.ZodType<T>, allowed: string, fallback: unknown, about: About): Setting<T> {
  return { schema, allowed, fallback, live: false, ...about };
}

export function text(fallback: string, about: About): Setting<string> {
  return setting(z.string(), "text", fallback, about);
}

/** Where to listen or whom to call. */
export function address(fallback: string, about: About): Setting<Address> {
  const schema = z.string().transform((value, context) => {
    const parsed = parseAddress(value);
    if (parsed) return parsed;
    context.addIssue("not an address");
    return z.NEVER;
  });
  return setting(schema, "host:port, such as 0.0.0.0:9000 or [::1]:9000", fallback, about);
}

/** A duration, in milliseconds. */
export function duration(fallback: string, about: About): Setting<number> {
  const schema = z.union([z.string(), z.number()]).transform((value, context) => {
    try {
      return parseDurationMs(value);
    } catch {
      context.addIssue("not a duration");
      return z.NEVER;
    }
  });
  return setting(schema, 'a duration such as "250ms", "1.5s" or "1m"', fallback, about);
}

export function flag(fallback: boolean, about: About): Setting<boolean> {
  const schema = z.union([z.boolean(), z.enum(["true", "false"]).transform((value) => value === "true")]);
  return setting(schema, "true or false", fallback, about);
}

/** Several words: a TOML array, or text with commas. */
export function list(fallback: readonly string[], about: About): Setting<readonly string[]> {
  const words = z.string().transform((value) => value.split(","));
  const schema = z
    .union([z.array(z.string()), words])
    .transform((values) => values.map((value) => value.trim()).filter((value) => value !== ""));
  return setting(schema, 'an array of strings, or text such as "a,b"', fallback, about);
}

/** One of a few words. */
export function choice<const W extends string>(
  words: readonly W[],
  fallback: NoInfer<W>,
  about: About,
): Setting<W> {
  return setting(z.enum(words), `one of ${words.join(", ")}`, fallback, about);
}
