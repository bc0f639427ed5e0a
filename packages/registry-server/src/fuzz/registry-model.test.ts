import { CoreNode } from "./testing/core-node";
import { runModel } from "./testing/run-model";

test("the core does what the model says, whatever its clients do", async () => {
  await runModel((settings) => CoreNode.start(settings), 80);
}, 120_000);
