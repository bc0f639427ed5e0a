import { status, type experimental } from "@grpc/grpc-js";
import type { Builder } from "@discoveryd/naming-sdk";
import { seededRandom, silentLogger } from "@discoveryd/runtime";
import { FakeClock } from "@discoveryd/runtime/testing";
import { instanceAt, MemoryNaming } from "../testing/memory-naming";
import { createResolverClass, PROBE_OPTION, type ChannelProbe } from "./naming-resolver";

interface Answer {
  /** Addresses, or the error. */
  readonly result: string[] | { code: number; details: string };
  readonly attributes: Record<string, unknown>;
  readonly serviceConfig: unknown;
  readonly note: string;
}

function setUp(options: { builder?: Builder; channel?: object; path?: string } = {}) {
  const clock = new FakeClock();
  const naming = new MemoryNaming({ clock });
  const warnings: object[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void warnings.push(fields) };
  const ResolverClass = createResolverClass(options.builder ?? naming, {
    clock,
    color: "",
    random: seededRandom(1),
    logger,
  });
  const answers: Answer[] = [];
  const listener: experimental.ResolverListener = (list, attributes, serviceConfig, note) => {
    const result = list.ok ? list.value.map((one) => (one as unknown as { key: string }).key) : list.error;
    answers.push({ result, attributes, serviceConfig, note });
    return true;
  };
  const uri = { scheme: "memory", authority: "default", path: options.path ?? "demo.service" };
  const resolver = new ResolverClass(uri, listener, options.channel ?? {});
  return { clock, naming, answers, warnings, resolver };
}

const results = (answers: readonly Answer[]) => answers.map(({ result }) => result);
const [a, b] = [instanceAt("10.0.0.1:1"), instanceAt("10.0.0.2:1")];

test("an unknown app is no error when the channel is made, a malformed target is", () => {
  expect(setUp().answers).toEqual([]);
  expect(() => setUp({ path: "demo.service?subset=x" })).toThrow(
    'target "memory://default/demo.service?subset=x"',
  );
});

test("the authority is the app, or the first of direct addresses", () => {
  const ResolverClass = createResolverClass(new MemoryNaming(), {
    clock: new FakeClock(),
    color: "",
    random: seededRandom(1),
    logger: silentLogger,
  });
  const authority = (scheme: string, path: string) =>
    ResolverClass.getDefaultAuthority({ scheme, authority: "default", path });
  expect(authority("memory", "demo.service?subset=5")).toBe("demo.service");
  expect(authority("direct", "127.0.0.1:1,127.0.0.1:2")).toBe("127.0.0.1:1");
});

test("nothing is watched before grpc-js asks, and the target's options go to the builder", () => {
  const { naming, resolver } = setUp({ path: "demo.service?subset=5&zone=z2" });
  expect(naming.built).toEqual([]);
  resolver.updateResolution();
  expect(naming.built[0]).toMatchObject({
    appid: "demo.service",
    options: { filter: { scheme: "grpc" }, scheduleNode: "z2", subset: 5 },
  });
});

test("an answer is never given within updateResolution", async () => {
  const { clock, naming, answers, resolver } = setUp();
  naming.set("demo.service", [a]);
  resolver.updateResolution();
  expect(answers).toEqual([]);
  await clock.advance(0);
  expect(results(answers)).toEqual([["10.0.0.1:1"]]);
});

test("changes are passed on as they come, an update without a change is not", () => {
  const { naming, answers, resolver } = setUp();
  resolver.updateResolution();
  naming.set("demo.service", [a]);
  naming.set("demo.service", [{ ...a, lastTs: 2n }]);
  naming.set("demo.service", [b, a]);
  naming.set("demo.service", []);
  expect(results(answers)).toEqual([["10.0.0.1:1"], ["10.0.0.1:1", "10.0.0.2:1"], []]);
});

test("every answer carries the same service config and the same attributes, errors too", async () => {
  const { clock, naming, answers, resolver } = setUp();
  resolver.updateResolution();
  naming.setStatus("demo.service", { kind: "unreachable", nodes: ["n1"], cause: new Error("no") });
  await clock.advance(250);
  naming.set("demo.service", [a]);
  naming.set("demo.service", []);
  expect(answers).toHaveLength(3);
  const [first] = answers as [Answer];
  expect(first.serviceConfig).toMatchObject({
    ok: true,
    value: { loadBalancingConfig: [{ warden_p2c: {} }] },
  });
  for (const { attributes, serviceConfig, note } of answers) {
    expect(attributes).toBe(first.attributes);
    expect(serviceConfig).toEqual(first.serviceConfig);
    expect(note).toBe("app demo.service in zone true of env test, asked memory://");
  }
});

