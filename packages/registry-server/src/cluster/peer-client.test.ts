import { encodeInstance, type Instance } from "@discoveryd/protocol";
import { FakeClock } from "@discoveryd/runtime/testing";
import { instanceWith } from "../testing/builders";
import { until } from "../testing/until";
import { decodeStates, encodeStates, type AppState } from "./app-state";
import {
  decodeOperations,
  encodeOutcomes,
  keyOf,
  parseJson,
  type Operation,
  type Outcome,
} from "./operation";
import { PeerClient } from "./peer-client";
import { cancel, keyOfHost, put, renew } from "./testing/operations";
import type { PlayedNode } from "./testing/played-node";
import { goAnswer, usePlayedNodes, type Answer, type Received } from "./testing/played-node";

const playNode = usePlayedNodes();
const clients: { client: PeerClient; clock: FakeClock }[] = [];

afterEach(async () => {
  for (const { client, clock } of clients.splice(0)) {
    await client.close();
    expect(clock.pending).toBe(0);
  }
});

function connect({ addr }: Pick<PlayedNode, "addr">, sameZone = true) {
  const clock = new FakeClock();
  const client = new PeerClient({
    addr,
    sameZone,
    dialMs: 1_000,
    keepAliveMs: 10_000,
    timeoutMs: 40_000,
    clock,
  });
  clients.push({ client, clock });
  return { client, clock };
}

function envelope(data: string, code = 0): Answer {
  return { text: `{"code":${code},"message":"${code}","ttl":1,"data":${data}}` };
}

/** Answers batches as a node of ours does, with the same outcome for every operation. */
function oursAnswer(outcome: Outcome = { code: 0 }) {
  return ({ body }: Received): Answer => envelope(encodeOutcomes(decodeOperations(body).map(() => outcome)));
}

/** A node of the original that answers an operation like this. */
function goWith(text: string) {
  return (request: Received): Answer => (request.path.includes("replicate") ? goAnswer(request) : { text });
}

function many(count: number, operation: (hostname: string) => Operation = renew): Operation[] {
  return Array.from({ length: count }, (_, i) => operation(`h${i}`));
}

describe("a node of ours", () => {
  test.each([
    [true, "true"],
    [false, "false"],
  ])("is told all in one request; same zone %s", async (sameZone, replication) => {
    const node = await playNode(oursAnswer());
    const { client } = connect(node, sameZone);
    expect(await client.send([put("h1"), renew("h2"), cancel("h3")])).toEqual([
      { code: 0 },
      { code: 0 },
      { code: 0 },
    ]);
    expect(node.received).toHaveLength(1);
    expect(node.received[0]).toMatchObject({
      method: "POST",
      path: `/discovery/replicate?replication=${replication}&from_zone=true`,
      type: "application/json",
    });
    expect(decodeOperations(node.received[0]!.body)).toEqual([
      put("h1"),
      { ...renew("h2"), region: "" },
      cancel("h3"),
    ]);
    expect(client.requests).toBe(1);
  });

  test("answers what is newer there, to the digit", async () => {
    const instance = instanceWith({ dirtyTimestamp: 1_795_342_219_143_135_554n });
    const { client } = connect(await playNode(oursAnswer({ code: -409, instance })));
    expect(await client.send([renew()])).toEqual([{ code: -409, instance }]);
  });

  test("is told a batch that is too large for one request in several, none above 2 MiB", async () => {
    const node = await playNode(oursAnswer());
    const { client } = connect(node);
    const metadata = new Map([["m", "x".repeat(16_000)]]);
    let rest = many(1_000, (hostname) => put(hostname, { metadata }));
    const heard: string[] = [];
    while (rest.length > 0) {
      const outcomes = await client.send(rest);
      expect(outcomes.length).toBeGreaterThan(0);
      heard.push(...rest.slice(0, outcomes.length).map((operation) => keyOf(operation).hostname));
      rest = rest.slice(outcomes.length);
    }
    expect(heard).toEqual(many(1_000).map((operation) => keyOf(operation).hostname));
    expect(Math.max(...node.received.map(({ body }) => body.length))).toBeLessThanOrEqual(2 * 1_048_576);
    expect(node.received.length).toBeLessThan(20);
  });

  test("is told one operation, however large", async () => {
    const node = await playNode(oursAnswer());
    const { client } = connect(node);
    const huge = put("h1", { metadata: new Map([["m", "x".repeat(3_000_000)]]) });
    expect(await client.send([huge, huge])).toEqual([{ code: 0 }]);
  });

  test("gives a sign of life", async () => {
    const { client } = connect(await playNode(oursAnswer()));
    expect(await client.send([])).toEqual([]);
  });

  test.each<[string, Answer]>([
    ["fewer outcomes than operations", envelope("[]")],
    ["more", envelope('[{"code":0},{"code":0}]')],
    ["no list", envelope("{}")],
    ["an outcome without a code", envelope("[{}]")],
    ["an error", envelope("null", -500)],
    ["text", { text: "hello" }],
    ["nothing", { text: "" }],
    ["an HTTP error", { status: 502, text: "bad gateway" }],
  ])("that answers %s has not heard", async (_what, answer) => {
    const { client } = connect(await playNode(() => answer));
    await expect(client.send([put()])).rejects.toThrow();
  });

  test("that does not answer within 2 s has not heard", async () => {
    const node = await playNode(() => undefined);
    const { client, clock } = connect(node);
    const sent = client.send([put()]).catch((error: Error) => error);
    await until("it is asked", () => node.received.length === 1);
    await clock.advance(1_999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await sent).toMatchObject({ message: "timed out after 2000 ms" });
  });

  test("that is not there has not heard", async () => {
    const node = await playNode();
    const { client } = connect(node);
    await node.close();
    await expect(client.send([put()])).rejects.toThrow("ECONNREFUSED");
  });

  test("closing ends what is under way", async () => {
    const node = await playNode(() => undefined);
    const { client } = connect(node);
    const sent = client.send([put()]).catch((error: Error) => error);
    await until("it is asked", () => node.received.length === 1);
    await client.close();
    expect(await sent).toBeInstanceOf(Error);
  });
});

