import {
  CodedError,
  codes,
  encodeMetadata,
  isCode,
  parseEnvelope,
  parseExactEnvelope,
  routes,
  type Args,
  type Envelope,
  type ExactEnvelope,
  type Route,
} from "@discoveryd/protocol";
import type { Instance, InstanceChange, InstancesInfo } from "../naming";
import { HttpError, type Transport } from "./transport";
import { infoFromWire } from "./wire-info";

/** Which instance a call is about. */
export type InstanceKey = Pick<Instance, "env" | "appid" | "zone" | "hostname" | "region">;

/** What a registry says of several apps. */
export interface AppsAnswer {
  readonly apps: ReadonlyMap<string, InstancesInfo>;
  /** Apps whose state could not be read, each with why. One broken app does not hide the others. */
  readonly unreadable: ReadonlyMap<string, Error>;
}

/** What became of one renewal of many. */
export type RenewOutcome = "ok" | "missing" | CodedError;

export interface RegistryApiOptions {
  readonly transport: Transport;
  /** The host name told to the registry with each poll; kept in its log. */
  readonly hostname: string;
  /** For register, renew, renews, cancel and set, in milliseconds. Default 3 s. */
  readonly writeTimeoutMs?: number;
  /** For fetchs, in milliseconds. Default 5 s. */
  readonly readTimeoutMs?: number;
  /** For polls, in milliseconds. Default 40 s: a registry answers after 30 s. */
  readonly pollTimeoutMs?: number;
}

const STATUS_UP_ONLY = 1;

/**
 * The registry's calls, one method each, at the node (`http://host:port`) named first. Each rejects with a CodedError
 * whose message says what was being done and where: with the registry's code and message when it refused, else -500.
 */
export class RegistryApi {
  constructor(private readonly options: RegistryApiOptions) {}

  /** Resolves when the registry has taken the instance. */
  async register(node: string, instance: Instance, signal?: AbortSignal): Promise<void> {
    const { region, zone, env, appid, hostname, addrs, version, metadata, status } = instance;
    const args = { region, zone, env, appid, hostname, addrs, version, metadata, status };
    await this.write(routes.register, args, { node, signal });
  }

  /** "missing": the registry does not know the instance (any more). */
  async renew(node: string, key: InstanceKey, signal?: AbortSignal): Promise<"ok" | "missing"> {
    return okOrMissing(this.write(routes.renew, keyOf(key), { node, signal }));
  }

  /**
   * Renews many in one request: one outcome a key, in their order. An Error: the registry refuses that one.
   * "unsupported": the node answers, but not with a list of codes. The original knows no such call.
   */
  async renews(
    node: string,
    keys: readonly InstanceKey[],
    signal?: AbortSignal,
  ): Promise<readonly RenewOutcome[] | "unsupported"> {
    const { path, method } = routes.renews;
    const what = `renews of ${keys.length} instances at ${node}`;
    const body = JSON.stringify(
      keys.map(({ env, appid, zone, hostname }) => ({ env, appid, zone, hostname })),
    );
    const timeoutMs = this.options.writeTimeoutMs ?? 3_000;
    const request = {
      method,
      path,
      body,
      bodyType: "application/json",
      origin: node,
      timeoutMs,
      signal,
    } as const;
    let text: string;
    try {
      text = await this.options.transport.send(request);
    } catch (error) {
      if (error instanceof HttpError) return "unsupported";
      throw new CodedError(codes.internal, `${what}: ${reasonOf(error)}`, { cause: error });
    }
    return readOutcomes(text, keys.length, what) ?? "unsupported";
  }

  /** "missing": it was not there. */
  async cancel(node: string, key: InstanceKey, signal?: AbortSignal): Promise<"ok" | "missing"> {
    return okOrMissing(this.write(routes.cancel, keyOf(key), { node, signal }));
  }

  /** "missing": the registry does not know the instance. */
  async set(
    node: string,
    key: InstanceKey,
    change: Pick<InstanceChange, "status"> & { readonly metadata?: ReadonlyMap<string, string> },
    signal?: AbortSignal,
  ): Promise<"ok" | "missing"> {
    const args = {
      ...keyOf(key),
      hostname: [key.hostname],
      status: change.status === undefined ? [] : [change.status],
      metadata: change.metadata === undefined ? [] : [change.metadata],
    };
    return okOrMissing(this.write(routes.set, args, { node, signal }));
  }

  /** The instances that are up. Apps that do not exist are left out. */
  async fetchs(
    node: string,
    env: string,
    appids: readonly string[],
    signal?: AbortSignal,
  ): Promise<AppsAnswer> {
    const args = { env, appid: appids, status: STATUS_UP_ONLY };
    const timeoutMs = this.options.readTimeoutMs ?? 5_000;
    return readApps(await this.call(routes.fetchs, args, { node, signal, timeoutMs }), `fetchs at ${node}`);
  }