test("when no node can be reached calls fail with the names of those asked, instead of waiting", async () => {
  const { clock, naming, answers, resolver } = setUp();
  resolver.updateResolution();
  await clock.advance(1_000);
  expect(answers).toEqual([]);
  naming.setStatus("demo.service", { kind: "unreachable", nodes: ["n1"], cause: new Error("no") });
  await clock.advance(250);
  const details = "app demo.service in zone true of env test, asked memory://";
  expect(results(answers)).toMatchObject([{ code: status.UNAVAILABLE, details }]);
  expect(clock.pending).toBe(0);
});

test("a hint to resolve again is passed on at most once a second", async () => {
  const { clock, naming, resolver } = setUp();
  resolver.updateResolution();
  const asked = () => naming.built[0]?.refreshed;
  expect(asked()).toBe(0);
  for (let i = 0; i < 100; i++) resolver.updateResolution();
  expect(asked()).toBe(1);
  await clock.advance(999);
  resolver.updateResolution();
  expect(asked()).toBe(1);
  await clock.advance(1);
  resolver.updateResolution();
  expect(asked()).toBe(2);
  expect(naming.built).toHaveLength(1);
  resolver.destroy();
});

test("destroy ends the watch, and the same object starts again", async () => {
  const { clock, naming, answers, resolver } = setUp();
  naming.set("demo.service", [a]);
  resolver.updateResolution();
  await clock.advance(0);
  resolver.destroy();
  resolver.destroy();
  expect(naming.built[0]?.closed).toBe(true);
  naming.set("demo.service", [b]);
  expect(answers).toHaveLength(1);

  resolver.updateResolution();
  await clock.advance(0);
  expect(results(answers)).toEqual([["10.0.0.1:1"], ["10.0.0.2:1"]]);
  resolver.destroy();
  expect(clock.pending).toBe(0);
});

test("after an idle time an unchanged list is given again: grpc-js has made a new balancer", async () => {
  const { clock, naming, answers, resolver } = setUp();
  naming.set("demo.service", [a]);
  for (let i = 0; i < 2; i++) {
    resolver.updateResolution();
    await clock.advance(0);
    resolver.destroy();
  }
  expect(results(answers)).toEqual([["10.0.0.1:1"], ["10.0.0.1:1"]]);
});

test("after an idle time what was known serves when no answer comes within 250 ms", async () => {
  const { clock, naming, answers, resolver } = setUp();
  naming.set("demo.service", [a]);
  resolver.updateResolution();
  await clock.advance(0);
  resolver.destroy();
  naming.forget("demo.service");
  resolver.updateResolution();
  await clock.advance(249);
  expect(answers).toHaveLength(1);
  await clock.advance(1);
  expect(results(answers)).toEqual([["10.0.0.1:1"], ["10.0.0.1:1"]]);
  naming.set("demo.service", [b]);
  expect(results(answers)).toHaveLength(3);
});

test("a destroy before the first answer leaves nothing behind", () => {
  const { clock, answers, resolver } = setUp();
  resolver.destroy();
  resolver.updateResolution();
  resolver.destroy();
  expect(clock.pending).toBe(0);
  expect(answers).toEqual([]);
});

test("a builder that throws fails the calls with its message, and is asked again", async () => {
  let asked = 0;
  const builder: Builder = {
    scheme: "memory",
    build: () => {
      asked++;
      throw asked === 1 ? new Error("the client is closed") : "closed";
    },
  };
  const { clock, answers, resolver } = setUp({ builder });
  resolver.updateResolution();
  resolver.updateResolution();
  expect(asked).toBe(1);
  await clock.advance(0);
  resolver.updateResolution();
  await clock.advance(0);
  expect(results(answers)).toMatchObject([
    { code: status.UNAVAILABLE, details: "memory cannot look for demo.service: the client is closed" },
    { details: "memory cannot look for demo.service: closed" },
  ]);
  expect(answers[0]?.note).toBe("demo.service");
});

test("instances that cannot be called are reported once, not with each update", () => {
  const { naming, warnings, resolver } = setUp();
  resolver.updateResolution();
  const bad = instanceAt("x", { hostname: "host-1", addrs: ["http://10.0.0.9:80"] });
  naming.set("demo.service", [a, bad]);
  naming.set("demo.service", [b, bad]);
  const reason = 'it has no grpc:// address, only ["http://10.0.0.9:80"]';
  expect(warnings).toEqual([{ app: "demo.service", skipped: [{ hostname: "host-1", reason }] }]);
});

test("a probe hears of the naming resolver as it comes and goes", () => {
  const heard: unknown[] = [];
  const probe: ChannelProbe = { onResolver: (resolver) => heard.push(resolver) };
  const { naming, resolver } = setUp({ channel: { [PROBE_OPTION]: probe } });
  resolver.updateResolution();
  resolver.destroy();
  expect(heard).toEqual([naming.built[0], undefined]);
});
