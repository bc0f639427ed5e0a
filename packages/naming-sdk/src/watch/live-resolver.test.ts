import { emptyInfo } from "./app-state";
import { hostnamesOf, infoOf, instanceWith } from "../testing/builders";
import { settle } from "../testing/until";
import type { InstancesInfo } from "../naming";
import { LiveResolver, type LiveResolverOptions } from "./live-resolver";

const info = infoOf([instanceWith()], { lastTs: 5n });
const later = infoOf([instanceWith({ hostname: "host-2" })], { lastTs: 6n });
const latest = infoOf([instanceWith({ hostname: "host-3" })], { lastTs: 7n });

function resolverWith(options: Partial<LiveResolverOptions> = {}): LiveResolver {
  return new LiveResolver({ describe: () => "app demo.service", ...options });
}

test("ready waits for the first state, and has it at once from then on", async () => {
  const resolver = resolverWith();
  const ready = resolver.ready();
  expect(resolver.fetch()).toBeUndefined();
  resolver.accept(info);
  await expect(ready).resolves.toBe(info);
  await expect(resolver.ready()).resolves.toBe(info);
  expect(resolver.fetch()).toBe(info);
});

test("ready rejects with the signal's reason", async () => {
  const resolver = resolverWith();
  const controller = new AbortController();
  const ready = expect(resolver.ready({ signal: controller.signal })).rejects.toThrow("too late");
  await settle();
  controller.abort(new Error("too late"));
  await ready;
  await expect(resolver.ready({ signal: controller.signal })).rejects.toThrow("too late");
});

test("ready rejects when the resolver is closed first", async () => {
  const resolver = resolverWith();
  const ready = expect(resolver.ready()).rejects.toThrow("app demo.service: closed before the first answer");
  resolver.close();
  await ready;
});

test("an app that does not exist is ready and empty, unless it is required", async () => {
  const resolver = resolverWith();
  resolver.accept(emptyInfo);
  await expect(resolver.ready()).resolves.toBe(emptyInfo);
  const required = resolverWith({ required: true });
  required.accept(emptyInfo);
  await expect(required.ready()).rejects.toThrow("app demo.service: the app does not exist");
});

test("a required app of which the options leave nothing is ready", async () => {
  const resolver = resolverWith({ required: true, select: () => emptyInfo });
  resolver.accept(info);
  await expect(resolver.ready()).resolves.toBe(emptyInfo);
});

test("a watcher sees the state there is and each that follows, until the close", async () => {
  const resolver = resolverWith();
  resolver.accept(info);
  const seen: InstancesInfo[] = [];
  const watching = (async () => {
    for await (const state of resolver.watch()) seen.push(state);
  })();
  await settle();
  resolver.accept(later);
  await settle();
  resolver.close();
  await watching;
  expect(seen).toEqual([info, later]);
});

test("a slow watcher sees the latest state, not a backlog", async () => {
  const resolver = resolverWith();
  const states = resolver.watch();
  resolver.accept(info);
  await states.next();
  resolver.accept(later);
  resolver.accept(latest);
  expect((await states.next()).value).toBe(latest);
  await states.return();
});

test("a listener hears the state there is and each that follows, never within a call", async () => {
  const resolver = resolverWith();
  resolver.accept(info);
  const heard: bigint[] = [];
  resolver.onChange(({ lastTs }) => heard.push(lastTs));
  expect(heard).toEqual([]);
  await settle();
  resolver.accept(later);
  expect(heard).toEqual([5n]);
  await settle();
  expect(heard).toEqual([5n, 6n]);
});

test("a listener that was removed hears nothing more, even of a state on its way", async () => {
  const resolver = resolverWith();
  const heard: bigint[] = [];
  const stop = resolver.onChange(({ lastTs }) => heard.push(lastTs));
  await settle();
  resolver.accept(info);
  stop();
  resolver.accept(later);
  await settle();
  expect(heard).toEqual([]);
});

test("after the close nothing is taken in or asked", async () => {
  const calls: string[] = [];
  const resolver = resolverWith({ refresh: () => calls.push("refresh"), onClose: () => calls.push("close") });
  resolver.refresh();
  resolver.close();
  resolver.close();
  resolver.refresh();
  resolver.accept(info);
  expect(resolver.fetch()).toBeUndefined();
  expect(calls).toEqual(["refresh", "close"]);
});

test("the selection is what everybody sees", async () => {
  const resolver = resolverWith({ select: () => later });
  resolver.accept(info);
  expect(hostnamesOf(await resolver.ready())).toEqual(["host-2"]);
});

test("a resolver that cannot be asked takes a refresh as nothing", () => {
  expect(() => resolverWith().refresh()).not.toThrow();
});

test("the status says how far it came", () => {
  const outages: { nodes: string[]; cause: unknown }[] = [];
  let left = info;
  const resolver = resolverWith({ unreachable: () => outages[0], select: () => left });
  expect(resolver.status()).toEqual({ kind: "waiting" });
  resolver.accept(info);
  expect(resolver.status()).toEqual({ kind: "found" });
  left = emptyInfo;
  resolver.accept(info);
  expect(resolver.status()).toEqual({ kind: "filtered" });
  resolver.accept(emptyInfo);
  expect(resolver.status()).toEqual({ kind: "missing" });
  outages.push({ nodes: ["n1"], cause: new Error("down") });
  expect(resolver.status()).toEqual({ kind: "unreachable", ...outages[0] });
});
