import { codes } from "@discoveryd/protocol";
import { Direct } from "@discoveryd/naming-sdk";
import {
  Client,
  connectivityState,
  credentials,
  Metadata,
  status as Status,
  type InterceptingCall,
  type ServiceError,
} from "@grpc/grpc-js";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { Registry as MetricsRegistry } from "prom-client";
import type { WardenCallOptions } from "../interceptors/call-context";
import { SchemeTable } from "../register";
import { WardenServer } from "../server/server";
import { eventually } from "../testing/echo-client";
import { instanceAt, MemoryNaming } from "../testing/memory-naming";
import { callUnary, echo, EchoClient, EchoService, UNARY, type EchoServer } from "../testing/typed-echo";
import { WardenClient, type WardenClientOptions } from "./client";
import type { WardenClientConfig } from "./config";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const table = new SchemeTable();
table.register(new Direct());
let schemes = 0;

/** A naming back end with a scheme of its own. */
function useNaming() {
  const scheme = `memory${schemes++}`;
  const naming = new MemoryNaming({ scheme });
  table.register(naming);
  return { naming, target: `${scheme}://default/demo.service` };
}

async function useServer(handlers: Partial<EchoServer> = {}, port = 0): Promise<WardenServer> {
  const server = new WardenServer({ grpc: `tcp://127.0.0.1:${port}`, drain: 0, grace: 100 });
  server.addService(EchoService, echo(handlers));
  await server.start();
  closers.push(() => server.shutdown());
  return server;
}

function useWarden(config: WardenClientConfig = {}, options: WardenClientOptions = {}): WardenClient {
  const client = new WardenClient({ timeout: "5s", ...config }, options);
  closers.push(() => client.close());
  return client;
}

function ask(client: EchoClient, text = "hi", metadata = new Metadata()) {
  return callUnary(client, text, metadata);
}

/** An address where nothing listens. */
async function closedAddress(): Promise<string> {
  const server = await useServer();
  await server.shutdown();
  return server.address as string;
}

describe("dial", () => {
  test("gives a generated client that calls an instance of the app", async () => {
    const { naming, target } = useNaming();
    naming.set("demo.service", [instanceAt((await useServer()).address as string)]);
    const client = await useWarden().dial(target, EchoClient);
    expect((await ask(client)).text).toBe("hi");
  });

  test("waits for the app's first instance", async () => {
    const { naming, target } = useNaming();
    const dialled = useWarden().dial(target, EchoClient);
    const { address } = await useServer();
    naming.set("demo.service", []);
    naming.set("demo.service", [instanceAt(address as string)]);
    expect((await ask(await dialled)).text).toBe("hi");
  });

  test("takes a plain address, too", async () => {
    const { address } = await useServer();
    const client = await useWarden({ retry: true }).dial(address as string, EchoClient);
    expect((await ask(client)).text).toBe("hi");
  });

  test("fills in what the target leaves open", async () => {
    const { naming, target } = useNaming();
    naming.set("demo.service", [instanceAt((await useServer()).address as string)]);
    const warden = useWarden({ zone: "sh1", clusters: ["red"], subset: 7 });
    await warden.dial(`${target}?zone=sh2`, EchoClient);
    expect(naming.built.at(-1)?.options).toEqual({
      filter: { scheme: "grpc", clusters: ["red"] },
      scheduleNode: "sh2",
      subset: 7,
    });
  });

  test("is typed by the client it is given", async () => {
    const target = `direct://default/${(await useServer()).address}`;
    const echoClient: EchoClient = await useWarden().dial(target, EchoClient);
    const generic: Client = await useWarden().dial(target, Client);
    // @ts-expect-error a plain client has no method of the service
    expect(generic.unary).toBeUndefined();
    expect(echoClient.unary).toBeInstanceOf(Function);
    // @ts-expect-error what is dialled must be a client
    await expect(useWarden().dial(target, Date)).rejects.toThrow(TypeError);
  });
});

