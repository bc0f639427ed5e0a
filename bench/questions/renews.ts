import { ClosedLoop, type Requests } from "../harness/closed-loop";
import { costOf, paired, type Cost } from "../harness/paired";
import type { Question } from "../harness/question";
import { keyForm, seed } from "../harness/seed";
import { postRequest, Wire } from "../harness/wire";

const APP = { appid: "bench.renews", instances: 1_000 };
/** Instances of one client. */
const LIST = 100;

const PATH = "/discovery/renews";

export const renews: Question = {
  name: "renews",
  asks: "What does a heartbeat cost that comes in a list with others?",
  isGated: true,
  async run(context) {
    const registry = await context.registry();
    await seed(registry, APP);
    const lists = Array.from({ length: APP.instances / LIST }, (_, i) => listOf(i * LIST));
    await checkAllRenewed(registry.port, lists[0] as string);

    const contestant = async (name: string, requests: Requests, renewals: number) => {
      const loop = context.own(await ClosedLoop.open(registry, requests));
      const run = async (ms: number) => (await loop.run(ms)) * renewals;
      return { name, measure: (ms: number) => costOf({ pids: [registry.pid], run: () => run(ms) }) };
    };
    const single = Array.from({ length: APP.instances }, (_, i) =>
      Buffer.from(postRequest("/discovery/renew", keyForm(APP.appid, i))),
    );
    const listed = lists.map((list) => Buffer.from(postRequest(PATH, list, "application/json")));
    const costs = await paired(
      [await contestant("single", single, 1), await contestant("list", listed, LIST)],
      context,
    );
    const [alone, inList] = costs as [Cost, Cost];
    return [
      {
        what: `renewal in a list of ${LIST}, over a single renew`,
        value: inList.ratio,
        unit: "x",
        goal: 0.05,
        most: 0.1,
        gate: 0.06,
      },
      { what: `renewal in a list of ${LIST}, processor time`, value: inList.us, unit: "us" },
      { what: "single renew, processor time", value: alone.us, unit: "us" },
    ];
  },
};

/** The keys of so many instances from one on, as JSON. */
function listOf(from: number): string {
  const keys = Array.from({ length: LIST }, (_, i) =>
    Object.fromEntries(new URLSearchParams(keyForm(APP.appid, from + i))),
  );
  return JSON.stringify(keys);
}

/** A list with unknown instances is answered code 0, too: those that are measured must all be known. */
async function checkAllRenewed(port: number, list: string): Promise<void> {
  const wire = await Wire.open(port);
  try {
    const answer = await new Promise<string>((resolve, reject) =>
      wire.exchange(postRequest(PATH, list, "application/json"), (error, found) =>
        found?.code === 0 ? resolve(found.tail) : reject(error ?? new Error(`answered ${found?.tail}`)),
      ),
    );
    if (/-404|-400/.test(answer)) throw new Error(`${PATH} has not found all: ${answer}`);
  } finally {
    wire.destroy();
  }
}
