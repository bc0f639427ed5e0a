import { Direct } from "@discoveryd/naming-sdk";
import { systemClock } from "@discoveryd/runtime";
import {
  Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  propagate,
  Server,
  ServerCredentials,
  status as Status,
  type ClientUnaryCall,
  type Interceptor,
  type ServiceError,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Stages } from "../interceptors/stages";
import { SchemeTable } from "../register";
import { eventually } from "../testing/echo-client";
import { echo, EchoClient, echoDefinition, EchoService, UNARY, type EchoServer } from "../testing/typed-echo";
import { WardenClient, type DialOptions, type WardenClientOptions } from "./client";
import { callDirectly } from "./call-directly";

new SchemeTable().register(new Direct());

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

/** A server of grpc-js itself; gives its target. */
async function useServer(handlers: Partial<EchoServer> = {}, service = EchoService): Promise<string> {
  const server = new Server();
  server.addService(service, echo(handlers) as UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  closers.push(() => server.forceShutdown());
  return `direct://default/127.0.0.1:${port}`;
}

function useWarden(options: WardenClientOptions = {}): WardenClient {
  const warden = new WardenClient({ timeout: "5s" }, { caller: "tester", random: () => 0, ...options });
  closers.push(() => warden.close());
  return warden;
}

/** With an interceptor of the application calls go through grpc-js' own client. */
const passing: Interceptor = (options, next) => next(options) as ReturnType<Interceptor>;

/** What a call tells its caller, in order. */
interface Told {
  readonly events: string[];
  readonly error: ServiceError | null;
  readonly reply: unknown;
  readonly trailers: Metadata;
}

function tellsOf(make: (callback: (error: ServiceError | null, reply?: unknown) => void) => ClientUnaryCall) {
  return new Promise<Told>((resolve) => {
    const events: string[] = [];
    let ended: Pick<Told, "error" | "reply">;
    const call = make((error, reply) => {
      events.push("callback");
      ended = { error, reply };
    });
    call.on("metadata", () => events.push("metadata"));
    call.on("status", ({ code, metadata }) => {
      events.push(`status ${Status[code]}`);
      resolve({ ...ended, events, trailers: metadata });
    });
  });
}

const isDirect = (client: EchoClient) => Object.hasOwn(client, "unary");

describe.each<[string, DialOptions]>([
  ["directly", {}],
  ["through grpc-js' client", { interceptors: [passing] }],
])("a unary call made %s", (_way, options) => {
  async function useEcho(handlers: Partial<EchoServer> = {}, service = EchoService) {
    const warden = useWarden();
    const client = await warden.dial(await useServer(handlers, service), EchoClient, options);
    expect(isDirect(client)).toBe(options.interceptors === undefined);
    return { warden, client };
  }

  test("tells of headers, the reply, and the status with its trailers", async () => {
    const trailers = new Metadata();
    trailers.set("left", "3");
    const { client } = await useEcho({ unary: (call, callback) => callback(null, call.request, trailers) });
    const told = await tellsOf((callback) => client.unary({ text: "hi" }, callback));
    expect(told).toMatchObject({ error: null, reply: { text: "hi" } });
    expect(told.events).toEqual(["metadata", "callback", "status OK"]);
    expect(told.trailers.get("left")).toEqual(["3"]);
  });

  test("may be made with or without metadata and options, and changes neither", async () => {
    const seen: unknown[] = [];
    const { client } = await useEcho({
      unary: (call, callback) => {
        seen.push([
          call.metadata.get("caller"),
          call.metadata.get("own"),
          Number(call.getDeadline()) < Infinity,
        ]);
        callback(null, call.request);
      },
    });
    const metadata = new Metadata();
    metadata.set("own", "1");
    const given = { deadline: Date.now() + 2_000 };
    const ways: Parameters<typeof tellsOf>[0][] = [
      (callback) => client.unary({ text: "" }, callback),
      (callback) => client.unary({ text: "" }, metadata, callback),
      // Declared by hand-written clients; ts-proto's always have metadata before options.
      (callback) => client.unary({ text: "" }, given as never, callback),
      (callback) => client.unary({ text: "" }, metadata, given, callback),
    ];
    for (const way of ways) expect((await tellsOf(way)).error).toBeNull();
    expect(seen).toEqual([
      [["tester"], [], true],
      [["tester"], ["1"], true],
      [["tester"], [], true],
      [["tester"], ["1"], true],
    ]);
    expect(metadata.getMap()).toEqual({ own: "1" });
    expect(Object.keys(given)).toEqual(["deadline"]);
  });

  test.each([[[]], [[undefined, undefined]], [[new Metadata(), 5, () => undefined]], [["text", {}, {}]]])(
    "is refused with the arguments %p",
    async (args) => {
      const { client } = await useEcho();
      const unary = client.unary.bind(client) as unknown as (...all: unknown[]) => void;
      expect(() => unary({ text: "" }, ...args)).toThrow("Incorrect arguments passed");
    },
  );

  test("fails with the server's status, as an error that says where the call was made or what it was", async () => {
    const metadata = new Metadata();
    metadata.set("why", "full");
    const { client } = await useEcho({
      unary: (_call, callback) => callback({ code: Status.NOT_FOUND, details: "no such text", metadata }),
    });
    const { error, events } = await tellsOf((callback) => client.unary({ text: "" }, callback));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      message: "5 NOT_FOUND: no such text",
      code: Status.NOT_FOUND,
      details: "no such text",
    });
    expect(error?.metadata.get("why")).toEqual(["full"]);
    expect(error?.stack).toMatch(/^Error: 5 NOT_FOUND: no such text\n[^]+\nfor call at\n +\S/);
    expect(events.slice(-2)).toEqual(["callback", "status NOT_FOUND"]);
  });

  test("can be cancelled at once, and a second time", async () => {
    const { client } = await useEcho({ unary: () => undefined });
    const { error } = await tellsOf((callback) => {
      const call = client.unary({ text: "" }, callback);
      call.cancel();
      call.cancel();
      return call;
    });
    expect(error).toMatchObject({ code: Status.CANCELLED, details: "Cancelled on client" });
  });

  test("is cancelled with the call it is made for", async () => {
    let inner: Promise<Told> | undefined;
    const back = await useEcho({ unary: () => undefined });
    const front = await useEcho({
      unary: (call) => {
        const options = { parent: call, propagate_flags: propagate.CANCELLATION };
        inner = tellsOf((callback) => back.client.unary({ text: "" }, new Metadata(), options, callback));
      },
    });
    const call = front.client.unary({ text: "" }, () => undefined);
    await eventually(() => inner !== undefined);
    call.cancel();
    expect((await inner)?.error).toMatchObject({
      code: Status.CANCELLED,
      details: "Cancelled by parent call",
    });
  });

  test("whose message cannot be written fails, and says why", async () => {
    const { client } = await useEcho();
    const text = {
      toString: () => {
        throw new Error("no text");
      },
    };
    const { error } = await tellsOf((callback) => client.unary({ text: text as never }, callback));
    expect(error).toMatchObject({
      code: Status.INTERNAL,
      details: expect.stringMatching(/^Request message serialization failure: /),
    });
  });

  test("whose reply cannot be read fails, and says why", async () => {
    const broken = { ...EchoService.Unary, responseSerialize: () => Buffer.from([0xff]) };
    const { client } = await useEcho({}, { ...EchoService, Unary: broken } as typeof EchoService);
    const { error } = await tellsOf((callback) => client.unary({ text: "" }, callback));
    expect(error).toMatchObject({
      code: Status.INTERNAL,
      details: expect.stringMatching(/^Response message parsing error: /),
    });
  });

  test("that gets no reply fails", async () => {
    const streaming = { ...EchoService.Unary, responseStream: true };
    const service = { ...EchoService, Unary: streaming } as unknown as typeof EchoService;
    const unary = (call: { end(): void }) => call.end();
    const { client } = await useEcho({ unary } as unknown as Partial<EchoServer>, service);
    const { error } = await tellsOf((callback) => client.unary({ text: "" }, callback));
    expect(error).toMatchObject({ code: Status.UNIMPLEMENTED, details: "No message received" });
  });

  test("ends after the client's timeout, and says so", async () => {
    const { client, warden } = await useEcho({ unary: () => undefined });
    warden.setConfig({ timeout: 50 });
    const { error } = await tellsOf((callback) => client.unary({ text: "" }, callback));
    expect(error).toMatchObject({
      code: Status.DEADLINE_EXCEEDED,
      details: expect.stringMatching(/; bound by the client's timeout of 50 ms$/),
    });
  });

  test("is refused while the breaker is open, after it has its caller", async () => {
    const { client, warden } = await useEcho({
      unary: (_call, callback) => callback({ code: Status.UNAVAILABLE }),
    });
    warden.setConfig({ breaker: { requests: 1, k: 1 } });
    await tellsOf((callback) => client.unary({ text: "" }, callback));
    const { error, events } = await tellsOf((callback) => client.unary({ text: "" }, callback));
    expect(error?.details).toContain("refused by the circuit breaker");
    expect(events).toEqual(["callback", "status UNAVAILABLE"]);
  });

  test("waits for a channel that is not ready, and says in the end how far it came", async () => {
    const warden = useWarden();
    warden.setConfig({ timeout: 100 });
    const nowhere = "direct://default/127.0.0.1:1";
    const client = await warden.dial(nowhere, EchoClient, { nonBlock: true, ...options });
    const { error } = await tellsOf((callback) => client.unary({ text: "" }, callback));
    expect(error).toMatchObject({
      code: Status.UNAVAILABLE,
      details: expect.stringContaining(`${UNARY}: not ready yet: `),
    });
  });

  test("on a closed client fails, and is not thrown", async () => {
    const { client, warden } = await useEcho();
    warden.close();
    let isReturned = false;
    const told = tellsOf((callback) => {
      const call = client.unary({ text: "" }, (error) => {
        expect(isReturned).toBe(true);
        callback(error);
      });
      isReturned = true;
      call.cancel();
      expect(call.getPeer()).toBe("unknown");
      return call;
    });
    expect((await told).error).toMatchObject({
      code: Status.UNAVAILABLE,
      details: `${UNARY}: the client was closed`,
    });
  });

  test("with interceptors of its own has those instead of the client's", async () => {
    const callers: unknown[] = [];
    const { client } = await useEcho({
      unary: (call, callback) => {
        callers.push(call.metadata.get("caller"));
        callback(null, call.request);
      },
    });
    const own = { interceptors: [passing] };
    await tellsOf((callback) => client.unary({ text: "" }, new Metadata(), own, callback));
    expect(callers).toEqual([[]]);
  });
});

