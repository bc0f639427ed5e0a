import { request } from "undici";
import { ClosedLoop } from "../harness/closed-loop";
import { costOf, paired } from "../harness/paired";
import type { Finding, Question } from "../harness/question";
import { fetchTarget, registerForm, seed } from "../harness/seed";
import { summary } from "../harness/statistics";
import { getRequest, postRequest } from "../harness/wire";

const APPID = "bench.changed";
/** Few, and a request is answered at once: so each fetch follows a change. */
const CONNECTIONS = 2;

interface Size {
  readonly instances: number;
  readonly goal?: number;
  readonly most?: number;
  readonly gate?: number;
}

const SIZES: readonly Size[] = [{ instances: 100 }, { instances: 1_000, goal: 0.1, most: 0.2, gate: 0.35 }];

export const oneChanged: Question = {
  name: "one-changed",
  asks: "What does an answer cost after one of its instances has changed?",
  isGated: true,
  async run(context) {
    const findings: Finding[] = [];
    for (const { instances, ...bounds } of SIZES) {
      if (context.gatedOnly && bounds.gate === undefined) continue;
      const registry = await context.registry();
      await seed(registry, { appid: APPID, instances });
      const { body } = await request(`http://127.0.0.1:${registry.port}${fetchTarget(APPID)}`);
      const text = await body.text();
      const bare = await context.bare({ answer: text });
      const encoding = await context.bare({ answer: "{}", stringify: objectsIn(text) });

      const contestant = async (name: string, { port, pid }: { port: number; pid: number }) => {
        const loop = context.own(await ClosedLoop.open({ port }, changesAndFetches(instances), CONNECTIONS));
        const measure = (ms: number) => costOf({ pids: [pid], run: () => loop.run(ms) });
        return { name, measure };
      };
      const [base, ours, stringify] = await paired(
        [
          await contestant("bare", bare),
          await contestant("ours", registry),
          await contestant("stringify", encoding),
        ],
        context,
      );
      // The bare server has all but the encoding.
      const rest = (base as { rounds: readonly number[] }).rounds;
      const over = (of: { rounds: readonly number[] }) => of.rounds.map((us, i) => us - (rest[i] as number));
      const [own, all] = [over(ours as never), over(stringify as never)] as [number[], number[]];
      const ratio = summary(own.map((us, i) => us / (all[i] as number)));
      const what = `fetch of ${instances.toLocaleString("en")} after one changed`;
      findings.push(
        {
          what: `${what}, change and encoding, over JSON.stringify of all`,
          value: ratio,
          unit: "x",
          ...bounds,
        },
        { what: `${what}, change and encoding`, value: summary(own.map((us) => 2 * us)), unit: "us" },
      );
    }
    return findings;
  },
};

/** Changes each instance by turns, and fetches after each change. */
function changesAndFetches(instances: number): Buffer[] {
  const fetch = Buffer.from(getRequest(fetchTarget(APPID)));
  return Array.from({ length: 2 * instances }, (_, i) =>
    registerForm(APPID, i % instances, i < instances ? "2" : "3"),
  ).flatMap((form) => [Buffer.from(postRequest("/discovery/register", form)), fetch]);
}

function objectsIn(answer: string): object[] {
  const { data } = JSON.parse(answer) as { data: { instances: Record<string, object[]> } };
  return Object.values(data.instances).flat();
}
