import { CodedError, codes } from "@discoveryd/protocol";
import type { InstanceInput, Registration, Registry } from "@discoveryd/naming-sdk";
import { FakeClock } from "@discoveryd/runtime/testing";
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  status as Status,
  type Client,
  type ServerErrorResponse,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { protoPath } from "grpc-health-check";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry as MetricsRegistry } from "prom-client";
import { currentCall } from "../interceptors/call-context";
import {
  callUnary,
  echo,
  EchoClient,
  EchoService,
  UNARY,
  type EchoMessage,
  type EchoServer,
} from "../testing/typed-echo";
import { eventually } from "../testing/echo-client";
import type { WardenServerConfig } from "./config";
import { WardenServer, type WardenServerOptions } from "./server";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Served {
  readonly server: WardenServer;
  readonly client: EchoClient;
  readonly logged: { fields: object; message: string }[];
}

async function useServer(
  handlers: Partial<EchoServer> = {},
  config: WardenServerConfig = {},
  options: WardenServerOptions = {},
): Promise<Served> {
  const logged: Served["logged"] = [];
  const log = (fields: object, message: string) => void logged.push({ fields, message });
  const server = new WardenServer(
    { grpc: "tcp://127.0.0.1:0", drain: 0, grace: 200, ...config },
    { logger: { debug: log, info: log, warn: log, error: log }, ...options },
  );
  server.addService(EchoService, echo(handlers));
  await server.start();
  closers.push(() => settled(server.shutdown(), options.clock as FakeClock | undefined));
  return { server, client: useClient(EchoClient, server), logged };
}

function useClient<C extends Client>(
  Ctor: new (address: string, creds: ReturnType<typeof credentials.createInsecure>) => C,
  server: WardenServer,
): C {
  const client = new Ctor(server.address as string, credentials.createInsecure());
  closers.push(() => client.close());
  return client;
}

function ask(client: EchoClient, text = "hi", deadlineMs = 5_000) {
  return callUnary(client, text, new Metadata(), { deadline: Date.now() + deadlineMs });
}

test("a started server answers on the port that start gave", async () => {
  const server = new WardenServer({ grpc: "tcp://127.0.0.1:0", drain: 0 }).addService(EchoService, echo());
  closers.push(() => server.shutdown());
  expect(server.address).toBeUndefined();
  const port = await server.start();
  expect(server.address).toBe(`127.0.0.1:${port}`);
  expect((await ask(useClient(EchoClient, server))).text).toBe("hi");
});

test("all four kinds of calls work", async () => {
  const { client } = await useServer();
  const downloaded = await new Promise((resolve) => client.download({ text: "a" }).on("data", resolve));
  const uploaded = await new Promise((resolve) => {
    const call = client.upload((_error, reply) => resolve(reply));
    call.write({ text: "a" });
    call.write({ text: "b" });
    call.end();
  });
  const chatted = await new Promise((resolve) => {
    const call = client.chat();
    call.on("data", resolve);
    call.write({ text: "c" });
    call.end();
  });
  expect([downloaded, uploaded, chatted]).toEqual([{ text: "a" }, { text: "a b" }, { text: "c" }]);
});

