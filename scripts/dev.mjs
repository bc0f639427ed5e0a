#!/usr/bin/env node
// `yarn dev`: builds, then runs registry, servers and client until it is told to stop or one of them ends.
import process from "node:process";
import { HELP, readPlan } from "./dev/plan.mjs";
import { runDev } from "./dev/run-dev.mjs";

process.exit(await runDev({ readPlan, help: HELP }));