test("where a call is made is noted for a minute after one of its method has failed", async () => {
  let now = 1_000;
  const clock = { ...systemClock, monotonic: () => now };
  const target = await useServer({ unary: (_call, callback) => callback({ code: Status.INTERNAL }) });
  const client = await useWarden({ clock }).dial(target, EchoClient);
  const site = async () => {
    const { error } = await tellsOf((callback) => client.unary({ text: "" }, callback));
    return error?.stack?.split("for call at\n")[1];
  };
  expect(await site()).toBe(`    ${UNARY}`);
  now += 59_999;
  expect(await site()).toMatch(/^ +at .*call-directly\.test\.ts/);
  now += 60_000;
  expect(await site()).toBe(`    ${UNARY}`);
});

test("a method has the names and the properties that grpc-js gives it", async () => {
  const client = await useWarden().dial(await useServer(), EchoClient);
  const { unary, Unary } = client as unknown as Record<string, object>;
  expect(unary).toBe(Unary);
  expect({ ...unary }).toEqual({ ...EchoService.Unary });
  const plain = new EchoClient("127.0.0.1:1", credentials.createInsecure());
  closers.push(() => plain.close());
  expect(Object.keys(client)).toEqual(Object.keys(plain));
});

type Unary = (...args: unknown[]) => unknown;