describe("recovery", () => {
  const fail = (error: unknown) => () => {
    throw error;
  };
  test.each<[string, EchoServer["unary"]]>([
    ["throws", fail(new TypeError("x is undefined"))],
    ["rejects", (async () => fail(new TypeError("x is undefined"))()) as EchoServer["unary"]],
  ])("a handler that %s answers INTERNAL, is logged, and the server lives", async (_how, unary) => {
    const { client, logged } = await useServer({ unary });
    const first = await ask(client);
    expect(first.error).toMatchObject({
      code: Status.INTERNAL,
      details: `${UNARY} failed unexpectedly: the server's log says why`,
    });
    expect(logged).toContainEqual({
      message: "handler failed",
      fields: { method: UNARY, err: expect.objectContaining({ message: "x is undefined" }) },
    });
    expect((await ask(client)).error?.code).toBe(Status.INTERNAL);
  });

  test.each<[string, unknown, Status, string]>([
    ["a status", { code: Status.NOT_FOUND, details: "no Ada" }, Status.NOT_FOUND, "no Ada"],
    ["a status and a message", { code: Status.ABORTED, message: "again" }, Status.ABORTED, "again"],
    ["a status alone", { code: Status.ABORTED }, Status.ABORTED, ""],
    [
      "a code of the table",
      new CodedError(codes.badRequest, "name is long"),
      Status.INVALID_ARGUMENT,
      "name is long",
    ],
    ["a code without a status", new CodedError(codes.notModified, "same"), Status.UNKNOWN, "same"],
  ])("a handler that throws %s answers it, unlogged", async (_what, error, code, details) => {
    const { client, logged } = await useServer({ unary: fail(error) });
    expect((await ask(client)).error).toMatchObject({ code, details });
    expect(logged.map(({ message }) => message)).not.toContain("handler failed");
  });

  test("a handler that calls back with a code of the table answers its status", async () => {
    const error = new CodedError(codes.limited, "too many") as unknown as ServerErrorResponse;
    const { client } = await useServer({ unary: (_call, callback) => callback(error) });
    expect((await ask(client)).error).toMatchObject({ code: Status.RESOURCE_EXHAUSTED, details: "too many" });
  });

  test("a handler that calls back with a plain error answers its message, as grpc-js does", async () => {
    const { client } = await useServer({ unary: (_call, callback) => callback(new Error("odd")) });
    expect((await ask(client)).error).toMatchObject({ code: Status.UNKNOWN, details: "odd" });
  });

  test("trailers of an error reach the caller", async () => {
    const metadata = new Metadata();
    metadata.set("reason", "quota");
    const { client } = await useServer({ unary: fail({ code: Status.ABORTED, details: "", metadata }) });
    expect((await ask(client)).trailers.get("reason")).toEqual(["quota"]);
  });

  test("a streaming handler that throws ends its stream", async () => {
    const { client } = await useServer({
      download: fail(new Error("oops")),
      chat: fail({ code: Status.ABORTED }),
    });
    const failed = (call: NodeJS.EventEmitter) =>
      new Promise((resolve) => call.on("error", resolve).on("data", () => undefined));
    expect(await failed(client.download({ text: "" }))).toMatchObject({ code: Status.INTERNAL });
    expect(await failed(client.chat())).toMatchObject({ code: Status.ABORTED });
  });

  test("an answer after the failure is left out", async () => {
    const unary = (async (_call, callback) => {
      callback(null, { text: "first" });
      callback(null, { text: "second" });
      throw new Error("late");
    }) as EchoServer["unary"];
    const { client } = await useServer({ unary });
    expect((await ask(client)).text).toBe("first");
  });

  test("a method without a handler answers UNIMPLEMENTED", async () => {
    const { client } = await useServer({ unary: undefined as unknown as EchoServer["unary"] });
    expect((await ask(client)).error?.code).toBe(Status.UNIMPLEMENTED);
  });

  test("handlers of a class keep their this", async () => {
    const handlers = {
      ...echo(),
      greeting: "hello",
      unary(this: { greeting: string }, _call: unknown, callback: (e: null, m: EchoMessage) => void) {
        callback(null, { text: this.greeting });
      },
    };
    const server = new WardenServer({ grpc: "tcp://127.0.0.1:0", drain: 0 });
    server.addService(EchoService, handlers as unknown as EchoServer);
    closers.push(() => server.shutdown());
    await server.start();
    expect((await ask(useClient(EchoClient, server))).text).toBe("hello");
  });
});

