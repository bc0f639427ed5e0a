import { systemClock, type Clock } from "@discoveryd/runtime";
import { FakeClock } from "@discoveryd/runtime/testing";
import { registerForm } from "../testing/builders";
import { until } from "../testing/until";
import { useNodes, type TestNode } from "../testing/use-node";
import { asOurs, readPeerRequests, type PeerRequest } from "./testing/peer-recording";
import { usePlayedNodes, type PlayedNode } from "./testing/played-node";

const startNode = useNodes();
const playNode = usePlayedNodes();

const FORM_TYPE = "application/x-www-form-urlencoded";
const SAME_ZONE = readPeerRequests("go-peer-same-zone-wire.txt");
const OTHER_ZONE = readPeerRequests("go-peer-other-zone-wire.txt");
/** In which they were recorded. */
const THEN_MS = 1_795_342_219_500;

/** A node whose only peer, of its own zone, is one of the original's. */
async function startBesideGo(): Promise<{ node: TestNode<Clock>; go: PlayedNode }> {
  const go = await playNode();
  const node = await startNode({ clock: systemClock as Clock, config: { nodes: ["127.0.0.1:0", go.addr] } });
  await until("the node itself is told", () => toldTo(go, "infra.discovery").length > 0);
  return { node, go };
}

/** What a node of the original was told of an app, without asking for batches. */
function toldTo(go: PlayedNode, appid: string): { path: string; form: string }[] {
  return go.told
    .filter(({ path, body }) => !path.includes("replicate") && body.includes(`appid=${appid}&`))
    .map(({ path, body }) => ({ path, form: body }));
}

function send(node: TestNode<Clock>, { path, form }: PeerRequest) {
  return node.postBody(path, form, FORM_TYPE);
}

/** `<call> <hostname> <code>` of each request. */
async function answersOf(node: TestNode<Clock>, requests: readonly PeerRequest[]): Promise<string[]> {
  const answers: string[] = [];
  for (const request of requests) {
    const { code } = await send(node, request);
    answers.push(`${request.path.slice("/discovery/".length)} ${request.params.get("hostname")} ${code}`);
  }
  return answers;
}

/** The text of an instance as `fetch` shows it, or undefined. */
async function instanceText(
  node: TestNode<Clock>,
  appid: string,
  hostname: string,
): Promise<string | undefined> {
  const { text } = await node.get("/discovery/fetch", { env: "dev", appid, status: "3" });
  return text.split('{"region"').find((part) => part.includes(`"hostname":"${hostname}"`));
}

describe("what a node of the original tells a node of ours", () => {
  test("of its own zone is accepted, with the answers that it expects", async () => {
    const node = await startNode({ clock: new FakeClock(THEN_MS) });
    expect(await answersOf(node, SAME_ZONE)).toEqual([
      "register h1 0",
      "renew h1 0",
      "register h1 0",
      "register h1 0",
      // Unknown here: the original registers it then.
      "renew test1 -404",
      "register test1 0",
      "register h1 0",
      "set h1 0",
      "set h1 0",
      "cancel h1 0",
      "register h9 0",
      "renew h9 0",
      "register h9 0",
    ]);
    expect(await instanceText(node, "provider", "h1")).toBeUndefined();
    expect(await instanceText(node, "provider", "h9")).toContain('"metadata":{},"status":1');
  });

  test("of another zone is accepted, with the answers that it expects", async () => {
    const node = await startNode({ clock: new FakeClock(THEN_MS) });
    expect(await answersOf(node, OTHER_ZONE)).toEqual([
      "register h1 0",
      "renew h1 0",
      "renew test1 -404",
      "set h1 0",
      "cancel h1 0",
      "register h9 0",
    ]);
    expect(await instanceText(node, "provider", "h1")).toBeUndefined();
    expect(await instanceText(node, "provider", "h9")).toContain('"zone":"sh002"');
  });

  test("is kept to the digit, and joined addresses are several", async () => {
    const node = await startNode({ clock: new FakeClock(THEN_MS) });
    await send(node, SAME_ZONE[0]!);
    const text = await instanceText(node, "provider", "h1");
    expect(text).toContain(
      '"addrs":["http://a:1","grpc://b:2"],"version":"1","metadata":{"w":"1"},"status":1',
    );
    expect(text).toContain('"reg_timestamp":1795342219143135554');
    expect(text).toContain('"dirty_timestamp":1795342219143135554,"latest_timestamp":1795342219143135554');
  });

  test("as a set changes what it names, with its own moment", async () => {
    const node = await startNode({ clock: new FakeClock(THEN_MS) });
    const [waiting, up] = SAME_ZONE.filter(({ path }) => path.endsWith("set")) as [PeerRequest, PeerRequest];
    await send(node, SAME_ZONE[0]!);
    await send(node, waiting);
    expect(await instanceText(node, "provider", "h1")).toMatch(
      /"metadata":\{"w":"3"\},"status":2,.*"dirty_timestamp":1795342220039949335,"latest_timestamp":1795342220039949335/,
    );
    await send(node, up);
    expect(await instanceText(node, "provider", "h1")).toMatch(
      /"status":1,.*"up_timestamp":1795342220357450063/,
    );
  });

  test.each([
    ["1795342219143135555", -404, "its copy is newer: it registers it here"],
    ["1795342219143135553", -409, "its copy is older: it takes ours"],
    ["1795342219143135554", 0, "the same"],
  ])("as a heartbeat of version %s is answered %d: %s", async (dirty, code) => {
    const node = await startNode({ clock: new FakeClock(THEN_MS) });
    await send(node, SAME_ZONE[0]!);
    const renew = SAME_ZONE[1]!;
    const reply = await node.postBody(
      renew.path,
      renew.form.replace("1795342219143135554", dirty),
      FORM_TYPE,
    );
    expect(reply.code).toBe(code);
    expect(reply.text).toContain('"dirty_timestamp":1795342219143135554');
    expect(reply.text).toContain('"addrs":["http://a:1","grpc://b:2"]');
  });

  test("of its own zone is told to nobody", async () => {
    const { node, go } = await startBesideGo();
    for (const request of SAME_ZONE) await send(node, request);
    await node.register({ appid: "last" });
    expect(toldTo(go, "last")).toHaveLength(1);
    expect(toldTo(go, "provider")).toEqual([]);
  });

  test("of another zone is told to the nodes of the original in ours, as they would tell each other", async () => {
    const { node, go } = await startBesideGo();
    const requests = OTHER_ZONE.filter(({ params }) => params.get("appid") === "provider");
    for (const [i, request] of requests.entries()) {
      expect((await send(node, request)).code).toBe(0);
      await until(`${request.path} is passed on`, () => toldTo(go, "provider").length > i);
    }
    expect(toldTo(go, "provider")).toEqual(
      requests.map(({ path, form }) => ({
        path,
        // The two changes of one host are told as one.
        form: asOurs(form.replace("replication=false", "replication=true"))
          .replace("&hostname=h1&hostname=h1", "&hostname=h1")
          .replace("&metadata=%7B%22w%22%3A%222%22%7D&metadata", "&metadata")
          .replace("&status=2&status=2", "&status=2"),
      })),
    );
  });
});

