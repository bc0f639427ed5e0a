import { readSettings } from "./read-settings";
import { list, text } from "./setting";

const table = {
  application: {
    name: text("nobody", { env: "APP_NAME", doc: "who it is" }),
    nodes: list([], { env: "APP_NODES", doc: "whom it asks" }),
  },
  http: { note: text("none", { env: "HTTP_NOTE", doc: "a note" }) },
};

function read(texts: Record<string, string>, env: NodeJS.ProcessEnv = {}) {
  return readSettings(table, new Map(Object.entries(texts)), env);
}

test("without files and environment the defaults count", () => {
  expect(read({})).toEqual({ application: { name: "nobody", nodes: [] }, http: { note: "none" } });
});

test("a file goes before the default, the environment before the file", () => {
  const texts = { application: 'name = "file"\nnodes = ["a"]' };
  expect(read(texts, { APP_NAME: "env" }).application).toEqual({ name: "env", nodes: ["a"] });
});

test("an empty environment variable counts as absent", () => {
  expect(read({ application: 'name = "file"' }, { APP_NAME: "" }).application.name).toBe("file");
});

test("a wrong environment variable is named by its own name", () => {
  const strict = {
    http: { port: { ...table.http.note, schema: table.http.note.schema.refine(() => false) } },
  };
  expect(() => readSettings(strict, new Map(), { HTTP_NOTE: "x" })).toThrow('HTTP_NOTE = "x": use text');
});

test("an unknown key is named with the keys there are", () => {
  expect(() => read({ application: 'nam = "x"' })).toThrow(
    'application.toml: nam = "x": no such key, use name, nodes',
  );
});

test("a file that is no TOML is named with the line and the reason", () => {
  expect(() => read({ http: "note = 1\nnote = " })).toThrow(/^http\.toml, line 2: [^\n]+$/);
});