describe("deadlines", () => {
  test("a handler that takes longer than the server's timeout is answered for", async () => {
    const clock = new FakeClock();
    let signal: AbortSignal | undefined;
    const { client } = await useServer(
      { unary: () => (signal = currentCall()?.signal) },
      { grpc: "tcp://127.0.0.1:0?timeout=300ms" },
      { clock },
    );
    const answer = ask(client);
    await eventually(() => signal !== undefined);
    expect(signal?.aborted).toBe(false);
    await clock.advance(300);
    expect((await answer).error).toMatchObject({
      code: Status.DEADLINE_EXCEEDED,
      details: `${UNARY} took longer than the server's 300 ms`,
    });
    expect(signal?.aborted).toBe(true);
  });

  test("the context's deadline is the sooner of the caller's and the server's", async () => {
    const seen: number[] = [];
    const unary: EchoServer["unary"] = (call, callback) => {
      seen.push((currentCall()?.deadline as number) - Date.now());
      callback(null, call.request);
    };
    const { client } = await useServer({ unary }, { timeout: "60s" });
    await ask(client, "hi", 20_000);
    await ask(client, "hi", 120_000);
    await callUnary(client, "hi", new Metadata());
    const bounds = seen.map((left) =>
      left > 0 && left <= 20_001 ? "caller" : left <= 60_000 ? "server" : "none",
    );
    expect(bounds).toEqual(["caller", "server", "server"]);
  });

  test("a timeout of 0 leaves the deadline to the caller", async () => {
    let deadline: number | undefined;
    const unary: EchoServer["unary"] = (call, callback) => {
      deadline = currentCall()?.deadline;
      callback(null, call.request);
    };
    const { client } = await useServer({ unary }, { timeout: 0 });
    await callUnary(client, "hi", new Metadata());
    expect(deadline).toBe(Infinity);
  });

  test("the signal aborts when the caller cancels", async () => {
    const signals: AbortSignal[] = [];
    const unary = () => signals.push((currentCall() as { signal: AbortSignal }).signal);
    const { client } = await useServer({ unary });
    const call = client.unary({ text: "" }, () => undefined);
    await eventually(() => signals.length === 1);
    call.cancel();
    await eventually(() => signals[0]?.aborted === true);
  });

  test("the signal asked for after the caller has gone is aborted", async () => {
    let late: () => AbortSignal | undefined = () => undefined;
    const unary: EchoServer["unary"] = (call) => {
      const context = currentCall();
      call.on("cancelled", () => (late = () => context?.signal));
    };
    const { client } = await useServer({ unary });
    await ask(client, "hi", 50);
    await eventually(() => late()?.aborted === true);
  });
});

describe("what an answer carries", () => {
  test("every answer says how busy the server is", async () => {
    const { client } = await useServer({ download: () => Promise.reject(new Error("x")) as never });
    const { trailers } = await ask(client);
    expect(trailers.get("cpu_usage")).toEqual([expect.stringMatching(/^\d+$/)]);
    const status = await new Promise<{ metadata: Metadata }>((resolve) =>
      client
        .download({ text: "" })
        .on("error", () => undefined)
        .on("status", resolve)
        .resume(),
    );
    expect(status.metadata.get("cpu_usage")).toHaveLength(1);
  });

  test("each call is counted once, by method and status", async () => {
    const metrics = new MetricsRegistry();
    const unary: EchoServer["unary"] = (call, callback) =>
      callback(call.request.text === "bad" ? { code: Status.NOT_FOUND } : null, call.request);
    const { client } = await useServer({ unary }, {}, { metrics });
    await useServer({}, {}, { metrics });
    await ask(client);
    await ask(client);
    await ask(client, "bad");
    const text = await metrics.metrics();
    expect(text).toContain(`warden_server_call_duration_seconds_count{method="${UNARY}",code="OK"} 2`);
    expect(text).toContain(`warden_server_call_duration_seconds_count{method="${UNARY}",code="NOT_FOUND"} 1`);
  });

  test("a call whose caller went away is counted as cancelled", async () => {
    const metrics = new MetricsRegistry();
    let begun = false;
    const { client } = await useServer({ unary: () => (begun = true) }, {}, { metrics });
    const call = client.unary({ text: "" }, () => undefined);
    await eventually(() => begun);
    call.cancel();
    await eventually(async () => (await metrics.metrics()).includes('code="CANCELLED"} 1'));
  });
});

interface HealthClient extends Client {
  check(request: { service: string }, callback: (error: unknown, reply?: { status: string }) => void): void;
  watch(request: { service: string }): NodeJS.EventEmitter;
  list(request: object, callback: (error: unknown, reply?: { statuses: object }) => void): void;
}

type ClientConstructor<C> = new (address: string, creds: ReturnType<typeof credentials.createInsecure>) => C;

function healthClient(server: WardenServer): HealthClient {
  const loaded = loadPackageDefinition(loadSync(protoPath, { enums: String, defaults: true }));
  const { grpc } = loaded as unknown as {
    grpc: { health: { v1: { Health: ClientConstructor<HealthClient> } } };
  };
  return useClient(grpc.health.v1.Health, server);
}

