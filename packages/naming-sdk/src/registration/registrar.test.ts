import { FakeClock, seededRandom } from "@discoveryd/runtime/testing";
import type { Instance } from "../naming";
import { NodeList } from "../nodes/node-list";
import { settle } from "../testing/until";
import { Registrar, type RegistrarOptions } from "./registrar";

const registered: Instance[] = [];
const renewed: string[] = [];
const cancelled: string[] = [];
let taking: Promise<void>;
let clock: FakeClock;
let registrar: Registrar;

beforeEach(() => {
  registered.length = renewed.length = cancelled.length = 0;
  taking = Promise.resolve();
  clock = new FakeClock(1_000);
  const api: RegistrarOptions["api"] = {
    register: (_node, instance) => {
      registered.push(instance);
      return taking;
    },
    renew: async (_node, { appid, hostname }) => {
      renewed.push(`${appid}/${hostname}`);
      return "ok";
    },
    renews: async (_node, keys) => {
      renewed.push(...keys.map(({ appid, hostname }) => `${appid}/${hostname}`));
      return keys.map(() => "ok");
    },
    set: async () => "ok",
    cancel: async (_node, { appid, hostname }) => {
      cancelled.push(`${appid}/${hostname}`);
      return "ok";
    },
  };
  const random = seededRandom(1);
  const nodes = new NodeList({ seeds: ["n1"], random });
  const defaults = { region: "region01", zone: "zone01", env: "dev", hostname: "host-1" };
  registrar = new Registrar({ api, nodes, clock, random, defaults });
});

afterEach(async () => {
  await registrar.close();
  expect(clock.pending).toBe(0);
});

const demo = { appid: "demo.service", addrs: ["grpc://127.0.0.1:9000"] };

test("what an instance does not say comes from the configuration", async () => {
  const registration = await registrar.register(demo);
  expect(registration.instance).toEqual({
    ...demo,
    region: "region01",
    zone: "zone01",
    env: "dev",
    hostname: "host-1",
    version: "",
    metadata: new Map(),
    status: 1,
    lastTs: 1_000_000_000n,
  });
});

test("what an instance says is kept", async () => {
  const said = { hostname: "h", region: "r", zone: "z", env: "e", version: "v2", status: 2 as const };
  const registration = await registrar.register({ ...demo, ...said, metadata: { color: "red" } });
  expect(registration.instance).toMatchObject({ ...said, metadata: new Map([["color", "red"]]) });
});

test("metadata is text, also where the caller has no types", async () => {
  const untyped = { weight: 5, color: undefined } as unknown as Record<string, string>;
  const registration = await registrar.register({ ...demo, metadata: untyped });
  expect(registration.instance.metadata).toEqual(new Map([["weight", "5"]]));
  await registration.update({ metadata: untyped });
  expect(registration.instance.metadata).toEqual(new Map([["weight", "5"]]));
});

test("registering an instance twice is an error that says so", async () => {
  await registrar.register(demo);
  await expect(registrar.register(demo)).rejects.toThrow(
    "register demo.service: already registered by this client as hostname host-1 in zone zone01, env dev; " +
      "cancel that registration first, or give this one another hostname",
  );
});

test("several instances of an app need a host name each", async () => {
  await registrar.register(demo);
  await registrar.register({ ...demo, hostname: "host-1-b" });
  expect(registered.map(({ hostname }) => hostname)).toEqual(["host-1", "host-1-b"]);
});

test("a cancelled instance can be registered again", async () => {
  const registration = await registrar.register(demo);
  await registration.cancel();
  await registrar.register(demo);
  expect(registered).toHaveLength(2);
});

test("leaving an `await using` block cancels", async () => {
  const registration = await registrar.register(demo);
  await registration[Symbol.asyncDispose]();
  expect(cancelled).toEqual(["demo.service/host-1"]);
});

test("an update reaches the instance", async () => {
  const registration = await registrar.register(demo);
  await registration.update({ status: 2 });
  expect(registration.instance.status).toBe(2);
});

test("an aborted register rejects with the signal's reason, and takes out what may have arrived", async () => {
  let take: () => void = () => undefined;
  taking = new Promise((resolve) => (take = resolve));
  const controller = new AbortController();
  const register = registrar.register(demo, { signal: controller.signal });
  const rejected = expect(register).rejects.toThrow("no longer");
  await settle();
  controller.abort(new Error("no longer"));
  take();
  await rejected;
  await settle();
  expect(cancelled).toEqual(["demo.service/host-1"]);
});

test("a signal that has aborted already sends nothing", async () => {
  const signal = AbortSignal.abort(new Error("too late"));
  await expect(registrar.register(demo, { signal })).rejects.toThrow("too late");
  expect(registered).toEqual([]);
});

test.each([
  [{ ...demo, appid: "" }, "register: appid is empty"],
  [{ ...demo, addrs: [] }, "register demo.service: addrs is empty"],
  [{ ...demo, addrs: undefined as unknown as string[] }, "register demo.service: addrs is empty"],
  [
    { ...demo, addrs: ["grpc://127.0.0.1:9000", "127.0.0.1:9001"] },
    'register demo.service: the address "127.0.0.1:9001" is not scheme://host:port',
  ],
])("%j is refused before anything is sent", async (instance, message) => {
  await expect(registrar.register(instance)).rejects.toThrow(message);
  expect(registered).toEqual([]);
});

test("closing cancels all, and takes no more", async () => {
  await registrar.register(demo);
  await registrar.register({ ...demo, appid: "other.service" });
  await registrar.close();
  expect(cancelled).toEqual(["demo.service/host-1", "other.service/host-1"]);
  await expect(registrar.register(demo)).rejects.toThrow("register demo.service: the client is closed");
});

test("hurrying renews every instance soon", async () => {
  await registrar.register(demo);
  await registrar.register({ ...demo, hostname: "host-2" });
  registrar.hurry();
  await settle();
  await clock.advance(2_000);
  expect(renewed).toEqual(["demo.service/host-1", "demo.service/host-2"]);
});
