#!/usr/bin/env node
// `yarn dev`: builds, then runs registry, servers and client until it is told to stop or one of them ends.
import process from "node:process";
import { build } from "./dev/build.mjs";
import { freePorts } from "./dev/ports.mjs";
import { HELP, PlanError, readPlan } from "./dev/plan.mjs";
import { Printer } from "./dev/printer.mjs";
import { isReady } from "./dev/ready.mjs";
import { Stack } from "./dev/stack.mjs";
import { stopReason } from "./dev/stop-reason.mjs";

process.exit(await main());

/** Resolves with the exit status, once nothing that was started is left. */
async function main() {
  const printer = new Printer({ colour: process.stdout.isTTY === true && !process.env.NO_COLOR });
  let plan;
  try {
    plan = readPlan(process.argv.slice(2), process.env);
    if (plan.help) {
      process.stdout.write(HELP);
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
