import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Nothing listens there: were npm to want a package of ours from a registry, the installation would fail. */
const NO_REGISTRY = "--@discoveryd:registry=http://127.0.0.1:9/";

/** Someone else's project, outside of this repository, which knows of us what the tarballs hold. */
export class Stranger {
  /** @param {string} dir an empty folder */
  constructor(dir) {
    this.dir = dir;
  }

  /**
   * @param {ReadonlyMap<string, string>} tarballs those of ours, by package
   * @param {Readonly<Record<string, string>>} others what else the project uses, with their ranges
   */
  async install(tarballs, others) {
    mkdirSync(this.dir, { recursive: true });
    const dependencies = { ...others };
    const overrides = {};
    for (const [name, tarball] of tarballs) {
      dependencies[name] = `file:${tarball}`;
      // One of ours that another one names is this one, not one that a registry may have under the same version.
      overrides[name] = `$${name}`;
    }
    const manifest = { name: "stranger", private: true, dependencies, overrides };
    writeFileSync(join(this.dir, "package.json"), JSON.stringify(manifest));
    const programs = join(import.meta.dirname, "consumer");
    cpSync(programs, this.dir, { recursive: true });
    cpSync(join(programs, "strict.ts"), join(this.dir, "strict.cts"));
    renameSync(join(this.dir, "strict.ts"), join(this.dir, "strict.mts"));
    const quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"];
    await this.run("npm", ["install", "--prefix", this.dir, NO_REGISTRY, ...quiet]);
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

  /** Runs a program that somebody has written for this project. */
  async runText({ file, text }) {
    writeFileSync(join(this.dir, file), text);
    await this.run(process.execPath, [file]);
  }

  /** Runs a command in the project. Rejects, with what it said, when it fails or takes two minutes. */
  async run(command, args) {
    await run(command, args, { cwd: this.dir, env: ownEnvironment(), timeout: 120_000 });
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
