#!/usr/bin/env node
// `yarn dev:cluster`: as `yarn dev`, with three registry nodes in two zones.
import process from "node:process";
import { HELP, readClusterPlan } from "./dev/cluster-plan.mjs";
import { runDev } from "./dev/run-dev.mjs";

process.exit(await runDev({ readPlan: readClusterPlan, help: HELP }));