test("what ours tells a node of the original of its clients' changes is what the original tells, but for the moments", async () => {
  const { node, go } = await startBesideGo();
  const key = { env: "dev", appid: "provider", zone: "sh001", hostname: "h1", region: "sh" };
  const register = { addrs: ["http://a:1", "grpc://b:2"], metadata: '{"w":"1"}', version: "1" };
  const told = () => toldTo(go, "provider");
  await node.register({ ...key, ...register });
  await node.post("/discovery/renew", key);
  await until("the heartbeat is told", () => told().length === 2);
  await node.post("/discovery/set", { ...key, status: "1" });
  await node.post("/discovery/cancel", key);
  await node.register({
    ...registerForm(),
    zone: "sh002",
    hostname: "h9",
    addrs: "http://a:1",
    metadata: "",
    version: "",
  });

  const recorded = [
    SAME_ZONE[0]!,
    SAME_ZONE[1]!,
    SAME_ZONE.filter(({ path }) => path.endsWith("set"))[1]!,
    SAME_ZONE.find(({ path }) => path.endsWith("cancel"))!,
    SAME_ZONE.find(({ params }) => params.get("hostname") === "h9")!,
  ];
  const timeless = (form: string) => form.replace(/timestamp=\d{19}/g, "timestamp=now");
  expect(told().map(({ path, form }) => `${path} ${timeless(form)}`)).toEqual(
    recorded.map(({ path, form }) => `${path} ${timeless(asOurs(form))}`),
  );
  expect(told().every(({ form }) => /timestamp=(\d{16}000|0)\b/.test(form))).toBe(true);
});

test("a node of the original that lost an instance is told it with the next heartbeat; one that has it newer gives it", async () => {
  const newer = `{"region":"sh","zone":"sh001","env":"dev","appid":"provider","hostname":"h1","addrs":["http://n:1"],"version":"2","metadata":null,"status":1,"reg_timestamp":1,"up_timestamp":1,"renew_timestamp":1,"dirty_timestamp":8999999999999999999,"latest_timestamp":1}`;
  const { node, go } = await startBesideGo();
  const key = { env: "dev", appid: "provider", zone: "sh001", hostname: "h1" };
  await node.register(key);
  const { answer } = go;
  go.answer = (request) =>
    request.path.includes("renew") ? { text: '{"code":-404,"message":""}' } : answer(request);
  await node.post("/discovery/renew", key);
  await until(
    "it is registered there again",
    () => toldTo(go, "provider").filter(({ path }) => path.endsWith("register")).length === 2,
  );

  go.answer = (request) =>
    request.path.includes("renew") ? { text: `{"code":-409,"data":${newer}}` } : answer(request);
  await node.post("/discovery/renew", key);
  await until(
    "it is taken from there",
    async () => (await instanceText(node, "provider", "h1"))?.includes("http://n:1") === true,
  );
  expect(await instanceText(node, "provider", "h1")).toContain('"dirty_timestamp":8999999999999999999');
});