/** A generated class of its own, whose methods may be changed. */
function freshClass(): typeof EchoClient & { readonly prototype: { unary: Unary } } {
  type Loaded = { warden: { testing: { v1: { Echo: typeof EchoClient } } } };
  const { Echo } = (loadPackageDefinition(echoDefinition) as unknown as Loaded).warden.testing.v1;
  return Echo as ReturnType<typeof freshClass>;
}

test.each<[string, (unary: Unary) => Unary]>([
  ["with a mark, as shimmer does", (unary) => Object.assign(unary, { __wrapped: true })],
  ["as Datadog does", (unary) => Object.setPrototypeOf(unary, Function) as Unary],
  ["plainly", (unary) => unary],
])("a method that something has wrapped %s is called as it was wrapped", async (_how, marked) => {
  const Echo = freshClass();
  const { unary } = Echo.prototype;
  let seen = 0;
  Echo.prototype.unary = marked(function (this: EchoClient, ...args: unknown[]) {
    seen++;
    return unary.apply(this, args);
  });
  const client = await useWarden().dial(await useServer(), Echo);
  expect(isDirect(client)).toBe(false);
  expect((await tellsOf((callback) => client.unary({ text: "hi" }, callback))).reply).toEqual({ text: "hi" });
  expect(seen).toBe(1);
});