describe("a dial that is not ready in time says how far it came", () => {
  async function refusal(target: string, dial = 150): Promise<Error & { code: number }> {
    return useWarden({ dial })
      .dial(target, EchoClient)
      .then(
        () => Promise.reject(new Error("dialled")),
        (error: Error & { code: number }) => error,
      );
  }

  test("no answer yet", async () => {
    const { target } = useNaming();
    const error = await refusal(target);
    expect(error.code).toBe(codes.unavailable);
    expect(error.message).toBe(
      `dial ${target}: not ready after 150 ms: no answer yet for app demo.service in zone true of env test, asked memory://`,
    );
  });

  test("registry not reached", async () => {
    const { naming, target } = useNaming();
    const refused = refusal(target);
    const cause = new Error("connect ECONNREFUSED");
    naming.setStatus("demo.service", {
      kind: "unreachable",
      nodes: ["10.0.0.1:7171", "10.0.0.2:7171"],
      cause,
    });
    expect((await refused).message).toContain(
      "registry not reached: asked 10.0.0.1:7171, 10.0.0.2:7171, last failure: connect ECONNREFUSED; looking for app demo.service",
    );
  });

  test("registry not reached, for a reason that is no error", async () => {
    const { naming, target } = useNaming();
    const refused = refusal(target);
    naming.setStatus("demo.service", { kind: "unreachable", nodes: ["a:1"], cause: "HTTP 502" });
    expect((await refused).message).toContain("asked a:1, last failure: HTTP 502");
  });

  test("app not registered", async () => {
    const { naming, target } = useNaming();
    naming.set("demo.service", []);
    expect((await refusal(target)).message).toContain("app not registered: app demo.service in zone");
  });

  test("instances, but none that fits", async () => {
    const { naming, target } = useNaming();
    const refused = refusal(target);
    naming.setStatus("demo.service", { kind: "filtered" });
    expect((await refused).message).toContain("none fits the zone, clusters and scheme asked for");
  });

  test("instances, but none with an address of ours", async () => {
    const { naming, target } = useNaming();
    naming.set("demo.service", [instanceAt("10.0.0.1:80", { addrs: ["http://10.0.0.1:80"] })]);
    expect((await refusal(target)).message).toContain("instances found, but none can be called");
  });

  test("instances found but none connects: which, and why", async () => {
    const { naming, target } = useNaming();
    const address = await closedAddress();
    naming.set("demo.service", [instanceAt(address)]);
    expect((await refusal(target, 1_000)).message).toContain(
      `instances found but none connects: ${address} (connect ECONNREFUSED ${address})`,
    );
  });

  test("of many instances the first five are named", async () => {
    const { naming, target } = useNaming();
    const { port } = new URL(`http://${await closedAddress()}`);
    const addresses = Array.from({ length: 8 }, (_, i) => `127.0.1.${i + 1}:${port}`);
    naming.set(
      "demo.service",
      addresses.map((address) => instanceAt(address)),
    );
    const { message } = await refusal(target, 1_000);
    expect(message).toMatch(/127\.0\.1\.5:(\d+) \(connect ECONNREFUSED 127\.0\.1\.5:\1\) and 3 more$/);
  });

  test("no naming back end at all", async () => {
    expect((await refusal(await closedAddress())).message).toContain("no address could be connected to");
  });
});

describe("a dial ends at once", () => {
  test("when the target is malformed", async () => {
    await expect(useWarden().dial("direct://default/nowhere", EchoClient)).rejects.toThrow(
      /^target "direct:\/\/default\/nowhere" is not valid: .* Write it as direct:/,
    );
  });

  test("when nobody is registered for its scheme", async () => {
    await expect(useWarden().dial("etcd://default/demo.service", EchoClient)).rejects.toThrow(
      "dial etcd://default/demo.service: nothing is registered for etcd://, call resolver.register(builder) first",
    );
  });

  test("when its signal aborts", async () => {
    const abort = new AbortController();
    const dialled = useWarden().dial(useNaming().target, EchoClient, { signal: abort.signal });
    abort.abort(new Error("changed my mind"));
    await expect(dialled).rejects.toThrow("changed my mind");
    const again = useWarden().dial(useNaming().target, EchoClient, { signal: abort.signal });
    await expect(again).rejects.toThrow("changed my mind");
  });

  test("when the client closes", async () => {
    const warden = useWarden();
    const { target } = useNaming();
    const dialled = warden.dial(target, EchoClient);
    warden.close();
    await expect(dialled).rejects.toThrow(`dial ${target}: the client was closed`);
    await expect(warden.dial(target, EchoClient)).rejects.toThrow(`dial ${target}: the client was closed`);
  });
});

