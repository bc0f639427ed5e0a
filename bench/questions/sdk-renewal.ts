import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { costOf, paired, type Contestant, type Cost } from "../harness/paired";
import type { Context, Finding, Question } from "../harness/question";
import { ScriptProcess } from "../harness/script-process";

/** So many clients in one process, each renewing once a second: one alone would do too little to be measured. */
const CLIENTS = 50;
/** In which each client renews. */
const SLICE_MS = 1_000;

export const sdkRenewal: Question = {
  name: "sdk-renewal",
  asks: "What does a renewal cost the SDK's process?",
  async run(context) {
    const [bare, one, hundred] = (await paired(
      [
        await renewing(context, "bare", 1),
        await renewing(context, "sdk", 1),
        await renewing(context, "sdk", 100),
      ],
      // A slice is a second here, however quick it has to be.
      { sliceMs: Math.max(context.sliceMs, SLICE_MS), rounds: context.quick ? 1 : context.rounds },
    )) as [Cost, Cost, Cost];
    const over = "over a bare request with undici at the same pace";
    return [
      ...findings("of one registration", over, one),
      ...findings("of each of 100 registrations", over, hundred),
      { what: "a bare request with undici, processor time", value: bare.us, unit: "us" },
    ];
  },
};

function findings(what: string, over: string, { ratio, us }: Cost): Finding[] {
  return [
    { what: `a renewal ${what}, ${over}`, value: ratio, unit: "x" },
    { what: `a renewal ${what}, processor time`, value: us, unit: "us" },
  ];
}

/** All go on renewing, measured or not: each has a registry of its own, which counts. */
async function renewing(context: Context, kind: "sdk" | "bare", instances: number): Promise<Contestant> {
  const { port } = await context.registry();
  const args = [kind, String(port), String(CLIENTS), String(instances)];
  const renewer = context.own(new ScriptProcess("renewing.cjs", args));
  await renewer.do();
  const run = async (ms: number) => {
    const before = await renewalsAt(port, instances);
    await sleep(ms);
    return (await renewalsAt(port, instances)) - before;
  };
  return { name: kind, measure: (ms) => costOf({ pids: [renewer.pid], run: () => run(ms) }) };
}

/** How many renewals a registry has answered, of clients with so many instances each. */
async function renewalsAt(port: number, instances: number): Promise<number> {
  const { body } = await request(`http://127.0.0.1:${port}/metrics`);
  const text = await body.text();
  const answered = (route: string) =>
    Number(
      new RegExp(`^discoveryd_requests_total{route="${route}",code="0"} (\\d+)$`, "m").exec(text)?.[1] ?? 0,
    );
  return answered("renew") + instances * answered("renews");
}
