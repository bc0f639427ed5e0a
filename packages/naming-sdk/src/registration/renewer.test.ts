import { CodedError } from "@discoveryd/protocol";
import { FakeClock } from "@discoveryd/runtime/testing";
import { instanceWith } from "../testing/builders";
import { settle } from "../testing/until";
import { Renewer, type RenewerOptions } from "./renewer";

type Api = RenewerOptions["api"];

const HALF_AN_HOUR = 30 * 60_000;
const down = new Error("connect ECONNREFUSED");
const refused = new CodedError(-400, "parameter zone: wrong");
const { signal } = new AbortController();

let clock: FakeClock;
/** `<node> <how many>` of each list, `<node> <hostname>` of each single renewal. */
let calls: string[];
let lists: (node: string, count: number) => ReturnType<Api["renews"]>;
let single: (hostname: string) => ReturnType<Api["renew"]>;
let renewer: Renewer;

beforeEach(() => {
  clock = new FakeClock();
  calls = [];
  lists = async (_node, count) => new Array<"ok">(count).fill("ok");
  single = async () => "ok";
  const api: Api = {
    renew: (node, { hostname }) => {
      calls.push(`${node} ${hostname}`);
      return single(hostname);
    },
    renews: (node, keys) => {
      calls.push(`${node} ${keys.length}`);
      return lists(node, keys.length);
    },
  };
  renewer = new Renewer({ api, clock });
});

function keys(count: number) {
  return Array.from({ length: count }, (_, i) => instanceWith({ hostname: `h${i}` }));
}

async function outcomes(count: number, node = "n1"): Promise<string[]> {
  return (await renewer.renew(node, keys(count), signal)).map(({ outcome }) => outcome);
}

test("one alone is renewed as ever", async () => {
  await expect(outcomes(1)).resolves.toEqual(["ok"]);
  expect(calls).toEqual(["n1 h0"]);
});

test("several are one request, and each has its outcome", async () => {
  lists = async () => ["ok", "missing", refused];
  await expect(renewer.renew("n1", keys(3), signal)).resolves.toEqual([
    { outcome: "ok" },
    { outcome: "missing" },
    { outcome: "failed", error: refused },
  ]);
  expect(calls).toEqual(["n1 3"]);
});

test("more than a thousand are several requests", async () => {
  expect(await outcomes(2_001)).toHaveLength(2_001);
  expect(calls).toEqual(["n1 1000", "n1 1000", "n1 h2000"]);
});

test("once a request has no answer nothing more is sent, and the rest has failed", async () => {
  lists = async (_node, count) => {
    if (calls.length > 1) throw down;
    return new Array<"ok">(count).fill("ok");
  };
  const renewed = await renewer.renew("n1", keys(2_500), signal);
  expect(calls).toHaveLength(2);
  expect(renewed.filter(({ outcome }) => outcome === "ok")).toHaveLength(1_000);
  expect(renewed.slice(1_000)).toEqual(new Array(1_500).fill({ outcome: "failed", error: down }));
});

test("a node that takes no lists is asked once, and renewed at one by one from then on", async () => {
  lists = async () => "unsupported";
  await expect(outcomes(3)).resolves.toEqual(["ok", "ok", "ok"]);
  await outcomes(3);
  expect(calls).toEqual(["n1 3", "n1 h0", "n1 h1", "n1 h2", "n1 h0", "n1 h1", "n1 h2"]);
});

test("after half an hour it is asked again", async () => {
  lists = async () => "unsupported";
  await outcomes(2);
  await clock.advance(HALF_AN_HOUR);
  lists = async () => ["ok", "ok"];
  await outcomes(2);
  expect(calls.slice(3)).toEqual(["n1 2"]);
});

test("another node is asked", async () => {
  lists = async (node) => (node === "n1" ? "unsupported" : ["ok", "ok"]);
  await outcomes(2);
  await outcomes(2, "n2");
  expect(calls.slice(3)).toEqual(["n2 2"]);
});

test("a node that takes nothing at all gets two requests, and is not taken for one of the original", async () => {
  lists = async () => "unsupported";
  single = () => Promise.reject(down);
  await expect(outcomes(100)).resolves.toEqual(new Array(100).fill("failed"));
  expect(calls).toEqual(["n1 100", "n1 h0"]);
  lists = async () => ["ok", "ok"];
  await outcomes(2);
  expect(calls.at(-1)).toBe("n1 2");
});

test("one by one, what is refused does not keep the others from being renewed", async () => {
  lists = async () => "unsupported";
  single = (hostname) => (hostname === "h0" ? Promise.reject(refused) : Promise.resolve("missing"));
  await expect(outcomes(3)).resolves.toEqual(["failed", "missing", "missing"]);
});

test("one by one, a few go at a time", async () => {
  lists = async () => "unsupported";
  let underWay = 0;
  const answers: (() => void)[] = [];
  single = () => {
    underWay++;
    return new Promise((resolve) => answers.push(() => (underWay--, resolve("ok"))));
  };
  const renewed = outcomes(20);
  const most: number[] = [];
  for (let answered = 0; answered < 20; answered++) {
    await settle();
    most.push(underWay);
    answers[answered]?.();
  }
  expect(await renewed).toHaveLength(20);
  expect(most[0]).toBe(1);
  expect(Math.max(...most)).toBe(8);
});
