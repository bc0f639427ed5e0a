import process from "node:process";
import { build } from "./build.mjs";
import { PlanError } from "./plan.mjs";
import { freePorts } from "./ports.mjs";
import { Printer } from "./printer.mjs";
import { isReady } from "./ready.mjs";
import { Stack } from "./stack.mjs";
import { stopReason } from "./stop-reason.mjs";

/**
 * Reads a plan from the command line and the environment, builds, and runs it until it is told to stop or one of its
 * processes ends. Resolves with the exit status, once nothing that was started is left.
 */
export async function runDev({ readPlan, help }) {
  const printer = new Printer({ colour: process.stdout.isTTY === true && !process.env.NO_COLOR });
  let plan;
  try {
    plan = readPlan(process.argv.slice(2), process.env);
    if (plan.help) {
      process.stdout.write(help);
      return 0;
    }
    await freePorts(plan.ports);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    process.stderr.write(`dev: ${error.message}\n`);
    return 1;
  }
  const stop = new AbortController();
  stopReason(process).then((reason) => stop.abort(reason));
  return run(plan, printer, stop);
}

async function run(plan, printer, stop) {
  const stack = new Stack({ printer, onUnexpectedEnd: () => stop.abort("ended") });
  let status = 0;
  try {
    printer.say("building (turbo run build); the first time takes a while");
    await build(plan.packages, stop.signal);
    for (const step of plan.steps) {
      stack.start(step.processes);
      await isReady(step.checks, stop.signal);
    }
    printer.say(plan.ready);
    await aborted(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) {
      printer.say(error.message);
      status = 1;
    }
  }
  if (stop.signal.aborted && stop.signal.reason !== "ended") printer.say(`stopping: ${stop.signal.reason}`);
  await stack.stop();
  return stack.failed ? 1 : status;
}

function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", resolve, { once: true });
  });
}