describe("nonBlock", () => {
  test("returns at once, and calls wait for an instance within their deadline", async () => {
    const { naming, target } = useNaming();
    const client = await useWarden({ nonBlock: true }).dial(target, EchoClient);
    naming.set("demo.service", []);
    const answer = ask(client);
    naming.set("demo.service", [instanceAt((await useServer()).address as string)]);
    expect((await answer).text).toBe("hi");
  });

  test("a wait in vain is UNAVAILABLE and says how far the channel came", async () => {
    const { naming, target } = useNaming();
    const client = await useWarden({ timeout: 100 }).dial(target, EchoClient, { nonBlock: true });
    naming.set("demo.service", []);
    expect((await ask(client)).error).toMatchObject({
      code: Status.UNAVAILABLE,
      details: `${UNARY}: not ready yet: app not registered: app demo.service in zone true of env test, asked memory://`,
    });
  });

  test("other errors stay what they are", async () => {
    const { naming, target } = useNaming();
    naming.set("demo.service", [
      instanceAt(
        (await useServer({ unary: (_call, callback) => callback({ code: Status.NOT_FOUND }) }))
          .address as string,
      ),
    ]);
    const client = await useWarden({ nonBlock: true }).dial(target, EchoClient);
    expect((await ask(client)).error?.code).toBe(Status.NOT_FOUND);
  });

  test("the caller's metadata is left as it was", async () => {
    const { target } = useNaming();
    const client = await useWarden({ timeout: 30 }).dial(target, EchoClient, { nonBlock: true });
    const metadata = new Metadata();
    await ask(client, "hi", metadata);
    expect(metadata.getOptions().waitForReady).toBeUndefined();
  });
});

