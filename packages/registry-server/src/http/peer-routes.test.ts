import { codes, encodeInstance, parseWithTimestamps } from "@discoveryd/protocol";
import { BUCKETS, bucketOf, digestApps, digestBuckets } from "../cluster/digest";
import { decodeOutcomes, encodeOperations, type Operation } from "../cluster/operation";
import { cancel, put, renew } from "../cluster/testing/operations";
import { usePlayedNodes } from "../cluster/testing/played-node";
import { instanceWith, key } from "../testing/builders";
import { useNodes, type TestNode } from "../testing/use-node";

const startNode = useNodes();
const playNode = usePlayedNodes();

const JSON_TYPE = "application/json";
const FRESH = 1_795_342_003_214_135_554n;

/** Sends a batch as a node of the own zone does; resolves with the outcomes. */
async function replicate(
  node: TestNode,
  operations: readonly Operation[],
  query = "replication=true&from_zone=true",
) {
  const body = encodeOperations(operations);
  const { code, text } = await node.postBody(`/discovery/replicate?${query}`, body, JSON_TYPE);
  expect(code).toBe(0);
  return decodeOutcomes((parseWithTimestamps(text) as { data: unknown }).data);
}

function digests(node: TestNode, buckets: readonly string[]) {
  return node.postBody("/discovery/digests", JSON.stringify(buckets), JSON_TYPE);
}

describe("a batch", () => {
  test("is taken in order, and answered with a code for each operation", async () => {
    const node = await startNode();
    const outcomes = await replicate(node, [
      renew("h1"),
      put("h1", { dirtyTimestamp: FRESH }),
      renew("h1", FRESH),
      cancel("h2", FRESH),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([codes.notFound, 0, 0, codes.notFound]);
    expect(node.server.registry.find(key)?.instance.dirtyTimestamp).toBe(FRESH);
  });

  test("is answered with what is newer here", async () => {
    const node = await startNode();
    const newer = instanceWith({ dirtyTimestamp: FRESH, addrs: ["http://a:1", "grpc://b:2"] });
    await replicate(node, [put("h1", newer)]);
    const [outcome] = await replicate(node, [put("h1", { dirtyTimestamp: FRESH - 1n })]);
    expect(outcome).toEqual({ code: codes.conflict, instance: newer });
  });

  test("with an operation that cannot be read has all the others taken", async () => {
    const node = await startNode();
    const body = `[{"op":"merge"},${encodeOperations([put("h1")]).slice(1)}`;
    const { text } = await node.postBody("/discovery/replicate?replication=true", body, JSON_TYPE);
    expect(text).toContain('"data":[-400,0]');
  });

  test("of nothing is a sign of life", async () => {
    expect(await replicate(await startNode(), [])).toEqual([]);
  });

  test.each(["", "{", "{}"])("that is no list is -400: %s", async (body) => {
    const { code, message } = await (await startNode()).postBody("/discovery/replicate", body, JSON_TYPE);
    expect(code).toBe(codes.badRequest);
    expect(message).toMatch(/not JSON|not a JSON list/);
  });

  test("may be much larger than what a client may send, up to 8 MiB", async () => {
    const node = await startNode();
    const large = put("h1", { metadata: new Map([["m", "x".repeat(7 * 1_048_576)]]) });
    expect(await replicate(node, [large])).toEqual([{ code: 0 }]);
    const { code } = await node.postBody("/discovery/replicate", "x".repeat(8 * 1_048_576 + 1), JSON_TYPE);
    expect(code).toBe(codes.badRequest);
  });

  test("wakes whoever waits for what it changes", async () => {
    const node = await startNode();
    const { reply } = await node.hang("/discovery/polls", {
      env: "dev",
      appid: "provider",
      latest_timestamp: "1",
    });
    await replicate(node, [put("h1", { dirtyTimestamp: FRESH, latestTimestamp: FRESH })]);
    expect((await reply).text).toContain('"hostname":"h1"');
  });

  test("is not answered by GET", async () => {
    expect((await (await startNode()).get("/discovery/replicate")).status).toBe(405);
  });
});

describe("digests", () => {
  test("are answered with the apps of the buckets that differ, by number of bucket", async () => {
    const node = await startNode();
    await replicate(node, [put("h1", { appid: "a" })]);
    const bucket = bucketOf({ env: "dev", appid: "a" });
    const { data } = await digests(
      node,
      Array.from({ length: BUCKETS }, () => ""),
    );
    expect((data as Record<string, unknown>)[bucket]).toMatchObject([{ env: "dev", appid: "a" }]);
  });

  test("of an equal node are answered with nothing", async () => {
    const [a, b] = [await startNode(), await startNode({ config: { host: "other" } })];
    const all = (node: TestNode) => digests(node, []);
    expect(Object.keys((await all(a)).data as object)).toHaveLength(BUCKETS);
    for (const node of [a, b]) await replicate(node, [put("h1")]);
    // But for the nodes' own registrations.
    const own = [bucketOf({ env: "*", appid: "infra.discovery" })];
    expect(Object.keys((await digests(a, await bucketsOf(b))).data as object).map(Number)).toEqual(own);
  });

  async function bucketsOf(node: TestNode): Promise<string[]> {
    return digestBuckets(await digestApps(node.server.registry.apps, () => true, node.clock));
  }

  test("are refused with -503 while the node knows nothing: to be equal with it says nothing", async () => {
    const sick = await playNode(() => ({ status: 503, text: "" }));
    const node = await startNode({ config: { enableProtect: true, nodes: [sick.addr, "127.0.0.1:0"] } });
    expect((await digests(node, [])).code).toBe(codes.unavailable);
    await node.clock.advance(60_000);
    expect((await digests(node, [])).code).toBe(0);
  });

  test("that are no list are -400", async () => {
    expect((await (await startNode()).postBody("/discovery/digests", "{}", JSON_TYPE)).code).toBe(
      codes.badRequest,
    );
  });
});

describe("an exchange", () => {
  test("takes what is newer, and answers with what is here", async () => {
    const node = await startNode();
    await replicate(node, [put("ours")]);
    const theirs = encodeInstance(instanceWith({ hostname: "theirs" }));
    const body = `[{"env":"dev","appid":"provider","instances":[{"silent_ms":10,"instance":${theirs}}],"cancelled":[]}]`;
    const { text } = await node.postBody("/discovery/exchange", body, JSON_TYPE);
    expect(text).toContain('"hostname":"ours"');
    expect(text).toContain(`{"silent_ms":10,"instance":${theirs}}`);
  });

  test("that cannot be read is -400, and takes nothing", async () => {
    const node = await startNode();
    const { code } = await node.postBody("/discovery/exchange", '[{"env":"dev"}]', JSON_TYPE);
    expect(code).toBe(codes.badRequest);
  });
});
