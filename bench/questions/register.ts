import { comparedRequests } from "../harness/compared-requests";
import { costFindings } from "../harness/cost-findings";
import type { Question } from "../harness/question";
import { registerForm } from "../harness/seed";
import { postRequest } from "../harness/wire";

const APP = { appid: "bench.register", instances: 100 };

export const register: Question = {
  name: "register",
  asks: "What does a register cost that changes something?",
  async run(context) {
    const requests = ["1.0.0", "1.0.1"].flatMap((version) =>
      Array.from({ length: APP.instances }, (_, i) =>
        Buffer.from(postRequest("/discovery/register", registerForm(APP.appid, i, version))),
      ),
    );
    const target = `/discovery/register?${registerForm(APP.appid, 0)}`;
    const bareAnswer = { method: "POST", target } as const;
    const costs = await comparedRequests(context, { seeds: [APP], requests, bareAnswer });
    return costFindings("register", "a bare POST", costs, { gate: 6 });
  },
};
