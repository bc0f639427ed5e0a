import { settingsHelp, settingsMarkdown } from "./describe-settings";
import { list, text } from "./setting";

const table = {
  application: {
    name: text("nobody", { env: "APP_NAME", doc: "who it is", live: true }),
    nodes: list([], { env: "APP_NODES", doc: "whom it asks" }),
  },
  http: { note: text("none", { env: "HTTP_NOTE", doc: "a note" }) },
};

test("--help names each setting's variable, use, key and default", () => {
  expect(settingsHelp(table).split("\n")).toEqual([
    '  APP_NAME   who it is (application.toml: name = "nobody")',
    "  APP_NODES  whom it asks (application.toml: nodes = [])",
    '  HTTP_NOTE  a note (http.toml: note = "none")',
  ]);
});

test("a README's table says when a change counts, too", () => {
  expect(settingsMarkdown(table).split("\n").slice(2)).toEqual([
    '| `application.toml` | `name` | `APP_NAME` | `"nobody"` | who it is | at once |',
    "| `application.toml` | `nodes` | `APP_NODES` | `[]` | whom it asks | at start |",
    '| `http.toml` | `note` | `HTTP_NOTE` | `"none"` | a note | at start |',
  ]);
});
