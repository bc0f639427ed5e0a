import { execFile } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Packs a package as it would be published, and unpacks it again.
 *
 * @param {string} dir the package's folder
 * @param {string} out a folder for what comes of it
 * @returns {Promise<{ tarball: string, unpacked: string, files: string[] }>} `files` are relative to `unpacked`
 */
export async function pack(dir, out) {
  const tarball = join(out, "package.tgz");
  mkdirSync(out, { recursive: true });
  await run("yarn", ["pack", "--out", tarball], { cwd: dir });
  await run("tar", ["-xzf", tarball, "-C", out]);
  const unpacked = join(out, "package");
  const entries = readdirSync(unpacked, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(unpacked.length + 1))
    .sort();
  return { tarball, unpacked, files };
}
