import { HttpNode } from "./testing/http-node";
import { runModel } from "./testing/run-model";

test("a whole server does what the model says, over real sockets", async () => {
  await runModel((settings) => HttpNode.start(settings), 25);
}, 120_000);
