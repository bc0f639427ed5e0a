import { CodedError, routes, type Args, type Route } from "@discoveryd/protocol";
import { encodeForm, testConfig, type Form } from "../testing/use-node";
import { registerForm } from "../testing/builders";
import { createBind } from "./params";
import { addPairs, type RawParams } from "./pairs";

const limits = testConfig();

function bind<R extends Route>(route: R, form: Form): Args<R> {
  const raw: RawParams = new Map();
  addPairs(encodeForm(form), raw);
  return createBind(route, limits)(raw);
}

/** What a request is told that cannot be bound. */
function refusal(route: Route, form: Form): string {
  try {
    bind(route, form);
  } catch (error) {
    if (error instanceof CodedError && error.code === -400) return error.message;
    throw error;
  }
  return "bound";
}

test("a register is bound to its arguments", () => {
  expect(
    bind(routes.register, registerForm({ color: "red", dirty_timestamp: "1795342003214049716" })),
  ).toEqual({
    env: "dev",
    appid: "provider",
    zone: "sh001",
    hostname: "h1",
    region: "sh",
    status: 1,
    addrs: ["grpc://127.0.0.1:9000"],
    version: "1",
    metadata: new Map([["weight", "10"]]),
    color: "red",
    replication: false,
    from_zone: false,
    dirty_timestamp: 1_795_342_003_214_049_716n,
    latest_timestamp: undefined,
    reg_timestamp: undefined,
  });
});

test.each(["zone", "env", "appid", "hostname", "status", "addrs"])(
  "a register without %s is refused",
  (name) => {
    const { [name]: _left, ...form } = registerForm();
    expect(refusal(routes.register, form)).toBe(`parameter ${name} is required`);
    expect(refusal(routes.register, { ...form, [name]: "" })).toBe(`parameter ${name} is required`);
  },
);

test("a required status of 0 counts as none", () => {
  expect(refusal(routes.register, registerForm({ status: "0" }))).toBe("parameter status is required");
});

test.each(["region", "version", "metadata", "color"])("a register without %s is one", (name) => {
  const { [name]: _left, ...form } = registerForm();
  expect(bind(routes.register, form)[name as "region"]).toBeUndefined();
});

test.each([
  [
    ["a", "b"],
    ["a", "b"],
  ],
  [["a,b"], ["a", "b"]],
  [
    ["a,,b", "", "c,"],
    ["a", "b", "c"],
  ],
])("app ids given as %j are %j", (appid, expected) => {
  expect(bind(routes.polls, { env: "dev", appid }).appid).toEqual(expected);
});

test("timestamps are split on commas, and kept to the digit", () => {
  const { latest_timestamp } = bind(routes.polls, {
    env: "dev",
    appid: "a,b,c",
    latest_timestamp: ["1795342003214049716,0", "-1"],
  });
  expect(latest_timestamp).toEqual([1_795_342_003_214_049_716n, 0n, -1n]);
});

test("metadata is never split", () => {
  const { metadata } = bind(routes.set, {
    ...set,
    hostname: ["a", "b"],
    metadata: ['{"a":"1","b":"2"}', "{}"],
  });
  expect(metadata).toEqual([new Map([["a", "1"], ["b", "2"]]), new Map()]); // prettier-ignore
});

const set = { env: "dev", appid: "provider", zone: "sh001", hostname: "h1" };

test.each([
  ["1", true],
  ["t", true],
  ["T", true],
  ["true", true],
  ["TRUE", true],
  ["True", true],
  ["false", false],
  ["0", false],
  ["", false],
  ["yes", false],
  ["tRUE", false],
])("replication=%s is %s", (replication, expected) => {
  expect(bind(routes.register, registerForm({ replication })).replication).toBe(expected);
});

test.each([
  ["", 0n],
  ["007", 7n],
  ["-5", -5n],
  ["9223372036854775807", 2n ** 63n - 1n],
  ["-9223372036854775808", -(2n ** 63n)],
])("a timestamp of %j is %d", (text, expected) => {
  expect(bind(routes.cancel, { ...set, latest_timestamp: text }).latest_timestamp).toBe(expected);
});

test.each([
  "1.5",
  "1e3",
  "0x10",
  " 1",
  "1 ",
  "+1",
  "a",
  "9223372036854775808",
  "-9223372036854775809",
  "1".repeat(99),
])("a timestamp of %j is refused with its name, its value and what is allowed", (text) => {
  const message = refusal(routes.cancel, { ...set, latest_timestamp: text });
  expect(message).toContain(`parameter latest_timestamp = ${JSON.stringify(text.slice(0, 64))}`);
  expect(message).toContain("must be a decimal integer of at most 64 bits");
});

test("a status beyond what a number holds is refused", () => {
  expect(refusal(routes.register, registerForm({ status: "9007199254740993" }))).toBe(
    'parameter status = "9007199254740993": out of range',
  );
});

