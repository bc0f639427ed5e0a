import { defaultBreakerPolicy } from "../breaker/sre-breaker";
import { callerDefaults, readClientConfig, type BreakerConfig } from "./config";

test("without a configuration everything has its default", () => {
  expect(readClientConfig({})).toEqual({
    dialMs: 10_000,
    timeoutMs: 250,
    subset: undefined,
    zone: undefined,
    clusters: [],
    nonBlock: false,
    keepAliveIntervalMs: 60_000,
    keepAliveTimeoutMs: 20_000,
    keepAliveWithoutStream: false,
    breaker: defaultBreakerPolicy,
    methods: new Map(),
    balancer: undefined,
    outlierDetection: undefined,
    retry: undefined,
    serviceConfig: {},
  });
});

test("durations are text or milliseconds", () => {
  const config = { dial: "1m", timeout: 100, keepAliveInterval: "1.5s", keepAliveTimeout: "0" };
  expect(readClientConfig(config)).toMatchObject({
    dialMs: 60_000,
    timeoutMs: 100,
    keepAliveIntervalMs: 1_500,
    keepAliveTimeoutMs: 0,
  });
});

test("a timeout of 0 is no bound", () => {
  const method = { "/a.B/C": { timeout: "0" } };
  const settings = readClientConfig({ timeout: 0, method });
  expect(settings.timeoutMs).toBe(Infinity);
  expect(settings.methods.get("/a.B/C")?.timeoutMs).toBe(Infinity);
});

test.each<[BreakerConfig | boolean, unknown]>([
  [true, defaultBreakerPolicy],
  [false, null],
  [{}, defaultBreakerPolicy],
  [
    { window: "5s", buckets: 5, k: 2, requests: 20 },
    { windowMs: 5_000, buckets: 5, k: 2, minRequests: 20 },
  ],
])("the breaker %j is read", (breaker, policy) => {
  expect(readClientConfig({ breaker }).breaker).toEqual(policy);
});

test("a method overrides timeout and breaker, each or both", () => {
  const { methods } = readClientConfig({
    method: { "/a.B/C": { timeout: "1s" }, "/a.B/D": { breaker: false }, "/a.B/E": { breaker: true } },
  });
  expect([...methods]).toEqual([
    ["/a.B/C", { timeoutMs: 1_000, breaker: undefined }],
    ["/a.B/D", { timeoutMs: undefined, breaker: null }],
    ["/a.B/E", { timeoutMs: undefined, breaker: defaultBreakerPolicy }],
  ]);
});

test("retry is a policy of gRPC's service config", () => {
  const policy = {
    maxAttempts: 3,
    initialBackoff: "0.05s",
    maxBackoff: "0.2s",
    backoffMultiplier: 2,
    retryableStatusCodes: ["UNAVAILABLE"],
  };
  expect(readClientConfig({ retry: true }).retry).toEqual(policy);
  expect(readClientConfig({ retry: false }).retry).toBeUndefined();
  const retry = {
    maxAttempts: 5,
    initialBackoff: "1s",
    maxBackoff: 2_000,
    backoffMultiplier: 3,
    codes: ["ABORTED"],
  };
  expect(readClientConfig({ retry }).retry).toEqual({
    maxAttempts: 5,
    initialBackoff: "1s",
    maxBackoff: "2s",
    backoffMultiplier: 3,
    retryableStatusCodes: ["ABORTED"],
  });
});

test.each([
  [true, true],
  [false, undefined],
  [{ intervalMs: 1_000 }, { intervalMs: 1_000 }],
  [{ failurePercentage: { minimumHosts: 3 } }, { failurePercentage: { minimumHosts: 3 } }],
])("outlierDetection %j is read", (outlierDetection, read) => {
  expect(readClientConfig({ outlierDetection }).outlierDetection).toEqual(read);
});

