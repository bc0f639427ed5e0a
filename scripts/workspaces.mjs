import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The workspaces of a repository, in order of folder.
 *
 * @param {string} root
 * @returns {{ dir: string, name: string, manifest: Record<string, any> }[]} `dir` is relative to the root
 */
export function workspacesOf(root) {
  const { workspaces = [] } = readJson(join(root, "package.json"));
  return workspaces
    .flatMap((glob) => (glob.endsWith("/*") ? foldersIn(root, glob.slice(0, -2)) : [glob]))
    .filter((dir) => existsSync(join(root, dir, "package.json")))
    .sort()
    .map((dir) => {
      const manifest = readJson(join(root, dir, "package.json"));
      return { dir, name: manifest.name, manifest };
    });
}

/** Those that a stranger can install. */
export function publicPackagesOf(root) {
  return workspacesOf(root).filter(({ manifest }) => manifest.private !== true);
}

function foldersIn(root, parent) {
  if (!existsSync(join(root, parent))) return [];
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`);
}

export function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}