describe("health", () => {
  const check = (client: HealthClient, service: string) =>
    new Promise((resolve) => client.check({ service }, (error, reply) => resolve(reply?.status ?? error)));

  test("the server and each of its services are SERVING", async () => {
    const client = healthClient((await useServer()).server);
    expect(await check(client, "")).toBe("SERVING");
    expect(await check(client, "warden.testing.v1.Echo")).toBe("SERVING");
    const listed = await new Promise((resolve) =>
      client.list({}, (_error, reply) => resolve(reply?.statuses)),
    );
    expect(listed).toEqual({ "": { status: "SERVING" }, "warden.testing.v1.Echo": { status: "SERVING" } });
  });

  test("a service that is not served is NOT_FOUND", async () => {
    const client = healthClient((await useServer()).server);
    expect(await check(client, "x")).toMatchObject({
      code: Status.NOT_FOUND,
      details: 'service "x" is not served here',
    });
  });

  test("a closing server is NOT_SERVING before the drain, and ends its watches after it", async () => {
    const clock = new FakeClock();
    const { server } = await useServer({}, { drain: "2s" }, { clock });
    const client = healthClient(server);
    const seen: unknown[] = [];
    for (const service of ["", "nobody"]) {
      client
        .watch({ service })
        .on("data", ({ status }: { status: string }) => seen.push(status))
        .on("error", ({ code }: { code: Status }) => seen.push(code));
    }
    await eventually(() => seen.length === 2);
    expect(seen.sort()).toEqual(["SERVICE_UNKNOWN", "SERVING"]);
    const closed = server.shutdown();
    await eventually(() => seen.length === 3);
    expect(seen[2]).toBe("NOT_SERVING");
    expect(await check(client, "")).toBe("NOT_SERVING");
    await settled(closed, clock);
    await eventually(() => seen.length === 5);
    expect(seen.slice(3)).toEqual([Status.UNAVAILABLE, Status.UNAVAILABLE]);
    expect(clock.pending).toBe(0);
  });

  test("a watch that its client ended is forgotten", async () => {
    const { server } = await useServer();
    const client = healthClient(server);
    const call = client.watch({ service: "" }) as NodeJS.EventEmitter & { cancel(): void };
    await new Promise((resolve) => call.once("data", resolve));
    const ended = new Promise((resolve) => call.once("error", resolve));
    call.cancel();
    expect(await ended).toMatchObject({ code: Status.CANCELLED });
    await server.shutdown();
  });
});

function fakeRegistry() {
  const registered: InstanceInput[] = [];
  const events: string[] = [];
  const registry: Registry = {
    register: (instance, { signal } = {}) => {
      registered.push(instance);
      if (instance.appid === "hangs") {
        return new Promise((_resolve, reject) =>
          signal?.addEventListener("abort", () => reject(signal.reason as Error)),
        );
      }
      const cancel = async () => void events.push(`cancel ${instance.appid}`);
      const registration = { instance, update: async () => undefined, cancel } as unknown as Registration;
      if (instance.appid !== "slow") return Promise.resolve(registration);
      return new Promise((resolve) => signal?.addEventListener("abort", () => resolve(registration)));
    },
    close: () => Promise.resolve(),
  };
  return { registry, registered, events };
}

describe("registration", () => {
  test("a server registers the address it listens on", async () => {
    const { server } = await useServer();
    const { registry, registered } = fakeRegistry();
    await server.register(registry, { appid: "demo", metadata: { weight: "5" } });
    expect(registered).toEqual([
      { appid: "demo", metadata: { weight: "5" }, addrs: [`grpc://${server.address}`] },
    ]);
  });

  test("addresses that are given are registered as they are", async () => {
    const { server } = await useServer();
    const { registry, registered } = fakeRegistry();
    await server.register(
      registry,
      { appid: "demo", addrs: ["grpc://1.2.3.4:5"] },
      { signal: new AbortController().signal },
    );
    expect(registered[0]?.addrs).toEqual(["grpc://1.2.3.4:5"]);
  });

  test("a server that was not started cannot be registered", async () => {
    const server = new WardenServer({ grpc: "tcp://127.0.0.1:0" });
    await expect(server.register(fakeRegistry().registry, { appid: "demo" })).rejects.toThrow(
      "register demo: start the server first, its port is not known yet",
    );
  });

  test("a shutdown cancels all registrations and goes on serving until the drain is over", async () => {
    const clock = new FakeClock();
    const { server, client } = await useServer({}, { drain: "2s" }, { clock });
    const { registry, events } = fakeRegistry();
    await server.register(registry, { appid: "a" });
    await server.register(registry, { appid: "b" });
    const closed = server.shutdown();
    await eventually(() => clock.pending > 1);
    expect(events).toEqual(["cancel a", "cancel b"]);
    expect((await ask(client)).text).toBe("hi");
    await settled(closed, clock);
    expect((await ask(client)).error?.code).toBe(Status.UNAVAILABLE);
  });

  test("a shutdown ends a registration under way", async () => {
    const { server } = await useServer();
    const { registry, events } = fakeRegistry();
    const hanging = server.register(registry, { appid: "hangs" });
    const slow = server.register(registry, { appid: "slow" });
    const refused = expect(hanging).rejects.toThrow("the server is closing");
    await server.shutdown();
    await refused;
    await slow;
    expect(events).toEqual(["cancel slow"]);
  });
});