describe("a node of the original", () => {
  test("is told one operation a request, as soon as it has answered 404 to a batch", async () => {
    const node = await playNode();
    const { client } = connect(node);
    expect(await client.send([put("h1"), renew("h2"), cancel("h3")])).toEqual([
      { code: 0 },
      { code: 0 },
      { code: 0 },
    ]);
    expect(node.received.map(({ path }) => path.replace(/\?.*/, "")).sort()).toEqual([
      "/discovery/cancel",
      "/discovery/register",
      "/discovery/renew",
      "/discovery/replicate",
    ]);
    expect(node.received.at(-1)?.type).toBe("application/x-www-form-urlencoded");
    expect(client.requests).toBe(4);
  });

  test("is asked for batches once a minute: it may have been replaced", async () => {
    const node = await playNode();
    const { client, clock } = connect(node);
    const asked = () => node.received.filter(({ path }) => path.includes("replicate")).length;
    await client.send([put()]);
    await client.send([renew()]);
    await clock.advance(59_999);
    await client.send([renew()]);
    expect(asked()).toBe(1);
    await clock.advance(1);
    node.answer = oursAnswer();
    await client.send([renew()]);
    await client.send([renew()]);
    expect(asked()).toBe(3);
    expect(node.received).toHaveLength(6);
  });

  test("that has it newer says what it has; its joined addresses are several", async () => {
    const instance = instanceWith({
      addrs: ["http://a:1,grpc://b:2"],
      dirtyTimestamp: 8_999_999_999_999_999_999n,
    });
    const { client } = connect(await playNode(goWith(`{"code":-409,"data":${encodeInstance(instance)}}`)));
    expect(await client.send([renew()])).toEqual([
      { code: -409, instance: { ...instance, addrs: ["http://a:1", "grpc://b:2"] } },
    ]);
  });

  test.each([-404, -400, -500])("that answers %d has heard", async (code) => {
    const { client } = connect(await playNode(goWith(`{"code":${code},"message":"","data":{}}`)));
    expect(await client.send([renew()])).toEqual([{ code }]);
  });

  test("is told 64 at a time, 8 beside each other", async () => {
    const node = await playNode(async (request) => {
      await new Promise(setImmediate);
      return goAnswer(request);
    });
    const { client } = connect(node);
    expect(await client.send(many(200))).toHaveLength(64);
    expect(node.mostAtOnce).toBeGreaterThan(1);
    expect(node.mostAtOnce).toBeLessThanOrEqual(8);
  });

  test("of whose answers one fails is told all of them again, once the others have ended", async () => {
    let answerLast: (() => void) | undefined;
    const node = await playNode((request) => {
      if (request.body.includes("hostname=h0")) return { status: 500, text: "" };
      if (!request.body.includes("hostname=h1")) return goAnswer(request);
      return new Promise((resolve) => (answerLast = () => resolve(goAnswer(request))));
    });
    const { client } = connect(node);
    let ended = false;
    const sent = client
      .send(many(2))
      .catch((error: Error) => error)
      .finally(() => (ended = true));
    await until("the last is asked", () => answerLast !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(ended).toBe(false);
    answerLast?.();
    expect(await sent).toMatchObject({ message: expect.stringContaining("HTTP 500") as string });
  });

  test("gives a sign of life, not from memory", async () => {
    const node = await playNode();
    const { client } = connect(node);
    await client.send([put()]);
    expect(await client.send([])).toEqual([]);
    expect(node.received).toHaveLength(3);
    await node.close();
    await expect(client.send([])).rejects.toThrow();
  });
});

describe("a sync", () => {
  async function fetchFrom(data: string, code = 0): Promise<readonly Instance[]> {
    const { client } = connect(await playNode(() => envelope(data, code)));
    return client.fetchAll();
  }

  test("takes every instance of every app, to the digit", async () => {
    const [a, b] = [
      instanceWith({ hostname: "a", dirtyTimestamp: 1_795_342_219_143_135_554n }),
      instanceWith(),
    ];
    expect(await fetchFrom(`{"x":[${encodeInstance(a)}],"y":[${encodeInstance(b)}]}`)).toEqual([a, b]);
  });

  test("takes the original's null for an app without instances", async () => {
    expect(await fetchFrom('{"x":null}')).toEqual([]);
  });

  test("from a node that is protected fails", async () => {
    await expect(fetchFrom("null", -503)).rejects.toThrow("-503");
  });

  test("may take much longer than news", async () => {
    const node = await playNode(() => undefined);
    const { client, clock } = connect(node);
    const fetched = client.fetchAll().catch((error: Error) => error);
    await until("it is asked", () => node.received.length === 1);
    await clock.advance(39_999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await fetched).toMatchObject({ message: "timed out after 40000 ms" });
  });
});

describe("a comparison", () => {
  test("gives the digests of the buckets, and takes the apps of those that differ", async () => {
    const node = await playNode(() => envelope('{"7":[{"env":"dev","appid":"a","digest":"d"}],"9":[]}'));
    const { client } = connect(node);
    expect(await client.compare(["x", ""])).toEqual(
      new Map([
        [7, [{ env: "dev", appid: "a", digest: "d" }]],
        [9, []],
      ]),
    );
    expect(node.received[0]).toMatchObject({ path: "/discovery/digests", body: '["x",""]' });
  });

  test("is nothing to a node of the original", async () => {
    const { client } = connect(await playNode());
    expect(await client.compare([])).toBe("unsupported");
  });

  test("gives a state and takes the peer's", async () => {
    const theirs: AppState = {
      env: "dev",
      appid: "a",
      instances: [{ instance: instanceWith({ appid: "a" }), silentMs: 5 }],
      cancelled: [],
    };
    const node = await playNode(() => envelope(encodeStates([theirs])));
    const { client } = connect(node);
    const ours: AppState = { ...theirs, instances: [] };
    expect(await client.exchange([ours])).toEqual([theirs]);
    expect(decodeStates(parseJson(node.received[0]!.body))).toEqual([ours]);
  });

  test("gives a state that is too large for one request in several", async () => {
    const node = await playNode(() => envelope("[]"));
    const { client } = connect(node);
    const metadata = new Map([["m", "x".repeat(16_000)]]);
    const instances = many(500).map((operation) => {
      return { instance: instanceWith({ ...keyOfHost(keyOf(operation).hostname), metadata }), silentMs: 0 };
    });
    await client.exchange([{ env: "dev", appid: "a", instances, cancelled: [] }]);
    expect(node.received.length).toBeGreaterThan(3);
    expect(Math.max(...node.received.map(({ body }) => body.length))).toBeLessThan(3 * 1_048_576);
    const got = node.received.flatMap(({ body }) => decodeStates(parseJson(body)));
    expect(got.flatMap((state) => state.instances)).toEqual(instances);
    expect(got.map(({ isRest }) => isRest === true)).toEqual(got.map((_, i) => i > 0));
  });
});