test.each<[object, string]>([
  [
    { tiemout: 1 },
    "client config tiemout is not known: use dial, timeout, subset, zone, clusters, nonBlock, keep",
  ],
  [
    { dial: "soon" },
    'client config dial = "soon" is not valid: use milliseconds as a number, or text such as "250ms"',
  ],
  [{ timeout: -1 }, "client config timeout = -1 is not valid: use milliseconds"],
  [{ timeout: true }, "client config timeout = true is not valid: use milliseconds"],
  [{ subset: 1.5 }, "client config subset = 1.5 is not valid: use a whole number from 0 up"],
  [{ subset: -1 }, "client config subset = -1 is not valid: use a whole number from 0 up"],
  [{ zone: 1 }, "client config zone = 1 is not valid: use text"],
  [{ clusters: "red" }, 'client config clusters = "red" is not valid: use a list of texts'],
  [{ clusters: [1] }, "client config clusters = [1] is not valid: use a list of texts"],
  [{ nonBlock: "yes" }, 'client config nonBlock = "yes" is not valid: use true or false'],
  [{ balancer: "rr" }, 'client config balancer = "rr" is not valid: use p2c or wrr'],
  [{ breaker: { k: 0.5 } }, "client config breaker.k = 0.5 is not valid: use a number from 1 up"],
  [{ breaker: { window: 0 } }, "client config breaker.window = 0 is not valid: use a duration above 0"],
  [{ breaker: { kk: 1 } }, "client config breaker.kk is not known: use window, buckets, k, requests"],
  [{ breaker: 5 }, "client config breaker = 5 is not valid: use true, false or an object"],
  [{ breaker: [] }, "client config breaker = [] is not valid: use true, false or an object"],
  [{ breaker: null }, "client config breaker = null is not valid: use true, false or an object"],
  [
    { method: { SayHello: {} } },
    'client config method = "SayHello" is not valid: use methods as /package.Service/Method',
  ],
  [{ method: { "/a.B/C": { timeout: "x" } } }, 'client config method./a.B/C.timeout = "x" is not valid'],
  [
    { retry: { maxAttempts: 1 } },
    "client config retry.maxAttempts = 1 is not valid: use a whole number from 2 to 5",
  ],
  [{ retry: "often" }, 'client config retry = "often" is not valid: use true, false or an object'],
  [
    { retry: { codes: ["UNAVAILABLE", "NOPE"] } },
    'client config retry.codes = ["UNAVAILABLE","NOPE"] is not valid: use names of gRPC\'s status codes',
  ],
  [{ retry: { codes: [] } }, "client config retry.codes = [] is not valid"],
  [{ retry: { codes: ["14"] } }, 'client config retry.codes = ["14"] is not valid'],
  [
    { retry: { initialBackoff: 0 } },
    "client config retry.initialBackoff = 0 is not valid: use a duration from 1 ms up",
  ],
  [{ retry: { maxBackoff: "1us" } }, 'client config retry.maxBackoff = "1us" is not valid'],
  [{ outlierDetection: 5 }, "client config outlierDetection = 5 is not valid: use true, false or an object"],
  [
    { outlierDetection: { interval: 5 } },
    "client config outlierDetection.interval is not known: use intervalMs, baseEjectionMs",
  ],
  [
    { outlierDetection: { intervalMs: "5s" } },
    'client config outlierDetection.intervalMs = "5s" is not valid: use a number from 1 up',
  ],
  [
    { outlierDetection: { failurePercentage: { threshold: 101 } } },
    "client config outlierDetection.failurePercentage.threshold = 101 is not valid: use a number from 0 to 100",
  ],
  [
    { outlierDetection: { successRate: { threshold: 85 } } },
    "client config outlierDetection.successRate.threshold is not known: use stdevFactor",
  ],
  [
    { serviceConfig: { methodConfig: {} } },
    "client config serviceConfig.methodConfig = {} is not valid: use a list of objects",
  ],
])("%j is refused: key, value and what is allowed", (config, message) => {
  expect(() => readClientConfig(config)).toThrow(message);
});

test("who calls and in what color comes from the environment", () => {
  expect(callerDefaults({ APP_ID: "demo.client", DEPLOY_COLOR: "red" })).toEqual({
    caller: "demo.client",
    color: "red",
  });
  expect(callerDefaults({ APP_ID: "", DEPLOY_COLOR: "" })).toEqual({});
});
