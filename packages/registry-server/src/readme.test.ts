import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock, type Clock } from "@discoveryd/runtime";
import { helpText } from "./config";
import { useNodes, type Reply, type TestNode } from "./testing/use-node";

const start = useNodes();
const ROOT = join(__dirname, "..");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");

/** The fenced blocks of a language. */
function blocks(language: string): string[] {
  const fenced = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms");
  return [...readme.matchAll(fenced)].map(([, text = ""]) => text);
}

/** Sends what a curl command says: `curl [-d 'form']… 'url'`. */
function curl(command: string, node: TestNode<Clock>): Promise<Reply> {
  const quoted = [...command.matchAll(/(-d )?'([^']*)'/g)];
  const forms = quoted.filter(([, isForm]) => isForm).map(([, , text]) => text);
  const { pathname, search } = new URL(quoted.at(-1)?.[2] ?? "");
  if (forms.length === 0) return node.request({ method: "GET", path: pathname + search });
  return node.postBody(pathname, forms.join("&"), "application/x-www-form-urlencoded");
}

test("the requests it shows work, one after the other", async () => {
  const node = await start({ clock: systemClock as Clock });
  const commands = blocks("sh").flatMap((text) =>
    text.split("\n").filter((line) => line.startsWith("curl ")),
  );
  expect(commands).toHaveLength(8);
  for (const command of commands) {
    const { status, code } = await curl(command, node);
    expect([command, status, code ?? 0]).toEqual([command, 200, 0]);
  }
});

test("the program it shows runs", async () => {
  const [program = ""] = blocks("js");
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { cwd: ROOT });
  expect(stdout).toMatch(/^listening on 127\.0\.0\.1:\d+\n$/);
});

test("the settings it names exist", () => {
  const named = [...readme.matchAll(/^\| `([a-z.]+)` +\|/gm)].map(([, key]) => key);
  expect(named.length).toBeGreaterThan(4);
  for (const key of named) expect(helpText()).toContain(`--${key}`);
});
