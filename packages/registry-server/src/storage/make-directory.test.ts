import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { makeDirectory } from "./make-directory";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "make-directory-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

test("a directory is made with those above it that are missing", () => {
  const path = join(directory, "a", "b", "c");
  makeDirectory(path);
  expect(statSync(path).isDirectory()).toBe(true);
});

test("a relative path is one from the working directory", () => {
  makeDirectory(relative(process.cwd(), join(directory, "a", "b")));
  expect(statSync(join(directory, "a", "b")).isDirectory()).toBe(true);
});

test.each(["", "kept", "link"])("a directory that is there stays as it is: %j", (name) => {
  makeDirectory(join(directory, "kept"));
  writeFileSync(join(directory, "kept", "file"), "text");
  symlinkSync(join(directory, "kept"), join(directory, "link"));
  makeDirectory(join(directory, name));
  expect(statSync(join(directory, "kept", "file")).size).toBe(4);
});

test.each(["file", "file/a", "file/a/b", "link", "link/a"])("where %s is in the way it throws", (name) => {
  writeFileSync(join(directory, "file"), "");
  symlinkSync(join(directory, "nowhere"), join(directory, "link"));
  expect(() => makeDirectory(join(directory, name))).toThrow(/EEXIST|ENOTDIR/);
});

test.each(["/proc/x", "/proc/x/y", "/sys/x"])("where nothing can be made, as %s, it throws", (path) => {
  expect(() => makeDirectory(path)).toThrow(/^E[A-Z]+: .*, mkdir '/);
});