test("a method that a class of the application's has overridden is its own", async () => {
  const inherited = Reflect.get(EchoClient.prototype as object, "unary") as Unary;
  class Signing extends (EchoClient as unknown as new (...args: never[]) => object) {
    static readonly service = EchoService;
    unary(request: unknown, callback: unknown): unknown {
      const metadata = new Metadata();
      metadata.set("token", "1");
      return inherited.call(this, request, metadata, {}, callback);
    }
  }
  const tokens: unknown[] = [];
  const unary: EchoServer["unary"] = (call, callback) => {
    tokens.push(call.metadata.get("token"));
    callback(null, call.request);
  };
  const client = await useWarden().dial(await useServer({ unary }), Signing as never as typeof EchoClient);
  await tellsOf((callback) => client.unary({ text: "hi" }, callback));
  expect(tokens).toEqual([["1"]]);
});

test("calls go through grpc-js' client where that is wrapped, or has a transformer", async () => {
  const target = await useServer();
  let seen = 0;
  const channelOptions = {
    callInvocationTransformer: (properties: unknown) => {
      seen++;
      return properties;
    },
  };
  const transformed = await useWarden().dial(target, EchoClient, { channelOptions });
  await tellsOf((callback) => transformed.unary({ text: "hi" }, callback));
  expect([isDirect(transformed), seen]).toEqual([false, 1]);
  const { makeUnaryRequest } = Client.prototype;
  Client.prototype.makeUnaryRequest = Object.assign(makeUnaryRequest.bind(Client.prototype), {
    __wrapped: true,
  }) as typeof makeUnaryRequest;
  closers.push(() => (Client.prototype.makeUnaryRequest = makeUnaryRequest));
  expect(isDirect(await useWarden().dial(target, EchoClient))).toBe(false);
});

test("a client of another copy of grpc-js is left as it is", () => {
  class Foreign {
    static readonly service = EchoService;
    unary(): void {}
  }
  const client = new Foreign();
  callDirectly(client as unknown as Client, new Stages([], systemClock));
  expect(Object.hasOwn(client, "unary")).toBe(false);
});

test("a client that is not generated is left as it is", async () => {
  const client = await useWarden().dial(await useServer(), Client);
  const reply = await new Promise((resolve, reject) => {
    const { requestSerialize, responseDeserialize } = EchoService.Unary as never as Record<string, never>;
    client.makeUnaryRequest(
      UNARY,
      requestSerialize as never,
      responseDeserialize as never,
      { text: "hi" },
      (error: Error | null, value?: unknown) => (error ? reject(error) : resolve(value)),
    );
  });
  expect(reply).toEqual({ text: "hi" });
});
