import { readSettings } from "./read-settings";
import { address, choice, duration, flag, list, text, type Setting } from "./setting";

function read(setting: Setting<unknown>, toml: string): unknown {
  return readSettings({ app: { key: setting } }, new Map([["app", toml]]), {}).app.key;
}

const about = { env: "DEMO_KEY", doc: "a key" };

test.each<[string, Setting<unknown>, string, unknown]>([
  ["text", text("", about), 'key = "x"', "x"],
  ["an address", address("a:1", about), 'key = "0.0.0.0:9000"', { host: "0.0.0.0", port: 9000 }],
  ["an IPv6 address", address("a:1", about), 'key = "[::1]:80"', { host: "::1", port: 80 }],
  ["a duration in words", duration("1s", about), 'key = "1m30s"', 90_000],
  ["a duration in milliseconds", duration("1s", about), "key = 250", 250],
  ["a flag", flag(false, about), "key = true", true],
  ["a flag in words", flag(true, about), 'key = "false"', false],
  ["a list", list([], about), 'key = ["a", "b"]', ["a", "b"]],
  ["a list in one text", list([], about), 'key = "a, b,"', ["a", "b"]],
  ["a choice", choice(["info", "warn"], "info", about), 'key = "warn"', "warn"],
])("%s is read", (_, setting, toml, expected) => {
  expect(read(setting, toml)).toEqual(expected);
});

test.each<[string, Setting<unknown>, string, string]>([
  ["text", text("", about), "key = 1", "app.toml: key = 1: use text"],
  [
    "an address without a port",
    address("a:1", about),
    'key = "localhost"',
    'app.toml: key = "localhost": use host:port, such as 0.0.0.0:9000 or [::1]:9000',
  ],
  [
    "a port that is none",
    address("a:1", about),
    'key = "a:65536"',
    'app.toml: key = "a:65536": use host:port, such as 0.0.0.0:9000 or [::1]:9000',
  ],
  [
    "a duration",
    duration("1s", about),
    'key = "soon"',
    'app.toml: key = "soon": use a duration such as "250ms", "1.5s" or "1m"',
  ],
  ["a flag", flag(false, about), 'key = "yes"', 'app.toml: key = "yes": use true or false'],
  [
    "a list",
    list([], about),
    "key = [1]",
    'app.toml: key = [1]: use an array of strings, or text such as "a,b"',
  ],
  [
    "a choice",
    choice(["info", "warn"], "info", about),
    'key = "loud"',
    'app.toml: key = "loud": use one of info, warn',
  ],
])("%s that is wrong is named with what is allowed", (_, setting, toml, message) => {
  expect(() => read(setting, toml)).toThrow(message);
});

test("a setting that says nothing else counts from the next start", () => {
  expect(text("", about).live).toBe(false);
  expect(text("", { ...about, live: true }).live).toBe(true);
});
