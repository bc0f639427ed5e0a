import { comparedRequests } from "../harness/compared-requests";
import { costFindings } from "../harness/cost-findings";
import type { Question } from "../harness/question";
import { keyForm } from "../harness/seed";
import { postRequest } from "../harness/wire";

const APP = { appid: "bench.renew", instances: 1_000 };

export const renew: Question = {
  name: "renew",
  asks: "What does a heartbeat cost?",
  isGated: true,
  async run(context) {
    const requests = Array.from({ length: APP.instances }, (_, i) =>
      Buffer.from(postRequest("/discovery/renew", keyForm(APP.appid, i))),
    );
    const bareAnswer = { method: "POST", target: `/discovery/renew?${keyForm(APP.appid, 0)}` } as const;
    const costs = await comparedRequests(context, { seeds: [APP], requests, bareAnswer });
    return costFindings("renew", "a bare POST", costs, { goal: 1.15, most: 1.3, gate: 2 });
  },
};