describe("shutdown", () => {
  test("an open call finishes", async () => {
    let answer: (() => void) | undefined;
    const unary: EchoServer["unary"] = (call, callback) => void (answer = () => callback(null, call.request));
    const { server, client } = await useServer({ unary }, { grace: "10s" });
    const outcome = ask(client);
    await eventually(() => answer !== undefined);
    const closed = server.shutdown();
    answer?.();
    expect((await outcome).text).toBe("hi");
    await closed;
  });

  test("a call still open after the grace is cut", async () => {
    let begun = false;
    const { server, client } = await useServer({ unary: () => (begun = true) }, { grace: 50, timeout: 0 });
    const outcome = callUnary(client, "hi", new Metadata());
    await eventually(() => begun);
    await server.shutdown();
    expect((await outcome).error?.code).toBe(Status.CANCELLED);
  });

  test("is the same when asked twice, and when the server never started", async () => {
    const server = new WardenServer({ grpc: "tcp://127.0.0.1:0" });
    expect(server.shutdown()).toBe(server.shutdown());
    await server[Symbol.asyncDispose]();
    await expect(server.start()).rejects.toThrow("start: the server was shut down");
  });

  test("the first signal shuts the server down, the second ends the process", async () => {
    const { signals, exits, source } = fakeProcess();
    let begun = false;
    const { server, client } = await useServer(
      { unary: () => (begun = true) },
      { grace: 200 },
      { handleSignals: source },
    );
    void ask(client);
    await eventually(() => begun);
    signals.get("SIGTERM")?.("SIGTERM");
    expect(exits).toEqual([]);
    signals.get("SIGTERM")?.("SIGTERM");
    signals.get("SIGINT")?.("SIGINT");
    expect(exits).toEqual([143, 130]);
    await server.shutdown();
    expect(signals.size).toBe(0);
  });

  test("signals of the process itself are left alone again afterwards", async () => {
    const before = process.listenerCount("SIGTERM");
    const { server } = await useServer({}, {}, { handleSignals: true });
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    await server.shutdown();
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});

describe("start", () => {
  test("a port in use is one line that names it and the cure", async () => {
    const { server } = await useServer();
    const second = new WardenServer({ grpc: `tcp://${server.address}` });
    await expect(second.start()).rejects.toThrow(
      `cannot listen on ${server.address}: it is in use by another process; choose another with the option grpc ` +
        "or the environment variable GRPC, for example GRPC=tcp://0.0.0.0:9001",
    );
    await second.shutdown();
  });

  test("an address of another machine is one line, too", async () => {
    const server = new WardenServer({ grpc: "tcp://192.0.2.1:0" });
    await expect(server.start()).rejects.toThrow(
      "cannot listen on 192.0.2.1:0: this machine has no such address",
    );
  });

  test("may be on a unix socket, which has no port", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "warden-")), "grpc.sock");
    const server = new WardenServer({ grpc: `unix://${path}`, drain: 0 }).addService(EchoService, echo());
    closers.push(() => server.shutdown());
    expect(await server.start()).toBe(0);
    expect(server.address).toBe(path);
    const client = new EchoClient(`unix:${path}`, credentials.createInsecure());
    closers.push(() => client.close());
    expect((await ask(client)).text).toBe("hi");
  });

  test("happens once", async () => {
    const { server } = await useServer();
    await expect(server.start()).rejects.toThrow("start: the server was started before");
  });
});

function fakeProcess() {
  const signals = new Map<string, (signal: NodeJS.Signals) => void>();
  const exits: number[] = [];
  const source = {
    on: (signal: string, listener: (signal: NodeJS.Signals) => void) => signals.set(signal, listener),
    off: (signal: string) => signals.delete(signal),
    exit: (code: number) => void exits.push(code),
  };
  return { signals, exits, source };
}

/** Waits for the promise, while a clock that stands still is moved. */
async function settled(promise: Promise<unknown>, clock: FakeClock | undefined): Promise<void> {
  let done = false;
  void promise.then(() => (done = true));
  await eventually(async () => (await clock?.advance(50), done));
}
