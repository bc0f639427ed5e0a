import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";
import { ROOT, useProcesses } from "./harness/processes";
import { useRegistry } from "./harness/use-registry";

const processes = useProcesses();
const startRegistry = useRegistry();

interface Example {
  readonly name: string;
  readonly cwd: string;
  readonly text: string;
}

/** The blocks of the packages' READMEs that begin with this. */
function examples(fence: string): Example[] {
  const packages = readdirSync(join(ROOT, "packages")).map((name) => join(ROOT, "packages", name));
  return packages.flatMap((cwd) => {
    const readme = join(cwd, "README.md");
    const markdown = existsSync(readme) ? readFileSync(readme, "utf8") : "";
    return [...markdown.matchAll(/^```(.*)\n([^]*?)^```$/gm)].flatMap(({ 1: kind, 2: text = "", index }) => {
      const line = markdown.slice(0, index).split("\n").length;
      return kind === fence ? [{ name: `${readme.slice(ROOT.length + 1)}:${line}`, cwd, text }] : [];
    });
  });
}

async function run({ name, cwd, text }: Example): Promise<string> {
  const format = /^import /m.test(text) ? "module" : "commonjs";
  const command = [process.execPath, `--input-type=${format}`, "-e", text] as const;
  const example = processes.start({ name, cwd, command: [...command] });
  expect(await example.exited).toMatchObject({ code: 0, signal: null });
  return example.output;
}

test.each(examples("js run"))("$name runs", async (example) => {
  expect(await run(example)).not.toMatch(/error/i);
});

test("the naming SDK's README registers, watches and cancels", async () => {
  const { addr } = await startRegistry();
  const [example] = examples("js").filter(({ cwd }) => cwd.endsWith("naming-sdk"));
  expect(example?.text).toContain('nodes: ["127.0.0.1:7171"]');
  const output = await run({
    ...(example as Example),
    text: (example as Example).text.replaceAll("127.0.0.1:7171", addr),
  });
  expect(output).toContain("grpc://127.0.0.1:9000");
});

test.each(examples("ts"))("$name compiles under strict rules", ({ cwd, text }) => {
  // What a reader's generator has made is here the demo's.
  const source = text.replaceAll("./gen/demo", "@discoveryd/demo-proto");
  expect(problemsOf(join(cwd, "readme-example.ts"), source)).toEqual([]);
});

/** What the compiler has to say of a file that is not on the disk. */
function problemsOf(path: string, text: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules/@types")],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === path || fileExists(file);
  host.getSourceFile = (file, ...rest) =>
    file === path ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022) : getSourceFile(file, ...rest);
  const program = ts.createProgram([path], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}
