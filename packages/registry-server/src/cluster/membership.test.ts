import { INFRA_APPID } from "@discoveryd/protocol";
import { instanceWith } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";
import { Membership, type MembershipOptions } from "./membership";

const startRegistry = useRegistry();

function startMembership(changes: Partial<MembershipOptions> = {}) {
  const { registry } = startRegistry();
  const seen: Record<string, string>[] = [];
  const membership = new Membership({
    registry,
    peers: { become: (members) => seen.push(Object.fromEntries(members)) },
    self: "10.0.0.1:7171",
    zone: "sh001",
    seeds: ["10.0.0.1:7171", "10.0.0.2:7171"],
    zones: new Map([["sh002", ["10.2.0.1:7171"]]]),
    ...changes,
  });
  membership.start();
  return { registry, membership, seen, peers: () => seen.at(-1) };
}

const SEEDS = { "10.0.0.2:7171": "sh001", "10.2.0.1:7171": "sh002" };

/** A node's own registration. */
function node(host: string, zone = "sh001", env = "dev") {
  const addrs = [`http://${host}:7171`];
  return instanceWith({ env, appid: INFRA_APPID, zone, hostname: host, addrs });
}

test("the peers are those that the configuration names, but for the node itself", () => {
  expect(startMembership().peers()).toEqual(SEEDS);
});

test("a node that registers is a peer, by its zone and in whatever env", () => {
  const { registry, peers } = startMembership();
  registry.adopt(node("10.0.0.3", "sh001", "pro"), 0);
  registry.adopt(node("10.3.0.1", "sh003"), 0);
  expect(peers()).toEqual({ ...SEEDS, "10.0.0.3:7171": "sh001", "10.3.0.1:7171": "sh003" });
});

test.each(["http://10.0.0.3:7171", "http://10.0.0.3:7171/", "HTTP://10.0.0.3:7171/x", "10.0.0.3:7171"])(
  "it is known by host and port, however it writes its address: %s",
  (addr) => {
    const { registry, peers } = startMembership();
    registry.adopt({ ...node("10.0.0.3"), addrs: [addr] }, 0);
    expect(peers()).toHaveProperty(["10.0.0.3:7171"], "sh001");
  },
);

test("a node that goes is a peer no more", () => {
  const { registry, peers } = startMembership();
  registry.adopt(node("10.0.0.3"), 0);
  registry.cancel(node("10.0.0.3"));
  expect(peers()).toEqual(SEEDS);
});

test("a seed is never forgotten: not when it is cancelled, not when it is evicted, not when no node is registered", () => {
  const { registry, peers } = startMembership();
  registry.adopt(node("10.0.0.2"), 0);
  registry.adopt(node("10.2.0.1", "sh002"), 0);
  registry.cancel(node("10.0.0.2"));
  registry.evict(registry.find(node("10.2.0.1", "sh002"))!);
  expect(peers()).toEqual(SEEDS);
});

test("of a seed the configuration says the zone, whatever it registers", () => {
  const { registry, peers } = startMembership();
  registry.adopt({ ...node("10.0.0.2"), zone: "elsewhere" }, 0);
  expect(peers()).toEqual(SEEDS);
});

test("the node itself is no peer, by whatever name it is known", () => {
  const { registry, membership, peers } = startMembership();
  membership.answersAt("10.0.0.9:40000");
  registry.adopt({ ...node("10.0.0.9"), addrs: ["http://10.0.0.9:40000"] }, 0);
  registry.adopt(node("10.0.0.1"), 0);
  expect(peers()).toEqual(SEEDS);
});

test("other apps change nothing", () => {
  const { registry, seen } = startMembership();
  registry.adopt(instanceWith(), 0);
  expect(seen).toHaveLength(1);
});

test("heartbeats change nothing", () => {
  const { registry, seen } = startMembership();
  registry.adopt(node("10.0.0.3"), 0);
  registry.renew(node("10.0.0.3"));
  expect(seen).toHaveLength(2);
});

test("once closed it watches no more", () => {
  const { registry, membership, seen } = startMembership();
  membership.close();
  membership.close();
  registry.adopt(node("10.0.0.3"), 0);
  expect(seen).toHaveLength(1);
});
