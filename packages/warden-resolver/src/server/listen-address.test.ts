import { addressText, parseListenAddress } from "./listen-address";

test.each([
  ["tcp://0.0.0.0:9000/?timeout=1s", { kind: "tcp", host: "0.0.0.0", port: 9000 }],
  ["tcp://127.0.0.1:0", { kind: "tcp", host: "127.0.0.1", port: 0 }],
  ["tcp://[::1]:9000/", { kind: "tcp", host: "[::1]", port: 9000 }],
  ["tcp://demo.local:9000", { kind: "tcp", host: "demo.local", port: 9000 }],
  ["tcp://:9000", { kind: "tcp", host: "0.0.0.0", port: 9000 }],
  ["unix:///run/demo.sock?timeout=1s", { kind: "unix", path: "/run/demo.sock" }],
  ["unix:/run/demo.sock", { kind: "unix", path: "/run/demo.sock" }],
])("%s is understood", (dsn, address) => {
  expect(parseListenAddress(dsn).address).toEqual(address);
});

test.each(["127.0.0.1:9000", "[::1]:9000"])("the address %s reads as it was written", (text) => {
  expect(addressText(parseListenAddress(`tcp://${text}`).address)).toBe(text);
});

test("a socket reads as its path", () => {
  expect(addressText({ kind: "unix", path: "/run/demo.sock" })).toBe("/run/demo.sock");
});

test("the query is read", () => {
  expect([...parseListenAddress("tcp://:9000/?timeout=1s&drain=2s").query]).toEqual([
    ["timeout", "1s"],
    ["drain", "2s"],
  ]);
});

test.each([
  "",
  "9000",
  "0.0.0.0:9000",
  "tcp://0.0.0.0",
  "tcp://::1:9000",
  "tcp://a:65536",
  "udp://a:1",
  "unix://",
])("%j is refused and quoted", (dsn) => {
  expect(() => parseListenAddress(dsn)).toThrow(`grpc ${JSON.stringify(dsn)} is not valid`);
});
