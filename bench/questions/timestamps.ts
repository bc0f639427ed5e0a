import { parseExact } from "@discoveryd/protocol";
import { request } from "undici";
import { costOf, paired, type Contestant, type Cost } from "../harness/paired";
import type { Context, Finding, Question } from "../harness/question";
import { fetchTarget, seed } from "../harness/seed";

const SIZES = [10, 100, 1_000];
const MOST = 1.3;
/** Nothing but this process takes part: shorter slices do. */
const SLICE_SHARE = 1 / 4;

export const timestamps: Question = {
  name: "timestamps",
  asks: "What does it cost the SDK to read timestamps to the digit?",
  async run(context) {
    const findings: Finding[] = [];
    for (const instances of SIZES) {
      const text = await answerOf(context, instances);
      const what = `an answer of ${instances.toLocaleString("en")} instances`;
      findings.push(
        ...(await compared(context, `${what} of ours`, text)),
        ...(await compared(context, `${what} of the original's`, inNanoseconds(text))),
      );
    }
    return findings;
  },
};

async function answerOf(context: Context, instances: number): Promise<string> {
  const appid = "bench.timestamps";
  const registry = await context.registry();
  await seed(registry, { appid, instances });
  const { body } = await request(`http://127.0.0.1:${registry.port}${fetchTarget(appid)}`);
  return body.text();
}

/**
 * As a Go node writes it: its timestamps do not end in three zeros, and so do not fit into doubles. What is one moment is one
 * number, as in the recordings: an app's is that of its last change.
 */
function inNanoseconds(text: string): string {
  return text.replace(/(?<=_timestamp":)(\d{16})000/g, (_all, micros: string) => {
    return micros + String(1 + (Number(micros) % 999)).padStart(3, "0");
  });
}

async function compared(context: Context, what: string, text: string): Promise<Finding[]> {
  const [plain, exact] = (await paired(
    [
      parsing("JSON.parse", text, (json) => JSON.parse(json)),
      // As the SDK does it: of an instance's timestamps it uses one.
      parsing("exact", text, (json) => parseExact(json, "latest")),
    ],
    { rounds: context.rounds, sliceMs: context.sliceMs * SLICE_SHARE },
  )) as [Cost, Cost];
  return [
    { what: `${what}, read exactly, over JSON.parse`, value: exact.ratio, unit: "x", most: MOST },
    { what: `${what}, JSON.parse`, value: plain.us, unit: "us" },
  ];
}

function parsing(name: string, text: string, parse: (text: string) => unknown): Contestant {
  const run = (ms: number) => Promise.resolve(parseFor(ms, text, parse));
  return { name, measure: (ms) => costOf({ pids: [process.pid], run: () => run(ms) }) };
}

/** Parses for so long. Returns how often. */
function parseFor(ms: number, text: string, parse: (text: string) => unknown): number {
  const until = performance.now() + ms;
  let count = 0;
  for (; performance.now() < until; count++) parse(text);
  return count;
}
