import { ClosedLoop } from "../harness/closed-loop";
import { costFindings } from "../harness/cost-findings";
import { DemoClientProcess } from "../harness/demo-client-process";
import { costOf, paired, type Contestant } from "../harness/paired";
import type { Question } from "../harness/question";
import { ScriptProcess } from "../harness/script-process";
import { getRequest } from "../harness/wire";

const CONNECTIONS = 32;

/** Until the code is compiled. */
const WARM_UP_MS = 3_000;

export const httpHop: Question = {
  name: "http-hop",
  asks: "What does a hop from HTTP to gRPC cost, in the demo client?",
  async run(context) {
    const servers = context.own(new ScriptProcess("grpc-servers.cjs"));
    const addresses = (await servers.do<string[]>()).join(",");
    const bare = context.own(new ScriptProcess("grpc-hop.cjs", [addresses]));
    const ours = context.own(await DemoClientProcess.start(`direct://default/${addresses}`));

    const contestant = async (name: string, at: { port: number; pid: number }): Promise<Contestant> => {
      const requests = [Buffer.from(getRequest("/say_hello?name=Ada"))];
      const loop = context.own(await ClosedLoop.open(at, requests, CONNECTIONS));
      await loop.run(WARM_UP_MS);
      return { name, measure: (ms) => costOf({ pids: [at.pid], run: () => loop.run(ms) }) };
    };
    const costs = await paired(
      [
        await contestant("bare", { port: await bare.do<number>(), pid: bare.pid }),
        await contestant("ours", ours),
      ],
      context,
    );
    const over = "node:http with a bare grpc-js client";
    return costFindings("HTTP to gRPC hop", over, costs, { goal: 1.1, most: 1.25 });
  },
};
