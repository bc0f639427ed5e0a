import { readClientConfig, type WardenClientConfig } from "./config";
import { dialTarget, namingScheme, serviceConfigText } from "./dial-target";

function dialled(target: string, config: WardenClientConfig): string {
  return dialTarget(target, readClientConfig(config));
}

const all: WardenClientConfig = { zone: "sh1", clusters: ["red", "blue"], subset: 7, balancer: "wrr" };

test("zone, clusters, subset and balancer join the target", () => {
  expect(dialled("discovery://default/demo.service", all)).toBe(
    "discovery://default/demo.service?zone=sh1&cluster=red&cluster=blue&subset=7&balancer=wrr",
  );
});

test("what the target names itself stays", () => {
  const target = "discovery://default/demo.service?zone=sh2&cluster=green&subset=0&balancer=p2c";
  expect(dialled(target, all)).toBe(target);
});

test("a key without a value counts as left out", () => {
  expect(dialled("discovery://default/demo.service?zone=&subset=", { zone: "sh1" })).toBe(
    "discovery://default/demo.service?zone=sh1",
  );
});

test("without a configuration the target stays as it is", () => {
  expect(dialled("discovery://default/demo.service", {})).toBe("discovery://default/demo.service");
});

test("direct addresses are all meant", () => {
  expect(dialled("direct://default/127.0.0.1:9000", all)).toBe(
    "direct://default/127.0.0.1:9000?balancer=wrr",
  );
});

test.each(["127.0.0.1:9000", "localhost:9000", "dns:///demo:9000", "unix:///run/demo.sock"])(
  "%s is grpc-js' business alone",
  (target) => {
    expect(dialled(target, all)).toBe(target);
    expect(namingScheme(target)).toBeUndefined();
  },
);

test("a malformed target is quoted", () => {
  expect(() => dialled("discovery://default/", {})).toThrow('target "discovery://default/" is not valid');
});

function serviceConfig(target: string, config: WardenClientConfig): unknown {
  const text = serviceConfigText(target, readClientConfig(config));
  return text === undefined ? undefined : JSON.parse(text);
}

test("nothing special needs no service config", () => {
  expect(serviceConfig("discovery://default/demo.service", { timeout: 1 })).toBeUndefined();
});

test("outlier detection wraps the balancer that the target asks for", () => {
  expect(
    serviceConfig("discovery://default/demo.service?balancer=wrr", { outlierDetection: true }),
  ).toMatchObject({
    loadBalancingConfig: [{ outlier_detection: { child_policy: [{ warden_wrr: {} }] } }],
  });
});

test("retries hold for all methods, after those the service config names", () => {
  const own = { name: [{ service: "a.B" }], timeout: "1s" };
  const config = { retry: true, serviceConfig: { methodConfig: [own], retryThrottling: { maxTokens: 10 } } };
  expect(serviceConfig("discovery://default/demo.service", config)).toMatchObject({
    loadBalancingConfig: [{ warden_p2c: {} }],
    methodConfig: [own, { name: [{}], retryPolicy: { maxAttempts: 3 } }],
    retryThrottling: { maxTokens: 10 },
  });
});

test("a service config's own balancing wins", () => {
  const loadBalancingConfig = [{ round_robin: {} }];
  expect(serviceConfig("discovery://default/a", { serviceConfig: { loadBalancingConfig } })).toMatchObject({
    loadBalancingConfig,
  });
});

test("a plain address keeps grpc-js' balancing", () => {
  expect(serviceConfig("127.0.0.1:9000", { retry: true })).not.toHaveProperty("loadBalancingConfig");
});