describe("calls", () => {
  async function useEcho(
    handlers: Partial<EchoServer> = {},
    config: WardenClientConfig = {},
    options: WardenClientOptions = {},
  ) {
    const server = await useServer(handlers);
    const warden = useWarden(config, options);
    return { warden, server, client: await warden.dial(`direct://default/${server.address}`, EchoClient) };
  }
  const silent: EchoServer["unary"] = () => undefined;

  test("a call ends after the configured timeout, and the error says so", async () => {
    const { client } = await useEcho({ unary: silent }, { timeout: "50ms" });
    const { error } = await ask(client);
    expect(error?.code).toBe(Status.DEADLINE_EXCEEDED);
    expect(error?.details).toMatch(/; bound by the client's timeout of 50 ms$/);
  });

  test("a caller's sooner deadline holds", async () => {
    const { client } = await useEcho({ unary: silent }, { timeout: "5s" });
    const { error } = await callUnary(client, "hi", new Metadata(), { deadline: new Date(Date.now() + 50) });
    expect(error?.code).toBe(Status.DEADLINE_EXCEEDED);
    expect(error?.details).not.toContain("bound by");
  });

  test("a caller's later deadline gives way", async () => {
    const { client } = await useEcho({ unary: silent }, { timeout: "50ms" });
    const { error } = await callUnary(client, "hi", new Metadata(), { deadline: Date.now() + 60_000 });
    expect(error?.details).toContain("bound by the client's timeout of 50 ms");
  });

  test("an early DEADLINE_EXCEEDED is the server's own, and not explained", async () => {
    const unary: EchoServer["unary"] = (_call, callback) =>
      callback({ code: Status.DEADLINE_EXCEEDED, details: "mine" });
    const { client } = await useEcho({ unary });
    expect((await ask(client)).error?.details).toBe("mine");
  });

  test("a method's own timeout wins over the client's", async () => {
    const { client } = await useEcho({ unary: silent }, { method: { [UNARY]: { timeout: "40ms" } } });
    expect((await ask(client)).error?.details).toContain("timeout of 40 ms");
  });

  test("a stream has no timeout unless its method is given one", async () => {
    const { client, warden } = await useEcho({ download: () => undefined }, { timeout: 30 });
    const method = "/warden.testing.v1.Echo/Download";
    let ended = false;
    const open = client.download({ text: "" }).on("error", () => (ended = true));
    warden.setConfig({ timeout: 30, method: { [method]: { timeout: 60 } } });
    const bound = client.download({ text: "" });
    const error = await new Promise<Error>((resolve) => bound.on("error", resolve).resume());
    expect(error).toMatchObject({ code: Status.DEADLINE_EXCEEDED });
    expect(ended).toBe(false);
    open.cancel();
  });

  test("a new configuration holds for the next call of a dialled client", async () => {
    const { client, warden } = await useEcho({ unary: silent }, { timeout: "5s" });
    warden.setConfig({ timeout: "20ms" });
    expect((await ask(client)).error?.details).toContain("timeout of 20 ms");
    expect(() => warden.setConfig({ timeout: "soon" })).toThrow("client config timeout");
    expect((await ask(client)).error?.details).toContain("timeout of 20 ms");
  });

  test("all four kinds of calls work through the stack", async () => {
    const { client } = await useEcho();
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

  test("a call knows its peer once that has answered", async () => {
    const { client, server } = await useEcho();
    const peer = await new Promise((resolve) => {
      const call = client.unary({ text: "" }, () => resolve(call.getPeer()));
      expect(call.getAuthContext()).toBeNull();
    });
    expect(peer).toBe(server.address);
  });

  test("a call can be cancelled", async () => {
    let begun = false;
    const { client } = await useEcho({ unary: () => (begun = true) });
    const ended = new Promise<unknown>((resolve) => {
      const call = client.unary({ text: "" }, resolve);
      void eventually(() => begun).then(() => call.cancel());
    });
    expect(await ended).toMatchObject({ code: Status.CANCELLED });
  });

  test("a call on a closed client fails with an error, and is not thrown", async () => {
    const { client, warden } = await useEcho();
    warden.close();
    expect((await ask(client)).error).toMatchObject({
      code: Status.UNAVAILABLE,
      details: `${UNARY}: the client was closed`,
    });
  });

  test("an interceptor of the application runs inside ours", async () => {
    const { address } = await useServer();
    const deadlines: unknown[] = [];
    const client = await useWarden().dial(`direct://default/${address}`, EchoClient, {
      interceptors: [
        (options, next) => {
          deadlines.push(options.deadline);
          return next(options) as InterceptingCall;
        },
      ],
      channelOptions: { "grpc.max_send_message_length": 3 },
    });
    expect((await ask(client)).error?.code).toBe(Status.RESOURCE_EXHAUSTED);
    expect(deadlines).toEqual([expect.any(Number)]);
  });

  test("an interceptor that throws fails its call, not the caller", async () => {
    const { address } = await useServer();
    const client = await useWarden().dial(`direct://default/${address}`, EchoClient, {
      interceptors: [
        () => {
          throw new TypeError("oops");
        },
      ],
    });
    expect((await ask(client)).error).toMatchObject({
      code: Status.INTERNAL,
      details: `${UNARY} could not be started: oops`,
    });
  });

  test("a failed call is tried again when retries are on", async () => {
    let tries = 0;
    const unary: EchoServer["unary"] = (call, callback) =>
      ++tries < 3 ? callback({ code: Status.UNAVAILABLE }) : callback(null, call.request);
    const { client } = await useEcho({ unary }, { retry: { initialBackoff: "5ms", maxBackoff: "5ms" } });
    expect((await ask(client)).text).toBe("hi");
    expect(tries).toBe(3);
  });

  test("calls are counted by method and status, refused ones apart", async () => {
    const metrics = new MetricsRegistry();
    const unary: EchoServer["unary"] = (_call, callback) => callback({ code: Status.UNAVAILABLE });
    const breaker = { requests: 1, k: 1 };
    const { client } = await useEcho({ unary }, { breaker }, { metrics, random: () => 0 });
    useWarden({}, { metrics });
    expect((await ask(client)).error?.details).toBe("");
    expect((await ask(client)).error).toMatchObject({
      code: Status.UNAVAILABLE,
      details: `refused by the circuit breaker of ${UNARY}: 0 of the 1 calls of the last 3000 ms succeeded, 50% are refused for now`,
    });
    const text = await metrics.metrics();
    expect(text).toContain(
      `warden_client_call_duration_seconds_count{method="${UNARY}",code="UNAVAILABLE"} 1`,
    );
    expect(text).toContain(`warden_client_breaker_refused_total{method="${UNARY}"} 1`);
  });

  test("a refused stream ends with the refusal", async () => {
    const { client } = await useEcho(
      { download: (call) => call.emit("error", { code: Status.INTERNAL, details: "" }) },
      { breaker: { requests: 1, k: 1 } },
      { random: () => 0 },
    );
    const outcome = () =>
      new Promise<ServiceError>((resolve) => client.download({ text: "" }).on("error", resolve).resume());
    expect((await outcome()).code).toBe(Status.INTERNAL);
    expect((await outcome()).details).toContain("refused by the circuit breaker");
  });

  test("a proxy of the environment is not asked", async () => {
    const before = process.env.http_proxy;
    process.env.http_proxy = "http://127.0.0.1:1";
    closers.push(() =>
      before === undefined ? delete process.env.http_proxy : (process.env.http_proxy = before),
    );
    const { client } = await useEcho();
    expect((await ask(client)).text).toBe("hi");
  });
});

describe("a call made while serving another", () => {
  /** A chain: the front's handler calls the back. Gives what the back saw of each call. */
  async function useChain(config: WardenClientConfig, options: WardenClientOptions = {}) {
    const seen: { headers: Record<string, unknown>; deadline: number }[] = [];
    const back = await useServer({
      unary: (call, callback) => {
        seen.push({ headers: call.metadata.getMap(), deadline: Number(call.getDeadline()) });
        if (call.request.text !== "slow") callback(null, call.request);
      },
    });
    const inner = await useWarden(config, { caller: "front", ...options }).dial(
      `direct://default/${back.address}`,
      EchoClient,
    );
    const front = await useServer({ unary: (call, callback) => void inner.unary(call.request, callback) });
    const outer = new EchoClient(front.address as string, credentials.createInsecure());
    closers.push(() => outer.close());
    return { outer, inner, seen };
  }

  test("hands on color, remote address and trace, says who calls, and nothing else", async () => {
    const { outer, seen } = await useChain({});
    const metadata = new Metadata();
    const handedOn = { color: "red", remote_ip: "1.2.3.4", traceparent: "00-a-b-01", "x-b3-traceid": "7" };
    for (const [key, value] of Object.entries({ ...handedOn, caller: "gate", cookie: "x" }))
      metadata.set(key, value);
    await ask(outer, "hi", metadata);
    expect(seen[0]?.headers).toMatchObject({ ...handedOn, caller: "front" });
    expect(seen[0]?.headers).not.toHaveProperty("cookie");
  });

  test("keeps what its caller set itself", async () => {
    const { inner, seen } = await useChain({}, { color: "blue" });
    const metadata = new Metadata();
    metadata.set("color", "green");
    await ask(inner, "hi", metadata);
    await ask(inner);
    expect(seen.map(({ headers }) => headers["color"])).toEqual(["green", "blue"]);
    expect(metadata.getMap()).toEqual({ color: "green" });
  });

  test("is bound by what is left of the other's deadline", async () => {
    const { outer, seen } = await useChain({ timeout: "30s" });
    const deadline = Date.now() + 400;
    const { error } = await callUnary(outer, "slow", new Metadata(), { deadline });
    expect(error?.code).toBe(Status.DEADLINE_EXCEEDED);
    expect(seen[0]?.deadline).toBeLessThan(deadline + 10_000);
  });

  test("may be given the context explicitly, and says when that bound it", async () => {
    const { inner } = await useChain({ timeout: "30s" });
    const metadata = new Metadata();
    metadata.set("color", "red");
    const context = { deadline: Date.now() + 60, metadata, signal: new AbortController().signal };
    const options: WardenCallOptions = { context };
    const { error } = await callUnary(inner, "slow", new Metadata(), options);
    expect(error?.details).toMatch(/; bound by the deadline of the call being served$/);
  });
});

test("a connection without calls is asked whether it lives only when the configuration says so", async () => {
  const usePings = async (config: WardenClientConfig) => {
    const pings = { seen: 0 };
    const server = createServer().on("session", (session) => {
      closers.push(() => session.destroy());
      session.on("ping", () => pings.seen++);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    await useWarden({ keepAliveInterval: 20, ...config }).dial(
      `direct://default/127.0.0.1:${port}`,
      EchoClient,
    );
    return pings;
  };
  const [quiet, asked] = [await usePings({}), await usePings({ keepAliveWithoutStream: true })];
  await eventually(() => asked.seen >= 3);
  expect(quiet.seen).toBe(0);
});

test("a closed client has closed all it dialled, and closing twice is fine", async () => {
  const target = `direct://default/${(await useServer()).address}`;
  const warden = useWarden();
  const [first, second] = [await warden.dial(target, EchoClient), await warden.dial(target, EchoClient)];
  first.close();
  const third = await warden.dial(target, EchoClient);
  warden[Symbol.dispose]();
  warden.close();
  for (const client of [first, second, third]) {
    expect(client.getChannel().getConnectivityState(false)).toBe(connectivityState.SHUTDOWN);
  }
});

test("a wrong configuration is refused when the client is made", () => {
  expect(() => new WardenClient({ timeout: "soon" })).toThrow('client config timeout = "soon" is not valid');
});
