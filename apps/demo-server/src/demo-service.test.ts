import type { HelloReply, PingReply } from "@discoveryd/demo-proto";
import { FakeClock } from "@discoveryd/runtime/testing";
import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import { createDemoService } from "./demo-service";

function call<Q, R>(method: handleUnaryCall<Q, R>, request: Q): Promise<R | null | undefined> {
  return new Promise((resolve) => {
    const answer: sendUnaryData<R> = (_error, reply) => resolve(reply);
    method({ request } as ServerUnaryCall<Q, R>, answer);
  });
}

test("hello is said by name, with who said it", async () => {
  const { sayHello } = createDemoService({ servedBy: "host-1", greeting: () => "hello" });
  await expect(call(sayHello, { name: "Ada" })).resolves.toEqual<HelloReply>({
    content: "hello Ada",
    servedBy: "host-1",
  });
});

test("without a name the world is greeted", async () => {
  const { sayHelloUrl } = createDemoService({ servedBy: "host-1", greeting: () => "hello" });
  await expect(call(sayHelloUrl, { name: "" })).resolves.toMatchObject({ content: "hello world" });
});

test("the greeting may change at any time", async () => {
  let greeting = "hello";
  const { sayHello } = createDemoService({ servedBy: "host-1", greeting: () => greeting });
  greeting = "good morning";
  await expect(call(sayHello, { name: "Ada" })).resolves.toMatchObject({ content: "good morning Ada" });
});

test("an answer takes as long as it is told to, from the next call on", async () => {
  const clock = new FakeClock();
  let delay = 50;
  const { sayHello } = createDemoService({
    servedBy: "host-1",
    greeting: () => "hello",
    delayMs: () => delay,
    clock,
  });
  const answered: string[] = [];
  const slow = call(sayHello, { name: "Ada" }).then(() => answered.push("slow"));
  delay = 0;
  await call(sayHello, { name: "Bob" }).then(() => answered.push("quick"));
  await clock.advance(49);
  expect(answered).toEqual(["quick"]);
  await clock.advance(1);
  await slow;
});

test("a ping names the instance", async () => {
  const { ping } = createDemoService({ servedBy: "host-1", greeting: () => "hello" });
  await expect(call(ping, {})).resolves.toEqual<PingReply>({ servedBy: "host-1" });
});
