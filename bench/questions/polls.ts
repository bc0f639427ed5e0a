import { comparedRequests } from "../harness/compared-requests";
import { costFindings } from "../harness/cost-findings";
import type { Question } from "../harness/question";
import { pollsTarget } from "../harness/seed";
import { getRequest } from "../harness/wire";

const APP = { appid: "bench.polls", instances: 10 };

export const polls: Question = {
  name: "polls",
  asks: "What does a poll cost that is answered at once?",
  async run(context) {
    const target = pollsTarget(APP.appid, 0n);
    const requests = [Buffer.from(getRequest(target))];
    const bareAnswer = { method: "GET", target } as const;
    const costs = await comparedRequests(context, { seeds: [APP], requests, bareAnswer });
    return costFindings("polls of an app of 10 instances", "a bare GET of as many bytes", costs, {
      gate: 2.5,
    });
  },
};
