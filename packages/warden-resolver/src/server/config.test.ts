import { readServerConfig, type WardenServerConfig } from "./config";

test("without a configuration the server listens on all addresses at port 9000, with a timeout of 1 s", () => {
  expect(readServerConfig({}, {})).toEqual({
    address: { kind: "tcp", host: "0.0.0.0", port: 9000 },
    advertisedIp: undefined,
    timeoutMs: 1_000,
    drainMs: 2_000,
    graceMs: 20_000,
    keepAliveIntervalMs: 60_000,
    keepAliveTimeoutMs: 20_000,
    idleTimeoutMs: 0,
    maxLifeMs: 0,
  });
});

test("the option wins over the environment, the environment over the default", () => {
  const env = { GRPC: "tcp://127.0.0.1:9001/?timeout=2s", GRPC_ADVERTISED_IP: "10.0.0.1" };
  expect(readServerConfig({}, env)).toMatchObject({
    address: { port: 9001 },
    timeoutMs: 2_000,
    advertisedIp: "10.0.0.1",
  });
  expect(readServerConfig({ grpc: "tcp://127.0.0.1:9002", advertisedIp: "10.0.0.2" }, env)).toMatchObject({
    address: { port: 9002 },
    timeoutMs: 1_000,
    advertisedIp: "10.0.0.2",
  });
});

test("an empty variable counts as unset", () => {
  const settings = readServerConfig({}, { GRPC: "", GRPC_ADVERTISED_IP: "" });
  expect(settings).toMatchObject({ address: { port: 9000 }, advertisedIp: undefined });
});

test("a field that does not exist is an error that lists those that do", () => {
  const config = { gracee: "1s" } as WardenServerConfig;
  expect(() => readServerConfig(config, {})).toThrow(
    "server config gracee is not known: use grpc, timeout, drain, grace, keepAliveInterval,",
  );
});

test("a field wins over the query of grpc", () => {
  const grpc = "tcp://0.0.0.0:9000/?timeout=250ms&drain=1s&grace=5s&idleTimeout=1m&maxLife=2h";
  expect(readServerConfig({ grpc, timeout: 100 }, {})).toMatchObject({
    timeoutMs: 100,
    drainMs: 1_000,
    graceMs: 5_000,
    idleTimeoutMs: 60_000,
    maxLifeMs: 7_200_000,
  });
});

test.each([
  [{ grpc: "tcp://0.0.0.0:9000/?tiemout=1s" }, /tiemout is not known, use timeout, drain, grace, keepAlive/],
  [{ grpc: "tcp://0.0.0.0:9000/?timeout=soon" }, 'server config timeout: duration "soon" is not valid'],
  [{ drain: -1 }, "server config drain: duration -1 is not valid"],
  [{ grpc: "9000" }, 'grpc "9000" is not valid: use tcp://host:port/?timeout=1s or unix:///path'],
])("%j is refused, with what is allowed", (config, message) => {
  expect(() => readServerConfig(config, {})).toThrow(message);
});
