import { metadataOf, type Metadata, type Status } from "@discoveryd/protocol";
import { instanceWith } from "../testing/builders";
import { goRequests } from "./go-form";
import type { Operation } from "./operation";
import { cancel, put, renew, setPut } from "./testing/operations";
import { asOurs, readPeerRequests, type PeerRequest } from "./testing/peer-recording";

/** The operations that a recorded request tells. */
function operationsOf({ path, params }: PeerRequest): Operation[] {
  const text = (name: string) => params.get(name) ?? "";
  const key = { env: text("env"), appid: text("appid"), zone: text("zone"), hostname: text("hostname") };
  const region = text("region");
  if (path === "/discovery/renew") {
    return [{ kind: "renew", key, region, dirty: BigInt(text("dirty_timestamp")), silentMs: 0 }];
  }
  if (path === "/discovery/cancel") return [{ kind: "cancel", key, region, at: 1_795_342_220_999_000_000n }];
  if (path === "/discovery/set") return setOf(params, { ...key, region });
  const instance = instanceWith({
    ...key,
    region,
    addrs: text("addrs").split(","),
    version: text("version"),
    metadata: metadata(text("metadata")),
    status: Number(text("status")) as Status,
    regTimestamp: BigInt(text("reg_timestamp")),
    dirtyTimestamp: BigInt(text("dirty_timestamp")),
    latestTimestamp: BigInt(text("latest_timestamp")),
  });
  return [{ kind: "put", instance, silentMs: 0 }];
}

function setOf(params: URLSearchParams, key: Parameters<typeof instanceWith>[0]): Operation[] {
  const group = {};
  return params.getAll("hostname").map((hostname, i) => {
    const value = params.getAll("status")[i];
    const status = value === undefined ? undefined : (Number(value) as Status);
    const text = params.getAll("metadata")[i];
    return {
      kind: "put",
      instance: instanceWith({ ...key, hostname, ...(status && { status }) }),
      silentMs: 0,
      set: {
        change: { hostname, status, metadata: text === undefined ? undefined : metadata(text) },
        at: BigInt(params.get("set_timestamp") as string),
        group,
      },
    };
  });
}

function metadata(text: string): Metadata {
  return metadataOf(Object.entries((JSON.parse(text) ?? {}) as Record<string, string>));
}

function fieldsOf(form: string): [string, string][] {
  return [...new URLSearchParams(form)];
}

test.each(["go-peer-same-zone-wire.txt", "go-peer-other-zone-wire.txt"])(
  "what the original tells its peers, ours tells in the same words: %s",
  (name) => {
    const recorded = readPeerRequests(name);
    expect(recorded.length).toBeGreaterThan(5);
    for (const request of recorded) {
      const ours = goRequests(operationsOf(request), request.params.get("replication") === "true");
      expect(ours.map(({ path, form }) => `${path} ${form}`)).toEqual([
        `${request.path} ${asOurs(request.form)}`,
      ]);
    }
  },
);

test("the recordings hold each kind of operation, to the own zone and to another", () => {
  const kinds = (name: string) => [...new Set(readPeerRequests(name).map(({ path }) => path))].sort();
  const all = ["/discovery/cancel", "/discovery/register", "/discovery/renew", "/discovery/set"];
  expect(kinds("go-peer-same-zone-wire.txt")).toEqual(all);
  expect(kinds("go-peer-other-zone-wire.txt")).toEqual(all);
});

test("a set of several instances is one request, with as many values as host names", () => {
  const group = {};
  const puts = [setPut("h1", { status: 2 }, group), setPut("h2", { status: 2 }, group)];
  const requests = goRequests(puts, true);
  expect(requests).toHaveLength(1);
  expect(requests[0]?.operations).toEqual(puts);
  expect(fieldsOf(requests[0]!.form).filter(([name]) => /hostname|status|metadata/.test(name))).toEqual([
    ["hostname", "h1"],
    ["hostname", "h2"],
    ["status", "1"],
    ["status", "1"],
  ]);
});

test("what only one change of a set gives is sent as it stands for the others", () => {
  const group = {};
  const puts = [
    setPut("h1", { metadata: new Map([["a", "1"]]) }, group),
    {
      ...setPut("h2", {}, group),
      instance: instanceWith({ hostname: "h2", metadata: new Map([["b", "2"]]) }),
    },
  ];
  const [request] = goRequests(puts, true);
  expect(fieldsOf(request!.form).filter(([name]) => name === "metadata")).toEqual([
    ["metadata", '{"a":"1"}'],
    ["metadata", '{"b":"2"}'],
  ]);
});

test("half a character, as JSON can hold it, is told as what stands for it", () => {
  const [request] = goRequests([put("h1", { version: "\ud800" })], true);
  expect(new URLSearchParams(request!.form).get("version")).toBe("\ufffd");
});

test("two sets are two requests, and every operation is in one of them", () => {
  const operations = [
    setPut("h1", { status: 1 }),
    put("h3"),
    setPut("h2", { status: 1 }),
    renew("h4"),
    cancel("h5"),
  ];
  const requests = goRequests(operations, false);
  expect(requests.map(({ path }) => path).sort()).toEqual([
    "/discovery/cancel",
    "/discovery/register",
    "/discovery/renew",
    "/discovery/set",
    "/discovery/set",
  ]);
  expect(new Set(requests.flatMap((request) => request.operations))).toEqual(new Set(operations));
});

test.each([" ", "+", "&", "=", "%", "!'()*", "~", "日本", '"', "\u0000"])(
  "%j in a value is escaped as the original does, and read back",
  (value) => {
    const [request] = goRequests([put("h1", { version: value })], true);
    expect(new URLSearchParams(request!.form).get("version")).toBe(value);
    expect(request!.form).toMatch(/^[A-Za-z0-9_.~&=%+-]*$/);
  },
);
