import { JsonPoller } from "./testing/json-poller";
import { Simulation } from "./testing/simulation";
import type { Wire } from "./testing/wire";
import { formOf } from "./testing/zoo/stand-in";

// Seconds of simulated traffic in real sockets: on a busy machine more than the usual 5 s.
jest.setTimeout(30_000);

const ROUNDS = 200;

let simulation: Simulation;
let writer: Wire;
const pollers: JsonPoller[] = [];

beforeEach(async () => {
  // Its clock stands still: every change comes in the same millisecond, a microsecond after the one before.
  simulation = new Simulation();
  await simulation.start();
  writer = simulation.connect();
  // With somebody there who stays, every change is news.
  await write("register", { hostname: "anchor", status: "1", addrs: "grpc://127.0.0.1:1" });
});

afterEach(async () => {
  for (const poller of pollers.splice(0)) poller.close();
  await simulation.close();
  expect(simulation.clock.pending).toBe(0);
});

async function write(call: string, params: Readonly<Record<string, string>>): Promise<void> {
  const body = formOf({ env: "dev", zone: "sh001", appid: "app", ...params });
  const { text } = await writer.send({ method: "POST", path: `/discovery/${call}`, body });
  expect(text).toBe('{"code":0,"message":"0","ttl":1}');
}

function startPoller(): JsonPoller {
  const poller = new JsonPoller(simulation.connect(), "app");
  pollers.push(poller);
  poller.start();
  return poller;
}

/** Registers h1, gives it another weight, cancels it. Calls back after each with what is there then. */
async function round(i: number, changed: (weights: Record<string, string>) => Promise<void>): Promise<void> {
  await write("register", {
    hostname: "h1",
    status: "1",
    addrs: "grpc://127.0.0.1:2",
    metadata: `{"weight":${i}}`,
  });
  await changed({ anchor: "", h1: String(i) });
  await write("set", { hostname: "h1", metadata: `{"weight":${-i}}` });
  await changed({ anchor: "", h1: String(-i) });
  await write("cancel", { hostname: "h1" });
  await changed({ anchor: "" });
}

test("a poller that parses with JSON.parse is told each of 600 changes once", async () => {
  const poller = startPoller();
  await simulation.settle();
  const expected: object[] = [{ anchor: "" }];

  for (let i = 1; i <= ROUNDS; i++) {
    await round(i, async (weights) => {
      expected.push(weights);
      await simulation.settle();
    });
  }

  expect(poller.news.map(({ weights }) => weights)).toEqual(expected);
  expect(new Set(poller.news.map(({ timestamp }) => timestamp)).size).toBe(expected.length);
});

test("pollers that are slower than the changes get the last one, and no answer twice", async () => {
  const slow = [startPoller(), startPoller(), startPoller()];

  for (let i = 1; i <= ROUNDS / 4; i++) await round(i, () => Promise.resolve());
  await write("register", { hostname: "h2", status: "1", addrs: "grpc://127.0.0.1:3" });
  await simulation.settle();

  for (const { news } of slow) {
    expect(news.at(-1)?.weights).toEqual({ anchor: "", h2: "" });
    const timestamps = news.map(({ timestamp }) => BigInt(timestamp));
    expect(timestamps.every((at, i) => i === 0 || at > (timestamps[i - 1] as bigint))).toBe(true);
  }
});

test("a timestamp is sent back in the digits it came in", async () => {
  const poller = startPoller();
  await simulation.settle();
  await round(1, () => simulation.settle());

  const exact = await writer.send({ method: "GET", path: "/discovery/fetch?env=dev&appid=app&status=3" });

  expect(exact.text).toContain(`"latest_timestamp":${poller.news.at(-1)?.timestamp}}}`);
});
