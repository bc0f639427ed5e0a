import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { CodedError, routes } from "@discoveryd/protocol";
import { FakeClock } from "@discoveryd/runtime/testing";
import { testConfig } from "../testing/use-node";
import { dataAnswer, type Answer } from "./answer";
import type { Call, Unserved } from "./call";
import { createDispatch, endpoint, type Endpoint } from "./dispatcher";

interface Setup {
  readonly endpoints?: readonly Endpoint[];
  readonly protectedBy?: () => CodedError | undefined;
}

function start({ endpoints = [], protectedBy = () => undefined }: Setup = {}) {
  const observed: Answer[] = [];
  const unserved: Unserved[] = [];
  const bugs: [unknown, Call][] = [];
  const dispatch = createDispatch({
    endpoints,
    limits: testConfig(),
    clock: new FakeClock(),
    protectedBy,
    observe: (_call, answer) => observed.push(answer),
    observeUnserved: (each) => unserved.push(each),
    onBug: (error, call) => bugs.push([error, call]),
  });
  const send = (method: string, url: string) => {
    const req = Object.assign(new IncomingMessage(new Socket()), { method, url });
    const res = new ServerResponse(req);
    return { taken: dispatch(req, res), res };
  };
  return { send, observed, unserved, bugs };
}

const fetch = "/discovery/fetch?env=dev&appid=a&status=1";
const renew = "/discovery/renew?env=dev&appid=a&zone=z&hostname=h";
const answering = [
  endpoint(routes.fetch, ({ appid }) => dataAnswer(JSON.stringify(appid))),
  endpoint(routes.renew, () => dataAnswer("1")),
];

test("a request for one of the routes is taken, and answered by its handler", () => {
  const { send, observed } = start({ endpoints: answering });
  const { taken, res } = send("GET", fetch);
  expect([taken, res.writableEnded]).toEqual([true, true]);
  expect(observed.map(({ body }) => body.toString())).toEqual([
    '{"code":0,"message":"0","ttl":1,"data":"a"}',
  ]);
});

test("a request whose target is a whole URL is taken for its path", () => {
  const { send, observed } = start({ endpoints: answering });
  expect(send("GET", `http://registry:7171${fetch}`).taken).toBe(true);
  expect(observed.map(({ code }) => code)).toEqual([0]);
  expect(send("GET", "http://registry:7171/metrics").taken).toBe(false);
});

test.each(["/", "/discovery", "/DISCOVERY/fetch", "/metrics?a=/discovery/fetch", "*", ""])(
  "a request for %j is left alone",
  (url) => {
    const { send, observed, unserved } = start({ endpoints: answering });
    const { taken, res } = send("GET", url);
    expect([taken, res.headersSent, observed, unserved]).toEqual([false, false, [], []]);
  },
);

test.each([
  ["GET", "/discovery/fetchs", undefined, 404],
  ["GET", "/discovery/fetch/", undefined, 404],
  ["GET", "/discovery/FETCH", undefined, 404],
  ["POST", "/discovery/fetch", routes.fetch, 405],
])("%s %s is answered by no handler, and told", (method, path, route, status) => {
  const { send, observed, unserved } = start({ endpoints: answering });
  const { taken, res } = send(method, `${path}?appid=a`);
  expect([taken, res.statusCode, observed]).toEqual([true, status, []]);
  expect(unserved).toMatchObject([{ path, route, status, params: new Map([["appid", ["a"]]]) }]);
});

test("a handler that answers later is waited for", () => {
  let later: Call | undefined;
  const { send, observed } = start({
    endpoints: [
      endpoint(routes.fetch, (_args, call) => {
        later = call;
        return undefined;
      }),
    ],
  });
  const { res } = send("GET", fetch);
  expect([res.headersSent, observed]).toEqual([false, []]);
  later?.answer(dataAnswer("1"));
  expect([res.writableEnded, observed.length]).toEqual([true, 1]);
});

test("what a handler throws with a code is its answer, and no bug", () => {
  const refusing = endpoint(routes.fetch, () => {
    throw new CodedError(-404, "nowhere");
  });
  const { send, observed, bugs } = start({ endpoints: [refusing] });
  send("GET", fetch);
  expect(observed).toMatchObject([{ code: -404, message: "nowhere" }]);
  expect(bugs).toEqual([]);
});

test("what a handler throws without a code is answered -500, and handed over as a bug", () => {
  const error = new TypeError("a bug");
  const failing = endpoint(routes.fetch, () => {
    throw error;
  });
  const { send, observed, bugs } = start({ endpoints: [failing] });
  const { res } = send("GET", fetch);
  expect(res.writableEnded).toBe(true);
  expect(observed).toMatchObject([{ code: -500, message: "a bug" }]);
  expect(bugs.map(([thrown, call]) => [thrown, call.route])).toEqual([[error, routes.fetch]]);
});

test("while reads are protected they are refused before anything else, writes are not", () => {
  const protectedBy = () => new CodedError(-503, "starting up");
  const { send, observed } = start({ endpoints: answering, protectedBy });
  send("GET", "/discovery/fetch");
  send("POST", renew);
  expect(observed.map(({ code }) => code)).toEqual([-503, 0]);
});