  /**
   * Waits at the registry until an app is newer than the timestamp given for it, 0 for an app not known yet. With
   * nothing newer after about 30 s: "unchanged". An app that lost all instances is news too: an empty one.
   */
  async polls(
    node: string,
    env: string,
    known: ReadonlyMap<string, bigint>,
    signal?: AbortSignal,
  ): Promise<AppsAnswer | "unchanged"> {
    const args = {
      env,
      appid: [...known.keys()],
      latest_timestamp: [...known.values()],
      hostname: this.options.hostname,
      empty: true,
    };
    const timeoutMs = this.options.pollTimeoutMs ?? 40_000;
    try {
      return readApps(await this.call(routes.polls, args, { node, signal, timeoutMs }), `polls at ${node}`);
    } catch (error) {
      if (error instanceof CodedError && error.code === codes.notModified) return "unchanged";
      throw error;
    }
  }

  private write<R extends Route>(
    route: R,
    args: Partial<Args<R>>,
    { node, signal }: Where,
  ): Promise<Envelope> {
    return this.call(route, args, { node, signal, timeoutMs: this.options.writeTimeoutMs ?? 3_000 });
  }

  private async call<R extends Route>(
    route: R,
    args: Partial<Args<R>>,
    { node, signal, timeoutMs }: Where & { readonly timeoutMs: number },
  ): Promise<ExactEnvelope> {
    const what = `${route.name} ${subject(args)} at ${node}`;
    const form = encodeArgs(args);
    let envelope: ExactEnvelope;
    try {
      const rest =
        route.method === "GET" ? { path: `${route.path}?${form}` } : { path: route.path, body: form };
      const text = await this.options.transport.send({
        method: route.method,
        origin: node,
        timeoutMs,
        signal,
        ...rest,
      });
      // The only one that is used, and given back to the registry.
      envelope = parseExactEnvelope(text, "latest");
    } catch (error) {
      throw new CodedError(codes.internal, `${what}: ${reasonOf(error)}`, { cause: error });
    }
    if (envelope.code === codes.ok) return envelope;
    const code = isCode(envelope.code) ? envelope.code : codes.internal;
    throw new CodedError(code, `${what}: ${envelope.message} (code ${envelope.code})`);
  }
}

interface Where {
  readonly node: string;
  readonly signal?: AbortSignal | undefined;
}

async function okOrMissing(call: Promise<unknown>): Promise<"ok" | "missing"> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof CodedError && error.code === codes.notFound) return "missing";
    throw error;
  }
}

function keyOf({ env, appid, zone, hostname, region }: InstanceKey): InstanceKey {
  return { env, appid, zone, hostname, region };
}

/** The outcomes of an answer; undefined when it is no list of so many codes. */
function readOutcomes(text: string, count: number, what: string): RenewOutcome[] | undefined {
  let data: unknown;
  try {
    data = parseEnvelope(text).data;
  } catch {
    return undefined; // No envelope: whoever answered knows no such call.
  }
  if (!Array.isArray(data) || data.length !== count) return undefined;
  const outcomes = data.map((item: unknown) => readOutcome(item, what));
  return outcomes.every((outcome) => outcome !== undefined) ? outcomes : undefined;
}

function readOutcome(item: unknown, what: string): RenewOutcome | undefined {
  const { code, message } = (item ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code !== "number") return undefined;
  if (code === codes.ok) return "ok";
  if (code === codes.notFound) return "missing";
  return new CodedError(isCode(code) ? code : codes.internal, `${what}: ${String(message)} (code ${code})`);
}

/** The apps of an answer. Throws when `data` is no object of apps at all. */
function readApps({ data, timestampOf }: ExactEnvelope, what: string): AppsAnswer {
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new CodedError(codes.internal, `${what}: data is not an object of apps`);
  }
  const apps = new Map<string, InstancesInfo>();
  const unreadable = new Map<string, Error>();
  for (const [appid, value] of Object.entries(data)) {
    try {
      apps.set(appid, infoFromWire(value, timestampOf));
    } catch (error) {
      unreadable.set(appid, CodedError.from(error));
    }
  }
  return { apps, unreadable };
}

/** Arguments as a form: lists repeated, metadata as JSON. What is undefined or false is left out. */
function encodeArgs(args: object): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(args) as [string, unknown][]) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (item === undefined || item === false) continue;
      form.append(
        name,
        item instanceof Map ? encodeMetadata(item as ReadonlyMap<string, string>) : String(item),
      );
    }
  }
  return form.toString();
}

/** Whom a call is about, for messages: `demo.service/host-1`, or `demo.service, other.service and 7 more`. */
function subject(args: object): string {
  const { appid, hostname } = args as {
    appid?: string | readonly string[];
    hostname?: string | readonly string[];
  };
  if (typeof appid === "string") return `${appid}/${String(hostname)}`;
  const appids = appid ?? [];
  const more = appids.length - 2;
  return appids.slice(0, 2).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** What went wrong, in a few words. Node leaves the message empty when every address of a host name fails. */
function reasonOf(error: unknown): string {
  const { message, errors } = error as Partial<AggregateError>;
  if (message) return message;
  return errors ? errors.map(reasonOf).join(", ") : String(error);
}
