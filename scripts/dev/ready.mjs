import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const BETWEEN_LOOKS_MS = 50;
const REQUEST_MS = 2_000;
const LIMIT_MS = 30_000;

/** Resolves once every check holds. Rejects, naming the check and the last answer, after 30 s; or when `signal` aborts. */
export async function isReady(checks, signal) {
  await Promise.all(checks.map((check) => holds(check, signal)));
}

async function holds(check, signal) {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const answer = await look(check.url, signal);
    if (answer.status !== undefined && check.holds(answer)) return;
    signal.throwIfAborted();
    if (performance.now() > deadline) {
      throw new Error(
        `after ${LIMIT_MS / 1_000} s it does not hold that ${check.what}: ${check.url} says ${answer.text}`,
      );
    }
    await sleep(BETWEEN_LOOKS_MS, undefined, { signal });
  }
}

/** The answer's status and text; a request that fails has no status, and the reason as its text. */
function look(url, signal) {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: REQUEST_MS, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode, text: text.trim() }));
      response.on("error", failed);
    });
    const failed = (error) => resolve({ status: undefined, text: error.message });
    request.on("timeout", () => request.destroy(new Error("nothing")));
    request.on("error", failed);
  });
}
