import {
  CodedError,
  codes,
  decodeInstance,
  parseEnvelope,
  routes,
  type Envelope,
  type Instance,
  type Route,
} from "@discoveryd/protocol";
import { systemClock, type Clock } from "@discoveryd/runtime";
import { Pool } from "undici";
import { decodeStates, encodeInParts, type AppState } from "./app-state";
import type { AppDigest, Differences } from "./digest";
import { goRequests, type GoRequest } from "./go-form";
import {
  asFields,
  asList,
  decodeOutcomes,
  encodeOperations,
  type Operation,
  type Outcome,
} from "./operation";
import type { PeerLink } from "./peer-link";

export interface PeerClientOptions {
  /** host:port. */
  readonly addr: string;
  /** Whether it is a node of the own zone: it then tells nobody else what it is told. */
  readonly sameZone: boolean;
  /** The longest that connecting may take, in milliseconds. */
  readonly dialMs: number;
  /** How long an idle connection is kept, in milliseconds. */
  readonly keepAliveMs: number;
  /** The longest a whole sync may take, in milliseconds. News must be answered much sooner. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
}

/** A peer that has not answered news by then is lost, in milliseconds. */
const NEWS_MS = 2_000;
/** A node of the original may have been replaced by one of ours: it is asked anew after so many milliseconds. */
const GO_MS = 60_000;
/** So many requests at a time go to a node of the original, which takes one operation each. */
const CONNECTIONS = 8;
/** So many operations at a time are told to a node of the original: what is heard is over, though the rest fails. */
const SINGLES = 64;
/** A longer request is sent in parts, in characters: a node takes 8 MiB. */
const BODY = 2 * 1_048_576;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Speaks to one peer: in batches to a node of ours, one request an operation to a node of the original. */
export class PeerClient implements PeerLink {
  private readonly pool: Pool;
  requests = 0;
  private readonly clock: Clock;
  private goUntil = 0;

  constructor(private readonly options: PeerClientOptions) {
    this.clock = options.clock ?? systemClock;
    this.pool = new Pool(`http://${options.addr}`, {
      connections: CONNECTIONS,
      connect: { timeout: options.dialMs },
      keepAliveTimeout: options.keepAliveMs,
    });
  }

  async send(operations: readonly Operation[]): Promise<readonly Outcome[]> {
    if (operations.length > 0 && this.clock.monotonic() < this.goUntil) return this.sendSingly(operations);
    const body = encodeOperations(operations);
    if (body.length > BODY && operations.length > 1) {
      return this.send(operations.slice(0, operations.length >> 1));
    }
    const query = `?replication=${this.options.sameZone}&from_zone=true`;
    const answer = await this.post(`${routes.replicate.path}${query}`, "application/json", body);
    if (answer.status !== 404) return this.checked(decodeOutcomes(okData(answer)), operations.length);
    this.goUntil = this.clock.monotonic() + GO_MS;
    return this.sendSingly(operations);
  }

  async fetchAll(): Promise<readonly Instance[]> {
    const { path } = routes.fetchAll;
    const apps = Object.values(asFields(okData(await this.request("GET", path, this.options.timeoutMs))));
    return apps.flatMap((list) => (list === null ? [] : asList(list).map(decodeInstance)));
  }

  async compare(buckets: readonly string[]): Promise<Differences | "unsupported"> {
    const answer = await this.postJson(routes.digests, JSON.stringify(buckets));
    if (answer.status === 404) return "unsupported";
    const entries = Object.entries(asFields(okData(answer)));
    return new Map(entries.map(([bucket, apps]) => [Number(bucket), asList(apps).map(decodeDigest)]));
  }

  async exchange(apps: readonly AppState[]): Promise<readonly AppState[]> {
    const answers: AppState[] = [];
    for (const body of encodeInParts(apps, BODY)) {
      answers.push(...decodeStates(okData(await this.postJson(routes.exchange, body))));
    }
    return answers;
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  private checked(outcomes: Outcome[], expected: number): Outcome[] {
    if (outcomes.length === expected) return outcomes;
    throw new CodedError(codes.internal, `${outcomes.length} outcomes for ${expected} operations`);
  }

  /** Each operation is about an instance of its own, so their order does not matter. */
  private async sendSingly(operations: readonly Operation[]): Promise<readonly Outcome[]> {
    const told = operations.slice(0, SINGLES);
    const outcomes = new Map<Operation, Outcome>();
    const requests = goRequests(told, this.options.sameZone).map(async (request) => {
      const outcome = await this.sendOne(request);
      for (const operation of request.operations) outcomes.set(operation, outcome);
    });
    // Until all have ended: what fails is told again, and must not be overtaken by itself.
    const results = await Promise.allSettled(requests);
    for (const result of results) if (result.status === "rejected") throw result.reason;
    return told.map((operation) => outcomes.get(operation) as Outcome);
  }

  private async sendOne({ path, form }: GoRequest): Promise<Outcome> {
    const { code, data } = envelopeOf(await this.post(path, "application/x-www-form-urlencoded", form));
    return code === codes.conflict ? { code, instance: decodeInstance(data) } : { code };
  }

  private postJson(route: Route, body: string): Promise<Answer> {
    return this.request(route.method, route.path, this.options.timeoutMs, { type: "application/json", body });
  }

  private post(path: string, type: string, body: string): Promise<Answer> {
    this.requests++;
    return this.request("POST", path, NEWS_MS, { type, body });
  }

  private async request(
    method: "GET" | "POST",
    path: string,
    timeoutMs: number,
    content?: { type: string; body: string },
  ): Promise<Answer> {
    const abort = new AbortController();
    const cancel = this.clock.after(timeoutMs, () =>
      abort.abort(new Error(`timed out after ${timeoutMs} ms`)),
    );
    try {
      const { statusCode, body } = await this.pool.request({
        method,
        path,
        signal: abort.signal,
        ...(content && { body: content.body, headers: { "content-type": content.type } }),
      });
      return { status: statusCode, text: await body.text() };
    } finally {
      cancel();
    }
  }
}

function envelopeOf({ status, text }: Answer): Envelope {
  if (status !== 200) throw new CodedError(codes.internal, `HTTP ${status}: ${text.slice(0, 80)}`);
  return parseEnvelope(text);
}

function okData(answer: Answer): unknown {
  const { code, message, data } = envelopeOf(answer);
  if (code !== codes.ok) throw new CodedError(codes.internal, `answered ${code}: ${message}`);
  return data;
}

function decodeDigest(value: unknown): AppDigest {
  const { env, appid, digest } = asFields(value);
  return { env: String(env), appid: String(appid), digest: String(digest) };
}
