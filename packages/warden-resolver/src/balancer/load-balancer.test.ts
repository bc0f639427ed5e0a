import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import type { Instance } from "@discoveryd/naming-sdk";
import { systemClock, type Clock } from "@discoveryd/runtime";
import { resolver } from "../register";
import type { RegisterOptions } from "../register";
import { buildServiceConfig } from "../resolver/service-config";
import { PROBE_OPTION } from "../resolver/naming-resolver";
import { EchoClient, eventually } from "../testing/echo-client";
import { EchoServers, failWith, type EchoServer } from "../testing/echo-servers";
import { instanceAt, MemoryNaming } from "../testing/memory-naming";
import type { ConnectionReport } from "./balancer-context";

// The whole way from a plain grpc-js client through resolver and balancer to real servers.

jest.setTimeout(20_000);

const servers = new EchoServers();
const clients: EchoClient[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => servers.close());

function useNaming(options: RegisterOptions = {}) {
  const naming = new MemoryNaming();
  resolver.set(naming, { color: "", ...options });
  return {
    naming,
    show: (...list: (EchoServer | Instance)[]) =>
      naming.set(
        "demo.service",
        list.map((one) => ("address" in one ? instanceAt(one.address) : one)),
      ),
  };
}

function useClient(query = "", options: Record<string, unknown> = {}): EchoClient {
  const client = new EchoClient(`memory://default/demo.service${query}`, options);
  clients.push(client);
  return client;
}

/** By it all calls take no time: a busy machine makes no server look slower than another. */
const stillClock: Clock = { ...systemClock, monotonic: () => 1_000 };

const colored = ({ address }: EchoServer, color: string) =>
  instanceAt(address, { metadata: new Map([["color", color]]) });

const connections = (list: readonly EchoServer[]) => list.reduce((sum, one) => sum + one.connections, 0);

