import { comparedRequests } from "../harness/compared-requests";
import { costFindings, type Bounds } from "../harness/cost-findings";
import type { Context, Finding, Question } from "../harness/question";
import { fetchTarget } from "../harness/seed";
import { getRequest } from "../harness/wire";

const SIZES: ReadonlyMap<number, Bounds> = new Map([
  [1, { goal: 1.15, most: 1.3, gate: 2 }],
  [100, {}],
  [300, { goal: 1.1, most: 1.25, gate: 2 }],
  [1_000, {}],
]);

export const fetch: Question = {
  name: "fetch",
  asks: "What does an answer cost that has not changed since the last one?",
  isGated: true,
  async run(context) {
    const findings: Finding[] = [];
    for (const [instances, bounds] of SIZES) {
      if (context.gatedOnly && bounds.gate === undefined) continue;
      findings.push(...(await fetchOf(context, instances, bounds)));
    }
    return findings;
  },
};

async function fetchOf(context: Context, instances: number, bounds: Bounds): Promise<Finding[]> {
  const target = fetchTarget("bench.fetch");
  const costs = await comparedRequests(context, {
    seeds: [{ appid: "bench.fetch", instances }],
    requests: [Buffer.from(getRequest(target))],
    bareAnswer: { method: "GET", target },
  });
  const what = `fetch of ${instances.toLocaleString("en")} instance${instances === 1 ? "" : "s"}`;
  return costFindings(what, "a bare GET of as many bytes", costs, bounds);
}
