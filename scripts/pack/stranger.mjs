import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Nothing listens there: a package of ours that npm wants from a registry cannot come from one. */
const NO_REGISTRY = "--@discoveryd:registry=http://127.0.0.1:9/";

/** Someone else's project, outside of this repository, which knows of us what the tarballs hold. */
export class Stranger {
  /** @param {string} dir an empty folder */
  constructor(dir) {
    this.dir = dir;
  }

  /** @param {readonly string[]} packages tarballs and what else the project uses */
  async install(packages) {
    mkdirSync(this.dir, { recursive: true });
    writeFileSync(join(this.dir, "package.json"), JSON.stringify({ name: "stranger", private: true }));
    cpSync(join(import.meta.dirname, "consumer"), this.dir, { recursive: true });
    const options = [
      "--prefix",
      this.dir,
      "--no-audit",
      "--no-fund",
      "--no-package-lock",
      "--prefer-offline",
    ];
    await this.run("npm", ["install", ...options, NO_REGISTRY, ...packages]);
  }

  /** Copies of a package below the top. Two copies of grpc-js, or of ours, do not know each other. */
  nestedCopies(isSuspect) {
    const modules = join(this.dir, "node_modules");
    return packagesIn(modules)
      .filter((name) => existsSync(join(modules, name, "node_modules")))
      .flatMap((name) => packagesIn(join(modules, name, "node_modules")).map((copy) => ({ name, copy })))
      .filter(({ copy }) => isSuspect(copy))
      .map(({ name, copy }) => `${name} has its own copy of ${copy}`);
  }

  /** Runs a command in the project. Rejects, with what it said, when it fails or takes a minute. */
  async run(command, args) {
    await run(command, args, { cwd: this.dir, env: ownEnvironment(), timeout: 60_000 });
  }
}

function packagesIn(modules) {
  return readdirSync(modules)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(modules, name)).map((part) => `${name}/${part}`) : [name],
    );
}

/**
 * Without what npm and yarn tell the scripts they run: it would lead the project's npm back here. And without settings
 * of ours, which are the consumers' own to make.
 */
function ownEnvironment() {
  const ours =
    /^(npm_(package|lifecycle|config_local_prefix|config_global_prefix)|INIT_CWD|PROJECT_CWD|NODE_OPTIONS)/;
  const settings = /^(DISCOVERY|GRPC$|GRPC_ADVERTISED|ZONE$|REGION$|DEPLOY_|(https?|grpc|all)_proxy$)/i;
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name) && !settings.test(name));
  return Object.fromEntries(kept);
}