test.each(["appid", "zone", "env", "hostname", "region", "version", "color"])(
  "%s may have 255 bytes, and no more",
  (name) => {
    expect(refusal(routes.register, registerForm({ [name]: "x".repeat(255) }))).toBe("bound");
    expect(refusal(routes.register, registerForm({ [name]: "x".repeat(256) }))).toBe(
      `parameter ${name} = "${"x".repeat(64)}"… (256 characters): at most 255 bytes`,
    );
    expect(refusal(routes.register, registerForm({ [name]: "你".repeat(85) }))).toBe("bound");
    expect(refusal(routes.register, registerForm({ [name]: "你".repeat(86) }))).toContain(
      "at most 255 bytes",
    );
  },
);

test.each(["a\nb", "a\u0000b", "a\u001fb", "a\u007fb", "a\u0085b", "a,b"])(
  "a name of %j is refused",
  (zone) => {
    expect(refusal(routes.register, registerForm({ zone }))).toBe(
      `parameter zone = ${JSON.stringify(zone)}: no control character and no comma allowed`,
    );
  },
);

test.each([
  "grpc://127.0.0.1:9000",
  "http://example.com",
  "http://example.com/path?query=1",
  "grpc://[::1]:9000",
  "tcp+tls://host:1",
  "127.0.0.1:9000",
  "[::1]:9000",
  "grpc://host:1",
  "grpc://host:65535",
  "1.2.3.4:1",
  "[::1]:65535",
  "grpc://[::1]",
  "grpc://[fe80::1%eth0]:9000",
  "http://host:80/path?x=y",
  "http://host/path:0",
  "http://host?x=a:99999",
  "http://host:80#a:0",
  "grpc://user@host:1",
  "grpc://user:0@host",
  "grpc://user:pass@[::1]:1",
  "grpc://::1",
  "grpc://fe80::a",
  "grpc://user@fe80::a:9000",
])("%s is an address", (addrs) => {
  expect(bind(routes.register, registerForm({ addrs })).addrs).toEqual([addrs]);
});

test.each([
  "x",
  "127.0.0.1",
  "host:9000",
  "://host",
  "grpc://",
  "grpc:///path",
  "1grpc://host",
  "grpc://a b",
  "grpc://a\u0000b",
  "127.0.0.1:port",
  "127.0.0.1:65536",
  "127.0.0.256:80",
  "127.0.0.1.1:80",
  "[::g]:80",
  "[127.0.0.1]:80x",
  "/path",
  "grpc://host:0",
  "grpc://host:00000",
  "grpc://host:65536",
  "grpc://host:99999",
  "grpc://host:4294967297",
  "grpc://host:-1",
  "grpc://host:1.5",
  "grpc://host:+1",
  "grpc://host:port",
  "grpc://host:",
  "http://host:0/path",
  "http://host:65536?x=y",
  "http://host:0#x",
  "grpc://user@host:0",
  "grpc://user:1@host:99999",
  "grpc://[::1]:0",
  "grpc://[::1]:65536",
  "grpc://fe80::a:99999",
  "127.0.0.1:0",
  "127.0.0.1:00000",
  "[::1]:0",
  "[::1]:65536",
])("%j is no address", (addrs) => {
  expect(refusal(routes.register, registerForm({ addrs }))).toBe(
    `parameter addrs = ${JSON.stringify(addrs)}: must be scheme://host[:port] or ip:port, a port from 1 to 65535`,
  );
});

test("addresses may be repeated or joined by commas, 32 of them", () => {
  const addrs = Array.from({ length: 33 }, (_, i) => `grpc://127.0.0.1:${i + 1}`);
  const most = addrs.slice(0, 32);
  expect(bind(routes.register, registerForm({ addrs: most })).addrs).toEqual(most);
  expect(bind(routes.register, registerForm({ addrs: most.join(",") })).addrs).toEqual(most);
  expect(refusal(routes.register, registerForm({ addrs }))).toBe("parameter addrs: 33 addresses, at most 32");
});

test("an address may have 512 bytes, and no more", () => {
  const prefix = "grpc://";
  const longest = prefix + "x".repeat(512 - prefix.length);
  expect(refusal(routes.register, registerForm({ addrs: longest }))).toBe("bound");
  expect(refusal(routes.register, registerForm({ addrs: `${longest}x` }))).toContain("at most 512 bytes");
});

test("of a single-valued name the first value counts", () => {
  expect(bind(routes.renew, { ...set, zone: ["first", "second"] }).zone).toBe("first");
});

test("parameters nobody knows are ignored, whatever they hold", () => {
  expect(refusal(routes.renew, { ...set, unknown: "\u0000", __proto__: "x" })).toBe("bound");
});