async function failure(call: Promise<unknown>): Promise<ServiceError> {
  try {
    await call;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error("the call did not fail");
}

describe.each(["p2c", "wrr"])("%s", (balancer) => {
  test("equal servers share the calls of one caller evenly", async () => {
    const three = await servers.startMany(3);
    useNaming({ clock: stillClock }).show(...three);
    const client = useClient(`?balancer=${balancer}`);
    await eventually(async () => (await client.tally(3)).size > 0 && connections(three) === 3);
    const counts = await client.tally(300);
    for (const { address } of three) expect(counts.get(address)).toBeGreaterThan(50);
  });

  test("a server that fails loses its traffic, business errors cost nothing", async () => {
    const [bad, business] = (await servers.startMany(2)) as [EchoServer, EchoServer];
    bad.handler = failWith(status.UNAVAILABLE);
    business.handler = failWith(status.NOT_FOUND);
    useNaming().show(bad, business);
    const client = useClient(`?balancer=${balancer}`);
    await eventually(async () => (await failure(client.echo()), connections([bad, business]) === 2));
    const until = Date.now() + 200;
    while (Date.now() < until) await failure(client.echo());
    const codes: number[] = [];
    for (let i = 0; i < 100; i++) codes.push((await failure(client.echo())).code);
    expect(codes.filter((code) => code === status.UNAVAILABLE).length).toBeLessThan(20);
  });
});

test("instances that come are called, those that go are not, and the others keep their connections", async () => {
  const [a, b, c] = (await servers.startMany(3)) as [EchoServer, EchoServer, EchoServer];
  const { show } = useNaming();
  show(a, b);
  const client = useClient();
  await eventually(async () => (await client.tally(4)).size === 2);
  show(b, c);
  await eventually(async () => (await client.echo()) === c.address);
  const counts = await client.tally(50);
  expect(counts.has(a.address)).toBe(false);
  expect(counts.has(c.address)).toBe(true);
  expect(connections([a, b, c])).toBe(3);
});

test("100 updates that change nothing, or only weights, open no connection", async () => {
  const three = await servers.startMany(3);
  const { show } = useNaming();
  show(...three);
  const client = useClient();
  await eventually(async () => (await client.tally(9)).size === 3);
  for (let i = 1; i <= 100; i++) {
    const metadata = new Map([["weight", String(10 + Math.floor(i / 50))]]);
    show(...three.map(({ address }) => instanceAt(address, { metadata, lastTs: BigInt(i) })));
    await client.echo();
  }
  expect(connections(three)).toBe(3);
});

test("one of 100 instances replaced opens exactly one connection", async () => {
  const all = await servers.startMany(101);
  const { show } = useNaming();
  show(...all.slice(0, 100));
  const client = useClient("?subset=0");
  await client.echo();
  await eventually(() => connections(all) === 100);
  show(...all.slice(1));
  await eventually(() => all[100]?.connections === 1);
  expect((await client.tally(200)).has((all[0] as EchoServer).address)).toBe(false);
  expect(connections(all)).toBe(101);
});

test("when the whole list is replaced the old instances serve until a new one can", async () => {
  const [old, next] = (await servers.startMany(2)) as [EchoServer, EchoServer];
  const { show } = useNaming();
  show(old);
  const client = useClient();
  await client.echo();
  show(instanceAt("127.0.0.1:1"));
  expect((await client.tally(20)).get(old.address)).toBe(20);
  show(next);
  await eventually(async () => (await client.echo()) === next.address);
  expect((await client.tally(20)).get(next.address)).toBe(20);
});

test("a server that is killed is left at once, and called again when it is back", async () => {
  const [a, b] = (await servers.startMany(2)) as [EchoServer, EchoServer];
  const { naming, show } = useNaming();
  show(a, b);
  const client = useClient();
  await eventually(async () => (await client.tally(4)).size === 2);
  a.kill();
  await eventually(() => a.open === 0);
  await eventually(() => naming.built[0]?.refreshed === 1);
  expect((await client.tally(50)).get(b.address)).toBe(50);
  await servers.start(a.address);
  await eventually(async () => (await client.tally(10)).has(a.address));
});

test("when nobody accepts a connection the error names the instances and whom was asked", async () => {
  const { show } = useNaming();
  show(...[1, 2, 3, 4].map((port) => instanceAt(`127.0.0.1:${port}`)));
  const reports: (readonly ConnectionReport[])[] = [];
  const client = useClient("", {
    [PROBE_OPTION]: { onConnections: (list: readonly ConnectionReport[]) => reports.push(list) },
  });
  const error = await failure(client.echo());
  expect(error.code).toBe(status.UNAVAILABLE);
  expect(error.details).toMatch(
    /^none of 4 instances accepts a connection: 127\.0\.0\.1:1 \(.*ECONNREFUSED.*\), .* and 1 more; app demo\.service in zone true of env test, asked memory:\/\/$/,
  );
  expect(reports.at(-1)).toHaveLength(4);
  expect(reports.at(-1)?.[0]).toMatchObject({ address: "127.0.0.1:1", ready: false });
  expect(reports.at(-1)?.[0]?.error).toMatch("ECONNREFUSED");
});

test("a server that cannot be reached makes nobody ask the registry again and again", async () => {
  const { naming, show } = useNaming();
  show(instanceAt("127.0.0.1:1"));
  const client = useClient("", {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 100,
  });
  const from = performance.now();
  for (let i = 0; i < 100; i++) await failure(client.echo());
  const seconds = (performance.now() - from) / 1_000;
  expect(naming.built[0]?.refreshed).toBeLessThanOrEqual(1 + seconds);
  expect(naming.built).toHaveLength(1);
});

test("an app without instances fails the calls with a message that names it, until one comes", async () => {
  const { show } = useNaming();
  show();
  const client = useClient();
  const { code, details } = await failure(client.echo());
  expect(code).toBe(status.UNAVAILABLE);
  expect(details).toBe("no instance to call: app demo.service in zone true of env test, asked memory://");
  const server = await servers.start();
  show(server);
  await eventually(async () => (await client.echo().catch(() => "")) === server.address);
});

test("an app that loses its instances is served as long as connections live", async () => {
  const [a, b] = (await servers.startMany(2)) as [EchoServer, EchoServer];
  const { show } = useNaming();
  show(a, b);
  const client = useClient();
  await eventually(async () => (await client.tally(4)).size === 2);
  show();
  expect((await client.tally(20)).size).toBe(2);
  a.kill();
  await eventually(() => a.open === 0);
  expect((await client.tally(20)).get(b.address)).toBe(20);
  b.kill();
  await eventually(() => b.open === 0);
  expect((await failure(client.echo())).details).toMatch("no instance to call: app demo.service");
});

test("instances that come back after an empty list keep their connections", async () => {
  const server = await servers.start();
  const { show } = useNaming();
  show(server);
  const client = useClient();
  await client.echo();
  show();
  await client.echo();
  show(server);
  await client.echo();
  expect(server.connections).toBe(1);
});

test("an error before the first list fails calls, and the list ends it", async () => {
  const { naming, show } = useNaming();
  const client = useClient();
  const first = failure(client.echo());
  await eventually(() => naming.built.length === 1);
  naming.setStatus("demo.service", { kind: "unreachable", nodes: ["n1"], cause: new Error("no") });
  const { code, details } = await first;
  expect([code, details]).toEqual([
    status.UNAVAILABLE,
    "app demo.service in zone true of env test, asked memory://",
  ]);
  const server = await servers.start();
  show(server);
  await eventually(async () => (await client.echo().catch(() => "")) === server.address);
});

test("without an answer calls wait for it within their deadline", async () => {
  const { naming, show } = useNaming();
  const client = useClient();
  const call = client.echo();
  await eventually(() => naming.built.length === 1);
  expect((await failure(client.echo({}, 50))).code).toBe(status.DEADLINE_EXCEEDED);
  const server = await servers.start();
  show(server);
  expect(await call).toBe(server.address);
});

describe("colors", () => {
  async function useColors(options: RegisterOptions = {}) {
    const [plain, red] = (await servers.startMany(2)) as [EchoServer, EchoServer];
    const { show } = useNaming(options);
    show(plain, colored(red, "red"));
    return { plain, red, show, client: useClient() };
  }

  test("a call goes to instances of its color, one without color to those without", async () => {
    const { plain, red, client } = await useColors();
    expect([...(await client.tally(10, { color: "red" })).keys()]).toEqual([red.address]);
    expect([...(await client.tally(10)).keys()]).toEqual([plain.address]);
  });

  test("a color that nobody has goes to instances without color", async () => {
    const { plain, client } = await useColors();
    expect(await client.echo({ color: "green" })).toBe(plain.address);
  });

  test("the color of the process counts where the call has none", async () => {
    const { plain, red, client } = await useColors({ color: "red" });
    expect(await client.echo()).toBe(red.address);
    expect(await client.echo({ color: "green" })).toBe(plain.address);
  });

  test("when the last instance of a color is killed the others take its calls", async () => {
    const { plain, red, client } = await useColors();
    await client.echo({ color: "red" });
    red.kill();
    await eventually(() => red.open === 0);
    expect(await client.echo({ color: "red" })).toBe(plain.address);
  });

  test("a color that does not connect within a second is stood in for", async () => {
    const { plain, show, client } = await useColors();
    await client.echo();
    const silent = instanceAt(await servers.startSilent(), { metadata: new Map([["color", "blue"]]) });
    show(instanceAt(plain.address), silent);
    expect((await failure(client.echo({ color: "blue" }, 100))).code).toBe(status.DEADLINE_EXCEEDED);
    expect(await client.echo({ color: "blue" })).toBe(plain.address);
  });

  test("a call without color where all have one fails and says so", async () => {
    const { red, show, client } = await useColors();
    await client.echo();
    show(colored(red, "red"));
    const refused = /^no instance without color is ready, only of color "red": app demo\.service/;
    await eventually(async () => refused.test((await failure(client.echo())).details));
  });

  test("an instance that changes its color is routed anew, on the same connection", async () => {
    const { plain, red, show, client } = await useColors();
    await client.echo({ color: "red" });
    show(plain, colored(red, "blue"));
    expect(await client.echo({ color: "blue" })).toBe(red.address);
    expect(await client.echo({ color: "red" })).toBe(plain.address);
    expect(red.connections).toBe(1);
  });
});

test("a server's CPU comes with the trailers: the busy one gets less", async () => {
  const [busy, idle] = (await servers.startMany(2)) as [EchoServer, EchoServer];
  for (const server of [busy, idle]) {
    server.handler = (_call, callback) => {
      const trailers = new Metadata();
      trailers.set("cpu_usage", server === busy ? "950" : "300");
      callback(null, server.address, trailers);
    };
  }
  useNaming({ clock: stillClock }).show(busy, idle);
  const client = useClient();
  await eventually(async () => (await client.echo(), busy.calls > 0 && idle.calls > 0));
  expect((await client.tally(100)).get(busy.address) ?? 0).toBeLessThan(20);
});

test("calls that time out or are given up are counted and leave nothing under way", async () => {
  const [slow, good] = (await servers.startMany(2)) as [EchoServer, EchoServer];
  slow.handler = () => undefined;
  useNaming().show(slow, good);
  const client = useClient();
  await eventually(async () => (await client.echo({}, 20).catch(() => ""), connections([slow, good]) === 2));
  for (let i = 0; i < 20; i++) await client.echo({}, 20).catch(() => undefined);
  expect((await client.tally(50)).get(good.address)).toBeGreaterThan(45);
});

test("an idle channel ends its watch and starts again with the next call", async () => {
  const server = await servers.start();
  const { naming, show } = useNaming();
  show(server);
  const client = useClient("", { "grpc.client_idle_timeout_ms": 1_000 });
  await client.echo();
  await eventually(() => naming.built[0]?.closed === true);
  expect(await client.echo()).toBe(server.address);
  expect(naming.built).toHaveLength(2);
});

test("an idle channel that wakes while the registry is silent serves what was known", async () => {
  const server = await servers.start();
  const { naming, show } = useNaming();
  show(server);
  const client = useClient("", { "grpc.client_idle_timeout_ms": 1_000 });
  await client.echo();
  await eventually(() => naming.built[0]?.closed === true);
  naming.forget("demo.service");
  expect(await client.echo()).toBe(server.address);
});

test("with grpc.enable_http_proxy 0 a proxy in the environment changes nothing", async () => {
  const server = await servers.start();
  useNaming().show(server);
  process.env["http_proxy"] = "http://127.0.0.1:1";
  try {
    expect(await useClient().echo()).toBe(server.address);
  } finally {
    delete process.env["http_proxy"];
  }
});

describe("service config", () => {
  const withConfig = (config: object) => ({ "grpc.service_config": JSON.stringify(config) });

  test("a retry policy passes through, with our balancer", async () => {
    const server = await servers.start();
    server.handler = (call, callback) =>
      server.calls < 3 ? failWith(status.UNAVAILABLE)(call, callback) : callback(null, "third");
    useNaming().show(server);
    const retryPolicy = {
      maxAttempts: 3,
      initialBackoff: "0.01s",
      maxBackoff: "0.1s",
      backoffMultiplier: 2,
      retryableStatusCodes: ["UNAVAILABLE"],
    };
    const client = useClient("", withConfig({ methodConfig: [{ name: [{}], retryPolicy }] }));
    expect(await client.echo()).toBe("third");
  });

  test("a method's timeout passes through", async () => {
    const server = await servers.start();
    server.handler = () => undefined;
    useNaming().show(server);
    const client = useClient("", withConfig({ methodConfig: [{ name: [{}], timeout: "0.05s" }] }));
    expect((await failure(client.echo())).code).toBe(status.DEADLINE_EXCEEDED);
  });

  test("outlier detection takes a server out that only we think well of, and back in", async () => {
    const three = await servers.startMany(3);
    const [bad] = three as [EchoServer];
    bad.handler = failWith(status.INVALID_ARGUMENT);
    useNaming().show(...three);
    const outlierDetection = {
      intervalMs: 200,
      baseEjectionMs: 400,
      maxEjectionPercent: 50,
      failurePercentage: { threshold: 50, minimumHosts: 2, requestVolume: 5 },
    };
    const client = useClient("", withConfig(buildServiceConfig({ outlierDetection })));
    await eventually(async () => (await client.echo().catch(() => ""), connections(three) === 3));
    const attempt = () => client.echo().catch(() => bad.address);
    const attempts = async (count: number) => {
      const counts = new Map<string, number>();
      for (let i = 0; i < count; i++) {
        const address = await attempt();
        counts.set(address, (counts.get(address) ?? 0) + 1);
      }
      return counts;
    };
    // Ejected: of twenty calls in a row none fails. By chance that would take one in a few thousand.
    await eventually(async () => !(await attempts(20)).has(bad.address));
    bad.handler = (_call, callback) => callback(null, bad.address);
    await eventually(async () => (await attempts(20)).has(bad.address));
    expect(connections(three)).toBe(3);
  });
});

test("the balancers serve other resolvers too", async () => {
  const [a, b] = (await servers.startMany(2)) as [EchoServer, EchoServer];
  useNaming();
  const config = { "grpc.service_config": JSON.stringify(buildServiceConfig({ balancer: "wrr" })) };
  const client = new EchoClient(`ipv4:${a.address},${b.address}`, config);
  clients.push(client);
  await eventually(async () => (await client.tally(4)).size === 2);
});
