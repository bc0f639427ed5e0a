import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { routes } from "@discoveryd/protocol";
import { notModifiedAnswer, okAnswer, type Answer } from "./answer";
import { Call } from "./call";

function open() {
  const req = new IncomingMessage(new Socket());
  const res = new ServerResponse(req);
  const observed: Answer[] = [];
  const call = new Call(
    req,
    res,
    routes.poll,
    () => new Map(),
    0,
    (_call, answer) => observed.push(answer),
  );
  return { res, call, observed };
}

test("the first answer is sent and told, others go nowhere", () => {
  const { res, call, observed } = open();
  call.answer(okAnswer);
  call.answer(notModifiedAnswer);
  expect(res.writableEnded).toBe(true);
  expect(observed).toEqual([okAnswer]);
});

test("an answer to a client that has gone is told, and not sent", () => {
  const { res, call, observed } = open();
  res.destroy();
  call.answer(okAnswer);
  expect(res.headersSent).toBe(false);
  expect(observed).toEqual([okAnswer]);
});

test("a call answered by other means is told, and takes no answer", () => {
  const { res, call, observed } = open();
  call.answeredAlready(okAnswer);
  call.answer(notModifiedAnswer);
  expect(res.headersSent).toBe(false);
  expect(observed).toEqual([okAnswer]);
});

test("who waits for the end of a call is told once", () => {
  const { res, call } = open();
  let over = 0;
  call.onOver(() => over++);
  res.emit("close");
  res.emit("close");
  expect(over).toBe(1);
});

test("who waits for the end of a call that is over already is told at once", () => {
  const { res, call } = open();
  res.destroy();
  let over = 0;
  call.onOver(() => over++);
  expect(over).toBe(1);
});
